/// The reads that a cache has outstanding, one in each slot. Whoever misses a line that is being
/// read already joins that read and takes no slot. Whoever finds no slot free stands in one queue,
/// first come first served, and looks again when a slot is freed: at that very cycle.
struct MissSlots: ~Copyable {
  struct Slot: BitwiseCopyable {
    var busy = false
    var table = Transaction.Table.device
    /// The line was invalidated while it was read: the answer is used, but not kept.
    var stale = false
    /// Reads still to be made after this one: 1 on the way to the second level.
    var readsLeft: UInt8 = 0
    var key: UInt64 = 0
    var waiters = TransactionQueue()
  }
  let slots: Slab<Slot>
  var queue = TransactionQueue()
  private(set) var busyCount = 0

  init(count: Int) { slots = Slab(count: max(1, count)) { _ in Slot() } }
  deinit { slots.deallocate() }

  var hasFree: Bool { busyCount < slots.count }

  /// The slot that reads the line, if one does.
  func reading(_ table: Transaction.Table, _ key: UInt64) -> Int? {
    guard busyCount > 0 else { return nil }
    for index in 0..<slots.count {
      let slot = slots.element(index)
      if slot.value.busy, slot.value.key == key, slot.value.table == table, !slot.value.stale {
        return index
      }
    }
    return nil
  }

  /// Takes the lowest free slot; one must be free.
  mutating func take(_ table: Transaction.Table, _ key: UInt64, reads: UInt8) -> Int {
    var index = 0
    while slots[index].busy { index &+= 1 }
    slots[index] = Slot(busy: true, table: table, readsLeft: reads &- 1, key: key)
    busyCount &+= 1
    return index
  }

  /// Frees the slot and returns what it held.
  mutating func free(_ index: Int) -> Slot {
    let slot = slots[index]
    slots[index].busy = false
    busyCount &-= 1
    return slot
  }

  /// Marks all reads under way as overtaken.
  func markAllStale() {
    for index in 0..<slots.count where slots[index].busy { slots[index].stale = true }
  }

  /// Marks the reads of a line (of a device: of all its events too) as overtaken.
  func markStale(_ table: Transaction.Table, _ key: UInt64) {
    guard busyCount > 0 else { return }
    for index in 0..<slots.count where slots[index].busy {
      let same = slots[index].table == table && slots[index].key == key
      let child =
        table == .device && slots[index].table == .event && slots[index].key &>> 32 == key
      if same || child { slots[index].stale = true }
    }
  }
}

extension MissSlots {
  mutating func archive(
    _ archive: inout Archive, _ pool: borrowing TransactionPool
  ) throws(SnapshotError) {
    var words = queue.words
    for index in 0..<slots.count { words += slots[index].words }
    try archive.field("slots", &words)
    guard archive.isReading else { return }
    guard words.count == 2 + slots.count * Slot.wordCount else { throw .field("slots") }
    queue = TransactionQueue(words: words[0..<2])
    busyCount = 0
    var isSound = pool.holds(queue)
    for index in 0..<slots.count {
      let first = 2 + index * Slot.wordCount
      guard let slot = Slot(words: words[first..<first + Slot.wordCount]) else {
        throw .field("slots")
      }
      slots[index] = slot
      isSound = isSound && pool.holds(slot.waiters)
      if slot.busy { busyCount += 1 }
    }
    guard isSound else { throw .field("slots") }
  }
}

extension MissSlots.Slot {
  fileprivate static var wordCount: Int { 4 }
  /// A slot that is free says nothing.
  fileprivate var words: [UInt64] {
    guard busy else { return [0, 0, 0, 0] }
    let flags = (busy ? 1 : 0) | (stale ? 2 : 0) as UInt64
    return [flags | UInt64(table.rawValue) << 8 | UInt64(readsLeft) << 16, key] + waiters.words
  }
  fileprivate init?(words: ArraySlice<UInt64>) {
    let words = Array(words)
    guard let table = Transaction.Table(rawValue: UInt8(words[0] >> 8 & 255)) else { return nil }
    (busy, stale) = (words[0] & 1 != 0, words[0] & 2 != 0)
    self.table = table
    readsLeft = UInt8(words[0] >> 16 & 255)
    key = words[1]
    waiters = busy ? TransactionQueue(words: words[2..<4]) : TransactionQueue()
  }
}
