/// The pending LPIs that an LPI unit holds, in the order in which they came. When it is full the
/// oldest makes room: it is in its pending table from then on.
struct PendingStore: ~Copyable {
  private struct Slot: BitwiseCopyable {
    /// As ``WaitingIndex/key(_:_:)``; of a free slot it says nothing.
    var key: UInt64 = 0
    var next: UInt32 = .max
    var previous: UInt32 = .max
  }
  let capacity: Int
  /// How many LPIs it holds.
  private(set) var count = 0
  private var slots = Slab(repeating: Slot(), count: 0)
  private var free: UInt32 = .max
  private var oldest: UInt32 = .max
  private var newest: UInt32 = .max

  init(capacity: Int) { self.capacity = max(1, capacity) }
  deinit { slots.deallocate() }

  var isFull: Bool { count == capacity }

  /// Takes an LPI in; it must not be full.
  /// - Returns: its slot.
  @inline(__always) mutating func append(_ key: UInt64) -> UInt32 {
    assert(count < capacity)
    if free == .max { grow() }
    let slot = free
    free = slots[Int(slot)].next
    slots[Int(slot)] = Slot(key: key, next: .max, previous: newest)
    if newest == .max { oldest = slot } else { slots[Int(newest)].next = slot }
    newest = slot
    count &+= 1
    return slot
  }

  mutating func remove(_ slot: UInt32) {
    let (next, previous) = (slots[Int(slot)].next, slots[Int(slot)].previous)
    if next == .max { newest = previous } else { slots[Int(next)].previous = previous }
    if previous == .max { oldest = next } else { slots[Int(previous)].next = next }
    slots[Int(slot)].next = free
    free = slot
    count &-= 1
  }

  /// Takes the oldest out; it must hold one.
  mutating func removeOldest() -> UInt64 {
    let key = slots[Int(oldest)].key
    remove(oldest)
    return key
  }

  private mutating func grow() {
    let old = slots
    let count = min(max(16, old.count * 2), capacity)
    slots = Slab(count: count) { index in
      if index < old.count { return old[index] }
      return Slot(next: index + 1 < count ? UInt32(index + 1) : .max)
    }
    free = UInt32(old.count)
    old.deallocate()
  }
}

extension PendingStore {
  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    var words = [
      UInt64(count), UInt64(free), UInt64(oldest) | UInt64(newest) << 32,
    ]
    for index in 0..<slots.count {
      let slot = slots[index]
      words += [slot.key, UInt64(slot.next) | UInt64(slot.previous) << 32]
    }
    try archive.field("held", &words)
    guard archive.isReading else { return }
    guard words.count >= 3, words.count % 2 == 1, words[0] <= UInt64(capacity) else {
      throw .field("held")
    }
    let places = (words.count - 3) / 2
    func place(_ word: UInt64) throws(SnapshotError) -> UInt32 {
      let place = UInt32(truncatingIfNeeded: word)
      guard place == .max || Int(place) < places else { throw .field("held") }
      return place
    }
    let new = Slab(repeating: Slot(), count: places)
    slots.deallocate()
    slots = new
    count = Int(words[0])
    (free, oldest, newest) = (
      try place(words[1]), try place(words[2]), try place(words[2] >> 32)
    )
    for index in 0..<places {
      let links = words[4 + index * 2]
      slots[index] = Slot(
        key: words[3 + index * 2], next: try place(links), previous: try place(links >> 32))
    }
  }
}
