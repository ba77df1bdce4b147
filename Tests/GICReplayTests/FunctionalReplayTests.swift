import GICArch
import GICModel
import GICReport
import Testing

@testable import GICReplay

/// A run in which everything that is observed is what ``FakeMachine`` answers.
private let good = """
  10 0 ir 8 8 77
  20 0 fill 40000000 100 a2
  20 0 q 40001000 9 0 8000000000000000 0
  20 0 iw 88 4 20
  30 0 ir 90 4 20
  40 - msi 8 1
  40 - x 8 1 2001 1 1
  40 - line 1 0 1
  50 1 line 1 0 0
  50 1 iar 2001
  60 1 eoi 2001
  70 0 drbad c 4 0
  80 0 q 40001020 800000003 1 0 0
  80 0 iw 88 4 40
  80 0 x 8 1 2001 1 1
  90 0 cr pmr f0
  90 - E msi 8 1 1
  90 - E iar 1 2001 1
  90 - E lpis 1 1
  90 - E lpis 0 0
  90 - E pending_total 0 0
  90 - E count q 2
  """

private func replay(_ text: String) throws -> (ReplayBook, FakeMachine) {
  let trace = try trace(text)
  let machine = FakeMachine()
  machine.registers[0x808_0008] = 0x77
  machine.registers[UInt64(SystemRegister.pmr.rawValue)] = 0xf0
  var replay = FunctionalReplay(trace, on: try InProcessTarget(machine, trace))
  try replay.run()
  return (replay.book, machine)
}

private func mismatches(_ book: ReplayBook) -> [String: [String]] {
  let all = [
    ("translations", book.translations), ("creadr", book.progressReads),
    ("acknowledges", book.acknowledges), ("registers", book.registerReads),
    ("lines", book.lines.check), ("end", book.endState),
  ]
  return Dictionary(
    uniqueKeysWithValues: all.filter { $0.1.mismatched > 0 }.map { ($0, $1.examples) })
}

@Test func `a run that agrees is counted and has no mismatch`() throws {
  let (book, machine) = try replay(good)
  #expect(mismatches(book) == [:])
  #expect(book.translations.checked == 2)
  #expect(book.progressReads.checked == 1)
  #expect(book.acknowledges.checked == 1)
  #expect(book.registerReads.checked == 3)
  #expect(book.lines.check.checked == 2)
  #expect(book.endState.checked == 6)
  #expect(book.ledger.lpis == [0, 1])
  #expect(
    machine.log == [
      "0 0 read 0x8080008 -> 119", "0 0 write 0x8080088 <- 32", "0 0 read 0x8080090 -> 32",
      "0 8 msi 1", "0 1 iar1 -> 8193", "0 1 eoir1 <- 8193", "0 0 read 0x800000c -> 0",
      "0 0 write 0x8080088 <- 64", "0 8 translate 1", "0 0 pmr -> 240",
    ])
}

/// One row per kind of mismatch: a line of the good run, what stands there instead, and who
/// complains.
private let bad: [(line: String, instead: String, kind: String, example: String)] = [
  ("ir 8 8 77", "ir 8 8 78", "registers", "tiny.trace:14: ir 0x8: expected 0x78, got 0x77"),
  ("ir 90 4 20", "ir 90 4 0", "creadr", "tiny.trace:18: expected 0x0, got 0x20"),
  (
    "40 - x 8 1 2001 1 1", "40 - x 8 1 2001 1 0", "translations",
    "tiny.trace:20: DeviceID 0x8, EventID 0x1: expected INTID 8193, ICID 0x1, PE 0, got set, INTID "
      + "8193, ICID 0x1, PE 1"
  ),
  (
    "80 0 x 8 1 2001 1 1", "80 0 x 8 1 2001 0 1", "translations",
    "tiny.trace:28: DeviceID 0x8, EventID 0x1: expected INTID 8193, ICID 0x0, PE 1, got set, INTID "
      + "8193, ICID 0x1, PE 1"
  ),
  (
    "40 - x 8 1 2001 1 1", "40 - xf 8 1 ite", "translations",
    "tiny.trace:20: DeviceID 0x8, EventID 0x1: expected a failure, got set, INTID 8193, ICID 0x1, "
      + "PE 1"
  ),
  (
    "40 - line 1 0 1", "40 - line 1 1 0", "lines",
    "line 21: PE 1: expected FIQ 1 IRQ 0, got FIQ 0 IRQ 1"
  ),
  (
    "40 - line 1 0 1", "40 - line 0 0 1", "lines",
    "line 22: PE 1: expected FIQ 0 IRQ 0, got FIQ 0 IRQ 1"
  ),
  ("iar 2001", "iar 1b", "acknowledges", "tiny.trace:23: PE 1: expected INTID 27, got 8193"),
  (
    "cr pmr f0", "cr pmr f8", "registers",
    "tiny.trace:29: cr ICC_PMR_EL1: expected 0xf8, got 0xf0"
  ),
  (
    "E msi 8 1 1", "E msi 8 1 2", "end",
    "line 30: msi(0x8, 0x1, 2): expected 2, got 1"
  ),
  (
    "E iar 1 2001 1", "E iar 0 2001 1", "end",
    "line 31: acknowledged(pe: 0, 8193, 1): expected 1, got 0"
  ),
  (
    "E pending_total 0 0", "E pending_total 0 3", "end",
    "line 34: pendingTotal(pe: 0, 3): expected 3, got 0"
  ),
  (
    "E pending_total 0 0", "E pending 0 2001", "end",
    "line 34: pending(pe: 0, 8193): expected 1, got 0"
  ),
  (
    "E pending_total 0 0", "E enabled 2001 a3", "end",
    "line 34: enabled(8193, 163): expected 163, got -1"
  ),
  ("E count q 2", "E count q 3", "end", "line 35: count(\"q\", 3): expected 3, got 2"),
]

@Test(arguments: bad.indices)
func `each kind of mismatch is found and told`(row: Int) throws {
  let (line, instead, kind, example) = bad[row]
  let text = good.split(separator: "\n").map {
    $0.contains(line) ? $0.replacing(line, with: instead) : $0
  }
  let (book, _) = try replay(text.joined(separator: "\n"))
  let found = mismatches(book)
  #expect(Array(found.keys) == [kind])
  // The claim's own text names its types at length.
  let told = found[kind]?.first?.replacing("GICArch.", with: "")
  #expect(told == example)
}

@Test func `the tables are read where the guest's registers say`() throws {
  let (book, _) = try replay(
    """
    1 0 fill 40010000 e000 a2
    1 0 fill 40020000 2000 0
    1 0 rw 1 70 8 4001078f
    1 0 rw 1 78 8 40020780
    2 0 mem 40010003 a3
    2 0 mem 40020400 08
    3 - E pending 1 2003
    3 - E pending_total 1 1
    3 - E pending_total 0 0
    3 - E enabled 2003 a3
    """)
  #expect(mismatches(book) == [:])
  #expect(book.endState.checked == 4)
  #expect(book.pending == [[], [INTID(rawValue: 0x2003)]])
}

@Test func `registers that only GICv4 has are counted apart`() throws {
  let text =
    header(["arguments": "gic-version=4", "gicr_stride": "0x40000"])
      + """
      1 0 rr 1 20078 8 5
      2 0 ir 110 8 207000000000000
      3 0 ir 118 8 1
      4 0 rr 1 8 8 0
      """
  let trace = try Trace(text: text, file: "t")
  var replay = FunctionalReplay(trace, on: try InProcessTarget(FakeMachine(), trace))
  try replay.run()
  #expect(replay.book.registerReads.notModelled == 2)
  #expect(replay.book.registerReads.checked == 2)
  #expect(replay.book.registerReads.mismatched == 1)
}

@Test func `a limit ends the replay and leaves the end state alone`() throws {
  let trace = try trace(good)
  var replay = FunctionalReplay(trace, on: try InProcessTarget(FakeMachine(), trace))
  try replay.run(limit: 6)
  #expect(replay.book.translations.checked == 1)
  #expect(replay.book.acknowledges.checked == 0)
  #expect(replay.book.endState.checked == 0)
}

@Test func `a PE that wakes its redistributor comes out of reset`() throws {
  let (_, machine) = try replay(
    """
    1 0 rw 1 14 4 0
    2 1 rw 1 14 4 2
    3 1 rw 1 14 4 4
    """)
  #expect(
    machine.log == [
      "0 0 write 0x80c0014 <- 0", "0 1 write 0x80c0014 <- 2", "0 1 igrpen1 <- 0",
      "0 1 igrpen0 <- 0", "0 1 pmr <- 0", "0 1 ctlr <- 0", "0 1 bpr0 <- 0", "0 1 bpr1 <- 0",
      "0 1 ap0r0 <- 0", "0 1 ap1r0 <- 0", "0 1 write 0x80c0014 <- 4",
    ])
}
