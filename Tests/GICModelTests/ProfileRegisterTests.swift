// What the profiles make of registers, redistributors and messages: both answers of every choice.

import GICArch
import Testing

@testable import GICModel

private func bare(
  _ base: Profile.Base, pes: Int = 2, _ change: (inout MachineConfiguration) -> Void = { _ in }
) -> World {
  var configuration = World.configuration(pes: pes)
  configuration.profile = Profile(base: base)
  change(&configuration)
  return World(configuration)
}

/// One write and what is read back, in a machine that nobody has touched.
struct StickRow: Sendable, CustomTestStringConvertible {
  var name: String
  var frame: Frame
  var offset: Int
  var written: UInt64?
  var kvm: UInt64
  var architecture: UInt64
  var size: UInt8 = 8
  var testDescription: String { name }
}

private let device = GITS.BASER.offset
private let collection = GITS.BASER.offset + 8
private let type1: UInt64 = 1 << 56 | 7 << 48
private let type4: UInt64 = 4 << 56 | 7 << 48

private let stickRows: [StickRow] = [
  StickRow(
    name: "9: BASER0 after reset", frame: .gits(0), offset: device, written: nil,
    kvm: 0x1907_0000_0000_0600, architecture: type1),
  StickRow(
    name: "9: BASER1 after reset", frame: .gits(0), offset: collection, written: nil,
    kvm: 0x1c07_0000_0000_0600, architecture: type4),
  StickRow(
    name: "10: BASER0, 4 KiB pages", frame: .gits(0), offset: device,
    written: 1 << 63 | 3 << 59 | 1 << 10, kvm: 1 << 63 | 3 << 59 | type1 | 1 << 10 | 2 << 8,
    architecture: 1 << 63 | 3 << 59 | type1 | 1 << 10),
  StickRow(
    name: "11: BASER0 Indirect", frame: .gits(0), offset: device,
    written: 1 << 62 | 7 << 59 | 1 << 10 | 2 << 8,
    kvm: 1 << 62 | 7 << 59 | type1 | 1 << 10 | 2 << 8,
    architecture: 1 << 62 | 7 << 59 | type1 | 1 << 10 | 2 << 8),
  StickRow(
    name: "11: BASER1 Indirect", frame: .gits(0), offset: collection,
    written: 1 << 62 | 7 << 59 | 1 << 10 | 2 << 8, kvm: 7 << 59 | type4 | 1 << 10 | 2 << 8,
    architecture: 7 << 59 | type4 | 1 << 10 | 2 << 8),
  StickRow(
    name: "13: BASER0 Outer, inner nC, outer WaWb", frame: .gits(0), offset: device,
    written: 1 << 59 | 5 << 53 | 2 << 10 | 2 << 8, kvm: 3 << 59 | type1 | 1 << 10 | 2 << 8,
    architecture: 1 << 59 | type1 | 5 << 53 | 2 << 10 | 2 << 8),
  StickRow(
    name: "13: BASER0 Non-shareable, outer nC", frame: .gits(0), offset: device,
    written: 7 << 59 | 1 << 53 | 2 << 8, kvm: 7 << 59 | type1 | 1 << 53 | 2 << 8,
    architecture: 7 << 59 | type1 | 1 << 53 | 2 << 8),
  StickRow(
    name: "18: CBASER address bits 15:12", frame: .gits(0), offset: GITS.CBASER.offset,
    written: 1 << 63 | 7 << 59 | 0x4000_f000 | 1 << 10 | 15,
    kvm: 1 << 63 | 7 << 59 | 0x4000_0000 | 1 << 10 | 15,
    architecture: 1 << 63 | 7 << 59 | 0x4000_f000 | 1 << 10 | 15),
  StickRow(
    name: "CBASER attributes", frame: .gits(0), offset: GITS.CBASER.offset,
    written: 1 << 63 | 5 << 53 | 0x4000_0000 | 2 << 10,
    kvm: 1 << 63 | 3 << 59 | 0x4000_0000 | 1 << 10,
    architecture: 1 << 63 | 5 << 53 | 0x4000_0000 | 2 << 10),
  StickRow(
    name: "PROPBASER after reset", frame: .gicr(0), offset: GICR.PROPBASER.offset, written: nil,
    kvm: 0x580, architecture: 0),
  StickRow(
    name: "PENDBASER after reset", frame: .gicr(1), offset: GICR.PENDBASER.offset, written: nil,
    kvm: 0x580, architecture: 0),
  StickRow(
    name: "PROPBASER attributes", frame: .gicr(0), offset: GICR.PROPBASER.offset,
    written: 5 << 56 | 0x4000_0000 | 2 << 10 | 1 << 7 | 15,
    kvm: 0x4000_0000 | 1 << 10 | 3 << 7 | 15,
    architecture: 5 << 56 | 0x4000_0000 | 2 << 10 | 1 << 7 | 15),
  StickRow(
    name: "75: PENDBASER PTZ and RES0", frame: .gicr(0), offset: GICR.PENDBASER.offset,
    written: .max, kvm: .ones(51, 16) | 7 << 7 | 3 << 10,
    architecture: .ones(58, 56) | .ones(51, 16) | .ones(11, 10) | .ones(9, 7)),
  StickRow(
    name: "6: enable without tables", frame: .gits(0), offset: GITS.CTLR.offset, written: 1,
    kvm: 0x8000_0000, architecture: 0x8000_0001, size: 4),
  StickRow(
    name: "24: CREADR", frame: .gits(0), offset: GITS.CREADR.offset, written: 32, kvm: 0,
    architecture: 0),
  StickRow(
    name: "WAKER", frame: .gicr(0), offset: GICR.WAKER.offset, written: 2, kvm: 0,
    architecture: 6, size: 4),
  StickRow(
    name: "1: GITS_PIDR4", frame: .gits(0), offset: 0xffd0, written: nil, kvm: 0x40,
    architecture: 0x44, size: 4),
  StickRow(
    name: "1: GITS_PIDR0", frame: .gits(0), offset: 0xffe0, written: nil, kvm: 0x92,
    architecture: 0x92, size: 4),
  StickRow(
    name: "1: GITS_PIDR2", frame: .gits(0), offset: 0xffe8, written: nil, kvm: 0x3b,
    architecture: 0x3b, size: 4),
  StickRow(
    name: "GICD_PIDR0", frame: .gicd, offset: 0xffe0, written: nil, kvm: 0, architecture: 0x92,
    size: 4),
  StickRow(
    name: "GICR_PIDR2", frame: .gicr(0), offset: 0xffe8, written: nil, kvm: 0x3b,
    architecture: 0x3b, size: 4),
  StickRow(
    name: "IROUTER, any PE", frame: .gicd, offset: GICD.IROUTER.offset + 8 * 40,
    written: 1 << 31 | 1, kvm: 1, architecture: 1 << 31 | 1),
]

@Test(arguments: stickRows)
func `a register shows what its profile says`(row: StickRow) {
  for (base, wanted) in [(Profile.Base.kvm, row.kvm), (.architecture, row.architecture)] {
    let world = bare(base) { $0.identity.oneOfNSupported = true }
    if let written = row.written { world.write(row.frame, row.offset, written, size: row.size) }
    let found = world.read(row.frame, row.offset, size: row.size)
    #expect(found == wanted, "\(base): 0x\(String(found, radix: 16))")
  }
}

@Test(arguments: [(Profile.Base.kvm, [UInt64(0), 0]), (.architecture, [0, 0]), (.qemu, [0, 64])])
func `17: CBASER resets the queue`(base: Profile.Base, wanted: [UInt64]) {
  let world = bare(base)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | World.queue(0))
  world.write(.gits(0), GITS.CWRITER.offset, 64)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == 64)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | World.queue(0))
  #expect(world.read(.gits(0), GITS.CREADR.offset) == wanted[0])
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == wanted[1])
}

@Test(arguments: [(Profile.Base.kvm, UInt64(0)), (.architecture, 0), (.qemu, 0x2000)])
func `20: CWRITER beyond the queue`(base: Profile.Base, wanted: UInt64) {
  let world = bare(base)
  world.setUpTables(0)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | World.queue(0))
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.write(.gits(0), GITS.CWRITER.offset, 0x2000)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == wanted)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == 0)
  world.write(.gits(0), GITS.CWRITER.offset, 64)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == 64)
}

@Test func `CREADR with QEMU is where the queue goes on`() {
  let world = bare(.qemu)
  world.setUpTables(0)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | World.queue(0))
  world.write(.gits(0), GITS.CREADR.offset, 96)
  world.write(.gits(0), GITS.CREADR.offset, 0x1000)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == 96)
  world.write(.gits(0), GITS.CWRITER.offset, 128)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.machine.statistics().commandErrors["UNKNOWN_COMMAND"] == 1)
}

@Test(arguments: [
  (Profile.Base.kvm, [true, false]), (.architecture, [true, true]), (.qemu, [true, true]),
])
func `7: Quiescent, empty and with commands behind a disabled ITS`(
  base: Profile.Base, wanted: [Bool]
) {
  let world = bare(base)
  func quiescent() -> Bool { world.read(.gits(0), GITS.CTLR.offset, size: 4)[bit: 31] }
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | World.queue(0))
  let empty = quiescent()
  world.write(.gits(0), GITS.CWRITER.offset, 64)
  #expect([empty, quiescent()] == wanted)
}

@Test func `Quiescent behind a stalled command`() {
  for (choice, wanted) in [
    (Profile.Quiescent.nothingRuns, false), (.queueEmpty, false), (.always, true),
  ] {
    let world = profiled(.architecture) {
      ($0.profile.commandErrors, $0.profile.quiescent) = (.stall, choice)
    }
    world.command(.int(77, 0))
    #expect(world.read(.gits(0), GITS.CTLR.offset, size: 4)[bit: 31] == wanted)
  }
}

@Test func `73: PROPBASER of one PE at the other`() {
  for (base, wanted) in [(Profile.Base.kvm, UInt64(0x4008_058f)), (.architecture, 0)] {
    let world = bare(base)
    world.write(.gicr(0), GICR.PROPBASER.offset, World.propertyTable(0) | 15)
    #expect(world.read(.gicr(1), GICR.PROPBASER.offset) & ~0x400 == wanted & ~0x400, "\(base)")
  }
}

@Test(arguments: [(UInt32(0x4b00_243b), UInt64(0)), (0x4b00_343b, 6)])
func `78: IR and CES of KVM's revisions`(iidr: UInt32, wanted: UInt64) {
  let world = bare(.kvm) { $0.identity.distributorIIDR = iidr }
  #expect(world.read(.gicr(0), GICR.CTLR.offset, size: 4) == wanted)
  #expect(bare(.architecture).read(.gicr(0), GICR.CTLR.offset, size: 4) == 2)
}

@Test(arguments: [(Profile.Base.kvm, "at 0"), (.architecture, "at none")])
func `79, 80: INVLPIR and INVALLR without DirectLPI`(base: Profile.Base, wanted: String) {
  for (offset, data) in [(GICR.INVLPIR.offset, UInt64(8192)), (GICR.INVALLR.offset, 0)] {
    let world = profiled(base, mapped: 0)
    world.mapLPIs([0xa0])
    world.msi(1, 0)
    world.configure(8192, 0xa1)
    #expect(world.takers() == "at none")
    world.write(.gicr(0), offset + 4, data, size: 4)
    #expect(world.takers() == "at none", "an upper half does nothing")
    world.write(.gicr(0), offset, data)
    #expect(world.takers() == wanted)
    #expect(world.read(.gicr(0), GICR.SYNCR.offset, size: 4) == 0)
  }
}

@Test(arguments: [(Profile.Base.kvm, "at 0", false), (.architecture, "at 0", true)])
func `77: EnableLPIs cleared and set with PTZ`(base: Profile.Base, wanted: String, inRAM: Bool) {
  let world = profiled(base)
  world.msi(1, 0)
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  #expect(world.takers() == "at none")
  #expect(world.msi(1, 1).kind == .lpisDisabled)
  #expect(world.isPendingInRAM(8192, pe: 0) == inRAM)
  // KVM keeps what it has latched; the architecture's table has it.
  world.write(
    .gicr(0), GICR.PENDBASER.offset, World.pendingTable(0) | (base == .kvm ? 1 << 62 : 0))
  world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
  #expect(world.takers() == wanted)
  #expect(world.isConserved)
}

@Test func `76: with KVM a set of EnableLPIs overwrites the mapped LPIs' pending bits`() {
  let world = profiled(.kvm)
  world.msi(1, 0)
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  world.setPendingInRAM(8193, pe: 0)
  world.setPendingInRAM(8300, pe: 0)
  world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
  #expect(world.takers(8193) == "at 0")
  #expect(world.msi(1, 0).kind == .set)
  world.machine.flushPendingTables()
  #expect(world.isPendingInRAM(8192, pe: 0))
  #expect(world.isPendingInRAM(8300, pe: 0), "nothing is mapped to it")
  #expect(world.isConserved)
}

@Test(arguments: [(Profile.Base.kvm, UInt64(0)), (.architecture, 1)])
func `29: a PE's store to TRANSLATER`(base: Profile.Base, msis: UInt64) {
  let world = profiled(base)
  let before = world.machine.statistics().msis
  world.write(.gits(0), GITS.TRANSLATER.offsetFromControlFrame, 0, size: 4)
  #expect(world.machine.statistics().msis - before == msis)
}

@Test(arguments: [
  (Profile.Base.kvm, [MSIOutcome.Kind.set, .merged, .merged, .noITS]),
  (.architecture, [.set, .merged, .noITS, .noITS]),
])
func `which addresses are a doorbell`(base: Profile.Base, wanted: [MSIOutcome.Kind]) {
  let world = profiled(base)
  let kinds = [0x1_0040, 0, 0x1_0044, 0x2_0000].map { offset in
    MSIOutcome(
      packed: world.machine.perform(
        Access(.msi, source: 1, address: world.base(.gits(0)) + UInt64(offset), data: 0)
      ).value
    ).kind
  }
  #expect(kinds == wanted)
}

@Test(arguments: [(Profile.Base.kvm, true), (.architecture, true), (.qemu, false)])
func `a disabled ITS and its caches`(base: Profile.Base, keeps: Bool) {
  let world = profiled(base)
  // The DTE is gone behind the ITS's back.
  world.store(World.deviceTable(0) + 8, 0)
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  #expect(world.msi(1, 0).kind == .itsDisabled)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.msi(1, 0).kind == (keeps ? .set : .deviceUnmapped))
}

@Test func `64: BASER0 and BASER1 with Valid = 0 free what they had held`() {
  for index in 0..<2 {
    let world = profiled(.kvm)
    world.msi(1, 0)
    world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    let offset = GITS.BASER.offset + 8 * index
    let old = world.read(.gits(0), offset)
    // Written again as it was, it changes nothing.
    world.write(.gits(0), offset, old)
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    #expect(world.msi(1, 1).kind == .set)
    world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    world.write(.gits(0), offset, 0)
    world.write(.gits(0), offset, old)
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    #expect(world.msi(1, 0).kind == (index == 0 ? .deviceUnmapped : .collectionUnmapped))
    #expect(world.takers() == (index == 0 ? "at none" : "at 0"))
    // Its events have lost their collection for ever: mapped again, it does not bring them back.
    world.command(.mapc(0, 1))
    #expect(world.msi(1, 0).kind == (index == 0 ? .deviceUnmapped : .collectionUnmapped))
  }
}

@Test func `a two-level collection table`() {
  let configuration = World.configuration()
  for (base, wanted) in [
    (Profile.Base.qemu, MSIOutcome.Kind.set), (.architecture, .collectionUnmapped),
  ] {
    var configuration = configuration
    configuration.profile = Profile(base: base)
    let world = World.booted(configuration)
    world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    world.write(.gits(0), GITS.BASER.offset + 8, 1 << 63 | 1 << 62 | World.collectionTable(0))
    // Pages of 4 KiB hold 512 entries: collection 600 is in the second.
    world.store(World.collectionTable(0) + 8, 1 << 63 | World.levelTwo(0, page: 3))
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    world.command([world.mapd(1, itt: 1), .mapc(600, 1), .mapti(1, 0, 8192, 600)])
    #expect(world.msi(1, 0).kind == wanted, "\(base)")
    #expect((world.load(World.levelTwo(0, page: 3) + 88 * 8) != 0) == (base == .qemu))
  }
}

@Test func `16: bits 15:12 of BASER are bits 51:48 of an address`() {
  let world = bare(.kvm)
  world.write(.gits(0), device, 1 << 63 | World.deviceTable(0) | 1 << 12)
  world.write(.gits(0), collection, 1 << 63 | World.collectionTable(0))
  world.setUpQueue(0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.command(world.mapd(1, itt: 1))
  #expect(world.translate(1, 0).kind == .deviceUnmapped, "no RAM there")
}

@Test func `Processor_Numbers that are not the frames' order`() {
  let world = profiled(.architecture, mapped: 0) {
    $0.identity.processorNumbers = [300, 0, 7].map { ProcessorNumber(rawValue: $0) }
  }
  let typers = (0..<3).map { GICR.TYPER(raw: world.read(.gicr($0), GICR.TYPER.offset)) }
  #expect(typers.map(\.processorNumber.rawValue) == [300, 0, 7])
  #expect(typers.map(\.last) == [false, false, true])
  world.mapLPIs([0xa1])
  for (target, pe) in [(RDbase(rawValue: 300), 0), (0, 1), (7, 2)] {
    world.command(.mapc(0, target))
    #expect(world.translate(1, 0).pe.index == pe)
  }
  world.command(.mapc(0, 1))
  #expect(world.errors["MAPC_PROCNUM_OOR"] != nil)
}

@Test(arguments: [
  (MSIOutcome.Kind.set, Int32(1)), (.merged, 1), (.accepted, 1), (.deviceOOR, 0),
  (.deviceUnmapped, 0), (.eventOOR, 0), (.eventUnmapped, 0), (.collectionUnmapped, 0),
  (.intidOOR, 0), (.memoryFault, 0), (.itsDisabled, -16), (.lpisDisabled, -16), (.noITS, -22),
])
func `65: KVM_SIGNAL_MSI's results`(kind: MSIOutcome.Kind, wanted: Int32) {
  #expect(kind.kvmResult() == wanted)
  #expect(MSIOutcome.Kind.noITS.kvmResult(machineHasITS: false) == -19)
}
