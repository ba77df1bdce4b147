// Chapter "registers": what the architecture leaves optional. Status registers, unmapped MSIs, MPAM
// and ImDe: there, and not there.

import GICArch

enum OptionalRows {
  static let all: [ConformanceRow] = status + unmapped + interrupts + others

  private static let statusr = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GITS_STATUSR, GICR_STATUSR, GICD_STATUSR; Linux vgic-mmio-v3.c")
  private static let recorded = "profile: {status_registers: recorded}"

  /// One access and the bit that it sets.
  private struct Violation {
    var name: String
    var place: Place
    var isWrite: Bool
    var bit: UInt64
  }

  /// Each sets its bit and no other; a write of another bit leaves it, of itself clears it.
  private static func check(
    _ violations: [Violation], _ status: Place, _ w: inout World
  ) throws {
    try w.expect(status, 0)
    for violation in violations {
      if violation.isWrite {
        try w.write(violation.place, 1)
      } else {
        _ = try w.read(violation.place)
      }
      try w.expect("\(status) after \(violation.name)", try w.read(status), is: violation.bit)
      try w.write(status, ~violation.bit & 0xffff_ffff)
      try w.expect(status, violation.bit)
      try w.write(status, violation.bit)
      try w.expect(status, 0)
    }
  }

  private static let status: [ConformanceRow] = [
    statusr(117, "GITS_STATUSR and GICR_STATUSR read zero and take no write") { w in
      for place in [Place.its(GITS.STATUSR.self), .gicr(GICR.STATUSR.self)] {
        _ = try w.read(.its(at: 0x98))
        _ = try w.read(.gicr(at: 0x200))
        try w.write(place, 0xffff_ffff)
        try w.expect(place, 0)
      }
    },
    statusr(117, "GICD_STATUSR reads all ones", [.kvm]) { w in
      try w.expect(.gicd(GICD.STATUSR.self), 0xffff_ffff)
      try w.write(.gicd(GICD.STATUSR.self), 0xffff_ffff)
      try w.expect(.gicd(GICD.STATUSR.self), 0xffff_ffff)
    },
    statusr(117, "GICD_STATUSR reads zero", [.architecture]) { w in
      _ = try w.read(.gicd(at: 0xffc0))
      try w.expect(.gicd(GICD.STATUSR.self), 0)
    },
    statusr(117, "GITS_STATUSR: RRD, WRD, RWOD, WROD", [.architecture], machine: recorded) { w in
      let list = [
        Violation(
          name: "a read of a reserved place", place: .its(at: 0x98), isWrite: false, bit: 1),
        Violation(name: "a write of one", place: .its(at: 0x98), isWrite: true, bit: 2),
        Violation(
          name: "a read of TRANSLATER", place: .its(at: 0x1_0040), isWrite: false, bit: 4),
        Violation(name: "a write of IIDR", place: .its(GITS.IIDR.self), isWrite: true, bit: 8),
        Violation(
          name: "a write of half of TYPER", place: .its(GITS.TYPER.self).high, isWrite: true,
          bit: 8),
        Violation(name: "a write of CREADR", place: .its(GITS.CREADR.self), isWrite: true, bit: 8),
        Violation(name: "a write of PIDR2", place: .its(at: 0xffe8), isWrite: true, bit: 8),
        Violation(
          name: "a read of 16 bits of CTLR", place: .its(at: 0, size: 2), isWrite: false, bit: 1),
      ]
      try check(list, .its(GITS.STATUSR.self), &w)
    },
    statusr(
      117, "GICR_STATUSR: RRD, WRD, RWOD, WROD", [.architecture],
      machine: "profile: {status_registers: recorded}\nidentity: {direct_lpi: true}"
    ) { w in
      let list = [
        Violation(
          name: "a read of a reserved place", place: .gicr(at: 0x200, 1), isWrite: false, bit: 1),
        Violation(name: "a write of one", place: .gicr(at: 0x1_0000, 1), isWrite: true, bit: 2),
        Violation(
          name: "a read of SETLPIR", place: .gicr(GICR.SETLPIR.self, 1), isWrite: false, bit: 4),
        Violation(
          name: "a write of TYPER", place: .gicr(GICR.TYPER.self, 1), isWrite: true, bit: 8),
        Violation(
          name: "a write of SYNCR", place: .gicr(GICR.SYNCR.self, 1), isWrite: true, bit: 8),
      ]
      try check(list, .gicr(GICR.STATUSR.self, 1), &w)
      _ = try w.read(.gicr(at: 0x200, 1))
      try w.expect(.gicr(GICR.STATUSR.self, 0), 0)
    },
    statusr(117, "GICD_STATUSR: RRD, WRD, WROD", [.architecture], machine: recorded) { w in
      let list = [
        Violation(
          name: "a read of a reserved place", place: .gicd(at: 0xffc0), isWrite: false, bit: 1),
        Violation(name: "a write of one", place: .gicd(at: 0xffc0), isWrite: true, bit: 2),
        Violation(name: "a write of TYPER", place: .gicd(GICD.TYPER.self), isWrite: true, bit: 8),
      ]
      try check(list, .gicd(GICD.STATUSR.self), &w)
    },
    statusr(117, "accesses that are right leave STATUSR alone", [.architecture], machine: recorded)
    {
      w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040), 3)
      try w.expectTaken(8195, by: 1)
      try w.expect(.its(GITS.STATUSR.self), 0)
      try w.expect(.gicr(GICR.STATUSR.self), 0)
      try w.expect(.gicd(GICD.STATUSR.self), 0)
    },
  ]

  private static let umsir = RowMaker(
    chapter: .registers, source: "IHI 0069, GITS_UMSIR, GITS_STATUSR.UMSI, GITS_CTLR.UMSIirq")
  private static let reported = "profile: {unmapped_msis: reported}"

  /// Device 2 has events of 8 bits: 1 is LPI 8200 of PE 1, 5 is of a collection that is not mapped.
  private static func prepare(_ w: inout World) throws {
    try w.start()
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 5, 8205, 9))
  }

  private static let unmapped: [ConformanceRow] = [
    umsir(118, "GITS_TYPER.UMSI is 0, UMSIR and UMSIirq read zero") { w in
      try prepare(&w)
      try w.msi(3, 1)
      try w.expect(.its(GITS.TYPER.self), 0, mask: 3 << 44)
      try w.write(.its(GITS.CTLR.self), 0x101)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
      try w.expect(.its(GITS.UMSIR.self), 0)
      try w.expect(.its(GITS.STATUSR.self), 0)
    },
    umsir(118, "UMSIR and Syndrome for each reason", [.architecture], machine: reported) { w in
      try prepare(&w)
      try w.expect(.its(GITS.TYPER.self), 1 << 44, mask: 3 << 44)
      let reasons: [(device: UInt32, event: UInt64, syndrome: UInt64)] = [
        (0x1_0002, 1, 2), (3, 1, 3), (2, 256, 4), (2, 2, 5), (2, 5, 7),
      ]
      for (device, event, syndrome) in reasons {
        try w.msi(device, event)
        try w.expect(.its(GITS.UMSIR.self), UInt64(device) << 32 | event)
        try w.expect(.its(GITS.UMSIR.self).high, UInt64(device))
        try w.expect(.its(GITS.STATUSR.self), 1 << 4 | syndrome << 6)
        try w.write(.its(GITS.STATUSR.self), 1 << 4)
        try w.expect(.its(GITS.STATUSR.self), 0)
      }
    },
    umsir(
      118, "the first is kept, Overflow says there were more", [.architecture], machine: reported
    ) { w in
      try prepare(&w)
      try w.msi(3, 1)
      try w.msi(2, 2)
      try w.expect(.its(GITS.UMSIR.self), 3 << 32 | 1)
      try w.expect(.its(GITS.STATUSR.self), 3 << 6 | 3 << 4)
      try w.write(.its(GITS.UMSIR.self), 0)
      try w.expect(.its(GITS.UMSIR.self), 3 << 32 | 1)
      try w.write(.its(GITS.STATUSR.self), 1 << 5)
      try w.expect(.its(GITS.STATUSR.self), 3 << 6 | 1 << 4)
      try w.write(.its(GITS.STATUSR.self), 1 << 4)
      try w.msi(2, 2)
      try w.expect(.its(GITS.UMSIR.self), 2 << 32 | 2)
      try w.expect(.its(GITS.STATUSR.self), 5 << 6 | 1 << 4)
    },
    umsir(
      118, "no report: mapped, ITS off, LPIs off, and the INT command", [.architecture],
      machine: reported
    ) { w in
      try prepare(&w)
      try w.msi(2, 1)
      try w.run(.int(3, 1), .int(2, 2))
      try w.write(.gicr(GICR.CTLR.self, 1), 0)
      try w.msi(2, 1)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.msi(3, 1)
      try w.expect(.its(GITS.STATUSR.self), 0)
    },
    umsir(
      118, "with time too", [.architecture],
      machine: "clock: timed\nprofile: {unmapped_msis: reported}"
    ) { w in
      try prepare(&w)
      try w.msi(3, 1)
      try w.expect(.its(GITS.STATUSR.self), 3 << 6 | 1 << 4)
      try w.expect(.its(GITS.UMSIR.self), 3 << 32 | 1)
    },
  ]

  private static let interrupt =
    "profile: {unmapped_msis: interrupt}\nidentity: {unmapped_msi_intid: 40}"

  private static func followLine(_ w: inout World) throws {
    try prepare(&w)
    try DistributorRows.enableSPI(40, route: 2, &w)
    try w.expect(.its(GITS.TYPER.self), 3 << 44, mask: 3 << 44)
    try w.msi(3, 1)
    try w.expectNothing(at: 2)
    try w.write(.its(GITS.CTLR.self), 0x101)
    try w.expect(.its(GITS.CTLR.self), 0x8000_0101)
    try w.expectTaken(40, by: 2)
    try w.expectTaken(40, by: 2)
    try w.write(.its(GITS.STATUSR.self), 1 << 4)
    try w.expectNothing(at: 2)
    try w.msi(3, 1)
    try w.expectTaken(40, by: 2)
    try w.write(.its(GITS.CTLR.self), 1)
    try w.expectNothing(at: 2)
  }

  private static let interrupts: [ConformanceRow] = [
    umsir(118, "UMSIirq: the SPI is high while UMSI is 1", [.architecture], machine: interrupt) {
      w in try followLine(&w)
    },
    umsir(
      118, "UMSIirq: the SPI is high while UMSI is 1, with time too", [.architecture],
      machine: "clock: timed\n" + interrupt
    ) { w in try followLine(&w) },
    umsir(
      118, "UMSIirq: two ITSs share the SPI", [.architecture],
      machine: interrupt + "\nmachine: {its_bases: [0x8080000, 0x80a0000], gicr_base: 0x8100000}"
    ) { w in
      try w.start()
      try DistributorRows.enableSPI(40, route: 2, &w)
      let bases = w.configuration.shape.itsBases
      for n in 0..<2 {
        try w.write(.its(GITS.CTLR.self, n), 0x101)
        try w.msi(3, UInt64(n), at: bases[n] + 0x1_0040)
      }
      for n in 0..<2 {
        try w.expect(.its(GITS.UMSIR.self, n), 3 << 32 | UInt64(n))
        try w.expectTaken(40, by: 2)
        try w.write(.its(GITS.STATUSR.self, n), 1 << 4)
      }
      try w.expectNothing(at: 2)
    },
  ]

  private static let mpam = RowMaker(
    chapter: .registers, source: "IHI 0069, GITS_MPAMIDR, GITS_PARTIDR, GICR_MPAMIDR, GICR_PARTIDR")
  private static let imde = RowMaker(chapter: .registers, source: "IHI 0069, GITS_CTLR.ImDe")

  private static let others: [ConformanceRow] = [
    mpam(119, "MPAMIDR and PARTIDR read zero, TYPER.MPAM is 0") { w in
      for place in [Place.its(GITS.PARTIDR.self), .gicr(GICR.PARTIDR.self)] {
        try w.write(place, 0xffff_ffff)
        try w.expect(place, 0)
      }
      try w.expect(.its(GITS.MPAMIDR.self), 0)
      try w.expect(.gicr(GICR.MPAMIDR.self), 0)
      try w.expect(.its(GITS.TYPER.self), 0, mask: 1 << 38)
      try w.expect(.gicr(GICR.TYPER.self), 0, mask: 1 << 6)
    },
    mpam(
      119, "PARTIDR keeps the bits that MPAMIDR's maxima need", [.architecture],
      machine: "profile: {mpam: registers}\nidentity: {maximum_partid: 100, maximum_pmg: 3}"
    ) { w in
      try w.expect(.its(GITS.MPAMIDR.self), 3 << 16 | 100)
      try w.expect(.gicr(GICR.MPAMIDR.self, 3), 3 << 16 | 100)
      try w.expect(.its(GITS.TYPER.self), 1 << 38, mask: 1 << 38)
      try w.expect(.gicr(GICR.TYPER.self), 1 << 6, mask: 1 << 6)
      try w.write(.its(GITS.PARTIDR.self), 0xffff_ffff)
      try w.expect(.its(GITS.PARTIDR.self), 3 << 16 | 0x7f)
      try w.write(.gicr(GICR.PARTIDR.self, 1), 0x1_0005)
      try w.expect(.gicr(GICR.PARTIDR.self, 1), 0x1_0005)
      try w.expect(.gicr(GICR.PARTIDR.self, 0), 0)
      try w.write(.its(GITS.MPAMIDR.self), 0)
      try w.expect(.its(GITS.MPAMIDR.self), 3 << 16 | 100)
    },
    imde(120, "ImDe reads zero") { w in
      try w.write(.its(GITS.CTLR.self), 2)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    imde(120, "ImDe reads back", [.architecture], machine: "profile: {imde: stored}") { w in
      try w.write(.its(GITS.CTLR.self), 2)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0002)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
  ]
}
