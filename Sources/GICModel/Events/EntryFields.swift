import GICArch

extension TableEntry {
  /// One field of an entry: what the layout calls it, and its value.
  public struct Field: Equatable, Sendable {
    public var name: String
    public var value: UInt64
  }

  /// The fields of `raw` in the layout of the machine's tables; what an entry that is not valid
  /// says beside that means nothing.
  public static func fields(_ kind: Kind, of raw: UInt64) -> [Field] {
    switch kind {
    case .deviceLevelOne:
      let entry = LevelOneEntry(raw: raw)
      return valid(entry.valid ? [Field(name: "page", value: entry.page)] : nil)
    case .device:
      return valid(
        EntryLayout.Format.decodeDTE(raw).itt.map {
          [
            Field(name: "ITT", value: $0.base),
            Field(name: "EventID bits", value: UInt64($0.eventIDBits)),
          ]
        })
    case .translation:
      return valid(
        EntryLayout.Format.decodeITE(raw).mapping.map {
          [
            Field(name: "INTID", value: UInt64($0.intid.rawValue)),
            Field(name: "ICID", value: UInt64($0.collection.rawValue)),
          ]
        })
    case .collection:
      return valid(
        EntryLayout.Format.decodeCTE(raw).target.map {
          [Field(name: "RDbase", value: $0.rawValue)]
        })
    case .property:
      let configuration = LPIConfiguration(raw: UInt8(truncatingIfNeeded: raw))
      return [
        Field(name: "enable", value: configuration.enabled ? 1 : 0),
        Field(name: "priority", value: UInt64(configuration.priority)),
      ]
    }
  }

  private static func valid(_ fields: [Field]?) -> [Field] {
    [Field(name: "V", value: fields == nil ? 0 : 1)] + (fields ?? [])
  }
}
