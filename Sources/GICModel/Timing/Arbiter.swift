import GICArch

// Unit 3: the arbiter of an ITS: one grant every `arbiterCycles`, weighted round robin between the
// MSI ingress and the command queue. It acts last in a cycle.
//
// Ready is: an MSI, when the head of the FIFO has been accepted, nobody waits for a translation
// slot (the pipeline stalls) and the link's queue has room; a command, when it is fetched, none
// executes and the link's queue has room. The queue has room while fewer messages wait in it than
// there are credits: a buffer for each. What is in the pipeline already still comes through.
//
// Both ready: the class whose turn it is, up to its weight in grants, then the other. Only one
// ready: that one, and if it was not its turn, its turn begins. After reset it is the MSIs' turn.
extension TimedCore where Rules: ~Copyable {
  /// Something may be ready now. The event that did it does nothing more: if a grant would be the
  /// next event it is made at once.
  @inline(__always) mutating func wakeArbiterLast(_ n: ITSIndex) {
    guard its[n].arbiter.free <= now, its[n].arbiter.armed > now, wheel.hasNothingNow else {
      return wakeArbiter(n, at: now)
    }
    arbitrate(n)
  }

  /// Something may be ready at `cycle`.
  @inline(__always) mutating func wakeArbiter(_ n: ITSIndex, at cycle: UInt64) {
    let due = max(cycle, its[n].arbiter.free)
    guard due < its[n].arbiter.armed else { return }
    its[n].arbiter.armed = due
    wheel.schedule(.arbiter, at: due, payload: UInt32(truncatingIfNeeded: n))
  }

  /// One ITS may grant: the first of those that have a reason to look at it now, since there are as
  /// many events as reasons. None is left where an earlier event overtook this one.
  mutating func arbitrate() {
    for n in 0..<its.count where its[n].arbiter.armed == now { return arbitrate(n) }
  }

  private mutating func arbitrate(_ n: ITSIndex) {
    its[n].arbiter.armed = .max
    let linkHasRoom = its[n].linkQueue.count < max(1, timing.linkCredits)
    let msiStands = !its[n].fifo.isEmpty && its[n].slots.queue.isEmpty && linkHasRoom
    let msiReady = msiStands && pool[its[n].fifo.head].mark <= now
    let commandReady = linkHasRoom && its[n].execution.phase == .idle && !its[n].fetched.isEmpty
    guard msiReady || commandReady else {
      if msiStands { wakeArbiter(n, at: pool[its[n].fifo.head].mark) }
      return
    }
    let grantsMSI = choose(n, msi: msiReady, command: commandReady)
    its[n].arbiter.free = now &+ timing.arbiterCycles
    if grantsMSI { grantMSI(n) } else { grantCommand(n) }
    // Whoever is left is looked at as soon as the next grant is possible.
    if !its[n].fifo.isEmpty || !its[n].fetched.isEmpty { wakeArbiter(n, at: now) }
  }

  @inline(__always) func choose(_ n: ITSIndex, msi: Bool, command: Bool) -> Bool {
    let turn = its[n].arbiter.turnIsMSI
    let winner: Bool
    if msi && command {
      winner = its[n].arbiter.left > 0 ? turn : !turn
    } else {
      winner = msi
    }
    if winner == turn {
      if its[n].arbiter.left > 0 { its[n].arbiter.left &-= 1 }
    } else {
      let weight = winner ? timing.arbiterWeightMSI : timing.arbiterWeightCommand
      its[n].arbiter.turnIsMSI = winner
      its[n].arbiter.left = max(1, weight) &- 1
    }
    return winner
  }

  /// The grant of an MSI: its effect is now, its first lookup begins `arbiterCycles` later.
  @inline(__always) private mutating func grantMSI(_ n: ITSIndex) {
    guard let index = popIngress(n) else { return }
    counters.msisGranted &+= 1
    let device = DeviceID(rawValue: pool[index].device)
    let event = EventID(rawValue: pool[index].event)
    recorder.clear()
    _ = rules.signal(device, event, its: n)
    let (transactions, place) = (pool.slots, Int(index))
    for at in 0..<recorder.count { transactions[place].note(recorder[at]) }
    traceGrant(index)
    spend(index, MSIStage.arbitration, until: now &+ timing.arbiterCycles)
    transactions[place].epoch = its[n].epoch
    if transactions[place].hasTarget {
      traceRoute(index)
      began(index)
      if !transactions[place].merged { track(index) }
    }
    settleCandidates()
    beginLookup(index)
  }

  /// Enters an LPI in the index. One that is there already was taken by something that nobody
  /// reported: a pending bit is set only once.
  @inline(__always) mutating func track(_ index: TransactionIndex) {
    let (pe, intid) = (pool[index].pe, pool[index].intid)
    pool[index].indexed = true
    if waiting.insertIfAbsent(pe: pe, intid: intid, .init(transaction: index)) { return }
    untrack(pe: pe, intid: intid)
    waiting.insert(pe: pe, intid: intid, .init(transaction: index))
  }

  /// The redistributor has the LPI no longer.
  mutating func untrack(pe: UInt32, intid: UInt32) {
    guard let lpi = waiting.remove(pe: pe, intid: intid) else { return }
    drop(lpi, of: pe)
    if lpi.transaction != .max { take(lpi.transaction) }
  }

  /// The transaction will not be presented any more.
  mutating func take(_ index: TransactionIndex) {
    if pool[index].kind == .msi { counters.cleared &+= 1 }
    pool[index].indexed = false
    guard pool[index].arrived else { return }
    restingCount &-= 1
    end(index, .taken)
  }
}

extension Transaction {
  /// Keeps what the rules did for an MSI.
  @inline(__always) fileprivate mutating func note(_ event: StageEvent) {
    switch event {
    case .deviceLookup(_, let levels):
      looksUpDevice = true
      self.levels = UInt8(clamping: max(1, levels))
    case .eventLookup: looksUpEvent = true
    case .collectionLookup(let collection):
      looksUpCollection = true
      self.collection = collection.rawValue
    case .set(let pe, let intid, let merged):
      hasTarget = true
      self.merged = merged
      (self.pe, self.intid) = (pe.rawValue, intid.rawValue)
    case .deviceWritten, .eventWritten, .collectionWritten, .clear, .invalidate, .invalidateAll,
      .move, .moveAll, .synchronize, .taken, .forgotten, .candidatesChanged, .rejected, .dropped:
      break  // no part of a translation's time
    }
  }
}
