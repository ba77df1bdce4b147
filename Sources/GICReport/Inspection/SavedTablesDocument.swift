// Saved tables as a document, and the verdict of a restore that was tried.

import GICArch
import GICModel

/// What an image of saved tables holds.
public struct SavedTablesDocument: JSONDocument, Equatable, Sendable {
  /// An entry of a table: where it lies, and its bits.
  public struct Collection: Codable, Equatable, Sendable {
    public var address: String
    public var raw: String
    public var collection: UInt16
    /// The Processor_Number; nil is not mapped.
    public var target: String?
  }
  public struct Event: Codable, Equatable, Sendable {
    public var address: String
    public var raw: String
    public var event: UInt32
    public var intid: UInt32
    public var collection: UInt16
  }
  public struct Device: Codable, Equatable, Sendable {
    public var address: String
    public var raw: String
    public var device: UInt32
    public var itt: String
    public var eventIDBits: Int
    public var events: [Event]

    enum CodingKeys: String, CodingKey {
      case address, raw, device, itt, events
      case eventIDBits = "event_id_bits"
    }
  }
  public var collections: [Collection]
  public var devices: [Device]
  public var problems: [String]
  public var complete: Bool

  public init(_ tables: SavedTables) {
    collections = tables.collections.map {
      Collection(
        address: hexadecimal($0.address), raw: hexadecimal($0.raw),
        collection: $0.collection.rawValue, target: $0.target.map { hexadecimal($0.rawValue) })
    }
    devices = tables.devices.map { device in
      Device(
        address: hexadecimal(device.address), raw: hexadecimal(device.raw),
        device: device.device.rawValue, itt: hexadecimal(device.itt.base),
        eventIDBits: device.itt.eventIDBits,
        events: device.events.map {
          Event(
            address: hexadecimal($0.address), raw: hexadecimal($0.raw), event: $0.event.rawValue,
            intid: $0.intid.rawValue, collection: $0.collection.rawValue)
        })
    }
    problems = tables.problems
    complete = tables.isComplete
  }

  /// For people: collections, then devices with their events, then what cannot be right.
  public func text() -> String {
    let count = devices.reduce(0) { $0 + $1.events.count }
    var out =
      "\(devices.count) devices, \(count) events, \(collections.count) collections\n\n"
    for row in collections {
      let target = row.target.map { "PE \($0)" } ?? "not mapped"
      out += "collection \(row.collection) -> \(target)   CTE at \(row.address) = \(row.raw)\n"
    }
    for device in devices {
      out += "\nDeviceID \(hexadecimal(device.device)): ITT at \(device.itt), EventIDs of "
      out += "\(device.eventIDBits) bits   DTE at \(device.address) = \(device.raw)\n"
      for event in device.events {
        out += "  EventID \(hexadecimal(event.event)) -> LPI \(event.intid), collection "
        out += "\(event.collection)   ITE at \(event.address) = \(event.raw)\n"
      }
    }
    if !problems.isEmpty { out += "\n" }
    for problem in problems { out += "not right: \(problem)\n" }
    if !complete { out += "\nthere is more: the tables have more entries than were looked at\n" }
    return out
  }
}

/// Whether a restore of an image would succeed.
public struct RestoreVerdict: JSONDocument, Equatable, Sendable {
  public var profile: String
  public var restores: Bool
  /// The errno's name, and why; nil if it restores.
  public var errno: String?
  public var reason: String?
  public var devices: Int
  public var events: Int
  public var collections: Int
  /// Everything that the tables have that cannot be right, not only the first.
  public var problems: [String]

  public init(_ tables: SavedTables, profile: String, refused: DeviceError?) {
    self.profile = profile
    restores = refused == nil
    errno = refused.map { String(describing: $0.errno).uppercased() }
    reason = refused?.reason
    devices = tables.devices.count
    events = tables.devices.reduce(0) { $0 + $1.events.count }
    collections = tables.collections.count
    problems = tables.problems
  }

  /// For people.
  public func text() -> String {
    guard let errno, let reason else {
      return "restores (profile \(profile)): \(devices) devices, \(events) events, "
        + "\(collections) collections\n"
    }
    let others = problems.map { "not right: \($0)\n" }.joined()
    return "does not restore (profile \(profile)): \(errno): \(reason)\n" + others
  }
}
