import GICArch
import Testing

@testable import GICModel

private let timings: [(name: String, timing: TimingParameters)] = [
  ("default", TimingParameters()),
  (
    "slower",
    {
      var timing = TimingParameters()
      timing.memoryLatencyCycles = 200
      timing.msiAcceptCycles = 5
      timing.linkBeats = 1
      timing.hopCycles = 9
      timing.linkHops = 1
      timing.commandDecodeCycles = 7
      timing.hppiSelectCycles = 6
      return timing
    }()
  ),
]
private let device = DeviceID(rawValue: 3)
private let event = EventID(rawValue: 0)

@Test(arguments: timings)
func `an isolated MSI raises the line at its closed form, cold and warm`(
  _: String, timing: TimingParameters
) throws {
  for indirect in [false, true] {
    let world = try TimedWorld(
      TimedWorld.configuration(timing: timing), indirect: indirect)
    world.map(devices: 0..<4, events: 2)
    let cold = timing.coldMSI(levels: indirect ? 2 : 1)
    for latency in [cold, timing.warmMSI] {
      let start = world.now + 1000
      world.msi(3, 0, at: start)
      let early = world.machine.advance(to: start + latency - 1, until: .lineRaised(PEIndex(0)))
      #expect(early == start + latency - 1)
      #expect(world.takeLineChanges() == [])
      let raised = world.machine.advance(to: .max, until: .lineRaised(PEIndex(0)))
      #expect(raised == start + latency)
      let changes = world.takeLineChanges()
      #expect(changes.map(\.cycle) == [start + latency])
      #expect(changes.first?.levels == .irq)
      #expect(world.acknowledge() == TimedWorld.intid(3, 0).rawValue)
      _ = world.takeLineChanges()
    }
    let latency = try #require(world.machine.statistics().msiLatency)
    #expect(latency.total.count == 2)
    #expect(latency.total.sum == cold + timing.warmMSI)
    #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  }
}

private let collection = ICID(rawValue: 1)
/// Table reads of each command when nothing it looks up is cached, and when everything is.
private let commandRows: [(name: String, command: ITSCommand, cold: UInt64, warm: UInt64)] = [
  ("MAPD", .mapd(device, TimedWorld.itt(3)), 0, 0),
  ("MAPC", .mapc(collection, RDbase(rawValue: 1)), 0, 0),
  ("MAPTI", .mapti(device, event, TimedWorld.intid(3, 0), ICID(rawValue: 0)), 1, 0),
  ("INV", .inv(device, event), 3, 0),
  ("INT", .int(device, event), 3, 0),
  ("CLEAR", .clear(device, event), 3, 0),
  ("INVALL", .invall(ICID(rawValue: 0)), 1, 0),
  ("MOVI", .movi(device, event, collection), 4, 1),  // its own write forgot the event
]

@Test(arguments: commandRows)
func `an isolated command moves CREADR at its closed form, cold and warm`(
  _: String, command: ITSCommand, cold: UInt64, warm: UInt64
) throws {
  for (_, timing) in timings {
    let world = try TimedWorld(TimedWorld.configuration(pes: 2, timing: timing))
    world.map(devices: 0..<4, events: 2)
    for reads in [cold, warm] {
      let before = world.cwriter
      let start = world.now + 500
      world.issue([command], at: start)
      let end = start + timing.command(reads: reads)
      #expect(world.creadr(at: end - 1) == before)
      #expect(world.creadr(at: end) == world.cwriter)
      world.settle()
    }
    let latency = try #require(world.machine.statistics().commandLatency)
    #expect(latency.stages.reduce(0) { $0 + $1.histogram.sum } == latency.total.sum)
  }
}

@Test(arguments: timings)
func `SYNC and DISCARD take their closed forms`(_: String, timing: TimingParameters) throws {
  let world = try TimedWorld(TimedWorld.configuration(pes: 2, timing: timing))
  world.map(devices: 0..<4, events: 2)
  for (command, cycles) in [
    (ITSCommand.sync(RDbase(rawValue: 1)), timing.syncCommand),
    (.discard(device, event), timing.command(reads: 3)),
    (.sync(RDbase(rawValue: 0)), timing.syncCommand),
  ] {
    let (before, start) = (world.cwriter, world.now + 10)
    world.issue([command], at: start)
    #expect(world.creadr(at: start + cycles - 1) == before)
    #expect(world.creadr(at: start + cycles) == world.cwriter)
    world.settle()
  }
}

@Test func `a rejected command costs its decode and reads, and stalls if the profile says so`()
  throws
{
  for policy in Profile.ErrorPolicy.allCases {
    var configuration = TimedWorld.configuration()
    configuration.profile.commandErrors = policy
    let world = try TimedWorld(configuration)
    world.map(devices: 0..<1, events: 1)
    let timing = configuration.timing
    let (before, start) = (world.cwriter, world.now)
    world.issue([.int(DeviceID(rawValue: 7), event), .sync(RDbase(rawValue: 0))], at: start)
    let end = start + timing.command(reads: 1) - timing.commandOperationCycles
    #expect(world.creadr(at: end - 1) & ~1 == before)
    let stalls = policy == .stall
    #expect(world.creadr(at: end) == (stalls ? before | 1 : before + 32))
    world.settle()
    #expect(world.creadr(at: world.now) == (stalls ? before | 1 : world.cwriter))
    #expect(world.machine.statistics().commandErrors.values.reduce(0, +) == 1)
    guard stalls else { continue }
    // Mapped after all, the command runs when the guest retries.
    let slot = TimedWorld.ramBase + UInt64(before)
    world.store(slot, QueueEntry(.sync(RDbase(rawValue: 0))).dw0)
    world.store(slot + 16, 0)
    world.write(world.itsBase(0) + UInt64(GITS.CWRITER.offset), UInt64(world.cwriter) | 1)
    world.settle()
    #expect(world.creadr(at: world.now) == world.cwriter)
  }
}

@Test func `INT is an LPI whose way begins at the link`() throws {
  let timing = TimingParameters()
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 0..<4, events: 2)
  let start = world.now
  world.issue([.int(device, event)], at: start)
  let sent = timing.command(reads: 3) - timing.commandRetireCycles
  let rest =
    timing.linkFormatCycles + timing.linkBeats + timing.lpiLookupCycles
    + timing.memoryLatencyCycles + timing.hppiSelectCycles + timing.downstreamCycles
    + timing.acceptanceCycles
  #expect(world.machine.advance(to: .max, until: .lineChange) == start + sent + rest)
  let statistics = world.machine.statistics()
  #expect(statistics.intCommands == 1)
  #expect(statistics.msiLatency?.total.count == 0)
  #expect(statistics.events.first { $0.gicp == 0x23 }?.count == 1)
}

@Test func `merged, dropped and cleared MSIs are told apart`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 0..<4, events: 2)
  world.msi(1, 0)
  world.msi(1, 0)  // merges
  world.msi(9, 0)  // not mapped
  world.msi(1, 1 << 32)  // no EventID
  world.settle()
  world.msi(2, 0)  // waits behind the one that is shown
  world.settle()
  world.issue([.clear(DeviceID(rawValue: 2), event)])
  world.settle()
  let statistics = world.machine.statistics()
  #expect(statistics.msis == 5)
  #expect(statistics.pending == 1)
  #expect(statistics.merged == 1)
  #expect(statistics.dropped == ["deviceUnmapped": 1, "eventOOR": 1, "cleared": 1])
  #expect(statistics.given == statistics.accounted)
  #expect(statistics.msiLatency?.total.count == 2)  // shown, and merged
}

@Test func `an unmapped device's MSI that is under way is translated at its grant`() throws {
  // MAPD V = 0 is granted between two MSIs: the first got through, the second is dropped.
  let world = try TimedWorld(TimedWorld.configuration())
  let timing = TimingParameters()
  world.map(devices: 0..<4, events: 2)
  let start = world.now
  world.issue([.mapd(device, nil)], at: start)
  let grant = start + timing.memoryLatencyCycles
  world.msi(3, 0, at: grant - timing.msiAcceptCycles - 1)
  world.msi(3, 1, at: grant)
  world.settle()
  let statistics = world.machine.statistics()
  #expect(statistics.pending == 1)
  #expect(statistics.dropped == ["deviceUnmapped": 1])
}

@Test func `a reset machine starts again at cycle 0 and does the same`() throws {
  func run(_ world: TimedWorld) -> MachineStatistics {
    world.map(devices: 0..<2, events: 2)
    for event: UInt64 in 0..<2 { world.msi(1, event) }
    world.settle()
    return world.machine.statistics()
  }
  let fresh = try TimedWorld(TimedWorld.configuration())
  let first = run(fresh)
  fresh.msi(1, 0)
  fresh.machine.reset()
  #expect(fresh.machine.cycle == 0)
  let after = fresh.machine.statistics()
  #expect(after.msis == 0)
  #expect(after.pending == 0)
  let second = run(try TimedWorld(TimedWorld.configuration()))
  #expect(first == second)
}

/// Where there is time, one command after the other is granted and retired; each way over the end
/// of the queue is a step of its own.
@Test func `a queue wraps at its end with time, too`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  let slots = 2048
  for batch in [slots - 1, 1, 1, slots - 1, slots / 2] {
    world.issue(Array(repeating: .sync(RDbase(rawValue: 0)), count: batch))
    world.settle()
    #expect(world.creadr(at: world.now) == world.cwriter)
  }
  #expect(world.machine.statistics().commands == ["SYNC": UInt64(2 * slots + slots / 2)])
}
