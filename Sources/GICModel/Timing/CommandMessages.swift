import GICArch

// What a command sends to redistributors. The messages go the way of an MSI's from the link on.
extension TimedCore where Rules: ~Copyable {
  mutating func sendMessages(_ n: ITSIndex) {
    let unit = its.element(n)
    for at in 0..<unit.value.execution.eventCount {
      switch unit.value.execution.events[at] {
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
    let unit = its.element(n)
    let index = begin(kind, its: n, at: now, cause: unit.value.execution.transaction)
    let transaction = pool.element(index)
    transaction.value.hasTarget = true
    (transaction.value.pe, transaction.value.intid) = (pe.rawValue, intid?.rawValue ?? 0)
    transaction.value.epoch = unit.value.epoch
    traceRoute(index)
    began(index)
    return index
  }

  /// SYNC's message is made: whatever was granted before it and is addressed to `pe` must be
  /// acknowledged. It is an effect on nobody itself.
  private mutating func synchronize(_ pe: PEIndex, its n: ITSIndex) {
    let unit = its.element(n)
    unit.value.execution.target = pe.rawValue
    unit.value.execution.outstanding = outstanding[n &* pes.count &+ pe.index]
    unit.value.execution.reached = false
    enter(.synchronize, its: n)
    unit.value.epoch &+= 1
    let index = begin(.synchronize, its: n, at: now, cause: unit.value.execution.transaction)
    pool[index].pe = pe.rawValue
    send(index)
  }

  mutating func synchronizeIfDone(_ n: ITSIndex) {
    let unit = its.element(n)
    guard unit.value.execution.phase == .synchronize, unit.value.execution.reached,
      unit.value.execution.outstanding == 0
    else { return }
    spend(unit.value.execution.transaction, CommandStage.lpiUnit, until: now)
    enter(.acknowledge, its: n)
    let answer = now &+ wayBack(its: n, from: unit.value.execution.target)
    wheel.schedule(.command, at: answer, payload: UInt32(truncatingIfNeeded: n))
  }
}
