// Chapter "bad-input": addresses at which nothing is, and values that nobody would write.

import GICArch
import GICModel

enum BadInputRows {
  static let all: [ConformanceRow] = places + random

  private static let place = RowMaker(
    chapter: .badInput,
    source: "IHI 0069, GITS_BASER<n>, GITS_CBASER, MAPD: UNPREDICTABLE addresses")

  /// With a table at a bad address commands are consumed and MSIs dropped; with good tables the
  /// machine works again.
  private static func table(_ index: Int, at address: PhysicalAddress, _ w: inout World) throws {
    try w.start()
    try w.write(.its(GITS.CTLR.self), 0)
    try w.write(.baser(index), World.baser(address, pages: 1))
    try w.write(.its(GITS.CTLR.self), 1)
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .discard(2, 1), .unmapd(2), .unmapc(1))
    try w.expectDrained()
    try w.expectMSI(
      2, 1, oneOf: [.deviceUnmapped, .memoryFault, .collectionUnmapped, .eventUnmapped])
    try recover(&w)
  }

  /// From reset, with RAM that is zero, everything works.
  private static func recover(_ w: inout World) throws {
    try w.target.reset()
    try w.target.fill(0, at: w.layout.ramBase, count: Int(World.ramByteCount))
    try w.start()
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1))
    try w.expectDelivery(2, 1, 8200, at: 1)
  }

  private static let places: [ConformanceRow] = [
    place(113, "a device table outside RAM") { w in try table(0, at: w.layout.end, &w) },
    place(113, "a collection table outside RAM") { w in try table(1, at: w.layout.end, &w) },
    place(113, "a device table over the distributor's registers") { w in
      try table(0, at: w.configuration.shape.gicdBase, &w)
    },
    place(113, "a device table at the end of the address space") { w in
      try table(0, at: (1 << 52) - 0x1_0000, &w)
    },
    place(113, "an ITT over the ITS's own registers: its events are not mapped") { w in
      try w.start()
      try w.run(
        .mapd(2, w.configuration.shape.itsBases[0]), .mapc(1, 1), .mapti(2, 1, 8200, 1))
      try w.expectDrained()
      try w.expect("MSI is dropped", try w.msi(2, 1).kind.rawValue >= 16, is: true)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
    },
    place(113, "device table, collection table, ITT and queue at one place") { w in
      try w.start()
      try w.write(.its(GITS.CTLR.self), 0)
      for index in 0..<2 {
        try w.write(.baser(index), World.baser(w.layout.queue(0), pages: 1))
      }
      try w.write(.its(GITS.CTLR.self), 1)
      for round in 0..<40 {
        try w.run(
          .mapd(UInt32(round), w.layout.queue(0)), .mapc(UInt16(round), 1),
          .mapti(UInt32(round), 1, 8200, UInt16(round)), .int(UInt32(round), 1))
        try w.expectDrained()
      }
      try recover(&w)
    },
    place(113, "level 1 of a device table that points outside RAM, and at itself") { w in
      try w.start(indirect: true)
      try w.store(1 << 63 | w.layout.end, at: w.layout.devices(0))
      try w.store(1 << 63 | w.layout.devices(0), at: w.layout.devices(0) + 8)
      try w.run(.mapd(2, w.layout.itt(0)), .mapd(8193, w.layout.itt(0)), .mapti(8193, 1, 8200, 1))
      try w.expectDrained()
      try w.expect("MSI is dropped", try w.msi(2, 1).kind.rawValue >= 16, is: true)
      try recover(&w)
    },
    place(113, "LPI tables outside RAM: no LPI is enabled, nothing is delivered") { w in
      try w.startPEs(lpis: false)
      for pe in 0..<4 {
        try w.write(.gicr(GICR.PROPBASER.self, pe), w.layout.end | 0x78f)
        try w.write(.gicr(GICR.PENDBASER.self, pe), w.layout.end | 0x780)
        try w.write(.gicr(GICR.CTLR.self, pe), 1)
      }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1), .invall(1))
      try w.expectDrained()
      for pe in 0..<4 { try w.expectNothing(at: pe) }
      for pe in 0..<4 { try w.write(.gicr(GICR.CTLR.self, pe), 0) }
      try recover(&w)
    },
  ]

  private static let noise = RowMaker(
    chapter: .badInput, source: "This suite; xorshift64, fixed seeds")

  private static let random: [ConformanceRow] = [
    noise(114, "16,000 random commands: CREADR always reaches CWRITER") { w in
      var noise = Noise(state: 0x1234_5678_9abc_def1)
      try w.start()
      for _ in 0..<32 {
        let entries = (0..<500).map { _ in
          // Every second one is a GICv3 command with fields that are often in range.
          let opcode = noise.next() & 1 == 0 ? noise.next() & 15 : noise.next() & 255
          let valid = noise.next() & 1 << 63
          let address = noise.next() & 1 == 0 ? w.layout.ramBase : 0
          return QueueEntry(
            opcode | noise.value() << 32, noise.value() ^ noise.value() << 32,
            valid | (noise.value() &+ address) & .ones(51, 0), noise.value())
        }
        try w.run(entries)
        try w.expectDrained()
      }
      try recover(&w)
    },
    noise(114, "random writes all over the ITS's and redistributors' frames") { w in
      var noise = Noise(state: 0xfeed_f00d_1357_9bdf)
      try w.start()
      for _ in 0..<4000 {
        let size = 1 << Int(noise.next() & 3)
        let offset = Int(noise.next() & 0x1_ffff)
        let small = Int(noise.next() & 0x1ff)
        let place =
          switch noise.next() & 3 {
          case 0: Place.its(at: offset, size: size)
          case 1: Place.its(at: small, size: size)
          case 2: Place.gicr(at: offset, size: size, Int(noise.next() & 3))
          default: Place.gicr(at: small, size: size, Int(noise.next() & 3))
          }
        try w.write(place, noise.value())
        _ = try w.read(place)
      }
      try recover(&w)
    },
    noise(114, "random table images: every MSI comes to an end that has a name") { w in
      var noise = Noise(state: 0x0bad_cafe_0bad_cafe)
      try w.start()
      for table in [w.layout.devices(0), w.layout.collections(0), w.layout.itt(0)] {
        for index in 0..<512 {
          let address = noise.next() & 1 == 0 ? w.layout.itt(0) : 0
          try w.store(1 << 63 | noise.value() | address, at: table + UInt64(index * 8))
        }
      }
      for _ in 0..<2000 {
        let outcome = try w.msi(UInt32(noise.next() & 0x3ff), noise.next() & 0x1ff)
        try w.expect(
          "an LPI or none",
          outcome.kind == .set || outcome.kind == .merged
            ? outcome.intid.isLPI : outcome.kind.rawValue >= 16, is: true)
      }
      try recover(&w)
    },
  ]
}
