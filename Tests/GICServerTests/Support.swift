import Foundation
import GICArch
import GICClient
import GICModel
import GICServer
import GICWire
import Logging
import Synchronization
import Testing
import UVLoop

/// How many threads daemons have here: `ITSD_THREADS`, or one.
let environmentThreads = Int(ProcessInfo.processInfo.environment["ITSD_THREADS"] ?? "") ?? 1

/// A daemon with fake machines on a thread of its own, ended with the object.
final class Daemon {
  let endpoint: Endpoint
  let tcp: Endpoint
  /// Where browsers come, if the options say so.
  let http: Endpoint?
  let memory = MemoryLog()
  /// What ``Server/stepCount`` was at the end.
  let steps = Box<UInt64>()
  private let directory: String
  private let stopper: Server.Stopper
  private let ended = DispatchSemaphore(value: 0)
  private struct Started: Sendable {
    var stopper: Server.Stopper
    var tcp: Endpoint
    var http: Endpoint?
  }

  /// - Parameter machines: makes what the daemon serves; nil are fakes.
  init(
    machines: MachineFactory? = nil,
    _ change: @Sendable (inout ServerOptions) -> Void = { _ in }
  ) throws {
    directory = "/tmp/gicserver-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    endpoint = .unix(path: directory + "/s")
    var options = ServerOptions()
    options.threads = environmentThreads
    options.endpoints = [endpoint, .tcp(host: "127.0.0.1", port: 0)]
    change(&options)
    let (box, ready) = (Box<Started>(), DispatchSemaphore(value: 0))
    let (ended, memory, finalOptions, steps) = (ended, memory, options, steps)
    Thread {
      var log = Logger(label: "test", factory: { StreamLogHandler.standardError(label: $0) })
      log.logLevel = .critical
      if let server = try? Server(
        options: finalOptions, factory: machines ?? fakeFactory(memory), log: log)
      {
        try? server.restoreMachines()
        box.value = Started(
          stopper: server.stopper, tcp: server.endpoints[1], http: server.httpEndpoint)
        ready.signal()
        server.run()
        steps.value = server.stepCount
      } else {
        ready.signal()
      }
      ended.signal()
    }.start()
    ready.wait()
    let started = try #require(box.value)
    (stopper, tcp, http) = (started.stopper, started.tcp, started.http)
  }

  /// Ends the daemon and waits for its thread. False if it does not end.
  @discardableResult func stop() -> Bool {
    stopper.stop()
    let result = ended.wait(timeout: .now() + 10)
    ended.signal()
    return result == .success
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  func client() throws -> Client { try Client(connectingTo: endpoint, name: "test") }

  /// A client that is attached to machine `m` as control.
  func controller(_ yaml: String = "") throws -> Client {
    let client = try client()
    try client.attach(machine: "m", configuration: yaml)
    return client
  }
}

extension FrameCut {
  init(_ bytes: [UInt8], limit: Int) {
    // SAFETY: as everywhere: the bytes are initialised, and outlive the span.
    let span = unsafe bytes.span.bytes
    self.init(span, limit: limit)
  }
}

final class Box<Value: Sendable>: Sendable {
  private let storage = Mutex<Value?>(nil)
  var value: Value? {
    get { storage.withLock { $0 } }
    set { storage.withLock { $0 = newValue } }
  }
}

/// Understands `timed`, `pes N` and `bad`, each on a line: what YAML says is not the server's
/// business.
func fakeFactory(_ memory: MemoryLog) -> MachineFactory {
  MachineFactory(
    resolve: { yaml throws(WireError) in
      var configuration = MachineConfiguration()
      configuration.timing.clockHertz = 3_000_000_000
      configuration.shape.affinities = [0, 1].map(Affinity.init(rawValue:))
      for line in yaml.split(separator: "\n") {
        if line == "timed" { configuration.clock = .timed }
        if line == "bad" { throw WireError(.einval, "line 1: bad") }
      }
      return MachineFactory.Resolved(
        configuration: configuration, hash: yaml.isEmpty ? "plain" : yaml)
    },
    make: { FakeMachine($0, log: memory) },
    report: { Array("{\"msis\":\($0.msis)}".utf8) })
}

/// A peer that sends any bytes, and keeps whatever comes back.
final class RawPeer: ConnectionDelegate {
  let loop: Loop
  let connection: Connection
  private var bytes: [UInt8] = []
  private(set) var isClosed = false

  init(_ endpoint: Endpoint, greets: Bool = true) throws {
    loop = try Loop()
    connection = try Connection.connect(to: endpoint, on: loop)
    connection.delegate = self
    connection.resume()
    if greets {
      send(.hello(Hello()))
      #expect(try reply().errno == 0)
    }
  }

  deinit { loop.close() }

  func connection(_ connection: Connection, didReceive span: RawSpan) -> Int {
    // SAFETY: the buffer is read inside the closure only.
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return span.byteCount
  }
  func connectionDidDrain(_ connection: Connection) {}
  func connection(_ connection: Connection, didCloseFor reason: UVError?) { isClosed = true }

  func send(raw: [UInt8], with descriptor: OwnedDescriptor? = nil) {
    if let descriptor {
      connection.send([descriptor]) { $0 += raw }
    } else {
      connection.write { $0 += raw }
      connection.flush()
    }
  }

  func send(
    _ request: Request, id: UInt32 = 1, flags: FrameFlags = [], time: UInt64? = nil,
    with descriptor: OwnedDescriptor? = nil
  ) {
    var raw: [UInt8] = []
    request.append(to: &raw, id: id, flags: flags, time: time)
    send(raw: raw, with: descriptor)
  }

  /// The next message, or nil once the daemon has closed.
  func message() throws -> DaemonMessage? {
    while true {
      let cut = FrameCut(bytes, limit: 1 << 22)
      if case .frame(let count) = cut {
        let frame = Array(bytes[..<count])
        bytes.removeFirst(count)
        // SAFETY: the bytes of an array of bytes are initialised, and outlive the span.
        let span = unsafe frame.span.bytes
        guard let slot = Slot(decoding: span) else { return nil }
        return try DaemonMessage(decoding: slot, frame: span)
      }
      if isClosed { return nil }
      loop.run(.once)
    }
  }

  func reply() throws -> Reply {
    while let message = try message() {
      if case .reply(let reply) = message { return reply }
    }
    throw UVError(errno: ECONNRESET, call: "the daemon closed")
  }

  /// Why the daemon closes, if it says so before it does.
  func closing() throws -> ClosingNotice? {
    var last: ClosingNotice?
    while let message = try message() {
      if case .closing(let notice) = message { last = notice }
    }
    return last
  }

  /// Whether the daemon closes, whatever it says before.
  func isCut() throws -> Bool {
    while try message() != nil {}
    return isClosed
  }
}

/// The errno that the daemon refuses with; 0 if it does not.
func errno(of body: () throws -> Void) -> UInt32 {
  do {
    try body()
    return 0
  } catch let error as ClientError { return error.errno } catch { return .max }
}
