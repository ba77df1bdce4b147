import GICArch

// What the rules did to LPIs that the units know of. It is so at the cycle of the grant, or of the
// access, that did it.
extension TimedCore where Rules: ~Copyable {
  /// - Parameter direct: a register did it: what it set is at its redistributor.
  mutating func takeEffects(direct: Bool = false) {
    for at in 0..<recorder.count {
      switch recorder[at] {
      case .set(let pe, let intid, let merged): if !merged { know(intid, at: pe, direct) }
      case .clear(let pe, let intid, let wasPending):
        if wasPending { untrack(pe: pe.rawValue, intid: intid.rawValue) }
        recorder.note(pe)
      case .taken(let pe, let intid):
        untrack(pe: pe.rawValue, intid: intid.rawValue)
        sentUpstream(pe)
      case .forgotten(let pe): untrackAll(of: pe.rawValue)
      case .move(let from, let to, let intid, let wasPending):
        if wasPending {
          untrack(pe: from.rawValue, intid: intid.rawValue)
          know(intid, at: to, false)
        }
        recorder.note(from)
        recorder.note(to)
      case .moveAll(let from, let to, _):
        untrackAll(of: from.rawValue)
        recorder.note(from)
        recorder.note(to)
      case .invalidate(let pe, _), .invalidateAll(let pe): recorder.note(pe)
      case .deviceLookup, .eventLookup, .collectionLookup, .deviceWritten, .eventWritten,
        .collectionWritten, .synchronize, .candidatesChanged, .rejected, .dropped:
        break
      }
    }
    settleCandidates()
  }

  /// The LPI is pending at a PE, and its transaction not made yet, or never.
  private mutating func know(_ intid: INTID, at pe: PEIndex, _ isThere: Bool) {
    if waiting.find(pe: pe.rawValue, intid: intid.rawValue) == nil {
      waiting.insert(pe: pe.rawValue, intid: intid.rawValue, .init(transaction: .max))
    }
    if isThere { hold(intid, of: pe) }
  }

  /// The transaction is what brings an LPI that is known to be pending, unless something took it.
  mutating func attach(_ index: TransactionIndex) {
    guard let place = waiting.foundPlace(pe: pool[index].pe, intid: pool[index].intid),
      waiting.element(place).value.lpi.transaction == .max
    else { return }
    waiting.element(place).value.lpi.transaction = index
    pool[index].indexed = true
    pool[index].waitingPlace = UInt32(truncatingIfNeeded: place)
  }

  /// The redistributor has given LPIs up, perhaps not all: what is pending there stays known.
  private mutating func untrackAll(of pe: UInt32) {
    for place in 0..<waiting.capacity {
      // A removal may move another entry into this place.
      while let key = waiting.key(at: place), key.pe == pe,
        !rules.isPending(INTID(rawValue: key.intid), at: PEIndex(rawValue: pe))
      {
        untrack(pe: pe, intid: key.intid)
      }
    }
  }

  /// What a granted transaction or an access changed for the redistributors takes effect now.
  mutating func settleCandidates() {
    while let pe = recorder.nextChangedPE() { candidatesChanged(pe) }
  }
}
