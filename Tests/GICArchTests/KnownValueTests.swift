import GICArch
import Testing

// Registers as a Debian kernel read and wrote them on QEMU's "virt" machine, and KVM's.

@Test func `QEMU's GITS_TYPER`() {
  let typer = GITS.TYPER(raw: 0x1f_0001_efb1)
  #expect(typer.physical && !typer.virtual && !typer.cct && !typer.vmovp)
  #expect(typer.eventIDBits == 16 && typer.deviceIDBits == 16)
  #expect(typer.ittEntryByteCount == 12)
  #expect(typer.cil && typer.collectionIDBits == 16)
  #expect(!typer.pta && typer.hcc == 0 && !typer.seis)
}

@Test func `QEMU's GITS_TYPER with GICv4`() {
  let typer = GITS.TYPER(raw: 0x3f_0001_efb3)
  #expect(typer.physical && typer.virtual && typer.vmovp && !typer.vsgi)
}

@Test func `KVM's GITS_TYPER`() {
  let typer = GITS.TYPER(raw: 0x1_ef71)
  #expect(typer.physical && typer.ittEntryByteCount == 8)
  #expect(typer.eventIDBits == 16 && typer.deviceIDBits == 16)
  #expect(!typer.cil && !typer.pta && typer.hcc == 0 && !typer.virtual)
}

@Test func `an ITS's type, made from its fields`() {
  var typer = GITS.TYPER(raw: 0)
  typer.physical = true
  typer.ittEntryByteCount = 12
  typer.eventIDBits = 16
  typer.deviceIDBits = 16
  typer.cil = true
  typer.collectionIDBits = 16
  #expect(typer.raw == 0x1f_0001_efb1)
}

@Test func `Linux's device table`() {
  let baser = GITS.BASER(raw: 0xf907_0000_425a_0600)
  #expect(baser.valid && baser.indirect && baser.type == .device)
  #expect(baser.entryByteCount == 8 && baser.pageByteCount == 0x1_0000 && baser.pageCount == 1)
  #expect(baser.physicalAddress == 0x425a_0000)
  #expect(baser.innerCache == .allocateWriteBack && baser.outerCache == .sameAsInner)
  #expect(baser.shareability == .inner)
  #expect(baser.byteCount == 0x1_0000)
  // 8192 level-1 entries of 8 bytes, each for a page of 8192 entries.
  #expect(baser.capacity == 8192 * 8192)
}

@Test func `Linux's collection table`() {
  let baser = GITS.BASER(raw: 0xbc07_0000_425b_0600)
  #expect(baser.valid && !baser.indirect && baser.type == .collection)
  #expect(baser.physicalAddress == 0x425b_0000 && baser.capacity == 8192)
}

@Test func `tables of small pages and odd entries`() {
  var baser = GITS.BASER(raw: 0)
  baser.entryByteCount = 12
  baser.pageCount = 256
  #expect(baser.pageByteCount == 0x1000 && baser.byteCount == 0x10_0000)
  #expect(baser.capacity == 0x10_0000 / 12)
  baser.indirect = true
  #expect(baser.capacity == 0x10_0000 / 8 * (0x1000 / 12))
  baser.pageSize = 1
  #expect(baser.pageByteCount == 0x4000 && baser.byteCount == 0x40_0000)
}

@Test func `Linux's command queue`() {
  let cbaser = GITS.CBASER(raw: 0xb800_0000_4259_040f)
  #expect(cbaser.valid && cbaser.physicalAddress == 0x4259_0000)
  #expect(cbaser.byteCount == 0x1_0000 && cbaser.byteCount / QueueEntry.byteCount == 2048)
  #expect(cbaser.innerCache == .allocateWriteBack && cbaser.shareability == .inner)
}

@Test func `QEMU's GICR_TYPER`() {
  let typer = GICR.TYPER(raw: 0x7_0100_0711)
  #expect(typer.plpis && typer.last && !typer.vlpis && !typer.directLPI && !typer.dpgs)
  #expect(typer.processorNumber == ProcessorNumber(rawValue: 7))
  #expect(typer.commonLPIAff == 1 && typer.ppiNum == 0)
  #expect(typer.affinity.description == "0.0.0.7")
}

@Test func `Linux's LPI tables`() {
  let properties = GICR.PROPBASER(raw: 0x425d_078f)
  #expect(properties.idBits == 16 && properties.physicalAddress == 0x425d_0000)
  #expect(properties.innerCache == .allocateWriteBack && properties.shareability == .inner)
  let pending = GICR.PENDBASER(raw: 0x425d_0780)
  #expect(pending.physicalAddress == 0x425d_0000 && !pending.ptz)
}

@Test func `QEMU's GICD_TYPER`() {
  let typer = GICD.TYPER(raw: 0x37a_0007)
  #expect(typer.itLinesNumber == 7 && typer.idBits == 16 && typer.numLPIs == 0)
  #expect(typer.lpis && !typer.mbis && !typer.dvis && !typer.securityExtn && !typer.espi)
  #expect(typer.a3v && typer.no1N)
}

@Test func `Linux's GICD_CTLR reads back with ARE and DS`() {
  let written: UInt64 = 0x13
  let value = GICD.CTLR.reset & ~GICD.CTLR.writable | written & GICD.CTLR.writable
  #expect(value == 0x53)
}

@Test func `QEMU's and KVM's implementers`() {
  #expect(GITS.IIDR(raw: 0x43b).implementer == 0x43b)
  #expect(GITS.IIDR(raw: 0x4b00_043b).productID == 0x4b)
}

private let identification: [(name: String, block: IdentificationBlock, words: [UInt32])] = [
  (
    "QEMU's distributor", IdentificationBlock(version: .gicv3, part: 0x492),
    [0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1]
  ),
  (
    "GICv4's redistributor", IdentificationBlock(version: .gicv4, part: 0x493),
    [0x44, 0, 0, 0, 0x93, 0xb4, 0x4b, 0, 0x0d, 0xf0, 0x05, 0xb1]
  ),
  (
    "KVM's ITS", IdentificationBlock(version: .gicv3, part: 0x492, pidr4: 0x40),
    [0x40, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1]
  ),
]

@Test(arguments: identification)
func `identification words`(_: String, block: IdentificationBlock, words: [UInt32]) {
  for (index, word) in words.enumerated() {
    #expect(block.word(at: 0xffd0 + 4 * index) == word)
  }
  #expect(block.word(at: IdentificationBlock.pidr2Offset) == words[6])
  for outside in [0, 0xffcc, 0xffd2, 0xffe9, 0x1_0000] { #expect(block.word(at: outside) == nil) }
}
