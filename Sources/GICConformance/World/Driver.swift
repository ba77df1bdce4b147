// What a driver does before and between the things that rows are about.

import GICArch
import GICModel

extension World {
  /// A table descriptor as a driver writes it: valid, RaWaWb, Inner Shareable, 64 KiB pages.
  static func baser(_ address: PhysicalAddress, pages: Int, indirect: Bool = false) -> UInt64 {
    1 << 63 | (indirect ? 1 << 62 : 0) | 7 << 59 | address & .ones(47, 16)
      | address[51, 48] << 12 | 1 << 10 | 2 << 8 | UInt64(pages - 1)
  }
  /// A queue descriptor: valid, RaWaWb, Inner Shareable; pages of 4 KiB.
  static func cbaser(_ address: PhysicalAddress, pages: Int) -> UInt64 {
    1 << 63 | 7 << 59 | address & .ones(51, 12) | 1 << 10 | UInt64(pages - 1)
  }

  /// Everything on: the PEs, and each ITS with flat tables and a queue of 64 KiB. All LPIs are
  /// enabled with priority 0xa0.
  mutating func start(indirect: Bool = false, queuePages: Int = 16) throws {
    try startPEs()
    for its in tails.indices {
      try startITS(its, indirect: indirect, queuePages: queuePages)
      try write(.its(GITS.CTLR.self, its), 1)
    }
  }

  /// One ITS has its tables and queue, and is off.
  mutating func startITS(
    _ its: Int = 0, indirect: Bool = false, queuePages: Int = 16
  ) throws {
    try write(
      .baser(0, its),
      World.baser(layout.devices(its), pages: indirect ? 1 : 8, indirect: indirect))
    try write(.baser(1, its), World.baser(layout.collections(its), pages: 1))
    try write(
      .its(GITS.CBASER.self, its), World.cbaser(layout.queue(its), pages: queuePages))
    try write(.its(GITS.CWRITER.self, its), 0)
    tails[its] = 0
  }

  /// Distributor, redistributors and CPU interfaces on, LPIs enabled.
  mutating func startPEs(lpis: Bool = true) throws {
    try store([UInt8](repeating: 0xa1, count: 0xe000), at: layout.properties)
    // Group 1 on; affinity routing.
    try write(.gicd(GICD.CTLR.self), 0x12)
    for pe in 0..<peCount {
      try write(.gicr(GICR.WAKER.self, pe), 0)
      try write(.gicr(GICR.PROPBASER.self, pe), layout.properties | 0x78f)
      try write(.gicr(GICR.PENDBASER.self, pe), layout.pending(pe) | 0x780)
    }
    for pe in 0..<peCount {
      if lpis { try write(.gicr(GICR.CTLR.self, pe), 1) }
      try write(.pmr, 0xff, pe: pe)
      try write(.igrpen1, 1, pe: pe)
    }
  }

  /// What CPU interfaces take below this is nothing: 0xff is all, 0 none.
  mutating func mask(_ pe: Int, _ priority: UInt64 = 0) throws { try write(.pmr, priority, pe: pe) }
  mutating func unmask(_ pe: Int) throws { try write(.pmr, 0xff, pe: pe) }

  /// Stores commands in the queue and writes CWRITER.
  mutating func run(_ entries: QueueEntry..., its: Int = 0) throws { try run(entries, its: its) }

  mutating func run(_ entries: [QueueEntry], its: Int = 0) throws {
    try queue(entries, its: its)
    try write(.its(GITS.CWRITER.self, its), UInt64(tails[its]))
  }

  /// Stores commands in the queue only.
  mutating func queue(_ entries: [QueueEntry], its: Int = 0) throws {
    let byteCount = GITS.CBASER(raw: try read(.its(GITS.CBASER.self, its))).byteCount
    for entry in entries {
      let slot = layout.queue(its) + UInt64(tails[its])
      let words = [entry.dw0, entry.dw1, entry.dw2, entry.dw3]
      try store(
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } },
        at: slot)
      tails[its] = (tails[its] + QueueEntry.byteCount) % byteCount
    }
  }

  /// The usual mappings: device 2 with 8 bits of events, and collections 0 through 3 to PEs 0
  /// through 3.
  mutating func mapDevice(_ device: UInt32 = 2, bits: Int = 8, its: Int = 0) throws {
    try run(
      [.mapd(device, layout.itt(0), bits: bits)]
        + (0..<min(peCount, 4)).map { .mapc(UInt16($0), UInt64($0)) },
      its: its)
  }
}

// Commands with plain numbers.
extension QueueEntry {
  static func mapd(_ device: UInt32, _ itt: PhysicalAddress, bits: Int = 8) -> QueueEntry {
    QueueEntry(.mapd(DeviceID(rawValue: device), ITT(base: itt, eventIDBits: bits)))
  }
  static func unmapd(_ device: UInt32) -> QueueEntry {
    QueueEntry(.mapd(DeviceID(rawValue: device), nil))
  }
  static func mapc(_ collection: UInt16, _ target: UInt64) -> QueueEntry {
    QueueEntry(.mapc(ICID(rawValue: collection), RDbase(rawValue: target)))
  }
  static func unmapc(_ collection: UInt16) -> QueueEntry {
    QueueEntry(.mapc(ICID(rawValue: collection), nil))
  }
  static func mapti(
    _ device: UInt32, _ event: UInt32, _ lpi: UInt32, _ collection: UInt16
  ) -> QueueEntry {
    QueueEntry(
      .mapti(
        DeviceID(rawValue: device), EventID(rawValue: event), INTID(rawValue: lpi),
        ICID(rawValue: collection)))
  }
  static func mapi(_ device: UInt32, _ event: UInt32, _ collection: UInt16) -> QueueEntry {
    QueueEntry(
      .mapi(DeviceID(rawValue: device), EventID(rawValue: event), ICID(rawValue: collection)))
  }
  static func movi(_ device: UInt32, _ event: UInt32, _ collection: UInt16) -> QueueEntry {
    QueueEntry(
      .movi(DeviceID(rawValue: device), EventID(rawValue: event), ICID(rawValue: collection)))
  }
  static func discard(_ device: UInt32, _ event: UInt32) -> QueueEntry {
    QueueEntry(.discard(DeviceID(rawValue: device), EventID(rawValue: event)))
  }
  static func clear(_ device: UInt32, _ event: UInt32) -> QueueEntry {
    QueueEntry(.clear(DeviceID(rawValue: device), EventID(rawValue: event)))
  }
  static func int(_ device: UInt32, _ event: UInt32) -> QueueEntry {
    QueueEntry(.int(DeviceID(rawValue: device), EventID(rawValue: event)))
  }
  static func inv(_ device: UInt32, _ event: UInt32) -> QueueEntry {
    QueueEntry(.inv(DeviceID(rawValue: device), EventID(rawValue: event)))
  }
  static func invall(_ collection: UInt16) -> QueueEntry {
    QueueEntry(.invall(ICID(rawValue: collection)))
  }
  static func movall(_ from: UInt64, _ to: UInt64) -> QueueEntry {
    QueueEntry(.movall(from: RDbase(rawValue: from), to: RDbase(rawValue: to)))
  }
  static func sync(_ target: UInt64) -> QueueEntry {
    QueueEntry(.sync(RDbase(rawValue: target)))
  }
}
