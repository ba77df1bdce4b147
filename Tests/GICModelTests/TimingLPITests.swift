import GICArch
import Testing

@testable import GICModel

// The LPI units: what they hold, whom they serve, and messages of two sides.

@Test func `an LPI beyond what the unit holds is written to its table, and read when chosen`() {
  var timing = TimingParameters()
  timing.pendingEntries = 2
  var core = FakeCore.fake(timing)
  // The better they are the later they come, so that each replaces the one before it.
  for event: UInt32 in [5, 4, 3, 2] {
    core.submit(1, event)
    core.drain()
  }
  #expect(core.lpis[0].store.count == 2)
  #expect(core.counters.pendingWrites == 2)
  #expect(core.counters.pendingReads == 0)
  #expect(core.counters.released == 3)
  let choice = timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
  // 2 and 3 are held; 4 and 5 are in the table.
  for (event, reads) in [(3, 0), (4, 1), (5, 1)] as [(UInt32, UInt64)] {
    core.acknowledge(0)
    let back = timing.upstreamCycles + reads * timing.memoryLatencyCycles + choice
    let start = core.now
    core.run(to: start + back - 1)
    #expect(core.rules.offered[PEIndex(0)] == nil)
    core.run(to: start + back)
    #expect(core.rules.offered[PEIndex(0)] == FakeRules.intid(1, event))
    core.drain()
  }
  core.acknowledge(0)
  core.drain()
  #expect(core.counters.pendingReads == 2)
  #expect(core.lpis[0].store.count == 0)
  #expect(core.waiting.count == 0 && core.pool.liveCount == 0)
}

@Test func `spills are bound by the accesses in flight, and hold the banks back`() {
  for inFlight: UInt64 in [1, 3] {
    var timing = TimingParameters()
    timing.pendingEntries = 8
    timing.pendingAccessesInFlight = Int(inFlight)
    timing.translationSlots = 64
    timing.lpiCache = .init(entries: 1024, ways: 1)
    var core = FakeCore.fake(timing)
    // All translations and properties are warmed; nothing is left pending.
    for _ in 0..<2 {
      for event: UInt32 in 0..<60 { core.submit(1, event) }
      core.drain()
      while !core.rules.pending.isEmpty {
        core.acknowledge(0)
        core.drain()
      }
    }
    let (start, before) = (core.now, core.counters.pendingWrites)
    for event: UInt32 in 0..<60 { core.submit(1, event) }
    core.drain()
    let writes = core.counters.pendingWrites - before
    #expect(writes >= 50)
    let bound = writes * timing.memoryLatencyCycles / inFlight
    #expect(core.now - start >= bound)
    #expect(core.now - start < bound + bound / 20 + 400)
  }
}

@Test func `MOVI tells the target when the source has answered`() {
  let timing = TimingParameters()
  var core = FakeCore.fake(timing, pes: 2)
  let lpi = FakeRules.intid(1, 0)
  core.submit(1, 0)
  core.drain()
  #expect(core.rules.offered[PEIndex(0)] == lpi)
  let start = core.now
  core.write([.move(from: PEIndex(0), to: PEIndex(1), lpi, wasPending: true)])
  // The source has it no more from the grant on; it is not at the target yet.
  core.run(to: start + timing.memoryLatencyCycles)
  #expect(core.rules.pending.map(\.pe) == [PEIndex(1)])
  #expect(core.rules.arrived.isEmpty)
  let sent = timing.command(reads: 0) - timing.commandRetireCycles
  let message =
    timing.linkFormatCycles + timing.linkBeats + timing.lpiLookupCycles
  let choice = timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
  let shown = start + sent + message + timing.linkReturnCycles + message + choice
  core.run(to: shown - 1)
  #expect(core.rules.offered[PEIndex(1)] == nil)
  core.run(to: shown)
  #expect(core.rules.offered[PEIndex(1)] == lpi)
  core.drain()
  #expect(core.rules.offered[PEIndex(0)] == nil)
  #expect(core.counters.cleared == 0)  // the MSI itself had been shown
  core.acknowledge(1)
  core.drain()
  #expect(core.pool.liveCount == 0 && core.waiting.count == 0)
}

@Test func `SYNC waits for both messages of a MOVI`() {
  var timing = TimingParameters()
  timing.commandFetchDepth = 4
  timing.linkReturnCycles = 500
  func retired(after wasPending: Bool, target: Int) -> UInt64 {
    var core = FakeCore.fake(timing, pes: 2)
    let lpi = FakeRules.intid(1, 0)
    core.submit(1, 0)
    core.drain()
    let start = core.now
    core.write(
      [
        .move(
          from: PEIndex(0), to: PEIndex(1), wasPending ? lpi : FakeRules.intid(2, 0),
          wasPending: wasPending)
      ],
      [.synchronize(PEIndex(target))])
    while core.rules.retired < 2, core.runCycle(through: .max) != nil {}
    return core.now - start
  }
  // The second message begins when the first one's answer is back; the source's SYNC sees neither.
  #expect(retired(after: true, target: 1) > retired(after: true, target: 0) + 450)
  #expect(retired(after: false, target: 1) == retired(after: false, target: 0))
}

@Test func `MOVALL drains the source, then fills the target, and all of it is there then`() {
  for sweeps in [false, true] {
    var timing = TimingParameters()
    timing.movallSweepsTable = sweeps
    var core = FakeCore.fake(timing, pes: 2)
    for event: UInt32 in 0..<8 { core.submit(1, event * 2) }  // all at PE 0
    core.drain()
    let count = core.rules.pending.count
    #expect(count == 8)
    let start = core.now
    core.write([.moveAll(from: PEIndex(0), to: PEIndex(1), count: count)])
    let sent = timing.command(reads: 0) - timing.commandRetireCycles
    let message = timing.linkFormatCycles + timing.linkBeats + timing.lpiLookupCycles
    // 8 KiB in parts of 32 bytes, three at a time.
    let sweep = sweeps ? (256 + 2) / 3 * timing.memoryLatencyCycles : 0
    let drain = UInt64(count) * timing.lpiBankCycles
    let there =
      start + sent + message + drain + sweep + timing.linkReturnCycles + message + drain
    core.run(to: there - 1)
    #expect(core.rules.arrived.isEmpty)
    core.run(to: there)
    #expect(core.rules.arrived.count == count)
    core.drain()
    // They lie in the target's table, so that the first is read before it is shown.
    #expect(core.rules.offered[PEIndex(1)] == FakeRules.intid(1, 0))
    let choice = timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
    #expect(core.now == there + timing.memoryLatencyCycles + choice)
    #expect(core.rules.offered[PEIndex(0)] == nil)
    #expect(core.outstanding[0] == 0 && core.outstanding[1] == 0)
  }
}

@Test func `a MOVALL from a PE to itself loses nothing that is on its way`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 0..<2, events: 2)
  let target = RDbase(rawValue: 0)
  world.issue([
    .int(DeviceID(rawValue: 1), EventID(rawValue: 0)), .movall(from: target, to: target),
  ])
  world.settle()
  #expect(world.acknowledge() == TimedWorld.intid(1, 0).rawValue)
}

@Test func `INV ends with the property's read if the LPI is pending, however it came to be`() {
  let timing = TimingParameters()
  func sync(pending: Bool) -> UInt64 {
    var timing = timing
    timing.commandFetchDepth = 4
    var core = FakeCore.fake(timing)
    let lpi = FakeRules.intid(1, 0)
    if pending {
      // Not by an MSI: nobody has a transaction for it.
      core.rules.pending.insert(.init(pe: PEIndex(0), intid: lpi))
    }
    core.write([.invalidate(PEIndex(0), lpi)], [.synchronize(PEIndex(0))])
    while core.rules.retired < 2, core.runCycle(through: .max) != nil {}
    #expect(core.counters.propertyReads == (pending ? 1 : 0))
    return core.now
  }
  // The SYNC's own message comes some cycles behind the INV's.
  #expect(sync(pending: true) > sync(pending: false) + timing.memoryLatencyCycles - 20)
}

@Test func `SYNC after INVALL waits until the unit has forgotten`() {
  var timing = TimingParameters()
  timing.lpiCache = .init(entries: 1024, ways: 1)
  timing.commandFetchDepth = 4
  var core = FakeCore.fake(timing)
  core.write([.invalidateAll(PEIndex(0))], [.synchronize(PEIndex(0))])
  while core.rules.retired < 2, core.runCycle(through: .max) != nil {}
  #expect(core.now > 1024 + timing.syncCommand)
  #expect(core.now < 1024 + timing.syncCommand + 40)
}

@Test(arguments: [1, 2, 4])
func `banks serve in parallel what falls to different ones`(banks: Int) {
  var timing = TimingParameters()
  timing.lpiBanks = banks
  timing.lpiBankCycles = 20
  timing.linkBeats = 1
  timing.linkCredits = 64
  timing.msiFIFODepth = 64
  var core = FakeCore.fake(timing)
  for event: UInt32 in 0..<16 { core.submit(1, event) }
  core.drain()
  let start = core.now
  for _ in 0..<10 { for event: UInt32 in 0..<16 { core.submit(1, event) } }  // all merge
  core.drain()
  let bound = UInt64(160 / banks - 1) * 20
  #expect(core.now - start >= bound)
  #expect(core.now - start < bound + 60)
}

@Test func `a unit for each redistributor keeps PEs apart, and a shared one does not`() {
  for isOwn in [false, true] {
    var timing = TimingParameters()
    timing.lpiPerRedistributor = isOwn
    timing.lpiCache = .init(entries: 64, ways: 1)
    timing.lpiBankCycles = 10
    var core = FakeCore.fake(timing, pes: 4)
    let unitCount = core.lpis.count
    #expect(unitCount == (isOwn ? 4 : 1))
    for event: UInt32 in 0..<4 { core.submit(1, event) }
    core.drain()
    for pe in 0..<4 { core.acknowledge(pe) }
    core.drain()
    core.write([.invalidateAll(PEIndex(0))])
    core.run(to: core.now + timing.command(reads: 0) + 20)
    // PE 1's LPI comes while PE 0's unit forgets 64 sets.
    let start = core.now
    core.submit(1, 1)
    while core.rules.offered[PEIndex(1)] == nil, core.runCycle(through: .max) != nil {}
    let latency = core.now - start
    #expect(isOwn ? latency == timing.warmMSI : latency > timing.warmMSI + 500)
    core.drain()
    #expect(core.lpis.count == unitCount)
  }
}

@Test func `what goes to another chip takes that much longer, there and back`() {
  var timing = TimingParameters()
  timing.chips = 2
  timing.linkHops = 1
  let far = timing.crossChipCycles
  for (pe, its) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
    var core = FakeCore.fake(timing, its: 2, pes: 2)
    let delta = pe == its ? 0 : far
    for latency in [timing.coldMSI(levels: 1), timing.warmMSI] {
      let start = core.now
      core.submit(1, UInt32(pe), its: its)
      core.run(to: start + latency + delta - 1)
      #expect(core.rules.offered[PEIndex(pe)] == nil)
      core.run(to: start + latency + delta)
      #expect(core.rules.offered[PEIndex(pe)] == FakeRules.intid(1, UInt32(pe)))
      core.acknowledge(pe)
      core.drain()
    }
    guard its == 0 else { continue }
    let start = core.now
    core.write([.synchronize(PEIndex(pe))])
    core.run(to: start + timing.syncCommand + 2 * delta - 1)
    #expect(core.rules.retired == 0)
    core.run(to: start + timing.syncCommand + 2 * delta)
    #expect(core.rules.retired == 1)
  }
}

@Test func `the time that a rejected command stands is a stage of its own`() {
  var core = FakeCore.fake()
  let timing = core.timing
  core.rules.stallsOnError = true
  core.write([.deviceLookup(DeviceID(rawValue: 1), levels: 1), .rejected(.invDeviceUnmapped)])
  core.drain()
  let stalledAt = core.now
  #expect(
    stalledAt
      == timing.command(reads: 1) - timing.commandOperationCycles - timing.commandRetireCycles)
  #expect(core.commandLatency.count == 0)
  core.run(to: 5000)
  core.rules.script[0] = [.deviceWritten(DeviceID(rawValue: 1))]
  core.rules.stalled = false
  core.commandsChanged(0)
  core.drain()
  let latency = core.commandLatency.latency()
  let stall = latency.stages[CommandStage.stall.rawValue]
  #expect(stall.name == "stall" && stall.histogram.sum == 5000 - stalledAt)
  #expect(latency.total.sum == 5000 + timing.command(reads: 0))
  #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  #expect(core.pool.liveCount == 0)
}

@Test func `a rejected command that the guest throws away leaves nothing behind`() {
  var core = FakeCore.fake()
  core.rules.stallsOnError = true
  core.write([.rejected(.invDeviceUnmapped)])
  core.drain()
  core.rules.stalled = false
  core.rules.written = 0
  core.commandsChanged(0)
  core.drain()
  #expect(core.pool.liveCount == 0 && core.commandLatency.count == 0)
}
