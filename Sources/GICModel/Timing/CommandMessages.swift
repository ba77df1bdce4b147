import GICArch

// What a command sends to redistributors. The messages go the way of an MSI's from the link on.
extension TimedCore where Rules: ~Copyable {
  mutating func sendMessages(_ n: ITSIndex) {
    for at in 0..<its[n].execution.eventCount {
      switch its[n].execution.events[at] {
      case .set(let pe, let intid, let merged):
        counters.commandLPIs &+= 1
        let index = message(.set, to: pe, intid, its: n)
        pool[index].merged = merged
        if !merged { attach(index) }
        send(index)
      case .clear(let pe, let intid, _): send(message(.clear, to: pe, intid, its: n))
      case .invalidate(let pe, let intid): send(message(.invalidate, to: pe, intid, its: n))
      case .invalidateAll(let pe): send(message(.invalidateAll, to: pe, nil, its: n))
      case .move(let from, let to, let intid, let wasPending):
        // The target sets only what the source has given up, so the source's answer comes first.
        let leaving = message(.clear, to: from, intid, its: n)
        if wasPending {
          let coming = message(.moved, to: to, intid, its: n)
          attach(coming)
          pool[leaving].partner = coming
        }
        send(leaving)
      case .moveAll(let from, let to, let count):
        let leaving = message(.moveAll, to: from, nil, its: n)
        pool[leaving].isSource = true
        pool[leaving].amount = UInt32(clamping: count)
        if count > 0 {
          let coming = message(.moveAll, to: to, nil, its: n)
          pool[coming].amount = UInt32(clamping: count)
          pool[leaving].partner = coming
        }
        send(leaving)
      case .synchronize(let pe): synchronize(pe, its: n)
      case .deviceLookup, .eventLookup, .collectionLookup, .deviceWritten, .eventWritten,
        .collectionWritten, .taken, .forgotten, .candidatesChanged, .rejected, .dropped:
        break
      }
    }
  }

  private mutating func message(
    _ kind: Transaction.Kind, to pe: PEIndex, _ intid: INTID?, its n: ITSIndex
  ) -> TransactionIndex {
    let index = begin(kind, its: n, at: now, cause: its[n].execution.transaction)
    pool[index].hasTarget = true
    (pool[index].pe, pool[index].intid) = (pe.rawValue, intid?.rawValue ?? 0)
    pool[index].epoch = its[n].epoch
    traceRoute(index)
    began(index)
    return index
  }

  /// SYNC's message is made: whatever was granted before it and is addressed to `pe` must be
  /// acknowledged. It is an effect on nobody itself.
  private mutating func synchronize(_ pe: PEIndex, its n: ITSIndex) {
    its[n].execution.target = pe.rawValue
    its[n].execution.outstanding = outstanding[n &* pes.count &+ pe.index]
    its[n].execution.reached = false
    enter(.synchronize, its: n)
    its[n].epoch &+= 1
    let index = begin(.synchronize, its: n, at: now, cause: its[n].execution.transaction)
    pool[index].pe = pe.rawValue
    send(index)
  }

  mutating func synchronizeIfDone(_ n: ITSIndex) {
    guard its[n].execution.phase == .synchronize, its[n].execution.reached,
      its[n].execution.outstanding == 0
    else { return }
    spend(its[n].execution.transaction, CommandStage.lpiUnit, until: now)
    enter(.acknowledge, its: n)
    let answer = now &+ wayBack(its: n, from: its[n].execution.target)
    wheel.schedule(.command, at: answer, payload: UInt32(n))
  }
}
