// A machine and what is attached to it: its RAM and who mapped it, its lines and who listens.

import GICArch
import GICModel
import GICWire
import UVLoop

/// Owns one machine. Everything that clients do to it goes through here.
final class MachineHost {
  let name: String
  let configuration: MachineConfiguration
  let configurationHash: String
  let clock: ClockScale
  /// The machine stays when nobody is attached any more.
  var keep: Bool
  let machine: any Machine
  private(set) var ram: GuestMemory
  /// Sessions by their number, so that notices go out in a fixed order.
  private(set) var sessions: [Session] = []
  private var lines: [InterruptSummary]
  private var changes: [LineChange] = []
  /// Sessions with notices that have not been sent.
  private var notified: [Session] = []
  /// Rings that serve a PE.
  private var ports: [RingPort] = []
  private(set) var linePage: SharedRecords?
  /// Sources of requests in conservative time.
  var order = TimeOrder()
  /// Nothing changes the machine until RESUME.
  var isQuiesced = false
  /// The last control connection ended without a goodbye, as the daemon's so-manyeth: the machine
  /// waits for the next.
  private(set) var controlLoss: Int?
  /// PEs whose connection has gone, and their GICR_WAKER before that.
  private(set) var offline: [UInt32: UInt64] = [:]
  /// What goes into the machine's file beside the machine.
  var continuation: Continuation
  /// By PE: what is added to the machine's own sequence numbers, so that they never go back for
  /// whoever has heard of them.
  private var sequenceOffsets: [UInt32]

  init(
    name: String, resolved: MachineFactory.Resolved, machine: any Machine, keep: Bool,
    rangeLimit: Int
  ) {
    self.name = name
    configuration = resolved.configuration
    configurationHash = resolved.hash
    clock = ClockScale(hertz: resolved.configuration.timing.clockHertz)
    self.keep = keep
    self.machine = machine
    ram = GuestMemory(rangeLimit: rangeLimit)
    let peCount = resolved.configuration.shape.affinities.count
    lines = Array(repeating: InterruptSummary(), count: peCount)
    sequenceOffsets = Array(repeating: 0, count: peCount)
    continuation = Continuation(configuration: resolved.yaml)
  }

  var isTimed: Bool { configuration.clock == .timed }
  var peCount: Int { lines.count }
  var cycle: UInt64 { machine.cycle }
  var statistics: MachineStatistics { machine.statistics() }

  // MARK: Who is attached

  func attach(_ session: Session) {
    sessions.append(session)
    switch session.role {
    case .control:
      controlLoss = nil
      ram.adopt(by: session.number)
    case .pe(let pe): takeOnline(pe)
    default: break
    }
    // What a newcomer would have heard: the lines that have moved.
    for (pe, summary) in lines.enumerated() where summary.sequence != 0 {
      session.notify(notice(UInt32(pe), summary, machine.cycle))
    }
  }

  /// The session is gone. The RAM that it mapped goes with it; but where control is lost, the
  /// machine keeps it and rests until control is back.
  /// - Parameters:
  ///   - role: what the session was.
  ///   - loss: nil after a goodbye; otherwise the so-manyeth loss in the daemon's life.
  func detach(_ session: Session, as role: Role, loss: Int?) {
    sessions.removeAll { $0 === session }
    notified.removeAll { $0 === session }
    if case .pe(let pe) = role { takeOffline(pe) }
    if let loss, role == .control, !sessions.contains(where: { $0.role == .control }) {
      // What it throws is for who asked; here nobody did, and the machine rests in any case.
      try? quiesce()
      isQuiesced = true
      publishLines()
      controlLoss = loss
      ram.orphan(of: session.number)
      return
    }
    for address in ram.addresses(ownedBy: session.number) {
      _ = try? unmap(address)
    }
  }

  /// Whether somebody is this PE.
  func isTaken(_ pe: UInt32) -> Bool { sessions.contains { $0.role == .pe(pe) } }

  // MARK: PEs that come and go

  private func wakerAddress(_ pe: UInt32) -> UInt64 {
    configuration.shape.gicrBase &+ UInt64(pe) &* configuration.shape.gicrStride
      &+ UInt64(GICR.WAKER.offset)
  }

  /// As firmware does before it takes a core's power: its redistributor sleeps. What is pending
  /// stays.
  private func takeOffline(_ pe: UInt32) {
    let now = machine.cycle
    let waker = machine.perform(
      Access(.read, source: pe, address: wakerAddress(pe), cycle: now))
    offline[pe] = waker.value
    var asleep = GICR.WAKER(raw: waker.value)
    asleep.processorSleep = true
    _ = machine.perform(
      Access(.write, source: pe, address: wakerAddress(pe), data: asleep.raw, cycle: now))
    publishLines()
  }

  private func takeOnline(_ pe: UInt32) {
    guard let waker = offline.removeValue(forKey: pe) else { return }
    _ = machine.perform(
      Access(
        .write, source: pe, address: wakerAddress(pe), data: waker, cycle: machine.cycle))
    publishLines()
  }

  /// PEs whose clients were gone when the machine was written to a file.
  func takeOffline(as offline: [UInt32: UInt64]) { self.offline = offline }

  /// The machine waits for its control, as if the daemon's so-manyeth had been lost.
  func wait(asLoss loss: Int) { controlLoss = loss }

  func attachment(created: Bool, role: Role) -> Attachment {
    var attachment = Attachment()
    let shape = configuration.shape
    (attachment.created, attachment.quiesced) = (created, isQuiesced)
    attachment.restored = continuation.expectedRAM != nil
    attachment.requestCount = continuation.counter(role).count
    attachment.isTimed = isTimed
    attachment.clockHertz = configuration.timing.clockHertz
    attachment.gicdBase = shape.gicdBase
    attachment.gicrBase = shape.gicrBase
    attachment.gicrStride = shape.gicrStride
    attachment.itsBases = shape.itsBases
    attachment.affinities = shape.affinities.map(\.rawValue)
    attachment.configurationHash = configurationHash
    return attachment
  }

  // MARK: Memory

  /// Hands the machine a range of RAM.
  func map(_ memory: SharedMemory, at address: UInt64, owner: Int) throws(WireError) {
    try ram.checkRoom()
    do throws(MemoryError) {
      // SAFETY: `ram` keeps the mapping alive until the machine has unmapped it.
      try machine.map(
        unsafe GuestRAM(address: address, base: memory.base, byteCount: memory.byteCount))
    } catch {
      throw WireError(error, "RAM of \(memory.byteCount) bytes at \(hex(address))")
    }
    ram.insert(memory, at: address, owner: owner)
    continuation.changes += 1
  }

  func unmap(_ address: UInt64) throws(WireError) {
    do throws(MemoryError) { try machine.unmap(address) } catch {
      throw WireError(error, "RAM at \(hex(address))")
    }
    // Only now may the mapping end.
    ram.remove(at: address)
    continuation.changes += 1
    publishLines()
  }

  // MARK: Work

  /// The machine's answer, and when.
  struct Outcome {
    var response: Response
    var latency: UInt64
    var cycle: UInt64
  }

  /// - Parameter cycle: the client's now; nil lets the machine choose.
  func perform(_ access: Access, at cycle: UInt64?) -> Outcome {
    var access = access
    let before = machine.cycle
    access.cycle = cycle ?? Access.untimed
    let response = machine.perform(access)
    publishLines()
    guard isTimed else {
      return Outcome(
        response: response, latency: 0, cycle: access.cycle == Access.untimed ? 0 : access.cycle)
    }
    // A stamp in the machine's past counts from the machine's now.
    let start = access.cycle == Access.untimed ? before : max(access.cycle, before)
    let latency = response.cycle > start ? response.cycle - start : 0
    return Outcome(response: response, latency: latency, cycle: response.cycle)
  }

  /// - Parameter limit: picoseconds. Returns the cycle reached.
  func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    defer { publishLines() }
    return machine.advance(to: clock.cycle(atPicosecond: limit), until: condition)
  }

  /// FLUSH, RESET, QUIESCE and RESUME; a promise counts in conservative time only.
  func control(_ request: Request) throws(WireError) {
    switch request {
    case .flush: machine.flushPendingTables()
    case .reset: machine.reset()
    case .quiesce: try quiesce()
    case .resume:
      try checkRAM()
      try setVCPUsRun(true)
      isQuiesced = false
      continuation.expectedRAM = nil
      continuation.changes += 1
    default: return
    }
    publishLines()
  }

  /// Lets everything under way end, makes the tables exact, and holds the machine.
  private func quiesce() throws(WireError) {
    _ = machine.advance(to: .max, until: .idle)
    machine.flushPendingTables()
    try setVCPUsRun(false)
    isQuiesced = true
    continuation.changes += 1
  }

  /// Device attributes want to know.
  private func setVCPUsRun(_ run: Bool) throws(WireError) {
    do throws(DeviceError) { try machine.setVCPUsRun(run) } catch {
      throw WireError(WireErrno(error.errno), error.reason)
    }
  }

  /// - Throws: EBUSY for what would change a machine that is quiesced.
  func check(_ request: Request) throws(WireError) {
    guard isQuiesced, request.changesMachine else { return }
    throw WireError(
      .ebusy, "'\(name)' is quiesced: RESUME lets it go on, or ATTACH anew with the option fresh")
  }

  // MARK: Device attributes

  func hasAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName
  ) throws(DeviceError) {
    try machine.hasAttribute(attribute, of: device)
  }
  func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    defer { publishLines() }
    return try machine.attribute(attribute, of: device, value: value)
  }
  func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    defer { publishLines() }
    try machine.setAttribute(attribute, of: device, to: value)
  }

  // MARK: Lines

  func interrupts(of pe: UInt32) -> InterruptSummary? {
    pe < UInt32(clamping: lines.count) ? lines[Int(pe)] : nil
  }

  /// Tells every session that listens what has changed. For the session whose request caused it the
  /// notice is written now, and so before the reply.
  func publishLines() {
    machine.drainLineChanges(into: &changes)
    if !changes.isEmpty { tellChanges() }
  }

  private func tellChanges() {
    for change in changes where change.pe.index < lines.count {
      let pe = change.pe.rawValue
      let summary = InterruptSummary(
        levels: change.levels.rawValue,
        sequence: change.sequence &+ sequenceOffsets[change.pe.index])
      lines[change.pe.index] = summary
      showOnPage(pe, cycle: change.cycle)
      order.linesChanged(of: pe, to: change.levels.rawValue, at: change.cycle)
      for port in ports where port.number == pe && !port.isDevice { port.linesChanged() }
      for session in sessions where session.listens(to: pe) {
        session.notify(notice(pe, summary, change.cycle))
        if notified.last !== session { notified.append(session) }
      }
    }
    changes.removeAll(keepingCapacity: true)
  }

  /// The machine has become another one: its lines are as they are, and who listens hears of those
  /// that are not as it knows them.
  func showAllLines() {
    machine.drainLineChanges(into: &changes)
    changes.removeAll(keepingCapacity: true)
    for index in lines.indices {
      guard var now = machine.lines(of: PEIndex(index)) else { continue }
      let known = lines[index]
      let goesBack = Int32(bitPattern: now.sequence &- known.sequence) < 0
      sequenceOffsets[index] = goesBack ? known.sequence &- now.sequence : 0
      let isNews = now.levels.rawValue != known.levels
      if isNews, goesBack || now.sequence == known.sequence { sequenceOffsets[index] &+= 1 }
      now.cycle = machine.cycle
      if isNews || now.sequence &+ sequenceOffsets[index] != known.sequence {
        changes.append(now)
      }
    }
    tellChanges()
  }

  /// Writes the PE's line of the page, if there is one.
  func showOnPage(_ pe: UInt32, cycle: UInt64) {
    guard let linePage, let interrupts = interrupts(of: pe) else { return }
    let (horizon, pending) = (machine.horizon, machine.pending(of: PEIndex(rawValue: pe)))
    linePage.write(
      [
        interrupts.packed, cycle, clock.picosecond(ofCycle: cycle),
        horizon == .max ? .max : clock.picosecond(ofCycle: horizon),
        // INTID 1023 is none.
        pending.map { UInt64($0.intid.rawValue) | UInt64($0.priority) << 32 } ?? 1023,
      ], at: Int(pe))
  }

  /// The page of all PEs' outputs, made when it is asked for first.
  func sharedLines() throws(UVError) -> SharedRecords {
    if let linePage { return linePage }
    let page = try SharedRecords.create(recordCount: peCount, name: "itsd-lines")
    linePage = page
    for pe in lines.indices { showOnPage(UInt32(pe), cycle: machine.cycle) }
    return page
  }

  func add(_ port: RingPort) { ports.append(port) }
  func remove(_ port: RingPort) { ports.removeAll { $0 === port } }
  func hasPort(_ number: UInt32, isDevice: Bool) -> Bool {
    ports.contains { $0.number == number && $0.isDevice == isDevice }
  }

  /// Whether notices have been written that have not been sent.
  var hasNotices: Bool { !notified.isEmpty }

  /// Sends the notices that were written.
  func flushNotices() {
    guard hasNotices else { return }
    let sessions = notified
    notified.removeAll(keepingCapacity: true)
    for session in sessions { session.flush() }
  }

  private func notice(_ pe: UInt32, _ summary: InterruptSummary, _ cycle: UInt64) -> LineNotice {
    LineNotice(
      pe: pe, interrupts: summary, time: clock.picosecond(ofCycle: cycle), cycle: cycle)
  }
}

extension WireError {
  init(_ error: MemoryError, _ what: String) {
    switch error {
    case .overlaps: self.init(.eexist, "\(what) overlaps RAM that is mapped: unmap that first")
    case .wraps: self.init(.einval, "\(what) reaches past the end of the address space")
    case .misaligned: self.init(.einval, "\(what): address and size are multiples of 4 KiB")
    case .empty: self.init(.einval, "\(what) is empty")
    case .tooManyRanges: self.init(.enospc, "\(what): the machine takes no more ranges")
    case .notMapped: self.init(.enoent, "\(what): none is mapped with that first address")
    }
  }
}

func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
