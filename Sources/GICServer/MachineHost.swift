// A machine as one station serves it: the station's lane, what its clients have been shown of the
// lines, and who they are.

import GICArch
import GICModel
import GICWire
import UVLoop

/// A machine at one station. Everything that the station's clients do to it goes through here, on
/// the station's thread.
final class MachineHost {
  let shared: SharedMachine
  /// Another while it is traced, with the same state.
  private(set) var machine: any Machine {
    didSet { functional = machine as? FunctionalMachine }
  }
  /// The same, if it is on the functional clock: most accesses are carried out by it, and need not
  /// look for who does what.
  private var functional: FunctionalMachine?
  let clock: ClockScale
  let isTimed: Bool
  var trace: MachineTrace?
  unowned let station: Station
  private let mailbox: LineMailbox?
  /// Sessions by their number, so that notices go out in a fixed order.
  var sessions: [Session] = []
  private let shown: ThreadOwned<[InterruptSummary]>
  /// ``SharedMachine/sequenceOffsets``, without a lock.
  private var sequenceOffsets: [UInt32]
  private let changed = ThreadOwned<[LineChange]>([])
  /// Sessions with notices that have not been sent.
  private let told = ThreadOwned<[Session]>([])
  /// Rings that serve a PE.
  private var ports: [RingPort] = []
  /// Sources of requests in conservative time: these are at the machine's home.
  var order = TimeOrder()
  /// What is being carried out in steps.
  var jobs: [Job] = []
  /// It is to be written once that has ended.
  var awaitsCheckpoint = false
  /// An access, or the passing of time, has begun and not ended: on the timed clock nobody else may
  /// do anything to the machine.
  private(set) var isOccupied = false
  /// Time passes, in steps, to what a source in conservative time waits for.
  var isSettling = false
  /// Sources of requests that wait for that to end, the first one first.
  var queue: [SourceBox] = []
  /// Writes of a CWRITER so far: each may have cost as much as many other accesses.
  private(set) var queueWrites = 0

  init(_ shared: SharedMachine, at station: Station) {
    (self.shared, self.station) = (shared, station)
    machine = shared.lane(of: station.number)
    functional = machine as? FunctionalMachine
    clock = shared.clock
    isTimed = shared.configuration.clock == .timed
    mailbox = shared.mailbox(of: station.number)
    // Where there are lanes, the machine itself says how the lines are.
    shown = ThreadOwned(
      shared.restingLines ?? Array(repeating: InterruptSummary(), count: shared.peCount))
    sequenceOffsets = shared.lock.withLock { shared.sequenceOffsets }
  }

  private(set) var lines: [InterruptSummary] {
    @inline(__always) _read { yield shown.value }
    @inline(__always) _modify { yield &shown.value }
  }
  private var changes: [LineChange] {
    @inline(__always) _read { yield changed.value }
    @inline(__always) _modify { yield &changed.value }
  }
  var notified: [Session] {
    @inline(__always) _read { yield told.value }
    @inline(__always) _modify { yield &told.value }
  }

  /// Nobody at this station needs it any more.
  func rest() { if !shared.hasLanes { shared.restingLines = lines } }

  var name: String { shared.name }
  var configuration: MachineConfiguration { shared.configuration }
  var peCount: Int { lines.count }
  var cycle: UInt64 { machine.cycle }
  var statistics: MachineStatistics { machine.statistics() }
  var isQuiesced: Bool { shared.isQuiesced.load(ordering: .acquiring) }

  /// Another machine takes over, with the state of this one.
  func takeOver(_ other: any Machine) {
    machine = other
    shared.replace(with: other)
  }

  // MARK: Work

  /// The machine's answer, and when.
  struct Outcome {
    var response: Response
    var latency: UInt64
    var cycle: UInt64
  }

  /// How far an access has got.
  enum Begun {
    case done(Outcome)
    /// It goes on with ``MachineHost/resume(_:)``.
    case working(BegunAccess)
  }

  /// An access that is not done, and when it began.
  struct BegunAccess {
    fileprivate var work: QueueWork
    fileprivate let cycle: UInt64
    fileprivate let before: UInt64
  }

  /// - Parameter cycle: the client's now; nil lets the machine choose.
  @inline(__always) func begin(_ access: Access, at cycle: UInt64?) -> Begun {
    var access = access
    access.cycle = cycle ?? Access.untimed
    if isQueueWrite(access) { queueWrites &+= 1 }
    if let functional {
      guard access.operation == .write else {
        let response = functional.answer(access)
        takeMail()
        if functional.hasLineChanges { publishOwn() }
        return .done(outcome(response, access.cycle, 0))
      }
      let progress = functional.begin(access)
      takeMail()
      if functional.hasLineChanges { publishOwn() }
      return begun(progress, access.cycle, 0)
    }
    let before = machine.cycle
    let progress = machine.begin(access)
    publishLines()
    return begun(progress, access.cycle, before)
  }

  @inline(__always)
  private func begun(_ progress: AccessProgress, _ cycle: UInt64, _ before: UInt64) -> Begun {
    switch progress {
    case .done(let response): return .done(outcome(response, cycle, before))
    case .working(let work):
      isOccupied = isTimed
      return .working(BegunAccess(work: work, cycle: cycle, before: before))
    }
  }

  /// Goes on with an access, for about 10 us.
  func resume(_ access: inout BegunAccess) -> Outcome? {
    defer { publishLines() }
    guard let response = machine.resume(&access.work) else { return nil }
    isOccupied = false
    return outcome(response, access.cycle, access.before)
  }

  @inline(__always)
  private func outcome(_ response: Response, _ cycle: UInt64, _ before: UInt64) -> Outcome {
    guard isTimed else {
      return Outcome(
        response: response, latency: 0, cycle: cycle == Access.untimed ? 0 : cycle)
    }
    // A stamp in the machine's past counts from the machine's now.
    let start = cycle == Access.untimed ? before : max(cycle, before)
    let latency = response.cycle > start ? response.cycle - start : 0
    return Outcome(response: response, latency: latency, cycle: response.cycle)
  }

  @inline(__always) private func isQueueWrite(_ access: Access) -> Bool {
    guard access.operation == .write, access.address & 0xfff8 == UInt64(GITS.CWRITER.offset)
    else { return false }
    return configuration.shape.itsBases.contains(access.address & ~0xffff)
  }

  /// - Parameter limit: picoseconds. Returns the cycle reached.
  func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    defer {
      publishLines()
      if condition == .idle, shared.hasLanes { catchUp() }
    }
    return machine.advance(to: clock.cycle(atPicosecond: limit), until: condition)
  }

  /// The same, for about 10 us.
  /// - Returns: nil if it must go on.
  func advanceSome(to limit: UInt64, until condition: StopCondition) -> UInt64? {
    defer {
      publishLines()
      if condition == .idle, shared.hasLanes { catchUp() }
    }
    let cycle = machine.advanceSome(to: clock.cycle(atPicosecond: limit), until: condition)
    isOccupied = cycle == nil
    return cycle
  }

  /// FLUSH, RESET, QUIESCE and RESUME; a promise counts in conservative time only.
  func control(_ request: Request) throws(WireError) {
    switch request {
    case .flush: machine.flushPendingTables()
    case .reset: machine.reset()
    case .quiesce:
      settle()
      try shared.lock.withLock { () throws(WireError) in
        do throws(WireError) { try setVCPUsRun(false) } catch {
          shared.isQuiesced.store(false, ordering: .releasing)
          throw error
        }
        shared.isQuiesced.store(true, ordering: .releasing)
        shared.continuation.changes += 1
      }
    case .resume:
      try shared.lock.withLock { () throws(WireError) in
        try checkRAM()
        try setVCPUsRun(true)
        shared.isQuiesced.store(false, ordering: .releasing)
        shared.continuation.expectedRAM = nil
        shared.continuation.changes += 1
      }
    default: return
    }
    publishLines()
  }

  /// Lets everything under way end, and makes the tables exact.
  func settle() {
    _ = machine.advance(to: .max, until: .idle)
    machine.flushPendingTables()
  }

  /// Device attributes want to know.
  func setVCPUsRun(_ run: Bool) throws(WireError) {
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

  // MARK: Lines

  func interrupts(of pe: UInt32) -> InterruptSummary? {
    pe < UInt32(clamping: lines.count) ? lines[Int(pe)] : nil
  }

  /// Tells every session that listens what has changed. For the session whose request caused it the
  /// notice is written now, and so before the reply.
  @inline(__always) func publishLines() {
    if isTimed { shared.shownCycle.store(machine.cycle, ordering: .relaxed) }
    takeMail()
    if machine.hasLineChanges { publishOwn() }
  }

  private func publishOwn() {
    machine.drainLineChanges(into: &changes)
    publishChanges()
  }

  private func publishChanges() {
    while !changes.isEmpty {
      let own = changes
      changes.removeAll(keepingCapacity: true)
      for change in own where change.pe.index < lines.count {
        show(change)
        var others = shared.watchingStations(of: change.pe.rawValue, but: station.number)
        while others != 0 {
          station.tell(others.trailingZeroBitCount, change, shared)
          others &= others &- 1
        }
      }
      // What waits at a PE was looked at for the page: with that, too, lines may change.
      machine.drainLineChanges(into: &changes)
    }
  }

  /// Shows what other stations have changed.
  @inline(__always) func takeMail() {
    if let mailbox, mailbox.hasMail { showMail(mailbox) }
  }

  private func showMail(_ mailbox: LineMailbox) {
    var mail: [LineChange] = []
    mailbox.take(into: &mail)
    // Who sent it has written the page.
    for change in mail { show(change, onPage: false) }
  }

  /// Shows how the lines are now, whoever has changed them.
  func catchUp() {
    _ = machine.advance(to: 0, until: .idle)
    publishLines()
    for pe in lines.indices {
      if let state = machine.lines(of: PEIndex(pe)) { show(state) }
    }
  }

  /// Shows this station's clients a change, unless they have been shown a later one. The page has
  /// it first: a client that a bell wakes looks there.
  private func show(_ change: LineChange, onPage: Bool = true) {
    let (pe, index) = (change.pe.rawValue, change.pe.index)
    let summary = InterruptSummary(
      levels: change.levels.rawValue, sequence: change.sequence &+ sequenceOffsets[index])
    guard !shared.hasLanes || summary.sequence.isLater(than: lines[index].sequence) else { return }
    lines[index] = summary
    if onPage { showOnPage(pe, cycle: change.cycle) }
    order.linesChanged(of: pe, to: change.levels.rawValue, at: change.cycle)
    for port in ports where port.number == pe && !port.isDevice { port.linesChanged() }
    for session in sessions where session.listens(to: pe) {
      session.notify(notice(pe, summary, change.cycle))
      if notified.last !== session { notified.append(session) }
    }
  }

  /// The machine has become another one: its lines are as they are, and who listens hears of those
  /// that are not as it knows them. Called under the machine's lock, where nobody else has a host.
  func showAllLines() {
    machine.drainLineChanges(into: &changes)
    changes.removeAll(keepingCapacity: true)
    for index in lines.indices {
      guard var now = machine.lines(of: PEIndex(index)) else { continue }
      let known = lines[index]
      let goesBack = known.sequence.isLater(than: now.sequence)
      sequenceOffsets[index] = goesBack ? known.sequence &- now.sequence : 0
      let isNews = now.levels.rawValue != known.levels
      if isNews, goesBack || now.sequence == known.sequence { sequenceOffsets[index] &+= 1 }
      now.cycle = machine.cycle
      if isNews || now.sequence &+ sequenceOffsets[index] != known.sequence {
        changes.append(now)
      }
    }
    shared.sequenceOffsets = sequenceOffsets
    publishChanges()
  }

  /// Writes the PE's line of the page, if there is one.
  func showOnPage(_ pe: UInt32, cycle: UInt64) {
    guard let interrupts = interrupts(of: pe) else { return }
    shared.page.write(pe, interrupts) {
      let (horizon, pending) = (machine.horizon, machine.pending(of: PEIndex(rawValue: pe)))
      return (
        cycle, clock.picosecond(ofCycle: cycle),
        horizon == .max ? .max : clock.picosecond(ofCycle: horizon),
        // INTID 1023 is none.
        pending.map { UInt64($0.intid.rawValue) | UInt64($0.priority) << 32 } ?? 1023
      )
    }
  }

  /// The page of all PEs' outputs, made when it is asked for first.
  func sharedLines() throws(UVError) -> SharedRecords {
    let (page, isNew) = try shared.page.open(peCount: peCount)
    guard isNew else { return page }
    if shared.hasLanes { catchUp() }
    for pe in lines.indices { showOnPage(UInt32(pe), cycle: machine.cycle) }
    return page
  }

  func add(_ port: RingPort) { ports.append(port) }
  func remove(_ port: RingPort) {
    ports.removeAll { $0 === port }
    shared.lock.withLock { shared.releasePort(port.number, isDevice: port.isDevice) }
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

  func notice(_ pe: UInt32, _ summary: InterruptSummary, _ cycle: UInt64) -> LineNotice {
    LineNotice(
      pe: pe, interrupts: summary, time: clock.picosecond(ofCycle: cycle), cycle: cycle)
  }
}

func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
