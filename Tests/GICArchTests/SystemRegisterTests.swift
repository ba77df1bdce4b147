import GICArch
import Testing

/// op0 is 3 and op1 is 0 for all; CRn, CRm and op2 are the manual's. The key is
/// 0xc000 + CRn x 0x80 + CRm x 8 + op2.
private let encodings:
  [(name: String, short: String, encoding: String, key: UInt32, register: SystemRegister)] = [
    ("ICC_PMR_EL1", "pmr", "S3_0_C4_C6_0", 0xc230, .pmr),
    ("ICC_IAR0_EL1", "iar0", "S3_0_C12_C8_0", 0xc640, .iar0),
    ("ICC_EOIR0_EL1", "eoir0", "S3_0_C12_C8_1", 0xc641, .eoir0),
    ("ICC_HPPIR0_EL1", "hppir0", "S3_0_C12_C8_2", 0xc642, .hppir0),
    ("ICC_BPR0_EL1", "bpr0", "S3_0_C12_C8_3", 0xc643, .bpr0),
    ("ICC_AP0R0_EL1", "ap0r0", "S3_0_C12_C8_4", 0xc644, .ap0r0),
    ("ICC_AP0R1_EL1", "ap0r1", "S3_0_C12_C8_5", 0xc645, .ap0r1),
    ("ICC_AP0R2_EL1", "ap0r2", "S3_0_C12_C8_6", 0xc646, .ap0r2),
    ("ICC_AP0R3_EL1", "ap0r3", "S3_0_C12_C8_7", 0xc647, .ap0r3),
    ("ICC_AP1R0_EL1", "ap1r0", "S3_0_C12_C9_0", 0xc648, .ap1r0),
    ("ICC_AP1R1_EL1", "ap1r1", "S3_0_C12_C9_1", 0xc649, .ap1r1),
    ("ICC_AP1R2_EL1", "ap1r2", "S3_0_C12_C9_2", 0xc64a, .ap1r2),
    ("ICC_AP1R3_EL1", "ap1r3", "S3_0_C12_C9_3", 0xc64b, .ap1r3),
    ("ICC_DIR_EL1", "dir", "S3_0_C12_C11_1", 0xc659, .dir),
    ("ICC_RPR_EL1", "rpr", "S3_0_C12_C11_3", 0xc65b, .rpr),
    ("ICC_SGI1R_EL1", "sgi1r", "S3_0_C12_C11_5", 0xc65d, .sgi1r),
    ("ICC_ASGI1R_EL1", "asgi1r", "S3_0_C12_C11_6", 0xc65e, .asgi1r),
    ("ICC_SGI0R_EL1", "sgi0r", "S3_0_C12_C11_7", 0xc65f, .sgi0r),
    ("ICC_IAR1_EL1", "iar1", "S3_0_C12_C12_0", 0xc660, .iar1),
    ("ICC_EOIR1_EL1", "eoir1", "S3_0_C12_C12_1", 0xc661, .eoir1),
    ("ICC_HPPIR1_EL1", "hppir1", "S3_0_C12_C12_2", 0xc662, .hppir1),
    ("ICC_BPR1_EL1", "bpr1", "S3_0_C12_C12_3", 0xc663, .bpr1),
    ("ICC_CTLR_EL1", "ctlr", "S3_0_C12_C12_4", 0xc664, .ctlr),
    ("ICC_SRE_EL1", "sre", "S3_0_C12_C12_5", 0xc665, .sre),
    ("ICC_IGRPEN0_EL1", "igrpen0", "S3_0_C12_C12_6", 0xc666, .igrpen0),
    ("ICC_IGRPEN1_EL1", "igrpen1", "S3_0_C12_C12_7", 0xc667, .igrpen1),
  ]

@Test(arguments: encodings)
func `system registers are named and encoded as in the manual`(
  name: String, short: String, encoding: String, key: UInt32, register: SystemRegister
) {
  #expect(register.rawValue == key)
  #expect(register.encoding == encoding)
  #expect(register.name == name && register.shortName == short)
  #expect(SystemRegister(name: name) == register && SystemRegister(name: short) == register)
  #expect(SystemRegister(name: name.lowercased()) == register)
}

@Test func `every system register has a row, by ascending key`() {
  #expect(SystemRegister.allCases == encodings.map(\.register))
  #expect(encodings.map(\.key) == encodings.map(\.key).sorted())
}

@Test func `an unknown system register has an encoding only`() {
  let unknown = SystemRegister(3, 4, 12, 9, 5)  // ICC_SRE_EL2
  #expect(unknown.rawValue == 0xe64d)
  #expect(unknown.name == nil && unknown.access == nil && unknown.description == "S3_4_C12_C9_5")
  for name in ["", "icc_", "icc_pmr", "pmr_el1", "icc__el1", "iar2"] {
    #expect(SystemRegister(name: name) == nil, "\(name)")
  }
  #expect(SystemRegister(7, 8, 16, 16, 8).rawValue == 0xc000, "each number is cut to its field")
}

/// Ones in a field of each register of the CPU interface, from the manual's figures.
@Test func `the fields of the CPU interface's registers`() {
  let ctlr = ICC.CTLR(raw: 0)
  #expect(with(ctlr) { $0.cbpr = true } == 0x1)
  #expect(with(ctlr) { $0.eoiMode = true } == 0x2)
  #expect(with(ctlr) { $0.pmhe = true } == 0x40)
  #expect(with(ctlr) { $0.priorityBits = 8 } == 0x700)
  #expect(with(ctlr) { $0.idBits = 7 } == 0x3800)
  #expect(with(ctlr) { $0.seis = true } == 0x4000)
  #expect(with(ctlr) { $0.a3v = true } == 0x8000)
  #expect(with(ctlr) { $0.rss = true } == 0x4_0000)
  #expect(with(ctlr) { $0.extRange = true } == 0x8_0000)
  // As QEMU shows it: 5 bits of priority, 24 bits of INTID, Aff3 valid.
  let shown = ICC.CTLR(raw: 0x8c00)
  #expect(shown.priorityBits == 5 && shown.idBits == 1 && shown.a3v && !shown.rss)
  #expect(with(ICC.PMR(raw: 0)) { $0.priority = 0xff } == 0xff)
  #expect(with(ICC.BPR(raw: 0)) { $0.binaryPoint = 7 } == 7)
  #expect(with(ICC.IGRPEN(raw: 0)) { $0.enable = true } == 1)
  #expect(ICC.SRE(raw: 1).sre && ICC.SRE(raw: 2).dfb && ICC.SRE(raw: 4).dib)
  #expect(ICC.INTIDR(raw: .max).intid == INTID(rawValue: 0xff_ffff))
  #expect(ICC.CTLR.writable == 0x43 && ICC.PMR.writable == 0xff && ICC.BPR.writable == 7)
  #expect(ICC.SRE.writable == 0 && ICC.IGRPEN.writable == 1)
}

@Test func `an SGI's fields`() {
  let empty = ICC.SGI1R(raw: 0)
  #expect(with(empty) { $0.targetList = 0xffff } == 0xffff)
  #expect(with(empty) { $0.aff1 = 0xff } == 0x00ff_0000)
  #expect(with(empty) { $0.intid = INTID(rawValue: 15) } == 0x0f00_0000)
  #expect(with(empty) { $0.aff2 = 0xff } == 0x00ff_0000_0000)
  #expect(with(empty) { $0.irm = true } == 0x0100_0000_0000)
  #expect(with(empty) { $0.rangeSelector = 15 } == 0xf000_0000_0000)
  #expect(with(empty) { $0.aff3 = 0xff } == 0x00ff_0000_0000_0000)
}

@Test func `an SGI names the PEs of its list, in its cluster and range`() {
  // Aff3.Aff2.Aff1 = 4.3.2, RS = 1, list bits 0 and 5: Aff0 16 and 21.
  let sgi = ICC.SGI1R(raw: 0x0004_1003_0102_0021)
  #expect(sgi.cluster == 0x04_0302 && sgi.intid == INTID(rawValue: 1) && !sgi.irm)
  #expect(sgi.names(Affinity(rawValue: 0x0403_0210)))
  #expect(sgi.names(Affinity(rawValue: 0x0403_0215)))
  #expect(!sgi.names(Affinity(rawValue: 0x0403_0211)))
  #expect(!sgi.names(Affinity(rawValue: 0x0403_0205)), "of range 0")
  #expect(!sgi.names(Affinity(rawValue: 0x0403_0310)), "of another cluster")
}

private func with<R: SystemRegisterLayout>(_ register: R, _ change: (inout R) -> Void) -> UInt64 {
  var register = register
  change(&register)
  return register.raw
}
