import GICArch
import GICModel
import Testing

@testable import GICReplay

private let disk = DeviceID(rawValue: 0x10)
private let event = EventID(rawValue: 1)
private let lpi = INTID(rawValue: 0x2004)
private let map = ITSCommand.mapti(disk, event, lpi, ICID(rawValue: 0))
private let mapDevice = ITSCommand.mapd(disk, ITT(base: 0x4000_0000, eventIDBits: 1))

/// Handled counts of the event at a mark now.
private func counts(_ ledger: InterruptLedger) -> [Int]? {
  var copy = ledger
  copy.mark("[ 1.0] LT-MARK interrupts-begin now")
  return copy.snapshots["now"]?.begin[InterruptLedger.key(disk, event)]
}

@Test func `acknowledges count since the device was mapped`() {
  var ledger = InterruptLedger(peCount: 2)
  ledger.note(mapDevice)
  ledger.note(map)
  ledger.countAcknowledge(lpi, by: 1)
  ledger.countAcknowledge(INTID(rawValue: 27), by: 1)
  #expect(counts(ledger) == [0, 1])
  // Unmapped and mapped again for another CPU: the handler stays.
  ledger.note(.discard(disk, event))
  ledger.note(map)
  ledger.countAcknowledge(lpi, by: 0)
  #expect(counts(ledger) == [1, 1])
  ledger.note(.mapd(disk, nil))
  #expect(counts(ledger) == [1, 1])
  ledger.note(mapDevice)
  ledger.note(map)
  #expect(counts(ledger) == [0, 0])
  #expect(ledger.lpis == [1, 1])
  #expect(ledger.acknowledged[InterruptLedger.key(1, INTID(rawValue: 27))] == 1)
}

@Test func `an acknowledge that met a disabled handler counts when it is resent`() {
  var ledger = InterruptLedger(peCount: 2)
  ledger.note(mapDevice)
  ledger.note(map)
  ledger.countAcknowledge(lpi, by: 0)
  // It arrived while the handler was disabled, so the guest masks it, and resends it later.
  ledger.countAcknowledge(lpi, by: 1)
  ledger.note(LPIConfiguration(raw: 0xa2), of: lpi)
  ledger.note(LPIConfiguration(raw: 0xa3), of: lpi)
  #expect(counts(ledger) == [1, 1])
  ledger.note(.int(disk, event))
  #expect(counts(ledger) == [1, 0])
  ledger.countAcknowledge(lpi, by: 0)
  #expect(counts(ledger) == [2, 0])
  // An INT without such a past takes nothing away.
  ledger.note(.int(disk, event))
  #expect(counts(ledger) == [2, 0])
}

@Test func `a snapshot lies between its marks`() throws {
  let rows = [("0,1", 0), ("0,2", 0), ("0,0", 1), ("0,3", 1), ("1,1", 1)]
  for (row, expected) in rows {
    let trace = try trace(
      """
      1 0 q 40000000 1000000008 0 8000000040000100 0
      1 0 q 40000020 100000000a 200100000001 1 0
      2 - msi 10 1
      3 1 iar 2001
      4 0 con LT-MARK interrupts-begin boot
      5 - msi 10 1
      6 1 iar 2001
      7 0 con LT-MARK interrupts-end boot
      8 - msi 10 1
      9 1 iar 2001
      9 - E irq boot 10 1 \(row) disk
      """)
    var replay = FunctionalReplay(trace, on: try InProcessTarget(FakeMachine(), trace))
    try replay.run()
    #expect(replay.book.endState.mismatched == expected, "\(row)")
    #expect(replay.book.endState.checked == 1)
  }
}

@Test func `lines match behind their cause or directly before it`() {
  var lines = LineCheck(peCount: 1)
  lines.changed(.irq, of: 0, at: 1, line: 1)
  lines.expect(.irq, of: 0, after: 1, line: 2)
  lines.expect([], of: 0, after: 1, line: 3)
  lines.changed([], of: 0, at: 2, line: 4)
  #expect(lines.check.checked == 2)
  #expect(lines.check.mismatched == 0)
  // One that never comes, and one that nobody expects; what follows is in step again.
  lines.expect(.irq, of: 0, after: 3, line: 5)
  lines.expect(.fiq, of: 0, after: 9, line: 6)
  lines.changed(.fiq, of: 0, at: 9, line: 6)
  lines.changed([], of: 0, at: 11, line: 7)
  lines.expect(.irq, of: 0, after: 20, line: 8)
  lines.changed(.irq, of: 0, at: 20, line: 8)
  lines.changed([], of: 0, at: 21, line: 9)
  lines.finish()
  #expect(
    lines.check.examples == [
      "line 5: PE 0: expected FIQ 0 IRQ 1, got no change",
      "line 7: PE 0: expected no change, got FIQ 0 IRQ 0",
      "line 9: PE 0: expected no change, got FIQ 0 IRQ 0",
    ])
  #expect(lines.check.checked == 7)
}

@Test func `the queue's progress counts on over its wraps`() {
  var progress = QueueProgress()
  progress.restart(0)  // one page
  let origin = progress.position
  #expect(progress.read(0xfe0) == origin + 0xfe0)
  #expect(progress.read(0x20) == origin + 0x1020)
  #expect(progress.read(0x21) == origin + 0x1020)  // Stalled is not progress
  #expect(progress.read(0x0) == origin + 0x2000)
  progress.restart(0xf)  // 64 KiB
  #expect(progress.position > origin + 0x2000)
  let second = progress.position
  #expect(progress.read(0xffe0) == second + 0xffe0)
  #expect(progress.read(0x0) == second + 0x1_0000)
}

@Test func `times convert exactly`() {
  let rows: [(hertz: UInt64, ns: UInt64, cycles: UInt64)] = [
    (1_000_000_000, 12_345, 12_345), (500_000_000, 3, 1), (3_000_000_000, 7, 21),
    (2_000_000_000, 1 << 62, 1 << 63), (2_000_000_000, 1 << 63, .max),
  ]
  for (hertz, ns, cycles) in rows {
    #expect(ReplayClock(hertz: hertz).cycles(ns: ns) == cycles)
  }
  #expect(ReplayClock(hertz: 3_000_000_000).ns(cycles: 22) == 7)
}

@Test func `the heap gives the earliest, then the first in the trace`() {
  var heap = EventHeap()
  let times: [UInt64] = [5, 3, 9, 3, 0, 7, 7, 1]
  for (index, time) in times.enumerated() {
    heap.insert(EventHeap.Entry(time: time, index: 100 - index))
  }
  var out: [EventHeap.Entry] = []
  while let first = heap.first {
    out.append(first)
    heap.removeFirst()
  }
  #expect(out.map(\.time) == [0, 1, 3, 3, 5, 7, 7, 9])
  #expect(out.map(\.index) == [96, 93, 97, 99, 100, 94, 95, 98])
}
