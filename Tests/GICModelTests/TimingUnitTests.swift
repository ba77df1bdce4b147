import GICArch
import Testing

@testable import GICModel

@Test func `an ingress that is full keeps MSIs waiting and loses none`() {
  var timing = TimingParameters()
  timing.msiFIFODepth = 4
  var core = FakeCore.fake(timing, pes: 8)
  core.run(to: 10)
  for event: UInt32 in 0..<64 { core.submit(1, event) }
  #expect(core.ungranted(its: 0) == 64)
  #expect(core.its[0].fifo.count == 4)
  core.drain()
  #expect(core.rules.pending.count == 64)
  #expect(core.counters.waitedOutside == 60)
  #expect(core.rules.offered.count == 8)
  // Nothing has taken any of them.
  #expect(core.waiting.count == 64)
  for _ in 0..<8 {
    for pe in 0..<8 { core.acknowledge(pe) }
    core.drain()
  }
  #expect(core.msiLatency.count == 64)
  #expect(core.waiting.count == 0)
  #expect(core.pool.liveCount == 0)
  let stages = core.msiLatency.latency().stages
  #expect(stages[MSIStage.ingressWait.rawValue].histogram.max > 0)
}

@Test func `misses of one line share one read`() {
  var core = FakeCore.fake()
  core.submit(1, 0)
  core.submit(1, 4)  // the same device and collection
  core.drain()
  // One DTE, two ITEs, one CTE.
  #expect(core.counters.tableReads == 4)
  #expect(core.its[0].deviceCache.misses == 2)
}

/// Saturating streams of which every MSI reads `misses` entries, each its own.
@Test(arguments: [(1, 1), (1, 4), (2, 4), (2, 8)])
func `translation slots bound the throughput`(misses: Int, slotCount: Int) {
  var timing = TimingParameters()
  timing.translationSlots = slotCount
  timing.deviceCache = .init(entries: misses > 1 ? 0 : 32, ways: 2)
  timing.eventCache = .init(entries: 0, ways: 2)
  timing.lpiCache = .init(entries: 1024, ways: 2)
  timing.pendingEntries = 2000
  var core = FakeCore.fake(timing, pes: 64)
  let count: UInt32 = 2000
  // Devices of their own, so that no two share a read; `misses` 1 has only one device.
  for msi in 0..<count { core.submit(misses > 1 ? msi % 997 : 1, msi % 61) }
  while core.rules.pending.count + Int(core.counters.merged) < Int(count),
    core.runCycle(through: .max) != nil
  {}
  core.drain()
  let reads = core.counters.tableReads
  let bound = reads * timing.memoryLatencyCycles / UInt64(slotCount)
  #expect(core.now >= bound)
  #expect(core.now < bound + bound / 50 + 1000)
}

@Test func `the link gives no message before its credit`() {
  var timing = TimingParameters()
  timing.linkCredits = 1
  var core = FakeCore.fake(timing, pes: 32)
  for event: UInt32 in 0..<4 { core.submit(1, event) }
  core.drain()
  for pe in 0..<4 { core.acknowledge(pe) }
  core.drain()
  let start = core.now
  for _ in 0..<20 {
    for event: UInt32 in 0..<4 { core.submit(1, event) }
    // Only the first four set; the others merge and use the link all the same.
  }
  core.drain()
  // A credit's way round: format, beats, taken, return.
  let round = timing.linkFormatCycles + timing.linkBeats + timing.linkReturnCycles
  #expect(core.now - start >= 79 * round)
  #expect(core.now - start < 80 * round + 40)
  #expect(core.its[0].credits == 1)
}

@Test func `a link with enough credits is bound by its beats`() {
  var core = FakeCore.fake(pes: 32)
  let beats = core.timing.linkBeats
  for event: UInt32 in 0..<4 { core.submit(1, event) }
  core.drain()
  let start = core.now
  for _ in 0..<100 { for event: UInt32 in 0..<4 { core.submit(1, event) } }
  core.drain()
  #expect(core.now - start >= 399 * beats)
  #expect(core.now - start < 400 * beats + 40)
  #expect(core.its[0].credits == core.timing.linkCredits)
}

@Test func `property reads are bounded, and who waits holds the bank`() {
  var timing = TimingParameters()
  timing.propertyReadsInFlight = 2
  timing.lpiCache = .init(entries: 0, ways: 2)
  timing.linkBeats = 1
  var core = FakeCore.fake(timing, pes: 32)
  for event: UInt32 in 0..<32 { core.submit(1, event) }
  core.drain()
  #expect(core.counters.propertyReads == 32)
  #expect(core.now >= 16 * timing.memoryLatencyCycles)
  #expect(core.its[0].credits == timing.linkCredits)
}

@Test func `fetches bound the command rate, and more of them lift the bound`() {
  for (depth, expected) in [(1, 85), (2, 43)] as [(Int, UInt64)] {
    var core = FakeCore.fake()
    var timing = core.timing
    timing.commandFetchDepth = depth
    core = FakeCore.fake(timing)
    let count = 200
    core.rules.script = Array(repeating: [], count: count)
    core.rules.written = count
    core.commandsChanged(0)
    core.drain()
    #expect(core.rules.retired == count)
    #expect(core.now >= UInt64(count) * timing.memoryLatencyCycles / UInt64(depth))
    #expect(core.now <= UInt64(count + 2) * expected)
    let latency = core.commandLatency.latency()
    #expect(latency.total.count == UInt64(count))
    #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  }
}

@Test(arguments: [(1, 1), (3, 1), (1, 3)])
func `the arbiter gives both classes their weight`(msi: Int, command: Int) {
  var core = FakeCore.fake()
  var timing = core.timing
  timing.arbiterWeightMSI = msi
  timing.arbiterWeightCommand = command
  core = FakeCore.fake(timing)
  // Both always ready: the arbiter alone, with the choice it makes each time.
  var grants: [Bool] = []
  for _ in 0..<(2 * (msi + command)) { grants.append(core.choose(0, msi: true, command: true)) }
  let round =
    Array(repeating: true, count: msi) + Array(repeating: false, count: command)
  #expect(grants == round + round)
}

@Test func `an MSI storm does not starve commands, nor commands MSIs`() {
  var core = FakeCore.fake(pes: 8)
  for msi: UInt32 in 0..<4000 { core.submit(1 + msi % 200, msi % 61) }
  core.write([], [], [], [])
  // Alone four commands take four fetches; beside a storm a command waits for at most one grant.
  core.run(to: 8 * core.timing.memoryLatencyCycles)
  #expect(core.rules.retired == 4)
  #expect(core.ungranted(its: 0) > 0)
  core.drain()
  #expect(core.ungranted(its: 0) == 0)
}

@Test func `SYNC waits for earlier effects on its target only`() {
  let timing = TimingParameters()
  // An INT whose property is not cached is still under way when the SYNC reaches the LPI unit.
  let lpi = FakeRules.intid(1, 0)
  func retireCycle(target: Int) -> UInt64 {
    var timing = timing
    timing.commandFetchDepth = 4  // both commands at hand
    timing.memoryLatencyCycles = 200
    var core = FakeCore.fake(timing, pes: 2)
    core.write([.set(PEIndex(0), lpi, merged: false)], [.synchronize(PEIndex(target))])
    while core.rules.retired < 2, core.runCycle(through: .max) != nil {}
    return core.now
  }
  let (same, other) = (retireCycle(target: 0), retireCycle(target: 1))
  #expect(same > other + 100)
}

@Test func `a better LPI replaces the one that is shown, and a cleared one is never shown`() {
  var core = FakeCore.fake()
  let timing = core.timing
  core.submit(1, 9)
  core.drain()
  let (better, worse) = (FakeRules.intid(1, 3), FakeRules.intid(1, 9))
  #expect(core.rules.offered[PEIndex(0)] == worse)
  core.submit(1, 3)
  core.drain()
  #expect(core.rules.offered[PEIndex(0)] == better)
  core.acknowledge(0)
  let start = core.now
  let back =
    timing.upstreamCycles + timing.hppiSelectCycles + timing.downstreamCycles
    + timing.acceptanceCycles
  core.run(to: start + back - 1)
  #expect(core.rules.offered[PEIndex(0)] == nil)
  core.run(to: start + back)
  #expect(core.rules.offered[PEIndex(0)] == worse)
  core.acknowledge(0)
  core.drain()

  // CLEAR while the LPI is on its way to the CPU interface.
  core.submit(1, 9)
  core.run(to: core.now + timing.warmMSI - 1)
  #expect(core.rules.offered[PEIndex(0)] == nil)
  core.recorder.clear()
  core.rules.script = [[.clear(PEIndex(0), worse, wasPending: true)]]
  core.rules.granted = 0
  _ = core.rules.executeCommand(0)
  core.takeEffects()
  core.drain()
  #expect(core.rules.offered[PEIndex(0)] == nil)
  #expect(core.counters.cleared == 1)
  #expect(core.pool.liveCount == 0)
}

@Test func `an INVALL keeps the LPI unit busy by its policy, and ends with that`() {
  for refetches in [false, true] {
    var timing = TimingParameters()
    timing.invallRefetches = refetches
    var core = FakeCore.fake(timing, pes: 32)
    for event: UInt32 in 0..<32 { core.submit(1, event) }
    core.drain()
    let valid = core.lpis[0].properties.validCount
    #expect(valid == 32)
    let start = core.now
    core.write([.invalidateAll(PEIndex(0))])
    core.drain()
    let held = refetches ? 8 * timing.memoryLatencyCycles : UInt64(core.lpis[0].properties.sets)
    let sent = timing.command(reads: 0) - timing.commandRetireCycles
    let looked = timing.linkFormatCycles + timing.linkBeats + timing.lpiLookupCycles
    #expect(core.now == start + sent + looked + held)
    #expect(core.lpis[0].banks[0].free == core.now)
    let left = core.lpis[0].properties.validCount
    #expect(left == (refetches ? 32 : 0))
  }
}

@Test func `a posted write waits for the one before it, and nothing waits for its answer`() {
  var timing = TimingParameters()
  timing.memoryLatencyCycles = 300
  timing.commandFetchDepth = 2
  var core = FakeCore.fake(timing)
  let mapd: [StageEvent] = [.deviceWritten(DeviceID(rawValue: 1))]
  core.write(mapd, mapd)
  let first = timing.command(reads: 0)
  core.run(to: first)
  #expect(core.rules.retired == 1)
  let secondWrite = first - timing.commandRetireCycles + timing.memoryLatencyCycles
  core.run(to: secondWrite + timing.commandRetireCycles - 1)
  #expect(core.rules.retired == 1)
  core.run(to: secondWrite + timing.commandRetireCycles)
  #expect(core.rules.retired == 2)
}

@Test func `messages that the LPI unit cannot take keep their credits`() {
  var timing = TimingParameters()
  timing.propertyReadsInFlight = 1
  timing.lpiCache = .init(entries: 0, ways: 2)
  timing.linkBeats = 1
  var core = FakeCore.fake(timing, pes: 8)
  for event: UInt32 in 0..<12 { core.submit(1, event) }
  core.drain()
  for event: UInt32 in 12..<16 { core.submit(1, event) }
  core.drain()
  while !core.rules.pending.isEmpty {
    for pe in 0..<8 { core.acknowledge(pe) }
    core.drain()
  }
  for event: UInt32 in 0..<16 { core.submit(1, event) }
  core.run(to: core.now + timing.memoryLatencyCycles)  // the first property is still being read
  #expect(core.its[0].credits == 0)
  #expect(core.lpis[0].slots.queue.count <= Int(timing.lpiLookupCycles))
  core.drain()
  #expect(core.its[0].credits == timing.linkCredits)
}

@Test func `a lookup pipeline takes one a cycle`() {
  var timing = TimingParameters()
  timing.arbiterCycles = 0
  var core = FakeCore.fake(timing, pes: 2)
  func deviceLookupSum() -> UInt64 {
    core.msiLatency.latency().stages[MSIStage.deviceLookup.rawValue].histogram.sum
  }
  for _ in 0..<2 {
    let before = deviceLookupSum()
    core.submit(1, 0)
    core.submit(1, 1)
    core.drain()
    #expect(deviceLookupSum() - before == 2 * timing.deviceLookupCycles + 1)
    core.acknowledge(0)
    core.acknowledge(1)
    core.drain()
  }
}

@Test func `who waited for a slot does not read a line that has come meanwhile`() {
  var timing = TimingParameters()
  timing.translationSlots = 1
  var core = FakeCore.fake(timing)
  core.submit(1, 0)
  core.submit(2, 0)
  core.submit(2, 4)
  core.drain()
  #expect(core.counters.tableReads == 2 + 3 + 1)  // two DTEs, three ITEs, one CTE
}

@Test func `what a command wrote is read again`() {
  var core = FakeCore.fake()
  core.submit(1, 0)
  core.drain()
  core.acknowledge(0)
  core.drain()
  let rows: [(StageEvent, UInt64)] = [
    (.eventWritten(DeviceID(rawValue: 1), EventID(rawValue: 0)), 1),
    (.eventWritten(DeviceID(rawValue: 1), EventID(rawValue: 1)), 0),
    (.collectionWritten(ICID(rawValue: 0)), 1),
    (.deviceWritten(DeviceID(rawValue: 1)), 2),  // and the event behind it
  ]
  for (write, reads) in rows {
    core.write([write])
    core.drain()
    let before = core.counters.tableReads
    core.submit(1, 0)
    core.drain()
    #expect(core.counters.tableReads - before == reads)
    core.acknowledge(0)
    core.drain()
  }
}

@Test func `an LPI that arrives while another is presented is looked at afterwards`() {
  var core = FakeCore.fake()
  core.submit(1, 8)
  core.submit(1, 0)
  core.drain()
  for event: UInt32 in [0, 8] {
    #expect(core.rules.offered[PEIndex(0)] == FakeRules.intid(1, event))
    core.acknowledge(0)
    core.drain()
  }
  // Both cached now: the second comes to the redistributor while the first is on its way.
  core.submit(1, 8)
  core.submit(1, 0)
  let start = core.now
  core.run(to: start + core.timing.warmMSI)
  #expect(core.rules.offered[PEIndex(0)] == FakeRules.intid(1, 8))
  core.drain()
  #expect(core.rules.offered[PEIndex(0)] == FakeRules.intid(1, 0))
  let presentation =
    core.timing.hppiSelectCycles + core.timing.downstreamCycles + core.timing.acceptanceCycles
  #expect(core.now == start + core.timing.warmMSI + presentation)
}
