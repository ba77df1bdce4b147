// Chapter "commands": collections that the ITS holds itself, GITS_TYPER.HCC of them.

import GICArch

enum HardwareCollectionRows {
  private static let row = RowMaker(
    chapter: .commands, source: "IHI 0069, GITS_TYPER.HCC, MAPC")
  private static let two = "identity: {hardware_collections: 2}"

  /// No collection table; collections 0 and 1 are PEs 1 and 2, event 1 of device 2 is LPI 8200 of
  /// collection 0.
  private static func withoutTable(_ w: inout World) throws {
    try w.start()
    try w.write(.its(GITS.CTLR.self), 0)
    try w.write(.baser(1), 0)
    try w.write(.its(GITS.CTLR.self), 1)
    try w.run(.mapd(2, w.layout.itt(0)), .mapc(0, 1), .mapc(1, 2), .mapti(2, 1, 8200, 0))
  }

  static let all: [ConformanceRow] = [
    row(
      121, "MAPC below HCC writes no table entry, from HCC on it does", [.architecture],
      machine: two
    ) { w in
      try w.start()
      try w.run(.mapc(0, 1), .mapc(1, 2), .mapc(2, 3))
      try w.expectErrors()
      try w.expectRAM(w.layout.collections(0), 0)
      try w.expectRAM(w.layout.collections(0) + 8, 0)
      try w.expect(
        "the entry of collection 2 is there", try w.load(w.layout.collections(0) + 16) != 0,
        is: true)
    },
    row(121, "an entry that software stores for one means nothing", [.architecture], machine: two) {
      w in
      try w.start()
      try w.store(1 << 63 | 1 << 16, at: w.layout.collections(0))
      try w.run(.mapd(2, w.layout.itt(0)), .mapti(2, 1, 8200, 0))
      try w.expectMSI(2, 1, .collectionUnmapped)
    },
    row(
      121, "no table at all: MAPTI, INT, MOVI, CLEAR, INV, INVALL, DISCARD", [.architecture],
      machine: two
    ) { w in
      try withoutTable(&w)
      try w.run(.int(2, 1))
      try w.expectTaken(8200, by: 1)
      try w.run(.movi(2, 1, 1), .int(2, 1))
      try w.expectNothing(at: 1)
      try w.expectTaken(8200, by: 2)
      try w.mask(2)
      try w.run(.int(2, 1), .clear(2, 1))
      try w.unmask(2)
      try w.expectNothing(at: 2)
      try w.configure(8200, 0xa0)
      try w.run(.inv(2, 1), .int(2, 1))
      try w.expectNothing(at: 2)
      try w.configure(8200, 0xa1)
      try w.run(.invall(1))
      try w.expectTaken(8200, by: 2)
      try w.run(.discard(2, 1))
      try w.expectMSI(2, 1, .eventUnmapped)
      try w.expectErrors()
    },
    row(121, "a collection from HCC on has no place without a table", [.architecture], machine: two)
    { w in
      try withoutTable(&w)
      try w.run(.mapc(2, 1), .movi(2, 1, 2), .invall(2))
      try w.expectErrors(.mapcCollectionOOR, .moviUnmappedCollection, .invallUnmappedCollection)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    row(
      121, "MOVI from hardware to memory and back takes what is pending along", [.architecture],
      machine: two
    ) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.mask(1)
      try w.mask(3)
      try w.run(.int(2, 1), .movi(2, 1, 3))
      try w.unmask(1)
      try w.expectNothing(at: 1)
      try w.run(.movi(2, 1, 1))
      try w.expectTaken(8200, by: 1)
      try w.unmask(3)
      try w.expectNothing(at: 3)
      try w.expectErrors()
    },
    row(121, "MAPC V=0 takes one away, V=1 brings it back", [.architecture], machine: two) { w in
      try withoutTable(&w)
      try w.run(.unmapc(0))
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.run(.mapc(0, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
    },
    row(
      121, "they outlive the ITS being off and BASER1 written", [.architecture],
      machine: two + "\nprofile: {disable: drops_caches}"
    ) { w in
      try withoutTable(&w)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.baser(1), World.baser(w.layout.collections(0), pages: 1))
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    row(121, "a reset takes them away", [.architecture], machine: two) { w in
      try withoutTable(&w)
      try w.target.reset()
      try w.start()
      try w.expectMSI(2, 1, .collectionUnmapped)
    },
    row(121, "HCC and tables that the ITS holds itself", [.kvm], machine: two) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .movi(2, 1, 3))
      try w.expectDelivery(2, 1, 8200, at: 3)
      try w.expect(.its(GITS.TYPER.self), 2 << 24, mask: 0xff << 24)
    },
  ]
}
