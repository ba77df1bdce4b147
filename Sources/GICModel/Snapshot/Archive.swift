// A machine's state as named fields. One pass over the state writes them or reads them back, so
// that what is written and what is read cannot differ.

/// Why a snapshot cannot be taken over.
public enum SnapshotError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes are no snapshot.
  case notASnapshot
  /// Another version of the format than the one that is known.
  case version(UInt32, known: UInt32)
  /// Its checksum is not that of its bytes, or it ends early.
  case damaged
  /// Its fields are not those of this machine: the place, and what was expected there.
  case field(String)
  /// It is of a machine of another configuration: the first value that differs, here and there.
  case configuration(here: String, there: String)
  /// This machine cannot be snapshot.
  case unsupported

  public var description: String {
    switch self {
    case .notASnapshot:
      "this is no snapshot of a machine, such as `itsctl save` and `itsd --state-dir` write"
    case .version(let version, let known):
      "the snapshot has version \(version) of the format, which is "
        + (version < known ? "older" : "newer") + " than version \(known), the only one that this "
        + "program reads: take it and restore it with the same version of itsd"
    case .damaged: "the snapshot is damaged: its checksum is wrong, or it ends early"
    case .field(let what): "the snapshot is not of this machine: \(what)"
    case .configuration(let here, let there):
      "the snapshot is of another configuration: \(there) there, \(here) here"
    case .unsupported: "this machine cannot be snapshot"
    }
  }
}

/// Fields one after the other, each with its name and kind.
///
///     name length u8, name in UTF-8, kind u8, value
///     kind 0, a section: no value
///     kind 1, a number: u64
///     kind 2, words: count u64, then runs: zeros u64, words that follow u64, those words
///     kind 3, text: length u64, UTF-8
///     kind 4, bytes: length u64, those bytes
///
/// All integers are little-endian.
struct Archive {
  private enum Kind: UInt8 { case section, number, words, text, bytes }
  /// More words than this in one field are of no machine, and neither are more zeros that stand for
  /// nothing in the bytes: so bytes cannot ask for much more memory than they have.
  private static let wordLimit: UInt64 = 1 << 27
  private static let zeroLimit: UInt64 = 1 << 24

  private(set) var bytes: [UInt8]
  private var offset = 0
  let isReading: Bool

  /// An empty one, to be written.
  init() { (bytes, isReading) = ([], false) }
  /// One that was written.
  init(_ bytes: [UInt8]) { (self.bytes, isReading) = (bytes, true) }

  var isAtEnd: Bool { offset == bytes.count }

  // MARK: Bytes

  private mutating func put(_ value: UInt64) { bytes.appendLittleEndian(value) }
  private mutating func take() throws(SnapshotError) -> UInt64 {
    guard bytes.count - offset >= 8 else { throw .damaged }
    defer { offset += 8 }
    return bytes.littleEndian(at: offset)
  }

  private mutating func head(_ name: String, _ kind: Kind) throws(SnapshotError) {
    let utf8 = name.utf8
    guard isReading else {
      bytes.append(UInt8(truncatingIfNeeded: utf8.count))
      bytes += utf8
      bytes.append(kind.rawValue)
      return
    }
    guard bytes.count - offset >= utf8.count + 2, bytes[offset] == UInt8(utf8.count),
      bytes[offset + 1..<offset + 1 + utf8.count].elementsEqual(utf8),
      bytes[offset + 1 + utf8.count] == kind.rawValue
    else { throw .field("byte \(offset): expected \(name)") }
    offset += utf8.count + 2
  }

  // MARK: Fields

  mutating func section(_ name: String) throws(SnapshotError) { try head(name, .section) }

  mutating func field<Value: FixedWidthInteger>(
    _ name: String, _ value: inout Value
  ) throws(SnapshotError) {
    try head(name, .number)
    guard isReading else { return put(UInt64(truncatingIfNeeded: value)) }
    let raw = try take()
    let new = Value(truncatingIfNeeded: raw)
    // A signed number comes back with its sign, any other as it was.
    guard UInt64(truncatingIfNeeded: new) == raw else { throw .field("\(name) is \(raw)") }
    value = new
  }

  mutating func field(_ name: String, _ value: inout Bool) throws(SnapshotError) {
    var number: UInt8 = value ? 1 : 0
    try field(name, &number)
    guard number <= 1 else { throw .field("\(name) is \(number)") }
    value = number == 1
  }

  /// A number that is checked; what `write` does not get is not changed.
  mutating func field(
    _ name: String, _ value: Int, below limit: Int, write: (Int) -> Void
  ) throws(SnapshotError) {
    var value = value
    try field(name, &value)
    guard isReading else { return }
    guard value >= 0, value < Swift.max(limit, 1) else { throw .field("\(name) is \(value)") }
    write(value)
  }

  mutating func field(_ name: String, _ text: inout String) throws(SnapshotError) {
    try head(name, .text)
    guard isReading else {
      put(UInt64(text.utf8.count))
      bytes += text.utf8
      return
    }
    let count = try take()
    guard count <= UInt64(bytes.count - offset) else { throw .damaged }
    text = String(decoding: bytes[offset..<offset + Int(count)], as: UTF8.self)
    offset += Int(count)
  }

  mutating func field(_ name: String, _ content: inout [UInt8]) throws(SnapshotError) {
    try head(name, .bytes)
    guard isReading else {
      put(UInt64(content.count))
      bytes += content
      return
    }
    let count = try take()
    guard count <= UInt64(bytes.count - offset) else { throw .damaged }
    content = Array(bytes[offset..<offset + Int(count)])
    offset += Int(count)
  }

  /// Words; most are zero, and zeros cost nothing.
  mutating func field(_ name: String, _ words: inout [UInt64]) throws(SnapshotError) {
    try head(name, .words)
    if isReading { words = try takeWords() } else { putWords(words) }
  }

  /// Words of which there is a fixed number.
  mutating func field(
    _ name: String, count: Int, read: (Int) -> UInt64, write: (Int, UInt64) -> Void
  ) throws(SnapshotError) {
    var words = isReading ? [] : (0..<count).map(read)
    try field(name, &words)
    guard isReading else { return }
    guard words.count == count else {
      throw .field("\(name) has \(words.count) words, here \(count)")
    }
    for (index, word) in words.enumerated() { write(index, word) }
  }

  private mutating func putWords(_ words: [UInt64]) {
    put(UInt64(words.count))
    var index = 0
    while index < words.count {
      let zeros = index
      while index < words.count, words[index] == 0 { index += 1 }
      let first = index
      // A single zero among words is cheaper as a word.
      while index < words.count,
        words[index] != 0 || (index + 1 < words.count && words[index + 1] != 0)
      { index += 1 }
      put(UInt64(first - zeros))
      put(UInt64(index - first))
      for word in words[first..<index] { put(word) }
    }
  }

  private mutating func takeWords() throws(SnapshotError) -> [UInt64] {
    let count = try take()
    guard count <= Archive.wordLimit else { throw .damaged }
    var words: [UInt64] = []
    var zeroCount: UInt64 = 0
    while words.count < Int(count) {
      let (zeros, literal) = (try take(), try take())
      let left = count - UInt64(words.count)
      guard zeros <= left, literal <= left - zeros, zeros + literal > 0,
        literal <= UInt64(bytes.count - offset) / 8
      else { throw .damaged }
      zeroCount += zeros
      guard zeroCount <= Archive.zeroLimit else { throw .damaged }
      words += repeatElement(0, count: Int(zeros))
      for _ in 0..<literal { words.append(try take()) }
    }
    return words
  }
}
