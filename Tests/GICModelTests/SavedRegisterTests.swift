// Registers that read or write otherwise through attributes than by a guest's access.

import GICArch
import Testing

@testable import GICModel

private func gicd(_ offset: Int) -> DeviceAttribute {
  DeviceAttribute(.distributorRegisters, UInt64(offset))
}
private func gicr(_ pe: UInt32, _ offset: Int) -> DeviceAttribute {
  DeviceAttribute(.redistributorRegisters, Affinity(rawValue: pe), UInt64(offset))
}
private func icc(_ pe: UInt32, _ register: SystemRegister) -> DeviceAttribute {
  DeviceAttribute(.systemRegisters, Affinity(rawValue: pe), UInt64(register.rawValue))
}
private func gits(_ offset: Int) -> DeviceAttribute {
  DeviceAttribute(.itsRegisters, UInt64(offset))
}
private func kvm(_ change: (inout MachineConfiguration) -> Void = { _ in }) -> World {
  var configuration = SavingProfile.kvm.configuration()
  configuration.identity.iidr = 0x4b00_043b
  configuration.identity.distributorIIDR = 0x4b00_343b
  change(&configuration)
  return World(configuration)
}

@Test func `101: IIDR: only the revision counts, and only 0 is known`() {
  let world = kvm()
  #expect(world.set(.its(0), gits(4), 0x4b00_043b) == nil)
  #expect(world.set(.its(0), gits(4), 0xffff_0fff) == nil)
  #expect(world.set(.its(0), gits(4), 0x4b00_143b) == .einval)
  #expect(world.get(.its(0), gits(4)) == 0x4b00_043b)
  // A machine that shows a revision of its own takes that too.
  let gic600 = kvm { $0.identity.iidr = 0x0201_743b }
  #expect(gic600.set(.its(0), gits(4), 0x0201_743b) == nil)
  #expect(gic600.set(.its(0), gits(4), 0x0201_643b) == .einval)
}

@Test func `100: CREADR: busy while enabled, inside the queue, lost before CBASER`() {
  let world = World.savable(.kvm)
  #expect(world.set(.its(0), gits(GITS.CREADR.offset), 0) == .ebusy)
  #expect(world.set(.its(0), gits(GITS.CREADR.offset), .max) == .ebusy)
  #expect(world.set(.its(0), gits(GITS.CTLR.offset), 0) == nil)
  #expect(world.set(.its(0), gits(GITS.CREADR.offset), 0x1_0000) == .einval)
  #expect(world.set(.its(0), gits(GITS.CREADR.offset), 0x40) == nil)
  #expect(world.get(.its(0), gits(GITS.CREADR.offset)) == 0x40)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == 0x40)
  #expect(world.set(.its(0), gits(GITS.CBASER.offset), 1 << 63 | World.queue(0) | 15) == nil)
  #expect(world.get(.its(0), gits(GITS.CREADR.offset)) == 0)
}

@Test func `99: a restore without CREADR runs the queue again, one with it does not`() throws {
  for isRestored in [false, true] {
    let world = World.savable(.kvm)
    world.command([mapc(0, 0), mapd(1, 0x4080_0000), mapti(1, 0, 8192, 0), .discard(1, 0)])
    var image = try world.machine.saveAttributes()
    if !isRestored { image.entries.removeAll { $0.attribute == gits(GITS.CREADR.offset) } }
    let other = World(over: world)
    try other.machine.restore(image)
    let commands = other.machine.statistics().commands.values.reduce(0, +)
    #expect(commands == (isRestored ? 0 : 4))
    #expect(other.read(.gits(0), GITS.CREADR.offset) == 128)
  }
}

@Test func `writes that a guest could not make return success and do nothing`() {
  let world = World.savable(.kvm)
  let before = world.get(.its(0), gits(GITS.TYPER.offset))
  #expect(world.set(.its(0), gits(GITS.TYPER.offset), 0) == nil)
  #expect(world.get(.its(0), gits(GITS.TYPER.offset)) == before)
  let baser = world.get(.its(0), gits(GITS.BASER.offset))
  #expect(world.set(.its(0), gits(GITS.BASER.offset), 0) == nil, "enabled: blocked")
  #expect(world.get(.its(0), gits(GITS.BASER.offset)) == baser)
  for index in 2..<8 {
    #expect(world.set(.its(0), gits(GITS.BASER.offset(of: index)), 0) == nil)
  }
}

@Test func `109: RESET frees all mappings and keeps what describes the tables`() {
  let world = World.savable(.kvm)
  world.command([mapc(0, 0), mapd(1, 0x4080_0000), mapti(1, 0, 8192, 0)])
  world.configure(8192, 0xa1)
  world.msi(1, 0)
  let baser = world.get(.its(0), gits(GITS.BASER.offset)) ?? 0
  #expect(world.set(.its(0), DeviceAttribute(.reset)) == nil)
  #expect(world.mapped() == [0, 0, 0])
  #expect(world.get(.its(0), gits(GITS.BASER.offset)) == baser & ~(1 << 63))
  for offset in [GITS.CBASER.offset, GITS.CREADR.offset, GITS.CWRITER.offset] {
    #expect(world.get(.its(0), gits(offset)) == 0)
  }
  #expect(world.get(.its(0), gits(GITS.CTLR.offset)) == 0x8000_0000)
  #expect(world.isConserved && world.lines(0) == [])
}

@Test func `83: halves of PROPBASER and PENDBASER, low then high`() {
  let world = kvm()
  for (offset, value) in [
    (GICR.PROPBASER.offset, 0x0000_0007_8765_078f as UInt64),
    (GICR.PENDBASER.offset, 0x0000_0005_4321_0780),
  ] {
    #expect(world.set(.vgic, gicr(1, offset), value & 0xffff_ffff) == nil)
    #expect(world.set(.vgic, gicr(1, offset + 4), value >> 32) == nil)
    let read = [world.get(.vgic, gicr(1, offset)), world.get(.vgic, gicr(1, offset + 4))]
    let bits = world.read(.gicr(1), offset)
    #expect(read == [bits & 0xffff_ffff, bits >> 32])
    #expect(bits & .ones(51, 16) == value & .ones(51, 16))
  }
}

@Test func `ISPENDR is the latch, written whole; ICPENDR is RAZ and WI`() {
  let world = kvm()
  world.input(40, true)
  world.write(.gicd, GICD.ISPENDR.offset(of: 1), 0x30, size: 4)
  #expect(world.read(.gicd, GICD.ISPENDR.offset(of: 1), size: 4) == 0x130)
  #expect(world.get(.vgic, gicd(GICD.ISPENDR.offset(of: 1))) == 0x30)
  #expect(world.get(.vgic, gicd(GICD.ICPENDR.offset(of: 1))) == 0)
  #expect(world.set(.vgic, gicd(GICD.ICPENDR.offset(of: 1)), .max) == nil)
  #expect(world.get(.vgic, gicd(GICD.ISPENDR.offset(of: 1))) == 0x30)
  #expect(world.set(.vgic, gicd(GICD.ISPENDR.offset(of: 1)), 0x40) == nil)
  #expect(world.get(.vgic, gicd(GICD.ISPENDR.offset(of: 1))) == 0x40)
  let (set, clear) = (GICR.SGI.frame + GICR.SGI.ISPENDR0.offset, GICR.SGI.frame + 0x280)
  #expect(world.set(.vgic, gicr(1, set), 0x8001) == nil)
  #expect(world.set(.vgic, gicr(1, clear), .max) == nil)
  #expect(world.get(.vgic, gicr(1, set)) == 0x8001 && world.get(.vgic, gicr(0, set)) == 0)
}

@Test func `LEVEL_INFO has the inputs: PPIs by PE, SPIs for all, SGIs none`() {
  let world = kvm()
  func lines(_ pe: UInt32, _ first: UInt64) -> DeviceAttribute {
    DeviceAttribute(.levelInfo, Affinity(rawValue: pe), first)
  }
  world.input(27, true, pe: 1)
  world.input(40, true)
  #expect(world.get(.vgic, lines(1, 0)) == 1 << 27 && world.get(.vgic, lines(0, 0)) == 0)
  #expect(world.get(.vgic, lines(0, 32)) == 1 << 8 && world.get(.vgic, lines(1, 32)) == 1 << 8)
  #expect(world.set(.vgic, lines(0, 0), .max) == nil)
  #expect(world.get(.vgic, lines(0, 0)) == 0xffff_0000, "SGIs have no line")
  #expect(world.set(.vgic, lines(0, 32), 0) == nil)
  #expect(world.get(.vgic, lines(1, 32)) == 0)
  #expect(world.get(.vgic, lines(0, 992)) == 0, "no such interrupts")
}

@Test func `GICD_IIDR: the revision may be 2 or 3, nothing else may differ`() {
  let world = kvm()
  #expect(world.get(.vgic, gicr(0, GICR.CTLR.offset)).map { $0 & 6 } == 6)
  #expect(world.set(.vgic, gicd(GICD.IIDR.offset), 0x4b00_243b) == nil)
  #expect(world.get(.vgic, gicd(GICD.IIDR.offset)) == 0x4b00_243b)
  #expect(world.get(.vgic, gicr(0, GICR.CTLR.offset)) == 0, "78: no IR and CES at revision 2")
  for other: UInt64 in [0x4b00_143b, 0x4b00_443b, 0x4c00_243b, 0x4b00_243a] {
    #expect(world.set(.vgic, gicd(GICD.IIDR.offset), other) == .einval)
  }
  #expect(world.set(.vgic, gicd(GICD.TYPER2.offset), 0) == nil)
  #expect(world.set(.vgic, gicd(GICD.TYPER2.offset), 1) == .einval)
}

@Test func `system registers: what the machine has not is refused`() throws {
  let world = kvm()
  #expect(world.set(.vgic, icc(1, .pmr), 0xf8) == nil)
  #expect(world.get(.vgic, icc(1, .pmr)) == 0xf8 && world.get(.vgic, icc(0, .pmr)) == 0)
  #expect(world.set(.vgic, icc(1, .sre), 0) == .einval && world.set(.vgic, icc(1, .sre), 7) == nil)
  let control = try #require(world.get(.vgic, icc(1, .ctlr)))
  #expect(world.set(.vgic, icc(1, .ctlr), control | 3) == nil)
  #expect(world.get(.vgic, icc(1, .ctlr)) == control | 3)
  var wider = ICC.CTLR(raw: control)
  wider.priorityBits = 8
  #expect(world.set(.vgic, icc(1, .ctlr), wider.raw) == .einval)
  #expect(world.set(.vgic, icc(1, .ctlr), control ^ 1 << 15) == .einval)
  #expect(world.set(.vgic, icc(1, .ctlr), control ^ 1 << 14) == .einval)
  #expect(world.set(.vgic, icc(1, .bpr1), 6) == nil)
  #expect(world.set(.vgic, icc(1, .ctlr), control) == nil)
  #expect(world.get(.vgic, icc(1, .bpr1)) == 6, "BPR1 is kept while CBPR hides it")
  #expect(world.set(.vgic, icc(1, .eoir1), 0) == .enxio)
}
