import GICArch

/// Unit 7 and its memory port, unit 8: shared by all ITSs and redistributors of the machine.
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
  var slots: MissSlots
  var port: MemoryPort

  init(_ timing: TimingParameters) {
    banks = Slab(repeating: Bank(), count: max(1, timing.lpiBanks))
    properties = TimingCache(timing.lpiCache)
    slots = MissSlots(count: timing.propertyReadsInFlight)
    port = MemoryPort(
      latency: timing.memoryLatencyCycles, requestCycles: timing.memoryRequestCycles)
  }
  deinit { banks.deallocate() }
}

// Messages stand in the queue of their bank (INTID modulo banks; a message without an INTID: bank
// 0) in the order of their arrival. A bank takes one a cycle, none while anybody waits for a
// property slot (what it cannot take keeps its credit: back-pressure), and knows after
// `lpiLookupCycles` what it is:
// - a set that merged ends; another needs its property, from the cache or from memory, and is then
//   at its redistributor;
// - a clear ends; INV forgets the property, and reads it again if the LPI still waits to be
//   presented;
// - INVALL forgets all properties: every bank is busy for one cycle a set, or, with
//   `invallRefetches`, until the lines that were valid have been read again,
//   `propertyReadsInFlight` at a time;
// - MOVALL keeps every bank busy for one cycle for each LPI moved;
// - a SYNC waits until all earlier effects on its target are acknowledged.
extension TimedCore where Rules: ~Copyable {
  mutating func messageArrived(_ index: TransactionIndex) {
    let bank = Int(pool[index].intid) % lpi.banks.count
    lpi.banks[bank].queue.append(index, in: pool)
    trace(.bankQueue, bank, lpi.banks[bank].queue.count)
    if lpi.banks[bank].queue.count == 1 { advanceBank(bank) }
  }

  mutating func bankFreed(_ bank: Int) {
    guard lpi.banks[bank].armed == now else { return }
    lpi.banks[bank].armed = .max
    advanceBank(bank)
  }

  private mutating func advanceBank(_ bank: Int) {
    while lpi.slots.queue.isEmpty, !lpi.banks[bank].queue.isEmpty {
      let free = lpi.banks[bank].free
      if free > now {
        if free < lpi.banks[bank].armed {
          lpi.banks[bank].armed = free
          wheel.schedule(.lpiBank, at: free, payload: UInt32(bank))
        }
        return
      }
      guard let index = lpi.banks[bank].queue.popFirst(in: pool) else { return }
      lpi.banks[bank].free = now &+ 1
      trace(.bankQueue, bank, lpi.banks[bank].queue.count)
      wheel.schedule(
        .credit, at: now &+ timing.linkReturnCycles, payload: UInt32(pool[index].its))
      wheel.schedule(.lpiLookup, at: now &+ timing.lpiLookupCycles, payload: index)
    }
  }

  mutating func lpiLookupEnded(_ index: TransactionIndex) {
    if pool[index].kind != .synchronize { spend(index, MSIStage.lpiLookup, until: now) }
    switch pool[index].kind {
    case .msi where pool[index].merged:
      counters.merged &+= 1
      msiLatency.record(pool[index])
      endAtUnit(index, .merged)
    case .set where pool[index].merged: endAtUnit(index, .merged)
    case .msi, .set, .moved:
      if lpi.properties.lookup(UInt64(pool[index].intid)) {
        reachRedistributor(index)
      } else {
        readProperty(for: index)
      }
    case .invalidate:
      invalidateProperty(pool[index].intid, pe: pool[index].pe)
      endAtUnit(index, .acknowledged)
    case .invalidateAll:
      let valid = lpi.properties.forgetAll()
      let cycles =
        timing.invallRefetches
        ? UInt64((valid + lpi.slots.slots.count - 1) / lpi.slots.slots.count)
          * timing.memoryLatencyCycles : UInt64(lpi.properties.sets)
      holdBanks(cycles)
      endAtUnit(index, .acknowledged)
    case .moveAll:
      holdBanks(UInt64(pool[index].amount))
      endAtUnit(index, .acknowledged)
    case .synchronize:
      let n = Int(pool[index].its)
      end(index, .acknowledged)
      its[n].execution.reached = true
      synchronizeIfDone(n)
    case .clear, .command, .free: endAtUnit(index, .acknowledged)
    }
  }

  /// A message that ends at the LPI unit.
  private mutating func endAtUnit(_ index: TransactionIndex, _ how: TimingEnd) {
    acknowledged(index)
    end(index, how)
  }

  private func holdBanks(_ cycles: UInt64) {
    for bank in 0..<lpi.banks.count {
      lpi.banks[bank].free = max(lpi.banks[bank].free, now) &+ cycles
    }
  }

  private mutating func invalidateProperty(_ intid: UInt32, pe: UInt32) {
    lpi.properties.forget(UInt64(intid))
    lpi.slots.markStale(.device, UInt64(intid))
    // A read that nobody waits for is made only if a slot is free; otherwise the next set pays.
    if waiting.find(pe: pe, intid: intid) != nil, lpi.slots.hasFree {
      startPropertyRead(intid)
    }
  }

  private mutating func readProperty(for index: TransactionIndex) {
    let intid = pool[index].intid
    if let slot = lpi.slots.reading(.device, UInt64(intid)) {
      lpi.slots.slots[slot].waiters.append(index, in: pool)
    } else if lpi.slots.hasFree {
      let slot = startPropertyRead(intid)
      lpi.slots.slots[slot].waiters.append(index, in: pool)
    } else {
      lpi.slots.queue.append(index, in: pool)
      trace(.propertyQueue, 0, lpi.slots.queue.count)
    }
  }

  @discardableResult
  private mutating func startPropertyRead(_ intid: UInt32) -> Int {
    counters.propertyReads &+= 1
    // The slots know one kind of line here, so any table will do as its name.
    let slot = lpi.slots.take(.device, UInt64(intid), reads: 1)
    trace(.propertySlots, 0, lpi.slots.busyCount)
    let answer = lpi.port.request(at: now)
    wheel.schedule(.propertyRead, at: answer, payload: UInt32(slot))
    return slot
  }

  mutating func propertyReadReturned(slot: Int) {
    var answered = lpi.slots.free(slot)
    trace(.propertySlots, 0, lpi.slots.busyCount)
    if !answered.stale { lpi.properties.fill(answered.key) }
    while let index = answered.waiters.popFirst(in: pool) { reachRedistributor(index) }
    while lpi.slots.hasFree, let index = lpi.slots.queue.popFirst(in: pool) {
      trace(.propertyQueue, 0, lpi.slots.queue.count)
      if lpi.properties.touch(UInt64(pool[index].intid)) {
        reachRedistributor(index)
      } else {
        readProperty(for: index)
      }
    }
    if lpi.slots.queue.isEmpty {
      for bank in 0..<lpi.banks.count { advanceBank(bank) }
    }
  }

  /// The set is at its redistributor: from now on the LPI can be chosen.
  private mutating func reachRedistributor(_ index: TransactionIndex) {
    spend(index, MSIStage.propertyMemory, until: now)
    acknowledged(index)
    let (pe, intid) = (PEIndex(rawValue: pool[index].pe), INTID(rawValue: pool[index].intid))
    let (isWaited, isMove) = (pool[index].indexed, pool[index].kind == .moved)
    if isWaited {
      pool[index].arrived = true
    } else {
      end(index, isMove ? .acknowledged : .taken)
    }
    // What was taken on the way does not arrive: its INTID may be under way anew.
    guard isWaited || isMove else { return }
    rules.arrive(intid, at: pe)
    kick(pe)
    // The rules tell of a change; this one is an arrival, which ends no choice.
    while let pe = recorder.nextChangedPE() { kick(pe) }
  }
}
