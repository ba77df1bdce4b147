import GICArch
import GICModel
import Testing

@testable import GICReplay

private let nanoseconds = ReplayClock(hertz: 1_000_000_000)

private func closed(
  _ text: String, cpus: Int = 2, msiLatency: UInt64 = 30, commandLatency: UInt64 = 100
) throws -> (replay: ClosedReplay<InProcessTarget>, machine: FakeMachine) {
  let trace = try trace(text, cpus: cpus)
  let machine = FakeMachine(peCount: cpus)
  machine.msiLatency = msiLatency
  machine.commandLatency = commandLatency
  var replay = ClosedReplay(
    trace, on: try InProcessTarget(machine, trace), clock: nanoseconds)
  try replay.run()
  return (replay, machine)
}

@Test func `PEs of the model's own end what they took no earlier than its times say`() throws {
  let trace = try trace(
    """
    10 - msi 8 0
    12 0 iar 2000
    15 0 eoi 2000
    20 0 rr 0 8 8 0
    """, cpus: 2)
  let machine = FakeMachine(peCount: 2)
  machine.msiLatency = 30
  var replay = ClosedReplay(trace, on: try InProcessTarget(machine, trace), clock: nanoseconds)
  var timing = TimingParameters()
  timing.peHandlingCycles = 500
  replay.handling = PEHandling(timing)
  try replay.run()
  #expect(
    machine.log == [
      "10 8 msi 0", "40 0 iar1 -> 8192", "540 0 eoir1 <- 8192", "545 0 read 0x80a0008 -> 0",
    ])
}

/// Rows: a trace, and what the machine sees when, given 30 cycles for an MSI and 100 for a command.
private let orders: [(name: String, trace: String, log: [String])] = [
  (
    "nothing waits",
    """
    10 0 rr 0 8 8 0
    10 1 rr 1 8 8 0
    20 0 rr 0 14 4 0
    """,
    ["10 0 read 0x80a0008 -> 0", "10 1 read 0x80c0008 -> 0", "20 0 read 0x80a0014 -> 0"]
  ),
  (
    "a poll repeats each microsecond, and what follows is late by the wait",
    """
    1000 0 iw 80 8 0
    1010 0 iw 88 4 20
    1020 0 ir 90 4 20
    1050 0 rr 0 8 8 0
    1060 1 rr 1 8 8 0
    3000 0 rr 0 14 4 0
    """,
    [
      "1000 0 write 0x8080080 <- 0", "1010 0 write 0x8080088 <- 32", "1020 0 read 0x8080090 -> 0",
      "1060 1 read 0x80c0008 -> 0", "2020 0 read 0x8080090 -> 32", "2050 0 read 0x80a0008 -> 0",
      "4000 0 read 0x80a0014 -> 0",
    ]
  ),
  (
    "an acknowledge waits for its line; its EOI follows at the trace's distance",
    """
    10 - msi 8 0
    12 0 iar 2000
    15 0 eoi 2000
    20 1 rr 1 8 8 0
    """,
    ["10 8 msi 0", "20 1 read 0x80c0008 -> 0", "40 0 iar1 -> 8192", "43 0 eoir1 <- 8192"]
  ),
  (
    "an acknowledge whose line is up is in time",
    """
    10 - msi 8 0
    80 0 iar 2000
    """,
    ["10 8 msi 0", "80 0 iar1 -> 8192"]
  ),
  (
    "a spurious acknowledge waits for nothing, and what it takes is completed",
    """
    10 - msi 8 0
    15 0 iar 3ff
    50 0 iar 3ff
    """,
    ["10 8 msi 0", "15 0 iar1 -> 1023", "50 0 iar1 -> 8192", "50 0 eoir1 <- 8192"]
  ),
  (
    "shared state changes in the trace's order, reads do not wait",
    """
    10 - msi 8 0
    12 0 iar 2000
    14 0 iw 0 4 1
    16 1 rr 1 8 8 0
    18 1 iw 0 4 0
    """,
    [
      "10 8 msi 0", "16 1 read 0x80c0008 -> 0", "40 0 iar1 -> 8192", "42 0 write 0x8080000 <- 1",
      "42 1 write 0x8080000 <- 0",
    ]
  ),
  (
    "an MSI is as late as the PE that it interrupts",
    """
    10 - msi 8 0
    10 - x 8 0 2000 0 0
    12 0 iar 2000
    15 0 eoi 2000
    30 - msi 8 0
    30 - x 8 0 2000 0 0
    """,
    ["10 8 msi 0", "40 0 iar1 -> 8192", "43 0 eoir1 <- 8192", "58 8 msi 0"]
  ),
  (
    "an MSI keeps its place behind the queue's writes",
    """
    10 - msi 8 1
    10 - x 8 1 2001 1 1
    12 1 iar 2001
    14 1 iw 88 4 20
    16 - msi 8 0
    16 - x 8 0 2000 0 0
    """,
    ["10 8 msi 1", "40 1 iar1 -> 8193", "42 1 write 0x8080088 <- 32", "42 8 msi 0"]
  ),
  (
    "the queue's write keeps its place behind the MSIs",
    """
    10 - msi 8 0
    10 - x 8 0 2000 0 0
    12 0 iar 2000
    20 - msi 8 0
    20 - x 8 0 2000 0 0
    22 1 iw 88 4 20
    24 1 iw 0 4 1
    """,
    [
      "10 8 msi 0", "40 0 iar1 -> 8192", "48 8 msi 0", "48 1 write 0x8080088 <- 32",
      "50 1 write 0x8080000 <- 1",
    ]
  ),
  (
    "EOI and DIR name what was acknowledged",
    """
    1 0 cw ctlr 2
    10 - msi 8 0
    50 0 iar 1b
    51 0 eoi 1b
    52 0 cw dir 1b
    60 0 ppi 0 1b 1
    70 0 iar 2000
    71 0 eoi 2000
    """,
    [
      "1 0 ctlr <- 2", "10 8 msi 0", "50 0 iar1 -> 8192", "51 0 eoir1 <- 8192", "60 0 inputLine 1",
      "70 0 iar1 -> 27", "71 0 eoir1 <- 27", "71 0 dir <- 27",
    ]
  ),
]

@Test(arguments: orders.indices)
func `streams wait as the guest would`(row: Int) throws {
  let (replay, machine) = try closed(orders[row].trace)
  #expect(machine.log == orders[row].log)
  #expect(replay.unsatisfied == 0)
}

@Test func `an interrupt that never comes is given up`() throws {
  // Two MSIs in the trace, one here: the second acknowledge has nothing to wait for once all before
  // it has happened. What stands behind it keeps its distance; its EOI is not written.
  let (replay, machine) = try closed(
    """
    10 - msi 8 0
    50 0 iar 2000
    51 0 eoi 2000
    60 0 iar 2000
    61 0 eoi 2000
    70 0 iw 0 4 1
    500 1 iw 0 4 0
    """)
  #expect(
    machine.log == [
      "10 8 msi 0", "50 0 iar1 -> 8192", "51 0 eoir1 <- 8192", "10060 0 iar1 -> 1023",
      "10070 0 write 0x8080000 <- 1", "10070 1 write 0x8080000 <- 0",
    ])
  #expect(replay.unsatisfied == 1)
  #expect(replay.book.ledger.lpis == [1, 0])
}

@Test func `a poll that nothing answers gives up and is told`() throws {
  let trace = try trace(
    """
    10 0 iw 88 4 20
    20 0 ir 90 4 20
    30 1 rr 1 8 8 0
    """)
  let machine = FakeMachine()
  machine.commandLatency = 1_000_000_000
  var replay = ClosedReplay(trace, on: try InProcessTarget(machine, trace), clock: nanoseconds)
  #expect(replay.patience.pollLimitCycles == 1_000_000_000)
  replay.patience.pollLimitCycles = 2_500
  try replay.run()
  #expect(replay.book.progressReads.checked == 1)
  #expect(
    replay.book.progressReads.examples == [
      "tiny.trace:15: expected the queue to come to 0x20, got no further than 32 bytes before it"
    ])
  #expect(
    machine.log == [
      "10 0 write 0x8080088 <- 32", "20 0 read 0x8080090 -> 0", "30 1 read 0x80c0008 -> 0",
      "1020 0 read 0x8080090 -> 0", "2020 0 read 0x8080090 -> 0", "3020 0 read 0x8080090 -> 0",
    ])
}

@Test func `memory is written when time has come to it`() throws {
  let trace = try trace(
    """
    10 - msi 8 0
    12 0 mem 40000000 ff
    20 0 iar 2000
    """)
  let machine = FakeMachine()
  machine.msiLatency = 1
  let target = try InProcessTarget(machine, trace)
  var replay = ClosedReplay(trace, on: target, clock: nanoseconds)
  try replay.run()
  #expect(try target.read(at: 0x4000_0000, count: 1) == [0xff])
  #expect(machine.log == ["10 8 msi 0", "20 0 iar1 -> 8192"])
}

@Test func `an open loop keeps the trace's times`() throws {
  let trace = try trace(
    """
    10 0 iw 88 4 20
    20 0 ir 90 4 20
    30 - msi 8 0
    32 0 iar 2000
    33 0 eoi 2000
    70 0 iar 2000
    75 0 eoi 2000
    """)
  let machine = FakeMachine()
  (machine.msiLatency, machine.commandLatency) = (30, 100)
  var replay = OpenReplay(trace, on: try InProcessTarget(machine, trace), clock: nanoseconds)
  try replay.run()
  #expect(
    machine.log == [
      "10 0 write 0x8080088 <- 32", "20 0 read 0x8080090 -> 0", "30 8 msi 0",
      "32 0 iar1 -> 1023", "70 0 iar1 -> 8192", "75 0 eoir1 <- 8192",
    ])
  #expect(replay.unsatisfied == 1)
  #expect(replay.book.ledger.lpis == [1, 0])
}

/// Rows: EOI mode, what the trace acknowledged and what the machine gave, and what EOI and DIR
/// write.
private let completions:
  [(mode1: Bool, traced: UInt32, got: UInt32, end: UInt32?, at: UInt32?, dir: UInt32?)] = [
    (false, 27, 27, 27, nil, nil),
    (false, 27, 8192, 8192, nil, nil),
    (false, 27, 1023, nil, nil, nil),
    (true, 27, 27, 27, nil, 27),
    (true, 27, 8192, 8192, nil, nil),
    (true, 8192, 8192, 8192, nil, nil),
    (true, 8192, 27, 27, 27, nil),
    (true, 27, 1023, nil, nil, nil),
  ]

@Test(arguments: completions.indices)
func `what was acknowledged is completed`(row: Int) {
  let (mode1, traced, got, end, at, dir) = completions[row]
  func intid(_ raw: UInt32) -> INTID { INTID(rawValue: raw) }
  var active = ActiveInterrupts(peCount: 1)
  active.control(mode1 ? 2 : 0, of: 0)
  #expect(active.acknowledged(intid(got), traced: intid(traced), by: 0) == nil)
  #expect(active.end(by: 0) == .init(end: end.map(intid), deactivate: at.map(intid)))
  if mode1, traced < 8192 { #expect(active.deactivate(by: 0) == dir.map(intid)) }
  #expect(active.end(by: 0) == .init(end: nil, deactivate: nil))
  #expect(active.deactivate(by: 0) == nil)
}
