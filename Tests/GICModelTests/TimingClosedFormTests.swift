import GICArch
import Testing

@testable import GICModel

/// Parameter sets that no two terms of a closed form could be exchanged in.
private let parameterSets: [(name: String, timing: TimingParameters)] = [
  ("default", TimingParameters()),
  (
    "on-chip memory",
    {
      var timing = TimingParameters()
      timing.memoryLatencyCycles = 40
      return timing
    }()
  ),
  (
    "all different",
    {
      var timing = TimingParameters()
      timing.msiAcceptCycles = 3
      timing.arbiterCycles = 2
      timing.deviceLookupCycles = 5
      timing.eventLookupCycles = 7
      timing.collectionLookupCycles = 11
      timing.linkFormatCycles = 13
      timing.linkBeats = 17
      timing.hopCycles = 19
      timing.linkHops = 3
      timing.upstreamCycles = 59
      timing.lpiLookupCycles = 23
      timing.hppiSelectCycles = 29
      timing.downstreamCycles = 31
      timing.acceptanceCycles = 37
      timing.memoryLatencyCycles = 401  // beyond the wheel
      timing.commandDecodeCycles = 41
      timing.commandOperationCycles = 43
      timing.commandRetireCycles = 47
      timing.linkReturnCycles = 53
      return timing
    }()
  ),
]

@Test func `the default parameters give the published figures`() {
  let timing = TimingParameters()
  #expect(timing.warmMSI == 26)
  #expect(timing.coldMSI(levels: 1) == 366)
  #expect(timing.coldMSI(levels: 2) == 451)
  #expect(timing.command(reads: 0) == 93)
  #expect(timing.command(reads: 3) == 348)
  #expect(timing.command(reads: 4) == 433)
  #expect(timing.syncCommand == 104)
}

/// The cycle at which the PE is shown an LPI, with the assertion that it is not one cycle earlier.
private func presentation(_ core: inout FakeCore, of pe: Int = 0, after cycles: UInt64) -> Bool {
  let start = core.now
  core.run(to: start + cycles - 1)
  let early = core.rules.offered[PEIndex(pe)] != nil
  core.run(to: start + cycles)
  return !early && core.rules.offered[PEIndex(pe)] != nil
}

@Test(arguments: parameterSets)
func `an isolated MSI takes its closed form, cold and warm`(_: String, timing: TimingParameters) {
  for levels in 1...2 {
    var core = FakeCore.fake(timing)
    core.rules.deviceLevels = levels
    core.run(to: 1000)
    core.submit(3, 5)
    #expect(presentation(&core, after: timing.coldMSI(levels: UInt64(levels))))
    core.acknowledge(0)
    core.drain()
    core.submit(3, 5)
    #expect(presentation(&core, after: timing.warmMSI))
    #expect(core.msiLatency.count == 2)
    let latency = core.msiLatency.latency()
    #expect(latency.total.min == timing.warmMSI)
    #expect(latency.total.max == timing.coldMSI(levels: UInt64(levels)))
    #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  }
}

private let device = DeviceID(rawValue: 3)
private let event = EventID(rawValue: 5)
private let lpi = FakeRules.intid(3, 5)
private let lookups: [StageEvent] = [
  .deviceLookup(device, levels: 1), .eventLookup(device, event),
  .collectionLookup(ICID(rawValue: 1)),
]
private let commandForms: [(name: String, does: [StageEvent], coldReads: UInt64)] = [
  ("MAPD", [.deviceWritten(device)], 0),
  ("MAPC", [.collectionWritten(ICID(rawValue: 1))], 0),
  ("MAPTI", [.deviceLookup(device, levels: 1), .eventWritten(device, event)], 1),
  ("INV", lookups + [.invalidate(PEIndex(0), lpi)], 3),
  ("INT", lookups + [.set(PEIndex(0), lpi, merged: false)], 3),
  ("CLEAR", lookups + [.clear(PEIndex(0), lpi, wasPending: false)], 3),
  (
    "MOVI",
    lookups + [
      .collectionLookup(ICID(rawValue: 2)), .eventWritten(device, event),
      .move(from: PEIndex(0), to: PEIndex(0), lpi, wasPending: false),
    ], 4
  ),
  ("INVALL", [.collectionLookup(ICID(rawValue: 1)), .invalidateAll(PEIndex(0))], 1),
]

@Test(arguments: commandForms)
func `an isolated command takes its closed form`(
  _: String, does: [StageEvent], coldReads: UInt64
) {
  for (_, timing) in parameterSets {
    var core = FakeCore.fake(timing)
    core.run(to: 77)
    core.write(does)
    core.run(to: 77 + timing.command(reads: coldReads) - 1)
    #expect(core.rules.retired == 0)
    core.run(to: 77 + timing.command(reads: coldReads))
    #expect(core.rules.retired == 1)
    // Once more, from memory that the first run warmed; what it wrote it also forgot.
    core.drain()
    let writesEvent = does.contains(.eventWritten(device, event))
    let readsEvent = does.contains(.eventLookup(device, event))
    let warmReads: UInt64 = writesEvent && readsEvent ? 1 : 0
    let start = core.now
    core.write(does)
    core.run(to: start + timing.command(reads: warmReads) - 1)
    #expect(core.rules.retired == 1)
    core.run(to: start + timing.command(reads: warmReads))
    #expect(core.rules.retired == 2)
  }
}

@Test(arguments: parameterSets)
func `an isolated SYNC takes its closed form`(_: String, timing: TimingParameters) {
  var core = FakeCore.fake(timing)
  core.write([.synchronize(PEIndex(0))])
  core.run(to: timing.syncCommand - 1)
  #expect(core.rules.retired == 0)
  core.run(to: timing.syncCommand)
  #expect(core.rules.retired == 1)
  let latency = core.commandLatency.latency()
  #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  core.drain()
  #expect(core.pool.liveCount == 0)
}

@Test func `a rejected command ends after its decode and its reads`() {
  let timing = TimingParameters()
  var core = FakeCore.fake(timing)
  core.write([.deviceLookup(device, levels: 1), .rejected(.invDeviceUnmapped)])
  let expected = timing.command(reads: 1) - timing.commandOperationCycles
  core.run(to: expected - 1)
  #expect(core.rules.retired == 0)
  core.run(to: expected)
  #expect(core.rules.retired == 1)
}

@Test func `a stalled queue stands still until the guest retries`() {
  var core = FakeCore.fake()
  core.rules.stallsOnError = true
  core.write([.rejected(.invDeviceUnmapped)], [.synchronize(PEIndex(0))])
  core.drain()
  #expect(core.rules.retired == 0)
  let isIdle = core.isIdle
  #expect(isIdle)
  core.rules.script[0] = [.synchronize(PEIndex(0))]
  core.rules.stalled = false
  core.commandsChanged(0)
  core.drain()
  #expect(core.rules.retired == 2)
  #expect(core.pool.liveCount == 0)
}
