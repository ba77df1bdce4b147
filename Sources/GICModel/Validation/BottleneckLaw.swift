import GICArch

/// A configuration in which one unit is by far the slowest.
private struct Bottleneck {
  var name: String
  var timing: TimingParameters
  /// Cycles of that unit for each transaction.
  var demand: Double
  var merges = true
  var lookups = 3
  /// What each command does; nil: MSIs.
  var script: [StageEvent]?
  var peCount = 64
}

/// Wide and fast everywhere.
private var wide: TimingParameters {
  var timing = TimingParameters()
  timing.msiFIFODepth = 64
  timing.translationSlots = 64
  timing.linkCredits = 4_096
  timing.linkBeats = 1
  timing.propertyReadsInFlight = 256
  timing.pendingEntries = 100_000
  timing.pendingAccessesInFlight = 256
  timing.tableWritesInFlight = 64
  timing.commandFetchDepth = 32
  return timing
}
private func with(_ change: (inout TimingParameters) -> Void) -> TimingParameters {
  var timing = wide
  change(&timing)
  return timing
}

private var bottlenecks: [Bottleneck] {
  let latency = Double(wide.memoryLatencyCycles)
  var all: [Bottleneck] = []
  for (slots, misses) in [(1, 1), (2, 1), (4, 1), (8, 1), (4, 2), (4, 3)] {
    let timing = with { timing in
      timing = timing.uncached
      timing.translationSlots = slots
    }
    all.append(
      Bottleneck(
        name: "translation slots: \(slots), \(misses) misses", timing: timing,
        demand: Double(misses) * latency / Double(slots), lookups: misses))
  }
  for beats: UInt64 in [4, 16] {
    all.append(
      Bottleneck(
        name: "link: \(beats) beats", timing: with { $0.linkBeats = beats }, demand: Double(beats)))
  }
  for credits in [1, 4, 16] {
    let timing = with {
      ($0.linkCredits, $0.linkReturnCycles) = (credits, 100)
    }
    // Format, one beat, taken, and back.
    all.append(
      Bottleneck(name: "link: \(credits) credits", timing: timing, demand: 102 / Double(credits)))
  }
  for banks in [1, 2, 4] {
    let timing = with { ($0.lpiBanks, $0.lpiBankCycles) = (banks, 20) }
    all.append(
      Bottleneck(name: "LPI unit: \(banks) banks", timing: timing, demand: 20 / Double(banks)))
  }
  for reads in [1, 4, 9] {
    let timing = with {
      ($0.lpiCache.entries, $0.propertyReadsInFlight) = (0, reads)
    }
    all.append(
      Bottleneck(
        name: "property port: \(reads) reads", timing: timing, demand: latency / Double(reads),
        merges: false))
  }
  all.append(
    Bottleneck(name: "arbiter: 6 cycles", timing: with { $0.arbiterCycles = 6 }, demand: 6))
  all.append(
    Bottleneck(
      name: "lookup pipelines: 7 cycles", timing: with { $0.lookupIntervalCycles = 7 }, demand: 7))
  for depth in [1, 2, 4] {
    all.append(
      Bottleneck(
        name: "command fetch: depth \(depth)", timing: with { $0.commandFetchDepth = depth },
        demand: latency / Double(depth), script: []))
  }
  let write: [StageEvent] = [.deviceWritten(DeviceID(rawValue: 1))]
  for writes in [1, 2] {
    all.append(
      Bottleneck(
        name: "table writes: \(writes) in flight", timing: with { $0.tableWritesInFlight = writes },
        demand: latency / Double(writes), script: write))
  }
  all.append(
    Bottleneck(name: "command engine", timing: wide, demand: 3 + 4 + 1, script: []))
  return all
}

extension TimingLaws {
  /// What the slowest unit can do bounds the throughput, and a saturated machine does 98 % of it;
  /// with a window of n it does at most what n round trips allow.
  @Sendable static func bottlenecks(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    for case let bottleneck in GICModel.bottlenecks {
      let count = effort.saturation
      let cycles = saturate(bottleneck, count)
      let part = Double(count) * bottleneck.demand / Double(cycles)
      rows.append(
        TimingLaw.Row(
          "\(bottleneck.name): part of the bound", expected: 1, measured: part,
          holds: part <= 1 && part >= (effort == .short ? 0.9 : 0.98)))
    }
    let (windows, plot) = closedLoop(effort)
    return TimingLaw(
      3, "The slowest unit bounds the throughput",
      condition: "at most the bound, and at least 98 % of it (short runs 90 %); "
        + "with a window: at most min(n / R, 1 / D)",
      rows: rows + windows, plot: plot)
  }

  /// - Returns: the cycles that so many transactions take that wait from the start.
  private static func saturate(_ bottleneck: Bottleneck, _ count: Int) -> UInt64 {
    var core = TimedCore<TheoryRules, NoTrace>.theory(
      bottleneck.timing, pes: bottleneck.peCount, tracer: NoTrace())
    (core.rules.merges, core.rules.lookups) = (bottleneck.merges, bottleneck.lookups)
    if let script = bottleneck.script {
      core.rules.script = script
      core.write(count)
    } else {
      // Few events of few devices stay cached; without a cache, neighbours must not share a read.
      let isCold = bottleneck.timing.eventCache.entries == 0
      for index in 0..<count {
        let device = UInt32(isCold || !bottleneck.merges ? index & 0x3ff : index & 3)
        core.submit(device, UInt32(index & 15 ^ index >> 10 & 15))
      }
    }
    core.finish()
    return core.now
  }

  private static func closedLoop(
    _ effort: Effort
  ) -> (rows: [TimingLaw.Row], plot: TimingLaw.Plot) {
    let timing = with { timing in
      timing = timing.uncached
      (timing.translationSlots, timing.linkBeats) = (4, 4)
    }
    let alone = Double(timing.merged(reads: 1, lookups: 1, far: false))
    let demand = Double(timing.memoryLatencyCycles) / 4
    var rows: [TimingLaw.Row] = []
    var bound = TimingLaw.Curve("min(n / R, 1 / D)", isTheory: true)
    var points = TimingLaw.Curve("simulated", isTheory: false)
    for window in [1, 2, 3, 4, 5, 6, 8, 12, 16, 32] {
      let rate = rate(timing, window: window, count: effort.saturation)
      let most = min(Double(window) / alone, 1 / demand)
      rows.append(
        TimingLaw.Row(
          "window \(window): MSIs in 1000 cycles", expected: most * 1_000, measured: rate * 1_000,
          holds: rate <= most && rate >= (window == 1 ? 0.98 : 0.8) * most))
      bound.x.append(Double(window))
      bound.y.append(most * 1_000)
      points.x.append(Double(window))
      points.y.append(rate * 1_000)
    }
    return (
      rows,
      TimingLaw.Plot(x: "window, MSIs", y: "MSIs in 1000 cycles", curves: [bound, points])
    )
  }

  /// MSIs a cycle, if a new one comes as soon as one has ended and `window` are under way.
  private static func rate(_ timing: TimingParameters, window: Int, count: Int) -> Double {
    var core = TimedCore<TheoryRules, NoTrace>.theory(timing, tracer: NoTrace())
    core.rules.lookups = 1
    var (sent, ended) = (0, UInt64(0))
    while ended < UInt64(count) {
      while sent < count, sent - Int(ended) < window {
        core.submit(UInt32(sent & 0xffff), 0)
        sent += 1
      }
      guard core.runCycle(through: .max) != nil else { break }
      ended = core.counters.merged
    }
    return Double(count) / Double(core.now)
  }
}
