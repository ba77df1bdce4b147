// How often each event's LPI was acknowledged, as the decoded tables say.

import GICArch
import Testing

@testable import GICModel

/// Deliveries of device 1's events, as a dump of the tables has them.
private func delivered(_ machine: any Machine) throws -> [UInt64] {
  let dump = try #require(machine.tables(at: 0, device: DeviceID(rawValue: 1), limit: 100))
  return try #require(dump.devices.first).events.map(\.delivered)
}

/// Device 1 sends events, each of which PE 0 acknowledges at once.
private func deliver(_ events: [UInt32], in world: World, from lane: FunctionalMachine) {
  for event in events {
    world.msi(1, event)
    let intid = lane.perform(
      Access(.systemRegisterRead, source: 0, address: UInt64(SystemRegister.iar1.rawValue))
    ).value
    #expect(intid == 8192 + UInt64(event))
    world.set(.eoir1, intid)
  }
}

@Test(arguments: [Profile.Base.architecture, .kvm])
func `an event tells how often its LPI was acknowledged`(base: Profile.Base) throws {
  let world = profiled(base, mapped: 3)
  #expect(try delivered(world.machine) == [0, 0, 0])
  deliver([0, 2, 2, 0, 2], in: world, from: world.machine)
  // One that merges is delivered once, and one that is not taken yet is not delivered.
  world.msi(1, 1)
  world.msi(1, 1)
  #expect(try delivered(world.machine) == [2, 0, 3])
  #expect(world.get(.iar1) == 8193)
  #expect(try delivered(world.machine) == [2, 1, 3])
  world.command(.discard(DeviceID(rawValue: 1), EventID(rawValue: 2)))
  #expect(try delivered(world.machine) == [2, 1])
}

@Test func `what other lanes have delivered counts too`() throws {
  let world = profiled(.architecture, mapped: 3)
  let lanes = (0..<2).map { _ in world.machine.makeLane() }
  deliver([0, 1, 1], in: world, from: lanes[0])
  deliver([1, 2], in: world, from: lanes[1])
  deliver([2], in: world, from: world.machine)
  #expect(try delivered(world.machine) == [1, 3, 2])
  #expect(try delivered(lanes[1]) == [1, 3, 2], "asking changes nothing")
  #expect(world.machine.statistics().delivered == 6)
}

@Test func `on the timed clock an event tells how often it was acknowledged`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 1..<2, events: 3)
  for event in [UInt64(1), 2, 1] {
    world.msi(1, event)
    world.settle()
    #expect(world.acknowledge() == TimedWorld.intid(1, UInt32(event)).rawValue)
  }
  #expect(try delivered(world.machine) == [0, 2, 1])
  let bytes = try world.machine.snapshot()
  let other = try world.another()
  try other.restore(snapshot: bytes)
  #expect(try delivered(other) == [0, 2, 1])
  world.machine.reset()
  #expect(world.machine.core.rules.counts.deliveries[TimedWorld.intid(1, 1)] == 0)
}

@Test func `deliveries grow to the highest LPI, and add up`() {
  var counts = DeliveryCounts()
  var sum = DeliveryCounts()
  defer {
    counts.deallocate()
    sum.deallocate()
  }
  let (low, high, beyond) = (INTID(rawValue: 8192), INTID(rawValue: 60_000), INTID(rawValue: 40))
  #expect(counts[low] == 0 && counts[beyond] == 0)
  counts.count(low)
  counts.count(high)
  counts.count(high)
  #expect([counts[low], counts[high], counts[INTID(rawValue: 59_999)]] == [1, 2, 0])
  #expect(counts[beyond] == 0 && counts[INTID(rawValue: .max)] == 0)
  sum.count(low)
  sum.add(counts)
  #expect([sum[low], sum[high]] == [2, 2])
  sum.reset()
  #expect([sum[low], sum[high], counts[high]] == [0, 0, 2])
}
