// What each PE has really acknowledged. With latencies that are not the trace's another interrupt
// may have been the best one, so EOIR and DIR must name what IAR gave, not what the trace says.

import GICArch

/// Stacks of acknowledged interrupts, one a PE, and those that wait for a DIR.
struct ActiveInterrupts {
  /// An acknowledge, by the trace and by the machine; `got` nil: nothing was there.
  private struct Acknowledged {
    var traced: INTID
    var got: INTID?
  }
  private var running: [[Acknowledged]]
  /// In the order of their EOIs; nil: the trace deactivates one that never was active here.
  private var waiting: [[INTID?]]
  private var eoiMode: [Bool]

  init(peCount: Int) {
    running = Array(repeating: [], count: peCount)
    waiting = Array(repeating: [], count: peCount)
    eoiMode = Array(repeating: false, count: peCount)
  }

  /// The guest writes ICC_CTLR.
  mutating func control(_ value: UInt64, of pe: Int) {
    eoiMode[pe] = ICC.CTLR(raw: value).eoiMode
  }

  /// - Returns: what must be completed at once, since the trace has no EOI for it: the guest of the
  ///   trace found nothing to acknowledge here.
  mutating func acknowledged(_ got: INTID, traced: INTID, by pe: Int) -> Completion? {
    let real = got.isSpecial ? nil : got
    guard !traced.isSpecial else {
      return real.map { Completion(end: $0, deactivate: eoiMode[pe] && !$0.isLPI ? $0 : nil) }
    }
    running[pe].append(Acknowledged(traced: traced, got: real))
    return nil
  }

  /// What to write: EOIR, then DIR; nil: nothing.
  struct Completion: Equatable {
    var end: INTID?
    var deactivate: INTID?
  }

  /// The trace writes EOIR.
  mutating func end(by pe: Int) -> Completion {
    guard let last = running[pe].popLast() else { return Completion(end: nil, deactivate: nil) }
    guard eoiMode[pe] else { return Completion(end: last.got, deactivate: nil) }
    // An LPI has no active state, so the trace has a DIR exactly for what is not one.
    let needed = last.got.flatMap { $0.isLPI ? nil : $0 }
    guard last.traced.isLPI else {
      waiting[pe].append(needed)
      return Completion(end: last.got, deactivate: nil)
    }
    return Completion(end: last.got, deactivate: needed)
  }

  /// The trace writes DIR.
  mutating func deactivate(by pe: Int) -> INTID? {
    waiting[pe].isEmpty ? nil : waiting[pe].removeFirst()
  }
}
