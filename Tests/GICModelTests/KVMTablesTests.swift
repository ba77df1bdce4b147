// What KVM's selftest `vgic_its_tables` expects of a save and a restore, its shapes and values: a
// device table of two levels with four pages of level 2, 32,768 devices, and the lowest or highest
// event of each. Here an ITT has 32 events.

import GICArch
import Testing

@testable import GICModel

private let levelTwoPages = 4
private let deviceCount: UInt32 = 32768
private let (lowest, highest): (UInt32, UInt32) = (0, 31)
private let firstITT: UInt64 = 0x4080_0000

private struct Shape: Sendable, CustomTestStringConvertible {
  var name: String
  var devices: [UInt32]
  var event: UInt32
  var testDescription: String { name }
}
private let shapes = [
  Shape(name: "empty tables", devices: [], event: 0),
  Shape(name: "one mapping, at the beginning", devices: [0], event: lowest),
  Shape(name: "one mapping, at the end", devices: [deviceCount - 1], event: highest),
  Shape(
    name: "the lowest event of every device", devices: Array(0..<deviceCount), event: lowest),
  Shape(
    name: "the highest event of every device", devices: Array(0..<deviceCount), event: highest),
]

private func makeWorld() -> World {
  let world = World.savable(.kvm, devices: World.indirectDevices)
  for page in 0..<levelTwoPages {
    world.store(World.deviceTable(0) + UInt64(page * 8), 1 << 63 | World.levelTwo(0, page: page))
  }
  world.command(mapc(0, 0))
  return world
}

private func issue(_ world: World, _ commands: [ITSCommand]) {
  for first in stride(from: 0, to: commands.count, by: 1024) {
    world.command(Array(commands[first..<min(first + 1024, commands.count)]))
  }
  #expect(world.errors.isEmpty)
}

private func lpi(_ device: UInt32) -> UInt32 { 8192 + device }

/// Saves, resets, restores; nothing in RAM is cleared between.
private func cycle(_ world: World) {
  #expect(world.save() == nil)
  let live = world.mapped()
  #expect(world.set(.its(0), DeviceAttribute(.reset)) == nil)
  #expect(world.mapped() == [0, 0, 0])
  world.write(.gits(0), GITS.BASER.offset, World.indirectDevices)
  world.write(.gits(0), GITS.BASER.offset + 8, World.flatCollections)
  #expect(world.restore() == nil)
  #expect(world.mapped() == live)
  world.setUpQueue(0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
}

/// Whether these devices, and of all others a sample of none, deliver their event.
private func check(_ world: World, _ devices: [UInt32], event: UInt32) {
  for device in devices.enumerated().filter({ $0.offset % 97 == 0 }).map(\.element)
    + devices.suffix(1)
  {
    let outcome = world.msi(device, event)
    #expect(outcome.kind == .set && outcome.intid.rawValue == lpi(device))
    #expect(world.get(.iar1) == UInt64(lpi(device)))
    world.set(.eoir1, UInt64(lpi(device)))
  }
}

@Test(arguments: shapes)
private func `saved, reset and restored, the mappings are those that there were`(shape: Shape) {
  let world = makeWorld()
  for lpi in UInt32(8192)..<8192 + deviceCount { world.configure(INTID(rawValue: lpi), 0xa1) }
  issue(
    world,
    shape.devices.flatMap {
      [mapd($0, firstITT + UInt64($0) * 256), mapti($0, shape.event, lpi($0), 0)]
    })
  cycle(world)
  check(world, shape.devices, event: shape.event)
  // Twice is as good as once.
  cycle(world)
  check(world, shape.devices, event: shape.event)
}

/// Entries of what was unmapped since an earlier save must not come back: the bug that zeroing on
/// DISCARD and MAPD V=0 mended.
@Test(arguments: [true, false])
func `108: what an earlier save has left does not come back`(unmapsDevices: Bool) {
  let world = makeWorld()
  let devices = Array(stride(from: UInt32(0), to: deviceCount, by: 64))
  for device in devices { world.configure(INTID(rawValue: lpi(device)), 0xa1) }
  issue(
    world,
    devices.flatMap {
      [mapd($0, firstITT + UInt64($0) * 256), mapti($0, highest, lpi($0), 0)]
    })
  cycle(world)
  let (gone, left) = (devices.filter { $0 % 128 == 0 }, devices.filter { $0 % 128 != 0 })
  issue(
    world,
    gone.map {
      let device = DeviceID(rawValue: $0)
      return unmapsDevices ? .mapd(device, nil) : .discard(device, EventID(rawValue: highest))
    })
  cycle(world)
  check(world, left, event: highest)
  for device in gone {
    #expect(world.msi(device, highest).kind == (unmapsDevices ? .deviceUnmapped : .eventUnmapped))
  }
}
