import GICArch
import Testing

@testable import GICModel

/// The shape that ``TimedCore/fake(_:its:pes:tracer:)`` has.
private func shape(_ timing: TimingParameters, its: Int = 1, pes: Int) -> TimingShape {
  var configuration = MachineConfiguration()
  configuration.timing = timing
  configuration.shape.itsBases = Array([0x0808_0000, 0x080a_0000].prefix(its))
  configuration.shape.affinities = (0..<pes).map { Affinity(rawValue: UInt32($0)) }
  return TimingShape(configuration)
}

/// MSIs of several devices in two bursts, a command that writes and one that waits.
private func traffic<Tracer>(_ core: inout TimedCore<FakeRules, Tracer>) {
  for _ in 0..<2 {
    for event: UInt32 in 0..<12 { core.submit(event % 3, event) }
    core.run(to: core.now + 1000)
  }
  core.write([.deviceWritten(DeviceID(rawValue: 1))], [.synchronize(PEIndex(0))])
  core.run(to: 5000)
}

private var narrow: TimingParameters {
  var timing = TimingParameters()
  (timing.msiFIFODepth, timing.translationSlots, timing.linkCredits) = (2, 1, 2)
  return timing
}

@Test func `what a meter measures is what the levels were, cycle by cycle`() throws {
  var traced = TracedCore.fake(narrow, pes: 2, tracer: TimingLog())
  traffic(&traced)
  let shape = shape(narrow, pes: 2)
  let meter = LevelMeter(shape)
  defer { meter.deallocate() }
  var metered = TimedCore<FakeRules, LevelMeter>.fake(narrow, pes: 2, tracer: meter)
  traffic(&metered)
  #expect(metered.now == 5000)
  var statistics = MachineStatistics(clock: .timed)
  statistics.pes = [.init(), .init()]
  meter.report(into: &statistics, at: 5000)

  for level in TimingLevel.allCases {
    for unit in 0..<shape.unitCount(level) {
      var (value, since, sum, greatest) = (shape.reset(level), 0 as UInt64, 0, 0)
      func amount() -> Int {
        level == .credits ? 2 - value : level.isState ? min(value, 1) : value
      }
      for case .level(level, unit, let next, let cycle) in traced.tracer.events {
        sum += amount() * Int(cycle - since)
        (value, since) = (next, cycle)
        greatest = max(greatest, amount())
      }
      sum += amount() * Int(5000 - since)
      if level.owner == .pe {
        #expect(statistics.pes[unit].presentingCycles == UInt64(sum))
      } else {
        let name = shape.name(level, unit)
        let queue = try #require(statistics.queues.first { $0.name == name })
        #expect(queue.occupancyCycles == UInt64(sum), "\(name)")
        #expect(queue.max == UInt64(greatest), "\(name)")
        #expect(queue.capacity == shape.capacity(level))
      }
    }
  }
  let slots = try #require(statistics.queues.first { $0.name == "its0.translation_slots" })
  #expect(slots.max == 1 && slots.occupancyCycles > 85)
  let free = try #require(statistics.events.first { $0.name == "ITS_MPFA" })
  #expect(free.gicp == 0x28 && free.count == 5000 - slots.occupancyCycles)
}

@Test func `a meter that is reset has measured nothing`() {
  let meter = LevelMeter(shape(narrow, pes: 1))
  defer { meter.deallocate() }
  var core = TimedCore<FakeRules, LevelMeter>.fake(narrow, tracer: meter)
  traffic(&core)
  meter.reset()
  var statistics = MachineStatistics(clock: .timed)
  meter.report(into: &statistics, at: 0)
  #expect(statistics.queues.allSatisfy { $0.occupancyCycles == 0 && $0.max == 0 })
}

@Test func `what crosses a memory port is counted by kind`() {
  var core = FakeCore.fake(narrow, pes: 2)
  traffic(&core)
  var statistics = MachineStatistics(clock: .timed)
  core.report(into: &statistics)
  func requests(_ name: String) -> UInt64? {
    statistics.traffic.first { $0.name == name }?.requests
  }
  // Two commands; the table reads and the posted write, by their tables; a read a property missed.
  #expect(requests("commands") == core.counters.fetches && core.counters.fetches == 2)
  let entries = ["device_entries", "event_entries", "collection_entries"]
  #expect(
    entries.reduce(0) { $0 + (requests($1) ?? 0) }
      == core.counters.tableReads + core.counters.tableWrites)
  #expect(requests("properties") == core.counters.propertyReads)
  #expect(statistics.traffic.first { $0.name == "commands" }?.bytes == 64)
  #expect(statistics.queues.contains { $0.name == "its0.memory_port" && $0.max == 1 })
}

@Test func `MSIs are counted by their devices`() throws {
  var core = FakeCore.fake(narrow, pes: 2)
  traffic(&core)
  var statistics = MachineStatistics(clock: .timed)
  core.report(into: &statistics)
  let total = try #require(statistics.msiLatency?.total)
  #expect(statistics.devices.map(\.device) == [0, 1, 2])
  #expect(statistics.devices.reduce(0) { $0 + $1.msis } == total.count && total.count > 0)
  #expect(statistics.devices.reduce(0) { $0 + $1.latencySum } == total.sum)
  #expect(statistics.devices.map(\.latencyMax).max() == total.max)
}

@Test func `the table of devices is a dictionary`() {
  var counts = DeviceCounts()
  var model: [UInt32: [UInt64]] = [:]
  var random: UInt64 = 3
  for _ in 0..<50_000 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    // A few devices often, and many now and then; 0 is a device as any other.
    let device = random >> 60 == 0 ? UInt32(random >> 30 & 0xffff) << 8 : UInt32(random >> 61)
    counts.record(device, latency: random >> 50)
    model[device, default: []].append(random >> 50)
  }
  #expect(model.count > 1000)
  let expected = model.map { device, latencies in
    MachineStatistics.Device(
      device: device, msis: UInt64(latencies.count), latencySum: latencies.reduce(0, +),
      latencyMax: latencies.max() ?? 0)
  }.sorted { $0.device < $1.device }
  #expect(counts.devices == expected)
  counts.reset()
  #expect(counts.devices.isEmpty)
}
