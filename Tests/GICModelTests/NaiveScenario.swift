import GICArch

@testable import GICModel

/// A configuration and what is done to it, for both engines.
struct NaiveScenario {
  enum Step {
    case msi(device: UInt32, event: UInt32, its: Int)
    case commands([[StageEvent]])
    /// The guest mends the command at which the queue stands, and retries.
    case retry
    case acknowledge(Int)
    case run(UInt64)
  }
  var timing = TimingParameters()
  var itsCount = 1
  var peCount = 1
  var levels = 1
  var stalls = false
  var steps: [Step] = []

  /// What can be compared of a run.
  struct Outcome: Equatable {
    /// By transaction.
    var log: [UInt64: [TimingEvent]] = [:]
    /// What each acknowledge found.
    var shown: [UInt32] = []
    var lines: [LineChange] = []
    var retired = 0
    var pending: Set<FakeRules.LPI> = []
  }

  /// What it looks like from outside at one moment.
  struct Glance: Equatable {
    var horizon: UInt64
    /// Hits and misses of the three caches of each ITS.
    var lookups: [UInt64]
    var latencies: [UInt64]
    /// MSIs whose lookups were done ahead and have not ended; nothing that shows.
    var ahead = 0

    static func == (one: Glance, other: Glance) -> Bool {
      (one.horizon, one.lookups, one.latencies)
        == (other.horizon, other.lookups, other.latencies)
    }
  }

  /// How often lookups done ahead were under way after a step, if nobody listens.
  var lookupsAhead: Int { runUnheard().glances.reduce(0) { $0 + $1.ahead } }

  struct Run {
    var outcome: Outcome
    /// The cycle at which nothing was under way any more.
    var end: UInt64
    /// After each step, and in the end.
    var glances: [Glance]
    var last: MachineStatistics
  }

  func runCore() -> Run {
    var core = TracedCore.fake(timing, its: itsCount, pes: peCount, tracer: TimingLog())
    var run = run(&core)
    for event in core.tracer.events {
      if let serial = event.serial { run.outcome.log[serial, default: []].append(event) }
    }
    return run
  }

  /// As ``runCore()`` does without anybody who listens.
  func runUnheard() -> Run {
    var core = FakeCore.fake(timing, its: itsCount, pes: peCount)
    return run(&core)
  }

  /// - Returns: all but the log.
  private func run<Tracer>(_ core: inout TimedCore<FakeRules, Tracer>) -> Run {
    (core.rules.deviceLevels, core.rules.stallsOnError) = (levels, stalls)
    core.rules.lastDevice = 4
    var outcome = Outcome()
    var glances: [Glance] = []
    for step in steps {
      glances.append(core.glance)
      core.rules.stamp = core.now
      switch step {
      case .msi(let device, let event, let its): core.submit(device, event, its: its)
      case .commands(let commands):
        core.rules.script += commands
        core.rules.written += commands.count
        core.commandsChanged(0)
      case .retry:
        guard core.rules.mend() else { continue }
        core.commandsChanged(0)
      case .acknowledge(let pe):
        outcome.shown.append(core.rules.offered[PEIndex(pe)]?.rawValue ?? 0)
        core.acknowledge(pe)
      case .run(let cycles): core.run(to: core.now + cycles)
      }
    }
    core.drain()
    (outcome.lines, outcome.retired) = (core.rules.lineChanges, core.rules.retired)
    outcome.pending = core.rules.pending
    return Run(
      outcome: outcome, end: core.now, glances: glances + [core.glance], last: core.statistics)
  }

  /// - Parameter end: when it is over; some cycles more are gone through.
  func runNaive(end: UInt64) -> Outcome {
    let naive = NaiveEngine(timing, its: itsCount, pes: peCount)
    (naive.rules.deviceLevels, naive.rules.stallsOnError) = (levels, stalls)
    naive.rules.lastDevice = 4
    var outcome = Outcome()
    for step in steps {
      naive.rules.stamp = naive.now
      switch step {
      case .msi(let device, let event, let its): naive.submit(device, event, its: its)
      case .commands(let commands):
        naive.rules.script += commands
        naive.rules.written += commands.count
        naive.commandsChanged(0)
      case .retry:
        guard naive.rules.mend() else { continue }
        naive.commandsChanged(0)
      case .acknowledge(let pe):
        outcome.shown.append(naive.rules.offered[PEIndex(pe)]?.rawValue ?? 0)
        naive.recorder.clear()
        naive.rules.acknowledge(PEIndex(pe))
        naive.takeEffects()
      case .run(let cycles): naive.run(to: naive.now + cycles)
      }
    }
    naive.run(to: end + 50)
    (outcome.log, outcome.lines) = (naive.log, naive.rules.lineChanges)
    (outcome.retired, outcome.pending) = (naive.rules.retired, naive.rules.pending)
    return outcome
  }

  /// Where the two engines differ first; nil where they do not.
  func difference() -> String? {
    let heard = runCore()
    let (real, end) = (heard.outcome, heard.end)
    var unheard = runUnheard()
    unheard.outcome.log = real.log
    for (step, glance) in unheard.glances.enumerated() where glance != heard.glances[step] {
      return "at step \(step), if nobody listens it is \(glance), else \(heard.glances[step])"
    }
    guard unheard.end == end, unheard.outcome == real, unheard.last == heard.last else {
      return "it matters whether somebody listens"
    }
    let naive = runNaive(end: end)
    guard real != naive else { return nil }
    for serial in Set(real.log.keys).union(naive.log.keys).sorted() {
      let (a, b) = (real.log[serial] ?? [], naive.log[serial] ?? [])
      guard a != b else { continue }
      let place = zip(a, b).prefix { $0 == $1 }.count
      let (x, y) = (a.dropFirst(place).first, b.dropFirst(place).first)
      return "transaction \(serial), \(a.first.map { "\($0)" } ?? "none"): "
        + "\(x.map { "\($0)" } ?? "nothing") is \(y.map { "\($0)" } ?? "nothing")"
    }
    return "shown \(real.shown == naive.shown), lines \(real.lines == naive.lines), "
      + "retired \(real.retired) and \(naive.retired)"
  }
}

extension TimedCore where Rules: ~Copyable {
  fileprivate var glance: NaiveScenario.Glance {
    var lookups: [UInt64] = []
    for n in 0..<its.count {
      for table: Transaction.Table in [.device, .event, .collection] {
        let cache = Int(table.rawValue)
        lookups.append(its[n].caches[cache].hits - (n == 0 ? hitsAhead(table) : 0))
        lookups.append(its[n].caches[cache].misses)
      }
    }
    return NaiveScenario.Glance(
      horizon: horizon, lookups: lookups, latencies: [msiLatency.sum, commandLatency.sum],
      ahead: its[0].ahead.count + express.queue.count)
  }
  fileprivate var statistics: MachineStatistics {
    var statistics = MachineStatistics(clock: .timed)
    report(into: &statistics)
    return statistics
  }
}

extension TimingEvent {
  /// The transaction that it tells of.
  var serial: UInt64? {
    switch self {
    case .began(let serial, _, _, _, _, _, _), .granted(let serial, _),
      .routed(let serial, _, _, _), .spent(let serial, _, _, _), .ended(let serial, _, _):
      serial
    // What a command is belongs to the rules, which both engines share.
    case .level, .decoded: nil
    }
  }
}

extension FakeRules {
  /// - Returns: false if the queue does not stand still.
  mutating func mend() -> Bool {
    guard stalled else { return false }
    script[granted] = [.deviceWritten(DeviceID(rawValue: 1))]
    stalled = false
    return true
  }
}

extension NaiveScenario {
  static func random(seed: UInt64) -> NaiveScenario {
    var random = SplitMix64(state: seed)
    var scenario = NaiveScenario()
    scenario.itsCount = Int.random(in: 1...2, using: &random)
    scenario.peCount = Int.random(in: 1...4, using: &random)
    scenario.levels = Int.random(in: 1...2, using: &random)
    scenario.stalls = Bool.random(using: &random)
    scenario.timing = randomTiming(&random, pes: scenario.peCount)
    for _ in 0..<Int.random(in: 10...80, using: &random) {
      scenario.steps.append(step(&random, its: scenario.itsCount, pes: scenario.peCount))
    }
    return scenario
  }

  private static func step(_ random: inout SplitMix64, its: Int, pes: Int) -> Step {
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<6:
      return .msi(
        device: UInt32.random(in: 0..<6, using: &random),
        event: UInt32.random(in: 0..<12, using: &random),
        its: Int.random(in: 0..<its, using: &random))
    case 6, 7:
      let count = Int.random(in: 1...3, using: &random)
      return .commands((0..<count).map { _ in command(&random, pes: pes) })
    case 8: return Bool.random(using: &random) ? .retry : .run(0)
    case 9, 10: return .acknowledge(Int.random(in: 0..<pes, using: &random))
    default: return .run(UInt64.random(in: 0...150, using: &random))
    }
  }

  static func command(_ random: inout SplitMix64, pes: Int) -> [StageEvent] {
    let device = DeviceID(rawValue: UInt32.random(in: 0..<6, using: &random))
    let event = EventID(rawValue: UInt32.random(in: 0..<12, using: &random))
    let pe = PEIndex(Int(event.rawValue) % pes)
    let other = PEIndex(Int.random(in: 0..<pes, using: &random))
    let intid = FakeRules.intid(device.rawValue, event.rawValue)
    let levels = 1 + Int.random(in: 0...1, using: &random)
    let lookups: [StageEvent] = [
      .deviceLookup(device, levels: levels), .eventLookup(device, event),
      .collectionLookup(ICID(rawValue: UInt16(pe.index))),
    ]
    return switch Int.random(in: 0..<14, using: &random) {
    case 0: [.deviceWritten(device)]
    case 1: [lookups[0], .eventWritten(device, event)]
    case 2: lookups + [.invalidate(pe, intid)]
    case 3: lookups + [.clear(pe, intid, wasPending: true)]
    case 4: [lookups[2], .invalidateAll(pe)]
    case 5: [lookups[0], .rejected(.intUnmappedInterrupt)]
    case 6: [lookups[2], .collectionWritten(ICID(rawValue: UInt16(pe.index)))]
    case 7, 8: lookups + [.set(pe, intid, merged: false)]
    case 9, 10:
      lookups + [
        .eventWritten(device, event), .move(from: pe, to: other, intid, wasPending: true),
      ]
    case 11: [.moveAll(from: pe, to: other, count: 0)]
    default: [.synchronize(pe)]
    }
  }

  /// Few of everything, so that everything runs out; short times beside long ones, and none.
  static func randomTiming(_ random: inout SplitMix64, pes: Int) -> TimingParameters {
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    func cycles(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    var timing = TimingParameters()
    (timing.msiAcceptCycles, timing.msiFIFODepth) = (cycles(0...4), pick(1...6))
    timing.commandFetchDepth = pick(1...4)
    timing.commandDecodeCycles = cycles(0...4)
    timing.commandOperationCycles = cycles(0...5)
    timing.commandRetireCycles = cycles(0...2)
    timing.arbiterCycles = cycles(0...2)
    (timing.arbiterWeightMSI, timing.arbiterWeightCommand) = (pick(1...3), pick(1...3))
    timing.lookupIntervalCycles = cycles(0...3)
    timing.deviceLookupCycles = cycles(0...3)
    timing.eventLookupCycles = cycles(0...3)
    timing.collectionLookupCycles = cycles(0...3)
    timing.deviceCache = .init(entries: pick(0...8), ways: pick(1...2))
    timing.eventCache = .init(entries: pick(0...16), ways: pick(1...4))
    timing.collectionCache = .init(entries: pick(0...4), ways: pick(1...2))
    (timing.translationSlots, timing.tableWritesInFlight) = (pick(1...4), pick(1...2))
    timing.memoryLatencyCycles = pick(0...3) == 0 ? cycles(0...9) : cycles(10...300)
    timing.memoryRequestCycles = cycles(0...3)
    (timing.memoryBusBytes, timing.memoryBeatCycles) = (1 << pick(0...5), cycles(0...2))
    (timing.linkFormatCycles, timing.linkBeats) = (cycles(0...2), cycles(0...5))
    (timing.linkCredits, timing.linkReturnCycles) = (pick(1...4), cycles(0...6))
    (timing.linkHops, timing.hopCycles) = (cycles(0...2), cycles(0...3))
    (timing.chips, timing.crossChipCycles) = (pick(1...pes), cycles(0...40))
    timing.lpiPerRedistributor = pick(0...3) == 0
    (timing.lpiLookupCycles, timing.lpiBankCycles) = (cycles(0...4), cycles(0...3))
    (timing.lpiBanks, timing.lpiCache) = (
      pick(1...4), .init(entries: pick(0...8), ways: pick(1...2))
    )
    timing.propertyReadsInFlight = pick(1...4)
    (timing.pendingEntries, timing.pendingAccessesInFlight) = (pick(1...4), pick(1...3))
    timing.invallRefetches = Bool.random(using: &random)
    timing.movallSweepsTable = pick(0...3) == 0
    (timing.hppiSelectCycles, timing.downstreamCycles) = (cycles(0...3), cycles(0...4))
    (timing.acceptanceCycles, timing.upstreamCycles) = (cycles(0...3), cycles(0...6))
    return timing
  }
}
