// Chapter "registers": who the ITS is, and which accesses its frames take.

import GICArch

enum RegisterRows {
  static let all: [ConformanceRow] = identification + widths + translater + gic

  private static let its = RowMaker(
    chapter: .registers, source: "IHI 0069, ITS register map; Linux vgic-its.c, register table")

  private static let identification: [ConformanceRow] = [
    its(1, "PIDR0, PIDR1, PIDR2 and PIDR4 are KVM's", [.kvm]) { w in
      try w.expect(.its(at: 0xffe0), 0x92)
      try w.expect(.its(at: 0xffe4), 0xb4)
      try w.expect(.its(at: 0xffe8), 0x3b)
      try w.expect(.its(at: 0xffd0), 0x40)
    },
    its(1, "PIDR2 says GICv3, Arm's JEP106 code") { w in try w.expect(.its(at: 0xffe8), 0x3b) },
    its(1, "CIDR0 through CIDR3 are 0d f0 05 b1") { w in
      for (offset, byte) in [(0xfff0, 0x0d), (0xfff4, 0xf0), (0xfff8, 0x05), (0xfffc, 0xb1)] {
        try w.expect(.its(at: offset), UInt64(byte))
      }
    },
    its(2, "TYPER whole and in halves", [.kvm]) { w in
      try w.expect(.its(GITS.TYPER.self), 0x1ef71)
      try w.expect(.its(GITS.TYPER.self).low, 0x1ef71)
      try w.expect(.its(GITS.TYPER.self).high, 0)
    },
    its(2, "TYPER shows CIDbits and CIL beside them", [.architecture]) { w in
      try w.expect(.its(GITS.TYPER.self), 0x1f_0001_ef71)
      try w.expect(.its(GITS.TYPER.self).low, 0x1_ef71)
      try w.expect(.its(GITS.TYPER.self).high, 0x1f)
    },
    its(
      2, "TYPER's fields are what the configuration says", [.architecture],
      machine: "identity: {device_id_bits: 20, event_id_bits: 12, collection_id_bits: 8, "
        + "itt_entry_bytes: 16, pta_is_address: true, hardware_collections: 3}"
    ) { w in
      let typer = GITS.TYPER(raw: try w.read(.its(GITS.TYPER.self)))
      try w.expect("Devbits", typer.deviceIDBits, is: 20)
      try w.expect("ID_bits", typer.eventIDBits, is: 12)
      try w.expect("CIDbits", typer.collectionIDBits, is: 8)
      try w.expect("ITT_entry_size", typer.ittEntryByteCount, is: 16)
      try w.expect("PTA", typer.pta, is: true)
      try w.expect("HCC", typer.hcc, is: 3)
    },
    its(3, "TYPER and IIDR do not take writes") { w in
      let typer = try w.read(.its(GITS.TYPER.self))
      let iidr = try w.read(.its(GITS.IIDR.self))
      for value: UInt64 in [0xffff_ffff, 0xa5a5_5a5a, 0] {
        try w.write(.its(GITS.TYPER.self).low, value)
        try w.write(.its(GITS.TYPER.self).high, value)
        try w.write(.its(GITS.IIDR.self), value)
        try w.expect(.its(GITS.TYPER.self), typer)
        try w.expect(.its(GITS.IIDR.self), iidr)
      }
    },
    its(4, "IIDR is product K of Arm, table layout revision 0", [.kvm]) { w in
      try w.expect(.its(GITS.IIDR.self), 0x4b00_043b)
    },
    its(4, "IIDR is the configuration's", [.architecture], machine: "identity: {iidr: 0x201743b}") {
      w in try w.expect(.its(GITS.IIDR.self), 0x0201_743b)
    },
  ]

  private static let widths: [ConformanceRow] = [
    its(27, "8- and 16-bit reads of the control frame are zero") { w in
      for offset in [0x4, 0x8, 0x80, 0x88, 0x90, 0x100] {
        for size in [1, 2] { try w.expect(.its(at: offset, size: size), 0) }
      }
    },
    its(27, "8- and 16-bit writes of the control frame are ignored") { w in
      try w.startITS()
      let (queue, table) = (try w.read(.its(GITS.CBASER.self)), try w.read(.baser(0)))
      for size in [1, 2] {
        try w.write(.its(at: 0x80, size: size), 0xff)
        try w.write(.its(at: 0x100, size: size), 0xff)
        try w.write(.its(at: 0, size: size), 1)
      }
      try w.expect(.its(GITS.CBASER.self), queue)
      try w.expect(.baser(0), table)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    its(27, "a 64-bit access to CTLR and IIDR reads zero and writes nothing") { w in
      try w.startITS()
      try w.expect(.its(at: 0, size: 8), 0)
      try w.write(.its(at: 0, size: 8), 1)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    its(27, "misaligned accesses read zero and write nothing") { w in
      try w.startITS()
      let queue = try w.read(.its(GITS.CBASER.self))
      for (offset, size) in [(0x82, 4), (0x84, 8), (0x81, 8), (0x86, 4)] {
        try w.expect(.its(at: offset, size: size), 0)
        try w.write(.its(at: offset, size: size), .max)
      }
      try w.expect(.its(GITS.CBASER.self), queue)
    },
    its(28, "offsets without a register read zero and take no write") { w in
      for offset in [0x10, 0x98, 0x140, 0xff00] {
        try w.write(.its(at: offset), 0xffff_ffff)
        try w.expect(.its(at: offset), 0)
      }
    },
  ]

  private static let doorbell = RowMaker(
    chapter: .registers, source: "IHI 0069, GITS_TRANSLATER; Linux vgic-its.c, doorbell")

  private static let translater: [ConformanceRow] = [
    doorbell(29, "TRANSLATER reads zero") { w in try w.expect(.its(at: 0x1_0040), 0) },
    doorbell(29, "a PE's store to TRANSLATER is ignored", [.kvm]) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040), 3)
      try w.expectNothing(at: 1)
      try w.expectDelivery(0, 3, 8195, at: 1)
    },
    doorbell(
      29, "a PE's store to TRANSLATER is ignored, with time too", [.kvm], machine: "clock: timed"
    ) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040), 3)
      try w.expectNothing(at: 1)
      try w.expectMSI(0, 3, .accepted)
      try w.expectTaken(8195, by: 1)
    },
    doorbell(29, "a 32-bit store to TRANSLATER is an MSI", [.architecture]) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040), 3)
      try w.expectTaken(8195, by: 1)
    },
    doorbell(29, "a 16-bit store to TRANSLATER is an MSI", [.architecture]) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040, size: 2), 3)
      try w.expectTaken(8195, by: 1)
    },
    doorbell(29, "8- and 64-bit stores to TRANSLATER are no MSIs", [.architecture]) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapti(0, 3, 8195, 1))
      try w.write(.its(at: 0x1_0040, size: 1), 3)
      try w.write(.its(at: 0x1_0040, size: 8), 3)
      try w.expectNothing(at: 1)
    },
  ]

  private static let gicr = RowMaker(
    chapter: .registers, source: "IHI 0069, GICR_TYPER, GICD_TYPER; Linux vgic-mmio-v3.c")

  private static let gic: [ConformanceRow] = [
    gicr(81, "GICR_TYPER numbers the PEs, has PLPIS, and Last on the last only") { w in
      for pe in 0..<4 {
        let typer = GICR.TYPER(raw: try w.read(.gicr(GICR.TYPER.self, pe)))
        try w.expect("Processor_Number of PE \(pe)", Int(typer.processorNumber.rawValue), is: pe)
        try w.expect("PLPIS of PE \(pe)", typer.plpis, is: true)
        try w.expect("VLPIS of PE \(pe)", typer.vlpis, is: false)
        try w.expect("DirectLPI of PE \(pe)", typer.directLPI, is: false)
        try w.expect("Last of PE \(pe)", typer.last, is: pe == 3)
      }
    },
    gicr(
      81, "GICR_TYPER shows each PE's affinity",
      machine: "machine: {affinities: [0.0.0.0, 0.0.1.0, 0.2.1.3]}"
    ) { w in
      for (pe, affinity) in [0, 0x100, 0x2_0103].enumerated() {
        try w.expect(.gicr(GICR.TYPER.self, pe).high, UInt64(affinity))
      }
      try w.expect(.gicr(GICR.TYPER.self, 2).low, 0x10, mask: 0x10)
    },
    gicr(
      81, "Processor_Numbers with gaps: GICR_TYPER shows them, MAPC and SYNC name by them",
      machine: "machine: {pes: 3}\nidentity: {processor_numbers: [300, 0, 7]}"
    ) { w in
      for (pe, number) in [300, 0, 7].enumerated() {
        try w.expect(.gicr(GICR.TYPER.self, pe), UInt64(number) << 8, mask: 0xffff << 8)
      }
      try w.start()
      try w.run(
        .mapd(2, w.layout.itt(0)), .mapc(1, 300), .mapc(2, 7), .mapc(3, 1), .sync(300),
        .mapti(2, 1, 8200, 1), .mapti(2, 2, 8201, 2))
      try w.expectErrors(.mapcTargetOOR)
      try w.expectDelivery(2, 1, 8200, at: 0)
      try w.expectDelivery(2, 2, 8201, at: 2)
    },
    gicr(
      81, "GICR_TYPER shows Aff3", [.architecture],
      machine: "machine: {affinities: [0.0.0.0, 5.0.0.1]}"
    ) { w in try w.expect(.gicr(GICR.TYPER.self, 1).high, 0x0500_0001) },
    gicr(82, "GICD_TYPER: LPIs, 16 bits of INTID, num_LPIs 0") { w in
      try w.expect(.gicd(GICD.TYPER.self), 15 << 19 | 1 << 17, mask: 31 << 19 | 1 << 17 | 31 << 11)
    },
  ]
}
