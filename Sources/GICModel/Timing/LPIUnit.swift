import GICArch

/// Unit 7 and its memory port, unit 8: one a chip, shared by its redistributors, or one for each
/// redistributor.
struct LPIUnit: ~Copyable {
  struct Bank: BitwiseCopyable {
    /// Arrived and not taken.
    var queue = TransactionQueue()
    /// The first cycle at which it takes the next message.
    var free: UInt64 = 0
    var armed: UInt64 = .max
  }
  let banks: Slab<Bank>
  var properties: TimingCache
  /// Property reads; what waits for one stands in their queue.
  var slots: MissSlots
  var port: MemoryPort
  var store: PendingStore
  var accesses = PendingAccesses()

  init(_ timing: TimingParameters) {
    banks = Slab(repeating: Bank(), count: max(1, timing.lpiBanks))
    properties = TimingCache(timing.lpiCache)
    slots = MissSlots(count: timing.propertyReadsInFlight)
    port = MemoryPort(timing)
    store = PendingStore(capacity: timing.pendingEntries)
  }
  deinit { banks.deallocate() }

  /// Whether nobody waits for a property slot, nor to be written into a pending table.
  @inline(__always) var takesMessages: Bool { slots.queue.isEmpty && !accesses.holdsWrite }
}

// Messages stand in the queue of their bank (INTID modulo banks; a message without an INTID: bank
// 0) of their PE's unit, in the order of their arrival. A bank takes one every `lpiBankCycles`,
// none while anybody waits for a property slot or for the pending table (what it cannot take keeps
// its credit: back-pressure), and knows after `lpiLookupCycles` what it is:
// - a set that merged ends; another needs its property, from the cache or from memory, and is then
//   at its redistributor;
// - a clear ends;
// - INV forgets the property; if the LPI is pending the property is read again, and INV ends with
//   that;
// - INVALL keeps every bank of the unit busy: for `lpiBankCycles` a set, while all properties are
//   forgotten, or, with `invallRefetches`, until those that were cached have been read again,
//   `propertyReadsInFlight` at a time. It ends with that;
// - MOVALL keeps every bank busy for `lpiBankCycles` for each LPI that leaves or comes in, the
//   source's also until its pending table has been read, `pendingAccessesInFlight` parts at a time,
//   and ends with that. What has come in can be chosen then;
// - a SYNC waits until all earlier effects on its target are acknowledged.
// MOVI and MOVALL have two messages: the second is made when the first one's answer is back.
extension TimedCore where Rules: ~Copyable {
  mutating func messageArrived(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    let number = topology.unit(ofPE: Int(transaction.value.pe))
    let which = bankCount == 1 ? 0 : Int(transaction.value.intid) % bankCount
    let unit = lpis.element(number)
    let bank = unit.value.banks.element(which)
    if bank.value.queue.isEmpty, bank.value.free <= now, unit.value.takesMessages {
      tracePassing(.bankQueue, number &* bankCount &+ which)
      take(transaction, index, bank)
      return
    }
    bank.value.queue.append(index, in: pool)
    trace(.bankQueue, number &* bankCount &+ which, bank.value.queue.count)
    if bank.value.queue.count == 1 { advanceBank(number, which) }
  }

  /// One bank of the unit is free for its next message: the first of those that are now.
  mutating func bankFreed(_ unit: Int) {
    for bank in 0..<bankCount where lpis[unit].banks[bank].armed == now {
      lpis[unit].banks[bank].armed = .max
      return advanceBank(unit, bank)
    }
  }

  mutating func advanceBanks(_ unit: Int) {
    for bank in 0..<bankCount { advanceBank(unit, bank) }
  }

  private mutating func advanceBank(_ unit: Int, _ bank: Int) {
    while lpis[unit].takesMessages, !lpis[unit].banks[bank].queue.isEmpty {
      let free = lpis[unit].banks[bank].free
      if free > now {
        if free < lpis[unit].banks[bank].armed {
          lpis[unit].banks[bank].armed = free
          wheel.schedule(.lpiBank, at: free, payload: UInt32(unit))
        }
        return
      }
      guard let index = lpis[unit].banks[bank].queue.popFirst(in: pool) else { return }
      trace(.bankQueue, unit &* bankCount &+ bank, lpis[unit].banks[bank].queue.count)
      take(pool.element(index), index, lpis[unit].banks.element(bank))
    }
  }

  /// The bank takes a message, out of its queue.
  @inline(__always)
  private mutating func take(
    _ transaction: SlabElement<Transaction>, _ index: TransactionIndex,
    _ bank: SlabElement<LPIUnit.Bank>
  ) {
    bank.value.free = now &+ timing.lpiBankCycles
    let (n, pe) = (Int(transaction.value.its), transaction.value.pe)
    wheel.schedule(.credit, at: now &+ wayBack(its: n, from: pe), payload: UInt32(n))
    wheel.schedule(.lpiLookup, at: now &+ timing.lpiLookupCycles, payload: index)
  }

  mutating func lpiLookupEnded(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    let kind = transaction.value.kind
    if transaction.value.isExpress {
      expressArrived(transaction)
    } else {
      express.others &-= 1
    }
    if kind != .synchronize { spend(index, MSIStage.lpiLookup, until: now) }
    guard kind == .msi || kind == .set || kind == .moved else {
      return otherLookupEnded(index)
    }
    if transaction.value.merged, kind != .moved {
      if kind == .msi {
        counters.merged &+= 1
        msiLatency.record(transaction)
      }
      return endAtUnit(index, .merged)
    }
    let unit = topology.unit(ofPE: Int(transaction.value.pe))
    if lpis.element(unit).value.properties.lookup(UInt64(transaction.value.intid)) {
      propertyKnown(index, isLast: true)
    } else {
      readProperty(for: index, unit)
    }
  }

  /// Of a message that sets nothing.
  @inline(never) private mutating func otherLookupEnded(_ index: TransactionIndex) {
    let unit = topology.unit(ofPE: Int(pool[index].pe))
    switch pool[index].kind {
    case .invalidate:
      lpis[unit].properties.forget(UInt64(pool[index].intid))
      lpis[unit].slots.markStale(.device, UInt64(pool[index].intid))
      let (pe, intid) = (PEIndex(rawValue: pool[index].pe), INTID(rawValue: pool[index].intid))
      if rules.isPending(intid, at: pe) {
        readProperty(for: index, unit)
      } else {
        endAtUnit(index, .acknowledged)
      }
    case .invalidateAll: hold(index, unit, cycles: invalidateAll(unit))
    case .moveAll: hold(index, unit, cycles: moveAll(index))
    case .synchronize:
      let n = Int(pool[index].its)
      end(index, .acknowledged)
      its[n].execution.reached = true
      synchronizeIfDone(n)
    case .clear, .command, .free, .msi, .set, .moved: endAtUnit(index, .acknowledged)
    }
  }

  /// A message that ends at the LPI unit; who waits for its answer gets it.
  private mutating func endAtUnit(_ index: TransactionIndex, _ how: TimingEnd) {
    acknowledged(index)
    let partner = pool[index].partner
    if partner != .max {
      let answer = now &+ wayBack(its: Int(pool[index].its), from: pool[index].pe)
      wheel.schedule(.message, at: answer, payload: partner)
      express.others &+= 1
    }
    end(index, how)
  }

  /// How long an INVALL keeps a unit busy.
  private mutating func invalidateAll(_ unit: Int) -> UInt64 {
    lpis[unit].slots.markAllStale()
    guard timing.invallRefetches else {
      lpis[unit].properties.forgetAll()
      return UInt64(lpis[unit].properties.sets) &* timing.lpiBankCycles
    }
    let (valid, inFlight) = (lpis[unit].properties.validCount, lpis[unit].slots.slots.count)
    counters.propertyReads &+= UInt64(valid)
    return UInt64((valid + inFlight - 1) / inFlight) &* timing.memoryLatencyCycles
  }

  /// How long a MOVALL keeps a unit busy: the source's sweeps the table.
  private mutating func moveAll(_ index: TransactionIndex) -> UInt64 {
    let drain = UInt64(pool[index].amount) &* timing.lpiBankCycles
    guard pool[index].isSource, timing.movallSweepsTable else { return drain }
    let part = MemoryPort.Request.pendingTable.byteCount
    let reads = (rules.pendingTableByteCount + part - 1) / part
    let inFlight = max(1, timing.pendingAccessesInFlight)
    counters.pendingReads &+= UInt64(reads)
    return drain &+ UInt64((reads + inFlight - 1) / inFlight) &* timing.memoryLatencyCycles
  }

  /// Keeps the banks of a unit busy; the message ends with the last of them.
  private mutating func hold(_ index: TransactionIndex, _ unit: Int, cycles: UInt64) {
    var end = now
    for bank in 0..<bankCount {
      let free = max(lpis[unit].banks[bank].free, now) &+ cycles
      lpis[unit].banks[bank].free = free
      end = max(end, free)
    }
    pool[index].isHeld = true
    wheel.schedule(.message, at: end, payload: index)
    express.others &+= 1
  }

  /// A message that was held ends; or one that waited for another's answer is made.
  mutating func messageGoesOn(_ index: TransactionIndex) {
    express.others &-= 1
    guard pool[index].isHeld else { return send(index) }
    spend(index, MSIStage.lpiLookup, until: now)
    let pe = PEIndex(rawValue: pool[index].pe)
    let comesIn = pool[index].kind == .moveAll && !pool[index].isSource
    endAtUnit(index, .acknowledged)
    guard comesIn else { return }
    var intid = INTID(rawValue: 0)
    while let next = rules.nextUnderWay(after: intid, at: pe) {
      intid = next
      // One that has a message of its own comes with that.
      if waiting.find(pe: pe.rawValue, intid: next.rawValue) == nil { arrive(next, at: pe) }
    }
  }

  @inline(never) private mutating func readProperty(for index: TransactionIndex, _ unit: Int) {
    let intid = pool[index].intid
    if let slot = lpis[unit].slots.reading(.device, UInt64(intid)) {
      lpis[unit].slots.slots[slot].waiters.append(index, in: pool)
    } else if lpis[unit].slots.hasFree {
      counters.propertyReads &+= 1
      // The slots know one kind of line here, so any table will do as its name.
      let slot = lpis[unit].slots.take(.device, UInt64(intid), reads: 1)
      lpis[unit].slots.slots[slot].waiters.append(index, in: pool)
      trace(.propertySlots, unit, lpis[unit].slots.busyCount)
      let answer = lpis[unit].port.request(.property, at: now)
      wheel.schedule(.propertyRead, at: answer, payload: UInt32(unit &<< 16 | slot))
    } else {
      lpis[unit].slots.queue.append(index, in: pool)
      trace(.propertyQueue, unit, lpis[unit].slots.queue.count)
    }
  }

  mutating func propertyReadReturned(_ unit: Int, slot: Int) {
    var answered = lpis[unit].slots.free(slot)
    trace(.propertySlots, unit, lpis[unit].slots.busyCount)
    if !answered.stale { lpis[unit].properties.fill(answered.key) }
    while let index = answered.waiters.popFirst(in: pool) { propertyKnown(index) }
    while lpis[unit].slots.hasFree, let index = lpis[unit].slots.queue.popFirst(in: pool) {
      trace(.propertyQueue, unit, lpis[unit].slots.queue.count)
      if lpis[unit].properties.touch(UInt64(pool[index].intid)) {
        propertyKnown(index)
      } else {
        readProperty(for: index, unit)
      }
    }
    if lpis[unit].slots.queue.isEmpty { advanceBanks(unit) }
  }

  /// The property is there: a set is at its redistributor, and from now on the LPI can be chosen.
  @inline(__always) private mutating func propertyKnown(
    _ index: TransactionIndex, isLast: Bool = false
  ) {
    let transaction = pool.element(index)
    spend(index, MSIStage.propertyMemory, until: now)
    guard transaction.value.kind != .invalidate else { return endAtUnit(index, .acknowledged) }
    acknowledged(index)
    // What was taken on the way does not arrive: its INTID may be under way anew.
    guard transaction.value.indexed else { return end(index, .taken) }
    transaction.value.arrived = true
    restingCount &+= 1
    let pe = PEIndex(rawValue: transaction.value.pe)
    let intid = INTID(rawValue: transaction.value.intid)
    hold(intid, of: pe, near: transaction.value.waitingPlace)
    arrive(intid, at: pe, isLast: isLast)
  }

  /// The LPI is at its redistributor.
  /// - Parameter isLast: as in ``kick(_:isLast:)``.
  @inline(__always)
  private mutating func arrive(_ intid: INTID, at pe: PEIndex, isLast: Bool = false) {
    rules.arrive(intid, at: pe)
    // The rules tell of a change; this one is an arrival, which ends no choice.
    recorder.forget(pe)
    kick(pe, isLast: isLast && !recorder.hasChangedPEs)
    while let pe = recorder.nextChangedPE() { kick(pe) }
  }
}
