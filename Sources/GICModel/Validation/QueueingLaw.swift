import GICArch

/// A queue with one server that theory knows: one translation slot, a device table that is read for
/// every MSI, and nothing else that could make one wait.
private func server(_ service: UInt64) -> TimingParameters {
  var timing = TimingParameters().uncached
  timing.translationSlots = 1
  timing.memoryLatencyCycles = service
  timing.linkCredits = 4_096
  timing.linkBeats = 1
  return timing
}

/// Times of arrivals.
private struct Arrivals {
  enum Law {
    /// In each cycle one with this probability.
    case bernoulli(Double)
    /// Any number in a cycle, so many on average.
    case poisson(Double)
    case every(UInt64)
  }
  let law: Law
  var random = SeededGenerator(seed: 20_261_121)
  /// The last one's cycle, in units of 2^-16 of a cycle.
  private var fine: UInt64 = 0

  init(_ law: Law) { self.law = law }

  /// The cycle of the next one.
  mutating func next(after cycle: UInt64) -> UInt64 {
    switch law {
    case .every(let period): return cycle + period
    case .poisson(let rate):
      fine &+= random.exponential(mean: UInt64(65_536 / rate))
      return fine >> 16
    case .bernoulli(let probability):
      // The whole part of an exponential number is geometric: -ln(1 - p) is its rate.
      var (rate, power) = (0.0, 1.0)
      for term in 1...60 {
        power *= probability
        rate += power / Double(term)
      }
      return cycle + 1 + random.exponential(mean: UInt64(65_536 / rate)) >> 16
    }
  }
}

/// Mean cycles that an MSI waits, in batches of equal size.
private func waits(
  _ timing: TimingParameters, _ law: Arrivals.Law, count: Int, batches: Int = 1
) -> [Double] {
  var core = TimedCore<TheoryRules, NoTrace>.theory(timing, tracer: NoTrace())
  core.rules.lookups = 1
  let alone = timing.merged(reads: 1, lookups: 1, far: false)
  var arrivals = Arrivals(law)
  var (means, cycle): ([Double], UInt64) = ([], 0)
  var before: (count: UInt64, sum: UInt64) = (0, 0)
  for batch in 1...batches {
    for index in 0..<count / batches {
      cycle = arrivals.next(after: cycle)
      core.run(to: cycle)
      // Neighbours are other devices, so that no two share a read.
      core.submit(UInt32(truncatingIfNeeded: index & 0xffff), 0)
    }
    if batch == batches { core.finish() }
    let (ended, sum) = (core.msiLatency.count - before.count, core.msiLatency.sum - before.sum)
    before = (core.msiLatency.count, core.msiLatency.sum)
    means.append(Double(sum) / Double(ended) - Double(alone))
  }
  return means
}

private func geoD1(_ load: Double, _ service: UInt64) -> Double {
  // p D (D - 1) / (2 (1 - p D)), with p D the load.
  load * Double(service - 1) / (2 * (1 - load))
}

extension TimingLaws {
  /// One server of constant service against the discrete queue Geo/D/1, and two that never wait.
  @Sendable static func queueingTheory(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    var curves: [TimingLaw.Curve] = []
    let loads = effort == .short ? [0.3, 0.6] : [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    for service: UInt64 in effort == .short ? [20] : [5, 20, 93] {
      var theory = TimingLaw.Curve("Geo/D/1, D = \(service)", isTheory: true)
      theory.x = (1...95).map { Double($0) / 100 }
      theory.y = theory.x.map { geoD1($0, service) / Double(service) }
      var points = TimingLaw.Curve("simulated, D = \(service)", isTheory: false)
      for load in loads {
        let expected = geoD1(load, service)
        let measured = waits(
          server(service), .bernoulli(load / Double(service)), count: effort.arrivals)[0]
        let tolerance = effort == .short ? 0.05 : 0.01
        rows.append(
          TimingLaw.Row(
            "Geo/D/1, D = \(service), load \(load): mean wait", expected: expected,
            measured: measured, holds: abs(measured - expected) <= tolerance * expected))
        points.x.append(load)
        points.y.append(measured / Double(service))
      }
      let (row, mean) = heavyLoad(service, effort)
      rows.append(row)
      points.x.append(0.9)
      points.y.append(mean / Double(service))
      curves += [theory, points]
    }
    rows += neverWait(effort)
    return TimingLaw(
      5, "A single server waits as Geo/D/1 says",
      condition: "load to 0.6: within 1 % (short runs 5 %); 0.9: theory inside the 95 % interval",
      rows: rows, plot: .init(x: "load", y: "mean wait, in services", curves: curves))
  }

  /// At load 0.9 theory must lie inside the interval that 100 batches give.
  private static func heavyLoad(
    _ service: UInt64, _ effort: Effort
  ) -> (TimingLaw.Row, mean: Double) {
    let count = effort == .long ? 50_000_000 : effort.arrivals * (effort == .short ? 3 : 2)
    let batches = effort == .short ? 20 : 100
    let means = waits(
      server(service), .bernoulli(0.9 / Double(service)), count: count, batches: batches)
    let mean = means.reduce(0, +) / Double(batches)
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(batches - 1)
    // Student's t: 1.984 with 99 degrees of freedom, 2.093 with 19.
    let half = (batches == 100 ? 1.984 : 2.093) * (variance / Double(batches)).squareRoot()
    let expected = geoD1(0.9, service)
    let row = TimingLaw.Row(
      "Geo/D/1, D = \(service), load 0.9: mean wait, +- \(tenths(half))", expected: expected,
      measured: mean, holds: abs(mean - expected) <= half)
    return (row, mean)
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func neverWait(_ effort: Effort) -> [TimingLaw.Row] {
    // Servers without end: whatever comes, nobody waits.
    var endless = server(93)
    endless.translationSlots = 512
    (endless.memoryRequestCycles, endless.memoryBeatCycles) = (0, 0)
    (endless.arbiterCycles, endless.lookupIntervalCycles) = (0, 0)
    (endless.linkBeats, endless.linkFormatCycles, endless.lpiBankCycles) = (0, 0, 0)
    endless.msiFIFODepth = 65_536
    let poisson = waits(endless, .poisson(2.0), count: effort.arrivals)[0]
    let periodic = waits(server(20), .every(20), count: effort.arrivals / 10)[0]
    return [
      TimingLaw.Row(
        "M/D/inf, D = 93, two a cycle: mean wait", expected: 0, measured: poisson,
        holds: poisson == 0),
      TimingLaw.Row(
        "D/D/1, D = 20, one every 20 cycles: mean wait", expected: 0, measured: periodic,
        holds: periodic == 0),
    ]
  }
}
