// Interrupt outputs: the machine's changes against the trace's `line` lines, PE by PE and in order.

import GICModel
import GICReport

/// Matches changes with what the trace says. Both are counted in causes, the events that can move a
/// line: a trace prints a change behind its cause or directly before it, so a change that the
/// machine made at cause n is due in the file behind cause n - 1 or n.
struct LineCheck {
  private struct Expected {
    var cause: Int
    var levels: LineLevels
    var line: UInt32
  }
  private struct Seen {
    var cause: Int
    var levels: LineLevels
    var line: UInt32
  }
  /// First in, first out.
  private struct Queue<Element> {
    private var elements: [Element] = []
    private var start = 0
    var first: Element? { start < elements.count ? elements[start] : nil }
    mutating func append(_ element: Element) { elements.append(element) }
    mutating func removeFirst() {
      start += 1
      guard start == elements.count else { return }
      elements.removeAll(keepingCapacity: true)
      start = 0
    }
  }
  private var expected: [Queue<Expected>]
  private var seen: [Queue<Seen>]
  private(set) var check = Check()

  init(peCount: Int) {
    expected = Array(repeating: Queue(), count: peCount)
    seen = Array(repeating: Queue(), count: peCount)
  }

  /// The trace has a `line` line behind cause `cause`.
  mutating func expect(_ levels: LineLevels, of pe: Int, after cause: Int, line: UInt32) {
    expected[pe].append(Expected(cause: cause, levels: levels, line: line))
    reconcile(pe)
  }

  /// The machine changed a PE's lines at cause `cause`, which stands in line `line`.
  mutating func changed(_ levels: LineLevels, of pe: Int, at cause: Int, line: UInt32) {
    guard seen.indices.contains(pe) else {
      check.record(false, "line \(line): a change of PE \(pe), which the trace has not")
      return
    }
    seen[pe].append(Seen(cause: cause, levels: levels, line: line))
    reconcile(pe)
  }

  private mutating func reconcile(_ pe: Int) {
    while let want = expected[pe].first, let have = seen[pe].first {
      if have.cause == want.cause || have.cause == want.cause + 1 {
        check.record(
          want.levels == have.levels,
          "line \(want.line): PE \(pe): expected \(want.levels.text), got \(have.levels.text)")
        expected[pe].removeFirst()
        seen[pe].removeFirst()
      } else if have.cause < want.cause {
        recordUnexpected(pe, have)
      } else {
        recordMissing(pe, want)
      }
    }
  }

  private mutating func recordUnexpected(_ pe: Int, _ have: Seen) {
    check.record(
      false, "line \(have.line): PE \(pe): expected no change, got \(have.levels.text)")
    seen[pe].removeFirst()
  }

  private mutating func recordMissing(_ pe: Int, _ want: Expected) {
    check.record(
      false, "line \(want.line): PE \(pe): expected \(want.levels.text), got no change")
    expected[pe].removeFirst()
  }

  /// Nothing more comes: what is left has no partner.
  mutating func finish() {
    for pe in expected.indices {
      while let want = expected[pe].first { recordMissing(pe, want) }
      while let have = seen[pe].first { recordUnexpected(pe, have) }
    }
  }
}

extension LineLevels {
  var text: String { "FIQ \(contains(.fiq) ? 1 : 0) IRQ \(contains(.irq) ? 1 : 0)" }
}
