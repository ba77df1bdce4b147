// Chapter "commands": MAPD and MAPC.

import GICArch

enum MappingRows {
  static let all: [ConformanceRow] = devices + remaps + collections + orphans

  private static let mapd = RowMaker(
    chapter: .commands, source: "IHI 0069, MAPD; Linux vgic-its.c, vgic_its_cmd_handle_mapd")

  private static let devices: [ConformanceRow] = [
    mapd(31, "MAPD, MAPC, MAPTI, INT: the LPI comes to the collection's PE") { w in
      try w.start()
      try w.run(
        .mapd(2, w.layout.itt(0)), .mapd(7, w.layout.itt(1)), .mapc(3, 3), .mapc(2, 2),
        .invall(2), .invall(3), .mapti(2, 20, 8195, 3), .mapti(7, 255, 8196, 2),
        .int(2, 20), .int(7, 255))
      try w.expectErrors()
      try w.expectTaken(8195, by: 3)
      try w.expectTaken(8196, by: 2)
      for pe in 0..<4 { try w.expectNothing(at: pe) }
    },
    mapd(32, "a DeviceID above the width is ignored; the next command runs") { w in
      try w.start()
      try w.run(.mapd(0x1_0002, w.layout.itt(0)), .mapd(2, w.layout.itt(1)), .mapc(1, 1))
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectErrors(.mapdDeviceOOR)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    mapd(32, "a DeviceID beyond the table is ignored") { w in
      try w.start()
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.baser(0), World.baser(w.layout.devices(0), pages: 1))
      try w.write(.its(GITS.CTLR.self), 1)
      try w.run(.mapd(8191, w.layout.itt(0)), .mapd(8192, w.layout.itt(1)))
      try w.expectErrors(.mapdDeviceOOR)
      try w.expectMSI(8191, 1, .eventUnmapped)
    },
    mapd(33, "two levels: a level-1 entry that is not valid, then valid by a plain store") { w in
      try w.start(indirect: true)
      try w.mapDevice(2)
      try w.expectErrors(.mapdDeviceOOR)
      try w.store(1 << 63 | w.layout.level2(0), at: w.layout.devices(0))
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectErrors(.mapdDeviceOOR)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    mapd(33, "two levels with a hole: each device in its own page") { w in
      try w.start(indirect: true)
      try w.store(1 << 63 | w.layout.level2(3), at: w.layout.devices(0))
      try w.store(1 << 63 | w.layout.level2(1), at: w.layout.devices(0) + 2 * 8)
      try w.mapDevice(1)
      try w.run(
        .mapd(8192, w.layout.itt(1)), .mapd(2 * 8192 + 1, w.layout.itt(2)),
        .mapti(1, 1, 8200, 1), .mapti(2 * 8192 + 1, 1, 8201, 2))
      try w.expectErrors(.mapdDeviceOOR)
      try w.expectDelivery(1, 1, 8200, at: 1)
      try w.expectDelivery(2 * 8192 + 1, 1, 8201, at: 2)
      try w.expectMSI(8192, 1, .deviceUnmapped)
    },
    mapd(34, "Size 16 (17 bits) is ignored, Size 15 taken") { w in
      try w.start()
      try w.mapDevice(2, bits: 17)
      try w.expectErrors(.mapdITTSizeOOR)
      try w.expectMSI(2, 1, .deviceUnmapped)
      try w.mapDevice(2, bits: 16)
      try w.run(.mapti(2, 65_535, 8200, 1))
      try w.expectErrors(.mapdITTSizeOOR)
      try w.expectDelivery(2, 65_535, 8200, at: 1)
    },
  ]

  private static let remaps: [ConformanceRow] = [
    mapd(35, "MAPD of a live device to a new ITT: its events are gone") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapd(2, w.layout.itt(1)))
      try w.expectMSI(2, 1, .eventUnmapped)
      try w.run(.mapti(2, 1, 8201, 2))
      try w.expectDelivery(2, 1, 8201, at: 2)
    },
    mapd(35, "MAPD of a live device to its own ITT: its events are gone", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .mapd(2, w.layout.itt(0)))
      try w.expectMSI(2, 1, .eventUnmapped)
    },
    mapd(35, "MAPD with a smaller ITT: events beyond it are out of range") { w in
      try w.start()
      try w.mapDevice(2, bits: 8)
      try w.run(
        .mapti(2, 200, 8200, 1), .mapd(2, w.layout.itt(1), bits: 4), .mapti(2, 15, 8201, 1))
      try w.expectMSI(2, 200, .eventOOR)
      try w.expectMSI(2, 16, .eventOOR)
      try w.expectDelivery(2, 15, 8201, at: 1)
    },
    mapd(36, "MAPD V=0: the events are gone; again is no error") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .unmapd(2))
      try w.expectMSI(2, 1, .deviceUnmapped)
      try w.run(.unmapd(2))
      try w.expectErrors()
      try w.expectDrained()
    },
    mapd(36, "MAPD V=0 stores zero in the device's table entry") { w in
      try w.start()
      try w.mapDevice(2)
      try w.store(.max, at: w.layout.device(2))
      try w.run(.unmapd(2))
      try w.expectRAM(w.layout.device(2), 0)
    },
    mapd(36, "MAPD V=0, then MAPD and MAPTI anew") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .unmapd(2), .mapd(2, w.layout.itt(1)))
      try w.run(.mapti(2, 1, 8300, 3))
      try w.expectDelivery(2, 1, 8300, at: 3)
    },
    mapd(37, "an ITT that leaves RAM: only the events beyond fail") { w in
      try w.start()
      try w.run(.mapd(2, w.layout.end - 0x100), .mapc(1, 1))
      try w.run(.mapti(2, 31, 8200, 1), .mapti(2, 32, 8201, 1), .mapti(2, 30, 8202, 1))
      try w.expectDrained()
      try w.expectDelivery(2, 31, 8200, at: 1)
      try w.expectDelivery(2, 30, 8202, at: 1)
      try w.expect("MSI of event 32 is dropped", try w.msi(2, 32).kind.rawValue >= 16, is: true)
    },
  ]

  private static let mapc = RowMaker(
    chapter: .commands, source: "IHI 0069, MAPC; Linux vgic-its.c, vgic_its_cmd_handle_mapc")

  private static let collections: [ConformanceRow] = [
    mapc(38, "MAPC to a PE that is not there is ignored") { w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(1, 4), .mapti(2, 1, 8200, 1))
      try w.expectErrors(.mapcTargetOOR)
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.run(.mapc(1, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
    },
    mapc(38, "MAPC anew: the events follow") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 1)
      try w.run(.mapc(1, 2))
      try w.expectDelivery(2, 1, 8200, at: 2)
    },
    mapc(38, "MAPC anew takes what is pending along", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .mapc(1, 2))
      try w.expectNothing(at: 1)
      try w.expectTaken(8200, by: 2)
    },
    mapc(38, "MAPC anew leaves what is pending where it is", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .mapc(1, 2))
      try w.expectNothing(at: 2)
      try w.expectTaken(8200, by: 1)
    },
    mapc(39, "MAPC V=0: MSIs are blocked") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .unmapc(1))
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.expectErrors()
    },
    mapc(39, "MAPC V=0 does not look at RDbase") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.run(QueueEntry(0x09, 0, 0xffff << 16 | 1))
      try w.expectErrors()
      try w.expectMSI(2, 1, .collectionUnmapped)
    },
    mapc(
      38, "with PTA a target is a redistributor's address", [.architecture],
      machine: "identity: {pta_is_address: true}"
    ) { w in
      try w.start()
      let frame = w.configuration.shape.gicrBase >> 16
      let step = w.configuration.shape.gicrStride >> 16
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(1, frame + 2 * step), .mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 2)
      try w.run(.mapc(1, 1), .mapc(1, frame + 4 * step), .sync(frame + 1))
      try w.expectErrors(.mapcTargetOOR, .mapcTargetOOR, .syncTargetOOR)
    },
    mapc(
      38, "hardware collections need no table", [.architecture],
      machine: "identity: {hardware_collections: 2}"
    ) { w in
      try w.start()
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.baser(1), 0)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.run(
        .mapd(2, w.layout.itt(0)), .mapc(1, 2), .mapc(2, 2), .mapti(2, 1, 8200, 1))
      try w.expectErrors(.mapcCollectionOOR)
      try w.expectDelivery(2, 1, 8200, at: 2)
      try w.expectRAM(w.layout.collections(0) + 8, 0)
    },
  ]

  private static let orphans: [ConformanceRow] = [
    mapc(40, "MAPC V=0, then V=1: the old events stay dead", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .unmapc(1), .mapc(1, 1))
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.run(.mapti(2, 1, 8201, 1), .movi(2, 1, 2), .discard(2, 1))
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.run(.mapti(2, 3, 8203, 1))
      try w.expectDelivery(2, 3, 8203, at: 1)
      try w.run(.mapd(2, w.layout.itt(1)), .mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    mapc(40, "MAPC V=0, then V=1: the old events live", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .unmapc(1), .mapc(1, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
    },
  ]
}
