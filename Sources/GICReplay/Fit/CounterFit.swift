// From readings of counters to the parameters of the model: it is run with other values until its
// own counters read the same.

import GICConfig
import GICModel
import GICReport

/// A fit of some timing settings to readings.
struct CounterFit {
  let readings: CounterReadings
  let base: ConfigurationLayer
  let resolved: ResolvedConfiguration
  /// What may be turned, and the values that each may take.
  private let dials: [TimingDial]
  private let places: [[UInt64]]
  /// Called with the number of the machine's runs so far.
  var progress: (Int) -> Void = { _ in }

  /// - Parameter keys: what may be turned, with `timing.` or without; empty: the usual ones.
  /// - Throws: `ConfigurationError` for the base, ``ReplayError`` for a key.
  init(
    _ readings: CounterReadings, base: ConfigurationLayer, keys: [String]
  ) throws {
    (self.readings, self.base) = (readings, base)
    let resolved = try resolve([base])
    self.resolved = resolved
    dials = keys.isEmpty ? Self.usual(resolved) : try Self.named(keys)
    places = dials.map { Self.places($0, resolved.machine) }
  }

  /// Of a workload and of a tool, not of an ITS; and what a counter of one ITS cannot tell.
  private static let never: Set<String> = [
    "timing.clock_hertz", "timing.pe_handling_cycles", "timing.pe_handling_seed", "timing.chips",
    "timing.cross_chip_cycles", "timing.link_hops", "timing.hop_cycles",
  ]

  /// What nobody published, and what documents state of other boards: how far memory is, and how
  /// large the caches of a GIC were built. Caches first: misses hang on nothing else.
  private static func usual(_ resolved: ResolvedConfiguration) -> [TimingDial] {
    let assumed = Set(resolved.values.filter { $0.provenance != .documented }.map(\.key))
    let turned = TimingDial.all.filter { dial in
      guard !never.contains(dial.key), !dial.key.hasSuffix("_ways") else { return false }
      return assumed.contains(dial.key) || isCache(dial)
        || dial.key == "timing.memory_latency_cycles"
    }
    return turned.filter(isCache) + turned.filter { !isCache($0) }
  }

  private static func named(_ keys: [String]) throws(ReplayError) -> [TimingDial] {
    var dials: [TimingDial] = []
    for key in keys {
      let path = key.hasPrefix("timing.") ? key : "timing." + key
      guard let dial = TimingDial.all.first(where: { $0.key == path }) else {
        let known = TimingDial.all.map { $0.key.dropFirst("timing.".count) }
        throw ReplayError(
          "no whole number '\(key)' to fit; there are: " + known.joined(separator: ", "))
      }
      guard !dials.contains(where: { $0.key == path }) else { continue }
      dials.append(dial)
    }
    return dials.filter(isCache) + dials.filter { !isCache($0) }
  }

  private static func isCache(_ dial: TimingDial) -> Bool {
    dial.key.hasSuffix("_cache_entries")
  }

  /// The most cycles, and the most of anything else, that a fit considers, unless the base has
  /// more.
  private static let mostCycles: UInt64 = 2_000
  private static let mostOthers: UInt64 = 256
  private static let mostEntries: UInt64 = 8_192

  /// Whole numbers in order; of a cache, powers of two times its ways.
  private static func places(_ dial: TimingDial, _ machine: MachineConfiguration) -> [UInt64] {
    let value = dial.value(in: machine)
    guard isCache(dial) else {
      let most = max(dial.unit == "cycles" ? mostCycles : mostOthers, value)
      return Array(dial.range.lowerBound...min(most, dial.range.upperBound))
    }
    let ways = dial.key.replacingOccurrences(of: "_entries", with: "_ways")
    let step = TimingDial.all.first { $0.key == ways }?.value(in: machine) ?? 1
    let sizes = (0..<20).map { step << UInt64($0) }.filter { $0 <= max(mostEntries, value) }
    return sizes.contains(value) ? sizes : [value]
  }

  private func machine(_ point: [Int]) -> MachineConfiguration {
    var machine = resolved.machine
    for (index, dial) in dials.enumerated() { dial.set(places[index][point[index]], in: &machine) }
    return machine
  }

  /// Each reading as the model has it.
  private func counts(_ timing: TimingParameters) -> [UInt64] {
    readings.runs.flatMap { run in
      let events = run.workload.readings(timing)
      return run.readings.map { reading in
        events.first { $0.name == reading.counter }?.count ?? 0
      }
    }
  }

  /// What one packet in a hundred adds to a counter of packets, or one in a hundred of a reading.
  private static func weighted(
    _ counts: [UInt64], _ readings: CounterReadings
  ) -> [Double] {
    var errors: [Double] = []
    for run in readings.runs {
      for reading in run.readings {
        let scale = Double(max(reading.value, UInt64(run.workload.packets)))
        errors.append((Double(counts[errors.count]) - Double(reading.value)) / scale)
      }
    }
    return errors
  }

  func run() -> FitDocument {
    let start = dials.indices.map { index in
      places[index].firstIndex(of: dials[index].value(in: resolved.machine)) ?? 0
    }
    let before = counts(resolved.machine.timing)
    var runs = 0
    var search = LeastSquares(counts: places.map(\.count)) { point in
      runs += 1
      progress(runs)
      return Self.weighted(counts(machine(point).timing), readings)
    }
    var best = start
    var told = identify(&search, best)
    // What can be told apart may be other numbers elsewhere: where a queue fills, say.
    for _ in 0..<4 {
      best = search.minimize(from: best, free: told.free.sorted())
      let now = identify(&search, best)
      let isSettled = Set(now.free).isSubset(of: told.free) || search.cost(best) == 0
      if !isSettled || search.cost(best) == 0 { told = now }
      if isSettled { break }
    }
    let after = counts(machine(best).timing)
    let equals = dials.indices.map { index in
      told.free.contains(index) ? search.equals(best, index) : best[index]...best[index]
    }
    return document(best, start, told, equals, before, after, search.evaluations)
  }

  private func identify(_ search: inout LeastSquares, _ point: [Int]) -> Identifiability {
    var effects: [[Double]] = []
    for index in dials.indices { effects.append(search.effect(point, index)) }
    return Identifiability(effects)
  }

  private func document(
    _ best: [Int], _ start: [Int], _ told: Identifiability, _ equals: [ClosedRange<Int>],
    _ before: [UInt64], _ after: [UInt64], _ evaluations: Int
  ) -> FitDocument {
    var rows: [FitDocument.Reading] = []
    for run in readings.runs {
      for reading in run.readings {
        rows.append(
          FitDocument.Reading(
            run: run.name, counter: reading.counter, gicp: reading.gicp, measured: reading.value,
            assumed: before[rows.count], fitted: after[rows.count]))
      }
    }
    let parameters = dials.enumerated().map { index, dial in
      // What was turned while it could be told stays turned, whatever can be told at the end.
      let isFitted = told.free.contains(index) || best[index] != start[index]
      return FitDocument.Parameter(
        key: dial.key, unit: dial.unit, assumed: places[index][start[index]],
        value: places[index][best[index]], low: places[index][equals[index].lowerBound],
        high: places[index][equals[index].upperBound],
        state: isFitted ? .fitted : told.confounded[index] == nil ? .unmoved : .confounded,
        with: isFitted ? shares(index, told) : (told.confounded[index] ?? []).map { dials[$0].key })
    }
    return FitDocument(
      file: readings.file, configuration: resolved.name, hash: resolved.hash, readings: rows,
      parameters: parameters, runs: readings.runs.count, evaluations: evaluations)
  }

  /// Those that are known together with this one only.
  private func shares(_ index: Int, _ told: Identifiability) -> [String] {
    told.confounded.filter { $0.value.contains(index) }.keys.sorted().map { dials[$0].key }
  }
}
