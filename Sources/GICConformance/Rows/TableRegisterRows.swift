// Chapter "registers": GITS_BASER<n>.

import GICArch

enum TableRegisterRows {
  static let all: [ConformanceRow] = reset + negotiation + attributes + use

  private static let row = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GITS_BASER<n>; Linux vgic-its.c, vgic_mmio_write_its_baser"
  )

  private static let reset: [ConformanceRow] = [
    row(9, "BASER0 and BASER1 after reset", [.kvm]) { w in
      try w.expect(.baser(0), 0x1907_0000_0000_0600)
      try w.expect(.baser(1), 0x1c07_0000_0000_0600)
    },
    row(9, "BASER0 is the device table, BASER1 the collection table, 8 bytes an entry") { w in
      let identity: UInt64 = .ones(63, 63) | .ones(58, 56) | .ones(52, 48)
      try w.expect(.baser(0), 1 << 56 | 7 << 48, mask: identity)
      try w.expect(.baser(1), 4 << 56 | 7 << 48, mask: identity)
    },
    row(9, "BASER2 through BASER7 read zero after a write of ones") { w in
      for index in 2..<8 {
        try w.write(.baser(index), .max)
        try w.expect(.baser(index), 0)
      }
    },
    row(14, "Type and Entry_Size take no write") { w in
      for index in 0..<2 {
        let identity: UInt64 = .ones(58, 56) | .ones(52, 48)
        let value = try w.read(.baser(index)) & identity
        try w.write(.baser(index), value ^ identity)
        try w.expect(.baser(index), value, mask: identity)
      }
    },
  ]

  private static let negotiation: [ConformanceRow] = [
    row(10, "4 and 16 KiB pages read as 64 KiB", [.kvm]) { w in
      for size: UInt64 in 0...3 {
        for index in 0..<2 {
          try w.write(.baser(index), size << 8)
          try w.expect(.baser(index), 2 << 8, mask: 3 << 8)
        }
      }
    },
    row(10, "4, 16 and 64 KiB pages can be had", [.architecture]) { w in
      for size: UInt64 in 0...2 {
        for index in 0..<2 {
          try w.write(.baser(index), size << 8)
          try w.expect(.baser(index), size << 8, mask: 3 << 8)
        }
      }
    },
    row(10, "a device table of 4 KiB pages is used as such", [.architecture]) { w in
      try w.start()
      try w.write(.its(GITS.CTLR.self), 0)
      // 512 entries in a page of 4 KiB.
      try w.write(.baser(0), 1 << 63 | w.layout.devices(0) | 1 << 10)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(511)
      try w.run(.mapti(511, 1, 8200, 1), .mapd(512, w.layout.itt(1)))
      try w.expectErrors(.mapdDeviceOOR)
      try w.expectDelivery(511, 1, 8200, at: 1)
    },
    row(11, "BASER0 takes Indirect") { w in
      try w.write(.baser(0), 1 << 62)
      try w.expect(.baser(0), 1 << 62, mask: 1 << 62)
      try w.write(.baser(0), 0)
      try w.expect(.baser(0), 0, mask: 1 << 62)
    },
    row(11, "BASER1 takes no Indirect: collection tables are flat") { w in
      try w.write(.baser(1), 1 << 62)
      try w.expect(.baser(1), 0, mask: 1 << 62)
    },
    row(12, "what Linux writes reads back to the bit") { w in
      for (index, address) in [w.layout.devices(0), w.layout.collections(0)].enumerated() {
        let identity = try w.read(.baser(index)) & (.ones(58, 56) | .ones(52, 48))
        let value = World.baser(address, pages: 8) | identity
        try w.write(.baser(index), value)
        try w.expect(.baser(index), value)
        try w.write(.baser(index), value & ~(1 << 63))
        try w.expect(.baser(index), value & ~(1 << 63))
      }
    },
    row(12, "both halves by themselves") { w in
      let value = World.baser(w.layout.devices(0), pages: 8)
      try w.write(.baser(0).low, value & 0xffff_ffff)
      try w.write(.baser(0).high, value >> 32)
      try w.expect(.baser(0), value, mask: ~(.ones(58, 56) | .ones(52, 48)))
    },
  ]

  /// Writes BASER0 with an inner and outer cacheability and a shareability, and reads them.
  private static func check(
    _ written: (inner: UInt64, outer: UInt64, share: UInt64),
    read: (inner: UInt64, outer: UInt64, share: UInt64), _ w: inout World
  ) throws {
    func fields(_ value: (inner: UInt64, outer: UInt64, share: UInt64)) -> UInt64 {
      value.inner << 59 | value.outer << 53 | value.share << 10
    }
    try w.write(.baser(0), fields(written) | 2 << 8)
    try w.expect(.baser(0), fields(read), mask: fields((7, 7, 3)))
  }

  private static let attributes: [ConformanceRow] = [
    row(13, "Outer Shareable reads Inner", [.kvm]) { w in
      try check((7, 0, 2), read: (7, 0, 1), &w)
    },
    row(13, "Non-shareable stays") { w in try check((7, 0, 0), read: (7, 0, 0), &w) },
    row(13, "inner Device and nC read RaWb", [.kvm]) { w in
      try check((0, 0, 1), read: (3, 0, 1), &w)
      try check((1, 0, 1), read: (3, 0, 1), &w)
    },
    row(13, "outer attributes but nC read SameAsInner", [.kvm]) { w in
      try check((7, 5, 1), read: (7, 0, 1), &w)
      try check((7, 1, 1), read: (7, 1, 1), &w)
    },
    row(13, "attributes read as written", [.architecture]) { w in
      for inner: UInt64 in 0...7 {
        for share: UInt64 in 0...2 {
          try check((inner, 7 - inner, share), read: (inner, 7 - inner, share), &w)
        }
      }
    },
  ]

  private static let use: [ConformanceRow] = [
    row(15, "BASER keeps its value while the ITS is enabled") { w in
      try w.start()
      for index in 0..<2 {
        let value = try w.read(.baser(index))
        try w.write(.baser(index), value ^ 0x1_0001)
        try w.write(.baser(index), 0)
        try w.expect(.baser(index), value)
      }
    },
    row(16, "bits 15:12 are address bits 51:48", ramBase: 1 << 48) { w in
      try w.start()
      try w.expect(.baser(0), 1 << 12, mask: .ones(15, 12))
      try w.mapDevice(7)
      try w.run(.mapti(7, 1, 8200, 1))
      try w.expectErrors()
      try w.expectDelivery(7, 1, 8200, at: 1)
    },
    row(64, "BASER0 made invalid takes every device away; RAM stays", [.kvm]) { w in
      try w.start()
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1))
      try w.store(0x1234_5678, at: w.layout.device(100))
      try w.write(.its(GITS.CTLR.self), 0)
      let value = try w.read(.baser(0))
      try w.write(.baser(0), value & ~(1 << 63))
      try w.write(.baser(0), value)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectMSI(2, 1, .deviceUnmapped)
      try w.expectRAM(w.layout.device(100), 0x1234_5678)
    },
    row(64, "BASER1 made invalid takes every collection away; RAM stays", [.kvm]) { w in
      try w.start()
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1))
      try w.store(0x1234_5678, at: w.layout.collections(0) + 800)
      try w.write(.its(GITS.CTLR.self), 0)
      let value = try w.read(.baser(1))
      try w.write(.baser(1), value & ~(1 << 63))
      try w.write(.baser(1), value)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectMSI(2, 1, .collectionUnmapped)
      try w.expectRAM(w.layout.collections(0) + 800, 0x1234_5678)
    },
    row(
      64, "without a valid BASER0 nothing is mapped; with it the table's entries are",
      [.architecture]
    ) {
      w in
      try w.start()
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1))
      let entry = try w.load(w.layout.device(2))
      try w.write(.its(GITS.CTLR.self), 0)
      let value = try w.read(.baser(0))
      try w.write(.baser(0), value & ~(1 << 63))
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectMSI(2, 1, .deviceOOR)
      try w.expectRAM(w.layout.device(2), entry)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.baser(0), value)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
  ]
}
