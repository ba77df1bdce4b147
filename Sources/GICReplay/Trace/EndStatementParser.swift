import GICArch

/// Reads what follows the `E` of a statement about the end of the run. There are a few hundred of
/// them, so words may become strings.
struct EndStatementParser {
  let cpuCount: Int

  func claim(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) -> EndStatement.Claim {
    let kinds = "msi, iar, lpis, pending, pending_total, enabled, irq or count"
    let kind = bytes.text(try fields.word(kinds, in: bytes))
    let claim: EndStatement.Claim
    switch kind {
    case "msi":
      claim = .msi(
        try device(&fields, bytes), try event(&fields, bytes), try number(&fields, bytes))
    case "iar":
      claim = .acknowledged(
        pe: try pe(&fields, bytes), try intid(&fields, bytes), try number(&fields, bytes))
    case "lpis": claim = .lpis(pe: try pe(&fields, bytes), try number(&fields, bytes))
    case "pending": claim = .pending(pe: try pe(&fields, bytes), try intid(&fields, bytes))
    case "pending_total":
      claim = .pendingTotal(pe: try pe(&fields, bytes), try number(&fields, bytes))
    case "enabled":
      let lpi = try intid(&fields, bytes)
      guard lpi.isLPI else { throw fields.error("expected an LPI, found INTID \(lpi)") }
      claim = .enabled(lpi, UInt8(try fields.hexadecimal("a byte", max: 0xff, in: bytes)))
    case "irq": return try interrupts(&fields, bytes)
    case "count":
      let operation = bytes.text(try fields.word("an operation", in: bytes))
      claim = .count(operation, try number(&fields, bytes))
    default: throw fields.error("expected \(kinds), found '\(kind)'")
    }
    try fields.end(in: bytes)
    return claim
  }

  private func interrupts(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) -> EndStatement.Claim {
    let snapshot = bytes.text(try fields.word("a snapshot's name", in: bytes))
    let (device, event) = (try device(&fields, bytes), try event(&fields, bytes))
    let list = bytes.text(try fields.word("counts per CPU", in: bytes))
    let counts = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard counts.count <= cpuCount, !counts.contains(nil) else {
      throw fields.error("expected at most \(cpuCount) counts with commas between, found '\(list)'")
    }
    return .interrupts(snapshot: snapshot, device, event, counts.compactMap(\.self))
  }

  private func device(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) -> DeviceID {
    DeviceID(rawValue: UInt32(try fields.hexadecimal("a DeviceID", max: 0xffff_ffff, in: bytes)))
  }
  private func event(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) -> EventID {
    EventID(rawValue: UInt32(try fields.hexadecimal("an EventID", max: 0xffff_ffff, in: bytes)))
  }
  private func intid(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) -> INTID {
    INTID(rawValue: UInt32(try fields.hexadecimal("an INTID", max: 0xff_ffff, in: bytes)))
  }
  private func pe(_ fields: inout FieldReader, _ bytes: Span<UInt8>) throws(TraceError) -> Int {
    Int(try fields.decimal("a CPU", max: UInt64(cpuCount - 1), in: bytes))
  }
  private func number(_ fields: inout FieldReader, _ bytes: Span<UInt8>) throws(TraceError) -> Int {
    Int(try fields.decimal("a count", max: 1 << 62, in: bytes))
  }
}
