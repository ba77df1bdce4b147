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
    let unit = its.element(n)
    let due = max(cycle, unit.value.arbiter.free)
    guard due < unit.value.arbiter.armed else { return }
    unit.value.arbiter.armed = due
    wheel.schedule(.arbiter, at: due, payload: UInt32(truncatingIfNeeded: n))
  }

  /// One ITS may grant: the first of those that have a reason to look at it now, since there are as
  /// many events as reasons. None is left where an earlier event overtook this one.
  @inline(__always) mutating func arbitrate() {
    for n in 0..<its.count where its[n].arbiter.armed == now { return arbitrate(n) }
  }

  private mutating func arbitrate(_ n: ITSIndex) {
    let unit = its.element(n)
    unit.value.arbiter.armed = .max
    let linkHasRoom = unit.value.linkQueue.count < max(1, timing.linkCredits)
    let msiStands =
      !unit.value.fifo.isEmpty && unit.value.slots.queue.isEmpty && linkHasRoom
    let msiReady = msiStands && pool[unit.value.fifo.head].mark <= now
    let commandReady =
      linkHasRoom && unit.value.execution.phase == .idle && !unit.value.fetched.isEmpty
    guard msiReady || commandReady else {
      if msiStands { wakeArbiter(n, at: pool[unit.value.fifo.head].mark) }
      return
    }
    let grantsMSI = choose(n, msi: msiReady, command: commandReady)
    unit.value.arbiter.free = now &+ timing.arbiterCycles
    if grantsMSI { grantMSI(n) } else { grantCommand(n) }
    // Whoever is left is looked at as soon as the next grant is possible.
    if !unit.value.fifo.isEmpty || !unit.value.fetched.isEmpty { wakeArbiter(n, at: now) }
  }

  @inline(__always) func choose(_ n: ITSIndex, msi: Bool, command: Bool) -> Bool {
    let unit = its.element(n)
    let turn = unit.value.arbiter.turnIsMSI
    let winner: Bool
    if msi && command {
      winner = unit.value.arbiter.left > 0 ? turn : !turn
    } else {
      winner = msi
    }
    if winner == turn {
      if unit.value.arbiter.left > 0 { unit.value.arbiter.left &-= 1 }
    } else {
      let weight = winner ? timing.arbiterWeightMSI : timing.arbiterWeightCommand
      unit.value.arbiter.turnIsMSI = winner
      unit.value.arbiter.left = max(1, weight) &- 1
    }
    return winner
  }

  /// The grant of an MSI: its effect is now, its first lookup begins `arbiterCycles` later.
  @inline(__always) private mutating func grantMSI(_ n: ITSIndex) {
    guard let index = popIngress(n) else { return }
    counters.msisGranted &+= 1
    let transaction = pool.element(index)
    recorder.beginTranslation()
    _ = rules.signal(
      DeviceID(rawValue: transaction.value.device), EventID(rawValue: transaction.value.event),
      its: n)
    transaction.value.found = recorder.endTranslation()
    traceGrant(index)
    spend(index, MSIStage.arbitration, until: now &+ timing.arbiterCycles)
    transaction.value.epoch = its[n].epoch
    if transaction.value.hasTarget {
      traceRoute(index)
      began(index)
      if !transaction.value.merged { track(index) }
    }
    settleCandidates()
    beginLookup(index)
  }

  /// Enters an LPI in the index. One that is there already was taken by something that nobody
  /// reported: a pending bit is set only once.
  @inline(__always) mutating func track(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    let (pe, intid) = (transaction.value.pe, transaction.value.intid)
    transaction.value.indexed = true
    if let place = waiting.insertIfAbsent(pe: pe, intid: intid, .init(transaction: index)) {
      transaction.value.waitingPlace = place
      return
    }
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
