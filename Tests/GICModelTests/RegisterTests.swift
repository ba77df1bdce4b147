import GICArch
import GICModel
import Testing

private struct Row: Sendable, CustomTestStringConvertible {
  var name: String
  var frame: Frame
  var offset: Int
  var size: UInt8
  /// After reset, and after a write of all ones.
  var reset: UInt64
  var ones: UInt64
  init(
    _ name: String, _ frame: Frame, _ offset: Int, _ size: UInt8, _ reset: UInt64, _ ones: UInt64
  ) {
    (self.name, self.frame, self.offset) = (name, frame, offset)
    (self.size, self.reset, self.ones) = (size, reset, ones)
  }
  var testDescription: String { name }
}

/// Values are the manual's bits, with the default identity: 16 bits of DeviceID, EventID, ICID and
/// INTID, 5 priority bits, 256 INTIDs below the LPIs.
/// - Source: Arm IHI 0069, the register descriptions.
private let registers: [Row] = [
  Row(
    "GITS_CTLR: Quiescent after reset; Enabled alone is writable", .gits(0), 0, 4, 0x8000_0000,
    0x8000_0001),
  Row("GITS_IIDR is RO", .gits(0), 4, 4, 0x43b, 0x43b),
  Row("GITS_TYPER is RO", .gits(0), 8, 8, 0x1f_0001_ef71, 0x1f_0001_ef71),
  Row("GITS_TYPER, lower half", .gits(0), 8, 4, 0x1_ef71, 0x1_ef71),
  Row("GITS_TYPER, upper half", .gits(0), 12, 4, 0x1f, 0x1f),
  Row("GITS_CBASER", .gits(0), 0x80, 8, 0, 0xb8ef_ffff_ffff_fcff),
  Row("GITS_CBASER, lower half", .gits(0), 0x80, 4, 0, 0xffff_fcff),
  Row("GITS_CBASER, upper half", .gits(0), 0x84, 4, 0, 0xb8ef_ffff),
  Row("GITS_CWRITER beyond the queue", .gits(0), 0x88, 8, 0, 0),
  Row("GITS_CREADR is RO", .gits(0), 0x90, 8, 0, 0),
  Row(
    "GITS_BASER0: devices, 8 bytes", .gits(0), 0x100, 8, 0x0107_0000_0000_0000,
    0xf9e7_ffff_ffff_ffff),
  Row("GITS_BASER0, upper half", .gits(0), 0x104, 4, 0x0107_0000, 0xf9e7_ffff),
  Row(
    "GITS_BASER1: collections, flat", .gits(0), 0x108, 8, 0x0407_0000_0000_0000,
    0xbce7_ffff_ffff_ffff),
  Row("GITS_BASER2 is not there", .gits(0), 0x110, 8, 0, 0),
  Row("GITS_BASER7 is not there", .gits(0), 0x138, 8, 0, 0),
  Row("GITS_PIDR2: GICv3", .gits(0), 0xffe8, 4, 0x3b, 0x3b),
  Row("GITS_PIDR4", .gits(0), 0xffd0, 4, 0x44, 0x44),
  Row("GITS_CIDR3", .gits(0), 0xfffc, 4, 0xb1, 0xb1),
  Row("GICR_CTLR: CES; EnableLPIs is writable", .gicr(0), 0, 4, 2, 3),
  Row("GICR_IIDR is RO", .gicr(0), 4, 4, 0x43b, 0x43b),
  Row("GICR_TYPER of the first", .gicr(0), 8, 8, 0x0100_0001, 0x0100_0001),
  Row("GICR_TYPER of the last", .gicr(1), 8, 8, 0x1_0100_0111, 0x1_0100_0111),
  Row("GICR_TYPER, upper half: affinity", .gicr(1), 12, 4, 1, 1),
  Row("GICR_WAKER: ChildrenAsleep follows", .gicr(0), 0x14, 4, 6, 6),
  Row("GICR_PROPBASER", .gicr(0), 0x70, 8, 0, 0x070f_ffff_ffff_ff9f),
  Row("GICR_PENDBASER: PTZ reads as zero", .gicr(0), 0x78, 8, 0, 0x070f_ffff_ffff_0f80),
  Row("GICR_PENDBASER, upper half", .gicr(0), 0x7c, 4, 0, 0x070f_ffff),
  Row("GICR_PIDR2", .gicr(0), 0xffe8, 4, 0x3b, 0x3b),
  Row("GICR_IGROUPR0", .sgi(0), 0x80, 4, 0, 0xffff_ffff),
  Row("GICR_ISENABLER0", .sgi(0), 0x100, 4, 0, 0xffff_ffff),
  Row("GICR_ICENABLER0", .sgi(0), 0x180, 4, 0, 0),
  Row("GICR_ISPENDR0", .sgi(0), 0x200, 4, 0, 0xffff_ffff),
  Row("GICR_ICPENDR0", .sgi(0), 0x280, 4, 0, 0),
  Row("GICR_ISACTIVER0", .sgi(0), 0x300, 4, 0, 0xffff_ffff),
  Row("GICR_ICACTIVER0", .sgi(0), 0x380, 4, 0, 0),
  Row("GICR_IPRIORITYR7: 5 bits each", .sgi(0), 0x41c, 4, 0, 0xf8f8_f8f8),
  Row("GICR_IPRIORITYR0, one byte", .sgi(0), 0x403, 1, 0, 0xf8),
  Row("GICR_ICFGR0: SGIs are edge-triggered", .sgi(0), 0xc00, 4, 0xaaaa_aaaa, 0xaaaa_aaaa),
  Row("GICR_ICFGR1", .sgi(0), 0xc04, 4, 0, 0xaaaa_aaaa),
  Row("GICR_IGRPMODR0 is RAZ/WI", .sgi(0), 0xd00, 4, 0, 0),
  Row("GICR_NSACR is RAZ/WI", .sgi(0), 0xe00, 4, 0, 0),
  Row("GICD_CTLR: ARE and DS are RAO", .gicd, 0, 4, 0x50, 0x53),
  Row("GICD_TYPER", .gicd, 4, 4, 0x037a_0007, 0x037a_0007),
  Row("GICD_IIDR", .gicd, 8, 4, 0x43b, 0x43b),
  Row("GICD_IGROUPR0 is the redistributors'", .gicd, 0x80, 4, 0, 0),
  Row("GICD_IGROUPR1", .gicd, 0x84, 4, 0, 0xffff_ffff),
  Row("GICD_IGROUPR7, the last", .gicd, 0x9c, 4, 0, 0xffff_ffff),
  Row("GICD_IGROUPR8 is beyond ITLinesNumber", .gicd, 0xa0, 4, 0, 0),
  Row("GICD_ISENABLER1", .gicd, 0x104, 4, 0, 0xffff_ffff),
  Row("GICD_ICENABLER1", .gicd, 0x184, 4, 0, 0),
  Row("GICD_ISPENDR1", .gicd, 0x204, 4, 0, 0xffff_ffff),
  Row("GICD_ICPENDR1", .gicd, 0x284, 4, 0, 0),
  Row("GICD_ISACTIVER1", .gicd, 0x304, 4, 0, 0xffff_ffff),
  Row("GICD_ICACTIVER1", .gicd, 0x384, 4, 0, 0),
  Row("GICD_IPRIORITYR7 is the redistributors'", .gicd, 0x41c, 4, 0, 0),
  Row("GICD_IPRIORITYR8", .gicd, 0x420, 4, 0, 0xf8f8_f8f8),
  Row("GICD_IPRIORITYR8, one byte", .gicd, 0x422, 1, 0, 0xf8),
  Row("GICD_IPRIORITYR64 is beyond", .gicd, 0x500, 4, 0, 0),
  Row("GICD_ITARGETSR8 is RAZ/WI", .gicd, 0x820, 4, 0, 0),
  Row("GICD_ICFGR1 is the redistributors'", .gicd, 0xc04, 4, 0, 0),
  Row("GICD_ICFGR2", .gicd, 0xc08, 4, 0, 0xaaaa_aaaa),
  Row("GICD_ICFGR15", .gicd, 0xc3c, 4, 0, 0xaaaa_aaaa),
  Row("GICD_ICFGR16 is beyond", .gicd, 0xc40, 4, 0, 0),
  Row("GICD_IROUTER31 is not there", .gicd, 0x60f8, 8, 0, 0),
  Row("GICD_IROUTER32: no 1 of N", .gicd, 0x6100, 8, 0, 0xff_00ff_ffff),
  Row("GICD_IROUTER255, upper half", .gicd, 0x67fc, 4, 0, 0xff),
  Row("GICD_IROUTER256 is beyond", .gicd, 0x6800, 8, 0, 0),
  Row("GICD_PIDR2", .gicd, 0xffe8, 4, 0x3b, 0x3b),
]

@Test(arguments: registers)
private func `a register resets, and keeps what is writable`(row: Row) {
  let world = World()
  let fresh = world.access(row.frame, row.offset, size: row.size)
  #expect(fresh.status == .okay)
  #expect(fresh.value == row.reset)
  #expect(world.write(row.frame, row.offset, .max, size: row.size).status == .okay)
  #expect(world.read(row.frame, row.offset, size: row.size) == row.ones)
  world.machine.reset()
  #expect(world.read(row.frame, row.offset, size: row.size) == row.reset, "after reset")
}

/// - Source: `kvm-unit-tests`' and Linux's expectations: any other width, misaligned or unlisted is
///   RAZ/WI, never a fault.
private let nothing: [Row] = [
  Row("8 bits of GITS_CTLR", .gits(0), 0, 1, 0, 0),
  Row("16 bits of GITS_CTLR", .gits(0), 0, 2, 0, 0),
  Row("64 bits at GITS_CTLR", .gits(0), 0, 8, 0, 0),
  Row("GITS_TYPER, misaligned", .gits(0), 10, 4, 0, 0),
  Row("GITS_TYPER and what follows", .gits(0), 12, 8, 0, 0),
  Row("16 bits of GITS_CBASER", .gits(0), 0x80, 2, 0, 0),
  Row("8 bits of GITS_BASER0", .gits(0), 0x100, 1, 0, 0),
  Row("a width of 3 bytes", .gits(0), 4, 3, 0, 0),
  Row("a width of 0 bytes", .gits(0), 4, 0, 0, 0),
  Row("GITS 0x10", .gits(0), 0x10, 4, 0, 0),
  Row("GITS 0x98", .gits(0), 0x98, 8, 0, 0),
  Row("GITS 0x140", .gits(0), 0x140, 8, 0, 0),
  Row("GITS 0xff00", .gits(0), 0xff00, 4, 0, 0),
  Row("GITS_TRANSLATER is WO, and takes 16 and 32 bits", .gits(0), 0x1_0040, 8, 0, 0),
  Row("no identification in the translation frame", .gits(0), 0x1_ffe8, 4, 0, 0),
  Row("GICR_TYPER, misaligned", .gicr(0), 9, 1, 0, 0),
  Row("64 bits at GICR_CTLR", .gicr(0), 0, 8, 0, 0),
  Row("GICR_SETLPIR without DirectLPI", .gicr(0), 0x40, 8, 0, 0),
  Row("GICR_SYNCR without DirectLPI", .gicr(0), 0xc0, 4, 0, 0),
  Row("GICR 0x200", .gicr(0), 0x200, 4, 0, 0),
  Row("SGI frame 0x0", .sgi(0), 0, 4, 0, 0),
  Row("8 bits of GICR_ISENABLER0", .sgi(0), 0x100, 1, 0, 0),
  Row("no identification in the SGI frame", .sgi(0), 0xffe8, 4, 0, 0),
  Row("GICD_SETSPI_NSR", .gicd, 0x40, 4, 0, 0),
  Row("16 bits of GICD_IPRIORITYR8", .gicd, 0x420, 2, 0, 0),
  Row("8 bits of GICD_ICFGR2", .gicd, 0xc08, 1, 0, 0),
  Row("GICD 0xffc0", .gicd, 0xffc0, 4, 0, 0),
]

@Test(arguments: nothing)
private func `nothing answers a wrong width or place`(row: Row) {
  let world = World()
  let before = registers.map { world.read($0.frame, $0.offset, size: $0.size) }
  let read = world.access(row.frame, row.offset, size: row.size)
  #expect(read.status == .reserved)
  #expect(read.value == 0)
  #expect(world.write(row.frame, row.offset, .max, size: row.size).status == .reserved)
  #expect(registers.map { world.read($0.frame, $0.offset, size: $0.size) } == before)
}

@Test func `outside all frames there is a decode error`() {
  let world = World()
  for address: PhysicalAddress in [0, 0x07ff_fffc, 0x0a02_0000, 0x1004_0000, .max - 3] {
    let read = world.machine.perform(Access(.read, source: 0, address: address))
    #expect(read.status == .decodeError)
    #expect(read.value == 0)
    #expect(
      world.machine.perform(Access(.write, source: 0, address: address, data: 1)).status
        == .decodeError)
  }
}

@Test func `a GICv4 machine shows its registers and nothing more`() {
  var configuration = World.configuration()
  configuration.identity.gicVersion = 4
  configuration.shape.gicrStride = 0x4_0000
  let world = World(configuration)
  #expect(world.read(.gits(0), 8) == 0x3f_0001_ef73)
  #expect(world.read(.gits(0), 0xffe8, size: 4) == 0x4b)
  #expect(world.read(.gits(0), 0x110) == 0x0207_0000_0000_0000)
  #expect(world.read(.gicr(1), 8) == 0x1_0100_0113)
  #expect(world.access(.gicr(0), 0x2_0078).status == .reserved)
  #expect(world.access(.gicr(0), 0x3_0400, size: 4).status == .reserved)
}
