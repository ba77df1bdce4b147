import GICArch
import Testing

/// Name, offset, bytes, count, access, reset, writable bits: from the manual's register maps, for
/// one Security state and affinity routing.
private typealias Row = (
  name: String, offset: Int, bytes: Int, count: Int, access: RegisterAccess, reset: UInt64,
  writable: UInt64
)

private let distributor: [Row] = [
  ("GICD_CTLR", 0x0000, 4, 1, .readWrite, 0x50, 0x3),
  ("GICD_TYPER", 0x0004, 4, 1, .readOnly, 0, 0),
  ("GICD_IIDR", 0x0008, 4, 1, .readOnly, 0, 0),
  ("GICD_TYPER2", 0x000c, 4, 1, .readOnly, 0, 0),
  ("GICD_STATUSR", 0x0010, 4, 1, .readWrite, 0, 0xf),
  ("GICD_SETSPI_NSR", 0x0040, 4, 1, .writeOnly, 0, 0),
  ("GICD_CLRSPI_NSR", 0x0048, 4, 1, .writeOnly, 0, 0),
  ("GICD_SETSPI_SR", 0x0050, 4, 1, .writeOnly, 0, 0),
  ("GICD_CLRSPI_SR", 0x0058, 4, 1, .writeOnly, 0, 0),
  ("GICD_IGROUPR<n>", 0x0080, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ISENABLER<n>", 0x0100, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ICENABLER<n>", 0x0180, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ISPENDR<n>", 0x0200, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ICPENDR<n>", 0x0280, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ISACTIVER<n>", 0x0300, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_ICACTIVER<n>", 0x0380, 4, 32, .readWrite, 0, 0xffff_ffff),
  ("GICD_IPRIORITYR<n>", 0x0400, 4, 255, .readWrite, 0, 0xffff_ffff),
  ("GICD_ITARGETSR<n>", 0x0800, 4, 255, .readWrite, 0, 0),
  ("GICD_ICFGR<n>", 0x0c00, 4, 64, .readWrite, 0, 0xaaaa_aaaa),
  ("GICD_IGRPMODR<n>", 0x0d00, 4, 32, .readWrite, 0, 0),
  ("GICD_NSACR<n>", 0x0e00, 4, 64, .readWrite, 0, 0),
  ("GICD_SGIR", 0x0f00, 4, 1, .writeOnly, 0, 0),
  ("GICD_IROUTER<n>", 0x6000, 8, 1020, .readWrite, 0, 0xff_80ff_ffff),
]
private let redistributor: [Row] = [
  ("GICR_CTLR", 0x0000, 4, 1, .readWrite, 0, 0x300_0001),
  ("GICR_IIDR", 0x0004, 4, 1, .readOnly, 0, 0),
  ("GICR_TYPER", 0x0008, 8, 1, .readOnly, 0, 0),
  ("GICR_STATUSR", 0x0010, 4, 1, .readWrite, 0, 0xf),
  ("GICR_WAKER", 0x0014, 4, 1, .readWrite, 0x6, 0x2),
  ("GICR_MPAMIDR", 0x0018, 4, 1, .readOnly, 0, 0),
  ("GICR_PARTIDR", 0x001c, 4, 1, .readWrite, 0, 0xff_ffff),
  ("GICR_SETLPIR", 0x0040, 8, 1, .writeOnly, 0, 0),
  ("GICR_CLRLPIR", 0x0048, 8, 1, .writeOnly, 0, 0),
  ("GICR_PROPBASER", 0x0070, 8, 1, .readWrite, 0, 0x070f_ffff_ffff_ff9f),
  ("GICR_PENDBASER", 0x0078, 8, 1, .readWrite, 0, 0x070f_ffff_ffff_0f80),
  ("GICR_INVLPIR", 0x00a0, 8, 1, .writeOnly, 0, 0),
  ("GICR_INVALLR", 0x00b0, 8, 1, .writeOnly, 0, 0),
  ("GICR_SYNCR", 0x00c0, 4, 1, .readOnly, 0, 0),
]
private let redistributorSGI: [Row] = [
  ("GICR_IGROUPR0", 0x0080, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ISENABLER0", 0x0100, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ICENABLER0", 0x0180, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ISPENDR0", 0x0200, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ICPENDR0", 0x0280, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ISACTIVER0", 0x0300, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_ICACTIVER0", 0x0380, 4, 1, .readWrite, 0, 0xffff_ffff),
  ("GICR_IPRIORITYR<n>", 0x0400, 4, 8, .readWrite, 0, 0xffff_ffff),
  ("GICR_ICFGR0", 0x0c00, 4, 1, .readWrite, 0xaaaa_aaaa, 0),
  ("GICR_ICFGR1", 0x0c04, 4, 1, .readWrite, 0, 0xaaaa_aaaa),
  ("GICR_IGRPMODR0", 0x0d00, 4, 1, .readWrite, 0, 0),
  ("GICR_NSACR", 0x0e00, 4, 1, .readWrite, 0, 0),
]
private let its: [Row] = [
  ("GITS_CTLR", 0x0000, 4, 1, .readWrite, 0x8000_0000, 0x103),
  ("GITS_IIDR", 0x0004, 4, 1, .readOnly, 0, 0),
  ("GITS_TYPER", 0x0008, 8, 1, .readOnly, 0, 0),
  ("GITS_MPAMIDR", 0x0010, 4, 1, .readOnly, 0, 0),
  ("GITS_PARTIDR", 0x0014, 4, 1, .readWrite, 0, 0xff_ffff),
  ("GITS_MPIDR", 0x0018, 4, 1, .readOnly, 0, 0),
  ("GITS_STATUSR", 0x0040, 4, 1, .readWrite, 0, 0x3f),
  ("GITS_UMSIR", 0x0048, 8, 1, .readOnly, 0, 0),
  ("GITS_CBASER", 0x0080, 8, 1, .readWrite, 0, 0xb8ef_ffff_ffff_fcff),
  ("GITS_CWRITER", 0x0088, 8, 1, .readWrite, 0, 0x000f_ffe0),
  ("GITS_CREADR", 0x0090, 8, 1, .readOnly, 0, 0),
  ("GITS_BASER<n>", 0x0100, 8, 8, .readWrite, 0, 0xf8e0_ffff_ffff_ffff),
]
private let translation: [Row] = [("GITS_TRANSLATER", 0x0040, 4, 1, .writeOnly, 0, 0)]

private let frames: [(frame: RegisterFrame, rows: [Row], hasIdentification: Bool)] = [
  (.distributor, distributor, true), (.redistributor, redistributor, true),
  (.redistributorSGI, redistributorSGI, false), (.itsControl, its, true),
  (.itsTranslation, translation, false),
]

@Test(arguments: frames.indices)
func `a frame's registers are those of the manual`(index: Int) {
  let (frame, rows, hasIdentification) = frames[index]
  let entries = RegisterCatalogue.all.filter { $0.frame == frame && !isIdentification($0) }
  #expect(entries.map(\.name) == rows.map(\.name))
  for (entry, row) in zip(entries, rows) {
    #expect(entry.offset == row.offset, "\(row.name)")
    #expect(entry.byteCount == row.bytes && entry.count == row.count, "\(row.name)")
    #expect(entry.access == row.access, "\(row.name)")
    #expect(entry.reset == row.reset && entry.writable == row.writable, "\(row.name)")
  }
  let identification = RegisterCatalogue.all.filter { $0.frame == frame && isIdentification($0) }
  #expect(identification.count == (hasIdentification ? 12 : 0))
}

private func isIdentification(_ entry: RegisterEntry) -> Bool {
  entry.frame != .cpuInterface && entry.offset >= 0xffd0
}

@Test(arguments: RegisterFrame.allCases)
func `no two registers of a frame overlap`(frame: RegisterFrame) {
  let entries = RegisterCatalogue.all.filter { $0.frame == frame }
  #expect(!entries.isEmpty)
  if frame == .cpuInterface {
    #expect(Set(entries.map(\.offset)).count == entries.count)
    return
  }
  let sorted = entries.sorted { $0.offset < $1.offset }
  for (low, high) in zip(sorted, sorted.dropFirst()) {
    #expect(low.byteRange.upperBound <= high.offset, "\(low.name) and \(high.name)")
  }
  #expect(sorted.last.map { $0.byteRange.upperBound <= 0x1_0000 } == true)
}

@Test func `names are unique, and masks fit what they mask`() {
  let all = RegisterCatalogue.all
  #expect(Set(all.map(\.name)).count == all.count)
  for entry in all where entry.frame != .cpuInterface {
    #expect(entry.offset % entry.byteCount == 0, "\(entry.name)")
    if entry.byteCount == 4 { #expect((entry.writable | entry.reset) >> 32 == 0, "\(entry.name)") }
    if entry.access != .readWrite { #expect(entry.writable == 0, "\(entry.name)") }
  }
}

private let lookups: [(frame: RegisterFrame, offset: Int, name: String?)] = [
  (.itsControl, 0x80, "GITS_CBASER"), (.itsControl, 0x87, "GITS_CBASER"),
  (.itsControl, 0x98, nil), (.itsControl, 0x13c, "GITS_BASER<n>"), (.itsControl, 0x140, nil),
  (.itsControl, 0xffe8, "GITS_PIDR2"), (.itsTranslation, 0x40, "GITS_TRANSLATER"),
  (.redistributor, 0xffd0, "GICR_PIDR4"), (.redistributorSGI, 0x41f, "GICR_IPRIORITYR<n>"),
  (.distributor, 0x6100, "GICD_IROUTER<n>"), (.distributor, 0x7fdf, "GICD_IROUTER<n>"),
  (.distributor, 0x7fe0, nil), (.distributor, 0xfffc, "GICD_CIDR3"),
  (.distributor, -4, nil), (.distributor, 0x1_0000, nil), (.cpuInterface, 0xc660, "ICC_IAR1_EL1"),
]

@Test(arguments: lookups)
func `a byte of a frame belongs to a register or to none`(
  frame: RegisterFrame, offset: Int, name: String?
) {
  #expect(RegisterCatalogue.entry(at: offset, in: frame)?.name == name)
}

@Test func `the CPU interface's registers are in the catalogue with what may be done`() {
  let entries = RegisterCatalogue.all.filter { $0.frame == .cpuInterface }
  #expect(entries.count == 26)
  let readOnly = entries.filter { $0.access == .readOnly }.map(\.name)
  let writeOnly = entries.filter { $0.access == .writeOnly }.map(\.name)
  #expect(
    Set(readOnly) == [
      "ICC_IAR0_EL1", "ICC_IAR1_EL1", "ICC_HPPIR0_EL1", "ICC_HPPIR1_EL1", "ICC_RPR_EL1",
    ])
  #expect(
    Set(writeOnly) == [
      "ICC_EOIR0_EL1", "ICC_EOIR1_EL1", "ICC_DIR_EL1", "ICC_SGI0R_EL1", "ICC_SGI1R_EL1",
      "ICC_ASGI1R_EL1",
    ])
  for (name, mask) in [
    ("ICC_CTLR_EL1", 0x43), ("ICC_PMR_EL1", 0xff), ("ICC_BPR0_EL1", 7), ("ICC_BPR1_EL1", 7),
    ("ICC_IGRPEN0_EL1", 1), ("ICC_IGRPEN1_EL1", 1), ("ICC_SRE_EL1", 0),
    ("ICC_AP1R0_EL1", 0xffff_ffff), ("ICC_IAR1_EL1", 0), ("ICC_EOIR1_EL1", 0),
  ] as [(String, UInt64)] {
    #expect(entries.filter { $0.name == name }.map(\.writable) == [mask], "\(name)")
  }
}

@Test func `arrays of registers are indexed by offset and by INTID`() {
  #expect(GITS.BASER.offset(of: 7) == 0x138)
  #expect(GITS.BASER.index(at: 0x138) == 7 && GITS.BASER.index(at: 0x13f) == 7)
  #expect(GITS.BASER.index(at: 0x140) == nil && GITS.BASER.index(at: 0xff) == nil)
  #expect(GICD.ISENABLER.offset(holding: INTID(rawValue: 33)) == 0x104)
  #expect(GICD.IPRIORITYR.offset(holding: INTID(rawValue: 37)) == 0x424)
  #expect(GICD.ICFGR.offset(holding: INTID(rawValue: 47)) == 0xc08)
  #expect(GICD.IROUTER.offset(holding: INTID(rawValue: 32)) == 0x6100)
  #expect(GICD.IROUTER.offset(holding: INTID(rawValue: 1019)) == 0x7fd8)
  #expect(GICR.SGI.IPRIORITYR.offset(of: 7) == 0x41c)
  #expect(GITS.TRANSLATER.offsetFromControlFrame == 0x1_0040)
  #expect(GICR.SGI.frame == 0x1_0000 && GICR.vlpiFrame == 0x2_0000)
  #expect(ArchitectureVersion.gicv3.redistributorStride == 0x2_0000)
  #expect(ArchitectureVersion.gicv4.redistributorStride == 0x4_0000)
}
