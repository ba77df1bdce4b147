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
  private struct Entry: BitwiseCopyable {
    /// PE in [63:32], INTID in [31:0]. INTID 0 is no LPI, so 0 is an empty place.
    var key: UInt64
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
  private func home(of key: UInt64) -> Int {
    let mixed = (key ^ key &>> 29) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed &>> 32) & (entries.count &- 1)
  }
  /// The place of the key, or the empty one where it would go.
  private func place(of key: UInt64) -> Int {
    var place = home(of: key)
    while entries[place].key != key, entries[place].key != 0 {
      place = (place &+ 1) & (entries.count &- 1)
    }
    return place
  }

  func find(pe: UInt32, intid: UInt32) -> LPI? {
    let key = WaitingIndex.key(pe, intid)
    let place = place(of: key)
    return entries[place].key == key ? entries[place].lpi : nil
  }
  /// Its place, until the next insertion or removal.
  func foundPlace(pe: UInt32, intid: UInt32) -> Int? { foundPlace(WaitingIndex.key(pe, intid)) }
  func foundPlace(_ key: UInt64) -> Int? {
    let place = place(of: key)
    return entries[place].key == key ? place : nil
  }
  subscript(place: Int) -> LPI {
    get { entries[place].lpi }
    nonmutating set { entries[place].lpi = newValue }
  }

  /// The key must not be there yet.
  mutating func insert(pe: UInt32, intid: UInt32, _ lpi: LPI) {
    if count &* 2 >= entries.count { grow() }
    let key = WaitingIndex.key(pe, intid)
    let place = place(of: key)
    assert(entries[place].key == 0)
    entries[place] = Entry(key: key, lpi: lpi)
    count &+= 1
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
