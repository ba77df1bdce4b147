// The daemon: who listens, who is connected, and which thread serves whom.

import GICModel
import GICWire
import Logging
import Synchronization
import UVLoop

/// Listens, serves and ends. Clients come to station 0, whose thread is the one that calls
/// ``run()``; with ATTACH they go to the station that serves them from then on.
///
/// What stands under `lock` belongs to whoever has it; the listeners are station 0's.
public final class Server: @unchecked Sendable {
  public let options: ServerOptions
  let factory: MachineFactory
  let log: Logger
  let budget: RAMBudget
  private(set) var stations: [Station] = []
  private var listeners: [Listener] = []
  private var signals: [Signal] = []
  private var wakeup: Wakeup?
  let isStopping = Atomic<Bool>(false)

  private let lock = Lock()
  // Under `lock`:
  private var records: [Int: SessionRecord] = [:]
  private var machines: [String: SharedMachine] = [:]
  private var sessionCount = 0
  private var lossCount = 0
  private var http: HTTPServer?
  /// The same from the server's making until all its threads have ended.
  private(set) var checkpoints: Checkpoints?
  /// For snapshots on their way.
  let snapshotBudget: RAMBudget
  let began = ContinuousClock.now

  /// Of the daemon.
  public static var version: String { "0.1" }

  /// Ends a server from another thread.
  public struct Stopper: Sendable {
    fileprivate let wakeup: Wakeup
    public func stop() { wakeup.signal() }
  }

  /// Listens; clients are served once ``run()`` runs.
  public init(options: ServerOptions, factory: MachineFactory, log: Logger) throws(UVError) {
    precondition(ServerOptions.threadCounts.contains(options.threads))
    self.options = options
    self.factory = factory
    self.log = log
    budget = RAMBudget(limit: options.limits.privateRAMByteCount)
    snapshotBudget = RAMBudget(limit: options.limits.snapshotByteCount)
    do throws(UVError) {
      for number in 0..<options.threads { stations.append(try Station(number, of: self)) }
      try open()
    } catch {
      for station in stations { station.loop.close() }
      throw error
    }
  }

  private func open() throws(UVError) {
    let loop = stations[0].loop
    wakeup = try Wakeup(on: loop) { [unowned self] in stop() }
    if options.handlesSignals {
      for number: Int32 in [2, 15] {
        signals.append(
          try Signal(number, on: loop) { [unowned self] in
            log.info("signal \(number): ending")
            stop()
          })
      }
    }
    for endpoint in options.endpoints { listeners.append(try listen(at: endpoint, on: loop)) }
    if let endpoint = options.http {
      http = try HTTPServer(
        at: endpoint, on: loop, allowsRemote: options.allowsRemote, limits: options.httpLimits,
        source: httpSource(), log: log)
    }
    if let options = options.checkpoints {
      checkpoints = try Checkpoints(options, log: log)
      try checkpoints?.start(on: loop) { [unowned self] in saveMachines() }
    }
  }

  private func listen(at endpoint: Endpoint, on loop: Loop) throws(UVError) -> Listener {
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

  /// Where browsers come, if they may; a port that was 0 is the one chosen.
  public var httpEndpoint: Endpoint? { http?.endpoint }

  public var stopper: Stopper {
    guard let wakeup else { preconditionFailure("an open server has a wake-up") }
    return Stopper(wakeup: wakeup)
  }

  /// Steps that requests have taken which were too long for one turn; for who has stopped it.
  public var stepCount: UInt64 { stations.reduce(0) { $0 + $1.stepCount } }

  /// Serves until it is told to stop; then everything is closed. To be called once.
  public func run() {
    log.info("serving", metadata: ["at": "\(endpoints)", "threads": "\(options.threads)"])
    var threads: [LoopThread] = []
    for station in stations.dropFirst() {
      do throws(UVError) {
        threads.append(try LoopThread { station.run() })
      } catch {
        log.critical("no thread", metadata: ["error": "\(error)"])
        station.loop.close()
        stop()
      }
    }
    stations[0].run()
    for thread in threads { thread.join() }
    lock.withLock { machines.removeAll() }
    // The next daemon may have the folder.
    checkpoints = nil
    log.info("ended")
  }

  /// On the first station's thread, before its loop ends.
  func closeHTTP() { http?.close() }

  private func stop() {
    guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
    for station in stations { station.mail.post(.stop) }
  }

  // MARK: Sessions

  private func welcome(_ connection: Connection, at endpoint: Endpoint) {
    let count = lock.withLock { records.count }
    guard count < options.limits.sessions else {
      log.warning("client turned away", metadata: ["limit": "\(options.limits.sessions)"])
      let error = WireError(.enospc, "the daemon has \(count) clients: end one first")
      connection.close(
        for: nil, saying: { ClosingNotice(error).append(to: &$0) },
        milliseconds: options.patienceMilliseconds)
      return
    }
    let record = lock.withLock {
      sessionCount += 1
      let record = SessionRecord(sessionCount, at: endpoint)
      records[sessionCount] = record
      return record
    }
    let session = Session(record, connection, at: stations[0])
    stations[0].add(session)
    log.debug("connected", metadata: ["client": "\(record.number)", "at": "\(endpoint)"])
    connection.resume()
  }

  func forget(_ session: Session) {
    session.station.forget(session)
    lock.withLock { records[session.number] = nil }
  }

  /// Lets a session say in its record who it is.
  func describe(_ session: Session, _ body: (SessionRecord) -> Void) {
    lock.withLock { body(session.record) }
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

  /// All machines by their names, and how many clients there are.
  func overview() -> (machines: [SharedMachine], clients: Int) {
    lock.withLock { (machines.values.sorted { $0.name < $1.name }, records.count) }
  }

  func listing() -> [UInt8] {
    lock.withLock { Listing.json(machines: machines.values, clients: records.values) }
  }

  // MARK: Machines

  /// The station that should carry out an ATTACH: that of the machine, where only one can, and
  /// otherwise the one that has the fewest clients.
  func station(for request: Attach, of session: Session) -> Int {
    guard stations.count > 1 else { return 0 }
    return lock.withLock {
      let machine = machines[request.machine]
      if let machine, !machine.hasLanes || request.timeMode != .free {
        session.record.station = machine.home
      } else if machine == nil, options.http != nil {
        // What has no lanes is looked at where it is at home, and that is where HTTP is served.
        session.record.station = 0
      } else if session.record.station == nil {
        guard machine != nil || request.role == .control else { return session.station.number }
        var counts = stations.map { _ in 0 }
        for record in records.values { record.station.map { counts[$0] += 1 } }
        session.record.station = counts.indices.min { counts[$0] < counts[$1] }
      }
      return session.record.station ?? session.station.number
    }
  }

  /// Makes a session a member of the machine that its ATTACH names, which is made if need be.
  func join(_ session: Session, _ request: Attach) throws(WireError) -> (SharedMachine, Bool) {
    try lock.withLock { () throws(WireError) in
      let (machine, created) = try self.machine(for: request, at: session.station.number)
      let watchesAll =
        request.role == .control || request.role == .monitor || request.timeMode == .conservative
      machine.lock.withLock {
        if request.keep { machine.keep = true }
        machine.add(
          SharedMachine.Member(
            number: session.number, role: request.role, station: session.station.number,
            watchesAll: watchesAll))
      }
      (session.record.machine, session.record.role) = (machine.name, request.role)
      session.record.station = session.station.number
      return (machine, created)
    }
  }

  private func machine(
    for request: Attach, at station: Int
  ) throws(WireError) -> (SharedMachine, created: Bool) {
    if let machine = machines[request.machine], try !isReplaced(machine, by: request) {
      try check(request, against: machine)
      return (machine, false)
    }
    guard request.role == .control else {
      throw WireError(
        .enoent, "there is no machine '\(request.machine)': a client with role control creates it")
    }
    if machines.count >= options.limits.machines { endOldestLoss() }
    guard machines.count < options.limits.machines else {
      throw WireError(.enospc, "there are \(machines.count) machines: end one first")
    }
    let machine = try make(
      request.machine, try factory.resolve(request.configuration), keep: request.keep, at: station)
    machines[machine.name] = machine
    log.info("machine made", metadata: ["machine": "\(machine.name)", "pes": "\(machine.peCount)"])
    return (machine, true)
  }

  /// - Parameter station: where it is at home.
  func make(
    _ name: String, _ resolved: MachineFactory.Resolved, keep: Bool, at station: Int
  ) throws(WireError) -> SharedMachine {
    SharedMachine(
      name: name, resolved: resolved, machine: try factory.make(resolved.configuration),
      keep: keep, rangeLimit: options.limits.ramRangesPerMachine, home: station,
      // A checkpoint and the requests that it says were counted belong together: so one thread
      // serves a machine that has checkpoints.
      stationCount: options.checkpoints == nil ? stations.count : 1)
  }

  /// A machine that nobody is attached to yet; it waits for its control.
  func add(_ machine: SharedMachine) throws(WireError) {
    try lock.withLock { () throws(WireError) in
      guard machines[machine.name] == nil else {
        throw WireError(.eexist, "there is a machine '\(machine.name)' already")
      }
      lossCount += 1
      machine.lock.withLock { machine.controlLoss = lossCount }
      machines[machine.name] = machine
    }
  }

  /// The machine is no more. Called under the server's lock.
  private func end(_ machine: SharedMachine) {
    machines[machine.name] = nil
    machine.isEnded.store(true, ordering: .releasing)
    // What a daemon that ends leaves behind is for the next one.
    if !isStopping.load(ordering: .acquiring) { checkpoints?.remove(machine.name) }
  }

  /// Whether a machine without control makes room for a new one of its name.
  private func isReplaced(
    _ machine: SharedMachine, by request: Attach
  ) throws(WireError) -> Bool {
    guard request.fresh, request.role == .control else { return false }
    let (isLost, isEmpty) = machine.lock.withLock {
      (machine.controlLoss != nil, machine.members.isEmpty)
    }
    guard isLost else { return false }
    guard isEmpty else {
      throw WireError(
        .ebusy,
        "'\(machine.name)' has lost its control, but others are attached to it: end them")
    }
    end(machine)
    return true
  }

  /// Of the machines that wait for their control, the one that has waited longest makes room.
  /// - Returns: false when there is none.
  @discardableResult
  private func endOldestLoss() -> Bool {
    var oldest: (machine: SharedMachine, loss: Int)?
    for machine in machines.values {
      let loss = machine.lock.withLock { machine.members.isEmpty ? machine.controlLoss : nil }
      if let loss, loss < oldest?.loss ?? .max { oldest = (machine, loss) }
    }
    guard let oldest else { return false }
    log.warning("machine without control ended", metadata: ["machine": "\(oldest.machine.name)"])
    end(oldest.machine)
    return true
  }

  private func check(_ request: Attach, against machine: SharedMachine) throws(WireError) {
    if case .pe(let number) = request.role {
      guard number < UInt32(clamping: machine.peCount) else {
        throw WireError(
          .enxio, "'\(machine.name)' has PEs 0 to \(machine.peCount - 1), and no \(number)")
      }
      guard !machine.lock.withLock({ machine.isTaken(number) }) else {
        throw WireError(.ebusy, "another client is PE \(number) of '\(machine.name)'")
      }
    }
    guard request.role == .control, !request.configuration.isEmpty else { return }
    guard try factory.resolve(request.configuration).configuration == machine.configuration else {
      throw WireError(
        .eexist,
        "'\(machine.name)' runs with another configuration: attach without one, "
          + "or name another machine"
      )
    }
  }

  /// A session is done with a machine; the last one ends it.
  func leave(_ host: MachineHost, _ session: Session, as role: Role, orderly: Bool) {
    let machine = host.shared
    let loss = lock.withLock {
      lossCount += 1
      (session.record.machine, session.record.role) = (nil, nil)
      return lossCount
    }
    let isOrderly = orderly || isStopping.load(ordering: .acquiring)
    host.detach(session, as: role, loss: isOrderly ? nil : loss)
    host.flushNotices()
    let isEnded = lock.withLock {
      guard machines[machine.name] === machine, machine.lock.withLock({ machine.isUnused })
      else { return false }
      end(machine)
      return true
    }
    if isEnded { log.info("machine ended", metadata: ["machine": "\(machine.name)"]) }
  }

  /// RAM that the daemon holds for a client.
  func privateMemory(byteCount: UInt64) throws(WireError) -> HeldMemory {
    let wanted = Int(clamping: byteCount)
    var isTaken = budget.take(wanted)
    while !isTaken, wanted <= budget.limit, lock.withLock({ endOldestLoss() }) {
      isTaken = budget.take(wanted)
    }
    guard isTaken else {
      throw WireError(
        .enospc,
        "the daemon holds \(budget.held) bytes of RAM and at most \(budget.limit): "
          + "map a memfd over a Unix socket"
      )
    }
    do throws(WireError) {
      return HeldMemory(
        try Session.translating { () throws(UVError) in
          try SharedMemory.createPrivate(byteCount: wanted)
        }, from: budget)
    } catch {
      budget.give(wanted)
      throw error
    }
  }
}
