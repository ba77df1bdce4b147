// Chapter "save": what SAVE_TABLES and SAVE_PENDING_TABLES write into guest RAM, bit for bit.

import GICArch
import GICModel

enum SaveRows {
  static let all: [ConformanceRow] = images + refusals + pending

  private static let rev0 = RowMaker(
    chapter: .save, source: "Linux arm-vgic-its.rst, ITS Table ABI REV0")

  private static let images: [ConformanceRow] = [
    rev0(84, "DTE, ITE and CTE have REV0's bits", machine: World.saving) { w in
      try w.start()
      try w.run(.mapc(1, 1), .mapd(3, w.layout.itt(0), bits: 8), .mapti(3, 2, 8200, 1))
      try w.save()
      // The ITT at 0x41000000 has [51:8] = 0x410000, from bit 5 on 0x8200000; 8 bits are Size 7.
      try w.expectRAM(w.layout.device(3), 0x8000_0000_0820_0007)
      try w.expectRAM(w.layout.itt(0) + 16, 0x0000_0000_2008_0001)
      try w.expectRAM(w.layout.collections(0), 0x8000_0000_0001_0001)
    },
    rev0(85, "next is the distance to the next DeviceID, at most 16383", machine: World.saving) {
      w in
      try w.start()
      try w.run(.mapd(0, w.layout.itt(0)), .mapd(5, w.layout.itt(1)), .mapd(20005, w.layout.itt(2)))
      try w.save()
      for (device, next) in [(0, 5), (5, 16383), (20005, 0)] as [(UInt32, UInt64)] {
        let got = try w.load(w.layout.device(device))[62, 49]
        try w.expect("next of device \(device)", got, is: next)
      }
    },
    rev0(86, "next is the distance to the next EventID; 0 ends", machine: World.saving) { w in
      try w.start()
      try w.run(
        .mapc(1, 1), .mapd(3, w.layout.itt(0), bits: 16), .mapti(3, 0, 8200, 1),
        .mapti(3, 65535, 8201, 1))
      try w.save()
      try w.expectRAM(w.layout.itt(0), 0xffff_0000_2008_0001)
      try w.expectRAM(w.layout.itt(0) + 65535 * 8, 0x0000_0000_2009_0001)
    },
    rev0(87, "events mapped in descending order are saved ascending", machine: World.saving) { w in
      try w.start()
      try w.run(
        .mapc(1, 1), .mapd(3, w.layout.itt(0)), .mapti(3, 7, 8200, 1), .mapti(3, 4, 8201, 1),
        .mapti(3, 0, 8202, 1))
      try w.save()
      for (event, word) in [
        (0, w.ite(8202, 1, next: 4)), (4, w.ite(8201, 1, next: 3)), (7, w.ite(8200, 1)),
      ] as [(UInt64, UInt64)] { try w.expectRAM(w.layout.itt(0) + event * 8, word) }
    },
    rev0(88, "CTEs in the order of creation, then zeros", machine: World.saving) { w in
      try w.start()
      for slot in UInt64(0)..<4 { try w.store(.max, at: w.layout.collections(0) + slot * 8) }
      try w.run(.mapc(3, 1), .mapc(2, 0))
      try w.save()
      for (slot, word) in [w.cte(3, 1), w.cte(2, 0), 0, .max].enumerated() {
        try w.expectRAM(w.layout.collections(0) + UInt64(slot * 8), word)
      }
    },
    rev0(88, "8192 CTEs fill a page: no zeros after them", machine: World.saving) { w in
      try w.start()
      let end = w.layout.collections(0) + 0x1_0000
      try w.store(.max, at: end)
      for first in stride(from: 0, to: 8192, by: 1024) {
        try w.run((first..<first + 1024).map { .mapc(UInt16($0), 2) })
      }
      try w.save()
      try w.expectRAM(end - 8, w.cte(8191, 2))
      try w.expectRAM(end, .max)
    },
    rev0(89, "an unmapped collection has an RDBase of all ones", machine: World.saving) { w in
      try w.start()
      try w.run(.mapd(3, w.layout.itt(0)), .mapti(3, 0, 8200, 5))
      try w.save()
      try w.expectRAM(w.layout.collections(0), 0x8000_ffff_ffff_0005)
    },
    rev0(90, "two levels: the DTE lies in its page", machine: World.saving) { w in
      try w.start(indirect: true)
      try w.store(1 << 63 | w.layout.level2(1), at: w.layout.devices(0) + 8)
      try w.run(.mapd(8195, w.layout.itt(0)))
      try w.save()
      try w.expectRAM(w.layout.level2(1) + 24, w.dte(w.layout.itt(0)))
    },
    rev0(95, "a second save is the same, and the ITS goes on", machine: World.saving) { w in
      try w.start()
      try w.run(.mapc(1, 1), .mapd(3, w.layout.itt(0)), .mapti(3, 2, 8200, 1))
      try w.save()
      let words = try [w.layout.device(3), w.layout.itt(0) + 16, w.layout.collections(0)].map(
        w.load)
      try w.save()
      let again = try [w.layout.device(3), w.layout.itt(0) + 16, w.layout.collections(0)].map(
        w.load)
      try w.expect("the words of the second save", again, is: words)
      try w.expectDelivery(3, 2, 8200, at: 1)
      try w.run(.mapti(3, 3, 8201, 1))
      try w.expectDelivery(3, 3, 8201, at: 1)
    },
    rev0(96, "MAPC V=0 with live events: an orphan is not saved", [.kvm]) { w in
      try w.start()
      try w.run(.mapc(1, 1), .mapd(3, w.layout.itt(0)), .mapti(3, 2, 8200, 1), .unmapc(1))
      try w.save()
      try w.expectRAM(w.layout.itt(0) + 16, 0)
      try w.expectRAM(w.layout.collections(0), 0)
    },
    rev0(
      96, "MAPC V=0 with live events: the collection is saved as unmapped", [.architecture],
      machine: World.saving
    ) { w in
      try w.start()
      try w.run(.mapc(1, 1), .mapd(3, w.layout.itt(0)), .mapti(3, 2, 8200, 1), .unmapc(1))
      try w.move()
      try w.expectMSI(3, 2, .collectionUnmapped)
      try w.run(.mapc(1, 2))
      try w.expectDelivery(3, 2, 8200, at: 2)
    },
  ]

  private static let errors = RowMaker(
    chapter: .save, source: "Linux arch/arm64/kvm/vgic/vgic-its.c, vgic_its_save_tables_v0")

  private static let refusals: [ConformanceRow] = [
    errors(90, "level 1 made invalid since: EINVAL", machine: World.saving) { w in
      try w.start(indirect: true)
      try w.store(1 << 63 | w.layout.level2(0), at: w.layout.devices(0))
      try w.run(.mapd(3, w.layout.itt(0)))
      try w.store(0, at: w.layout.devices(0))
      try w.save(.einval)
      try w.store(1 << 63 | w.layout.level2(0), at: w.layout.devices(0))
      try w.save()
    },
    errors(91, "BASERs not valid: success, and nothing is written", machine: World.saving) { w in
      try w.startPEs()
      try w.store(.max, at: w.layout.devices(0))
      try w.store(.max, at: w.layout.collections(0))
      try w.save()
      try w.expectRAM(w.layout.devices(0), .max)
      try w.expectRAM(w.layout.collections(0), .max)
    },
    errors(92, "while vCPUs run: EBUSY, and nothing is written", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      _ = try w.takeWritten()
      try w.target.setVCPUsRun(true)
      try w.save(.ebusy)
      try w.savePending(.ebusy)
      try w.expectSet(DeviceAttribute(.reset), of: .its(0), .ebusy)
      try w.expect("pages written", try w.takeWritten(), is: [])
      try w.target.setVCPUsRun(false)
      try w.save()
    },
    errors(94, "what a save writes is told as written, once", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      _ = try w.takeWritten()
      try w.save()
      let written = [w.layout.devices(0), w.layout.collections(0), w.layout.itt(0)]
      try w.expect("pages written", try w.takeWritten(), is: written.sorted())
      try w.expect("pages written, asked again", try w.takeWritten(), is: [])
    },
    errors(
      92, "a hardware collection cannot be saved: EACCES", [.architecture],
      machine: "identity:\n  hardware_collections: 4\n"
    ) { w in
      try w.start()
      try w.save()
      try w.run(.mapc(1, 1))
      try w.save(.eacces)
    },
  ]

  private static let tables = RowMaker(
    chapter: .save, source: "Linux vgic-v3.c, vgic_v3_save_pending_tables")

  private static let pending: [ConformanceRow] = [
    tables(93, "bits of mapped LPIs are set and cleared, all others stay", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      for pe in 0..<4 { try w.mask(pe) }
      try w.run(.mapti(2, 0, 8192, 1), .mapti(2, 1, 8193, 1), .mapti(2, 2, 8194, 2))
      try w.expectMSI(2, 0, .set)
      let table = w.layout.pending(1)
      try w.store(.max, at: table)
      try w.store(0x106, at: table + 1024)
      try w.savePending()
      try w.expectRAM(table, .max)
      try w.expectRAM(table + 1024, 0x105)
      try w.expectRAM(w.layout.pending(2) + 1024, 0)
    },
    tables(93, "the table of a PE is exact", [.architecture]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.mask(1)
      try w.run(.mapti(2, 0, 8192, 1))
      try w.expectMSI(2, 0, .set)
      let table = w.layout.pending(1)
      try w.store(.max, at: table)
      try w.savePending()
      try w.expectRAM(table, .max)
      try w.expectRAM(table + 1024, 1)
    },
    tables(93, "not initialised: ENXIO", machine: "machine:\n  frames: attributes\n") { w in
      try w.savePending(.enxio)
    },
    tables(93, "a pending table outside RAM: EFAULT") { w in
      try w.startPEs(lpis: false)
      for pe in 0..<4 { try w.write(.gicr(GICR.PENDBASER.self, pe), w.layout.end | 0x780) }
      for pe in 0..<4 { try w.write(.gicr(GICR.CTLR.self, pe), 1) }
      try w.startITS()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      // KVM wants the target's table for a mapping; one without a target it takes.
      try w.run(.mapti(2, 0, 8192, 9), .mapc(9, 1))
      try w.savePending(.efault)
    },
  ]
}
