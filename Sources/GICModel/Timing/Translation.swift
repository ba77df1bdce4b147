import GICArch

// Units 4 and 5: the three caches, the translation slots and the table memory port of an ITS.
//
// Each cache takes one lookup every `lookupIntervalCycles`; it ends `…LookupCycles` later, hit or
// miss. An MSI looks up device, event, collection, one after the other. A miss takes a slot, and
// the slot a read (two, one after the other, for a device behind an indirect table); the line is in
// the cache at the cycle at which the last answer comes, and the waiting transactions go on at that
// cycle, in the order in which they joined. Commands share the slots; their lookups are part of
// their operation.
extension TimedCore where Rules: ~Copyable {
  /// The MSI's lookups begin at its mark.
  mutating func beginLookup(_ index: TransactionIndex) {
    if !pool[index].found.looksUpDevice {
      leaveExpress()
      endTranslation(index)
    } else if !lookUpAhead(index) {
      leaveExpress()
      its[Int(pool[index].its)].stepwise &+= 1
      look(up: .device, index)
    }
  }

  private mutating func look(up table: Transaction.Table, _ index: TransactionIndex) {
    let transaction = pool.element(index)
    let cycles =
      switch table {
      case .device: timing.deviceLookupCycles
      case .event: timing.eventLookupCycles
      case .collection: timing.collectionLookupCycles
      }
    let (unit, row) = (its.element(Int(transaction.value.its)), Int(table.rawValue))
    let start = max(transaction.value.mark, unit.value.lookupFree[row])
    unit.value.lookupFree[row] = start &+ timing.lookupIntervalCycles
    transaction.value.table = table
    wheel.schedule(.lookup, at: start &+ cycles, payload: index)
  }

  mutating func lookupEnded(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    let n = Int(transaction.value.its)
    if transaction.value.isAhead {
      transaction.value.isAhead = false
      _ = its.element(n).value.ahead.popFirst(in: pool)
      return endTranslation(index)
    }
    let table = transaction.value.table
    spend(index, table.stage, until: now)
    if its[n].caches[Int(table.rawValue)].lookup(transaction.value.lineKey) {
      found(index)
    } else {
      miss(index, its: n)
    }
  }

  func lookup(_ table: Transaction.Table, _ key: UInt64, its n: ITSIndex) -> Bool {
    its[n].caches[Int(table.rawValue)].lookup(key)
  }

  /// The entry is known: on to the next lookup.
  @inline(__always) private mutating func found(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    switch transaction.value.table {
    case .device where transaction.value.found.looksUpEvent: look(up: .event, index)
    case .event where transaction.value.found.looksUpCollection: look(up: .collection, index)
    case .device, .event, .collection:
      its[Int(transaction.value.its)].stepwise &-= 1
      endTranslation(index)
    }
  }

  /// The transaction joins the read of its line, starts it, or waits for a slot.
  mutating func miss(_ index: TransactionIndex, its n: ITSIndex) {
    let (transaction, unit) = (pool.element(index), its.element(n))
    let (table, key) = (transaction.value.table, transaction.value.lineKey)
    if let slot = unit.value.slots.reading(table, key) {
      unit.value.slots.slots[slot].waiters.append(index, in: pool)
    } else if unit.value.slots.hasFree {
      let reads = table == .device ? transaction.value.levels : 1
      let slot = unit.value.slots.take(table, key, reads: reads)
      unit.value.slots.slots[slot].waiters.append(index, in: pool)
      trace(.translationSlots, n, unit.value.slots.busyCount)
      read(its: n, slot: slot)
    } else {
      unit.value.slots.queue.append(index, in: pool)
      trace(.translationQueue, n, unit.value.slots.queue.count)
    }
  }

  private mutating func read(its n: ITSIndex, slot: Int) {
    counters.tableReads &+= 1
    let unit = its.element(n)
    let request: MemoryPort.Request =
      switch unit.value.slots.slots[slot].table {
      case .device: .deviceEntry
      case .event: .eventEntry
      case .collection: .collectionEntry
      }
    let answer = unit.value.port.request(request, at: now)
    wheel.schedule(.tableRead, at: answer, payload: UInt32(n) &<< 16 | UInt32(slot))
  }

  mutating func tableReadReturned(_ n: ITSIndex, slot: Int) {
    let unit = its.element(n)
    if unit.value.slots.slots[slot].readsLeft > 0 {
      unit.value.slots.slots[slot].readsLeft &-= 1
      read(its: n, slot: slot)
      return
    }
    var answered = unit.value.slots.free(slot)
    trace(.translationSlots, n, unit.value.slots.busyCount)
    if !answered.stale {
      unit.value.caches[Int(answered.table.rawValue)].fill(answered.key)
    }
    while let index = answered.waiters.popFirst(in: pool) { resume(index) }
    // Who waited for a slot looks again: the line may have come in the meantime.
    while unit.value.slots.hasFree, let index = unit.value.slots.queue.popFirst(in: pool) {
      trace(.translationQueue, n, unit.value.slots.queue.count)
      if unit.value.caches[Int(pool[index].table.rawValue)].touch(pool[index].lineKey) {
        resume(index)
      } else {
        miss(index, its: n)
      }
    }
    if unit.value.slots.queue.isEmpty { wakeArbiter(n, at: now) }
  }

  private mutating func resume(_ index: TransactionIndex) {
    if pool[index].kind == .command {
      spend(index, CommandStage.tableMemory, until: now)
      commandEntryRead(Int(pool[index].its))
    } else {
      spend(index, MSIStage.tableMemory, until: now)
      found(index)
    }
  }

  @inline(__always) private mutating func endTranslation(_ index: TransactionIndex) {
    if pool[index].hasTarget {
      send(index)
    } else {
      counters.dropped &+= 1
      end(index, .dropped)
    }
  }

  /// Forgets the cached copy of an entry that a command has written, and any read of it under way.
  /// A device takes its events with it.
  func forget(_ table: Transaction.Table, _ key: UInt64, its n: ITSIndex) {
    switch table {
    case .device:
      its[n].deviceCache.forget(key)
      its[n].eventCache.forgetEvents(of: UInt32(truncatingIfNeeded: key))
    case .event: its[n].eventCache.forget(key)
    case .collection: its[n].collectionCache.forget(key)
    }
    its[n].slots.markStale(table, key)
  }
}

extension Transaction {
  /// The cache line that it needs next.
  @inline(__always) var lineKey: UInt64 {
    switch table {
    case .device: UInt64(device)
    case .event: TimingCache.key(device: device, event: event)
    case .collection: UInt64(collection)
    }
  }
}

extension Transaction.Table {
  /// The stage of an MSI's lookup.
  @inline(__always) var stage: MSIStage {
    switch self {
    case .device: .deviceLookup
    case .event: .eventLookup
    case .collection: .collectionLookup
    }
  }
}
