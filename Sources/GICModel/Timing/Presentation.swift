import GICArch

/// Units 9, 10 and 11 of one PE: its redistributor's choice, and the way to its CPU interface.
struct Presentation: BitwiseCopyable {
  enum Phase: UInt8 {
    case idle
    /// It will choose in this cycle.
    case armed
    /// A choice is being made, sent and accepted.
    case presenting
  }
  var phase = Phase.idle
  /// Candidates arrived since the choice began.
  var again = false
  var candidate: UInt32 = 0
  var start: UInt64 = 0
  var due: UInt64 = 0
}

// A redistributor chooses when a candidate has come or gone. The choice is the best LPI at the
// start of the choice; it takes `hppiSelectCycles`, the message to the CPU interface
// `downstreamCycles`, and its acceptance `acceptanceCycles`: at that cycle the LPI is shown, in the
// place of what was shown before, and the line changes. One choice at a time: an LPI that arrives
// meanwhile is looked at when the choice is accepted. If anything but an arrival changes the
// candidates, and the LPI under way is not the best any more, its way ends and a new choice begins
// at that cycle. A choice of what is shown already ends at once. After an acknowledge the next LPI
// is chosen in the same way.
extension TimedCore where Rules: ~Copyable {
  /// A candidate has come to the PE.
  mutating func kick(_ pe: PEIndex) {
    guard pe.index < pes.count else { return }
    switch pes[pe.index].phase {
    case .idle:
      pes[pe.index].phase = .armed
      wheel.schedule(.select, at: now, payload: pe.rawValue)
    case .armed: break
    case .presenting: pes[pe.index].again = true
    }
  }

  /// The candidates of the PE have changed otherwise.
  mutating func candidatesChanged(_ pe: PEIndex) {
    guard pe.index < pes.count else { return }
    if pes[pe.index].phase == .presenting,
      rules.selectedLPI(of: pe)?.intid.rawValue != pes[pe.index].candidate
    {
      // Its acceptance is still queued; `due` tells that it is void.
      pes[pe.index].phase = .idle
      pes[pe.index].due = .max
      trace(.presenting, pe.index, 0)
    }
    kick(pe)
  }

  mutating func select(_ index: Int) {
    guard pes[index].phase == .armed else { return }
    let pe = PEIndex(index)
    guard let best = rules.selectedLPI(of: pe), rules.offeredLPI(of: pe) != best.intid else {
      pes[index].phase = .idle
      return
    }
    let due = now &+ timing.hppiSelectCycles &+ timing.downstreamCycles &+ timing.acceptanceCycles
    pes[index] = Presentation(
      phase: .presenting, again: false, candidate: best.intid.rawValue, start: now, due: due)
    wheel.schedule(.accept, at: due, payload: pe.rawValue)
    trace(.presenting, index, 1)
  }

  mutating func accept(_ index: Int) {
    guard pes[index].phase == .presenting, pes[index].due == now else { return }
    let pe = PEIndex(index)
    let (candidate, start) = (pes[index].candidate, pes[index].start)
    let again = pes[index].again
    pes[index] = Presentation()
    trace(.presenting, index, 0)
    counters.presented &+= 1
    recorder.clear()
    rules.offer(INTID(rawValue: candidate), to: pe)
    if let record = waiting.remove(pe: pe.rawValue, intid: candidate) {
      endPresented(record, chosenAt: start)
    }
    if again { kick(pe) }
    settleCandidates()
  }

  private mutating func endPresented(_ index: TransactionIndex, chosenAt start: UInt64) {
    guard pool[index].arrived, pool[index].mark <= start else {
      // It was shown before its own message came: the pending bit had come by another way.
      take(index)
      return
    }
    if pool[index].kind == .msi {
      let selected = start &+ timing.hppiSelectCycles
      spend(index, MSIStage.hppiWait, until: start)
      spend(index, MSIStage.hppiSelect, until: selected)
      spend(index, MSIStage.downstream, until: selected &+ timing.downstreamCycles)
      spend(index, MSIStage.acceptance, until: now)
      counters.direct &+= 1
      msiLatency.record(pool[index])
    }
    end(index, .presented)
  }
}
