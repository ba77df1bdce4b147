// A setting is a row of a table: its key, what it may be, where its default comes from, and the
// field of the machine that it sets. Reading, checking, printing and hashing are driven by the
// rows.

import GICModel

/// A value as a file gives it, before a setting has looked at it.
enum RawValue {
  case scalar(String)
  case list([String])
}

/// Why a value does not fit, in words that end an error message.
struct Unfit: Error { var expected: String }

/// One key that a configuration may contain.
struct Setting: Sendable {
  var key: String
  var unit: String
  var provenance: Provenance
  var source: String
  /// What a value may be, in words that end an error message.
  var expected: String
  /// The value as a file would say it.
  var read: @Sendable (MachineConfiguration) -> String
  var write: @Sendable (inout MachineConfiguration, RawValue) throws(Unfit) -> Void

  /// Of a whole number.
  var range: ClosedRange<UInt64>? = nil

  /// Timing values claim something about hardware, so they never are merely chosen.
  var isTiming: Bool { key.hasPrefix("timing.") }
}

extension Setting {
  typealias Path<Value> = WritableKeyPath<MachineConfiguration, Value> & Sendable
  typealias Origin = (provenance: Provenance, source: String)

  /// An integer inside `range`; `hexadecimal` says how it is printed, either is read.
  static func integer<Value: FixedWidthInteger & Sendable>(
    _ key: String, _ path: Path<Value>, _ range: ClosedRange<UInt64>, unit: String = "",
    hexadecimal: Bool = false, _ origin: Origin
  ) -> Setting {
    @Sendable func print(_ value: UInt64) -> String {
      hexadecimal ? "0x" + String(value, radix: 16) : String(value)
    }
    let expected = "an integer from \(print(range.lowerBound)) through \(print(range.upperBound))"
    return Setting(
      key: key, unit: unit, provenance: origin.provenance, source: origin.source,
      expected: expected,
      read: { print(UInt64($0[keyPath: path])) },
      write: { (machine, raw) throws(Unfit) in
        guard case .scalar(let text) = raw, let number = parseInteger(text),
          range.contains(number), let value = Value(exactly: number)
        else { throw Unfit(expected: expected) }
        machine[keyPath: path] = value
      }, range: range)
  }

  static func boolean(_ key: String, _ path: Path<Bool>, _ origin: Origin) -> Setting {
    let expected = "true or false"
    return Setting(
      key: key, unit: "", provenance: origin.provenance, source: origin.source,
      expected: expected,
      read: { String($0[keyPath: path]) },
      write: { (machine, raw) throws(Unfit) in
        guard case .scalar(let text) = raw, let value = Bool(text) else {
          throw Unfit(expected: expected)
        }
        machine[keyPath: path] = value
      })
  }

  /// One of an enumeration's raw values.
  static func choice<Value>(_ key: String, _ path: Path<Value>, _ origin: Origin) -> Setting
  where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    let choices = Array(Value.allCases)
    let expected = "one of " + choices.map(\.rawValue).joined(separator: ", ")
    return Setting(
      key: key, unit: "", provenance: origin.provenance, source: origin.source,
      expected: expected,
      read: { $0[keyPath: path].rawValue },
      write: { (machine, raw) throws(Unfit) in
        guard case .scalar(let text) = raw,
          let value = choices.first(where: { $0.rawValue == text })
        else { throw Unfit(expected: expected) }
        machine[keyPath: path] = value
      })
  }
}

/// Decimal, or hexadecimal behind `0x`; underscores between digits are for the reader.
func parseInteger(_ text: String) -> UInt64? {
  let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
  let digits = isHexadecimal ? text.dropFirst(2) : text[...]
  guard let first = digits.first, let last = digits.last, first != "_", last != "_",
    first != "+", first != "-"
  else { return nil }
  return UInt64(digits.filter { $0 != "_" }, radix: isHexadecimal ? 16 : 10)
}
