// Snapshots of a whole machine: what goes on afterwards, and what is refused.

import GICArch
import Testing

@testable import GICModel

/// A machine in the middle of everything, in either profile.
private func busy(_ base: Profile.Base, seed: UInt64 = 1) -> World {
  var configuration = World.configuration(pes: 3, its: 2)
  configuration.profile = Profile(base: base)
  let world = World.booted(configuration)
  for n in 0..<2 {
    world.command(
      [
        world.mapd(1, itt: 1, its: n), world.mapd(2, itt: 2, its: n), mapti(1, 0, 8192, 0),
        mapti(1, 1, 8193, 1), mapti(2, 7, 8300, 2), .mapti(2, 8, 8192, 1), .int(9, 9),
      ], its: n)
  }
  for lpi: INTID in [8192, 8193, 8300] { world.configure(lpi, 0xa1) }
  world.command([.inv(1, 0), .inv(1, 1), .inv(2, 7)])
  for pe in 0..<3 {
    world.write(.sgi(pe), GICR.SGI.IGROUPR0.offset, 0xffff_fff0, size: 4)
    world.write(.sgi(pe), GICR.SGI.ISENABLER0.offset, 0x0800_00ff, size: 4)
  }
  world.write(.gicd, GICD.IGROUPR.offset(of: 1), 0xffff_ffff, size: 4)
  world.write(.gicd, GICD.ISENABLER.offset(of: 1), 0xff, size: 4)
  world.write(.gicd, GICD.IROUTER.offset(of: 33), 1)
  step(world, seed: seed, count: 200)
  return world
}

/// Something of everything that a machine can be asked; what it answered is the story.
@discardableResult
private func step(_ world: World, seed: UInt64, count: Int) -> [String] {
  var dice = Dice(seed: seed)
  var story: [String] = []
  for _ in 0..<count {
    let pe = dice.roll(3)
    switch dice.roll(10) {
    case 0...3:
      story.append(
        "\(world.msi(UInt32(1 + dice.roll(2)), UInt32(dice.roll(9)), its: dice.roll(2)))")
    case 4: story.append("\(world.get(.iar1, pe: pe))")
    case 5: world.set(.eoir1, UInt64([8192, 8193, 8300, 1, 27, 33][dice.roll(6)]), pe: pe)
    case 6: world.set(.pmr, UInt64(dice.roll(32) * 8), pe: pe)
    case 7: world.input(dice.chance(50) ? 27 : 33, dice.chance(50), pe: pe)
    case 8: world.set(.sgi1r, UInt64(1 << dice.roll(3)) | UInt64(dice.roll(8)) << 24, pe: pe)
    default:
      let command: ITSCommand = [
        .discard(1, 1), mapti(1, 1, 8193, 1), .movi(1, 0, ICID(rawValue: UInt16(pe))), .clear(2, 7),
        .int(1, 0), .mapc(1, nil), .mapc(1, 2), .inv(5, 5),
      ][dice.roll(8)]
      world.command(command, its: dice.roll(2))
    }
    story += world.lineChanges().map { "\($0)" }
  }
  story.append("\(world.machine.events(from: 0, limit: 10_000))")
  for pe in 0..<3 { story.append("\(world.machine.registers(of: PEIndex(pe)) ?? [])") }
  return story
}

@Test(arguments: Profile.Base.allCases)
func `a machine goes on from its snapshot as if nothing had been`(base: Profile.Base) throws {
  for seed in UInt64(1)...8 {
    let world = busy(base, seed: seed)
    let bytes = try world.machine.snapshot()
    #expect(try world.machine.snapshot() == bytes, "taking one changes nothing")
    // The other one begins with the RAM as it was then.
    let other = busy(base, seed: seed)
    other.machine.reset()
    try other.machine.restore(snapshot: bytes)
    #expect(try other.machine.snapshot() == bytes)
    let stories = [world, other].map { step($0, seed: seed + 100, count: 300) }
    let first = zip(stories[0], stories[1]).first { $0 != $1 }
    #expect(first == nil && stories[0].count == stories[1].count)
    #expect(world.machine.statistics() == other.machine.statistics())
  }
}

@Test func `a snapshot into a machine that was never used`() throws {
  let world = busy(.kvm)
  let bytes = try world.machine.snapshot()
  let other = World(over: world)
  try other.machine.restore(snapshot: bytes)
  #expect(other.mapped() == world.mapped())
  #expect(try other.machine.snapshot() == bytes)
}

@Test func `any flipped bit is refused, and any cut`() throws {
  let world = World(World.configuration(pes: 1))
  let bytes = try world.machine.snapshot()
  #expect(bytes.count < 40_000)
  var dice = Dice(seed: 3)
  for _ in 0..<400 {
    var bad = bytes
    bad[dice.roll(bytes.count)] ^= 1 << UInt8(dice.roll(8))
    #expect(throws: SnapshotError.self) { try world.machine.restore(snapshot: bad) }
  }
  for count in [0, 7, 8, 23, 24, bytes.count / 2, bytes.count - 1] {
    let cut = Array(bytes.prefix(count))
    #expect(throws: SnapshotError.self) { try world.machine.restore(snapshot: cut) }
  }
  try world.machine.restore(snapshot: bytes)
}

@Test func `another version, another configuration, another file: each says what is wrong`() throws
{
  let world = World(World.configuration(pes: 1))
  let bytes = try world.machine.snapshot()
  var other = Array(bytes.dropLast(8))
  other[8] = 0
  other += (0..<8).map { UInt8(truncatingIfNeeded: CRC64.checksum(other) >> UInt64($0 * 8)) }
  #expect(throws: SnapshotError.version(0, known: 1)) { try world.machine.restore(snapshot: other) }
  #expect(throws: SnapshotError.notASnapshot) {
    try world.machine.restore(snapshot: Array("GIF89a, and some more bytes of it".utf8))
  }
  let wider = World(World.configuration(pes: 2))
  let error = try #require(throws: SnapshotError.self) {
    try wider.machine.restore(snapshot: bytes)
  }
  guard case .configuration = error else { return #expect(Bool(false), "\(error)") }
  #expect("\(error)".contains("another configuration"))
}

@Test func `fields that no machine has are refused, whatever the checksum`() throws {
  let world = busy(.kvm)
  let bytes = try world.machine.snapshot()
  let other = World(over: world)
  var dice = Dice(seed: 11)
  var refused = 0
  for _ in 0..<150 {
    var bad = Array(bytes.dropLast(8))
    for _ in 0..<1 + dice.roll(3) {
      bad[16 + dice.roll(bad.count - 16)] = UInt8(truncatingIfNeeded: dice.next())
    }
    bad += (0..<8).map { UInt8(truncatingIfNeeded: CRC64.checksum(bad) >> UInt64($0 * 8)) }
    do throws(SnapshotError) { try other.machine.restore(snapshot: bad) } catch { refused += 1 }
    // Whatever it became, it can be used.
    _ = other.msi(1, 0)
    _ = other.get(.iar1)
    other.ring()
  }
  #expect(refused > 50)
}

@Test(arguments: [8193, 65_535, 70_000, 0xffff_ffff] as [INTID])
func `an LPI that is shown must be pending`(intid: INTID) throws {
  let world = World.booted()
  world.mapLPIs([0xa1])
  world.machine.engine.pes[0].show(intid, 0)
  let bytes = try world.machine.snapshot()
  let other = World(over: world)
  #expect(throws: SnapshotError.self) { try other.machine.restore(snapshot: bytes) }
  _ = other.get(.iar1)
}

@Test(arguments: [(1, 0), (5, 3), (5000, 0)] as [(UInt64, UInt64)])
func `a log has the events that its numbers say`(next: UInt64, first: UInt64) throws {
  var written = Archive()
  var (next, first, none) = (next, first, [UInt64]())
  try written.field("next", &next)
  try written.field("first", &first)
  try written.field("events", &none)
  var log = EventLog()
  defer { log.deallocate() }
  #expect(throws: SnapshotError.self) {
    var read = Archive(written.bytes)
    try log.archive(&read)
  }
  #expect(log.batch(from: 0, limit: 10).events.isEmpty)
}

@Test func `the checksum is CRC-64/XZ`() {
  #expect(CRC64.checksum(Array("123456789".utf8)) == 0x995d_c9bb_df19_39fa)
  #expect(CRC64.checksum([]) == 0)
}

private let wordLists: [[UInt64]] = [
  [], [0], [5], [0, 0, 0], [1, 0, 2], [0, 1, 0, 0, 7, 7, 0], Array(repeating: 0, count: 1000) + [9],
]
@Test(arguments: wordLists)
func `words come back, and zeros cost nothing`(words: [UInt64]) throws {
  var archive = Archive()
  var copy = words
  try archive.field("words", &copy)
  #expect(archive.bytes.count <= 40 + 24 * words.count { $0 != 0 } + 16)
  var reader = Archive(archive.bytes)
  var back: [UInt64] = [1, 2, 3]
  try reader.field("words", &back)
  #expect(back == words && reader.isAtEnd)
  var wrong = Archive(archive.bytes)
  #expect(throws: SnapshotError.self) { try wrong.field("other", &back) }
}
