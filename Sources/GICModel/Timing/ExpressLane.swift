// The way of an MSI's message from its last lookup to the end of the LPI unit's, as one event. It
// is known at the grant if every line is cached, one ITS and one LPI unit are all there is, nothing
// but such messages is between them, and none of those can make the LPI unit stop. Then no cycle of
// it is another one; what is asked of the time between is told as it would have been, and where
// anything else comes (``leaveExpress()``) all are put on the way of everybody, where they would
// be.

/// What the messages on the express lane have borrowed, and what must hold for the next. Its owner
/// deallocates it.
struct ExpressLane {
  /// Whether the machine is of a shape that has the lane.
  let isOpen: Bool
  /// From the last lookup's end until the message is at the LPI unit.
  let linkCycles: UInt64
  /// From there until the credit is back.
  let returnCycles: UInt64
  /// From one message's arrival to the next one's, at least.
  private let spacing: UInt64
  /// The end of the LPI unit's lookup must be nearer than this: nothing that is read meanwhile
  /// comes before it, and the event lies in the wheel.
  private let reach: UInt64
  /// Messages on the lane, at most: beside them there is room for the credits that are lent.
  private let capacity: Int
  /// On the lane, in order.
  var queue = TransactionQueue()
  /// When the last 32 credits are back, by number; 0 where the unit itself counts.
  private let returns = Slab<UInt64>(repeating: 0, count: 32)
  private var number = 0
  /// When the last credit is back; 0 if none was lent.
  private(set) var lastReturn: UInt64 = 0
  /// Messages that went on the link otherwise, and can still come back or keep the LPI unit busy.
  var others = 0

  init(_ timing: TimingParameters, isOpen: Bool) {
    self.isOpen =
      isOpen && (2...16).contains(timing.linkCredits) && timing.linkBeats > 0
      && timing.lookupIntervalCycles > 0 && timing.lpiLookupCycles > 0
      && timing.linkReturnCycles > 0
    linkCycles =
      timing.linkFormatCycles &+ timing.linkBeats &+ timing.linkHops &* timing.hopCycles
    returnCycles = timing.linkReturnCycles
    spacing = max(timing.linkBeats, timing.lpiBankCycles)
    reach = min(256, timing.memoryLatencyCycles)
    capacity = 32 - timing.linkCredits
  }
  func deallocate() { returns.deallocate() }

  /// Whether a message that arrives and is looked up then can go right behind the others.
  @inline(__always)
  func takes(arrival: UInt64, known: UInt64, now: UInt64) -> Bool {
    known &- now < reach && queue.count < capacity
      && arrival &+ returnCycles >= lastReturn &+ spacing
  }

  /// How many credits are lent to messages of the lane at a cycle, before which none departs any
  /// more; at most `limit`.
  @inline(__always) func lent(at cycle: UInt64, limit: Int) -> Int {
    let (returns, number) = (returns, number)
    var lent = 0
    while lent < limit, returns[(number &- lent) & 31] > cycle { lent &+= 1 }
    return lent
  }

  @inline(__always)
  mutating func append(
    _ index: TransactionIndex, arrival: UInt64, in pool: borrowing TransactionPool
  ) {
    number &+= 1
    lastReturn = arrival &+ returnCycles
    returns[number & 31] = lastReturn
    queue.append(index, in: pool)
  }

  /// The cycles after `now` at which credits are back that were lent by `now`, the first first.
  func returns(after now: UInt64) -> [UInt64] {
    let lent = returnCycles &+ linkCycles
    return (0..<32).map { returns[(number &- 31 &+ $0) & 31] }.filter {
      $0 > now && $0 &- lent <= now
    }
  }

  /// Nobody is on it any more.
  mutating func clear() {
    queue = TransactionQueue()
    returns.fill(0)
    lastReturn = 0
  }
}

extension TimedCore where Rules: ~Copyable {
  /// The MSI's lookups end at `end`, all with a hit: takes its message onto the lane, if it can.
  @inline(__always) mutating func takeExpress(
    _ index: TransactionIndex, _ transaction: SlabElement<Transaction>,
    _ unit: SlabElement<ITSUnit>, end: UInt64
  ) -> Bool {
    let arrival = end &+ express.linkCycles
    let known = arrival &+ timing.lpiLookupCycles
    guard express.isOpen, express.others == 0, transaction.value.hasTarget,
      unit.value.ahead.isEmpty, unit.value.credits == timing.linkCredits, end > now,
      unit.value.linkFree <= end &+ timing.linkFormatCycles,
      express.takes(arrival: arrival, known: known, now: now)
    else { return false }
    let lpis = lpis.element(0)
    let lent = express.lent(at: end, limit: timing.linkCredits)
    guard lent < timing.linkCredits,
      lpis.value.staysOpen(for: express.queue.count),
      lpis.value.banks[bank(of: transaction)].free <= arrival
    else { return false }
    transaction.value.spend(MSIStage.link, until: arrival)
    transaction.value.amount = UInt32(truncatingIfNeeded: timing.linkCredits &- lent &- 1)
    transaction.value.isExpress = true
    express.append(index, arrival: arrival, in: pool)
    wheel.schedule(.lpiLookup, at: known, payload: index)
    return true
  }

  @inline(__always) private func bank(of transaction: SlabElement<Transaction>) -> Int {
    bankCount == 1 ? 0 : Int(transaction.value.intid) % bankCount
  }

  /// The first message of the lane has been looked up: what happened on its way is told.
  @inline(__always) mutating func expressArrived(_ transaction: SlabElement<Transaction>) {
    _ = express.queue.popFirst(in: pool)
    expressDeparted(transaction)
    expressTaken(transaction)
  }

  /// It has gone onto the link.
  @inline(__always)
  private mutating func expressDeparted(_ transaction: SlabElement<Transaction>) {
    let (unit, arrival) = (its.element(0), transaction.value.mark)
    let departure = arrival &- express.linkCycles
    unit.value.latencySum &+= departure &- transaction.value.start
    unit.value.linkFree = arrival &- hops
    if Tracer.hearsLevels {
      tracer.tracePassing(.linkQueue, 0)
      tracer.traceLoan(
        .credits, 0, from: departure, to: arrival &+ express.returnCycles,
        left: Int(transaction.value.amount))
    }
    transaction.value.amount = 0
    transaction.value.isExpress = false
  }

  /// A bank has taken it.
  @inline(__always)
  private mutating func expressTaken(_ transaction: SlabElement<Transaction>) {
    let bank = bank(of: transaction)
    lpis.element(0).value.banks[bank].free = transaction.value.mark &+ timing.lpiBankCycles
    if Tracer.hearsLevels { tracer.tracePassing(.bankQueue, bank) }
  }

  /// Something comes that is not for the lane, or looks at what lies below it.
  @inline(__always) mutating func leaveExpress() {
    if express.isOpen, express.lastReturn > now || !express.queue.isEmpty { endExpress() }
  }

  /// Puts all that are on the lane where they would be without it. Everything of this cycle but
  /// grants has happened.
  @inline(never) private mutating func endExpress() {
    var index = express.queue.head
    for _ in 0..<express.queue.count {
      let transaction = pool.element(index)
      let (next, arrival) = (transaction.value.next, transaction.value.mark)
      let known = arrival &+ timing.lpiLookupCycles
      if arrival &- express.linkCycles > now {
        wheel.remove(.lpiLookup, at: known, payload: index)
        comeBack(index, transaction)
      } else {
        expressDeparted(transaction)
        express.others &+= 1
        if arrival > now {
          wheel.remove(.lpiLookup, at: known, payload: index)
          wheel.schedule(.lpiArrival, at: arrival, payload: index)
        } else {
          expressTaken(transaction)
        }
      }
      index = next
    }
    for cycle in express.returns(after: now) {
      its[0].credits &-= 1
      if Tracer.hearsLevels {
        tracer.trace(.level(.credits, unit: 0, value: its[0].credits, cycle: cycle))
      }
      // Where no bank has the message yet, the one that takes it sends the credit back.
      if cycle &- express.returnCycles <= now { wheel.schedule(.credit, at: cycle, payload: 0) }
    }
    express.clear()
  }

  /// The message has not departed: its MSI is at its lookups, as far as they are known.
  private mutating func comeBack(
    _ index: TransactionIndex, _ transaction: SlabElement<Transaction>
  ) {
    let end = transaction.value.mark &- express.linkCycles
    transaction.value.mark = end
    transaction.value.stages[MSIStage.link.rawValue] = 0
    transaction.value.amount = 0
    transaction.value.isExpress = false
    transaction.value.isAhead = true
    its[0].ahead.append(index, in: pool)
    wheel.schedule(.lookup, at: end, payload: index)
  }

  /// The events that the lane's messages would have after `now`, by their cycles.
  func forEachOnExpress(_ body: (UInt64) -> Void) {
    guard express.isOpen else { return }
    var index = express.queue.head
    for _ in 0..<express.queue.count {
      let transaction = pool[index]
      for cycle in [transaction.mark &- express.linkCycles, transaction.mark] where cycle > now {
        body(cycle)
      }
      index = transaction.next
    }
    for cycle in express.returns(after: now) { body(cycle) }
  }

  /// What ``ITSUnit/latencySum`` would have besides, of messages of the lane that have departed.
  var expressLatencySum: UInt64 {
    var (sum, index): (UInt64, TransactionIndex) = (0, express.queue.head)
    for _ in 0..<express.queue.count {
      let transaction = pool[index]
      let departure = transaction.mark &- express.linkCycles
      if departure <= now { sum &+= departure &- transaction.start }
      index = transaction.next
    }
    return sum
  }
}

extension LPIUnit {
  /// Whether the banks will take so many sets and one more, whatever those find.
  @inline(__always) fileprivate func staysOpen(for count: Int) -> Bool {
    slots.busyCount == 0 && slots.queue.isEmpty && count <= slots.slots.count
      && accesses.isQuiet && store.count &+ count <= store.capacity
  }
}
