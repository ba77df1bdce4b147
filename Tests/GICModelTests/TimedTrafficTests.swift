import GICArch
import Testing

@testable import GICModel

/// Everything that a client could see of a run.
private struct Seen: Equatable {
  var statistics: MachineStatistics
  var lineChanges: [LineChange]
  var acknowledged: [UInt32]
}

private func randomCommand(_ random: inout SplitMix64, pes: Int) -> ITSCommand {
  let device = DeviceID(rawValue: UInt32.random(in: 0..<10, using: &random))
  let event = EventID(rawValue: UInt32.random(in: 0..<34, using: &random))
  let collection = ICID(rawValue: UInt16.random(in: 0..<UInt16(pes + 1), using: &random))
  let target = RDbase(rawValue: UInt64.random(in: 0..<UInt64(pes + 1), using: &random))
  return switch Int.random(in: 0..<14, using: &random) {
  case 0: .mapd(device, Bool.random(using: &random) ? TimedWorld.itt(device.rawValue) : nil)
  case 1: .mapc(collection, Bool.random(using: &random) ? target : nil)
  case 2: .discard(device, event)
  case 3: .clear(device, event)
  case 4, 5: .int(device, event)
  case 6: .inv(device, event)
  case 7: .invall(collection)
  case 8: .movi(device, event, collection)
  case 9: .movall(from: target, to: RDbase(rawValue: 0))
  case 10, 11:
    .mapti(device, event, TimedWorld.intid(device.rawValue, event.rawValue & 31), collection)
  default: .sync(target)
  }
}

/// Few of everything, so that everything runs out.
private func randomTiming(_ random: inout SplitMix64) -> TimingParameters {
  var timing = TimingParameters()
  timing.msiFIFODepth = Int.random(in: 1...16, using: &random)
  timing.commandFetchDepth = Int.random(in: 1...4, using: &random)
  timing.linkCredits = Int.random(in: 1...4, using: &random)
  timing.translationSlots = Int.random(in: 1...4, using: &random)
  timing.lpiBanks = Int.random(in: 1...2, using: &random)
  timing.memoryLatencyCycles = UInt64.random(in: 1...300, using: &random)
  timing.eventCache = .init(entries: Int.random(in: 0...64, using: &random), ways: 2)
  timing.lpiCache = .init(entries: Int.random(in: 0...64, using: &random), ways: 2)
  return timing
}

/// Random clients on a random machine; conservation is checked all the way.
private func traffic(seed: UInt64) throws -> Seen {
  var random = SplitMix64(state: seed)
  let timing = randomTiming(&random)
  let (pes, its) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...2, using: &random))
  var configuration = TimedWorld.configuration(pes: pes, its: its, timing: timing)
  configuration.identity.directLPI = Bool.random(using: &random)
  let world = try TimedWorld(configuration)
  for n in 0..<its { world.map(devices: 0..<8, events: 8, its: n) }
  var acknowledged: [UInt32] = []
  for step in 0..<300 {
    let n = Int.random(in: 0..<its, using: &random)
    let pe = Int.random(in: 0..<pes, using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<5:
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let device = UInt32.random(in: 0..<9, using: &random)
        world.msi(device, UInt64.random(in: 0..<9, using: &random), its: n)
      }
    case 5, 6:
      let count = Int.random(in: 1...4, using: &random)
      world.issue((0..<count).map { _ in randomCommand(&random, pes: pes) }, its: n)
    case 7, 8: acknowledged.append(world.acknowledge(pe: pe))
    case 9:
      // Garbage in the queue, a configuration byte, or the direct registers.
      world.issue(entries: [QueueEntry(random.next(), random.next(), random.next())], its: n)
      world.store(
        TimedWorld.intid(UInt32.random(in: 0..<8, using: &random), 1),
        UInt8.random(in: 0...255, using: &random))
      let frame = configuration.shape.gicrBase + UInt64(pe) * configuration.shape.gicrStride
      let offset = [GICR.SETLPIR.offset, GICR.CLRLPIR.offset].randomElement(using: &random)!
      world.write(
        frame + UInt64(offset), UInt64(TimedWorld.intid(1, UInt32(step & 7)).rawValue))
    case 10:
      // The ITS and the redistributors come and go.
      let enable: UInt64 = Bool.random(using: &random) ? 1 : 0
      world.write(world.itsBase(n) + UInt64(GITS.CTLR.offset), enable, size: 4)
      let frame = configuration.shape.gicrBase + UInt64(pe) * configuration.shape.gicrStride
      world.write(frame + UInt64(GICR.CTLR.offset), 1 - enable, size: 4)
      if step % 3 == 0 { world.write(frame + UInt64(GICR.CTLR.offset), 1, size: 4) }
    default:
      let ahead = UInt64.random(in: 0...400, using: &random)
      _ = world.machine.advance(to: world.now + ahead, until: .limit)
    }
    guard step % 30 == 29 else { continue }
    let statistics = world.machine.statistics()
    #expect(statistics.given == statistics.accounted, "step \(step)")
  }
  // Everybody up again, and what can be taken is taken.
  for n in 0..<its {
    world.write(world.itsBase(n) + UInt64(GITS.CTLR.offset), 1, size: 4)
  }
  world.settle()
  for pe in 0..<pes {
    while case let intid = world.acknowledge(pe: pe), intid != INTID.spurious.rawValue {
      acknowledged.append(intid)
      world.settle()
    }
  }
  let statistics = expectEnd(of: world, its: its)
  return Seen(
    statistics: statistics, lineChanges: world.takeLineChanges(), acknowledged: acknowledged)
}

/// Nothing is lost, and the queues have been run to their end.
private func expectEnd(of world: TimedWorld, its: Int) -> MachineStatistics {
  let statistics = world.machine.statistics()
  #expect(statistics.given == statistics.accounted)
  for latency in [statistics.msiLatency, statistics.commandLatency] {
    #expect(latency?.stages.reduce(0) { $0 + $1.histogram.sum } == latency?.total.sum)
  }
  for n in 0..<its {
    let creadr = world.read(world.itsBase(n) + UInt64(GITS.CREADR.offset), at: world.now)
    #expect(creadr == world.read(world.itsBase(n) + UInt64(GITS.CWRITER.offset), at: world.now))
  }
  return statistics
}

@Test(arguments: seeds(1...16))
func `random clients lose nothing, and repeat exactly`(seed: Int) throws {
  let first = try traffic(seed: UInt64(seed))
  #expect(try first == traffic(seed: UInt64(seed)))
  #expect(first.lineChanges.map(\.cycle) == first.lineChanges.map(\.cycle).sorted())
}

@Test func `idle PEs change no cycle`() throws {
  func run(pes: Int) throws -> [UInt64] {
    var configuration = TimedWorld.configuration(pes: pes)
    configuration.shape.itsBases = [0x0a00_0000]
    let world = try TimedWorld(configuration)
    world.issue([
      .mapc(ICID(rawValue: 0), RDbase(rawValue: 0)),
      .mapd(DeviceID(rawValue: 1), TimedWorld.itt(1)),
      .mapti(
        DeviceID(rawValue: 1), EventID(rawValue: 0), TimedWorld.intid(1, 0), ICID(rawValue: 0)),
    ])
    world.store(TimedWorld.intid(1, 0), 0xa1)
    world.settle()
    for _ in 0..<3 {
      world.msi(1, 0)
      world.settle()
      world.acknowledge()
    }
    return world.takeLineChanges().map(\.cycle)
  }
  let few = try run(pes: 1)
  #expect(few.count == 6)
  #expect(try run(pes: 30) == few)
}

/// Saturated by MSIs that miss `misses` tables each, the ITS is bound by its slots.
@Test(arguments: [(1, 4), (1, 2), (2, 4)])
func `the throughput of MSIs stays under the slots' bound, and comes close`(
  misses: Int, slots: Int
) throws {
  var timing = TimingParameters()
  timing.translationSlots = slots
  timing.eventCache = .init(entries: 0, ways: 1)
  if misses > 1 { timing.deviceCache = .init(entries: 0, ways: 1) }
  timing.lpiCache = .init(entries: 1024, ways: 2)
  let world = try TimedWorld(TimedWorld.configuration(pes: 4, timing: timing))
  world.map(devices: 0..<31, events: 4)
  func burst(_ count: Int) -> (cycles: UInt64, reads: UInt64) {
    func reads() -> UInt64 {
      world.machine.statistics().events.first { $0.name == "TABLE_READ" }?.count ?? 0
    }
    let (start, before) = (world.now, reads())
    for msi in 0..<count { world.msi(UInt32(msi % 31), UInt64(msi / 31 % 4)) }
    return (world.settle() - start, reads() - before)
  }
  _ = burst(200)  // what can be cached is
  let (cycles, reads) = burst(3000)
  #expect(reads == UInt64(misses * 3000))
  let bound = reads * timing.memoryLatencyCycles / UInt64(slots)
  #expect(cycles >= bound)
  #expect(Double(cycles) <= Double(bound) / 0.98 + Double(timing.warmMSI))
}
