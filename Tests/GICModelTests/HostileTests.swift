import Foundation
import GICArch
import GICModel
import Testing

/// Addresses that a hostile guest would try: RAM, its ends, frames, nothing, the end of everything.
private func address(_ dice: inout Dice) -> UInt64 {
  let end = World.ramBase + UInt64(World.ramByteCount)
  switch dice.roll(6) {
  case 0: return World.ramBase + UInt64(dice.roll(World.ramByteCount))
  case 1: return end - UInt64(dice.roll(0x2_0000))
  case 2: return dice.pick([0, 0x0800_0000, 0x0a00_0000, 0x1000_0000])
  case 3: return .max - UInt64(dice.roll(0x2_0000))
  case 4: return World.queue(0) + UInt64(dice.roll(0x1_0000))
  default: return dice.next()
  }
}

private func word(_ dice: inout Dice) -> UInt64 {
  switch dice.roll(4) {
  case 0: dice.next()
  case 1: address(&dice)
  case 2: dice.pick([0, 1, .max, 1 << 63, 1 << 62 | 1 << 63])
  default: 1 << 63 | dice.next() >> 12 & ~0x3ff | UInt64(dice.roll(1024))
  }
}

/// A command with a known opcode, mostly, and anything behind it.
private func entry(_ dice: inout Dice) -> QueueEntry {
  let opcodes: [UInt64] = [1, 3, 4, 5, 8, 8, 9, 9, 10, 10, 10, 11, 12, 13, 14, 15]
  let opcode = dice.chance(90) ? dice.pick(opcodes) : dice.next() & 0xff
  let device: UInt64 = dice.chance(80) ? UInt64(dice.roll(4)) : dice.next() >> 32
  let event: UInt64 = dice.chance(80) ? UInt64(dice.roll(8)) : dice.next() >> 32
  let intid: UInt64 = dice.chance(80) ? 8192 + UInt64(dice.roll(64)) : dice.next() >> 32
  let target = UInt64(dice.roll(4)) << 16
  return QueueEntry(
    opcode | device << 32, event | intid << 32,
    dice.chance(60) ? 1 << 63 | target | UInt64(dice.roll(4)) : word(&dice),
    dice.chance(60) ? target : dice.next())
}

/// Random commands and random accesses, each, of all cases together. `make hostile` asks for more.
private let total =
  ProcessInfo.processInfo.environment["ITSD_COMMANDS"].flatMap { Int($0) } ?? 60_000
private let cases = Profile.Base.allCases.count * 4

/// Tables and LPI tables of a machine with three PEs: anywhere, over each other, over the queue.
private func scatterTables(_ world: World, _ dice: inout Dice) {
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  for index in 0..<2 { world.write(.gits(0), 0x100 + 8 * index, 1 << 63 | word(&dice)) }
  for pe in 0..<3 {
    world.write(.gicr(pe), 0, 0, size: 4)
    world.write(.gicr(pe), GICR.PROPBASER.offset, word(&dice) & ~0x1f | 15)
    world.write(.gicr(pe), GICR.PENDBASER.offset, word(&dice))
    world.write(.gicr(pe), 0, 1, size: 4)
  }
}

/// A queue anywhere, over tables, frames or nothing, up to the end of all addresses.
/// What is found there is not counted as a command.
private func scatterQueue(_ world: World, _ dice: inout Dice) {
  let place = address(&dice) & 0x000f_ffff_ffff_f000
  let pages = dice.chance(90) ? dice.roll(4) : dice.roll(256)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | place | UInt64(pages))
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  let cwriter = dice.roll((pages + 1) * 128) * 32
  world.write(.gits(0), GITS.CWRITER.offset, UInt64(cwriter))
  let creadr = world.read(.gits(0), GITS.CREADR.offset)
  #expect(creadr == UInt64(cwriter) || creadr & 1 == 1)
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.setUpQueue(0)
}

@Test(arguments: Profile.Base.allCases, [1, 2, 3, 4] as [UInt64])
func `hostile commands never hold the queue or trap`(base: Profile.Base, seed: UInt64) {
  var dice = Dice(seed: seed)
  var configuration = World.configuration(pes: 3)
  configuration.profile = Profile(base: base)
  // QEMU stalls where a table is not in RAM: then the queue stands, and says so.
  let mayStall = configuration.profile.tableFaults == .stall
  let world = World.booted(configuration)
  var count = 0
  let batch = total > 1_000_000 ? 500 : 50
  while count < total / cases {
    scatterTables(world, &dice)
    world.setUpQueue(0)
    if dice.chance(10) { scatterQueue(world, &dice) }
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    let cwriter = world.enqueue((0..<batch).map { _ in entry(&dice) })
    // The tables may lie over the queue: what counts is that it ends.
    world.ring()
    var creadr = world.read(.gits(0), GITS.CREADR.offset)
    // Where any write ends a stall, Stalled stays 1 when it has ended.
    while mayStall, creadr & 1 == 1, creadr & ~1 != UInt64(cwriter) {
      world.mend(slot: creadr & ~1)
      world.ring(retry: true)
      creadr = world.read(.gits(0), GITS.CREADR.offset)
    }
    #expect(creadr & ~1 == UInt64(cwriter) && (mayStall || creadr & 1 == 0))
    for _ in 0..<10 { world.msi(UInt32(dice.roll(4)), UInt32(dice.roll(8))) }
    for pe in 0..<3 { world.get(.iar1, pe: pe) }
    #expect(world.isConserved)
    _ = world.lineChanges()
    count += batch
  }
  if seed == 1 { print("hostile commands, \(base): 4 seeds of \(count)") }
}

@Test(arguments: Profile.Base.allCases, [5, 6, 7, 8] as [UInt64])
func `hostile accesses at every offset and width never trap`(base: Profile.Base, seed: UInt64) {
  var dice = Dice(seed: seed)
  var configuration = World.configuration(pes: 3, its: 2)
  configuration.identity.directLPI = seed % 2 == 0
  configuration.identity.itLinesNumber = seed % 4 < 2 ? 31 : 3
  configuration.profile = Profile(base: base)
  configuration.profile.commandErrors = seed > 6 ? .stall : .skip
  let world = World.booted(configuration)
  world.mapLPIs([0xa1, 0x41])
  let frames: [Frame] = [.gits(0), .gits(1), .gicr(0), .gicr(2), .sgi(1), .gicd]
  let hot = [0, 0x70, 0x78, 0x80, 0x84, 0x88, 0x90, 0x100, 0x108, 0x10c, 0x40, 0x48, 0xa0, 0xb0]
  let steps = total / cases
  for step in 0..<steps {
    let frame = dice.pick(frames)
    let offset = dice.chance(50) ? dice.pick(hot) : dice.roll(0x2_0000)
    world.write(frame, offset, word(&dice), size: dice.pick([1, 2, 4, 4, 8, 8, 0, 3, 16, 255]))
    _ = world.read(frame, offset, size: dice.pick([1, 2, 4, 8, 0, 64]))
    let operation = dice.pick(
      [.msi, .translate, .systemRegisterRead, .systemRegisterWrite, .inputLine, .write]
        as [Access.Operation])
    let key = UInt64(0xc600 + dice.roll(0x100))
    let isRegister = operation == .systemRegisterRead || operation == .systemRegisterWrite
    _ = world.machine.perform(
      Access(
        operation, source: UInt32(dice.roll(4)),
        address: dice.chance(10) ? dice.next() : isRegister ? key : UInt64(dice.roll(1100)),
        data: dice.chance(50) ? UInt64(dice.roll(16)) : word(&dice)))
    if step % 500 == 499 {
      world.machine.flushPendingTables()
      #expect(world.isConserved, "step \(step)")
      _ = world.lineChanges()
    }
  }
  if seed == 5 { print("hostile accesses, \(base): 4 seeds of \(steps) reads, writes and more") }
  world.machine.reset()
  #expect(world.read(.gits(0), 0, size: 4) == 0x8000_0000)
  #expect((0..<3).allSatisfy { world.lines($0) == [] })
}

@Test func `what a client maps is checked once`() {
  let world = World()
  let page = UnsafeMutableRawPointer.allocate(byteCount: 8192, alignment: 4096)
  defer { unsafe page.deallocate() }
  let rows: [(address: PhysicalAddress, byteCount: Int, error: MemoryError)] = [
    (0x1000, 0, .empty), (0x1001, 4096, .misaligned), (0x1000, 4095, .misaligned),
    (.max - 4095, 8192, .wraps), (1 << 52, 4096, .wraps),
    (World.ramBase, 4096, .overlaps), (World.ramBase - 4096, 8192, .overlaps),
    (World.ramBase + UInt64(World.ramByteCount) - 4096, 8192, .overlaps),
  ]
  for row in rows {
    #expect(throws: row.error) {
      // SAFETY: refused, so never used.
      try unsafe world.machine.map(
        GuestRAM(address: row.address, base: page, byteCount: row.byteCount))
    }
  }
  #expect(throws: MemoryError.notMapped) { try world.machine.unmap(0x1000) }
}
