// Chapter "restore": what RESTORE_TABLES takes out of guest RAM, what it refuses, and the whole way
// of a machine from one monitor to another.

import GICArch
import GICModel

enum RestoreRows {
  static let all: [ConformanceRow] = moves + registers + images + refusals + random

  private static let sequence = RowMaker(
    chapter: .restore, source: "Linux arm-vgic-its.rst, ITS Restore Sequence")

  private static let moves: [ConformanceRow] = [
    sequence(97, "a moved machine delivers the events that it had", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapd(7, w.layout.itt(1)), .mapti(2, 20, 8195, 3), .mapti(7, 255, 8196, 2))
      try w.move()
      try w.expectDelivery(2, 20, 8195, at: 3)
      try w.expectDelivery(7, 255, 8196, at: 2)
      try w.run(.discard(2, 20))
      try w.expectMSI(2, 20, .eventUnmapped)
    },
    sequence(97, "tables in RAM need no copy: the same move") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 20, 8195, 3))
      try w.move()
      try w.expectDelivery(2, 20, 8195, at: 3)
    },
    sequence(97, "what was pending is pending, and is delivered once", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 0, 8192, 1), .mapti(2, 1, 8193, 1), .mapti(2, 2, 8194, 2))
      for pe in 0..<4 { try w.mask(pe) }
      for event: UInt64 in [0, 2] { try w.expectMSI(2, event, .set) }
      try w.move()
      for pe in 0..<4 { try w.unmask(pe) }
      try w.expectTaken(8192, by: 1)
      try w.expectNothing(at: 1)
      try w.expectTaken(8194, by: 2)
      try w.expectNothing(at: 2)
    },
    sequence(98, "an unmapped collection, then MAPC and INVALL", machine: World.saving) { w in
      try w.start()
      try w.run(.mapd(2, w.layout.itt(0)), .mapti(2, 0, 8192, 3))
      try w.move()
      try w.expectMSI(2, 0, .collectionUnmapped)
      try w.run(.mapc(3, 2), .invall(3))
      try w.expectDelivery(2, 0, 8192, at: 2)
    },
    sequence(102, "DeviceIDs farther apart than next can say", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(0)
      try w.run(.mapd(40000, w.layout.itt(1)), .mapti(0, 0, 8192, 1), .mapti(40000, 0, 8193, 2))
      try w.move()
      try w.expectDelivery(0, 0, 8192, at: 1)
      try w.expectDelivery(40000, 0, 8193, at: 2)
    },
    sequence(103, "two levels: pages 0 and 2, none between", machine: World.saving) { w in
      try w.start(indirect: true)
      for page in [0, 2] {
        try w.store(1 << 63 | w.layout.level2(page), at: w.layout.devices(0) + UInt64(page * 8))
      }
      try w.mapDevice(8191)
      try w.run(
        .mapd(16400, w.layout.itt(1)), .mapti(8191, 0, 8192, 1), .mapti(16400, 3, 8193, 2))
      try w.move()
      try w.expectDelivery(8191, 0, 8192, at: 1)
      try w.expectDelivery(16400, 3, 8193, at: 2)
    },
    sequence(108, "what DISCARD and MAPD V=0 took away stays away", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapd(9, w.layout.itt(1)), .mapti(2, 0, 8192, 1), .mapti(2, 5, 8193, 1))
      try w.run(.mapti(9, 0, 8194, 1))
      try w.save()
      try w.run(.discard(2, 5), .unmapd(9))
      try w.move()
      try w.expectDelivery(2, 0, 8192, at: 1)
      try w.expectMSI(2, 5, .eventUnmapped)
      try w.expectMSI(9, 0, .deviceUnmapped)
    },
    sequence(109, "RESET, then a restore", machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 0, 8192, 1))
      let image = try w.image()
      let baser = try w.read(.baser(0))
      try w.expectSet(DeviceAttribute(.reset), of: .its(0))
      try w.expect(.its(GITS.CTLR.self), 0x8000_0000)
      try w.expect(.its(GITS.CBASER.self), 0)
      try w.expect(.baser(0), baser & ~(1 << 63))
      for entry in image.entries where entry.device == .its(0) {
        try w.expectSet(entry.attribute, of: entry.device, to: entry.value)
      }
      try w.expectDelivery(2, 0, 8192, at: 1)
    },
  ]

  private static let registers: [ConformanceRow] = [
    sequence(99, "without CREADR the queue runs again, with it not", machine: World.saving) { w in
      try w.start()
      try w.run(.mapc(1, 1), .sync(1))
      var image = try w.image()
      try w.move(image)
      try w.run(.unmapc(1))
      image.entries.removeAll {
        $0.attribute == DeviceAttribute(.itsRegisters, UInt64(GITS.CREADR.offset))
      }
      // The queue holds MAPC, SYNC and what unmapped the collection; CWRITER says two.
      try w.move(image)
      try w.expectDrained()
      try w.expect(.its(GITS.CREADR.self), 64)
    },
    sequence(100, "CREADR: EBUSY while enabled, EINVAL beyond the queue, lost before CBASER") { w in
      let creadr = DeviceAttribute(.itsRegisters, UInt64(GITS.CREADR.offset))
      try w.start()
      try w.expectSet(creadr, of: .its(0), to: 0, .ebusy)
      try w.write(.its(GITS.CTLR.self), 0)
      try w.expectSet(creadr, of: .its(0), to: 0x1_0000, .einval)
      try w.expectSet(creadr, of: .its(0), to: 0x40)
      try w.expect(.its(GITS.CREADR.self), 0x40)
      try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.queue(0), pages: 16))
      try w.expect(.its(GITS.CREADR.self), 0)
    },
    sequence(101, "IIDR: revision 0 is known, 9 is not, other fields do not matter") { w in
      let iidr = DeviceAttribute(.itsRegisters, UInt64(GITS.IIDR.offset))
      let own = try w.read(.its(GITS.IIDR.self))
      try w.expectSet(iidr, of: .its(0), to: own & ~0xf000)
      try w.expectSet(iidr, of: .its(0), to: 0xffff_0fff)
      try w.expectSet(iidr, of: .its(0), to: 0x9000, .einval)
      try w.expect(.its(GITS.IIDR.self), own)
    },
  ]

  private static let rev0 = RowMaker(
    chapter: .restore, source: "Linux arch/arm64/kvm/vgic/vgic-its.c, scan_its_table")

  private static let images: [ConformanceRow] = [
    rev0(104, "an INTID of 0 is a gap", machine: World.saving) { w in
      try w.startEmpty()
      try w.store(w.cte(1, 1), at: w.layout.collections(0))
      try w.store(w.dte(w.layout.itt(0)), at: w.layout.device(0))
      try w.store(w.ite(8192, 1), at: w.layout.itt(0) + 80)
      try w.restore()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(0, 10, 8192, at: 1)
    },
    rev0(105, "RES0 bits of a CTE set", machine: World.saving) { w in
      try w.startEmpty()
      try w.store(w.cte(1, 1) | 0x7ff << 52, at: w.layout.collections(0))
      try w.store(w.dte(w.layout.itt(0)), at: w.layout.device(0))
      try w.store(w.ite(8192, 1), at: w.layout.itt(0))
      try w.restore()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(0, 0, 8192, at: 1)
    },
    rev0(107, "a pending bit is taken out of RAM", [.kvm]) { w in
      try w.startEmpty()
      try w.store(w.cte(1, 1), at: w.layout.collections(0))
      try w.store(w.dte(w.layout.itt(0)), at: w.layout.device(0))
      try w.store(w.ite(8193, 1), at: w.layout.itt(0))
      try w.store(0xa, at: w.layout.pending(1) + 1024)
      try w.restore()
      try w.expectRAM(w.layout.pending(1) + 1024, 0x8)
      try w.expectTaken(8193, by: 1)
      try w.expectNothing(at: 1)
    },
    rev0(
      110, "an image that KVM would write: two devices, three collections", machine: World.saving
    ) { w in
      try w.startEmpty()
      let cte = w.layout.collections(0)
      for (slot, word) in [w.cte(0, 0), w.cte(1, 1), w.cte(2, 0xffff_ffff)].enumerated() {
        try w.store(word, at: cte + UInt64(slot * 8))
      }
      try w.store(w.dte(w.layout.itt(0), bits: 5, next: 8), at: w.layout.device(8))
      try w.store(w.dte(w.layout.itt(1), bits: 16), at: w.layout.device(16))
      try w.store(w.ite(8192, 0, next: 1), at: w.layout.itt(0))
      try w.store(w.ite(8193, 1), at: w.layout.itt(0) + 8)
      try w.store(w.ite(8194, 2), at: w.layout.itt(1) + 8 * 300)
      try w.restore()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(8, 0, 8192, at: 0)
      try w.expectDelivery(8, 1, 8193, at: 1)
      try w.expectMSI(16, 300, .collectionUnmapped)
    },
  ]

  /// One image that is refused, and what it is refused with.
  private static func refused(
    _ number: Int, _ name: String, _ errno: DeviceErrno,
    _ profiles: [ConformanceProfile] = ConformanceProfile.allCases,
    _ words: @escaping @Sendable (World) -> [PhysicalAddress: UInt64]
  ) -> ConformanceRow {
    rev0(number, name, profiles, machine: World.saving) { w in
      try w.startEmpty()
      // A good collection and a good device come first, so that there is something to lose.
      try w.store(w.cte(1, 1), at: w.layout.collections(0))
      try w.store(w.dte(w.layout.itt(0), next: 1), at: w.layout.device(0))
      try w.store(w.dte(w.layout.itt(1)), at: w.layout.device(1))
      try w.store(w.ite(8192, 1), at: w.layout.itt(0))
      for (address, word) in words(w) { try w.store(word, at: address) }
      try w.restore(errno)
      try w.expectUnmapped(0)
      // 106: nothing is left that would stand in the way of a good one.
      for address in words(w).keys { try w.store(0, at: address) }
      try w.store(w.cte(1, 1), at: w.layout.collections(0))
      try w.store(w.dte(w.layout.itt(0)), at: w.layout.device(0))
      try w.store(w.ite(8192, 1), at: w.layout.itt(0))
      try w.restore()
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDelivery(0, 0, 8192, at: 1)
    }
  }

  private static let refusals: [ConformanceRow] = [
    refused(104, "INTID 8191", .einval) { w in [w.layout.itt(1): w.ite(8191, 1)] },
    refused(104, "a collection that is not there", .einval) { w in
      [w.layout.itt(1): w.ite(8193, 2)]
    },
    refused(104, "next beyond the device's events", .einval) { w in
      [w.layout.itt(1): w.ite(8193, 1, next: 256)]
    },
    refused(105, "RDBase of no PE", .einval) { w in [w.layout.collections(0) + 8: w.cte(2, 99)] },
    refused(105, "an ICID twice", .eexist) { w in [w.layout.collections(0) + 8: w.cte(1, 2)] },
    refused(105, "an ICID beyond the table", .einval) { w in
      [w.layout.collections(0) + 8: w.cte(8192, 1)]
    },
    refused(106, "an ITT outside RAM", .efault) { w in [w.layout.device(1): w.dte(w.layout.end)] },
    refused(106, "Size 31", .einval, [.architecture]) { w in
      [w.layout.device(1): w.dte(w.layout.itt(1), bits: 32)]
    },
    rev0(106, "over live mappings: EEXIST, and all is gone", [.kvm]) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 0, 8192, 1))
      try w.save()
      try w.restore(.eexist)
      try w.expectMSI(2, 0, .deviceUnmapped)
      try w.restore()
      try w.expectDelivery(2, 0, 8192, at: 1)
    },
    rev0(106, "over live mappings: the image holds", [.architecture], machine: World.saving) { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 0, 8192, 1))
      try w.save()
      try w.run(.mapti(2, 1, 8193, 1))
      try w.restore()
      try w.expectDelivery(2, 0, 8192, at: 1)
      try w.expectMSI(2, 1, .eventUnmapped)
    },
  ]

  private static let bad = RowMaker(
    chapter: .restore, source: "This suite; xorshift64, fixed seeds")

  private static let random: [ConformanceRow] = [
    bad(
      115, "random images: success or an errno, and the machine works after it",
      machine: World.saving
    ) { w in
      var noise = Noise(state: 0x5a5e_dead_0115_0115)
      try w.startEmpty()
      for _ in 0..<60 {
        try w.expectSet(DeviceAttribute(.reset), of: .its(0))
        try w.startITS()
        for slot in UInt64(0)..<8 {
          let itt = w.layout.itt(Int(noise.next() & 1))
          let next = noise.value() & 0x3fff
          let device = w.dte(itt, bits: 1 + Int(noise.next() & 31), next: next)
          let event = w.ite(8190 + noise.next() & 0x3fff, noise.next() & 3, next: noise.value())
          for (address, word) in [
            (w.layout.device(UInt32(slot)), device), (w.layout.itt(0) + slot * 8, event),
            (w.layout.collections(0) + slot * 8, w.cte(noise.next() & 7, noise.next() & 7)),
          ] {
            let any = noise.next() & 7 == 0
            try w.store(any ? noise.value() : word, at: address)
          }
        }
        _ = try w.set(DeviceAttribute(.restoreTables), of: .its(0))
      }
      try w.target.reset()
      try w.target.fill(0, at: w.layout.ramBase, count: Int(World.ramByteCount))
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    bad(115, "Size 31 with no event: the scan ends", [.kvm]) { w in
      try w.startEmpty()
      for device in UInt32(0)..<64 {
        try w.store(w.dte(w.layout.itt(0), bits: 32, next: 1), at: w.layout.device(device))
      }
      try w.restore()
    },
  ]
}
