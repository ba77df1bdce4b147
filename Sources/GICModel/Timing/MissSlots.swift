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
    for index in 0..<slots.count
    where slots[index].busy && slots[index].key == key && slots[index].table == table
      && !slots[index].stale
    {
      return index
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
    for index in 0..<slots.count where slots[index].busy {
      let same = slots[index].table == table && slots[index].key == key
      let child =
        table == .device && slots[index].table == .event && slots[index].key &>> 32 == key
      if same || child { slots[index].stale = true }
    }
  }
}
