// Which interrupt a PE is shown: the highest-priority pending one of SGIs, PPIs, SPIs and the
// offered LPI; among equals the lowest INTID. And the lines that follow from it.

import GICArch

/// A pending interrupt as a PE weighs it, or none.
struct Candidate: BitwiseCopyable, Equatable {
  /// Priority [40:33], INTID [32:1], Group 0 [0]: of two the lesser one goes first. None is all
  /// ones, and behind every other.
  private let key: UInt64

  @inline(always) init(intid: INTID, priority: UInt8, isGroup0: Bool) {
    key = UInt64(priority) &<< 33 | UInt64(intid.rawValue) &<< 1 | (isGroup0 ? 1 : 0)
  }
  private init(key: UInt64) { self.key = key }
  static var none: Candidate { Candidate(key: .max) }

  @inline(always) var isNone: Bool { key == .max }
  @inline(always) var intid: INTID { INTID(rawValue: UInt32(truncatingIfNeeded: key &>> 1)) }
  /// Of none the lowest, which no mask lets through.
  @inline(always) var priority: UInt8 { UInt8(truncatingIfNeeded: key &>> 33) }
  @inline(always) var isGroup0: Bool { key & 1 != 0 }
  /// Whether this one goes before `other`.
  @inline(always) func precedes(_ other: Candidate) -> Bool { key < other.key }
}

// What one PE knows by itself.
extension PEState {
  /// The highest-priority one of SGIs, PPIs and the offered LPI, of groups that are enabled.
  @inline(always) func firstHere(group0: Bool, group1: Bool) -> Candidate {
    var best = group1 ? shown : .none
    let mask = (group0 ? ~group : 0) | (group1 ? group : 0)
    var bits = pending & enabled & ~active & mask
    while bits != 0 {
      let bit = bits.trailingZeroBitCount
      let candidate = Candidate(
        intid: INTID(rawValue: UInt32(bit)), priority: priority[bit], isGroup0: !group[bit: bit])
      if candidate.precedes(best) { best = candidate }
      bits &= bits &- 1
    }
    return best
  }

  /// Whether PMR and what is active let `candidate` through.
  /// - Parameter aprShift: one bit of an active priorities register stands for this power of two of
  ///   priorities.
  @inline(always) func canPreempt(_ candidate: Candidate, aprShift: Int) -> Bool {
    guard candidate.priority < pmr else { return false }
    // Most often nothing is active.
    guard isActive else { return true }
    return candidate.priority & groupPriorityMask(group0: candidate.isGroup0)
      < runningPriority(aprShift: aprShift)
  }

  /// The bits of a priority that decide preemption. CBPR makes Group 1 use BPR0.
  func groupPriorityMask(group0: Bool) -> UInt8 {
    let point = group0 || cbpr ? bpr0 : bpr1 &- 1
    return UInt8(truncatingIfNeeded: 0xff_ffff &<< (UInt32(point & 7) &+ 1))
  }

  /// Priority of the highest active group priority; 0xff when nothing is active.
  func runningPriority(aprShift: Int) -> UInt8 {
    for word in 0..<4 {
      let bits = apr0[word] | apr1[word]
      if bits != 0 {
        return UInt8(truncatingIfNeeded: (word &* 32 &+ bits.trailingZeroBitCount) &<< aprShift)
      }
    }
    return 0xff
  }
}

extension Engine {
  /// The highest-priority pending interrupt of enabled groups, before PMR and active priorities.
  func highestPending(_ pe: PEIndex) -> Candidate? {
    let first = first(pe, pes.place(pe.index))
    return first.isNone ? nil : first
  }

  @inline(always) private func first(_ pe: PEIndex, _ place: SlabPlace<PEState>) -> Candidate {
    let group0 = distributor.enableGroup0 && place.element.igrpen0
    let group1 = distributor.enableGroup1 && place.element.igrpen1
    let best = place.element.firstHere(group0: group0, group1: group1)
    guard distributor.candidateWords != 0, group0 || group1 else { return best }
    return highestSPI(pe, group0: group0, group1: group1, than: best)
  }

  @inline(never) private func highestSPI(
    _ pe: PEIndex, group0: Bool, group1: Bool, than other: Candidate
  ) -> Candidate {
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
  func canPreempt(_ candidate: Candidate, _ pe: PEIndex) -> Bool {
    pes[pe.index].canPreempt(candidate, aprShift: aprShift)
  }

  /// The bits of a priority that decide preemption.
  func groupPriorityMask(_ pe: PEIndex, group0: Bool) -> UInt8 {
    pes[pe.index].groupPriorityMask(group0: group0)
  }

  /// Priority of the highest active group priority; 0xff when nothing is active.
  func runningPriority(_ pe: PEIndex) -> UInt8 {
    pes[pe.index].runningPriority(aprShift: aprShift)
  }

  /// One bit of an active priorities register stands for this power of two of priorities.
  @inline(__always) var aprShift: Int { Int(facts.minimumBPR0) &+ 1 }

  /// Computes the PE's lines anew, and tells if they changed.
  mutating func updateLines(_ pe: PEIndex) { weighLines(pe, pes.place(pe.index)) }

  @inline(always) mutating func weighLines(_ pe: PEIndex, _ place: SlabPlace<PEState>) {
    let candidate = first(pe, place)
    var lines: LineLevels = []
    if place.element.canPreempt(candidate, aprShift: aprShift) {
      lines = candidate.isGroup0 ? .fiq : .irq
    }
    if lines != place.element.lines { tellLines(pe, place, lines) }
  }

  @inline(always)
  private mutating func tellLines(
    _ pe: PEIndex, _ place: SlabPlace<PEState>, _ lines: LineLevels
  ) {
    let sequence = place.element.lineSequence &+ 1
    place.element.publish(lines, sequence: sequence)
    outbox.append(LineChange(pe: pe, levels: lines, sequence: sequence, cycle: stamp))
  }

  mutating func lineChanged(_ pe: PEIndex, to lines: LineLevels) {
    tellLines(pe, pes.place(pe.index), lines)
  }

  func lineState(of pe: PEIndex) -> LineChange {
    let (levels, sequence) = pes[pe.index].lineState
    return LineChange(pe: pe, levels: levels, sequence: sequence, cycle: stamp)
  }
}
