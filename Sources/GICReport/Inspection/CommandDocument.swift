// A queue entry, decoded field by field.

import GICArch

/// What 32 bytes of a command queue mean.
public struct CommandDocument: JSONDocument, Equatable, Sendable {
  /// One field of the packet.
  public struct Field: Codable, Equatable, Sendable {
    public var name: String
    /// Doubleword and bits: "DW0[63:32]".
    public var bits: String
    public var value: String
  }
  /// The four doublewords.
  public var packet: [String]
  /// The opcode's name; absent if no GICv3 command has it.
  public var command: String?
  public var opcode: Int
  public var fields: [Field] = []
  /// Bits that the command does not define and that are not 0, by doubleword: they are ignored.
  public var ignored: [String] = []

  public init(_ entry: QueueEntry) {
    let words = [entry.dw0, entry.dw1, entry.dw2, entry.dw3]
    packet = words.map(CommandDocument.doubleword)
    opcode = Int(entry.opcode)
    guard let known = ITSCommand.Opcode(rawValue: entry.opcode) else { return }
    command = known.name
    var rest = words
    rest[0] &= ~UInt64(0xff)
    for place in CommandDocument.places(known) {
      let value = words[place.word][place.high, place.low]
      rest[place.word] &= ~UInt64.ones(place.high, place.low)
      fields.append(
        Field(
          name: place.name,
          bits: "DW\(place.word)[\(place.high)"
            + (place.high == place.low ? "]" : ":\(place.low)]"),
          value: hexadecimal(value << place.scale)))
    }
    ignored = rest.indices.filter { rest[$0] != 0 }.map {
      "DW\($0) \(CommandDocument.doubleword(rest[$0]))"
    }
  }

  /// The command on one line: its name, and the fields that count.
  public var sentence: String {
    guard let command else { return "no GICv3 command (opcode \(hexadecimal(opcode)))" }
    return ([command] + fields.map { "\($0.name) \($0.value)" }).joined(separator: ", ")
      .replacing("\(command), ", with: "\(command) ")
  }

  /// For people: the line, then a field a line.
  public func text() -> String {
    var text = sentence + "\n"
    var table = TextTable(["field", "bits", "value"])
    table.add(["opcode", "DW0[7:0]", hexadecimal(opcode)])
    for field in fields { table.add([field.name, field.bits, field.value]) }
    text += table.text
    if !ignored.isEmpty {
      text += "ignored, not of this command: \(ignored.joined(separator: ", "))\n"
    }
    return text
  }

  private static func doubleword(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  private struct Place {
    var name: String
    var word: Int
    var high: Int
    var low: Int
    /// The field holds the value's bits from this one on.
    var scale = 0
  }

  /// The fields of each command, in the order of its doublewords.
  /// - Source: Arm IHI 0069, "ITS commands".
  private static func places(_ opcode: ITSCommand.Opcode) -> [Place] {
    let device = Place(name: "DeviceID", word: 0, high: 63, low: 32)
    let event = Place(name: "EventID", word: 1, high: 31, low: 0)
    let collection = Place(name: "ICID", word: 2, high: 15, low: 0)
    let target = Place(name: "RDbase", word: 2, high: 51, low: 16)
    let valid = Place(name: "V", word: 2, high: 63, low: 63)
    switch opcode {
    case .movi, .mapi: return [device, event, collection]
    case .int, .clear, .inv, .discard: return [device, event]
    case .sync: return [target]
    case .mapd:
      return [
        device, Place(name: "Size", word: 1, high: 4, low: 0),
        Place(name: "ITT_addr", word: 2, high: 51, low: 8, scale: 8), valid,
      ]
    case .mapc: return [collection, target, valid]
    case .mapti:
      return [device, event, Place(name: "pINTID", word: 1, high: 63, low: 32), collection]
    case .invall: return [collection]
    case .movall:
      return [
        Place(name: "RDbase1", word: 2, high: 51, low: 16),
        Place(name: "RDbase2", word: 3, high: 51, low: 16),
      ]
    }
  }
}
