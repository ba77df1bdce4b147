// The three lookups of an MSI at once. What they find and when is known at the grant if every line
// is there, nobody else of the ITS looks anything up, and nothing that could come in between reads
// memory faster than they end. Then one event, the end of the last of them, stands for all: no
// cycle is another one for it, and what is asked of the time between is told as it would have been.

extension TimedCore where Rules: ~Copyable {
  /// Does all lookups of an MSI that is granted now, if nothing can come in between: then its
  /// `lookup` event is the end of the last.
  /// - Returns: false if they must be done one after the other.
  @inline(__always) mutating func lookUpAhead(_ index: TransactionIndex) -> Bool {
    // The order of the events of several ITSs is that of their scheduling.
    guard !Tracer.isOn, its.count == 1 else { return false }
    let (transaction, unit) = (pool.element(index), its.element(0))
    guard unit.value.isCalm, transaction.value.found.looksUpEvent,
      transaction.value.found.looksUpCollection
    else { return false }
    let device = max(transaction.value.mark, unit.value.lookupFree[0])
    let event = max(device &+ timing.deviceLookupCycles, unit.value.lookupFree[1])
    let collection = max(event &+ timing.eventLookupCycles, unit.value.lookupFree[2])
    let end = collection &+ timing.collectionLookupCycles
    // A command or a line that is not here yet needs a read of memory first.
    guard end < now &+ timing.memoryLatencyCycles, unit.value.hitAll(for: transaction) else {
      return false
    }
    let interval = timing.lookupIntervalCycles
    unit.value.lookupFree[0] = device &+ interval
    unit.value.lookupFree[1] = event &+ interval
    unit.value.lookupFree[2] = collection &+ interval
    transaction.value.spend(MSIStage.deviceLookup, until: device &+ timing.deviceLookupCycles)
    transaction.value.spend(MSIStage.eventLookup, until: event &+ timing.eventLookupCycles)
    transaction.value.spend(MSIStage.collectionLookup, until: end)
    if takeExpress(index, transaction, unit, end: end) { return true }
    leaveExpress()
    transaction.value.isAhead = true
    unit.value.ahead.append(index, in: pool)
    wheel.schedule(.lookup, at: end, payload: index)
    return true
  }

  /// The cycles after `now` at which lookups end that were done ahead, with their cache.
  private func forEachLookupAhead(_ body: (Transaction.Table, UInt64) -> Void) {
    for n in 0..<its.count {
      forEachLookupAhead(its[n].ahead, body)
      if n == 0 { forEachLookupAhead(express.queue, body) }
    }
  }
  private func forEachLookupAhead(
    _ queue: TransactionQueue, _ body: (Transaction.Table, UInt64) -> Void
  ) {
    var index = queue.head
    for _ in 0..<queue.count {
      let transaction = pool[index]
      let collection = transaction.mark &- transaction.stages[MSIStage.link.rawValue]
      let event = collection &- transaction.stages[MSIStage.collectionLookup.rawValue]
      let device = event &- transaction.stages[MSIStage.eventLookup.rawValue]
      if device > now { body(.device, device) }
      if event > now { body(.event, event) }
      if collection > now { body(.collection, collection) }
      index = transaction.next
    }
  }

  /// The next cycle at which anything happens; `.max` if nothing is under way.
  var horizon: UInt64 {
    var horizon = wheel.nextCycle ?? .max
    forEachLookupAhead { _, cycle in horizon = min(horizon, cycle) }
    forEachOnExpress { horizon = min(horizon, $0) }
    return horizon
  }

  /// Hits of a cache that are counted and have not happened yet.
  func hitsAhead(_ table: Transaction.Table) -> UInt64 {
    var hits: UInt64 = 0
    forEachLookupAhead { other, _ in if other == table { hits &+= 1 } }
    return hits
  }

  /// Finds out anew who looks up, and how: the MSIs of the `lookup` events, in their order.
  mutating func findLookups(_ looking: [TransactionIndex]) {
    for index in looking where pool[index].kind == .msi && pool[index].isAhead {
      its[Int(pool[index].its)].ahead.append(index, in: pool)
    }
    for n in 0..<its.count { its[n].stepwise = 0 }
    for index in looking where pool[index].kind == .msi && !pool[index].isAhead {
      its[Int(pool[index].its)].stepwise &+= 1
    }
    for n in 0..<its.count { its[n].stepwise &+= its[n].slots.waitingMSIs(in: pool) }
  }
}

extension ITSUnit {
  /// Whether no MSI looks up step by step, no slot is taken, and no command is fetched or executes.
  @inline(__always) fileprivate var isCalm: Bool {
    stepwise == 0 && slots.busyCount == 0 && execution.phase == .idle && fetching == 0
      && fetched.isEmpty
  }

  /// Looks the MSI's three lines up, if all are there; else does nothing.
  @inline(__always)
  fileprivate mutating func hitAll(for transaction: SlabElement<Transaction>) -> Bool {
    let key = TimingCache.key(device: transaction.value.device, event: transaction.value.event)
    let devices = caches.element(0)
    guard let device = devices.value.find(key &>> 32) else { return false }
    let events = caches.element(1)
    guard let event = events.value.find(key) else { return false }
    let collections = caches.element(2)
    guard let collection = collections.value.find(UInt64(transaction.value.collection)) else {
      return false
    }
    devices.value.hit(device)
    events.value.hit(event)
    collections.value.hit(collection)
    return true
  }
}

extension MissSlots {
  /// The MSIs that wait for an answer or for a slot.
  fileprivate func waitingMSIs(in pool: borrowing TransactionPool) -> Int {
    var count = queue.msiCount(in: pool)
    for index in 0..<slots.count where slots[index].busy {
      count &+= slots[index].waiters.msiCount(in: pool)
    }
    return count
  }
}

extension TransactionQueue {
  fileprivate func msiCount(in pool: borrowing TransactionPool) -> Int {
    var (count, index) = (0, head)
    for _ in 0..<self.count {
      if pool[index].kind == .msi { count &+= 1 }
      index = pool[index].next
    }
    return count
  }
}
