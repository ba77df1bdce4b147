// The tables of an ITS as a document.

import GICArch
import GICModel

/// Device table, ITTs and collection table of one ITS, decoded: valid entries only.
public struct TablesDocument: JSONDocument, Equatable, Sendable {
  /// What GITS_BASER says of a table.
  public struct Table: Codable, Equatable, Sendable {
    public var valid: Bool
    public var indirect: Bool
    public var address: String
    public var pageBytes: Int
    public var pages: Int
    public var entryBytes: Int
    public var capacity: Int

    init(_ baser: GITS.BASER) {
      (valid, indirect) = (baser.valid, baser.indirect)
      address = hexadecimal(baser.physicalAddress)
      (pageBytes, pages) = (baser.pageByteCount, baser.pageCount)
      (entryBytes, capacity) = (baser.entryByteCount, baser.capacity)
    }

    enum CodingKeys: String, CodingKey {
      case valid, indirect, address, pages, capacity
      case pageBytes = "page_bytes"
      case entryBytes = "entry_bytes"
    }

    fileprivate var text: String {
      guard valid else { return "not valid" }
      return "\(indirect ? "two levels" : "flat") at \(address), \(pages) x \(pageBytes / 1024) KiB"
        + ", \(capacity) entries of \(entryBytes) bytes"
    }
  }
  /// A mapped event.
  public struct Event: Codable, Equatable, Sendable {
    public var event: UInt32
    public var intid: UInt32
    public var collection: UInt16
    /// How often its LPI was acknowledged since the machine's reset.
    public var delivered: UInt64
    public var entry: EntryDocument
  }
  /// A mapped device.
  public struct Device: Codable, Equatable, Sendable {
    public var device: UInt32
    public var itt: String
    public var eventIDBits: Int
    public var levelOne: EntryDocument?
    public var entry: EntryDocument
    public var events: [Event]

    enum CodingKeys: String, CodingKey {
      case device, itt, entry, events
      case eventIDBits = "event_id_bits"
      case levelOne = "level_one"
    }
  }
  /// A mapped collection; `pe` is the Processor_Number that the target names.
  public struct Collection: Codable, Equatable, Sendable {
    public var collection: UInt16
    public var target: String
    public var pe: Int?
    public var entry: EntryDocument
  }
  public var its: Int
  public var deviceTable: Table
  public var collectionTable: Table
  public var devices: [Device]
  public var collections: [Collection]
  /// Whether everything that was asked for is here.
  public var complete: Bool
  /// Where the entries were read: `guest RAM`, or `ITS` for one that holds its tables itself, whose
  /// entries RAM has after a save only.
  public var source: String

  enum CodingKeys: String, CodingKey {
    case its, devices, collections, complete, source
    case deviceTable = "device_table"
    case collectionTable = "collection_table"
  }

  public init(_ dump: TableDump) {
    its = dump.its
    deviceTable = Table(dump.deviceTable)
    collectionTable = Table(dump.collectionTable)
    devices = dump.devices.map { row in
      Device(
        device: row.device.rawValue, itt: hexadecimal(row.itt.base),
        eventIDBits: row.itt.eventIDBits, levelOne: row.levelOne.map(EntryDocument.init),
        entry: EntryDocument(row.entry),
        events: row.events.map {
          Event(
            event: $0.event.rawValue, intid: $0.intid.rawValue,
            collection: $0.collection.rawValue, delivered: $0.delivered,
            entry: EntryDocument($0.entry))
        })
    }
    collections = dump.collections.map {
      Collection(
        collection: $0.collection.rawValue, target: hexadecimal($0.target.rawValue),
        pe: $0.pe.map { Int($0.rawValue) }, entry: EntryDocument($0.entry))
    }
    complete = dump.isComplete
    source = dump.isHeld ? "ITS" : "guest RAM"
  }

  /// For people: collections, devices, and the events of each.
  public func text() -> String {
    var out = "ITS \(its)\ndevice table: \(deviceTable.text)\n"
    out += "collection table: \(collectionTable.text)\n"
    if source == "ITS" {
      out += "the ITS holds these mappings itself; guest RAM has them after a save only\n"
    }
    out += "\n"
    if collections.isEmpty { out += "no collection is mapped\n" }
    for row in collections {
      let target = row.pe.map { "PE \($0)" } ?? "no PE (RDbase \(row.target))"
      out += "collection \(row.collection) -> \(target)   \(row.entry.text)\n"
    }
    out += devices.isEmpty ? "\nno device is mapped\n" : ""
    for device in devices {
      out += "\nDeviceID \(hexadecimal(device.device))\n"
      if let levelOne = device.levelOne { out += "  \(levelOne.text)\n" }
      out += "  \(device.entry.text)\n"
      for event in device.events {
        out +=
          "    EventID \(hexadecimal(event.event)) -> LPI \(event.intid), "
          + "collection \(event.collection), delivered \(event.delivered)   "
          + "\(event.entry.text)\n"
      }
    }
    if !complete { out += "\nthere is more: name one device, or ask for more rows\n" }
    return out
  }
}
