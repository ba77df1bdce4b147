import Foundation
import GICConfig
import GICModel
import GICServer
import GICWire
import Logging
import Synchronization
import Testing

/// A daemon with real machines, on a thread of its own, ended with the object.
final class TestDaemon {
  private final class Started: Sendable {
    let value = Mutex<(stopper: Server.Stopper, address: String)?>(nil)
  }
  /// `unix:PATH`.
  let address: String
  private let stopper: Server.Stopper
  private let ended = DispatchSemaphore(value: 0)
  private let directory = "/tmp/itsd-conformance-\(UUID().uuidString)"

  /// - Parameter make: makes each machine; another one than asked for is a daemon that is wrong.
  init(
    threads: Int = 1,
    make: @escaping @Sendable (MachineConfiguration) -> any Machine = makeMachine
  ) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var options = ServerOptions()
    options.threads = threads
    options.endpoints = [.unix(path: directory + "/s")]
    let started = Started()
    let (ready, ended, finalOptions) = (DispatchSemaphore(value: 0), ended, options)
    Thread {
      var log = Logger(label: "test", factory: { StreamLogHandler.standardError(label: $0) })
      log.logLevel = .critical
      let factory = MachineFactory(layers: [], make: make)
      if let server = try? Server(options: finalOptions, factory: factory, log: log) {
        let address = server.endpoints[0].description
        started.value.withLock { $0 = (server.stopper, address) }
        ready.signal()
        server.run()
      } else {
        ready.signal()
      }
      ended.signal()
    }.start()
    ready.wait()
    (stopper, address) = try #require(started.value.withLock { $0 })
  }

  deinit {
    stopper.stop()
    ended.wait()
    try? FileManager.default.removeItem(atPath: directory)
  }
}
