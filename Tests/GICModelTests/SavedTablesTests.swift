// Saved tables, decoded without a machine.

import GICArch
import Testing

@testable import GICModel

private let devices: UInt64 = 0x4030_0000
private let collections: UInt64 = 0x4040_0000
private let itt: UInt64 = 0x4080_0000

@Test func `a saved image is decoded entry by entry, with address and bits`() {
  let world = World.savable(.kvm)
  world.command([mapc(3, 1), mapd(5, itt), mapti(5, 2, 8192, 3), mapti(5, 7, 8200, 9)])
  #expect(world.save() == nil)
  let tables = world.decoded()
  #expect(tables.problems.isEmpty && tables.isComplete)
  #expect(
    tables.collections == [
      .init(address: collections, raw: 0x8000_0000_0001_0003, collection: 3, target: 1),
      .init(address: collections + 8, raw: 0x8000_ffff_ffff_0009, collection: 9, target: nil),
    ])
  let device = tables.devices[0]
  #expect(tables.devices.count == 1)
  #expect(device.address == devices + 40 && device.raw == 0x8000_0000_0810_0004)
  #expect(device.device == 5 && device.itt == ITT(base: itt, eventIDBits: 5))
  #expect(
    device.events == [
      .init(
        address: itt + 16, raw: 0x0005_0000_2000_0003, event: 2, intid: 8192, collection: 3),
      .init(
        address: itt + 56, raw: 0x0000_0000_2008_0009, event: 7, intid: 8200, collection: 9),
    ])
}

@Test func `tables that are not valid hold nothing`() {
  let tables = SavedTables(
    deviceTable: GITS.BASER(raw: 0x40300207), collectionTable: GITS.BASER(raw: 0x40400200)
  ) { _ in
    Issue.record("nothing may be read")
    return nil
  }
  #expect(
    tables
      == SavedTables(
        deviceTable: GITS.BASER(raw: 0), collectionTable: GITS.BASER(raw: 0), load: { _ in nil }))
}

@Test func `the work is bounded, whatever the tables say`() {
  var looked = 0
  // Every entry is a device of 2^32 events in a table of itself.
  let tables = SavedTables(
    deviceTable: GITS.BASER(raw: 1 << 63 | devices | 0x2ff),
    collectionTable: GITS.BASER(raw: 0), eventIDBits: 32, limit: 10_000
  ) { _ in
    looked += 1
    return 0x8002_0000_0810_001f
  }
  #expect(looked <= 10_000)
  #expect(!tables.problems.isEmpty || !tables.isComplete)
  var zeros = 0
  let empty = SavedTables(
    deviceTable: GITS.BASER(raw: 1 << 63 | 1 << 62 | devices | 0x2ff),
    collectionTable: GITS.BASER(raw: 1 << 63 | collections | 0x2ff), limit: 10_000
  ) { address in
    zeros += 1
    return address < collections ? 1 << 63 | 0x4050_0000 : 0
  }
  #expect(zeros <= 10_000 && !empty.isComplete)
}
