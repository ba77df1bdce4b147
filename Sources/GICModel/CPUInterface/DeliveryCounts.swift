import GICArch

/// How often each LPI was acknowledged. It grows to the highest INTID that ever was, so that it
/// costs what is used of it.
struct DeliveryCounts {
  private var words = WordBlock(name: 0)

  func deallocate() { words.deallocate() }

  @inline(__always) mutating func count(_ intid: INTID) {
    let index = DeliveryCounts.index(intid)
    if !words.contains(index) { grow(to: index) }
    words.store(index, words.load(index) &+ 1)
  }

  @inline(__always) subscript(intid: INTID) -> UInt64 {
    intid.isLPI ? words.load(DeliveryCounts.index(intid)) : 0
  }

  @inline(__always) private static func index(_ intid: INTID) -> UInt32 {
    intid.rawValue &- INTID.firstLPI.rawValue
  }

  @inline(never) private mutating func grow(to index: UInt32) {
    var count = max(words.count, 512)
    while count <= Int(index) { count *= 2 }
    let old = words
    words = old.grown(to: count)
    old.deallocate()
  }

  private var indices: Range<UInt32> { 0..<UInt32(words.count) }

  mutating func reset() {
    for index in indices { words.store(index, 0) }
  }

  mutating func add(_ other: DeliveryCounts) {
    if other.words.count > words.count { grow(to: UInt32(other.words.count - 1)) }
    for index in other.indices {
      let sum = words.load(index) &+ other.words.load(index)
      words.store(index, sum)
    }
  }

  /// Pairs of an INTID and its count.
  mutating func archive(_ archive: inout Archive, below limit: UInt32) throws(SnapshotError) {
    let first = UInt64(INTID.firstLPI.rawValue)
    var pairs = indices.filter { words.load($0) != 0 }
      .flatMap { [first + UInt64($0), words.load($0)] }
    try archive.field("deliveries", &pairs)
    guard archive.isReading else { return }
    reset()
    guard pairs.count % 2 == 0 else { throw .field("deliveries") }
    for place in stride(from: 0, to: pairs.count, by: 2) {
      guard pairs[place] >= first, pairs[place] < UInt64(limit) else { throw .field("deliveries") }
      let index = UInt32(pairs[place] - first)
      if !words.contains(index) { grow(to: index) }
      words.store(index, pairs[place + 1])
    }
  }
}
