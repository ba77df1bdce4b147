// Bytes to events. One pass, no allocation for an event, and nothing is let through that a replay
// could trip over: PEs, widths and addresses are checked here, once.

import GICArch
import GICModel

/// Reads lines. The header is complete when the first event comes.
struct TraceParser {
  let file: String
  private(set) var nextLine: UInt32 = 1
  private var builder: TraceHeaderBuilder
  /// Nil until the first event.
  private var trace: Trace?
  private var lastTime: UInt64 = 0
  private var counts = [Int](repeating: 0, count: TraceOperation.allCases.count * 2)
  private let names = OperationNames()

  init(file: String) {
    self.file = file
    builder = TraceHeaderBuilder(file: file)
  }

  /// Takes all whole lines of `bytes`; with `isLast` also one that no newline ends.
  /// - Returns: how many bytes were taken.
  mutating func consume(_ bytes: Span<UInt8>, isLast: Bool) throws(TraceError) -> Int {
    var start = 0
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") {
        try line(bytes.extracting(start..<index))
        start = index &+ 1
      }
      index &+= 1
    }
    if isLast, start < bytes.count {
      do throws(TraceError) { try line(bytes.extracting(start..<bytes.count)) } catch {
        throw TraceError(
          file: error.file, line: error.line,
          error.problem + "; the file ends in this line: it may have been cut short")
      }
      start = bytes.count
    }
    return start
  }

  mutating func finish() throws(TraceError) -> Trace {
    if trace == nil { try open() }
    guard var result = trace else { throw error("expected a header, found none") }
    for operation in TraceOperation.allCases {
      let index = Int(operation.rawValue) * 2
      if counts[index] > 0 { result.lineCounts[operation.name] = counts[index] }
      if counts[index + 1] > 0 { result.lineCounts[operation.name + "bad"] = counts[index + 1] }
    }
    result.lineCount = Int(nextLine) - 1
    return result
  }

  private mutating func open() throws(TraceError) {
    trace = Trace(file: file, header: try builder.header())
  }

  private func error(_ problem: String) -> TraceError {
    TraceError(file: file, line: nextLine, problem)
  }

  private mutating func line(_ bytes: Span<UInt8>) throws(TraceError) {
    if bytes.count > 0, bytes[0] == UInt8(ascii: "#") {
      if trace == nil { try builder.add(bytes.text(0..<bytes.count), line: nextLine) }
    } else if bytes.count > 0 {
      if trace == nil { try open() }
      try event(bytes)
    }
    nextLine &+= 1
  }

  private mutating func event(_ bytes: Span<UInt8>) throws(TraceError) {
    var fields = FieldReader(file: file, line: nextLine)
    let time = try fields.decimal("a time in ns", in: bytes)
    guard time >= lastTime else {
      throw error("expected a time of at least \(lastTime) ns, found \(time)")
    }
    lastTime = time
    let who = try fields.actor(in: bytes)
    let name = try fields.word("an operation", in: bytes)
    if name.count == 1, bytes[name.lowerBound] == UInt8(ascii: "E") {
      return try endStatement(&fields, bytes)
    }
    guard let (operation, isBad) = names.lookUp(bytes, name) else {
      throw error(names.complaint(about: bytes.text(name)))
    }
    counts[Int(operation.rawValue) &* 2 &+ (isBad ? 1 : 0)] &+= 1
    var event = TraceEvent(operation)
    event.time = time
    event.line = nextLine
    event.isBad = isBad
    if who >= 0 {
      guard who < cpuCount else { throw error("expected a vCPU below \(cpuCount), found \(who)") }
      event.who = Int16(who)
    } else if operation.needsPE {
      throw error("expected a vCPU that does '\(operation.name)', found -")
    }
    try arguments(&event, &fields, bytes)
    if operation != .console { try fields.end(in: bytes) }
    trace?.events.append(event)
  }

  private var cpuCount: Int { trace?.header.cpuCount ?? 0 }

  private mutating func arguments(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    switch event.operation {
    case .line: try lineLevels(&event, &fields, bytes)
    case .msi:
      event.a = try fields.hexadecimal("a DeviceID", max: 0xffff_ffff, in: bytes)
      event.b = try fields.hexadecimal("an EventID", max: 0xffff_ffff, in: bytes)
    case .translation, .failedTranslation: try translation(&event, &fields, bytes)
    case .acknowledge, .endOfInterrupt:
      event.a = try fields.hexadecimal("an INTID", max: 0xff_ffff, in: bytes)
    case .itsRead, .itsWrite, .distributorRead, .distributorWrite:
      try access(&event, &fields, bytes, frameBytes: 0x2_0000)
    case .redistributorRead, .redistributorWrite:
      event.rd = try fields.redistributor(below: cpuCount, in: bytes)
      try access(&event, &fields, bytes, frameBytes: trace?.header.gicrStride ?? 0)
    case .sgi: try sgi(&event, &fields, bytes)
    case .ppi, .spi:
      let isPPI = event.operation == .ppi
      if isPPI { event.rd = try fields.redistributor(below: cpuCount, in: bytes) }
      let range: ClosedRange<UInt64> = isPPI ? 16...31 : 32...1019
      event.a = try fields.hexadecimal("an INTID", max: range.upperBound, in: bytes)
      guard range.contains(event.a) else {
        throw error("expected the INTID of a \(isPPI ? "PPI" : "SPI"), found \(event.a)")
      }
      event.b = try fields.decimal("a level", max: 1, in: bytes)
    case .systemRegisterWrite, .systemRegisterRead:
      let word = try fields.word("a CPU interface register", in: bytes)
      guard let register = SystemRegister(name: bytes.text(word)) else {
        throw error(
          "expected a CPU interface register (pmr, ctlr, bpr1, igrpen1, ap0r0, dir ...), found "
            + "'\(bytes.text(word))'")
      }
      event.a = UInt64(register.rawValue)
      event.b = try fields.hexadecimal("a value", in: bytes)
    case .fill, .memory, .command: try memory(&event, &fields, bytes)
    case .console:
      let rest = fields.rest(of: bytes)
      event.b = UInt64(trace?.texts.count ?? 0)
      event.c = UInt32(rest.count)
      for index in rest { trace?.texts.append(bytes[index]) }
    }
  }

  private func lineLevels(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    event.a = try fields.decimal("a CPU", max: UInt64(cpuCount - 1), in: bytes)
    let fiq = try fields.decimal("the level of FIQ", max: 1, in: bytes)
    let irq = try fields.decimal("the level of IRQ", max: 1, in: bytes)
    event.b = fiq << 1 | irq
  }

  private func translation(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    let device = try fields.hexadecimal("a DeviceID", max: 0xffff_ffff, in: bytes)
    event.a = device << 32
    event.a |= try fields.hexadecimal("an EventID", max: 0xffff_ffff, in: bytes)
    if event.operation == .failedTranslation {
      let word = try fields.word("dte, ite or cte", in: bytes)
      guard let index = ["dte", "ite", "cte"].firstIndex(of: bytes.text(word)) else {
        throw error("expected dte, ite or cte, found '\(bytes.text(word))'")
      }
      event.b = UInt64(index)
      return
    }
    let intid = try fields.hexadecimal("an INTID", max: 0xff_ffff, in: bytes)
    let collection = try fields.hexadecimal("an ICID", max: 0xffff, in: bytes)
    let pe = try fields.hexadecimal("an RDbase", max: UInt64(cpuCount - 1), in: bytes)
    event.b = intid | collection << 24 | pe << 40
  }

  private func access(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>,
    frameBytes: UInt64
  ) throws(TraceError) {
    event.a = try fields.hexadecimal("an offset", max: frameBytes - 1, in: bytes)
    let size = try fields.decimal("a width in bytes", in: bytes)
    guard size == 4 || size == 8 || size == 1 || size == 2 else {
      throw error("expected a width of 1, 2, 4 or 8 bytes, found \(size)")
    }
    event.size = UInt8(size)
    event.b = try fields.hexadecimal(
      "a value of \(size) bytes", max: .ones(Int(size) * 8 - 1, 0), in: bytes)
  }

  private func sgi(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    let intid = try fields.hexadecimal("an INTID", max: 15, in: bytes)
    let toAllOthers = try fields.decimal("0 or 1 for IRM", max: 1, in: bytes)
    let affinity = try fields.hexadecimal("affinity 3.2.1", max: 0xff_ffff, in: bytes)
    let targets = try fields.hexadecimal("a target list", max: 0xffff, in: bytes)
    event.a = targets | affinity[7, 0] << 16 | intid << 24
    event.a |= affinity[15, 8] << 32 | toAllOthers << 40 | affinity[23, 16] << 48
  }

  private mutating func memory(
    _ event: inout TraceEvent, _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    event.a = try fields.hexadecimal("an address", in: bytes)
    switch event.operation {
    case .fill:
      event.b = try fields.hexadecimal("a length", in: bytes)
      event.c = UInt32(try fields.hexadecimal("a byte", max: 0xff, in: bytes))
      return try checkRAM(event.a, event.b)
    case .command:
      event.b = UInt64(trace?.bytes.count ?? 0)
      event.c = UInt32(QueueEntry.byteCount)
      for _ in 0..<4 {
        let word = try fields.hexadecimal("a doubleword", in: bytes)
        for byte in 0..<8 {
          trace?.bytes.append(UInt8(truncatingIfNeeded: word &>> (byte * 8)))
        }
      }
    default:
      event.b = UInt64(trace?.bytes.count ?? 0)
      let word = try fields.word("bytes, two hexadecimal digits each", in: bytes)
      guard word.count % 2 == 0 else {
        throw error("expected two hexadecimal digits a byte, found \(word.count) digits")
      }
      event.c = UInt32(word.count / 2)
      for index in stride(from: word.lowerBound, to: word.upperBound, by: 2) {
        guard let high = bytes[index].hexadecimalDigit, let low = bytes[index + 1].hexadecimalDigit
        else {
          throw error("expected two hexadecimal digits, found '\(bytes.text(index..<index + 2))'")
        }
        trace?.bytes.append(high << 4 | low)
      }
    }
    try checkRAM(event.a, UInt64(event.c))
  }

  private func checkRAM(_ address: UInt64, _ length: UInt64) throws(TraceError) {
    guard let header = trace?.header, address >= header.ramBase,
      length <= header.ramByteCount, address - header.ramBase <= header.ramByteCount - length
    else {
      throw error(
        "expected an address inside guest RAM, found \(String(address, radix: 16)) with length "
          + String(length, radix: 16))
    }
  }

  private mutating func endStatement(
    _ fields: inout FieldReader, _ bytes: Span<UInt8>
  ) throws(TraceError) {
    let claim = try EndStatementParser(cpuCount: cpuCount).claim(&fields, bytes)
    trace?.endState.append(EndStatement(claim: claim, line: nextLine))
  }
}

extension TraceOperation {
  /// Whether only a PE can do it.
  fileprivate var needsPE: Bool {
    switch self {
    case .acknowledge, .endOfInterrupt, .systemRegisterWrite, .systemRegisterRead, .sgi: true
    default: false
    }
  }
}
