import GICArch

/// The completion of each MSI of one trace: single class, first come first served, and no cache,
/// so that a slower unit can only delay.
private func completions(
  _ timing: TimingParameters, count: Int, scale: UInt64 = 1, pes: Int = 4
) -> [UInt64] {
  var core = AccountedCore.theory(timing, pes: pes, tracer: AccountTracer())
  core.rules.lookups = 1
  var random = SeededGenerator(seed: 7)
  for index in 0..<count {
    core.run(to: core.now + scale * UInt64.random(in: 0...60, using: &random))
    core.submit(UInt32(index & 0xffff), UInt32(index & 3))
  }
  core.finish()
  return core.tracer.ends.sorted { $0.key < $1.key }.map(\.value)
}

private var base: TimingParameters {
  var timing = TimingParameters().uncached
  (timing.translationSlots, timing.linkCredits) = (4, 4)
  return timing
}

/// Every time of a machine.
private let times: [WritableKeyPath<TimingParameters, UInt64> & Sendable] = [
  \.msiAcceptCycles, \.arbiterCycles, \.lookupIntervalCycles, \.deviceLookupCycles,
  \.eventLookupCycles, \.collectionLookupCycles, \.memoryLatencyCycles, \.memoryRequestCycles,
  \.memoryBeatCycles, \.linkFormatCycles, \.linkBeats, \.linkReturnCycles, \.hopCycles,
  \.crossChipCycles, \.lpiLookupCycles, \.lpiBankCycles, \.hppiSelectCycles, \.downstreamCycles,
  \.acceptanceCycles, \.upstreamCycles, \.commandDecodeCycles, \.commandOperationCycles,
  \.commandRetireCycles,
]

extension TimingLaws {
  /// Slower units never end anything earlier, a slower clock is only slower, idle PEs are nothing.
  @Sendable static func monotonicity(_ effort: Effort) -> TimingLaw {
    let count = effort == .short ? 300 : 5_000
    var rows: [TimingLaw.Row] = []
    func compare(_ name: String, _ steps: [TimingParameters]) {
      var before = completions(steps[0], count: count)
      for step in steps.dropFirst() {
        let after = completions(step, count: count)
        let earlier = zip(before, after).filter { $0 > $1 }.count
        rows.append(
          TimingLaw.Row("\(name): MSIs that end earlier", expected: 0, measured: UInt64(earlier)))
        before = after
      }
    }
    func steps<Value>(
      _ path: WritableKeyPath<TimingParameters, Value>, _ values: [Value]
    ) -> [TimingParameters] {
      values.map { value in
        var timing = base
        timing[keyPath: path] = value
        return timing
      }
    }
    compare("more memory latency", steps(\.memoryLatencyCycles, [10, 40, 85, 86, 200]))
    compare("fewer translation slots", steps(\.translationSlots, [8, 4, 3, 2, 1]))
    compare("fewer credits", steps(\.linkCredits, [16, 4, 3, 2, 1]))
    compare("more beats", steps(\.linkBeats, [1, 2, 4, 8, 40]))
    let reference = completions(base, count: count)
    for scale: UInt64 in [2, 3, 10] {
      var timing = base
      for path in times { timing[keyPath: path] *= scale }
      let scaled = completions(timing, count: count, scale: scale)
      let others = zip(reference, scaled).filter { $0 * scale != $1 }.count
      rows.append(
        TimingLaw.Row(
          "all times x \(scale): MSIs that do not end \(scale) times later", expected: 0,
          measured: UInt64(others)))
    }
    let crowd = completions(base, count: count, pes: 1_024)
    let few = completions(base, count: count, pes: 16)
    rows.append(
      TimingLaw.Row(
        "1,008 idle PEs more: MSIs that end at another time", expected: 0,
        measured: UInt64(zip(crowd, few).filter { $0 != $1 }.count)))
    return TimingLaw(
      7, "Slower units never end anything earlier", condition: "no exception", rows: rows)
  }
}
