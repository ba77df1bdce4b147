import GICArch
import GICModel
import Testing

@testable import GICReplay

/// The fields of an event that a row states.
private struct Means: Equatable, CustomStringConvertible {
  var operation: TraceOperation
  var who = -1
  var a: UInt64 = 0
  var b: UInt64 = 0
  var c: UInt32 = 0
  var rd: UInt16 = 0
  var size: UInt8 = 0
  var isBad = false
  var description: String {
    "\(operation) who \(who) a \(hex(a)) b \(hex(b)) c \(c) rd \(rd) size \(size) bad \(isBad)"
  }
}

/// One row per operation of FORMAT.md.
private let operations: [(text: String, means: Means)] = [
  (
    "7 0 fill 40001000 2000 a2", Means(operation: .fill, who: 0, a: 0x4000_1000, b: 0x2000, c: 0xa2)
  ),
  ("7 0 mem 40001000 00ffA3", Means(operation: .memory, who: 0, a: 0x4000_1000, b: 0, c: 3)),
  (
    "7 1 q 40000020 5 6 8000000000000000 0",
    Means(operation: .command, who: 1, a: 0x4000_0020, b: 0, c: 32)
  ),
  ("7 0 iw 88 4 40", Means(operation: .itsWrite, who: 0, a: 0x88, b: 0x40, size: 4)),
  ("7 0 ir 8 8 1f0001efb1", Means(operation: .itsRead, who: 0, a: 8, b: 0x1f_0001_efb1, size: 8)),
  (
    "7 1 rw 1 10104 4 ff",
    Means(operation: .redistributorWrite, who: 1, a: 0x10104, b: 0xff, rd: 1, size: 4)
  ),
  ("7 1 rr 0 ffe8 4 3b", Means(operation: .redistributorRead, who: 1, a: 0xffe8, b: 0x3b, size: 4)),
  ("7 0 dw 6100 8 1", Means(operation: .distributorWrite, who: 0, a: 0x6100, b: 1, size: 8)),
  ("7 0 dr 401 1 a0", Means(operation: .distributorRead, who: 0, a: 0x401, b: 0xa0, size: 1)),
  ("7 0 drbad c 4 0", Means(operation: .distributorRead, who: 0, a: 0xc, size: 4, isBad: true)),
  (
    "7 0 dwbad c 2 1",
    Means(operation: .distributorWrite, who: 0, a: 0xc, b: 1, size: 2, isBad: true)
  ),
  ("7 0 irbad 40 4 0", Means(operation: .itsRead, who: 0, a: 0x40, size: 4, isBad: true)),
  ("7 0 iwbad 40 4 1", Means(operation: .itsWrite, who: 0, a: 0x40, b: 1, size: 4, isBad: true)),
  (
    "7 0 rrbad 1 40 4 0",
    Means(operation: .redistributorRead, who: 0, a: 0x40, rd: 1, size: 4, isBad: true)
  ),
  (
    "7 0 rwbad 1 40 4 1",
    Means(operation: .redistributorWrite, who: 0, a: 0x40, b: 1, rd: 1, size: 4, isBad: true)
  ),
  ("7 - msi 4300 3", Means(operation: .msi, a: 0x4300, b: 3)),
  ("7 1 msi 30 0", Means(operation: .msi, who: 1, a: 0x30)),
  ("7 1 iar 3ff", Means(operation: .acknowledge, who: 1, a: 1023)),
  ("7 1 eoi 2000", Means(operation: .endOfInterrupt, who: 1, a: 8192)),
  // ICC_PMR_EL1 is S3_0_C4_C6_0, ICC_CTLR_EL1 S3_0_C12_C12_4.
  (
    "7 1 cw pmr f0",
    Means(operation: .systemRegisterWrite, who: 1, a: 0b11_000_0100_0110_000, b: 0xf0)
  ),
  (
    "7 0 cr ctlr 8c00",
    Means(operation: .systemRegisterRead, who: 0, a: 0b11_000_1100_1100_100, b: 0x8c00)
  ),
  // Aff3 1, Aff2 2, Aff1 3, INTID 4, targets 0x8001; and all but self.
  (
    "7 0 sgi 4 0 10203 8001",
    Means(operation: .sgi, who: 0, a: 1 << 48 | 2 << 32 | 4 << 24 | 3 << 16 | 0x8001)
  ),
  ("7 0 sgi 1 1 0 0", Means(operation: .sgi, who: 0, a: 1 << 40 | 1 << 24)),
  ("7 0 ppi 1 1b 1", Means(operation: .ppi, who: 0, a: 27, b: 1, rd: 1)),
  ("7 - spi 21 0", Means(operation: .spi, a: 33)),
  (
    "7 - x 10 1 2003 1 1",
    Means(operation: .translation, a: 0x10_0000_0001, b: 1 << 40 | 1 << 24 | 0x2003)
  ),
  ("7 - xf 10 1 ite", Means(operation: .failedTranslation, a: 0x10_0000_0001, b: 1)),
  ("7 1 line 1 1 0", Means(operation: .line, who: 1, a: 1, b: 2)),
  ("7 1 line 0 0 1", Means(operation: .line, who: 1, b: 1)),
  ("7 0 con [ 1.0] LT-MARK  phase", Means(operation: .console, who: 0, b: 0, c: 21)),
]

@Test(arguments: operations.indices)
func `every operation is read`(row: Int) throws {
  let event = try #require(try trace(operations[row].text + "\n").events.first)
  let means = Means(
    operation: event.operation, who: Int(event.who), a: event.a, b: event.b, c: event.c,
    rd: event.rd, size: event.size, isBad: event.isBad)
  #expect(means == operations[row].means)
  #expect(event.time == 7)
  #expect(Int(event.line) == firstEventLine)
}

@Test func `every operation has a row`() {
  #expect(Set(operations.map { $0.means.operation }) == Set(TraceOperation.allCases))
}

@Test func `an event takes 40 bytes`() {
  #expect(MemoryLayout<TraceEvent>.stride == 40)
}

@Test func `memory and text lie in side buffers`() throws {
  let trace = try trace(
    """
    1 0 mem 40000000 0102
    1 0 q 40000020 0807060504030201 ff 0 0
    # a comment that nobody knows
    2 0 con first
    3 0 con second
    3 0 E count con 2
    """)
  #expect(trace.bytes.prefix(10) == [1, 2, 1, 2, 3, 4, 5, 6, 7, 8])
  #expect(trace.bytes.count == 34)
  #expect(trace.bytes[10] == 0xff)
  #expect(String(decoding: trace.texts, as: UTF8.self) == "firstsecond")
  #expect(trace.events.map(\.b) == [0, 2, 0, 5])
  #expect(trace.lineCounts == ["mem": 1, "q": 1, "con": 2])
  #expect(trace.lineCount == firstEventLine + 5)
}

/// One row per statement about the end of the run.
private let statements: [(text: String, means: EndStatement.Claim)] = [
  ("msi 8 1 2242", .msi(DeviceID(rawValue: 8), EventID(rawValue: 1), 2242)),
  ("iar 1 1b 392", .acknowledged(pe: 1, INTID(rawValue: 27), 392)),
  ("lpis 0 5011", .lpis(pe: 0, 5011)),
  ("pending 1 2005", .pending(pe: 1, INTID(rawValue: 0x2005))),
  ("pending_total 0 1", .pendingTotal(pe: 0, 1)),
  ("enabled 2001 a3", .enabled(INTID(rawValue: 0x2001), 0xa3)),
  (
    "irq boot 20 0 1,2 PCIe PME, aerdrv",
    .interrupts(
      snapshot: "boot", DeviceID(rawValue: 0x20), EventID(rawValue: 0), [1, 2])
  ),
  ("count drbad 1", .count("drbad", 1)),
]

@Test(arguments: statements.indices)
func `every end statement is read`(row: Int) throws {
  let end = try trace("9 - E \(statements[row].text)\n").endState
  #expect(end == [EndStatement(claim: statements[row].means, line: UInt32(firstEventLine))])
}

private let badLines: [(line: String, problem: String)] = [
  ("x 0 iar 1b", "expected a time in ns (decimal), found 'x'"),
  (
    "18446744073709551616 0 iar 1b", "expected a time in ns (decimal), found '18446744073709551616'"
  ),
  ("5", "expected a vCPU or - (decimal), found the end of the line"),
  ("5 2 iar 1b", "expected a vCPU below 2, found 2"),
  ("5 - iar 1b", "expected a vCPU that does 'iar', found -"),
  ("5 0", "expected an operation, found the end of the line"),
  ("5 0 iaar 1b", "expected an operation, found 'iaar'; nearest: 'iar', 'ir', 'cr'"),
  ("5 0 msibad 1b", "expected an operation, found 'msibad'; nearest: 'drbad', 'dwbad', 'irbad'"),
  ("5 0 iar", "expected an INTID (hexadecimal), found the end of the line"),
  ("5 0 iar 1g", "expected an INTID (hexadecimal), found '1g'"),
  ("5 0 iar 1000000", "expected an INTID of at most ffffff, found '1000000'"),
  ("5 0 iar 1b 2", "expected the end of the line, found '2'"),
  ("5 0 iw 88 3 0", "expected a width of 1, 2, 4 or 8 bytes, found 3"),
  ("5 0 iw 88 four 0", "expected a width in bytes (decimal), found 'four'"),
  ("5 0 iw 88 4 100000000", "expected a value of 4 bytes of at most ffffffff, found '100000000'"),
  ("5 0 iw 20000 4 0", "expected an offset of at most 1ffff, found '20000'"),
  ("5 0 rw 2 0 4 0", "expected a redistributor of at most 1, found '2'"),
  ("5 0 rw 1 20070 8 0", "expected an offset of at most 1ffff, found '20070'"),
  ("5 - msi 100000000 0", "expected a DeviceID of at most ffffffff, found '100000000'"),
  ("5 - x 8 0 2000 0 2", "expected an RDbase of at most 1, found '2'"),
  ("5 - xf 8 0 dtt", "expected dte, ite or cte, found 'dtt'"),
  (
    "5 0 cw pmrr f0",
    "expected a CPU interface register (pmr, ctlr, bpr1, igrpen1, ap0r0, dir ...), found 'pmrr'"
  ),
  ("5 0 sgi 10 0 0 1", "expected an INTID of at most f, found '10'"),
  ("5 0 sgi 1 2 0 1", "expected 0 or 1 for IRM of at most 1, found '2'"),
  ("5 0 ppi 0 f 1", "expected the INTID of a PPI, found 15"),
  ("5 0 spi 3fc 1", "expected an INTID of at most 3fb, found '3fc'"),
  ("5 0 ppi 0 1b 2", "expected a level of at most 1, found '2'"),
  ("5 0 line 0 0 2", "expected the level of IRQ of at most 1, found '2'"),
  ("5 0 mem 40000000 abc", "expected two hexadecimal digits a byte, found 3 digits"),
  ("5 0 mem 40000000 abzz", "expected two hexadecimal digits, found 'zz'"),
  ("5 0 mem 400fffff 0000", "expected an address inside guest RAM, found 400fffff with length 2"),
  (
    "5 0 fill 40000000 100001 0",
    "expected an address inside guest RAM, found 40000000 with length 100001"
  ),
  (
    "5 0 fill ffffffffffffffff 2 0",
    "expected an address inside guest RAM, found ffffffffffffffff with length 2"
  ),
  ("5 0 q 40000000 1 2 3", "expected a doubleword (hexadecimal), found the end of the line"),
  (
    "5 - E lpi 0 1",
    "expected msi, iar, lpis, pending, pending_total, enabled, irq or count, found 'lpi'"
  ),
  ("5 - E irq boot 8 0 1,2,3 x", "expected at most 2 counts with commas between, found '1,2,3'"),
  ("5 - E enabled 10 a3", "expected an LPI, found INTID 16"),
]

@Test(arguments: badLines.indices)
func `a bad line is named`(row: Int) {
  let text = header() + "4 0 iar 3ff\n" + badLines[row].line + "\n6 0 iar 3ff\n"
  #expect(
    complaint(about: text) == "tiny.trace:\(firstEventLine + 1): \(badLines[row].problem)")
}

@Test func `time does not go back`() {
  #expect(
    complaint(about: header() + "5 0 iar 3ff\n4 0 iar 3ff\n")
      == "tiny.trace:\(firstEventLine + 1): expected a time of at least 5 ns, found 4")
}

@Test func `a last line needs no newline`() throws {
  #expect(try trace("5 0 iar 3ff").events.count == 1)
  #expect(
    complaint(about: header() + "5 0 iar 3ff\n5 0 ia")
      == "tiny.trace:\(firstEventLine + 1): expected an operation, found 'ia'; nearest: 'iar', "
      + "'ir', 'iw'; the file ends in this line: it may have been cut short")
}
