// What the units of a machine did, as records of a fixed size: kept for whoever fetches them, and
// read again at the other end.

import GICArch
import GICModel

/// One record of a trace, 48 bytes: six little-endian words. Word 0 has the kind in [7:0], a code
/// in [15:8], flags in [23:16], and an ITS, unit or PE in [63:32]; word 1 a serial; words 2 to 5
/// what the kind says.
public enum TraceRecord: Equatable, Sendable {
  case event(TimingEvent)
  /// The machine was reset.
  case restart

  public static var byteCount: Int { 48 }
  static var wordCount: Int { 6 }

  private enum Kind: UInt64 {
    case began, decoded, granted, routed, spent, ended, level, restart
  }

  /// The words of the record.
  var words: [UInt64] {
    func words(
      _ kind: Kind, code: UInt64 = 0, flags: UInt64 = 0, unit: UInt64 = 0, _ rest: UInt64...
    ) -> [UInt64] {
      let head = kind.rawValue | code << 8 | flags << 16 | unit << 32
      return [head] + rest + Array(repeating: 0, count: Self.wordCount - 1 - rest.count)
    }
    guard case .event(let event) = self else { return words(.restart) }
    switch event {
    case .began(let serial, let kind, let its, let device, let event, let cause, let cycle):
      return words(
        .began, code: UInt64(kind.rawValue), unit: UInt64(its), serial,
        UInt64(device) | UInt64(event) << 32, cause, cycle)
    case .decoded(let serial, let opcode):
      return words(.decoded, code: UInt64(opcode?.rawValue ?? 0), serial)
    case .granted(let serial, let cycle): return words(.granted, serial, 0, 0, cycle)
    case .routed(let serial, let pe, let intid, let merged):
      return words(
        .routed, flags: merged ? 1 : 0, unit: UInt64(pe), serial, UInt64(intid))
    case .spent(let serial, .msi(let stage), let start, let end):
      return words(.spent, code: UInt64(stage.rawValue), serial, 0, 0, start, end)
    case .spent(let serial, .command(let stage), let start, let end):
      return words(.spent, code: UInt64(stage.rawValue), flags: 1, serial, 0, 0, start, end)
    case .ended(let serial, let how, let cycle):
      return words(.ended, code: UInt64(how.rawValue), serial, 0, 0, cycle)
    case .level(let level, let unit, let value, let cycle):
      return words(
        .level, code: UInt64(level.rawValue), unit: UInt64(unit), 0,
        UInt64(bitPattern: Int64(value)), 0, cycle)
    }
  }

  /// - Returns: nil for words that no machine of the shape writes.
  init?(words: ArraySlice<UInt64>, of shape: TimingShape) {
    let words = Array(words)
    guard words.count == Self.wordCount, let kind = Kind(rawValue: words[0] & 0xff) else {
      return nil
    }
    let code = UInt8(truncatingIfNeeded: words[0] >> 8)
    let (unit, serial) = (Int(words[0] >> 32), words[1])
    switch kind {
    case .restart: self = .restart
    case .began:
      guard let kind = TransactionKind(rawValue: code), kind != .free, unit < shape.itsCount else {
        return nil
      }
      self = .event(
        .began(
          serial: serial, kind, its: unit, device: UInt32(truncatingIfNeeded: words[2]),
          event: UInt32(truncatingIfNeeded: words[2] >> 32), cause: words[3], cycle: words[4]))
    case .decoded: self = .event(.decoded(serial: serial, ITSCommand.Opcode(rawValue: code)))
    case .granted: self = .event(.granted(serial: serial, cycle: words[4]))
    case .routed:
      guard unit < shape.peCount else { return nil }
      self = .event(
        .routed(
          serial: serial, pe: UInt32(unit), intid: UInt32(truncatingIfNeeded: words[2]),
          merged: words[0] >> 16 & 1 == 1))
    case .spent:
      let stage: TimingStage? =
        words[0] >> 16 & 1 == 0
        ? MSIStage(rawValue: Int(code)).map(TimingStage.msi)
        : CommandStage(rawValue: Int(code)).map(TimingStage.command)
      guard let stage, words[4] <= words[5] else { return nil }
      self = .event(.spent(serial: serial, stage, start: words[4], end: words[5]))
    case .ended:
      guard let how = TimingEnd(rawValue: code) else { return nil }
      self = .event(.ended(serial: serial, how, cycle: words[4]))
    case .level:
      let value = Int64(bitPattern: words[2])
      guard let level = TimingLevel(rawValue: code), unit < shape.unitCount(level),
        (0...Int64(UInt32.max)).contains(value)
      else { return nil }
      self = .event(.level(level, unit: unit, value: Int(value), cycle: words[4]))
    }
  }

  /// Reads what ``TraceBuffer/records(from:limit:)`` gave.
  /// - Returns: nil if it is no whole number of records, or one is none.
  public static func decode(_ bytes: [UInt8], of shape: TimingShape) -> [TraceRecord]? {
    guard bytes.count % byteCount == 0 else { return nil }
    var records: [TraceRecord] = []
    records.reserveCapacity(bytes.count / byteCount)
    for start in stride(from: 0, to: bytes.count, by: byteCount) {
      let words = (0..<wordCount).map { word in
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + word * 8 + $1]) << UInt64($1 * 8) }
      }
      guard let record = TraceRecord(words: words[...], of: shape) else { return nil }
      records.append(record)
    }
    return records
  }
}

/// Keeps the newest records of a traced machine, so many and no more.
public final class TraceBuffer: TimingSink {
  private let capacity: Int
  private var words: [UInt64] = []
  /// The sequence number of the next record.
  public private(set) var next: UInt64 = 0

  public init(capacity: Int) {
    self.capacity = capacity
    words.reserveCapacity(capacity * TraceRecord.wordCount)
  }

  public func take(_ events: Span<TimingEvent>) {
    for index in events.indices { append(.event(events[index])) }
  }
  public func restart() { append(.restart) }

  private func append(_ record: TraceRecord) {
    let place = Int(next % UInt64(capacity)) * TraceRecord.wordCount
    if place == words.count {
      words += record.words
    } else {
      words.replaceSubrange(place..<place + TraceRecord.wordCount, with: record.words)
    }
    next += 1
  }

  /// Records as bytes, and the sequence number of the first: a later one than was asked for if
  /// those before have been overwritten.
  public func records(from wanted: UInt64, limit: Int) -> (first: UInt64, bytes: [UInt8]) {
    let oldest = next > UInt64(capacity) ? next - UInt64(capacity) : 0
    let first = min(max(wanted, oldest), next)
    let end = first + min(next - first, UInt64(clamping: limit))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(end - first) * TraceRecord.byteCount)
    for number in first..<end {
      let place = Int(number % UInt64(capacity)) * TraceRecord.wordCount
      for word in words[place..<place + TraceRecord.wordCount] {
        for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(byte * 8))) }
      }
    }
    return (first, bytes)
  }
}
