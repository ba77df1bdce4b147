import GICArch
import Testing

@testable import GICModel

/// What a run leaves behind: enough to tell two runs apart.
private struct Outcome: Equatable {
  var cycle: UInt64
  var statistics: MachineStatistics
  var shown: [UInt32]
}

private func run(seed: UInt64) -> Outcome {
  var random = SplitMix64(state: seed)
  let pes = Int.random(in: 1...5, using: &random)
  var core = FakeCore.fake(NaiveScenario.randomTiming(&random, pes: pes), pes: pes)
  core.rules.lastDevice = 6
  core.rules.deviceLevels = Int.random(in: 1...2, using: &random)
  var shown: [UInt32] = []
  var msis: UInt64 = 0
  for _ in 0..<400 {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5:
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        core.submit(
          UInt32.random(in: 0..<8, using: &random), UInt32.random(in: 0..<16, using: &random))
        msis += 1
      }
    case 5: core.write(NaiveScenario.command(&random, pes: pes))
    case 6..<8:
      let pe = Int.random(in: 0..<pes, using: &random)
      shown.append(core.rules.offered[PEIndex(pe)]?.rawValue ?? 0)
      core.acknowledge(pe)
    default: core.run(to: core.now + UInt64.random(in: 0...300, using: &random))
    }
  }
  core.drain()
  while !core.rules.pending.isEmpty {
    for pe in 0..<pes { core.acknowledge(pe) }
    core.drain()
  }
  var statistics = MachineStatistics(clock: .timed)
  core.report(into: &statistics)

  let counters = core.counters
  #expect(counters.msisGranted == msis)
  #expect(core.ungrantedCount == 0)
  #expect(msis == counters.direct + counters.merged + counters.dropped + counters.cleared)
  #expect(core.msiLatency.count == counters.direct + counters.merged)
  #expect(core.commandLatency.count == UInt64(core.rules.retired))
  #expect(core.rules.retired == core.rules.script.count)
  #expect(core.pool.liveCount == 0)
  #expect(core.waiting.count == 0)
  #expect(core.its[0].credits == core.timing.linkCredits)
  #expect(core.its[0].slots.busyCount == 0)
  #expect(core.lpis[0].slots.busyCount == 0)
  #expect((0..<core.outstanding.count).allSatisfy { core.outstanding[$0] == 0 })
  for latency in [statistics.msiLatency, statistics.commandLatency] {
    #expect(latency?.stages.reduce(0) { $0 + $1.histogram.sum } == latency?.total.sum)
  }
  if let least = statistics.msiLatency?.total.min, counters.direct > 0, counters.merged == 0 {
    #expect(least >= core.timing.warmMSI)
  }
  return Outcome(cycle: core.now, statistics: statistics, shown: shown)
}

@Test(arguments: seeds(1...40))
func `random traffic is conserved, ends, and repeats exactly`(seed: Int) {
  let first = run(seed: UInt64(seed))
  #expect(first == run(seed: UInt64(seed)))
}

@Test func `after a reset a machine repeats what it did`() {
  var core = FakeCore.fake(pes: 4)
  func traffic() -> (UInt64, MachineStatistics) {
    for event: UInt32 in 0..<16 { core.submit(event % 3, event) }
    core.write([.deviceWritten(DeviceID(rawValue: 1))], [.synchronize(PEIndex(0))])
    core.drain()
    var statistics = MachineStatistics(clock: .timed)
    core.report(into: &statistics)
    return (core.now, statistics)
  }
  let first = traffic()
  core.submit(1, 1)  // under way when the reset comes
  core.reset()
  let fresh = FakeRules(recorder: core.recorder, peCount: 4)
  core.rules = fresh
  let second = traffic()
  #expect(first == second)
}
