import GICArch
import Testing

@testable import GICModel

// PEs as load, and what is stuck.

private let distributions: [(TimingParameters.Distribution, variance: Double)] = [
  (.constant, 0), (.uniform, 1.0 / 3), (.exponential, 1),
]

@Test(arguments: distributions)
func `handling times have their mean and spread, and repeat`(
  distribution: TimingParameters.Distribution, variance: Double
) {
  var timing = TimingParameters()
  timing.peHandlingDistribution = distribution
  var (one, other) = (PEHandling(timing), PEHandling(timing))
  let times = (0..<20_000).map { _ in one.next() }
  #expect(times == (0..<20_000).map { _ in other.next() })
  timing.peHandlingSeed = 2
  var third = PEHandling(timing)
  #expect((times == (0..<20_000).map { _ in third.next() }) == (distribution == .constant))
  let mean = Double(times.reduce(0, +)) / 20_000
  #expect(abs(mean - 500) < 12)
  let spread = times.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 20_000
  #expect(abs(spread / 250_000 - variance) < 0.05)
}

@Test func `PEs take what is shown, one at a time, and end it after their handling time`() throws {
  var timing = TimingParameters()
  timing.peHandlingCycles = 300
  let world = try TimedWorld(TimedWorld.configuration(pes: 2, timing: timing))
  world.map(devices: 0..<4, events: 4)
  let load = PELoad(world.machine)
  let start = world.now + 1_000
  for device: UInt32 in 0..<4 { for event: UInt64 in 0..<4 { world.msi(device, event, at: start) } }
  let end = load.advance(to: .max)
  #expect(load.handled == [8, 8])
  // Eight times 300 cycles on each PE, one after the other.
  #expect(end >= start + 8 * 300)
  #expect(end < start + 8 * 300 + 2_000)
  let statistics = world.machine.statistics()
  #expect(statistics.delivered == 16 && statistics.pending == 0)
  #expect(load.advance(to: end + 50) == end + 50)
}

@Test func `a machine that can go on no more says so, with the state of every unit`() {
  var core = FakeCore.fake(pes: 2)
  core.submit(1, 0)
  core.drain()
  #expect(core.deadlock == nil)
  core.acknowledge(0)
  core.drain()
  core.its[0].credits = 0  // lost: nothing in the model does this
  core.submit(1, 0)
  core.run(to: core.now + 5_000)
  #expect(core.deadlock == nil)
  core.run(to: core.now + 10_000_000)
  let deadlock = core.deadlock ?? ""
  for part in [
    "no progress since cycle", "ITS 0:", "link queue 1", "credits 0 of 4", "LPI unit 0:",
    "PE 0: idle, LPI 8256, messages on their way 1",
  ] {
    #expect(deadlock.contains(part), "\(deadlock)")
  }
  var statistics = MachineStatistics(clock: .timed)
  core.report(into: &statistics)
  #expect(statistics.deadlock == deadlock)
  core.reset()
  #expect(core.deadlock == nil)
}

@Test func `LPIs that nobody takes, and a queue that stands still, are no deadlock`() {
  var core = FakeCore.fake()
  core.rules.stallsOnError = true
  core.submit(1, 0)
  core.submit(1, 1)
  core.write([.rejected(.invDeviceUnmapped)], [])
  core.drain()
  core.run(to: core.now + 20_000_000)
  #expect(core.rules.retired == 0 && core.rules.pending.count == 2)
  #expect(core.deadlock == nil)
}
