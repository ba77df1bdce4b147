// Entries of tables as documents. Numbers that may need more than 53 bits are strings, "0x...".

import GICModel

/// One table entry: where it lies, what it says.
public struct EntryDocument: JSONDocument, Equatable, Sendable {
  /// As ``TableEntry/Kind`` names it.
  public var kind: String
  /// Absent for an entry that the ITS holds itself.
  public var address: String?
  /// What lies in guest RAM; absent where there is no RAM.
  public var raw: String?
  /// What the ITS or redistributor remembers and uses instead of `raw`.
  public var cached: String?
  public var fields: [Field]

  /// A field of what counts: of `cached` if it is there, else of `raw`.
  public struct Field: Codable, Equatable, Sendable {
    public var name: String
    public var value: String
  }

  public init(_ entry: TableEntry) {
    kind = entry.kind.rawValue
    address = entry.address.map(hexadecimal)
    raw = entry.raw.map(hexadecimal)
    cached = entry.cached.map(hexadecimal)
    fields =
      (entry.cached ?? entry.raw).map { word in
        TableEntry.fields(entry.kind, of: word).map {
          Field(name: $0.name, value: hexadecimal($0.value))
        }
      } ?? []
  }

  /// Where it lies and its bits, on one line.
  var text: String {
    let place = address.map { "at \($0)" } ?? "held by the ITS"
    let bits = raw.map { " = \($0)" } ?? (address == nil ? "" : ", outside guest RAM")
    let remembered =
      switch cached {
      case nil: ""
      case raw: ", remembered"
      case let word?: ", remembered as \(word)"
      }
    let names = fields.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    return "\(kind) \(place)\(bits)\(remembered)" + (names.isEmpty ? "" : " (\(names))")
  }
}

func hexadecimal(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }
