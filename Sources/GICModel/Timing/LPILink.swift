import GICArch

// Unit 6: the link from an ITS to the LPI units. Messages leave in the order in which they were
// made. A message needs a credit; it is formatted for `linkFormatCycles` (a SYNC is formatted while
// its operation runs: 0) and then has the link for `linkBeats`, so that a format may overlap the
// last beats of the message before. After the last beat it travels `linkHops` times `hopCycles`, to
// another chip `crossChipCycles` more, and is at the LPI unit. A credit is back `linkReturnCycles`
// (from another chip `crossChipCycles` more) after the LPI unit took the message, and can be used
// at that cycle. So long is also an answer's way: SYNC's, and that of the first of two messages.
extension TimedCore where Rules: ~Copyable {
  /// A message is addressed to its PE: from its grant on it is an effect that a SYNC waits for.
  @inline(__always) func began(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    outstanding[Int(transaction.value.its) &* pes.count &+ Int(transaction.value.pe)] &+= 1
  }

  /// The message's effect at the PE's redistributor is acknowledged.
  @inline(__always) mutating func acknowledged(_ index: TransactionIndex) {
    let transaction = pool.element(index)
    let n = Int(transaction.value.its)
    outstanding[n &* pes.count &+ Int(transaction.value.pe)] &-= 1
    let unit = its.element(n)
    if unit.value.execution.phase == .synchronize,
      unit.value.execution.target == transaction.value.pe,
      Int32(bitPattern: transaction.value.epoch &- unit.value.epoch) < 0
    {
      unit.value.execution.outstanding &-= 1
      synchronizeIfDone(n)
    }
  }

  /// From an ITS to a PE's LPI unit, beyond the first hop.
  @inline(__always) func travel(its n: ITSIndex, to pe: UInt32) -> UInt64 {
    if topology.isOneChip { return hops }
    let isFar = topology.chip(ofITS: n) != topology.chip(ofPE: Int(pe))
    return isFar ? hops &+ timing.crossChipCycles : hops
  }
  /// From there back.
  @inline(__always) func wayBack(its n: ITSIndex, from pe: UInt32) -> UInt64 {
    if topology.isOneChip { return timing.linkReturnCycles }
    let isFar = topology.chip(ofITS: n) != topology.chip(ofPE: Int(pe))
    return isFar ? timing.linkReturnCycles &+ timing.crossChipCycles : timing.linkReturnCycles
  }

  /// Puts a message in the link's queue.
  @inline(__always) mutating func send(_ index: TransactionIndex) {
    let n = Int(pool[index].its)
    let unit = its.element(n)
    express.others &+= 1
    let format = formatCycles(of: index)
    if unit.value.linkQueue.isEmpty, unit.value.credits > 0,
      now &+ format >= unit.value.linkFree
    {
      tracePassing(.linkQueue, n)
      depart(index, its: n, format: format, wasFull: timing.linkCredits <= 1)
    } else {
      unit.value.linkQueue.append(index, in: pool)
      trace(.linkQueue, n, unit.value.linkQueue.count)
      if unit.value.linkQueue.count == 1 { advanceLink(n) }
    }
  }

  mutating func creditReturned(_ n: ITSIndex) {
    let unit = its.element(n)
    unit.value.credits &+= 1
    trace(.credits, n, unit.value.credits)
    if !unit.value.linkQueue.isEmpty { advanceLink(n) }
  }

  /// One link is free for its next message: the first of those that are now.
  mutating func linkFreed() {
    for n in 0..<its.count where its[n].linkArmed == now {
      its[n].linkArmed = .max
      return advanceLink(n)
    }
  }

  @inline(never) private mutating func advanceLink(_ n: ITSIndex) {
    while its[n].credits > 0, !its[n].linkQueue.isEmpty {
      let head = its[n].linkQueue.head
      let format = formatCycles(of: head)
      if now &+ format < its[n].linkFree {
        let start = its[n].linkFree &- format
        if start < its[n].linkArmed {
          its[n].linkArmed = start
          wheel.schedule(.link, at: start, payload: UInt32(n))
        }
        return
      }
      let wasFull = its[n].linkQueue.count >= max(1, timing.linkCredits)
      guard let index = its[n].linkQueue.popFirst(in: pool) else { return }
      trace(.linkQueue, n, its[n].linkQueue.count)
      depart(index, its: n, format: format, wasFull: wasFull)
    }
  }

  @inline(__always) private func formatCycles(of index: TransactionIndex) -> UInt64 {
    pool[index].kind == .synchronize ? 0 : timing.linkFormatCycles
  }

  /// The message goes onto the link, out of its queue.
  @inline(__always) private mutating func depart(
    _ index: TransactionIndex, its n: ITSIndex, format: UInt64, wasFull: Bool
  ) {
    let unit = its.element(n)
    unit.value.credits &-= 1
    trace(.credits, n, unit.value.credits)
    let last = now &+ format &+ timing.linkBeats
    unit.value.linkFree = last
    let arrival = last &+ travel(its: n, to: pool[index].pe)
    spendOnLink(index, arrival: arrival)
    wheel.schedule(.lpiArrival, at: arrival, payload: index)
    if wasFull { wakeArbiter(n, at: now) }
  }

  @inline(__always) private mutating func spendOnLink(_ index: TransactionIndex, arrival: UInt64) {
    let transaction = pool.element(index)
    let unit = its.element(Int(transaction.value.its))
    if transaction.value.kind == .synchronize {
      // The SYNC command's own record keeps these cycles: until its arrival it is on the link.
      spend(unit.value.execution.transaction, CommandStage.link, until: arrival)
      return
    }
    if transaction.value.kind == .msi {
      unit.value.latencySum &+= now &- transaction.value.start
    }
    spend(index, MSIStage.creditWait, until: now)
    spend(index, MSIStage.link, until: arrival)
  }
}

/// Which chip and which LPI unit is whose.
struct Topology: ~Copyable {
  let unitCount: Int
  let isOneChip: Bool
  private let chipOfITS: Slab<UInt16>
  private let chipOfPE: Slab<UInt16>
  private let unitOfPE: Slab<UInt16>

  init(_ timing: TimingParameters, itsCount: Int, peCount: Int) {
    let chips = max(1, min(timing.chips, peCount))
    isOneChip = chips == 1
    chipOfITS = Slab(count: itsCount) { UInt16($0 * chips / itsCount) }
    chipOfPE = Slab(count: peCount) { UInt16($0 * chips / peCount) }
    let chipOfPE = self.chipOfPE
    unitOfPE = Slab(count: peCount) { timing.lpiPerRedistributor ? UInt16($0) : chipOfPE[$0] }
    unitCount = timing.lpiPerRedistributor ? max(1, peCount) : chips
  }
  deinit {
    chipOfITS.deallocate()
    chipOfPE.deallocate()
    unitOfPE.deallocate()
  }

  @inline(__always) func chip(ofITS n: Int) -> UInt16 { chipOfITS[n] }
  @inline(__always) func chip(ofPE pe: Int) -> UInt16 { chipOfPE[pe] }
  /// The LPI unit of a PE.
  @inline(__always) func unit(ofPE pe: Int) -> Int { unitCount == 1 ? 0 : Int(unitOfPE[pe]) }
}
