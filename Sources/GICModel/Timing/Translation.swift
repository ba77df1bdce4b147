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
    if !pool[index].looksUpDevice {
      endTranslation(index)
    } else if !lookUpAhead(index) {
      its[Int(pool[index].its)].stepwise &+= 1
      look(up: .device, index)
    }
  }

  private mutating func look(up table: Transaction.Table, _ index: TransactionIndex) {
    let (transactions, place) = (pool.slots, Int(index))
    let cycles =
      switch table {
      case .device: timing.deviceLookupCycles
      case .event: timing.eventLookupCycles
      case .collection: timing.collectionLookupCycles
      }
    let (its, n, row) = (its, Int(transactions[place].its), Int(table.rawValue))
    let start = max(transactions[place].mark, its[n].lookupFree[row])
    its[n].lookupFree[row] = start &+ timing.lookupIntervalCycles
    transactions[place].table = table
    wheel.schedule(.lookup, at: start &+ cycles, payload: index)
  }

  mutating func lookupEnded(_ index: TransactionIndex) {
    let (transactions, place) = (pool.slots, Int(index))
    let n = Int(transactions[place].its)
    if transactions[place].isAhead {
      transactions[place].isAhead = false
      _ = its[n].ahead.popFirst(in: pool)
      return endTranslation(index)
    }
    let table = transactions[place].table
    spend(index, table.stage, until: now)
    if its[n].caches[Int(table.rawValue)].lookup(transactions[place].lineKey) {
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
    let (transactions, place) = (pool.slots, Int(index))
    switch transactions[place].table {
    case .device where transactions[place].looksUpEvent: look(up: .event, index)
    case .event where transactions[place].looksUpCollection: look(up: .collection, index)
    case .device, .event, .collection:
      its[Int(transactions[place].its)].stepwise &-= 1
      endTranslation(index)
    }
  }

  /// The transaction joins the read of its line, starts it, or waits for a slot.
  mutating func miss(_ index: TransactionIndex, its n: ITSIndex) {
    let (table, key) = (pool[index].table, pool[index].lineKey)
    if let slot = its[n].slots.reading(table, key) {
      its[n].slots.slots[slot].waiters.append(index, in: pool)
    } else if its[n].slots.hasFree {
      let reads = table == .device ? pool[index].levels : 1
      let slot = its[n].slots.take(table, key, reads: reads)
      its[n].slots.slots[slot].waiters.append(index, in: pool)
      trace(.translationSlots, n, its[n].slots.busyCount)
      read(its: n, slot: slot)
    } else {
      its[n].slots.queue.append(index, in: pool)
      trace(.translationQueue, n, its[n].slots.queue.count)
    }
  }

  private mutating func read(its n: ITSIndex, slot: Int) {
    counters.tableReads &+= 1
    let request: MemoryPort.Request =
      switch its[n].slots.slots[slot].table {
      case .device: .deviceEntry
      case .event: .eventEntry
      case .collection: .collectionEntry
      }
    let answer = its[n].port.request(request, at: now)
    wheel.schedule(.tableRead, at: answer, payload: UInt32(n) &<< 16 | UInt32(slot))
  }

  mutating func tableReadReturned(_ n: ITSIndex, slot: Int) {
    if its[n].slots.slots[slot].readsLeft > 0 {
      its[n].slots.slots[slot].readsLeft &-= 1
      read(its: n, slot: slot)
      return
    }
    var answered = its[n].slots.free(slot)
    trace(.translationSlots, n, its[n].slots.busyCount)
    if !answered.stale {
      its[n].caches[Int(answered.table.rawValue)].fill(answered.key)
    }
    while let index = answered.waiters.popFirst(in: pool) { resume(index) }
    // Who waited for a slot looks again: the line may have come in the meantime.
    while its[n].slots.hasFree, let index = its[n].slots.queue.popFirst(in: pool) {
      trace(.translationQueue, n, its[n].slots.queue.count)
      if its[n].caches[Int(pool[index].table.rawValue)].touch(pool[index].lineKey) {
        resume(index)
      } else {
        miss(index, its: n)
      }
    }
    if its[n].slots.queue.isEmpty { wakeArbiter(n, at: now) }
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
