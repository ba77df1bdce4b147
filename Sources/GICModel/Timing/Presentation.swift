import GICArch

/// Units 9, 10 and 11 of one PE: its redistributor's choice, and the way to its CPU interface.
struct Presentation: BitwiseCopyable {
  enum Phase: UInt8 {
    case idle
    /// It will choose, at the cycle that an event is queued for.
    case armed
    /// The choice lies in the pending table, and is read.
    case reading
    /// A choice is being made, sent and accepted.
    case presenting
  }
  var phase = Phase.idle
  /// Candidates arrived since the choice began.
  var again = false
  var candidate: UInt32 = 0
  /// When the choice began, and when it had been read if it had to be.
  var start: UInt64 = 0
  var read: UInt64 = 0
  var due: UInt64 = 0
  /// The first cycle of the next choice: what the CPU interface sends back is here.
  var free: UInt64 = 0
  /// Where the candidate may be in the index of LPIs: see ``WaitingIndex/foundPlace(_:near:)``.
  var waitingPlace: UInt32 = 0
}

// A redistributor chooses when a candidate has come or gone. The choice is the best LPI at the
// start of the choice. If that lies in the pending table it is read, and if it is not the best any
// more when it is there, a new choice begins. The choice takes `hppiSelectCycles`, the message to
// the CPU interface `downstreamCycles`, and its acceptance `acceptanceCycles`: at that cycle the
// LPI is shown, in the place of what was shown before, and the line changes. One choice at a time:
// an LPI that arrives meanwhile is looked at when the choice is accepted. If anything but an
// arrival changes the candidates, and the LPI under way is not the best any more, its way ends and
// a new choice begins at that cycle. A choice of what is shown already ends at once.
//
// Unit 12: an acknowledge sends an activate back, and an LPI that another one replaced is released.
// Either is at the redistributor `upstreamCycles` later, and before that it begins no choice.
extension TimedCore where Rules: ~Copyable {
  /// A candidate has come to the PE.
  /// - Parameter isLast: the event that did it does nothing more: a choice that would be the next
  ///   event is made at once.
  @inline(__always) mutating func kick(_ pe: PEIndex, isLast: Bool = false) {
    guard pe.index < pes.count else { return }
    let presentation = pes.element(pe.index)
    switch presentation.value.phase {
    case .idle:
      presentation.value.phase = .armed
      if isLast, presentation.value.free <= now, wheel.hasNothingNow {
        select(pe.index)
      } else {
        wheel.schedule(.select, at: max(now, presentation.value.free), payload: pe.rawValue)
      }
    case .armed: break
    case .reading, .presenting: presentation.value.again = true
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

  /// The CPU interface sends an activate or a release back.
  func sentUpstream(_ pe: PEIndex) {
    guard pe.index < pes.count else { return }
    pes[pe.index].free = now &+ timing.upstreamCycles
  }

  mutating func select(_ index: Int) {
    let presentation = pes.element(index)
    guard presentation.value.phase == .armed else { return }
    let pe = PEIndex(index)
    guard presentation.value.free <= now else {
      // Something was sent back since.
      wheel.schedule(.select, at: presentation.value.free, payload: pe.rawValue)
      return
    }
    guard let best = rules.selectedLPI(of: pe), rules.offeredLPI(of: pe) != best.intid else {
      presentation.value.phase = .idle
      return
    }
    presentation.value.candidate = best.intid.rawValue
    presentation.value.start = now
    presentation.value.again = false
    trace(.presenting, index, 1)
    if isInTable(best.intid, of: pe, foundAt: &presentation.value.waitingPlace) {
      presentation.value.phase = .reading
      readPending(for: pe)
    } else {
      present(index)
    }
  }

  /// What the PE chose is here.
  mutating func pendingRead(_ index: Int) {
    let pe = PEIndex(index)
    let candidate = pes[index].candidate
    if rules.selectedLPI(of: pe)?.intid.rawValue == candidate {
      if waiting.find(pe: pe.rawValue, intid: candidate) == nil {
        waiting.insert(pe: pe.rawValue, intid: candidate, .init(transaction: .max))
      }
      hold(INTID(rawValue: candidate), of: pe)
      present(index)
    } else {
      pes[index].phase = .idle
      trace(.presenting, index, 0)
      kick(pe)
    }
  }

  @inline(__always) private mutating func present(_ index: Int) {
    let presentation = pes.element(index)
    let due = now &+ timing.hppiSelectCycles &+ timing.downstreamCycles &+ timing.acceptanceCycles
    presentation.value.phase = .presenting
    presentation.value.read = now
    presentation.value.due = due
    wheel.schedule(.accept, at: due, payload: UInt32(truncatingIfNeeded: index))
  }

  mutating func accept(_ index: Int) {
    let presentation = pes.element(index)
    guard presentation.value.phase == .presenting, presentation.value.due == now else { return }
    let pe = PEIndex(index)
    let candidate = presentation.value.candidate
    let again = presentation.value.again
    presentation.value.phase = .idle
    trace(.presenting, index, 0)
    counters.presented &+= 1
    recorder.clear()
    if rules.offeredLPI(of: pe) != nil {
      counters.released &+= 1
      sentUpstream(pe)
    }
    rules.offer(INTID(rawValue: candidate), to: pe)
    let key = WaitingIndex.key(pe.rawValue, candidate)
    if let place = waiting.foundPlace(key, near: presentation.value.waitingPlace) {
      let entry = waiting.element(place)
      let record = entry.value.lpi.transaction
      entry.value.lpi.transaction = .max
      if record != .max { endPresented(record, presentation) }
    }
    if again { kick(pe) }
    settleCandidates()
  }

  @inline(__always) private mutating func endPresented(
    _ index: TransactionIndex, _ presentation: SlabElement<Presentation>
  ) {
    let (start, read) = (presentation.value.start, presentation.value.read)
    let transaction = pool.element(index)
    guard transaction.value.arrived, transaction.value.mark <= start else {
      // It was shown before its own message came: the pending bit had come by another way.
      take(index)
      return
    }
    if transaction.value.kind == .msi {
      let selected = read &+ timing.hppiSelectCycles
      spend(index, MSIStage.hppiWait, until: start)
      spend(index, MSIStage.pendingMemory, until: read)
      spend(index, MSIStage.hppiSelect, until: selected)
      spend(index, MSIStage.downstream, until: selected &+ timing.downstreamCycles)
      spend(index, MSIStage.acceptance, until: now)
      counters.direct &+= 1
      msiLatency.record(transaction)
    }
    restingCount &-= 1
    end(index, .presented)
  }
}
