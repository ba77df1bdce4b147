// What QEMU's ITS does differently, where a guest can tell, each choice against its others.

import GICArch
import Testing

@testable import GICModel

private func qemu(_ change: (inout MachineConfiguration) -> Void = { _ in }) -> World {
  profiled(.qemu, change)
}

@Test func `the pending table in RAM is exact at every step`() {
  let world = qemu()
  world.msi(1, 0)
  #expect(world.isPendingInRAM(8192, pe: 0))
  #expect(world.get(.iar1) == 8192)
  #expect(!world.isPendingInRAM(8192, pe: 0))
  world.set(.eoir1, 8192)
  world.msi(1, 0)
  world.msi(1, 1)
  world.command(.movi(1, 0, 1))
  #expect(!world.isPendingInRAM(8192, pe: 0) && world.isPendingInRAM(8192, pe: 1))
  world.command(.clear(1, 1))
  #expect(!world.isPendingInRAM(8193, pe: 0))
  world.command(.movall(from: 1, to: 2))
  #expect(!world.isPendingInRAM(8192, pe: 1) && world.isPendingInRAM(8192, pe: 2))
  world.command([.mapc(1, 2), .discard(1, 0)])
  #expect(!world.isPendingInRAM(8192, pe: 2))
  world.msi(1, 1)
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  #expect(world.isPendingInRAM(8193, pe: 0))
  world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
  #expect(world.takers(8193) == "at 0")
  #expect(world.isConserved)
}

@Test func `elsewhere the pending table waits for EnableLPIs to clear`() {
  let world = profiled(.architecture)
  world.msi(1, 0)
  #expect(!world.isPendingInRAM(8192, pe: 0))
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  #expect(world.isPendingInRAM(8192, pe: 0))
}

@Test(arguments: [(Profile.Base.qemu, true), (.architecture, false), (.kvm, false)])
func `PTZ reads back, and then means nothing`(base: Profile.Base, readsBack: Bool) {
  let world = profiled(base)
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  world.setPendingInRAM(8192, pe: 0)
  world.write(.gicr(0), GICR.PENDBASER.offset, World.pendingTable(0) | 1 << 62)
  #expect((world.read(.gicr(0), GICR.PENDBASER.offset) >> 62 == 1) == readsBack)
  world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
  #expect((world.takers() == "at 0") == readsBack)
  #expect((world.read(.gicr(0), GICR.PENDBASER.offset) >> 62 == 1) == readsBack)
}

@Test(arguments: [(Profile.Base.qemu, "at none"), (.architecture, "at 0"), (.kvm, "at 0")])
func `a configuration byte is read when the LPI is set`(base: Profile.Base, wanted: String) {
  let world = profiled(base)
  world.configure(8192, 0xa0)
  world.msi(1, 0)
  #expect(world.takers() == wanted)
}

@Test func `INVALL reads every PE's table again, whatever its collection`() {
  for (base, wanted) in [(Profile.Base.qemu, "at 0 1"), (.architecture, "at 1")] {
    let world = profiled(base, mapped: 0) { _ in }
    // PE 1 has a configuration table of its own.
    world.write(.gicr(1), GICR.CTLR.offset, 0, size: 4)
    world.write(.gicr(1), GICR.PROPBASER.offset, World.propertyTable(1) | 15)
    world.write(.gicr(1), GICR.CTLR.offset, 1, size: 4)
    world.command(world.mapd(1, itt: 1))
    world.command([.mapti(1, 0, 8192, 0), .mapti(1, 1, 8192, 1)])
    world.msi(1, 0)
    world.msi(1, 1)
    #expect(world.takers() == "at none")
    for table in 0..<2 { world.configure(8192, 0xa1, table: table) }
    world.command(.invall(1))
    #expect(world.takers() == wanted, "\(base)")
  }
}

@Test(arguments: [(Profile.Base.qemu, true), (.architecture, false), (.kvm, false)])
func `MAPC takes the lower 16 bits of RDbase`(base: Profile.Base, cuts: Bool) {
  let world = profiled(base)
  world.command(.mapc(0, 0x1_0001))
  #expect(world.translate(1, 0).pe == PEIndex(cuts ? 1 : 0))
  #expect(world.errors == (cuts ? [:] : ["MAPC_PROCNUM_OOR": 1]))
}

@Test(arguments: [(Profile.Base.qemu, true), (.architecture, false), (.kvm, true)])
func `SYNC looks at its target`(base: Profile.Base, ignores: Bool) {
  let world = profiled(base)
  world.command(.sync(77))
  #expect(world.errors == (ignores ? [:] : ["SYNC_PROCNUM_OOR": 1]))
}

/// A queue that stands at MAPTI, whose ITE lies outside RAM; an INT waits behind it.
private func stalled(_ end: Profile.StallEnd) -> (world: World, slot: UInt64) {
  let world = qemu { $0.profile.stallEnds = end }
  world.command(.mapd(8, ITT(base: 0x1_0000_0000, eventIDBits: 4)))
  let slot = world.read(.gits(0), GITS.CREADR.offset)
  world.command([.mapti(8, 0, 8300, 0), .int(1, 0)])
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot | 1)
  world.mend(slot: slot)
  return (world, slot)
}

@Test func `any CWRITER write ends a stall, and Stalled reads 1 until CBASER is written`() {
  let (world, slot) = stalled(.anyWrite)
  world.ring()
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot + 64 | 1)
  #expect(world.takers() == "at 0")
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.setUpQueue(0)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == 0)
}

@Test func `a write of Enabled ends a stall too`() {
  let (world, slot) = stalled(.anyWrite)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot + 64 | 1)
}

@Test func `elsewhere Retry alone ends a stall, and Stalled reads 0 behind it`() {
  let (world, slot) = stalled(.retry)
  world.ring()
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot | 1)
  world.ring(retry: true)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot + 64)
}
