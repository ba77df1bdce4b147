// Chapter "lpis": the redistributors' LPI part.

import GICArch

enum LPIRows {
  static let all: [ConformanceRow] = tables + enabling + invalidation

  private static let base = RowMaker(
    chapter: .lpis, source: "IHI 0069, GICR_PROPBASER, GICR_PENDBASER; Linux vgic-mmio-v3.c")

  private static let tables: [ConformanceRow] = [
    base(73, "PROPBASER is one register for all PEs", [.kvm]) { w in
      try w.write(.gicr(GICR.PROPBASER.self, 0), w.layout.properties | 0x78f)
      for pe in 1..<4 {
        try w.expect(.gicr(GICR.PROPBASER.self, pe), try w.read(.gicr(GICR.PROPBASER.self, 0)))
      }
      try w.expect(.gicr(GICR.PROPBASER.self, 3), w.layout.properties, mask: .ones(51, 12))
    },
    base(73, "each PE has a PROPBASER of its own", [.architecture]) { w in
      try w.write(.gicr(GICR.PROPBASER.self, 0), w.layout.properties | 0x78f)
      try w.expect(.gicr(GICR.PROPBASER.self, 0), w.layout.properties | 0x78f)
      try w.expect(.gicr(GICR.PROPBASER.self, 1), 0, mask: .ones(51, 12))
    },
    base(74, "PROPBASER and PENDBASER stand while LPIs are enabled") { w in
      try w.startPEs()
      for place in [Place.gicr(GICR.PROPBASER.self), .gicr(GICR.PENDBASER.self)] {
        let value = try w.read(place)
        try w.write(place, value + 0x10_0000)
        try w.write(place.low, 0)
        try w.expect(place, value)
      }
    },
    base(75, "PENDBASER.PTZ reads zero, RES0 bits too") { w in
      try w.write(.gicr(GICR.PENDBASER.self), .max)
      try w.expect(
        .gicr(GICR.PENDBASER.self), 0,
        mask: .ones(63, 59) | .ones(55, 52) | .ones(15, 12) | .ones(6, 0))
    },
    base(75, "PROPBASER's RES0 bits read zero") { w in
      try w.write(.gicr(GICR.PROPBASER.self), .max)
      try w.expect(
        .gicr(GICR.PROPBASER.self), 0, mask: .ones(63, 59) | .ones(55, 52) | .ones(6, 5))
    },
    base(75, "PROPBASER and PENDBASER after reset: RaWb, Inner Shareable", [.kvm]) { w in
      try w.expect(.gicr(GICR.PROPBASER.self), 0x580)
      try w.expect(.gicr(GICR.PENDBASER.self), 0x580)
    },
    base(75, "PROPBASER Outer Shareable reads Inner", [.kvm]) { w in
      try w.write(.gicr(GICR.PROPBASER.self), w.layout.properties | 2 << 10 | 7 << 7 | 15)
      try w.expect(.gicr(GICR.PROPBASER.self), 1 << 10, mask: 3 << 10)
    },
    base(83, "PROPBASER and PENDBASER, lower half then upper") { w in
      for (place, value) in [
        (Place.gicr(GICR.PROPBASER.self), w.layout.properties | 0x78f),
        (Place.gicr(GICR.PENDBASER.self), w.layout.pending(0) | 0x780),
      ] {
        try w.write(place.low, value & 0xffff_ffff)
        try w.write(place.high, value >> 32)
        try w.expect(place, value)
        try w.expect(place.low, value & 0xffff_ffff)
        try w.expect(place.high, value >> 32)
      }
    },
  ]

  private static let enable = RowMaker(
    chapter: .lpis,
    source:
      "IHI 0069, GICR_CTLR; kvm-unit-tests arm/gic.c, its-pending-migration; Linux vgic-mmio-v3.c"
  )

  private static let enabling: [ConformanceRow] = [
    enable(76, "EnableLPIs 0 to 1: 128 bits each of two PEs' tables become pending") { w in
      try w.startPEs(lpis: false)
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run((0..<256).map { .mapti(2, $0, 8192 + $0, UInt16($0 % 2)) })
      // Even LPIs go to PE 0, odd ones to PE 1.
      for pe in 0..<2 {
        try w.store(
          [UInt8](repeating: pe == 0 ? 0x55 : 0xaa, count: 32), at: w.layout.pending(pe) + 1024)
        try w.write(.gicr(GICR.CTLR.self, pe), 1)
      }
      for index in 0..<UInt32(256) { try w.expectTaken(8192 + index, by: Int(index % 2)) }
      for pe in 0..<2 { try w.expectNothing(at: pe) }
    },
    enable(76, "with PTZ the table is not read") { w in
      try w.startPEs(lpis: false)
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 8, 8200, 0))
      try w.write(.gicr(GICR.PENDBASER.self), w.layout.pending(0) | 0x780 | 1 << 62)
      try w.store([0xff], at: w.layout.pending(0) + 8200 / 8)
      try w.write(.gicr(GICR.CTLR.self), 1)
      try w.expectNothing(at: 0)
    },
    enable(77, "EnableLPIs 1 to 0: the bit clears, RWP is 0, nothing is delivered") { w in
      try w.start()
      try w.mapDevice(2)
      try w.mask(1)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.write(.gicr(GICR.CTLR.self, 1), 0)
      try w.expect(.gicr(GICR.CTLR.self, 1), 0, mask: 1 << 3 | 1)
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.expectMSI(2, 1, .lpisDisabled)
    },
    enable(77, "what pends when EnableLPIs clears is in the table, and comes back", [.architecture])
    {
      w in
      try w.start()
      try w.mapDevice(2)
      try w.mask(1)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.write(.gicr(GICR.CTLR.self, 1), 0)
      try w.expectRAM(w.layout.pending(1) + 8200 / 8 - 1, 1 << 8)
      try w.write(.gicr(GICR.CTLR.self, 1), 1)
      try w.unmask(1)
      try w.expectTaken(8200, by: 1)
    },
    enable(78, "GICR_CTLR shows CES and IR at revision 3", [.kvm]) { w in
      try w.expect(.gicr(GICR.CTLR.self), 6, mask: 6)
    },
    enable(
      78, "GICR_CTLR shows neither CES nor IR at revision 2", [.kvm],
      machine: "identity: {distributor_iidr: 0x4b00243b}"
    ) { w in try w.expect(.gicr(GICR.CTLR.self), 0, mask: 6) },
    enable(
      78, "GICR_CTLR and GICR_TYPER show the direct LPI registers", [.architecture],
      machine: "identity: {direct_lpi: true}"
    ) { w in
      try w.expect(.gicr(GICR.TYPER.self), 1 << 3, mask: 1 << 3)
      try w.expect(.gicr(GICR.CTLR.self), 1 << 1, mask: 1 << 1)
    },
    enable(78, "WAKER reads zero and takes no write", [.kvm]) { w in
      try w.expect(.gicr(GICR.WAKER.self), 0)
      try w.write(.gicr(GICR.WAKER.self), 2)
      try w.expect(.gicr(GICR.WAKER.self), 0)
    },
    enable(78, "WAKER: ChildrenAsleep follows ProcessorSleep", [.architecture]) { w in
      try w.expect(.gicr(GICR.WAKER.self), 6)
      try w.write(.gicr(GICR.WAKER.self), 0)
      try w.expect(.gicr(GICR.WAKER.self), 0)
      try w.write(.gicr(GICR.WAKER.self), 2)
      try w.expect(.gicr(GICR.WAKER.self), 6)
    },
  ]

  private static let direct = RowMaker(
    chapter: .lpis, source: "IHI 0069, GICR_INVLPIR, GICR_INVALLR, GICR_SYNCR; Linux vgic-mmio-v3.c"
  )
  /// In KVM's revision 3 the registers are there as they are.
  private static func bothWithRegisters(
    _ number: Int, _ name: String, _ run: @escaping @Sendable (inout World) throws -> Void
  ) -> [ConformanceRow] {
    [
      direct(number, name, [.kvm], run: run),
      direct(
        number, "\(name); DirectLPI", [.architecture], machine: "identity: {direct_lpi: true}",
        run: run),
    ]
  }

  private static func prepare(_ w: inout World) throws {
    try w.start()
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1))
    try w.configure(8200, 0xa0)
  }

  private static let invalidation: [ConformanceRow] =
    bothWithRegisters(79, "INVLPIR reads the configuration byte again") { w in
      try prepare(&w)
      try w.write(.gicr(GICR.INVLPIR.self, 1), 8200)
      try w.expectMSI(2, 1, .set)
      try w.expectNothing(at: 1)
      try w.configure(8200, 0xa1)
      try w.write(.gicr(GICR.INVLPIR.self, 1).low, 8200)
      try w.expect(.gicr(GICR.SYNCR.self, 1), 0, mask: 1)
      try w.expectTaken(8200, by: 1)
    }
    + bothWithRegisters(79, "INVLPIR of another INTID, below 8192 or with LPIs off is ignored") {
      w in
      try prepare(&w)
      for intid: UInt64 in [8201, 8191, 0] { try w.write(.gicr(GICR.INVLPIR.self, 1), intid) }
      try w.expectDelivery(2, 1, 8200, at: 1)
      try w.write(.gicr(GICR.CTLR.self, 0), 0)
      try w.write(.gicr(GICR.INVLPIR.self, 0), 8200)
      try w.expectDelivery(2, 1, 8200, at: 1)
    }
    + bothWithRegisters(80, "INVALLR reads all configuration bytes again") { w in
      try prepare(&w)
      try w.run(.mapti(2, 2, 8201, 1))
      try w.configure(8201, 0xa0)
      try w.write(.gicr(GICR.INVALLR.self, 1), 0)
      try w.expectMSI(2, 1, .set)
      try w.expectMSI(2, 2, .set)
      try w.expectNothing(at: 1)
      try w.configure(8200, 0xa1)
      try w.configure(8201, 0xa1)
      try w.write(.gicr(GICR.INVALLR.self, 1), 0)
      try w.expectTaken(8200, by: 1)
      try w.expectTaken(8201, by: 1)
      try w.expect(.gicr(GICR.SYNCR.self, 1), 0, mask: 1)
    }
    + [
      direct(55, "INVALL reads the table of its collection's PE only", [.architecture]) { w in
        // PE 2 has a configuration table of its own, 64 KiB above; both say that LPI 8200 is off.
        let other = w.layout.properties + 0x1_0000
        try w.startPEs(lpis: false)
        try w.write(.gicr(GICR.PROPBASER.self, 2), other | 0x78f)
        for table in [w.layout.properties, other] { try w.store([0xa0], at: table + 8) }
        for pe in 0..<4 { try w.write(.gicr(GICR.CTLR.self, pe), 1) }
        try w.startITS()
        try w.write(.its(GITS.CTLR.self), 1)
        try w.mapDevice(2)
        try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 2, 8200, 2), .int(2, 1), .int(2, 2))
        for table in [w.layout.properties, other] { try w.store([0xa1], at: table + 8) }
        try w.run(.invall(2))
        try w.expectNothing(at: 1)
        try w.expectTaken(8200, by: 2)
        try w.run(.invall(1))
        try w.expectTaken(8200, by: 1)
      },
      direct(79, "a write of INVLPIR's upper half is ignored", [.kvm]) { w in
        try prepare(&w)
        try w.write(.gicr(GICR.INVLPIR.self, 1).high, 8200)
        try w.expectDelivery(2, 1, 8200, at: 1)
      },
      direct(79, "SETLPIR and CLRLPIR are not there") { w in
        try prepare(&w)
        try w.write(.gicr(GICR.SETLPIR.self, 1), 8201)
        try w.expectNothing(at: 1)
        try w.expect(.gicr(GICR.SETLPIR.self, 1), 0)
        try w.expect(.gicr(GICR.CLRLPIR.self, 1), 0)
      },
      direct(
        79, "SETLPIR and CLRLPIR", [.architecture], machine: "identity: {direct_lpi: true}"
      ) { w in
        try w.startPEs()
        try w.write(.gicr(GICR.SETLPIR.self, 1), 8201)
        try w.expectTaken(8201, by: 1)
        try w.write(.gicr(GICR.SETLPIR.self, 1), 8201)
        try w.write(.gicr(GICR.CLRLPIR.self, 1), 8201)
        try w.write(.gicr(GICR.SETLPIR.self, 1), 8191)
        try w.expectNothing(at: 1)
      },
    ]
}
