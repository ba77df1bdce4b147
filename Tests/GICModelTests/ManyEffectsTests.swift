// Commands that do more at once than most: time follows all of it, and nothing is lost.

import GICArch
import Testing

@testable import GICModel

/// A timed machine of 40 PEs: each device has 32 events, one a PE, all pending and masked.
private func loaded(_ base: Profile.Base, devices: Range<UInt32> = 3..<6) throws -> TimedWorld {
  var configuration = TimedWorld.configuration(pes: 40)
  configuration.profile = Profile(base: base)
  let world = try TimedWorld(configuration)
  world.map(devices: devices, events: 32)
  // With KVM the second MAPD of the world has freed them.
  for device in devices {
    world.issue(
      (0..<32).map {
        .mapti(
          DeviceID(rawValue: device), EventID(rawValue: $0), TimedWorld.intid(device, $0),
          ICID(rawValue: UInt16($0)))
      })
  }
  world.settle()
  for pe in 0..<40 { world.set(.pmr, 0, pe: pe) }
  for device in devices { for event: UInt64 in 0..<32 { world.msi(device, event) } }
  world.settle()
  return world
}

@Test func `INVALL of every PE`() throws {
  let world = try loaded(.qemu)
  world.issue([.invall(0), .sync(RDbase(rawValue: 1))])
  world.settle()
  #expect(world.creadr(at: world.now) == world.cwriter)
  #expect(world.machine.statistics().commands["INVALL"] != nil)
}

@Test func `an unmapped device takes all that it had pending along`() throws {
  let world = try loaded(.kvm)
  let before = world.machine.statistics()
  #expect(before.pending == 96)
  world.issue([.mapd(3, nil), .mapd(4, nil), .mapd(5, nil)])
  world.settle()
  let after = world.machine.statistics()
  #expect(after.pending == 0)
  #expect(after.dropped["cleared"] == 96)
  #expect(world.creadr(at: world.now) == world.cwriter)
}

@Test func `a device table that is made invalid takes all that is pending along`() throws {
  let world = try loaded(.kvm)
  world.write(world.itsBase(0), 0, size: 4)
  world.write(world.itsBase(0) + UInt64(GITS.BASER.offset), 0)
  world.settle()
  #expect(world.machine.statistics().pending == 0)
  #expect(world.machine.statistics().dropped["cleared"] == 96)
  // Time has forgotten them too: the next ones are new.
  #expect(world.machine.statistics().accounted == world.machine.statistics().given)
}
