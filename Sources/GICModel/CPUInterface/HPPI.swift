// Which interrupt a PE is shown: the highest-priority pending one of SGIs, PPIs, SPIs and the
// offered LPI; among equals the lowest INTID. And the lines that follow from it.

import GICArch

/// A pending interrupt as a PE weighs it. Nil is "none".
struct Candidate: Equatable {
  var intid: INTID
  var priority: UInt8
  var isGroup0: Bool

  /// Whether this one goes before `other`.
  @inline(__always) func precedes(_ other: Candidate?) -> Bool {
    guard let other else { return true }
    return priority != other.priority ? priority < other.priority : intid < other.intid
  }
}

extension Engine {
  /// The highest-priority pending interrupt of enabled groups, before PMR and active priorities.
  @inline(__always) func highestPending(_ pe: PEIndex) -> Candidate? {
    let pes = pes
    let group0 = distributor.enableGroup0 && pes[pe.index].igrpen0
    let group1 = distributor.enableGroup1 && pes[pe.index].igrpen1
    guard group0 || group1 else { return nil }
    var best: Candidate?
    if group1, let intid = pes[pe.index].offered {
      best = Candidate(
        intid: intid, priority: pes[pe.index].offeredPriority, isGroup0: false)
    }
    let mask = (group0 ? ~pes[pe.index].group : 0) | (group1 ? pes[pe.index].group : 0)
    var bits = pes[pe.index].pending & pes[pe.index].enabled & ~pes[pe.index].active & mask
    while bits != 0 {
      let bit = bits.trailingZeroBitCount
      let candidate = Candidate(
        intid: INTID(rawValue: UInt32(bit)), priority: pes[pe.index].priority[bit],
        isGroup0: !pes[pe.index].group[bit: bit])
      if candidate.precedes(best) { best = candidate }
      bits &= bits &- 1
    }
    guard distributor.candidateWords != 0 else { return best }
    return highestSPI(pe, group0: group0, group1: group1, than: best)
  }

  @inline(never) private func highestSPI(
    _ pe: PEIndex, group0: Bool, group1: Bool, than other: Candidate?
  ) -> Candidate? {
    var best = other
    var words = distributor.candidateWords
    while words != 0 {
      let word = words.trailingZeroBitCount
      words &= words &- 1
      let group = distributor.group[word]
      var bits = distributor.candidates(word) & ((group0 ? ~group : 0) | (group1 ? group : 0))
      while bits != 0 {
        let bit = bits.trailingZeroBitCount
        let intid = INTID(rawValue: UInt32(word &* 32 &+ bit))
        let candidate = Candidate(
          intid: intid, priority: distributor.priority[word &* 32 &+ bit],
          isGroup0: !group[bit: bit])
        if candidate.precedes(best), isRouted(intid, to: pe) { best = candidate }
        bits &= bits &- 1
      }
    }
    return best
  }

  /// Whether PMR and what is active let `candidate` through.
  @inline(__always) func canPreempt(_ candidate: Candidate, _ pe: PEIndex) -> Bool {
    let pes = pes
    guard candidate.priority < pes[pe.index].pmr else { return false }
    let running = runningPriority(pe)
    guard running != 0xff else { return true }
    return candidate.priority & groupPriorityMask(pe, group0: candidate.isGroup0) < running
  }

  /// The bits of a priority that decide preemption. CBPR makes Group 1 use BPR0.
  @inline(__always) func groupPriorityMask(_ pe: PEIndex, group0: Bool) -> UInt8 {
    let point =
      group0 || pes[pe.index].cbpr ? pes[pe.index].bpr0 : pes[pe.index].bpr1 &- 1
    return UInt8(truncatingIfNeeded: 0xff_ffff &<< (UInt32(point & 7) &+ 1))
  }

  /// Priority of the highest active group priority; 0xff when nothing is active.
  @inline(__always) func runningPriority(_ pe: PEIndex) -> UInt8 {
    let pes = pes
    // Most often nothing is active.
    guard pes[pe.index].isActive else { return 0xff }
    for word in 0..<4 {
      let bits = pes[pe.index].apr0[word] | pes[pe.index].apr1[word]
      if bits != 0 {
        return UInt8(truncatingIfNeeded: (word &* 32 &+ bits.trailingZeroBitCount) &<< aprShift)
      }
    }
    return 0xff
  }

  /// One bit of an active priorities register stands for this power of two of priorities.
  @inline(__always) var aprShift: Int { Int(facts.minimumBPR0) &+ 1 }

  /// Computes the PE's lines anew, and tells if they changed.
  @inline(__always) mutating func updateLines(_ pe: PEIndex) {
    var lines: LineLevels = []
    if let candidate = highestPending(pe), canPreempt(candidate, pe) {
      lines = candidate.isGroup0 ? .fiq : .irq
    }
    let pes = pes
    if lines != pes[pe.index].lines { lineChanged(pe, to: lines) }
  }

  mutating func lineChanged(_ pe: PEIndex, to lines: LineLevels) {
    let pes = pes
    let sequence = pes[pe.index].lineSequence &+ 1
    pes[pe.index].publish(lines, sequence: sequence)
    outbox.append(LineChange(pe: pe, levels: lines, sequence: sequence, cycle: stamp))
  }

  func lineState(of pe: PEIndex) -> LineChange {
    let (levels, sequence) = pes[pe.index].lineState
    return LineChange(pe: pe, levels: levels, sequence: sequence, cycle: stamp)
  }
}
