// Chapter "registers": the distributor's and the redistributors' part beside LPIs: who they are,
// SPIs for any PE, a machine without an ITS, groups.

import GICArch

enum DistributorRows {
  static let all: [ConformanceRow] = identification + anyPE + withoutITS + groups

  /// An SPI of 32 through 63: Group 1, enabled, level-sensitive.
  static func enableSPI(_ intid: Int, route: UInt64, _ w: inout World) throws {
    try w.write(.gicd(at: 0x84), 0xffff_ffff)
    try w.write(.gicd(at: 0x104), 1 << UInt64(intid - 32))
    try w.write(router(intid), route)
  }
  private static func router(_ intid: Int) -> Place { .gicd(at: 0x6000 + 8 * intid, size: 8) }

  private static let gic = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GICD_IIDR, GICR_IIDR, GICD_IROUTER<n>; Linux vgic-mmio-v3.c"
  )

  private static let identification: [ConformanceRow] = [
    gic(4, "GICD_IIDR has the implementation's revision, GICR_IIDR none", [.kvm]) { w in
      try w.expect(.gicd(GICD.IIDR.self), 0x4b00_343b)
      try w.expect(.gicr(GICR.IIDR.self, 2), 0x4b00_043b)
    },
    gic(
      4, "GICD_IIDR and GICR_IIDR are the configuration's", [.architecture],
      machine: "identity: {distributor_iidr: 0x201743b, redistributor_iidr: 0x301743b}"
    ) { w in
      try w.expect(.gicd(GICD.IIDR.self), 0x0201_743b)
      try w.expect(.gicr(GICR.IIDR.self, 2), 0x0301_743b)
    },
    gic(82, "without A3V and Interrupt_Routing_Mode IROUTER keeps Aff2, Aff1, Aff0", [.kvm]) { w in
      try w.expect(.gicd(GICD.TYPER.self), 0, mask: 3 << 24)
      try w.write(router(40), .max)
      try w.expect(router(40), 0xff_ffff)
      try w.write(router(40).high, 0xffff_ffff)
      try w.expect(router(40).high, 0)
    },
    gic(82, "with A3V and No1N IROUTER keeps four affinities", [.architecture]) { w in
      try w.expect(.gicd(GICD.TYPER.self), 3 << 24, mask: 3 << 24)
      try w.write(router(40), .max)
      try w.expect(router(40), 0xff_00ff_ffff)
    },
  ]

  private static let oneOfN = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GICD_IROUTER<n>.Interrupt_Routing_Mode, GICR_CTLR.DPG0 and DPG1NS")
  private static let supported = "identity: {one_of_n_supported: true}"

  private static func expectLine(_ pe: Int?, _ w: World) throws {
    for index in 0..<w.peCount {
      try w.expect("IRQ line of PE \(index)", w.lines[index].contains(.irq), is: index == pe)
    }
  }

  private static let anyPE: [ConformanceRow] = [
    oneOfN(
      122, "asleep, DPG1NS or group off: the SPI goes to the next", [.architecture],
      machine: supported
    ) { w in
      try w.startPEs()
      try enableSPI(40, route: 1 << 31 | 3, &w)
      try w.expect(router(40), 1 << 31 | 3)
      try w.inputLine(40, true)
      try expectLine(0, w)
      try w.write(.gicr(GICR.WAKER.self, 0), 2)
      try expectLine(1, w)
      try w.write(.gicr(GICR.CTLR.self, 1), 1 << 25 | 1)
      try expectLine(2, w)
      try w.write(.igrpen1, 0, pe: 2)
      try expectLine(3, w)
      try w.write(.gicr(GICR.CTLR.self, 3), 1 << 25 | 1)
      try expectLine(nil, w)
      try w.write(.gicr(GICR.CTLR.self, 1), 1)
      try expectLine(1, w)
      try w.expectTaken(40, by: 1)
    },
    oneOfN(122, "each PE takes its turn", [.architecture], machine: supported) { w in
      try w.startPEs()
      try enableSPI(40, route: 1 << 31, &w)
      try w.write(.gicd(at: 0xc08), 2 << 16)
      for round in 0..<8 {
        try w.inputLine(40, true)
        try w.inputLine(40, false)
        try expectLine(round % 4, w)
        try w.expectTaken(40, by: round % 4)
      }
    },
    oneOfN(122, "an SPI is taken once, by one PE", [.architecture], machine: supported) { w in
      try w.startPEs()
      try enableSPI(40, route: 1 << 31, &w)
      try w.inputLine(40, true)
      try w.expect(.iar1, 40, pe: 0)
      for pe in 0..<4 { try w.expect(.iar1, 1023, pe: pe) }
      try w.write(.eoir1, 40, pe: 0)
      try expectLine(1, w)
    },
    oneOfN(122, "DPG0 is for Group 0 and DPG1NS for Group 1", [.architecture], machine: supported) {
      w in
      try w.startPEs()
      try w.write(.gicd(GICD.CTLR.self), 0x13)
      for pe in 0..<4 { try w.write(.igrpen0, 1, pe: pe) }
      try enableSPI(40, route: 1 << 31, &w)
      try w.write(.gicr(GICR.CTLR.self, 0), 1 << 24 | 1)
      try w.inputLine(40, true)
      try expectLine(0, w)
      try w.write(.gicd(at: 0x84), 0)
      try expectLine(nil, w)
      try w.expect("FIQ line of PE 0", w.lines[0].contains(.fiq), is: false)
      try w.expect("FIQ line of PE 1", w.lines[1].contains(.fiq), is: true)
    },
    oneOfN(122, "DPGS and the DPG bits are there with 1 of N", [.architecture], machine: supported)
    {
      w in
      try w.expect(.gicd(GICD.TYPER.self), 0, mask: 1 << 25)
      try w.expect(.gicr(GICR.TYPER.self), 1 << 5, mask: 1 << 5)
      try w.write(.gicr(GICR.CTLR.self), 7 << 24)
      try w.expect(.gicr(GICR.CTLR.self), 3 << 24, mask: 7 << 24)
    },
    oneOfN(122, "without 1 of N there is no DPGS, and the DPG bits read zero") { w in
      try w.expect(.gicr(GICR.TYPER.self), 0, mask: 1 << 5)
      try w.write(.gicr(GICR.CTLR.self), 7 << 24)
      try w.expect(.gicr(GICR.CTLR.self), 0, mask: 7 << 24)
    },
    oneOfN(
      122, "by choice all go to the first PE", [.architecture],
      machine: supported + "\nprofile: {any_pe_routing: first_pe}"
    ) { w in
      try w.startPEs()
      try enableSPI(40, route: 1 << 31, &w)
      try w.write(.gicr(GICR.WAKER.self, 0), 2)
      try w.inputLine(40, true)
      for _ in 0..<3 { try w.expectTaken(40, by: 0) }
    },
  ]

  private static let bare = RowMaker(
    chapter: .registers, source: "Linux vgic-mmio-v3.c: vgic_has_its; IHI 0069, GICR_TYPER.PLPIS")
  private static let noITS = "machine: {its_bases: []}"

  private static let withoutITS: [ConformanceRow] = [
    bare(123, "without an ITS there are no LPIs", [.kvm], machine: noITS) { w in
      try w.expect(.gicr(GICR.TYPER.self), 0, mask: 1)
      try w.expect(.gicd(GICD.TYPER.self), 9 << 19, mask: 31 << 19 | 1 << 17)
      try w.write(.gicr(GICR.CTLR.self), 1)
      try w.expect(.gicr(GICR.CTLR.self), 6)
    },
    bare(123, "without an ITS there are LPIs", [.architecture], machine: noITS) { w in
      try w.expect(.gicr(GICR.TYPER.self), 1, mask: 1)
      try w.expect(.gicd(GICD.TYPER.self), 15 << 19 | 1 << 17, mask: 31 << 19 | 1 << 17)
      try w.write(.gicr(GICR.CTLR.self), 1)
      try w.expect(.gicr(GICR.CTLR.self), 1, mask: 1)
    },
  ]

  private static let group = RowMaker(
    chapter: .registers, source: "IHI 0069, GICD_CTLR, ICC_SGI1R_EL1; Linux vgic-mmio-v3.c")

  /// SGI 3 of PE 1, in Group 0, from PE 0 by ICC_SGI1R.
  private static func sendGroup0SGI(_ control: UInt64, _ w: inout World) throws {
    try w.startPEs()
    try w.write(.gicd(GICD.CTLR.self), control)
    try w.write(.igrpen0, 1, pe: 1)
    try w.write(Place(frame: .sgi(1), offset: 0x80, byteCount: 4), 0)
    try w.write(Place(frame: .sgi(1), offset: 0x100, byteCount: 4), 1 << 3)
    try w.write(.sgi1r, 3 << 24 | 1 << 1)
  }

  private static let groups: [ConformanceRow] = [
    group(124, "EnableGrp1 enables both groups, EnableGrp0 reads zero", [.kvm]) { w in
      try w.write(.gicd(GICD.CTLR.self), 1)
      try w.expect(.gicd(GICD.CTLR.self), 0x50)
      try w.write(.gicd(GICD.CTLR.self), 3)
      try w.expect(.gicd(GICD.CTLR.self), 0x52)
      try sendGroup0SGI(2, &w)
      try w.expect("FIQ line of PE 1", w.lines[1].contains(.fiq), is: true)
    },
    group(124, "EnableGrp0 and EnableGrp1 are apart", [.architecture]) { w in
      try w.write(.gicd(GICD.CTLR.self), 1)
      try w.expect(.gicd(GICD.CTLR.self), 0x51)
      try w.write(.gicd(GICD.CTLR.self), 2)
      try w.expect(.gicd(GICD.CTLR.self), 0x52)
    },
    group(124, "SGI1R reaches an SGI of Group 0", [.kvm]) { w in
      try sendGroup0SGI(3, &w)
      try w.expect(.iar0, 3, pe: 1)
    },
    group(124, "SGI1R does not reach an SGI of Group 0", [.architecture]) { w in
      try sendGroup0SGI(3, &w)
      try w.expect(.iar0, 1023, pe: 1)
      try w.write(.sgi0r, 3 << 24 | 1 << 1)
      try w.expect(.iar0, 3, pe: 1)
    },
  ]
}
