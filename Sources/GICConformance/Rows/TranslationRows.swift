// Chapter "translation": what becomes of an MSI.

import GICArch
import GICModel

enum TranslationRows {
  static let all: [ConformanceRow] = results + keys + delivery + order + several + shapes

  private static let msi = RowMaker(
    chapter: .translation,
    source: "IHI 0069, The ITS, translation; Linux vgic-its.c, vgic_its_inject_msi"
  )

  private static func prepare(_ w: inout World) throws {
    try w.start()
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1))
  }

  private static let results: [ConformanceRow] = [
    msi(65, "an MSI that is mapped is set; again, merged") { w in
      try prepare(&w)
      try w.expectMSI(2, 1, .set)
      try w.expectMSI(2, 1, .merged)
      try w.expectTaken(8200, by: 1)
      try w.expectMSI(2, 1, .set)
    },
    msi(65, "no device, no event, no collection: blocked") { w in
      try prepare(&w)
      try w.run(.mapti(2, 5, 8205, 9))
      try w.expectMSI(3, 1, .deviceUnmapped)
      try w.expectMSI(2, 2, .eventUnmapped)
      try w.expectMSI(2, 5, .collectionUnmapped)
      try w.expectErrors()
    },
    msi(65, "the ITS is disabled: refused") { w in
      try prepare(&w)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.expectMSI(2, 1, .itsDisabled)
      try w.expectNothing(at: 1)
    },
    msi(65, "the target takes no LPIs: refused") { w in
      try prepare(&w)
      try w.write(.gicr(GICR.CTLR.self, 1), 0)
      try w.expectMSI(2, 1, .lpisDisabled)
      try w.expectNothing(at: 1)
    },
    msi(65, "a machine without an ITS", machine: "machine: {its_bases: []}") { w in
      try w.startPEs()
      try w.expectMSI(2, 1, .noITS)
    },
    msi(65, "an address outside every ITS") { w in
      try prepare(&w)
      try w.expectMSI(2, 1, .noITS, at: w.configuration.shape.itsBases[0] + 0x2_0000)
      try w.expectMSI(2, 1, .noITS, at: w.configuration.shape.gicdBase)
      try w.expectDelivery(
        2, 1, 8200, at: 1, its: w.configuration.shape.itsBases[0] + 0x1_0040)
    },
    msi(
      65, "only TRANSLATER's address is the doorbell; the ITS's base names it too", [.architecture]
    ) { w in
      try prepare(&w)
      for offset: UInt64 in [0x40, 0x1_0000, 0x1_fffc] {
        try w.expectMSI(2, 1, .noITS, at: w.configuration.shape.itsBases[0] + offset)
      }
      try w.expectNothing(at: 1)
      try w.expectDelivery(
        2, 1, 8200, at: 1, its: w.configuration.shape.itsBases[0])
      try w.expectDelivery(
        2, 1, 8200, at: 1, its: w.configuration.shape.itsBases[0] + 0x1_0040)
    },
    msi(
      65, "only TRANSLATER's address is the doorbell, with time too", [.architecture],
      machine: "clock: timed"
    ) { w in
      try prepare(&w)
      for offset: UInt64 in [0x40, 0x1_0000, 0x1_fffc] {
        try w.expectMSI(2, 1, .noITS, at: w.configuration.shape.itsBases[0] + offset)
      }
      try w.expectNothing(at: 1)
      try w.expectMSI(2, 1, .accepted, at: w.configuration.shape.itsBases[0] + 0x1_0040)
      try w.expectTaken(8200, by: 1)
    },
    msi(65, "any address of the frames is the doorbell", [.kvm]) { w in
      try prepare(&w)
      for offset: UInt64 in [0, 0x40, 0x1_0000, 0x1_fffc] {
        try w.expectDelivery(2, 1, 8200, at: 1, its: w.configuration.shape.itsBases[0] + offset)
      }
    },
  ]

  private static let keys: [ConformanceRow] = [
    msi(66, "a DeviceID above 16 bits is never one that is mapped") { w in
      try prepare(&w)
      try w.expectMSI(2, 1, .set)
      try w.expectTaken(8200, by: 1)
      for device: UInt32 in [0x1_0002, 0x100_0002, 0xffff_0002] {
        try w.expectMSI(device, 1, .deviceOOR)
      }
      try w.expectNothing(at: 1)
    },
    msi(66, "an EventID above 16 bits is never one that is mapped") { w in
      try w.start()
      try w.mapDevice(2, bits: 16)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 1)
      for event: UInt64 in [0x1_0001, 0x8000_0001, 0xffff_0001] {
        try w.expectMSI(2, event, .eventOOR)
      }
      try w.expectNothing(at: 1)
    },
  ]

  private static let delivery: [ConformanceRow] = [
    msi(67, "twice before the acknowledge: both accepted, one delivery") { w in
      try prepare(&w)
      try w.mask(1)
      try w.expectMSI(2, 1, .set)
      try w.expectMSI(2, 1, .merged)
      try w.unmask(1)
      try w.expectTaken(8200, by: 1)
      try w.expectNothing(at: 1)
    },
    msi(67, "again between acknowledge and end: delivered again") { w in
      try prepare(&w)
      try w.expectMSI(2, 1, .set)
      try w.expect(.iar1, 8200, pe: 1)
      try w.expectMSI(2, 1, .set)
      try w.expect(.iar1, 1023, pe: 1)
      try w.write(.eoir1, 8200, pe: 1)
      try w.expectTaken(8200, by: 1)
      try w.expectNothing(at: 1)
    },
    msi(65, "an LPI that is not enabled waits until it is, and INV") { w in
      try w.start()
      try w.mapDevice(2)
      try w.configure(8200, 0xa0)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectMSI(2, 1, .set)
      try w.expectNothing(at: 1)
      try w.configure(8200, 0xa1)
      try w.run(.inv(2, 1))
      try w.expectTaken(8200, by: 1)
    },
    msi(65, "Group 1 off at the distributor gates delivery") { w in
      try prepare(&w)
      try w.write(.gicd(GICD.CTLR.self), 0x10)
      try w.expectMSI(2, 1, .set)
      try w.expectNothing(at: 1)
      try w.write(.gicd(GICD.CTLR.self), 0x12)
      try w.expectTaken(8200, by: 1)
    },
    msi(71, "priority bits 7:2 reach the PE; bit 1 means nothing") { w in
      try w.start()
      try w.mapDevice(2)
      for (index, byte) in ([0x51, 0x53, 0xf1, 0x01] as [UInt8]).enumerated() {
        let lpi = 8200 + UInt32(index)
        try w.configure(lpi, byte)
        try w.run(.mapti(2, UInt32(index), lpi, 1), .int(2, UInt32(index)))
        try w.expect(.iar1, UInt64(lpi), pe: 1)
        try w.expect(.rpr, UInt64(byte & 0xf8), pe: 1)
        try w.write(.eoir1, UInt64(lpi), pe: 1)
      }
    },
    msi(71, "the higher priority first; among equals the lower INTID") { w in
      try w.start()
      try w.mapDevice(2)
      try w.configure(8203, 0x41)
      try w.mask(1)
      try w.run((1...3).map { .mapti(2, $0, 8200 + $0, 1) })
      for event: UInt64 in [2, 1, 3] { try w.expectMSI(2, event, .set) }
      try w.unmask(1)
      for lpi: UInt32 in [8203, 8201, 8202] { try w.expectTaken(lpi, by: 1) }
    },
    msi(71, "PMR holds back what is not above it") { w in
      try prepare(&w)
      try w.mask(1, 0xa0)
      try w.expectMSI(2, 1, .set)
      try w.expectNothing(at: 1)
      try w.mask(1, 0xa8)
      try w.expectTaken(8200, by: 1)
    },
  ]

  private static let race = RowMaker(
    chapter: .translation, source: "Linux vgic-its.c, translation cache; CVE-2026-46316")

  /// An MSI pends at a PE that is masked; then something ends it; then the PE is unmasked.
  private static let order: [ConformanceRow] = [
    race(68, "MSI, then DISCARD and SYNC: no stale delivery") { w in
      try prepare(&w)
      try w.mask(1)
      try w.expectMSI(2, 1, .set)
      try w.run(.discard(2, 1), .sync(1))
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.expectMSI(2, 1, .eventUnmapped)
    },
    race(68, "MSI, then MOVI and SYNC: at the new PE only") { w in
      try prepare(&w)
      try w.mask(1)
      try w.expectMSI(2, 1, .set)
      try w.run(.movi(2, 1, 2), .sync(1))
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.expectTaken(8200, by: 2)
      try w.expectDelivery(2, 1, 8200, at: 2)
    },
    race(68, "MSI, then MAPD V=0: MSIs find no device, twice over") { w in
      try prepare(&w)
      try w.expectMSI(2, 1, .set)
      try w.run(.unmapd(2), .unmapd(2), .sync(1))
      try w.expectMSI(2, 1, .deviceUnmapped)
      try w.expectMSI(2, 1, .deviceUnmapped)
    },
    race(68, "MSI, then EnableLPIs 1 to 0: no delivery") { w in
      try prepare(&w)
      try w.mask(1)
      try w.expectMSI(2, 1, .set)
      try w.write(.gicr(GICR.CTLR.self, 1), 0)
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.expectMSI(2, 1, .lpisDisabled)
    },
    race(68, "translations are forgotten by DISCARD, MAPD and EnableLPIs in any order") { w in
      try prepare(&w)
      for round in 0..<6 {
        try w.expectMSI(2, 1, .set)
        try w.expectTaken(round == 0 ? 8200 : 8209 + UInt32(round), by: round == 0 ? 1 : 2)
        if round % 2 == 0 { try w.run(.discard(2, 1)) }
        if round % 3 == 0 { try w.write(.gicr(GICR.CTLR.self, 1), 0) }
        try w.run(.mapd(2, w.layout.itt(round + 1)))
        if round % 3 == 0 { try w.write(.gicr(GICR.CTLR.self, 1), 1) }
        try w.expectMSI(2, 1, .eventUnmapped)
        try w.run(.mapti(2, 1, 8210 + UInt32(round), 2))
        try w.expectDelivery(2, 1, 8210 + UInt32(round), at: 2)
      }
    },
  ]

  private static let two = RowMaker(
    chapter: .translation, source: "IHI 0069, The ITS, several ITSs; Linux vgic-its.c")
  private static let twoITSs =
    "machine: {its_bases: [0x8080000, 0x80a0000], gicr_base: 0x8100000}"

  private static let several: [ConformanceRow] = [
    two(69, "two ITSs: the same device and event, two mappings", machine: twoITSs) { w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(1, 1), .mapti(2, 1, 8200, 1))
      try w.run(.mapd(2, w.layout.itt(1)), .mapc(1, 3), .mapti(2, 1, 8300, 1), its: 1)
      let bases = w.configuration.shape.itsBases
      try w.expectDelivery(2, 1, 8200, at: 1, its: bases[0] + 0x1_0040)
      try w.expectDelivery(2, 1, 8300, at: 3, its: bases[1] + 0x1_0040)
      try w.run(.unmapd(2))
      try w.expectMSI(2, 1, .deviceUnmapped, at: bases[0] + 0x1_0040)
      try w.expectDelivery(2, 1, 8300, at: 3, its: bases[1] + 0x1_0040)
    },
    two(69, "two ITSs: registers and queues are apart", machine: twoITSs) { w in
      try w.start()
      try w.run(.sync(0), .sync(0))
      try w.expect(.its(GITS.CREADR.self, 0), 0x40)
      try w.expect(.its(GITS.CREADR.self, 1), 0)
      try w.write(.its(GITS.CTLR.self, 0), 0)
      try w.expect(.its(GITS.CTLR.self, 1), 0x8000_0001)
    },
    two(69, "one INTID on two ITSs is one LPI, where it was mapped first", [.kvm], machine: twoITSs)
    {
      w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(1, 1), .mapti(2, 1, 8200, 1))
      try w.run(.mapd(2, w.layout.itt(1)), .mapc(1, 3), .mapti(2, 1, 8200, 1), its: 1)
      let bases = w.configuration.shape.itsBases
      try w.expectMSI(2, 1, .set, at: bases[1] + 0x1_0040)
      try w.expectMSI(2, 1, .merged, at: bases[0] + 0x1_0040)
      try w.expectTaken(8200, by: 1)
      try w.expectNothing(at: 3)
    },
    two(69, "one INTID at two PEs pends at each", [.architecture], machine: twoITSs) { w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(1, 1), .mapti(2, 1, 8200, 1))
      try w.run(.mapd(2, w.layout.itt(1)), .mapc(1, 3), .mapti(2, 1, 8200, 1), its: 1)
      let bases = w.configuration.shape.itsBases
      try w.expectMSI(2, 1, .set, at: bases[1] + 0x1_0040)
      try w.expectMSI(2, 1, .set, at: bases[0] + 0x1_0040)
      try w.expectTaken(8200, by: 1)
      try w.expectTaken(8200, by: 3)
    },
    two(70, "the ITS off and on: the mappings work again") { w in
      try prepare(&w)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.expectMSI(2, 1, .itsDisabled)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
  ]

  private static let stress = RowMaker(
    chapter: .translation, source: "Linux selftests, vgic_lpi_stress; its published shapes")

  /// PEs, devices, events a device. Every MSI is taken: set or merged.
  private static let shapes: [ConformanceRow] = [
    (1, 1, 1), (16, 16, 16), (16, 16, 17), (32, 32, 1), (1, 1, 17),
  ].map { (pes: Int, devices: Int, events: Int) in
    stress(
      72, "\(pes) PEs, \(devices) devices, \(events) events: every MSI is taken",
      machine: "machine: {pes: \(pes)}"
    ) { w in
      try w.start()
      try w.run((0..<pes).map { .mapc(UInt16($0), UInt64($0)) })
      // 16 bits declared, a page of 64 KiB given: only the entries used must be there.
      try w.run((0..<devices).map { .mapd(UInt32($0), w.layout.level2($0), bits: 16) })
      let all = (0..<devices * events).map { ($0 / events, $0 % events, $0) }
      try w.run(
        all.map { .mapti(UInt32($0), UInt32($1), 8192 + UInt32($2), UInt16($2 % pes)) })
      try w.run((0..<pes).map { .invall(UInt16($0)) })
      try w.expectErrors()
      for _ in 0..<2 {
        for (device, event, _) in all {
          let kind = try w.msi(UInt32(device), UInt64(event)).kind
          try w.expect("MSI is taken", kind == .set || kind == .merged, is: true)
        }
        for (_, _, index) in all { try w.expectTaken(8192 + UInt32(index), by: index % pes) }
      }
    }
  }
}
