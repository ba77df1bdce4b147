// Documents become bytes here, and nowhere else: keys sorted, numbers exact, the same value always
// the same bytes.

import Foundation

/// How a JSON text is laid out.
public enum JSONLayout: Sendable {
  /// One line, no blanks.
  case compact
  /// Two spaces a level; an array of plain numbers stays on one line, so that a histogram is a
  /// line.
  case indented
}

/// A document that has one JSON text.
public protocol JSONDocument: Codable {}

extension JSONDocument {
  /// The document as UTF-8 JSON with sorted keys. Equal documents give equal bytes.
  /// - Throws: `EncodingError` for a number that JSON cannot say, such as an infinity.
  public func json(_ layout: JSONLayout = .compact) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let compact = [UInt8](try encoder.encode(self))
    switch layout {
    case .compact: return compact
    case .indented: return JSONIndenter.indent(compact)
    }
  }

  /// Reads what ``json(_:)`` wrote.
  /// - Throws: `DecodingError`.
  public init(json bytes: [UInt8]) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(bytes))
  }
}

/// Lays out compact JSON again. It moves blanks only: tokens stay byte for byte.
enum JSONIndenter {
  static func indent(_ compact: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(compact.count * 2)
    var depth = 0
    /// Depth of the array that is being written on one line, nil outside of one.
    var flat: Int?
    var index = 0
    func newline() {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    while index < compact.count {
      let byte = compact[index]
      switch byte {
      case UInt8(ascii: "\""):
        let end = endOfString(compact, from: index)
        out.append(contentsOf: compact[index..<end])
        index = end
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        depth += 1
        let isEmpty = index + 1 < compact.count && closes(compact[index + 1])
        if flat == nil, byte == UInt8(ascii: "["), holdsNumbersOnly(compact, from: index) {
          flat = depth
        } else if flat == nil, !isEmpty {
          newline()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let wasEmpty = index > 0 && opens(compact[index - 1])
        depth -= 1
        if let start = flat {
          if depth < start { flat = nil }
        } else if !wasEmpty {
          newline()
        }
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        if flat == nil { newline() } else { out.append(UInt8(ascii: " ")) }
      case UInt8(ascii: ":"):
        out.append(byte)
        out.append(UInt8(ascii: " "))
      default: out.append(byte)
      }
      index += 1
    }
    out.append(UInt8(ascii: "\n"))
    return out
  }

  private static func opens(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }
  private static func closes(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
  }

  /// The index behind the closing quotation mark of the string that begins at `start`.
  private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
    var index = start + 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index + 1, bytes.count)
  }

  /// Whether the array at `start` holds numbers and arrays of numbers, and nothing else.
  private static func holdsNumbersOnly(_ bytes: [UInt8], from start: Int) -> Bool {
    var depth = 0
    for byte in bytes[start...] {
      switch byte {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return true }
      case UInt8(ascii: "{"), UInt8(ascii: "\""): return false
      default: continue
      }
    }
    return false
  }
}
