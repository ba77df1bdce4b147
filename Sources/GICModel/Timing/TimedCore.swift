// Time over the rules. Every transaction takes architectural effect at one cycle, when its arbiter
// grants it; what the rules then report becomes stages, and the stages become events.

import GICArch

/// The scheduler of the timed clock: the units of all ITSs, the LPI units and the redistributors,
/// and the events between them.
///
/// What holds for every unit:
/// - An event at cycle t sees the state at t after all events before it in the event order
///   (``Event``). An access from outside at t comes after all events at t.
/// - What is freed at t can be used again at t.
/// - Who waits for the same thing is served in the order in which they began to wait.
struct TimedCore<Rules: TransactionRules & ~Copyable, Tracer: TimingTracer>: ~Copyable {
  let timing: TimingParameters
  var rules: Rules
  var recorder: Recorder
  var tracer: Tracer

  var wheel = EventWheel()
  var pool = TransactionPool()
  let its: Slab<ITSUnit>
  /// Control frame of each ITS; its translation frame follows.
  let itsBases: Slab<PhysicalAddress>
  let lpis: Slab<LPIUnit>
  let topology: Topology
  /// Of each LPI unit.
  let bankCount: Int
  /// A message's travel beyond the first hop.
  let hops: UInt64
  let pes: Slab<Presentation>
  /// Messages granted and not acknowledged, by ITS and PE: `its * peCount + pe`.
  let outstanding: Slab<UInt32>
  var waiting = WaitingIndex()
  var express: ExpressLane

  var msiLatency = StageHistograms(stages: MSIStage.allCases.map(\.name))
  var commandLatency = StageHistograms(
    stages: CommandStage.allCases.map(\.name), countsEach: true)
  var counters = TimedCounters()
  /// Transactions that wait for somebody outside: LPIs at their redistributors, commands at which
  /// a queue stands still.
  var restingCount = 0
  /// A step ended between two events of a cycle.
  var isInCycle = false
  /// The cycle of the last event.
  var lastEvent: UInt64 = 0
  /// The state of every unit when nothing could go on any more; nil as long as all is well.
  var deadlock: String?

  /// `recorder` is the observer of `rules`; the core deallocates it.
  /// - Parameter itsBases: control frame of each ITS.
  init(
    timing: TimingParameters, itsBases: [PhysicalAddress], peCount: Int, rules: consuming Rules,
    recorder: Recorder, tracer: Tracer
  ) {
    self.timing = timing
    self.rules = rules
    self.recorder = recorder
    self.tracer = tracer
    its = Slab(count: itsBases.count) { _ in ITSUnit(timing) }
    self.itsBases = Slab(count: itsBases.count) { itsBases[$0] }
    topology = Topology(timing, itsCount: itsBases.count, peCount: peCount)
    lpis = Slab(count: topology.unitCount) { _ in LPIUnit(timing) }
    bankCount = max(1, timing.lpiBanks)
    hops = timing.linkHops &* timing.hopCycles
    pes = Slab(repeating: Presentation(), count: peCount)
    outstanding = Slab(repeating: 0, count: itsBases.count * peCount)
    express = ExpressLane(
      timing, isOpen: !Tracer.isOn && itsBases.count == 1 && topology.unitCount == 1)
  }
  deinit {
    its.deallocate()
    itsBases.deallocate()
    lpis.deallocate()
    pes.deallocate()
    outstanding.deallocate()
    express.deallocate()
    recorder.deallocate()
  }

  var now: UInt64 { wheel.now }
  /// Whether nothing is under way. LPIs that wait to be acknowledged are not under way.
  var isIdle: Bool { wheel.isEmpty && express.lastReturn <= now }

  /// Handles every event of the next cycle that has one, if it is at most `limit`.
  /// - Returns: that cycle; nil if there is no such event, and then time has not moved.
  mutating func runCycle(through limit: UInt64) -> UInt64? {
    guard wheel.moveToNext(through: limit) else {
      return returnCredits(through: limit) ? now : nil
    }
    runNow()
    return now
  }

  /// Handles the next event, if it is at most at `limit`; the cycle may have others.
  /// - Returns: whether there was one.
  mutating func runEvent(through limit: UInt64) -> Bool {
    guard wheel.moveToNext(through: limit) else { return returnCredits(through: limit) }
    rules.stamp = now
    lastEvent = now
    return runEventNow()
  }

  /// Handles the next event of this cycle.
  /// - Returns: whether there was one.
  mutating func runEventNow() -> Bool {
    guard let event = wheel.nextNow() else { return false }
    handle(event)
    return true
  }

  /// Handles every event up to `limit`; time stops at the last of them.
  mutating func runAll(through limit: UInt64) {
    while wheel.moveToNext(through: limit) { runNow() }
    _ = returnCredits(through: limit)
  }

  /// After the last event up to `limit` the express lane's last credit may come back.
  /// - Returns: whether one has.
  @inline(__always) private mutating func returnCredits(through limit: UInt64) -> Bool {
    let cycle = express.lastReturn
    guard cycle > now, cycle <= limit else { return false }
    wheel.move(to: cycle)
    rules.stamp = cycle
    lastEvent = cycle
    return true
  }

  /// Handles every event of the cycle to which time has come.
  @inline(__always) private mutating func runNow() {
    rules.stamp = now
    lastEvent = now
    while let event = wheel.nextNow() { handle(event) }
  }

  /// Handles everything up to `cycle`, and moves time there.
  mutating func run(to cycle: UInt64) {
    runAll(through: cycle)
    if wheel.isEmpty { watch(at: cycle) }
    if cycle > now { wheel.move(to: cycle) }
  }

  /// Forgets everything under way, every cached line and every count; time starts again at 0. The
  /// rules are reset by their owner.
  mutating func reset() {
    wheel = EventWheel()
    pool = TransactionPool()
    waiting = WaitingIndex()
    express.clear()
    express.others = 0
    counters = TimedCounters()
    (restingCount, lastEvent, deadlock, isInCycle) = (0, 0, nil, false)
    msiLatency.reset()
    commandLatency.reset()
    for n in 0..<its.count { its[n] = ITSUnit(timing) }
    for unit in 0..<lpis.count { lpis[unit] = LPIUnit(timing) }
    for pe in 0..<pes.count { pes[pe] = Presentation() }
    for index in 0..<outstanding.count { outstanding[index] = 0 }
    recorder.clear()
    while recorder.nextChangedPE() != nil {}
  }

  @inline(__always) private mutating func handle(_ event: Event) {
    let payload = event.payload
    switch event.unit {
    case .tableRead: tableReadReturned(Int(payload &>> 16), slot: Int(payload & 0xffff))
    case .tableWrite: tableWriteReturned(Int(payload))
    case .propertyRead: propertyReadReturned(Int(payload &>> 16), slot: Int(payload & 0xffff))
    case .pendingAccess: pendingAccessReturned(payload)
    case .credit: creditReturned(Int(payload))
    case .fetch: fetchReturned(payload)
    case .command: commandPhaseEnded(Int(payload))
    case .lookup: lookupEnded(payload)
    case .message: messageGoesOn(payload)
    case .link: linkFreed()
    case .lpiArrival: messageArrived(payload)
    case .lpiBank: bankFreed(Int(payload))
    case .lpiLookup: lpiLookupEnded(payload)
    case .select: select(Int(payload))
    case .accept: accept(Int(payload))
    case .arbiter: arbitrate()
    }
  }
}

/// What the units count beside their caches and ports.
struct TimedCounters: BitwiseCopyable {
  /// MSIs granted, and LPIs set by INT commands.
  var msisGranted: UInt64 = 0
  var commandLPIs: UInt64 = 0
  /// Messages to the CPU interfaces.
  var presented: UInt64 = 0
  /// MSIs by the end of their way.
  var direct: UInt64 = 0
  var merged: UInt64 = 0
  var dropped: UInt64 = 0
  var cleared: UInt64 = 0
  /// Accesses that came with a cycle in the past.
  var lateAccesses: UInt64 = 0
  /// MSIs that had to wait outside the ingress FIFO.
  var waitedOutside: UInt64 = 0
  var fetches: UInt64 = 0
  var tableReads: UInt64 = 0
  var tableWrites: UInt64 = 0
  var propertyReads: UInt64 = 0
  var pendingReads: UInt64 = 0
  var pendingWrites: UInt64 = 0
  /// LPIs that a better one replaced at the CPU interface.
  var released: UInt64 = 0
}
