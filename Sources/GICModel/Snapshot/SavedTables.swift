// Saved tables, decoded without a machine: what devices, events and collections an image in guest
// RAM has, in the order in which a restore would find them.

import GICArch

/// The tables of one ITS in KVM's layout REV0. Only entries that a restore would come to are here.
public struct SavedTables: Equatable, Sendable {
  /// A collection; `target` nil is one that is not mapped.
  public struct Collection: Equatable, Sendable {
    public var address: PhysicalAddress
    public var raw: UInt64
    public var collection: ICID
    public var target: RDbase?
  }
  /// A mapped event.
  public struct Event: Equatable, Sendable {
    public var address: PhysicalAddress
    public var raw: UInt64
    public var event: EventID
    public var intid: INTID
    public var collection: ICID
  }
  /// A mapped device, and its events by EventID.
  public struct Device: Equatable, Sendable {
    public var address: PhysicalAddress
    public var raw: UInt64
    public var device: DeviceID
    public var itt: ITT
    public var events: [Event]
  }
  public var collections: [Collection] = []
  public var devices: [Device] = []
  /// What cannot be right, each with its address. A scan of a table goes no further there.
  public var problems: [String] = []
  /// Everything is here. False: there were more entries than were looked at.
  public private(set) var isComplete = true

  /// - Parameters:
  ///   - eventIDBits: EventIDs above these are not looked for, whatever a DTE says.
  ///   - limit: how many entries are looked at, so that no image takes for ever.
  ///   - load: the doubleword at an address, nil outside RAM.
  public init(
    deviceTable: GITS.BASER, collectionTable: GITS.BASER, eventIDBits: Int = 16,
    limit: Int = 1 << 26, load: @escaping (PhysicalAddress) -> UInt64?
  ) {
    var scan = Scan(left: limit, eventIDBits: eventIDBits, load: load)
    if collectionTable.valid { readCollections(collectionTable, &scan) }
    if deviceTable.valid { readDevices(deviceTable, &scan) }
    isComplete = scan.left > 0
  }

  /// RAM, and how much of it may still be looked at.
  private struct Scan {
    var left: Int
    let eventIDBits: Int
    var collections: Set<ICID> = []
    let load: (PhysicalAddress) -> UInt64?

    /// Nil outside RAM, and at the end of the patience.
    mutating func next(_ address: PhysicalAddress) -> UInt64? {
      guard left > 0 else { return nil }
      left -= 1
      return load(address)
    }
  }

  private func hex(_ value: UInt64) -> String { DeviceError.hex(value) }

  private mutating func note(_ what: String, _ address: PhysicalAddress, _ scan: Scan) {
    if scan.left > 0 { problems.append("\(what) at \(hex(address))") }
  }

  private mutating func readCollections(_ table: GITS.BASER, _ scan: inout Scan) {
    let perPage = table.pageByteCount / table.entryByteCount
    for index in 0..<table.capacity {
      var address = table.physicalAddress &+ UInt64(index &* table.entryByteCount)
      if table.indirect {
        guard let page = pageAddress(table, index / perPage, &scan) else { return }
        address = page &+ UInt64(index % perPage &* table.entryByteCount)
      }
      guard let raw = scan.next(address) else {
        return note("a CTE outside RAM", address, scan)
      }
      let entry = KVMFormat.SavedCTE(raw: raw)
      guard entry.valid else { return }
      if !scan.collections.insert(entry.collection).inserted {
        note("collection \(entry.collection) a second time, EEXIST", address, scan)
      }
      collections.append(
        Collection(
          address: address, raw: raw, collection: entry.collection, target: entry.entry.target))
    }
  }

  /// The level-2 page that a level-1 entry names; nil if it is not valid or lies outside RAM.
  private mutating func pageAddress(
    _ table: GITS.BASER, _ slot: Int, _ scan: inout Scan
  ) -> PhysicalAddress? {
    let address = table.physicalAddress &+ UInt64(slot * LevelOneEntry.byteCount)
    guard let raw = scan.next(address) else {
      note("a level-1 entry outside RAM", address, scan)
      return nil
    }
    let entry = LevelOneEntry(raw: raw)
    return entry.valid ? entry.page & ~UInt64(table.pageByteCount &- 1) : nil
  }

  private mutating func readDevices(_ table: GITS.BASER, _ scan: inout Scan) {
    guard table.indirect else {
      _ = readDevices(table, table.physicalAddress, 0, table.capacity, &scan)
      return
    }
    let perPage = table.pageByteCount / table.entryByteCount
    for slot in 0..<table.byteCount / LevelOneEntry.byteCount where scan.left > 0 {
      guard let page = pageAddress(table, slot, &scan) else { continue }
      guard readDevices(table, page, slot * perPage, perPage, &scan) else { return }
    }
  }

  /// - Returns: false where the scan of all pages ends.
  private mutating func readDevices(
    _ table: GITS.BASER, _ base: PhysicalAddress, _ first: Int, _ count: Int, _ scan: inout Scan
  ) -> Bool {
    var index = 0
    while index < count {
      let address = base &+ UInt64(index * table.entryByteCount)
      guard let raw = scan.next(address) else {
        note("a DTE outside RAM, EFAULT", address, scan)
        return false
      }
      let entry = KVMFormat.SavedDTE(raw: raw)
      guard let itt = entry.entry.itt else {
        index += 1
        continue
      }
      guard let id = UInt32(exactly: first + index) else { return false }
      var device = Device(
        address: address, raw: raw, device: DeviceID(rawValue: id), itt: itt, events: [])
      readEvents(of: &device, &scan)
      devices.append(device)
      guard entry.next != 0 else { return false }
      index += entry.next
    }
    return true
  }

  private mutating func readEvents(of device: inout Device, _ scan: inout Scan) {
    let end = UInt64(1) << UInt64(device.itt.eventIDBits)
    var event: UInt64 = 0
    while event < min(end, 1 << UInt64(scan.eventIDBits)) {
      let address = device.itt.base &+ event &* 8
      guard let raw = scan.next(address) else {
        return note("an ITE of device \(device.device) outside RAM, EFAULT", address, scan)
      }
      let entry = KVMFormat.SavedITE(raw: raw)
      guard let mapping = entry.entry.mapping else {
        event += 1
        continue
      }
      let row = Event(
        address: address, raw: raw, event: EventID(rawValue: UInt32(truncatingIfNeeded: event)),
        intid: mapping.intid, collection: mapping.collection)
      device.events.append(row)
      let name = "device \(device.device), event \(row.event)"
      guard mapping.intid.isLPI else {
        return note("\(name): INTID \(mapping.intid) is no LPI, EINVAL", address, scan)
      }
      guard event + UInt64(entry.next) < end else {
        return note("\(name): next \(entry.next) leaves the events, EINVAL", address, scan)
      }
      if !scan.collections.contains(mapping.collection) {
        note("\(name): collection \(mapping.collection) is not saved, EINVAL", address, scan)
      }
      guard entry.next != 0 else { return }
      event += UInt64(entry.next)
    }
  }
}
