// Chapter "commands": MAPTI, MAPI, MOVI, DISCARD, CLEAR, INT, INV, INVALL and MOVALL.

import GICArch

enum EventRows {
  static let all: [ConformanceRow] = maps + mapsDiffering + moves + ends + configuration + moveAll

  private static let mapti = RowMaker(
    chapter: .commands,
    source: "IHI 0069, MAPTI and MAPI; Linux vgic-its.c, vgic_its_cmd_handle_mapi")

  private static let maps: [ConformanceRow] = [
    mapti(41, "MAPTI of a device that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(3, 1, 8200, 1), .mapti(2, 1, 8201, 1))
      try w.expectErrors(.maptiDeviceUnmapped)
      try w.expectMSI(3, 1, .deviceUnmapped)
      try w.expectDelivery(2, 1, 8201, at: 1)
    },
    mapti(41, "MAPTI of an event beyond the ITT is ignored") { w in
      try w.start()
      try w.mapDevice(2, bits: 8)
      try w.run(.mapti(2, 256, 8200, 1), .mapti(2, 255, 8201, 1))
      try w.expectErrors(.maptiIDOOR)
      try w.expectMSI(2, 256, .eventOOR)
      try w.expectDelivery(2, 255, 8201, at: 1)
    },
    mapti(42, "INTID 8191 is no LPI, 8192 is the first, 65535 the last of 16 bits") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8191, 1), .mapti(2, 2, 8192, 1), .mapti(2, 3, 65_535, 1))
      try w.run(.mapti(2, 4, 65_536, 1))
      try w.expectErrors(.maptiPhysicalIDOOR, .maptiPhysicalIDOOR)
      try w.expectMSI(2, 1, .eventUnmapped)
      try w.expectMSI(2, 4, .eventUnmapped)
      try w.expectDelivery(2, 2, 8192, at: 1)
      try w.expectDelivery(2, 3, 65_535, at: 1)
    },
    mapti(42, "PROPBASER.IDbits 13 limits INTIDs to 16384", [.kvm]) { w in
      try w.startPEs(lpis: false)
      try w.write(.gicr(GICR.PROPBASER.self), w.layout.properties | 0x780 | 13)
      for pe in 0..<4 { try w.write(.gicr(GICR.CTLR.self, pe), 1) }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 16_384, 1), .mapti(2, 2, 16_383, 1))
      try w.expectErrors(.maptiPhysicalIDOOR)
      try w.expectDelivery(2, 2, 16_383, at: 1)
    },
    mapti(42, "an LPI beyond the PE's PROPBASER.IDbits is never shown", [.architecture]) { w in
      try w.startPEs(lpis: false)
      for pe in 0..<4 {
        try w.write(.gicr(GICR.PROPBASER.self, pe), w.layout.properties | 0x780 | 13)
        try w.write(.gicr(GICR.CTLR.self, pe), 1)
      }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 16_384, 1), .mapti(2, 2, 16_383, 1), .int(2, 1))
      try w.expectNothing(at: 1)
      try w.expectDelivery(2, 2, 16_383, at: 1)
    },
    mapti(43, "MAPI: the INTID is the EventID, which must be an LPI's") { w in
      try w.start()
      try w.mapDevice(2, bits: 16)
      try w.run(.mapi(2, 8200, 1), .mapi(2, 100, 1))
      try w.expectErrors(.mapiPhysicalIDOOR)
      try w.expectDelivery(2, 8200, 8200, at: 1)
      try w.expectMSI(2, 100, .eventUnmapped)
    },
    mapti(45, "MAPTI to a collection that is mapped only later") { w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapti(2, 1, 8200, 9))
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.run(.mapc(9, 2))
      try w.expectErrors()
      try w.expectDelivery(2, 1, 8200, at: 2)
    },
    mapti(46, "MAPTI reads the configuration byte itself") { w in
      try w.start()
      try w.mapDevice(2)
      try w.configure(8200, 0xa0)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.expectNothing(at: 1)
      try w.configure(8201, 0x41)
      try w.run(.mapti(2, 2, 8201, 1), .int(2, 2))
      try w.expect(.iar1, 8201, pe: 1)
      try w.expect(.rpr, 0x40, pe: 1)
    },
  ]

  private static let mapsDiffering: [ConformanceRow] = [
    mapti(44, "MAPTI of a mapped event is ignored: the old mapping stays", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 1, 8201, 2))
      try w.expectErrors()
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    mapti(44, "MAPTI of a mapped event maps it anew", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 1, 8201, 2))
      try w.expectErrors()
      try w.expectDelivery(2, 1, 8201, at: 2)
    },
    mapti(47, "MAPTI takes the bit in the target's pending table, and clears it there", [.kvm]) {
      w in
      try w.start()
      try w.mapDevice(2)
      try w.store([1], at: w.layout.pending(1) + 8200 / 8)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectTaken(8200, by: 1)
      try w.expectRAM(w.layout.pending(1) + 8200 / 8, 0)
    },
    mapti(47, "MAPTI whose configuration byte cannot be read is refused", [.kvm]) { w in
      try w.startPEs(lpis: false)
      try w.write(.gicr(GICR.PROPBASER.self), w.layout.end | 0x78f)
      for pe in 0..<4 { try w.write(.gicr(GICR.CTLR.self, pe), 1) }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectDrained()
      try w.expectMSI(2, 1, .eventUnmapped)
    },
    mapti(
      47, "MAPTI whose configuration byte cannot be read maps an LPI that is off", [.architecture]
    ) { w in
      try w.startPEs(lpis: false)
      for pe in 0..<4 {
        try w.write(.gicr(GICR.PROPBASER.self, pe), w.layout.end | 0x78f)
        try w.write(.gicr(GICR.CTLR.self, pe), 1)
      }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectErrors()
      try w.expectMSI(2, 1, .set)
      try w.expectNothing(at: 1)
    },
    mapti(47, "MAPTI does not look at the pending table", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.store([1], at: w.layout.pending(1) + 8200 / 8)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectNothing(at: 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
  ]

  private static let movi = RowMaker(
    chapter: .commands, source: "IHI 0069, MOVI; Linux vgic-its.c, vgic_its_cmd_handle_movi")

  private static let moves: [ConformanceRow] = [
    movi(48, "MOVI: the next MSI comes to the new PE") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movi(2, 1, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
    },
    movi(48, "MOVI takes a pending LPI along") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .movi(2, 1, 3))
      try w.expectNothing(at: 1)
      try w.expectTaken(8200, by: 3)
      try w.expectNothing(at: 3)
    },
    movi(48, "MOVI leaves the ITE in RAM as it is", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movi(2, 1, 2))
      try w.expectRAM(w.layout.itt(0) + 8, 0)
    },
    movi(48, "MOVI to the collection that the event has changes nothing") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .movi(2, 1, 1))
      try w.expectErrors()
      try w.expectTaken(8200, by: 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    movi(49, "MOVI of an event that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.movi(2, 1, 3))
      try w.expectErrors(.moviUnmappedInterrupt)
      try w.expectMSI(2, 1, .eventUnmapped)
    },
    movi(49, "MOVI to a collection that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movi(2, 1, 9))
      try w.expectErrors(.moviUnmappedCollection)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    movi(49, "MOVI from a collection that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 9), .movi(2, 1, 3))
      try w.expectErrors(.moviUnmappedCollection)
      try w.run(.mapc(9, 2))
      try w.expectDelivery(2, 1, 8200, at: 2)
    },
  ]

  private static let discard = RowMaker(
    chapter: .commands,
    source: "IHI 0069, DISCARD and CLEAR; Linux vgic-its.c, vgic_its_cmd_handle_discard, _clear")

  private static let ends: [ConformanceRow] = [
    discard(50, "DISCARD: MSIs are blocked, and what was pending is gone") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .discard(2, 1))
      try w.expectErrors()
      try w.expectNothing(at: 1)
      try w.expectMSI(2, 1, .eventUnmapped)
    },
    discard(50, "DISCARD stores zero in the event's table entry") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.store(.max, at: w.layout.itt(0) + 8)
      try w.run(.discard(2, 1))
      try w.expectRAM(w.layout.itt(0) + 8, 0)
    },
    discard(50, "a second DISCARD has no effect") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .discard(2, 1), .discard(2, 1))
      try w.expectErrors(.discardUnmappedInterrupt)
      try w.expectDrained()
    },
    discard(50, "DISCARD of an event whose collection is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 9), .discard(2, 1), .mapc(9, 2))
      try w.expectDelivery(2, 1, 8200, at: 2)
    },
    discard(51, "DISCARD, then MAPTI with another LPI") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .discard(2, 1), .mapti(2, 1, 8300, 3))
      try w.expectErrors()
      try w.expectDelivery(2, 1, 8300, at: 3)
    },
    discard(52, "CLEAR before the PE takes it: nothing comes") { w in
      try w.start()
      try w.mapDevice(2)
      try w.mask(1)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .clear(2, 1))
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    discard(52, "CLEAR of an event that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.clear(2, 1), .mapti(2, 1, 8200, 1))
      try w.expectErrors(.clearUnmappedInterrupt)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    discard(52, "CLEAR of one LPI leaves the others pending") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 2, 8201, 1), .int(2, 1), .int(2, 2), .clear(2, 1))
      try w.expectTaken(8201, by: 1)
      try w.expectNothing(at: 1)
    },
  ]

  private static let inv = RowMaker(
    chapter: .commands,
    source: "IHI 0069, INV and INVALL; kvm-unit-tests arm/gic.c, its-trigger; Linux vgic-its.c")

  private static let configuration: [ConformanceRow] = [
    inv(53, "INV after a change of the configuration byte: the new value counts") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.configure(8200, 0xa0)
      try w.run(.inv(2, 1), .int(2, 1))
      try w.expectNothing(at: 1)
      try w.configure(8200, 0x31)
      try w.run(.inv(2, 1))
      try w.expect(.iar1, 8200, pe: 1)
      try w.expect(.rpr, 0x30, pe: 1)
    },
    inv(53, "without INV the old value counts", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.configure(8200, 0xa0)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    inv(54, "off and INV: INT is not delivered; on and INVALL: it is") { w in
      try w.start()
      try w.run(
        .mapd(2, w.layout.itt(0)), .mapd(7, w.layout.itt(1)), .mapc(3, 3), .mapc(2, 2),
        .invall(2), .invall(3), .mapti(2, 20, 8195, 3), .mapti(7, 255, 8196, 2))
      try w.configure(8195, 0xa0)
      try w.run(.inv(2, 20), .int(2, 20))
      try w.expectNothing(at: 3)
      try w.configure(8195, 0xa1)
      try w.expectNothing(at: 3)
      try w.run(.invall(3))
      try w.expectTaken(8195, by: 3)
      try w.run(.int(2, 20), .int(7, 255))
      try w.expectTaken(8195, by: 3)
      try w.expectTaken(8196, by: 2)
    },
    inv(55, "INVALL reads anew for its collection's PE only", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 2, 8201, 2))
      try w.configure(8200, 0xa0)
      try w.configure(8201, 0xa0)
      try w.run(.invall(1), .int(2, 1), .int(2, 2))
      try w.expectNothing(at: 1)
      try w.expectTaken(8201, by: 2)
    },
    inv(55, "INVALL of a collection that is not mapped is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.configure(8200, 0xa0)
      try w.run(.invall(9))
      try w.expectErrors(.invallUnmappedCollection)
      try w.expectDrained()
    },
  ]

  private static let movall = RowMaker(
    chapter: .commands, source: "IHI 0069, MOVALL; Linux vgic-its.c, vgic_its_cmd_handle_movall")

  private static let moveAll: [ConformanceRow] = [
    movall(56, "MOVALL moves what is pending at its source; other PEs' stays", [.architecture]) {
      w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 2, 8201, 1), .mapti(2, 3, 8202, 3))
      try w.run(.int(2, 1), .int(2, 2), .int(2, 3), .movall(1, 2))
      try w.expectNothing(at: 1)
      try w.expectTaken(8200, by: 2)
      try w.expectTaken(8201, by: 2)
      try w.expectNothing(at: 2)
      try w.expectTaken(8202, by: 3)
    },
    movall(56, "MOVALL takes every LPI to its target, whosever it was", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapti(2, 2, 8201, 3), .int(2, 1), .int(2, 2))
      try w.run(.movall(1, 2))
      try w.expectNothing(at: 1)
      try w.expectNothing(at: 3)
      try w.expectTaken(8200, by: 2)
      try w.expectTaken(8201, by: 2)
    },
    movall(56, "MOVALL of a PE to itself changes nothing") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .movall(1, 1))
      try w.expectErrors()
      try w.expectTaken(8200, by: 1)
    },
    movall(56, "MOVALL from or to a PE that is not there is ignored") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .movall(1, 4), .movall(4, 2))
      try w.expectErrors(.movallTargetOOR, .movallTargetOOR)
      try w.expectTaken(8200, by: 1)
    },
    movall(57, "after MOVALL a collection still has its own target") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.movall(1, 2), .mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    movall(57, "after MOVALL events that were mapped go where it took them", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movall(1, 2))
      try w.expectDelivery(2, 1, 8200, at: 2)
      try w.run(.mapc(1, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
    },
    movall(57, "after MOVALL events go where their collection goes", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movall(1, 2))
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
  ]
}
