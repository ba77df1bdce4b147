// Restores: what images are taken, what is refused and how, and what is left then.

import GICArch
import Testing

@testable import GICModel

private let devices: UInt64 = 0x4030_0000
private let collections: UInt64 = 0x4040_0000
private let itt: UInt64 = 0x4080_0000
private let ittB: UInt64 = 0x4080_0800

/// An image in RAM, and what comes of its restore in both profiles, or in KVM's and the
/// architecture's.
private struct Case: Sendable, CustomTestStringConvertible {
  var name: String
  var words: [UInt64: UInt64]
  var pages: [Int] = []
  var kvm: DeviceErrno?
  var architecture: DeviceErrno?
  /// Devices, events and collections that are mapped then.
  var mapped: [Int]
  var testDescription: String { name }

  init(
    _ name: String, _ words: [UInt64: UInt64], pages: [Int] = [], _ errno: DeviceErrno,
    architecture: DeviceErrno? = nil
  ) {
    (self.name, self.words, self.pages) = (name, words, pages)
    (kvm, self.architecture, mapped) = (errno, architecture ?? errno, [0, 0, 0])
  }
  init(_ name: String, _ words: [UInt64: UInt64], pages: [Int] = [], is mapped: [Int]) {
    (self.name, self.words, self.pages, self.mapped) = (name, words, pages, mapped)
  }
}

/// Collections 0 at PE 0 and 1 at PE 1, which most images begin with.
private let two: [UInt64: UInt64] = [
  collections: 0x8000_0000_0000_0000, collections + 8: 0x8000_0000_0001_0001,
]
/// Device 0 with 5 bits of events at ``itt``, alone.
private let one: [UInt64: UInt64] = [devices: 0x8000_0000_0810_0004]

private func image(_ parts: [UInt64: UInt64]...) -> [UInt64: UInt64] {
  parts.reduce(into: [:]) { $0.merge($1) { $1 } }
}

private let taken: [Case] = [
  Case("empty tables", [:], is: [0, 0, 0]),
  Case("collections alone", two, is: [0, 0, 2]),
  Case("105: RES0 of a CTE set", [collections: 0xfff0_0000_0001_0003], is: [0, 0, 1]),
  Case("98: an unmapped collection", [collections: 0x8000_ffff_ffff_0003], is: [0, 0, 1]),
  Case(
    "collections end at the first that is not valid",
    image(two, [collections + 24: 0x8000_0000_0001_0001]), is: [0, 0, 2]),
  Case(
    "102: next is capped: the scan goes on in steps of one",
    [devices: 0xfffe_0000_0810_0004, devices + 0x27100: 0x8000_0000_0810_0104], is: [2, 0, 0]),
  Case(
    "next 0 ends the devices",
    [devices: 0x8000_0000_0810_0004, devices + 8: 0x8000_0000_0810_0104],
    is: [1, 0, 0]),
  Case("a device far from the first", [devices + 0x7fff8: 0x8000_0000_0810_0004], is: [1, 0, 0]),
  Case(
    "next beyond the table ends a flat one",
    [devices + 0x7fff8: 0xfffe_0000_0810_0004], is: [1, 0, 0]),
  Case(
    "104: an INTID of 0 is a gap", image(two, one, [itt + 8: 0x2000_0000, itt + 240: 0x2001_0001]),
    is: [1, 1, 2]),
  Case(
    "events with gaps, and the last event",
    image(two, one, [itt + 8: 0x001e_0000_2000_0000, itt + 248: 0x2001_0001]), is: [1, 2, 2]),
  Case(
    "an event's next is capped at 65535",
    image(
      two, [devices: 0x8000_0000_0810_000f],
      [itt: 0xffff_0000_2000_0000, itt + 0x7fff8: 0x2001_0001]
    ), is: [1, 2, 2]),
  Case(
    "ITTs that overlap",
    image(
      two, [devices: 0x8002_0000_0810_0004, devices + 8: 0x8000_0000_0810_0004],
      [itt: 0x2000_0000]), is: [2, 2, 2]),
  Case(
    "103: DeviceIDs 8191, and 8 in the next page",
    [0x4050_fff8: 0x8012_0000_0810_0004, 0x4051_0040: 0x8000_0000_0810_0104],
    pages: [0, 1], is: [2, 0, 0]),
  Case(
    "103: a hole of level 1 is skipped",
    [0x4050_0018: 0xfffc_0000_0810_0004, 0x4052_0008: 0x8000_0000_0810_0104],
    pages: [0, 2], is: [2, 0, 0]),
  Case(
    "each page is scanned from its first entry",
    [0x4050_0000: 0xfffe_0000_0810_0004, 0x4051_0000: 0x8000_0000_0810_0104],
    pages: [0, 1], is: [2, 0, 0]),
  Case(
    "next 0 in a page ends all pages",
    [0x4050_0000: 0x8000_0000_0810_0004, 0x4051_0000: 0x8000_0000_0810_0104],
    pages: [0, 1], is: [1, 0, 0]),
]

private let refused: [Case] = [
  Case("105: RDBase of no PE", [collections: 0x8000_0000_0002_0000], .einval),
  Case(
    "105: an ICID twice",
    [collections: 0x8000_0000_0000_0000, collections + 8: 0x8000_0000_0001_0000],
    .eexist),
  Case(
    "a bad RDBase before a known ICID",
    [collections: 0x8000_0000_0000_0000, collections + 8: 0x8000_0000_0009_0000], .einval),
  Case("an ICID beyond the table", [collections: 0x8000_0000_0000_2000], .einval),
  Case("104: LPI 8191", image(two, one, [itt: 0x1fff_0000]), .einval),
  Case("104: INTID 1", image(two, one, [itt: 0x0001_0000]), .einval),
  Case("an INTID that the machine has not", image(two, one, [itt: 0x1_0000_0000]), .einval),
  Case("104: a collection that is not there", image(two, one, [itt: 0x2000_0002]), .einval),
  Case(
    "104: next just beyond the device's events", image(two, one, [itt: 0x0020_0000_2000_0000]),
    .einval),
  Case("104: next far beyond", image(two, one, [itt: 0xffff_0000_2000_0000]), .einval),
  Case("an ITT outside RAM", image(two, [devices: 0x8000_0000_0000_0004]), .efault),
  Case(
    "an ITT that RAM ends in",
    // 0x40ffff00 is 0x40ffff << 5 = 0x81fffe0; 32 entries fit, 64 do not.
    image(two, [devices: 0x8000_0000_081f_ffe5]), .efault),
  Case(
    "level 2 outside RAM", [devices: 0x8000_0000_0001_0000], pages: [-1], .efault),
  Case(
    "a DeviceID beyond the ITS's width",
    [devices + 64: 0x8000_0000_4050_0000, 0x4050_0000: 0x8000_0000_0810_0004], pages: [-1],
    .einval),
  Case(
    "the second device fails, the first goes too",
    image(
      two, [devices: 0x8002_0000_0810_0004, devices + 8: 0x8000_0000_0810_0104],
      [itt: 0x2000_0000, ittB: 0x1fff_0000]), .einval),
]

private func world(_ image: Case, _ profile: SavingProfile) -> World {
  let isFlat = image.pages.isEmpty
  let world = World.savable(
    profile, devices: isFlat ? World.flatDevices : World.indirectDevices)
  for page in image.pages where page >= 0 {
    world.store(devices + UInt64(page * 8), 1 << 63 | World.levelTwo(0, page: page))
  }
  for (address, word) in image.words { world.store(address, word) }
  return world
}

@Test(arguments: taken + refused, SavingProfile.allCases)
private func `an image is restored, or refused and nothing stays`(
  image: Case, profile: SavingProfile
) {
  let world = world(image, profile)
  #expect(world.restore() == (profile == .kvm ? image.kvm : image.architecture))
  #expect(world.mapped() == image.mapped, "106: after a failure nothing is mapped")
  #expect(world.isConserved)
}

/// Refused for what the machine is, which tables alone do not say.
private let unseen: Set<String> = [
  "105: RDBase of no PE", "an ICID beyond the table", "an INTID that the machine has not",
  "a DeviceID beyond the ITS's width",
]

@Test(arguments: taken + refused)
private func `an image is decoded as it is restored, and what refuses it is named`(image: Case) {
  let tables = world(image, .kvm).decoded()
  #expect(tables.isComplete)
  if image.kvm == nil {
    let events = tables.devices.reduce(0) { $0 + $1.events.count }
    #expect([tables.devices.count, events, tables.collections.count] == image.mapped)
  }
  let isSeen = image.kvm != nil && !unseen.contains(image.name)
  #expect(tables.problems.isEmpty != isSeen, "\(tables.problems)")
}

@Test func `a Size above the ITS's EventIDs: taken by KVM, refused otherwise`() {
  let size31 = Case("", image(two, [devices: 0x8000_0000_0810_001f, itt: 0x2000_0000]), .einval)
  #expect(world(size31, .kvm).restore() == nil)
  #expect(world(size31, .architecture).restore() == .einval)
  // Without an event the scan ends at the ITS's own width.
  let empty = world(Case("", image(two, [devices: 0x8000_0000_0810_001f]), .einval), .kvm)
  #expect(empty.restore() == nil && empty.mapped() == [1, 0, 2])
}

@Test func `106: over live mappings KVM refuses and loses all, else the image holds`() {
  for profile in SavingProfile.allCases {
    let world = World.savable(profile)
    world.command([mapc(0, 0), mapc(1, 1), mapd(0, itt), mapd(9, ittB), mapti(9, 0, 8192, 0)])
    world.configure(8192, 0xa1)
    world.msi(9, 0)
    for (address, word) in image(two, one) { world.store(address, word) }
    #expect(world.restore() == (profile == .kvm ? .eexist : nil))
    #expect(world.mapped() == (profile == .kvm ? [0, 0, 0] : [1, 0, 2]))
    #expect(world.isConserved)
  }
}

@Test func `107: a pending bit is taken out of RAM, and the LPI is delivered`() {
  let world = World.savable(.kvm)
  world.configure(8200, 0xa1)
  for (address, word) in image(two, one, [itt: 0x2008_0001]) { world.store(address, word) }
  world.setPendingInRAM(8200, pe: 1)
  world.setPendingInRAM(8200, pe: 0)
  #expect(world.restore() == nil)
  #expect(!world.isPendingInRAM(8200, pe: 1) && world.isPendingInRAM(8200, pe: 0))
  #expect(world.lines(1) == .irq && world.get(.iar1, pe: 1) == 8200)
  #expect(world.isConserved)
}

@Test func `LPI tables that are not there are EFAULT with KVM`() {
  let places: [(name: String, register: Int)] = [
    ("configuration", GICR.PROPBASER.offset), ("pending", GICR.PENDBASER.offset),
  ]
  for (name, register) in places {
    let world = World.savable(.kvm)
    world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
    world.write(.gicr(1), GICR.CTLR.offset, 0, size: 4)
    world.write(.gicr(1), register, 0x7000_0000 | 15)
    for (address, word) in image(two, one, [itt: 0x2008_0001]) { world.store(address, word) }
    #expect(world.restore() == .efault, "\(name)")
    #expect(world.mapped() == [0, 0, 0])
  }
}

// MARK: The work is bounded

@Test func `115: tables that lie over each other end with an error, and soon`() {
  // 65,536 devices of 65,536 events each, all in one ITT of gaps: 4 G entries, were they all read.
  let world = World.savable(.kvm)
  for device in 0..<UInt64(65536) {
    world.store(devices + device * 8, 0x8002_0000_0810_000f)
  }
  world.store(collections, 0x8000_0000_0000_0000)
  #expect(world.restore() == .einval)
  #expect(world.mapped() == [0, 0, 0])
  // The same with an event in each entry.
  for event in 0..<UInt64(65536) { world.store(itt + event * 8, 0x0001_0000_2000_0000) }
  world.store(itt + 65535 * 8, 0x2000_0000)
  #expect(world.restore() == .enomem)
  #expect(world.mapped() == [0, 0, 0])
}

@Test func `115: a restore looks at no more entries than RAM has room for, and some`() throws {
  var work = RestoreWork(steps: 2, events: 1)
  try work.step()
  try work.step()
  #expect(throws: DeviceError.self) { try work.step() }
  try work.restored()
  #expect(throws: DeviceError.self) { try work.restored() }
}

@Test(arguments: SavingProfile.allCases)
func `115: random images end in success or an errno, and leave all or nothing`(
  profile: SavingProfile
) {
  for seed in seeds(1...200) {
    var dice = Dice(seed: UInt64(seed))
    let isFlat = dice.chance(60)
    let world = World.savable(
      profile, devices: isFlat ? World.flatDevices : World.indirectDevices)
    if !isFlat {
      for page in 0..<4 where dice.chance(70) {
        let target = dice.chance(90) ? World.levelTwo(0, page: dice.roll(3)) : dice.next()
        world.store(devices + UInt64(page * 8), dice.chance(90) ? 1 << 63 | target : target)
      }
    }
    for slot in 0..<dice.roll(4) { world.store(collections + UInt64(slot * 8), cte(&dice)) }
    for _ in 0..<dice.roll(40) {
      let tables = [devices, World.levelTwo(0, page: dice.roll(3)), itt, ittB]
      let table = dice.roll(tables.count)
      let word = table < 2 ? dte(&dice) : ite(&dice)
      world.store(tables[table] + UInt64(dice.roll(32) * 8), word)
    }
    let tables = world.decoded()
    let errno = world.restore()
    if errno == nil {
      // A device of the same number again takes the place of the first.
      #expect(tables.devices.count >= world.mapped()[0], "seed \(seed)")
      #expect(tables.collections.count == world.mapped()[2], "seed \(seed)")
      #expect(tables.problems.isEmpty, "seed \(seed): \(tables.problems)")
    }
    if errno != nil { #expect(world.mapped() == [0, 0, 0], "seed \(seed)") }
    #expect(world.isConserved, "seed \(seed)")
    // Whatever it is now, it can be saved.
    if errno == nil { #expect(world.save() == nil, "seed \(seed)") }
  }
}

private func cte(_ dice: inout Dice) -> UInt64 {
  dice.chance(5) ? dice.next() : 1 << 63 | UInt64(dice.roll(3)) << 16 | UInt64(dice.roll(3))
}
private func dte(_ dice: inout Dice) -> UInt64 {
  guard !dice.chance(5) else { return dice.next() }
  let place = dice.chance(50) ? itt : ittB
  return 1 << 63 | UInt64(dice.roll(4)) << 49 | (place >> 8) << 5 | UInt64(dice.roll(32))
}
private func ite(_ dice: inout Dice) -> UInt64 {
  guard !dice.chance(5) else { return dice.next() }
  return UInt64(dice.roll(4)) << 48 | UInt64(8190 + dice.roll(40)) << 16 | UInt64(dice.roll(3))
}
