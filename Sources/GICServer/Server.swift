// The daemon: who listens, who is connected, and which machines there are.

import GICModel
import GICWire
import Logging
import UVLoop

/// Listens, serves and ends. One thread runs all of it; ``Stopper`` alone may be used from another.
public final class Server {
  public let options: ServerOptions
  let factory: MachineFactory
  let log: Logger
  private let loop: Loop
  private var listeners: [Listener] = []
  private var signals: [Signal] = []
  private var nextTurn: NextTurn?
  private var wakeup: Wakeup?
  private var linger: Linger?
  private(set) var sessions: [Int: Session] = [:]
  private(set) var machines: [String: MachineHost] = [:]
  private var sessionCount = 0
  private var lossCount = 0
  private(set) var rings: RingServer?
  private(set) var checkpoints: Checkpoints?
  /// Sessions that have had their turn and have frames left.
  private var waiting: [Session] = []
  private var isStopping = false

  /// Ends a server from another thread.
  public struct Stopper: Sendable {
    fileprivate let wakeup: Wakeup
    public func stop() { wakeup.signal() }
  }

  /// Listens; clients are served once ``run()`` runs.
  public init(options: ServerOptions, factory: MachineFactory, log: Logger) throws(UVError) {
    self.options = options
    self.factory = factory
    self.log = log
    loop = try Loop()
    do throws(UVError) { try open() } catch {
      loop.close()
      throw error
    }
  }

  private func open() throws(UVError) {
    nextTurn = try NextTurn(on: loop) { [unowned self] in resumeWaiting() }
    wakeup = try Wakeup(on: loop) { [unowned self] in stop() }
    // On one CPU the client cannot run while the daemon waits for it.
    let spins = options.spins && availableCPUCount() > 1
    linger = try Linger(on: loop, looks: spins ? 100 : 0)
    rings = try RingServer(on: loop, spins: spins ? 200 : 0) { port in
      port.session.cut(WireError(.eproto, "the indices of port \(port.number) make no sense"))
    }
    if options.handlesSignals {
      for number: Int32 in [2, 15] {
        signals.append(
          try Signal(number, on: loop) { [unowned self] in
            log.info("signal \(number): ending")
            stop()
          })
      }
    }
    for endpoint in options.endpoints { listeners.append(try listen(at: endpoint)) }
    if let options = options.checkpoints {
      checkpoints = try Checkpoints(options, log: log)
      try checkpoints?.start(on: loop) { [unowned self] in checkpoints?.saveAll(machines.values) }
    }
  }

  /// Makes the machines that files describe: those that were named, and those in the folder.
  /// - Throws: ``WireError`` for the first file that is none, ``UVError`` for the folder.
  public func restoreMachines() throws {
    for path in try options.restoredFiles + (checkpoints?.paths() ?? []) { try adopt(path) }
  }

  private func listen(at endpoint: Endpoint) throws(UVError) -> Listener {
    var limits = Connection.Limits()
    limits.receiveByteCount = Slot.byteCount + options.limits.tailByteCount
    limits.sendByteCount = options.limits.sendByteCount
    limits.descriptorCount = 2 * WireProtocol.descriptorLimit
    return try Listener(
      at: endpoint, on: loop, allowsRemote: options.allowsRemote, limits: limits,
      onConnect: { [unowned self] in welcome($0, at: endpoint) },
      onRefuse: { [unowned self] error in
        log.warning("client not taken", metadata: ["error": "\(error)"])
      })
  }

  /// Where clients can connect; a port that was 0 is the one chosen.
  public var endpoints: [Endpoint] { listeners.map(\.endpoint) }

  public var stopper: Stopper {
    guard let wakeup else { preconditionFailure("an open server has a wake-up") }
    return Stopper(wakeup: wakeup)
  }

  /// Serves until it is told to stop; then everything is closed. To be called once.
  public func run() {
    log.info("serving", metadata: ["at": "\(endpoints)"])
    loop.run(.untilIdle)
    // Sessions leave their machines as their connections end; the machines then give up their RAM.
    for session in sessions.values { session.connection.close(for: nil) }
    loop.close()
    machines.removeAll()
    // The next daemon may have the folder.
    checkpoints = nil
    log.info("ended")
  }

  private func stop() {
    guard !isStopping else { return }
    isStopping = true
    checkpoints?.saveAll(machines.values)
    loop.stop()
  }

  // MARK: Sessions

  private func welcome(_ connection: Connection, at endpoint: Endpoint) {
    guard sessions.count < options.limits.sessions else {
      log.warning("client turned away", metadata: ["limit": "\(options.limits.sessions)"])
      let error = WireError(.enospc, "the daemon has \(sessions.count) clients: end one first")
      connection.close(
        for: nil, saying: { ClosingNotice(error).append(to: &$0) },
        milliseconds: options.patienceMilliseconds)
      return
    }
    sessionCount += 1
    let session = Session(sessionCount, connection, at: endpoint, server: self)
    sessions[sessionCount] = session
    log.debug("connected", metadata: ["client": "\(sessionCount)", "at": "\(endpoint)"])
    connection.resume()
  }

  func forget(_ session: Session) {
    sessions[session.number] = nil
    waiting.removeAll { $0 === session }
  }

  func resumeLater(_ session: Session) {
    if waiting.last !== session { waiting.append(session) }
    nextTurn?.request()
  }

  private func resumeWaiting() {
    let sessions = waiting
    waiting.removeAll(keepingCapacity: true)
    for session in sessions { session.connection.resume() }
  }

  /// Sends what a session's turn has written: its own replies, and notices to others.
  func flush(after session: Session) {
    flushNotices(after: session)
    linger?.requestDone()
    // What waited for the socket's frames may go on.
    for port in session.ports where port.hasWork { rings?.wake(port) }
  }

  func flushNotices(after session: Session) {
    session.flush()
    session.host?.flushNotices()
  }

  /// Rings for a session, served from now on.
  func makePort(
    _ session: Session, _ attached: Attached, _ number: UInt32, _ slotCount: UInt32
  ) throws(UVError) -> RingPort {
    // Not weak: that would make every count of the port's references a slow one. The bell ends
    // before its port.
    final class Target { unowned var port: RingPort? }
    let target = Target()
    let bell = try Doorbell(on: loop) { [unowned self] in
      if let port = target.port { rings?.wake(port) }
    }
    do throws(UVError) {
      let port = try RingPort(
        session, attached, number: number, slotCount: slotCount, bell: bell)
      target.port = port
      port.ring.willSleep()
      return port
    } catch {
      bell.close()
      throw error
    }
  }

  /// This end of a HELLO.
  func hello(for session: Session) -> Hello {
    var hello = Hello()
    hello.capabilities.frameLimit = Slot.byteCount + options.limits.tailByteCount
    hello.capabilities.descriptorLimit =
      session.connection.isPipe ? WireProtocol.descriptorLimit : 0
    hello.capabilities.queueLimit = options.limits.sendByteCount
    if !session.connection.isPipe { hello.capabilities.ringSlots = 0 }
    hello.capabilities.name = "itsd"
    return hello
  }

  // MARK: Machines

  /// The machine that an ATTACH names, made if need be.
  func machine(for request: Attach) throws(WireError) -> (MachineHost, created: Bool) {
    if let host = machines[request.machine], try !isReplaced(host, by: request) {
      try check(request, against: host)
      if request.keep { host.keep = true }
      return (host, false)
    }
    guard request.role == .control else {
      throw WireError(
        .enoent, "there is no machine '\(request.machine)': a client with role control creates it")
    }
    if machines.count >= options.limits.machines { endOldestLoss() }
    guard machines.count < options.limits.machines else {
      throw WireError(.enospc, "there are \(machines.count) machines: end one first")
    }
    let host = try makeHost(
      request.machine, try factory.resolve(request.configuration), keep: request.keep)
    machines[host.name] = host
    log.info("machine made", metadata: ["machine": "\(host.name)", "pes": "\(host.peCount)"])
    return (host, true)
  }

  func makeHost(
    _ name: String, _ resolved: MachineFactory.Resolved, keep: Bool
  ) throws(WireError) -> MachineHost {
    MachineHost(
      name: name, resolved: resolved, machine: try factory.make(resolved.configuration),
      keep: keep, rangeLimit: options.limits.ramRangesPerMachine)
  }

  /// A machine that nobody is attached to yet.
  func add(_ host: MachineHost) {
    lossCount += 1
    host.wait(asLoss: lossCount)
    machines[host.name] = host
  }

  /// The machine is no more.
  private func end(_ host: MachineHost) {
    machines[host.name] = nil
    // What a daemon that ends leaves behind is for the next one.
    if !isStopping { checkpoints?.remove(host.name) }
  }

  /// Whether a machine without control makes room for a new one of its name.
  private func isReplaced(_ host: MachineHost, by request: Attach) throws(WireError) -> Bool {
    guard request.fresh, request.role == .control, host.controlLoss != nil else { return false }
    guard host.sessions.isEmpty else {
      throw WireError(
        .ebusy, "'\(host.name)' has lost its control, but others are attached to it: end them")
    }
    end(host)
    return true
  }

  /// Of the machines that wait for their control, the one that has waited longest makes room.
  /// - Returns: false when there is none.
  @discardableResult
  private func endOldestLoss() -> Bool {
    let waiting = machines.values.filter { $0.controlLoss != nil && $0.sessions.isEmpty }
    guard let oldest = waiting.min(by: { $0.controlLoss ?? 0 < $1.controlLoss ?? 0 }) else {
      return false
    }
    log.warning("machine without control ended", metadata: ["machine": "\(oldest.name)"])
    end(oldest)
    return true
  }

  private func check(_ request: Attach, against host: MachineHost) throws(WireError) {
    if case .pe(let number) = request.role {
      guard number < UInt32(clamping: host.peCount) else {
        throw WireError(
          .enxio, "'\(host.name)' has PEs 0 to \(host.peCount - 1), and no \(number)")
      }
      guard !host.isTaken(number) else {
        throw WireError(.ebusy, "another client is PE \(number) of '\(host.name)'")
      }
    }
    guard request.role == .control, !request.configuration.isEmpty else { return }
    guard try factory.resolve(request.configuration).configuration == host.configuration else {
      throw WireError(
        .eexist,
        "'\(host.name)' runs with another configuration: attach without one, "
          + "or name another machine"
      )
    }
  }

  /// A session is done with a machine; the last one ends it.
  func leave(_ host: MachineHost, _ session: Session, as role: Role, orderly: Bool) {
    lossCount += 1
    host.detach(session, as: role, loss: orderly || isStopping ? nil : lossCount)
    host.flushNotices()
    guard host.sessions.isEmpty, !host.keep, host.controlLoss == nil else { return }
    end(host)
    log.info("machine ended", metadata: ["machine": "\(host.name)"])
  }

  /// RAM that the daemon holds for a client.
  func privateMemory(byteCount: UInt64) throws(WireError) -> SharedMemory {
    let limit = options.limits.privateRAMByteCount
    var held: Int { machines.values.reduce(0) { $0 + $1.ram.privateByteCount } }
    while byteCount <= UInt64(limit), byteCount > UInt64(max(limit - held, 0)), endOldestLoss() {}
    guard byteCount <= UInt64(max(limit - held, 0)) else {
      throw WireError(
        .enospc,
        "the daemon holds \(held) bytes of RAM and at most \(limit): map a memfd over a Unix socket"
      )
    }
    return try Session.translating { () throws(UVError) in
      try SharedMemory.createPrivate(byteCount: Int(byteCount))
    }
  }
}
