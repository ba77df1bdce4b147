import GICArch
import Testing

@testable import GICModel

// The real engine against the naive one, which goes through every cycle.

/// The smallest scenario that still differs: fewer steps, and every parameter at its default that
/// can be.
private func shrunk(_ scenario: NaiveScenario) -> NaiveScenario {
  var (best, isSmaller) = (scenario, true)
  while isSmaller {
    isSmaller = false
    var length = best.steps.count / 2
    while length > 0 {
      var start = 0
      while start < best.steps.count {
        var candidate = best
        candidate.steps.removeSubrange(start..<min(start + length, candidate.steps.count))
        if candidate.difference() != nil {
          (best, isSmaller) = (candidate, true)
        } else {
          start += length
        }
      }
      length /= 2
    }
    for simplify in simplifications {
      var candidate = best
      simplify(&candidate.timing)
      guard candidate.timing != best.timing, candidate.difference() != nil else { continue }
      (best, isSmaller) = (candidate, true)
    }
  }
  return best
}

private func standard<Value: Equatable & Sendable>(
  _ path: WritableKeyPath<TimingParameters, Value> & Sendable
) -> @Sendable (inout TimingParameters) -> Void {
  let value = TimingParameters()[keyPath: path]
  return { $0[keyPath: path] = value }
}

private let simplifications: [@Sendable (inout TimingParameters) -> Void] = [
  standard(\.msiAcceptCycles), standard(\.msiFIFODepth), standard(\.commandFetchDepth),
  standard(\.commandDecodeCycles), standard(\.commandOperationCycles),
  standard(\.commandRetireCycles), standard(\.arbiterCycles), standard(\.arbiterWeightMSI),
  standard(\.arbiterWeightCommand), standard(\.lookupIntervalCycles),
  standard(\.deviceLookupCycles), standard(\.eventLookupCycles),
  standard(\.collectionLookupCycles), standard(\.deviceCache), standard(\.eventCache),
  standard(\.collectionCache), standard(\.translationSlots), standard(\.tableWritesInFlight),
  standard(\.memoryLatencyCycles), standard(\.memoryRequestCycles), standard(\.memoryBusBytes),
  standard(\.memoryBeatCycles), standard(\.linkFormatCycles), standard(\.linkBeats),
  standard(\.linkCredits), standard(\.linkReturnCycles), standard(\.linkHops),
  standard(\.hopCycles), standard(\.chips), standard(\.crossChipCycles),
  standard(\.lpiPerRedistributor), standard(\.lpiLookupCycles), standard(\.lpiBankCycles),
  standard(\.lpiBanks), standard(\.lpiCache), standard(\.propertyReadsInFlight),
  standard(\.pendingEntries), standard(\.pendingAccessesInFlight), standard(\.invallRefetches),
  standard(\.movallSweepsTable), standard(\.hppiSelectCycles), standard(\.downstreamCycles),
  standard(\.acceptanceCycles), standard(\.upstreamCycles),
]

/// The parameters that are not at their defaults.
private func unusual(_ timing: TimingParameters) -> String {
  zip(Mirror(reflecting: timing).children, Mirror(reflecting: TimingParameters()).children)
    .filter { "\($0.value)" != "\($1.value)" }
    .map { "\($0.0.label ?? ""): \($0.0.value)" }.joined(separator: ", ")
}

@Test(arguments: seeds(1...240))
func `the engine and one that goes through every cycle write the same log`(seed: Int) {
  let scenario = NaiveScenario.random(seed: UInt64(seed))
  guard scenario.difference() != nil else { return }
  let small = shrunk(scenario)
  Issue.record(
    """
    seed \(seed): \(small.difference() ?? "")
    \(small.itsCount) ITSs, \(small.peCount) PEs, \(small.levels) levels, stalls \(small.stalls)
    \(unusual(small.timing))
    \(small.steps.map { "\($0)" }.joined(separator: "\n"))
    """)
}

@Test func `the scenarios reach every kind of transaction, stage and end`() {
  var kinds: Set<String> = []
  for seed: UInt64 in 1...60 {
    for event in NaiveScenario.random(seed: seed).runCore().outcome.log.values.joined() {
      switch event {
      case .began(_, let kind, _, _, _, _, _): kinds.insert("kind \(kind)")
      case .spent(_, let stage, _, _): kinds.insert("\(stage)")
      case .ended(_, let end, _): kinds.insert("end \(end)")
      default: break
      }
    }
  }
  let expected =
    MSIStage.allCases.map { "\(TimingStage.msi($0))" }
    + CommandStage.allCases.map { "\(TimingStage.command($0))" }
    + TimingEnd.allCases.map { "end \($0)" }
  #expect(Set(expected).subtracting(kinds).sorted() == [])
  #expect(kinds.filter { $0.hasPrefix("kind") }.count == 9)
}

@Test func `a difference of one cycle is seen`() {
  let scenario = NaiveScenario.random(seed: 3)
  var other = scenario
  other.timing.msiAcceptCycles += 1
  let real = other.runCore()
  #expect(real.outcome != scenario.runNaive(end: real.end))
}

/// One ITS, to which few events come again and again, so that most are found cached: whether
/// somebody listens makes a difference to how they are looked up, and to nothing else.
@Test(arguments: seeds(1...40))
func `lookups that are done ahead end as those that are not`(seed: Int) {
  var random = SplitMix64(state: UInt64(seed))
  var scenario = NaiveScenario()
  scenario.peCount = 4
  scenario.timing.lookupIntervalCycles = UInt64.random(in: 0...3, using: &random)
  scenario.timing.memoryLatencyCycles = UInt64.random(in: 12...40, using: &random)
  for _ in 0..<120 {
    scenario.steps += [
      .msi(
        device: UInt32.random(in: 0..<3, using: &random),
        event: UInt32.random(in: 0..<3, using: &random), its: 0),
      .run(UInt64.random(in: 0...30, using: &random)),
      .acknowledge(Int.random(in: 0..<4, using: &random)),
    ]
    if Int.random(in: 0..<20, using: &random) == 0 {
      scenario.steps.append(.commands([[.deviceWritten(DeviceID(rawValue: 1))]]))
    }
  }
  #expect(scenario.difference() == nil)
  #expect(scenario.lookupsAhead > 0)
}
