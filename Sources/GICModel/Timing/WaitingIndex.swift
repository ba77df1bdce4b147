import GICArch

/// The LPIs that redistributors know of, by (PE, INTID): from the grant of their transaction until
/// something takes them. An open-addressing table with linear probing; it grows by doubling and is
/// at most half full.
struct WaitingIndex: ~Copyable {
  /// What is known of one LPI.
  struct LPI: BitwiseCopyable {
    /// What set it; `.max` once it has been presented.
    var transaction: TransactionIndex
    /// Its place among the LPIs that the LPI unit holds; `.max` if it is on its way or in the
    /// pending table.
    var slot: UInt32 = .max
  }
  struct Entry: BitwiseCopyable {
    /// PE in [63:32], INTID in [31:0]. INTID 0 is no LPI, so 0 is an empty place.
    fileprivate var key: UInt64
    var lpi: LPI
  }
  private static var blank: Entry { Entry(key: 0, lpi: LPI(transaction: .max)) }
  private var entries = Slab(repeating: WaitingIndex.blank, count: 64)
  private(set) var count = 0

  init() {}
  deinit { entries.deallocate() }

  static func key(_ pe: UInt32, _ intid: UInt32) -> UInt64 {
    UInt64(pe) &<< 32 | UInt64(intid)
  }
  @inline(__always) private func home(of key: UInt64) -> Int {
    let mixed = (key ^ key &>> 29) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed &>> 32) & (entries.count &- 1)
  }
  /// The place of the key, or the empty one where it would go.
  @inline(__always) private func place(of key: UInt64) -> Int {
    let entries = entries
    var place = home(of: key)
    while true {
      let other = entries[place].key
      if other == key || other == 0 { return place }
      place = (place &+ 1) & (entries.count &- 1)
    }
  }

  @inline(__always) func find(pe: UInt32, intid: UInt32) -> LPI? {
    let key = WaitingIndex.key(pe, intid)
    let place = place(of: key)
    return entries[place].key == key ? entries[place].lpi : nil
  }
  /// Its place, until the next insertion or removal.
  @inline(__always)
  func foundPlace(pe: UInt32, intid: UInt32) -> Int? { foundPlace(WaitingIndex.key(pe, intid)) }
  @inline(__always) func foundPlace(_ key: UInt64) -> Int? {
    let place = place(of: key)
    return entries[place].key == key ? place : nil
  }
  /// - Parameter near: where it was last seen, which need not be true.
  @inline(__always) func foundPlace(_ key: UInt64, near: UInt32) -> Int? {
    let place = Int(near)
    if place < entries.count, entries[place].key == key { return place }
    return foundPlace(key)
  }
  /// What stands in a place, until the next insertion or removal.
  @inline(__always) func element(_ place: Int) -> SlabElement<Entry> { entries.element(place) }

  /// - Returns: its place; nil if the key is there already, and then nothing is changed.
  @inline(__always)
  mutating func insertIfAbsent(pe: UInt32, intid: UInt32, _ lpi: LPI) -> UInt32? {
    if count &* 2 >= entries.count { grow() }
    let key = WaitingIndex.key(pe, intid)
    let place = place(of: key)
    let entry = entries.element(place)
    guard entry.value.key == 0 else { return nil }
    entry.value = Entry(key: key, lpi: lpi)
    count &+= 1
    return UInt32(truncatingIfNeeded: place)
  }

  /// The key must not be there yet.
  mutating func insert(pe: UInt32, intid: UInt32, _ lpi: LPI) {
    let place = insertIfAbsent(pe: pe, intid: intid, lpi)
    assert(place != nil)
  }

  /// Removes and returns what is there.
  mutating func remove(pe: UInt32, intid: UInt32) -> LPI? {
    let key = WaitingIndex.key(pe, intid)
    var hole = place(of: key)
    guard entries[hole].key == key else { return nil }
    let lpi = entries[hole].lpi
    let mask = entries.count &- 1
    var probe = (hole &+ 1) & mask
    // Whoever could have stood in the hole moves into it, so that no search stops too early.
    while entries[probe].key != 0 {
      let distance = (probe &- home(of: entries[probe].key)) & mask
      if distance >= (probe &- hole) & mask {
        entries[hole] = entries[probe]
        hole = probe
      }
      probe = (probe &+ 1) & mask
    }
    entries[hole].key = 0
    count &-= 1
    return lpi
  }

  /// How many places there are, for a walk over all of them.
  var capacity: Int { entries.count }
  /// What stands in a place.
  func key(at place: Int) -> (pe: UInt32, intid: UInt32)? {
    let key = entries[place].key
    return key == 0
      ? nil : (UInt32(truncatingIfNeeded: key &>> 32), UInt32(truncatingIfNeeded: key))
  }

  private mutating func grow() {
    let old = entries
    entries = Slab(repeating: WaitingIndex.blank, count: old.count * 2)
    for index in 0..<old.count where old[index].key != 0 {
      entries[place(of: old[index].key)] = old[index]
    }
    old.deallocate()
  }
}

extension WaitingIndex {
  /// - Parameter isSound: whether an LPI and its transaction are there.
  mutating func archive(
    _ archive: inout Archive, isSound: (LPI, UInt64) -> Bool
  ) throws(SnapshotError) {
    var words = (0..<entries.count).flatMap { place in
      let entry = entries[place]
      return entry.key == 0
        ? [0, 0] : [entry.key, UInt64(entry.lpi.transaction) | UInt64(entry.lpi.slot) << 32]
    }
    try archive.field("waiting", &words)
    guard archive.isReading else { return }
    let places = words.count / 2
    guard places >= 64, places.nonzeroBitCount == 1, words.count % 2 == 0 else {
      throw .field("waiting")
    }
    let new = Slab(repeating: WaitingIndex.blank, count: places)
    entries.deallocate()
    entries = new
    count = 0
    for place in 0..<places where words[place * 2] != 0 {
      let (key, raw) = (words[place * 2], words[place * 2 + 1])
      let lpi = LPI(
        transaction: UInt32(truncatingIfNeeded: raw), slot: UInt32(truncatingIfNeeded: raw >> 32))
      guard isSound(lpi, key) else { throw .field("waiting") }
      entries[place] = Entry(key: key, lpi: lpi)
      count += 1
    }
    guard count * 2 <= places else { throw .field("waiting") }
  }
}
