// The trace's `E` lines against what the replay counted and what lies in guest RAM at its end.

import GICArch
import GICReport

/// Judges claims one by one.
struct EndStateCheck {
  let trace: Trace
  let ledger: InterruptLedger
  /// By redistributor, from the pending tables in guest RAM.
  let pending: [[INTID]]
  let tables: LPITables
  private(set) var check = Check()

  init(_ trace: Trace, _ ledger: InterruptLedger, pending: [[INTID]], tables: LPITables) {
    (self.trace, self.ledger, self.pending, self.tables) = (trace, ledger, pending, tables)
  }

  /// - Parameter timed: leave out what depends on who was interrupted when.
  mutating func judge<Target: ReplayTarget>(
    _ statement: EndStatement, in target: Target, timed: Bool
  ) throws(ReplayError) {
    switch statement.claim {
    case .msi(let device, let event, let count):
      compare(statement, count, ledger.msis[InterruptLedger.key(device, event)] ?? 0)
    case .enabled(let intid, let byte):
      let raw = try tables.configuration(of: intid, in: target)?.raw
      compare(statement, Int(byte), raw.map(Int.init) ?? -1)
    case .count(let operation, let count):
      compare(statement, count, trace.lineCounts[operation] ?? 0)
    case _ where timed: return
    case .acknowledged(let pe, let intid, let count):
      compare(statement, count, ledger.acknowledged[InterruptLedger.key(pe, intid)] ?? 0)
    case .lpis(let pe, let count): compare(statement, count, ledger.lpis[pe])
    case .pending(let pe, let intid):
      compare(statement, 1, pending[pe].contains(intid) ? 1 : 0)
    case .pendingTotal(let pe, let count): compare(statement, count, pending[pe].count)
    case .interrupts(let snapshot, let device, let event, let counts):
      interrupts(statement, snapshot, device, event, counts)
    }
  }

  private mutating func compare(_ statement: EndStatement, _ expected: Int, _ got: Int) {
    check.record(
      expected == got,
      "line \(statement.line): \(statement.claim): expected \(expected), got \(got)")
  }

  /// The guest read its counters somewhere between the two marks, so each lies between the counts
  /// at the marks.
  private mutating func interrupts(
    _ statement: EndStatement, _ name: String, _ device: DeviceID, _ event: EventID,
    _ counts: [Int]
  ) {
    guard let snapshot = ledger.snapshots[name], let end = snapshot.end else {
      check.record(
        false, "line \(statement.line): expected marks of snapshot '\(name)', found none")
      return
    }
    var key = InterruptLedger.key(device, event)
    if let alias = trace.header.aliases[device] {
      key = InterruptLedger.key(
        alias.device, EventID(rawValue: event.rawValue &+ alias.firstEvent))
    }
    let none = [Int](repeating: 0, count: trace.header.cpuCount)
    let (low, high) = (snapshot.begin[key] ?? none, end[key] ?? none)
    let matches = counts.indices.allSatisfy { low[$0] <= counts[$0] && counts[$0] <= high[$0] }
    check.record(
      matches,
      "line \(statement.line): \(statement.claim): expected \(counts), got \(low) through \(high)")
  }
}
