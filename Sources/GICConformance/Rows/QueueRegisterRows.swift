// Chapter "registers": CTLR and the registers of the command queue.

import GICArch

enum QueueRegisterRows {
  static let all: [ConformanceRow] = control + cbaser + cwriter

  private static let ctlr = RowMaker(
    chapter: .registers, source: "IHI 0069, GITS_CTLR; Linux vgic-its.c, vgic_mmio_write_its_ctlr")

  /// Tables and queue but for one of them, then Enabled.
  private static func enableWithout(_ place: Place, _ w: inout World) throws {
    try w.startITS()
    let value = try w.read(place)
    try w.write(place, value & ~(1 << 63))
    try w.write(.its(GITS.CTLR.self), 1)
  }

  private static let control: [ConformanceRow] = [
    ctlr(5, "CTLR after reset is quiescent and off") { w in
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    ctlr(6, "Enabled needs a valid CBASER", [.kvm]) { w in
      try enableWithout(.its(GITS.CBASER.self), &w)
      try w.expect(.its(GITS.CTLR.self), 0, mask: 1)
    },
    ctlr(6, "Enabled needs a valid BASER0", [.kvm]) { w in
      try enableWithout(.baser(0), &w)
      try w.expect(.its(GITS.CTLR.self), 0, mask: 1)
    },
    ctlr(6, "Enabled needs a valid BASER1", [.kvm]) { w in
      try enableWithout(.baser(1), &w)
      try w.expect(.its(GITS.CTLR.self), 0, mask: 1)
    },
    ctlr(6, "Enabled without a queue sticks, and no command runs", [.architecture]) { w in
      try enableWithout(.its(GITS.CBASER.self), &w)
      try w.expect(.its(GITS.CTLR.self), 1, mask: 1)
      try w.write(.its(GITS.CWRITER.self), 0x20)
      try w.expect(.its(GITS.CREADR.self), 0)
    },
    ctlr(6, "Enabled without tables sticks, and MAPD and MAPC find no table", [.architecture]) {
      w in
      try enableWithout(.baser(0), &w)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.baser(1), 0)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expect(.its(GITS.CTLR.self), 1, mask: 1)
      try w.run(.mapd(2, w.layout.itt(0)), .mapc(0, 0))
      try w.expectErrors(.mapdDeviceOOR, .mapcCollectionOOR)
      try w.expectDrained()
    },
    ctlr(7, "Enabled with queue and tables; Quiescent when the queue is empty") { w in
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
      try w.run(.sync(0), .sync(0))
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    ctlr(7, "Quiescent is CREADR == CWRITER, also while disabled", [.kvm]) { w in
      try w.startITS()
      try w.run(.sync(0))
      try w.expect(.its(GITS.CTLR.self), 0)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
    },
    ctlr(7, "a disabled ITS is quiescent, whatever waits in its queue", [.architecture]) { w in
      try w.startITS()
      try w.run(.sync(0))
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
    },
    ctlr(8, "ImDe and ITS_Number read zero without virtual LPIs") { w in
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 0xf3)
      try w.expect(.its(GITS.CTLR.self), 1, mask: 0xf3)
    },
  ]

  private static let base = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GITS_CBASER; Linux vgic-its.c, vgic_mmio_write_its_cbaser"
  )

  private static let cbaser: [ConformanceRow] = [
    base(17, "CBASER keeps its value while the ITS is enabled") { w in
      try w.start()
      let value = try w.read(.its(GITS.CBASER.self))
      try w.write(.its(GITS.CBASER.self), value ^ 0x1_0001)
      try w.expect(.its(GITS.CBASER.self), value)
    },
    base(17, "a CBASER write sets CREADR to zero") { w in
      try w.start()
      try w.run(.sync(0), .sync(0))
      try w.expect(.its(GITS.CREADR.self), 0x40)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.its(GITS.CBASER.self), try w.read(.its(GITS.CBASER.self)))
      try w.expect(.its(GITS.CREADR.self), 0)
    },
    base(17, "a CBASER write, of a half too, sets CWRITER to zero", [.kvm]) { w in
      for place in [Place.its(GITS.CBASER.self), .its(GITS.CBASER.self).low] {
        try w.startITS()
        try w.write(.its(GITS.CWRITER.self), 0x40)
        try w.expect(.its(GITS.CWRITER.self), 0x40)
        try w.write(place, try w.read(place))
        try w.expect(.its(GITS.CWRITER.self), 0)
      }
    },
    base(18, "CBASER is 64 KiB aligned: address bits 15:12 read zero", [.kvm]) { w in
      try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.queue(0) + 0x3000, pages: 16))
      try w.expect(.its(GITS.CBASER.self), w.layout.queue(0), mask: .ones(51, 12))
    },
    base(18, "CBASER is 4 KiB aligned, and commands are read there", [.architecture]) { w in
      try w.startITS()
      try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.queue(0) + 0x3000, pages: 1))
      try w.expect(.its(GITS.CBASER.self), w.layout.queue(0) + 0x3000, mask: .ones(51, 12))
      try w.store(0x7, at: w.layout.queue(0) + 0x3000)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.write(.its(GITS.CWRITER.self), 0x20)
      try w.expectErrors(["UNKNOWN_COMMAND": 1])
    },
    base(19, "CBASER's upper half, then its lower, are one 64-bit write") { w in
      let value = World.cbaser(w.layout.queue(0), pages: 16)
      try w.write(.its(GITS.CBASER.self).high, value >> 32)
      try w.write(.its(GITS.CBASER.self).low, value & 0xffff_ffff)
      let halves = try w.read(.its(GITS.CBASER.self))
      try w.write(.its(GITS.CBASER.self), 0)
      try w.write(.its(GITS.CBASER.self), value)
      try w.expect(.its(GITS.CBASER.self), halves)
      try w.expect(.its(GITS.CBASER.self), value)
    },
    base(19, "CBASER Outer Shareable reads Inner, inner nC reads RaWb", [.kvm]) { w in
      try w.write(.its(GITS.CBASER.self), 1 << 63 | 1 << 59 | w.layout.queue(0) | 2 << 10)
      try w.expect(.its(GITS.CBASER.self), 1 << 63 | 3 << 59 | w.layout.queue(0) | 1 << 10)
    },
    base(30, "a queue of one page wraps and goes on") { w in
      try w.start(queuePages: 1)
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1))
      for _ in 0..<3 { try w.run(Array(repeating: .sync(0), count: 120)) }
      try w.expectDrained()
      try w.run(.int(2, 1))
      try w.expectTaken(8200, by: 1)
    },
    base(30, "a queue of 256 pages runs to its last slot and wraps") { w in
      try w.start(queuePages: 256)
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1))
      let last = 256 * 4096 - 32
      // RAM is zero there: opcodes that are no commands, each consumed.
      try w.write(.its(GITS.CWRITER.self), UInt64(last))
      try w.expect(.its(GITS.CREADR.self), UInt64(last))
      w.tails[0] = last
      try w.run(.int(2, 1))
      try w.expect(.its(GITS.CREADR.self), 0)
      try w.expectTaken(8200, by: 1)
    },
  ]

  private static let writer = RowMaker(
    chapter: .registers,
    source: "IHI 0069, GITS_CWRITER, GITS_CREADR; Linux vgic-its.c, vgic_mmio_write_its_cwriter")

  private static let cwriter: [ConformanceRow] = [
    writer(20, "an offset beyond the queue is dropped, and nothing runs") { w in
      try w.start(queuePages: 1)
      try w.run(.sync(0))
      try w.write(.its(GITS.CWRITER.self), 0x1000)
      try w.expect(.its(GITS.CWRITER.self), 0x20)
      try w.expect(.its(GITS.CREADR.self), 0x20)
    },
    writer(21, "CWRITER bits 4:0 and above 19 read zero") { w in
      try w.startITS(queuePages: 256)
      try w.write(.its(GITS.CWRITER.self), 0xffff_ffff_fff0_0000 | 0x5f)
      try w.expect(.its(GITS.CWRITER.self), 0x40)
    },
    writer(22, "a 32-bit store to CWRITER runs the queue") { w in
      try w.start()
      try w.queue([.sync(0), .sync(1)])
      try w.write(.its(GITS.CWRITER.self).low, 0x40)
      try w.expect(.its(GITS.CREADR.self).low, 0x40)
    },
    writer(23, "CWRITER written while disabled is stored, and runs on enable") { w in
      try w.startPEs()
      try w.startITS()
      try w.mapDevice()
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.expect(.its(GITS.CWRITER.self), 0xe0)
      try w.expect(.its(GITS.CREADR.self), 0)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expect(.its(GITS.CREADR.self), 0xe0)
      try w.expectTaken(8200, by: 1)
    },
    writer(24, "CREADR takes no write") { w in
      try w.start()
      try w.run(.sync(0), .sync(0))
      try w.write(.its(GITS.CREADR.self), 0)
      try w.expect(.its(GITS.CREADR.self), 0x40)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.its(GITS.CREADR.self), 0x20)
      try w.expect(.its(GITS.CREADR.self), 0x40)
    },
    writer(25, "the first read of CREADR equals CWRITER: no polls") { w in
      try w.start()
      try w.run(Array(repeating: .sync(0), count: 1000))
      try w.expect(.its(GITS.CREADR.self), 32_000)
    },
    writer(26, "after the last slot CREADR is zero again") { w in
      try w.start(queuePages: 1)
      try w.run(Array(repeating: .sync(0), count: 127))
      try w.expect(.its(GITS.CREADR.self), 0xfe0)
      try w.run(.sync(0))
      try w.expect(.its(GITS.CREADR.self), 0)
      try w.run(.sync(0))
      try w.expect(.its(GITS.CREADR.self), 0x20)
    },
  ]
}
