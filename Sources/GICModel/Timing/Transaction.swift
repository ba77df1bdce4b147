import GICArch

/// The stages of an MSI, in path order. An INT command's LPI joins at ``creditWait``.
public enum MSIStage: Int, CaseIterable, Sendable {
  /// Outside, because the ingress FIFO was full.
  case ingressWait
  case accept
  /// From the end of the acceptance: the wait for the grant, and the grant.
  case arbitration
  case deviceLookup, eventLookup, collectionLookup
  /// Waiting for a translation slot and for table reads.
  case tableMemory
  case creditWait
  /// Format, beats and hops.
  case link
  /// Waiting for the bank, and its lookup.
  case lpiLookup
  /// Waiting for a property slot and for the property read.
  case propertyMemory
  /// At the redistributor, while something better is shown or the choice is busy.
  case hppiWait
  /// Waiting for the pending table, if the LPI lies there.
  case pendingMemory
  case hppiSelect
  case downstream
  case acceptance

  /// As results spell it.
  public var name: String {
    switch self {
    case .ingressWait: "ingress_wait"
    case .accept: "accept"
    case .arbitration: "arbitration"
    case .deviceLookup: "device_lookup"
    case .eventLookup: "event_lookup"
    case .collectionLookup: "collection_lookup"
    case .tableMemory: "table_memory"
    case .creditWait: "credit_wait"
    case .link: "link"
    case .lpiLookup: "lpi_lookup"
    case .propertyMemory: "property_memory"
    case .hppiWait: "hppi_wait"
    case .pendingMemory: "pending_memory"
    case .hppiSelect: "hppi_select"
    case .downstream: "downstream"
    case .acceptance: "acceptance"
    }
  }
}

/// The stages of a command, in path order.
public enum CommandStage: Int, CaseIterable, Sendable {
  /// From the CWRITER write: behind earlier commands, fetched or not.
  case queueWait
  case fetch
  /// Ready, and not granted yet.
  case arbitration
  case decode
  /// Table reads, the wait for a slot, and the wait for an earlier posted write.
  case tableMemory
  case operation
  /// SYNC: its way over the link.
  case link
  /// SYNC: the LPI unit's lookup, and the wait for earlier effects on its target.
  case lpiUnit
  case acknowledge
  /// Rejected, and the queue stands still until the guest retries; then it is fetched again.
  case stall
  /// CREADR moves at its end.
  case retire

  /// As results spell it.
  public var name: String {
    switch self {
    case .queueWait: "queue_wait"
    case .fetch: "fetch"
    case .arbitration: "arbitration"
    case .decode: "decode"
    case .tableMemory: "table_memory"
    case .operation: "operation"
    case .link: "link"
    case .lpiUnit: "lpi_unit"
    case .acknowledge: "acknowledge"
    case .stall: "stall"
    case .retire: "retire"
    }
  }
}

/// Names a transaction: its place in the pool.
typealias TransactionIndex = UInt32

/// What something under way is.
public enum TransactionKind: UInt8, BitwiseCopyable, Sendable {
  case free
  case msi
  case command
  /// An LPI set by INT; from the link on it is an MSI.
  case set
  /// The second message of MOVI: sets at the target what the first, a clear, took at the source.
  case moved
  case clear
  case invalidate
  case invalidateAll
  /// LPIs leave a redistributor for another one, or come to it.
  case moveAll
  case synchronize
}

/// Something under way: an MSI, a command, or a message that a command has sent.
struct Transaction: BitwiseCopyable {
  typealias Kind = TransactionKind
  /// Which cache a transaction looks up next, or waits for.
  enum Table: UInt8 {
    case device, event, collection
  }

  var kind = Kind.free
  var table = Table.device
  /// In the index of LPIs not yet presented. One that something else took is not: its message goes
  /// on, and ends at the redistributor.
  var indexed = false
  /// It has come to the redistributor, and waits there to be chosen.
  var arrived = false
  /// Of a MOVALL: the message to the source.
  var isSource = false
  /// Its lookups were all done ahead, and wait for their end.
  var isAhead = false
  /// It keeps an LPI unit busy, and ends with that.
  var isHeld = false
  /// It is on the express lane.
  var isExpress = false
  var its: UInt16 = 0
  var device: UInt32 = 0
  var event: UInt32 = 0
  /// What it looks up, and where it goes.
  var found = FoundTranslation()
  /// The SYNCs that its ITS had granted before it; of a fetched command, the queue's generation.
  var epoch: UInt32 = 0
  var amount: UInt32 = 0
  /// Its number among all that ever began, from 1.
  var serial: UInt64 = 0
  /// The message that is made when this one's answer is back.
  var partner: TransactionIndex = .max
  /// The next transaction of the queue that it stands in.
  var next: TransactionIndex = .max
  /// Where it may be in the index of LPIs: see ``WaitingIndex/foundPlace(_:near:)``.
  var waitingPlace: UInt32 = 0
  /// Its first cycle, and the cycle up to which its stages account.
  var start: UInt64 = 0
  var mark: UInt64 = 0
  /// Cycles by ``MSIStage`` or ``CommandStage``.
  var stages = InlineArray<16, UInt64>(repeating: 0)

  init() {}

  /// Becomes another one, in its place.
  @inline(__always)
  fileprivate mutating func begin(_ kind: Kind, its n: ITSIndex, at cycle: UInt64) {
    self.kind = kind
    table = .device
    (indexed, arrived, isSource) = (false, false, false)
    (isHeld, isAhead, isExpress) = (false, false, false)
    its = UInt16(truncatingIfNeeded: n)
    (device, event, found) = (0, 0, FoundTranslation())
    (epoch, amount, partner, next) = (0, 0, .max, .max)
    (start, mark) = (cycle, cycle)
    for stage in 0..<16 { stages[stage] = 0 }
  }

  /// Everything since the last mark was spent in `stage`.
  @inline(__always) mutating func spend(_ stage: MSIStage, until cycle: UInt64) {
    stages[stage.rawValue] &+= cycle &- mark
    mark = cycle
  }
  @inline(__always) mutating func spend(_ stage: CommandStage, until cycle: UInt64) {
    stages[stage.rawValue] &+= cycle &- mark
    mark = cycle
  }

  /// The sum of all stages: exactly the time from `start` to `mark`.
  var stageSum: UInt64 {
    var sum: UInt64 = 0
    for index in stages.indices { sum &+= stages[index] }
    return sum
  }
}

extension Transaction {
  /// Reads of a device table miss: 1, or 2 when it is indirect.
  @inline(__always) var levels: UInt8 {
    get { found.levels }
    set { found.levels = newValue }
  }
  /// It carries a message for ``pe``. Otherwise it ends after its lookups: it was dropped.
  @inline(__always) var hasTarget: Bool {
    get { found.hasTarget }
    set { found.hasTarget = newValue }
  }
  @inline(__always) var merged: Bool {
    get { found.merged }
    set { found.merged = newValue }
  }
  @inline(__always) var collection: UInt16 {
    get { found.collection }
    set { found.collection = newValue }
  }
  @inline(__always) var pe: UInt32 {
    get { found.pe }
    set { found.pe = newValue }
  }
  @inline(__always) var intid: UInt32 {
    get { found.intid }
    set { found.intid = newValue }
  }
}

/// The transactions of a machine, in one growable slab with a list of the free places.
struct TransactionPool: ~Copyable {
  private(set) var slots: Slab<Transaction>
  private var free: TransactionIndex = .max
  /// How many are under way.
  private(set) var liveCount = 0
  /// How many ever began.
  private(set) var begunCount: UInt64 = 0

  init() { slots = Slab(repeating: Transaction(), count: 0) }
  deinit { slots.deallocate() }

  @inline(__always) subscript(index: TransactionIndex) -> Transaction {
    _read { yield slots[Int(index)] }
    nonmutating _modify { yield &slots[Int(index)] }
  }

  mutating func allocate(
    _ kind: Transaction.Kind, its n: ITSIndex, at cycle: UInt64
  ) -> TransactionIndex {
    if free == .max { grow() }
    let index = free
    let transaction = slots.element(Int(index))
    free = transaction.value.next
    begunCount &+= 1
    liveCount &+= 1
    transaction.value.begin(kind, its: n, at: cycle)
    transaction.value.serial = begunCount
    return index
  }

  /// One transaction, until another one begins: then it may lie elsewhere.
  @inline(__always) func element(_ index: TransactionIndex) -> SlabElement<Transaction> {
    slots.element(Int(index))
  }

  @inline(__always) mutating func release(_ index: TransactionIndex) {
    let transaction = slots.element(Int(index))
    assert(transaction.value.kind != .free, "released twice")
    transaction.value.kind = .free
    transaction.value.next = free
    free = index
    liveCount &-= 1
  }

  private mutating func grow() {
    let old = slots
    let count = max(64, old.count * 2)
    slots = Slab(count: count) { index in
      if index < old.count { return old[index] }
      var transaction = Transaction()
      if index + 1 < count { transaction.next = TransactionIndex(index + 1) }
      return transaction
    }
    free = TransactionIndex(old.count)
    old.deallocate()
  }
}

/// Transactions in a line, first in first out, linked through themselves: each stands in one at
/// most.
struct TransactionQueue: BitwiseCopyable {
  private(set) var head: TransactionIndex = .max
  private var tail: TransactionIndex = .max
  private(set) var count = 0

  @inline(__always) var isEmpty: Bool { count == 0 }

  @inline(__always)
  mutating func append(_ index: TransactionIndex, in pool: borrowing TransactionPool) {
    pool[index].next = .max
    if count == 0 { head = index } else { pool[tail].next = index }
    tail = index
    count &+= 1
  }

  @inline(__always)
  mutating func popFirst(in pool: borrowing TransactionPool) -> TransactionIndex? {
    guard count > 0 else { return nil }
    let index = head
    head = pool[index].next
    count &-= 1
    return index
  }
}

extension TransactionQueue {
  var words: [UInt64] { [UInt64(head) | UInt64(tail) << 32, UInt64(count)] }
  init(words: ArraySlice<UInt64>) {
    let (ends, length) = (words[words.startIndex], words[words.startIndex + 1])
    head = UInt32(truncatingIfNeeded: ends)
    tail = UInt32(truncatingIfNeeded: ends >> 32)
    count = Int(length & 0xffff_ffff)
  }
}

extension TransactionPool {
  /// Whether a transaction of that name can be looked at.
  func holds(_ index: TransactionIndex) -> Bool { Int(index) < slots.count }
  /// Whether all that stand in the line are there.
  func holds(_ queue: TransactionQueue) -> Bool {
    var index = queue.head
    for _ in 0..<queue.count {
      guard holds(index) else { return false }
      index = slots[Int(index)].next
    }
    return true
  }

  /// Every place, free or not, since places name transactions.
  /// - Parameter isSound: whether a transaction names what there is.
  mutating func archive(
    _ archive: inout Archive, isSound: (Transaction) -> Bool
  ) throws(SnapshotError) {
    var words = (0..<slots.count).flatMap { slots[$0].words }
    try archive.field("transactions", &words)
    try archive.field("first_free", &free)
    try archive.field("live", &liveCount)
    try archive.field("begun", &begunCount)
    guard archive.isReading else { return }
    let width = Transaction.wordCount
    guard words.count % width == 0 else { throw .field("transactions") }
    let count = words.count / width
    let new = Slab(repeating: Transaction(), count: count)
    slots.deallocate()
    slots = new
    for index in 0..<count {
      let part = words[index * width..<(index + 1) * width]
      guard let transaction = Transaction(words: part), isSound(transaction),
        transaction.next == .max || holds(transaction.next),
        transaction.partner == .max || holds(transaction.partner)
      else { throw .field("transaction \(index)") }
      slots[index] = transaction
    }
    guard free == .max || holds(free) else { throw .field("first_free") }
  }
}
