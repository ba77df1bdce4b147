// The ITS tables as they lie in guest RAM, or as the ITS holds them itself, decoded: valid entries
// only, and never more work than a request may cost, whatever the guest has written there.

import GICArch

/// What the tables of one ITS say.
public struct TableDump: Equatable, Sendable {
  /// One event of a device.
  public struct Event: Equatable, Sendable {
    public var event: EventID
    public var intid: INTID
    public var collection: ICID
    /// How often its LPI was acknowledged since the machine's reset, whoever else has mapped it.
    public var delivered: UInt64 = 0
    public var entry: TableEntry
  }
  /// One mapped device. `levelOne` is the entry above it, where the table has two levels.
  public struct Device: Equatable, Sendable {
    public var device: DeviceID
    public var itt: ITT
    public var levelOne: TableEntry?
    public var entry: TableEntry
    public var events: [Event] = []
  }
  /// One mapped collection. `pe` is its target, nil if the entry names none.
  public struct Collection: Equatable, Sendable {
    public var collection: ICID
    public var target: RDbase
    public var pe: ProcessorNumber?
    public var entry: TableEntry
  }
  public var its: Int
  /// GITS_BASER0 and GITS_BASER1.
  public var deviceTable: GITS.BASER
  public var collectionTable: GITS.BASER
  public var devices: [Device] = []
  public var collections: [Collection] = []
  /// Everything that was asked for is here. False: there are more rows than the limit, or more
  /// entries than are looked at for one request.
  public var isComplete = true
  /// The ITS holds its tables itself: these are its own mappings, which guest RAM has after a save
  /// only.
  public var isHeld = false

  init(its: Int, deviceTable: GITS.BASER, collectionTable: GITS.BASER) {
    (self.its, self.deviceTable, self.collectionTable) = (its, deviceTable, collectionTable)
  }
}

extension TableDump {
  /// Adds what another lane has delivered.
  mutating func add(_ counts: DeliveryCounts) {
    for device in devices.indices {
      for event in devices[device].events.indices {
        devices[device].events[event].delivered &+= counts[devices[device].events[event].intid]
      }
    }
  }
}

/// What one dump may still cost.
struct DumpBudget {
  /// Entries of all kinds in the result.
  var rows: Int
  /// Entries that are looked at.
  var looks = 1 << 22

  mutating func look() -> Bool {
    looks -= 1
    return looks >= 0 && rows > 0
  }
}

extension Engine {
  /// The tables of ITS `n`; only `device` of its devices, if one is named.
  /// - Parameter limit: rows (devices, events and collections together).
  func tables(_ n: ITSIndex, device: DeviceID?, limit: Int) -> TableDump {
    var dump = TableDump(
      its: n, deviceTable: its[n].deviceBASER, collectionTable: its[n].collectionBASER)
    var budget = DumpBudget(rows: limit)
    guard tablesAreInRAM else {
      dumpHeld(n, device, &dump, &budget)
      return dump
    }
    dumpCollections(n, &dump, &budget)
    if let device {
      dumpDevice(n, device, deviceEntry(n, device), &dump, &budget)
    } else {
      dumpDevices(n, &dump, &budget)
    }
    return dump
  }

  private func dumpCollections(
    _ n: ITSIndex, _ dump: inout TableDump, _ budget: inout DumpBudget
  ) {
    let bits = configuration.identity.collectionIDBits
    let count = Swift.min(dump.collectionTable.valid ? dump.collectionTable.capacity : 0, 1 << bits)
    for index in 0..<Swift.max(count, configuration.identity.hardwareCollections) {
      let collection = ICID(rawValue: UInt16(truncatingIfNeeded: index))
      guard budget.look() else {
        dump.isComplete = false
        return
      }
      guard var entry = collectionEntry(n, collection) else { continue }
      entry.cached = its[n].collections.target(collection).map {
        EntryLayout.Format.encode(CTE(target: target(of: $0)))
      }
      // A collection that the ITS holds itself has no entry in RAM.
      guard let raw = entry.address == nil ? entry.cached : entry.raw,
        let target = EntryLayout.Format.decodeCTE(raw).target
      else { continue }
      dump.collections.append(
        TableDump.Collection(
          collection: collection, target: target,
          pe: pe(at: target).map { processorNumber(of: $0) }, entry: entry))
      budget.rows -= 1
    }
  }

  private func dumpDevices(_ n: ITSIndex, _ dump: inout TableDump, _ budget: inout DumpBudget) {
    guard dump.deviceTable.valid else { return }
    let reach = UInt64(1) << UInt64(configuration.identity.deviceIDBits)
    let count = Swift.min(UInt64(dump.deviceTable.capacity), reach)
    var id: UInt64 = 0
    while id < count {
      guard budget.look() else {
        dump.isComplete = false
        return
      }
      let device = DeviceID(rawValue: UInt32(truncatingIfNeeded: id))
      if let (levelOne, perPage) = levelOneEntry(n, device),
        !(levelOne.raw.map { LevelOneEntry(raw: $0).valid } ?? false)
      {
        // No page: none of its devices.
        id += UInt64(perPage)
        continue
      }
      dumpDevice(n, device, deviceEntry(n, device), &dump, &budget)
      id += 1
    }
  }

  private func dumpDevice(
    _ n: ITSIndex, _ device: DeviceID, _ entry: TableEntry?, _ dump: inout TableDump,
    _ budget: inout DumpBudget
  ) {
    guard var entry, let raw = entry.raw, let itt = EntryLayout.Format.decodeDTE(raw).itt
    else { return }
    let known = its[n].translations.device(checked: device, configuration.identity)
    entry.cached = known.map { EntryLayout.word($0) }
    var row = TableDump.Device(
      device: device, itt: itt, levelOne: levelOneEntry(n, device)?.entry, entry: entry)
    budget.rows -= 1
    let bits = Swift.min(itt.eventIDBits, configuration.identity.eventIDBits)
    for number in 0..<(UInt64(1) << UInt64(bits)) {
      guard budget.look() else {
        dump.isComplete = false
        break
      }
      let event = EventID(rawValue: UInt32(truncatingIfNeeded: number))
      var entry = translationEntry(itt.base, event)
      guard let raw = entry.raw, let mapping = EntryLayout.Format.decodeITE(raw).mapping
      else { continue }
      if let known { entry.cached = EntryLayout.word(its[n].translations.word(known, event)) }
      row.events.append(
        TableDump.Event(
          event: event, intid: mapping.intid, collection: mapping.collection,
          delivered: counts.deliveries[mapping.intid], entry: entry))
      budget.rows -= 1
    }
    dump.devices.append(row)
  }
}
