/// The tags of a set-associative cache with true LRU replacement in each set. It holds no values:
/// the rules have those. It only says whether the hardware would have had to read a table.
struct TimingCache: ~Copyable {
  struct Line: BitwiseCopyable {
    fileprivate var key: UInt64
    /// When it was last used, in uses of the cache; 0 is an empty line.
    fileprivate var stamp: UInt64
  }
  private let lines: Slab<Line>
  private let ways: Int
  let sets: Int
  /// Whether the number of sets is a power of two, and then one less.
  private let isPowerOfTwo: Bool
  private let setMask: Int
  private var clock: UInt64 = 0

  private(set) var hits: UInt64 = 0
  private(set) var misses: UInt64 = 0

  /// A shape of 0 entries is a cache that always misses. Entries that do not fill a set are left
  /// out.
  init(_ shape: TimingParameters.CacheShape) {
    ways = max(1, min(shape.ways, shape.entries))
    sets = max(0, shape.entries) / ways
    isPowerOfTwo = sets > 0 && sets & (sets - 1) == 0
    setMask = sets - 1
    lines = Slab(repeating: Line(key: 0, stamp: 0), count: sets * ways)
  }
  deinit { lines.deallocate() }

  /// The key of an event: DeviceID in [63:32], EventID in [31:0]. Device, collection and LPI have
  /// their ID as their key.
  static func key(device: UInt32, event: UInt32) -> UInt64 {
    UInt64(device) &<< 32 | UInt64(event)
  }

  /// First line of the key's set: the low bits of the ID; of an event, of the EventID plus a
  /// scattered DeviceID, so that the same events of different devices do not meet.
  @inline(__always) private func base(of key: UInt64) -> Int {
    let scattered = UInt32(truncatingIfNeeded: key &>> 32) &* 0x9e37_79b1
    let index = UInt32(truncatingIfNeeded: key) &+ (scattered ^ scattered &>> 16)
    let set = isPowerOfTwo ? Int(index) & setMask : Int(index) % sets
    return set &* ways
  }

  /// Whether the line is there, and if so it is the set's most recent. Counts nothing.
  @inline(__always) mutating func touch(_ key: UInt64) -> Bool {
    guard let line = find(key) else { return false }
    clock &+= 1
    line.value.stamp = clock
    return true
  }

  /// Where the line is, if it is there. Changes nothing.
  @inline(__always) func find(_ key: UInt64) -> SlabElement<Line>? {
    guard sets > 0 else { return nil }
    let (lines, end) = (lines, base(of: key) &+ ways)
    var place = end &- ways
    repeat {
      let line = lines.element(place)
      if line.value.key == key, line.value.stamp != 0 { return line }
      place &+= 1
    } while place != end
    return nil
  }

  /// A hit of a line that was found.
  @inline(__always) mutating func hit(_ line: SlabElement<Line>) {
    clock &+= 1
    line.value.stamp = clock
    hits &+= 1
  }

  /// ``touch(_:)``, counted as a hit or a miss.
  @inline(__always) mutating func lookup(_ key: UInt64) -> Bool {
    let hit = touch(key)
    if hit { hits &+= 1 } else { misses &+= 1 }
    return hit
  }

  /// Puts the line in, in the place of the set's least recently used one.
  mutating func fill(_ key: UInt64) {
    guard sets > 0, !touch(key) else { return }
    let base = base(of: key)
    var victim = base
    for line in base..<(base &+ ways) where lines[line].stamp < lines[victim].stamp {
      victim = line
    }
    clock &+= 1
    lines[victim] = Line(key: key, stamp: clock)
  }

  mutating func forget(_ key: UInt64) {
    guard sets > 0 else { return }
    let base = base(of: key)
    for line in base..<(base &+ ways) where lines[line].key == key { lines[line].stamp = 0 }
  }

  /// Forgets every event of a device.
  mutating func forgetEvents(of device: UInt32) {
    for line in 0..<lines.count where lines[line].key &>> 32 == UInt64(device) {
      lines[line].stamp = 0
    }
  }

  mutating func forgetAll() {
    for line in 0..<lines.count { lines[line].stamp = 0 }
  }

  /// How many lines are there.
  var validCount: Int {
    var valid = 0
    for line in 0..<lines.count where lines[line].stamp != 0 { valid += 1 }
    return valid
  }
}

extension TimingCache {
  mutating func archive(_ name: String, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section(name)
    try archive.field("clock", &clock)
    try archive.field("hits", &hits)
    try archive.field("misses", &misses)
    let lines = lines
    try archive.field(
      "lines", count: lines.count * 2,
      read: { $0 & 1 == 0 ? lines[$0 / 2].key : lines[$0 / 2].stamp },
      write: { place, word in
        if place & 1 == 0 { lines[place / 2].key = word } else { lines[place / 2].stamp = word }
      })
  }
}
