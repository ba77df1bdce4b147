// The words of one line. Errors say what was expected and quote what was found.

/// A position in a line, and how to read on from there.
struct FieldReader {
  let file: String
  let line: UInt32
  private var position = 0

  init(file: String, line: UInt32) { (self.file, self.line) = (file, line) }

  func error(_ problem: String) -> TraceError { TraceError(file: file, line: line, problem) }

  private func mismatch(_ what: String, _ found: Range<Int>, _ bytes: Span<UInt8>) -> TraceError {
    error(
      "expected \(what), found "
        + (found.isEmpty ? "the end of the line" : "'\(bytes.text(found))'"))
  }

  /// The next word, empty at the end of the line.
  @inline(__always)
  private mutating func next(_ bytes: Span<UInt8>) -> Range<Int> {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position &+= 1 }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: " ") { position &+= 1 }
    return start..<position
  }

  mutating func word(_ what: @autoclosure () -> String, in bytes: Span<UInt8>) throws(TraceError)
    -> Range<Int>
  {
    let found = next(bytes)
    guard !found.isEmpty else { throw mismatch(what(), found, bytes) }
    return found
  }

  mutating func hexadecimal(
    _ what: @autoclosure () -> String, max: UInt64 = .max, in bytes: Span<UInt8>
  ) throws(TraceError) -> UInt64 {
    let found = next(bytes)
    var value: UInt64 = 0
    guard !found.isEmpty else { throw mismatch(what() + " (hexadecimal)", found, bytes) }
    for index in found {
      guard let digit = bytes[index].hexadecimalDigit, value >> 60 == 0 else {
        throw mismatch(what() + " (hexadecimal)", found, bytes)
      }
      value = value &<< 4 | UInt64(digit)
    }
    guard value <= max else {
      throw mismatch(what() + " of at most \(String(max, radix: 16))", found, bytes)
    }
    return value
  }

  mutating func decimal(
    _ what: @autoclosure () -> String, max: UInt64 = .max, in bytes: Span<UInt8>
  ) throws(TraceError) -> UInt64 {
    let found = next(bytes)
    var value: UInt64 = 0
    guard !found.isEmpty else { throw mismatch(what() + " (decimal)", found, bytes) }
    for index in found {
      let digit = UInt64(bytes[index] &- UInt8(ascii: "0"))
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(digit)
      guard digit < 10, !overflow, !carry else {
        throw mismatch(what() + " (decimal)", found, bytes)
      }
      value = sum
    }
    guard value <= max else { throw mismatch(what() + " of at most \(max)", found, bytes) }
    return value
  }

  /// A vCPU, or `-` for a device: -1.
  mutating func actor(in bytes: Span<UInt8>) throws(TraceError) -> Int {
    let start = position
    let found = next(bytes)
    if found.count == 1, bytes[found.lowerBound] == UInt8(ascii: "-") { return -1 }
    position = start
    return Int(try decimal("a vCPU or -", max: 0x7fff, in: bytes))
  }

  mutating func redistributor(below count: Int, in bytes: Span<UInt8>) throws(TraceError)
    -> UInt16
  {
    UInt16(try decimal("a redistributor", max: UInt64(count - 1), in: bytes))
  }

  /// What stands behind the one blank that ends the last word.
  func rest(of bytes: Span<UInt8>) -> Range<Int> {
    Swift.min(position + 1, bytes.count)..<bytes.count
  }

  mutating func end(in bytes: Span<UInt8>) throws(TraceError) {
    let found = next(bytes)
    guard found.isEmpty else { throw mismatch("the end of the line", found, bytes) }
  }
}

extension Span<UInt8> {
  /// The bytes as text; what is not UTF-8 shows as U+FFFD.
  func text(_ range: Range<Int>) -> String {
    String(decoding: range.map { self[$0] }, as: UTF8.self)
  }
}

extension UInt8 {
  /// The value of a hexadecimal digit in either case.
  @inline(__always)
  var hexadecimalDigit: UInt8? {
    let digit = self &- UInt8(ascii: "0")
    if digit < 10 { return digit }
    let letter = (self | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter &+ 10 : nil
  }
}
