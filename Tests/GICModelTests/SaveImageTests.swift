// Golden images of saved tables, REV0. The words are put together by hand, from the layout:
//
//     DTE  63 V | 62:49 next | 48:5 ITT_addr[51:8] | 4:0 Size = bits - 1
//     ITE  63:48 next | 47:16 pINTID | 15:0 ICID
//     CTE  63 V | 62:52 0 | 51:16 RDBase | 15:0 ICID
//
// An ITT at 0x40800000 has [51:8] = 0x408000, which is 0x8100000 from bit 5 on; one at 0x40800800
// has 0x408008, which is 0x8100100. With 5 bits Size is 4. `next` n is n << 49: 5 is
// 0x000a << 48, 16383 is 0x7ffe << 48. LPI 8192 is 0x2000, from bit 16 on 0x20000000.
//
// The device table lies at 0x40300000, 8 bytes a DeviceID; the collection table at 0x40400000; with
// two levels, level 2 has its page for DeviceIDs 0 through 8191 at 0x40500000, the next at
// 0x40510000, and so on.

import GICArch
import Testing

@testable import GICModel

private let devices: UInt64 = 0x4030_0000
private let collections: UInt64 = 0x4040_0000
private let ittA: UInt64 = 0x4080_0000
private let ittB: UInt64 = 0x4080_0800

/// Mappings, and all the words that a save of them writes into RAM of zeros.
private struct Image: Sendable, CustomTestStringConvertible {
  var name: String
  /// Level-2 pages that level 1 names; empty is a flat table.
  var pages: [Int] = []
  var commands: [ITSCommand]
  var words: [UInt64: UInt64]
  var testDescription: String { name }
}

private let flat: [Image] = [
  Image(name: "nothing is mapped", commands: [], words: [:]),
  Image(
    name: "85: one device: next 0",
    commands: [mapd(0, ittA)], words: [devices: 0x8000_0000_0810_0004]),
  Image(
    name: "a device that is not the first",
    commands: [mapd(5, ittA, bits: 16)], words: [devices + 0x28: 0x8000_0000_0810_000f]),
  Image(
    name: "EventIDs of one bit: Size 0",
    commands: [mapd(1, ittB, bits: 1)], words: [devices + 8: 0x8000_0000_0810_0100]),
  Image(
    name: "85: DeviceIDs 0 and 5: next 5",
    commands: [mapd(0, ittA), mapd(5, ittB)],
    words: [devices: 0x800a_0000_0810_0004, devices + 0x28: 0x8000_0000_0810_0104]),
  Image(
    name: "85: DeviceIDs 0 and 20000: next is 16383, the greatest",
    commands: [mapd(0, ittA), mapd(20000, ittB)],
    words: [devices: 0xfffe_0000_0810_0004, devices + 0x27100: 0x8000_0000_0810_0104]),
  Image(
    name: "DeviceIDs 0 and 16383: next is 16383, and exact",
    commands: [mapd(0, ittA), mapd(16383, ittB)],
    words: [devices: 0xfffe_0000_0810_0004, devices + 0x1fff8: 0x8000_0000_0810_0104]),
  Image(
    name: "DeviceIDs 0 and 16384: next is one too little",
    commands: [mapd(0, ittA), mapd(16384, ittB)],
    words: [devices: 0xfffe_0000_0810_0004, devices + 0x20000: 0x8000_0000_0810_0104]),
  Image(
    name: "devices mapped from the highest down are linked upwards",
    commands: [mapd(7, ittA), mapd(2, ittB)],
    words: [devices + 0x10: 0x800a_0000_0810_0104, devices + 0x38: 0x8000_0000_0810_0004]),
  Image(
    name: "a device mapped anew has no events",
    commands: [mapd(0, ittA), mapc(0, 0), mapti(0, 1, 8192, 0), mapd(0, ittB)],
    words: [devices: 0x8000_0000_0810_0104, collections: 0x8000_0000_0000_0000]),
  Image(
    name: "86: one event: next 0",
    commands: [mapd(0, ittA), mapc(0, 0), mapti(0, 0, 8192, 0)],
    words: [
      devices: 0x8000_0000_0810_0004, ittA: 0x0000_0000_2000_0000,
      collections: 0x8000_0000_0000_0000,
    ]),
  Image(
    name: "an event that is not the first, the last LPI, another collection",
    commands: [mapd(0, ittA), mapc(4, 1), mapti(0, 9, 65535, 4)],
    words: [
      devices: 0x8000_0000_0810_0004, ittA + 72: 0x0000_0000_ffff_0004,
      collections: 0x8000_0000_0001_0004,
    ]),
  Image(
    name: "86: EventIDs 0 and 65535: next 65535",
    commands: [
      mapd(0, ittA, bits: 16), mapc(0, 0), mapti(0, 0, 8192, 0), mapti(0, 65535, 8193, 0),
    ],
    words: [
      devices: 0x8000_0000_0810_000f, ittA: 0xffff_0000_2000_0000,
      ittA + 0x7fff8: 0x0000_0000_2001_0000, collections: 0x8000_0000_0000_0000,
    ]),
  Image(
    name: "87: events mapped in descending order are saved ascending",
    commands: [
      mapd(0, ittA), mapc(0, 0), mapti(0, 9, 8192, 0), mapti(0, 4, 8193, 0), mapti(0, 1, 8194, 0),
    ],
    words: [
      devices: 0x8000_0000_0810_0004, ittA + 8: 0x0003_0000_2002_0000,
      ittA + 32: 0x0005_0000_2001_0000, ittA + 72: 0x0000_0000_2000_0000,
      collections: 0x8000_0000_0000_0000,
    ]),
  Image(
    name: "88: collections 3 then 2: in the order of their creation",
    commands: [mapc(3, 1), mapc(2, 0)],
    words: [collections: 0x8000_0000_0001_0003, collections + 8: 0x8000_0000_0000_0002]),
  Image(
    name: "a collection that is mapped again keeps its place",
    commands: [mapc(3, 0), mapc(2, 1), mapc(3, 1)],
    words: [collections: 0x8000_0000_0001_0003, collections + 8: 0x8000_0000_0001_0002]),
  Image(
    name: "89: a collection that MAPTI named and no MAPC mapped: RDBase all ones",
    commands: [mapd(0, ittA), mapti(0, 0, 8192, 7)],
    words: [
      devices: 0x8000_0000_0810_0004, ittA: 0x0000_0000_2000_0007,
      collections: 0x8000_ffff_ffff_0007,
    ]),
  Image(
    name: "the last collection of the table",
    commands: [mapc(8191, 0)], words: [collections: 0x8000_0000_0000_1fff]),
  Image(
    name: "two devices with events, which move to another collection",
    commands: [
      mapc(0, 0), mapc(1, 1), mapd(1, ittA), mapd(2, ittB), mapti(1, 0, 8192, 0),
      mapti(2, 3, 8200, 0), .movi(2, 3, 1),
    ],
    words: [
      devices + 8: 0x8002_0000_0810_0004, devices + 0x10: 0x8000_0000_0810_0104,
      ittA: 0x0000_0000_2000_0000, ittB + 24: 0x0000_0000_2008_0001,
      collections: 0x8000_0000_0000_0000, collections + 8: 0x8000_0000_0001_0001,
    ]),
  Image(
    name: "one LPI of two events",
    commands: [mapc(0, 0), mapd(0, ittA), mapti(0, 0, 8192, 0), mapti(0, 2, 8192, 0)],
    words: [
      devices: 0x8000_0000_0810_0004, ittA: 0x0002_0000_2000_0000,
      ittA + 16: 0x0000_0000_2000_0000, collections: 0x8000_0000_0000_0000,
    ]),
]

private let indirect: [Image] = [
  Image(
    name: "90: the first device of the first page", pages: [0],
    commands: [mapd(0, ittA)], words: [0x4050_0000: 0x8000_0000_0810_0004]),
  Image(
    name: "90: next goes from page to page", pages: [0, 1],
    commands: [mapd(8191, ittA), mapd(8192, ittB)],
    words: [0x4050_fff8: 0x8002_0000_0810_0004, 0x4051_0000: 0x8000_0000_0810_0104]),
  Image(
    name: "a page that level 1 does not name lies between", pages: [0, 2],
    // 16385 - 3 is 0x3ffe, which is 0x7ffc << 48.
    commands: [mapd(3, ittA), mapd(16385, ittB)],
    words: [0x4050_0018: 0xfffc_0000_0810_0004, 0x4052_0008: 0x8000_0000_0810_0104]),
  Image(
    name: "the last device of all", pages: [7],
    commands: [mapd(65535, ittA, bits: 16)], words: [0x4057_fff8: 0x8000_0000_0810_000f]),
]

/// Level 1 names those pages; the last four of the eight lie where no other table does.
private func levelOne(_ world: World, _ pages: [Int]) {
  for page in pages {
    world.store(devices + UInt64(page * 8), 1 << 63 | World.levelTwo(0, page: page))
  }
}

private func mapped(_ image: Image, _ profile: SavingProfile) -> World {
  let world = World.savable(
    profile, devices: image.pages.isEmpty ? World.flatDevices : World.indirectDevices)
  levelOne(world, image.pages)
  world.command(image.commands)
  #expect(world.errors.isEmpty)
  return world
}

@Test(arguments: flat + indirect, SavingProfile.allCases)
private func `84: a saved image is REV0, word by word`(image: Image, profile: SavingProfile) {
  let world = mapped(image, profile)
  var errno: DeviceErrno?
  let words = world.changes { errno = world.save() }
  #expect(errno == nil)
  #expect(words == image.words)
}

@Test(arguments: flat + indirect, SavingProfile.allCases)
private func `95, 97: a saved image is read as it was written`(
  image: Image, profile: SavingProfile
) throws {
  let world = mapped(image, profile)
  let live = world.mapped()
  let other = try world.moved()
  #expect(other.mapped() == live && world.mapped() == live)
  // What the other one writes is the same, though every word was garbage.
  for address in image.words.keys { world.store(address, 0x5a5a_5a5a_5a5a_5a5a) }
  #expect(other.save() == nil)
  for (address, word) in image.words { #expect(world.load(address) == word) }
}

@Test(arguments: SavingProfile.allCases)
func `88: the list of collections ends with zeros, unless the table is full`(
  profile: SavingProfile
) {
  let world = World.savable(profile)
  world.command([mapc(3, 1), mapc(2, 0)])
  world.store(collections + 16, .max)
  world.store(collections + 24, .max)
  #expect(world.save() == nil)
  #expect(world.load(collections + 16) == 0 && world.load(collections + 24) == .max)
  for first in stride(from: 0, to: 8192, by: 1024) {
    world.command((first..<first + 1024).map { mapc(UInt16($0), 1) })
  }
  // Right behind the table, where a terminator would be.
  world.store(collections + 0x1_0000, .max)
  #expect(world.save() == nil)
  #expect(world.load(collections + 0xfff8) == 0x8000_0000_0001_1fff)
  #expect(world.load(collections + 0x1_0000) == .max)
}

@Test func `96: MAPC V=0 with live events: orphans are left out, or keep their collection`() {
  for profile in SavingProfile.allCases {
    let world = World.savable(profile)
    world.command([mapc(0, 0), mapc(1, 1), mapd(0, ittA)])
    world.command([mapti(0, 0, 8192, 0), mapti(0, 1, 8193, 1), mapc(0, nil)])
    #expect(world.save() == nil)
    let saved = [world.load(ittA), world.load(ittA + 8)]
    let list = [world.load(collections), world.load(collections + 8)]
    switch profile {
    case .kvm:
      #expect(saved == [0, 0x0000_0000_2001_0001])
      #expect(list == [0x8000_0000_0001_0001, 0])
    case .architecture:
      #expect(saved == [0x0001_0000_2000_0000, 0x0000_0000_2001_0001])
      #expect(list == [0x8000_ffff_ffff_0000, 0x8000_0000_0001_0001])
    }
  }
}

@Test(arguments: SavingProfile.allCases)
func `108: what DISCARD and MAPD V=0 took away does not come back`(profile: SavingProfile) throws {
  let world = World.savable(profile)
  world.command([mapc(0, 0), mapd(0, ittA), mapd(3, ittB)])
  world.command([mapti(0, 0, 8192, 0), mapti(0, 4, 8193, 0), mapti(3, 0, 8194, 0)])
  #expect(world.save() == nil)
  world.command([.discard(0, 4), .mapd(3, nil)])
  #expect(world.load(ittA + 32) == 0 && world.load(devices + 24) == 0)
  let other = try world.moved()
  #expect(other.mapped() == [1, 1, 1])
  #expect(world.load(ittA) == 0x2000_0000, "next is 0 now")
}

@Test(arguments: SavingProfile.allCases)
func `RDBase is the Processor_Number, not the place`(profile: SavingProfile) throws {
  let world = World.savable(profile) {
    $0.identity.processorNumbers = [4, 9].map { ProcessorNumber(rawValue: $0) }
  }
  world.command([mapc(1, 9), mapc(0, 4)])
  #expect(world.save() == nil)
  #expect(world.load(collections) == 0x8000_0000_0009_0001)
  #expect(world.load(collections + 8) == 0x8000_0000_0004_0000)
  #expect(try world.moved().mapped() == [0, 0, 2])
}

@Test(arguments: SavingProfile.allCases)
func `an ITT at the end of the address space is saved; its restore is EFAULT`(
  profile: SavingProfile
) {
  let world = World.savable(profile)
  world.command(mapd(0, 0x000f_ffff_ffff_ff00))
  #expect(world.save() == nil)
  // [51:8] is 0xfffffffffff, from bit 5 on 0x1ffffffffffe0.
  #expect(world.load(devices) == 0x8001_ffff_ffff_ffe4)
  #expect(World(over: world).restore() == nil, "no table is valid there")
  #expect(throws: DeviceError.self) { try world.moved() }
}
