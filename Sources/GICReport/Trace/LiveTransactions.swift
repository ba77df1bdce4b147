import GICModel

/// What has been told of one transaction so far.
struct LiveTransaction: BitwiseCopyable {
  var serial: UInt64 = 0
  var kind = TransactionKind.free
  var isMerged = false
  /// Its target is known.
  var isRouted = false
  /// A command that has been granted, and that the engine has not let go of.
  var isExecuting = false
  /// Its names have been written.
  var isIntroduced = false
  var its = 0
  var device: UInt32 = 0
  var event: UInt32 = 0
  var pe: UInt32 = 0
  var intid: UInt32 = 0
  var opcode: UInt8 = 0
  var cause: UInt64 = 0
  var start: UInt64 = 0
  /// `.max` until it is granted.
  var granted: UInt64 = .max
  /// The next free place, in one that is free.
  fileprivate var next = UInt32.max
  /// Cycles by stage of an MSI.
  var stages = InlineArray<16, UInt64>(repeating: 0)

  /// An MSI, or an LPI that an INT command sets.
  var isInterrupt: Bool { kind == .msi || kind == .set }
}

/// The transactions under way, by serial: a pool, and an open-addressing table into it that is at
/// most half full. Its size follows how many are under way at once, not how many there were.
struct LiveTransactions {
  private struct Key: BitwiseCopyable {
    /// 0 is an empty place: serials begin at 1.
    var serial: UInt64
    var place: UInt32
  }
  private static var empty: Key { Key(serial: 0, place: 0) }
  private var keys = TraceStore(repeating: LiveTransactions.empty, count: 256)
  private var pool = TraceStore(repeating: LiveTransaction(), count: 0)
  /// The first free place of the pool; `.max` if there is none.
  private var free = UInt32.max
  private(set) var count = 0

  @inline(__always) private func home(_ serial: UInt64) -> Int {
    Int(truncatingIfNeeded: (serial &* 0x9e37_79b9_7f4a_7c15) &>> 32) & (keys.count &- 1)
  }

  /// Its place in ``subscript(_:)``; nil if nobody knows it.
  @inline(__always) func find(_ serial: UInt64) -> Int? {
    var at = home(serial)
    while keys[at].serial != 0 {
      if keys[at].serial == serial { return Int(keys[at].place) }
      at = (at &+ 1) & (keys.count &- 1)
    }
    return nil
  }

  subscript(place: Int) -> LiveTransaction {
    @inline(__always) _read { yield pool[place] }
    @inline(__always) _modify { yield &pool[place] }
  }

  /// Makes one, of which nothing is known but its serial.
  /// - Returns: its place.
  mutating func insert(_ serial: UInt64) -> Int {
    if count &* 2 >= keys.count { grow() }
    if free == .max { growPool() }
    let place = free
    free = pool[Int(place)].next
    pool[Int(place)] = LiveTransaction()
    pool[Int(place)].serial = serial
    put(Key(serial: serial, place: place))
    count &+= 1
    return Int(place)
  }

  private func put(_ key: Key) {
    var at = home(key.serial)
    while keys[at].serial != 0 { at = (at &+ 1) & (keys.count &- 1) }
    keys[at] = key
  }

  mutating func remove(_ serial: UInt64) {
    let mask = keys.count &- 1
    var hole = home(serial)
    while keys[hole].serial != serial {
      guard keys[hole].serial != 0 else { return }
      hole = (hole &+ 1) & mask
    }
    pool[Int(keys[hole].place)].next = free
    free = keys[hole].place
    count &-= 1
    // Whoever could have stood in the hole moves into it, so that no search stops too early.
    var probe = (hole &+ 1) & mask
    while keys[probe].serial != 0 {
      if (probe &- home(keys[probe].serial)) & mask >= (probe &- hole) & mask {
        keys[hole] = keys[probe]
        hole = probe
      }
      probe = (probe &+ 1) & mask
    }
    keys[hole].serial = 0
  }

  private mutating func grow() {
    let old = keys
    keys = TraceStore(repeating: LiveTransactions.empty, count: old.count * 2)
    for at in 0..<old.count where old[at].serial != 0 { put(old[at]) }
  }

  private mutating func growPool() {
    let old = pool.count
    pool.grow(to: max(64, old * 2), filler: LiveTransaction())
    for place in old..<pool.count - 1 { pool[place].next = UInt32(place + 1) }
    free = UInt32(old)
  }

  /// Serials of all that are under way, rising.
  var serials: [UInt64] {
    (0..<keys.count).map { keys[$0].serial }.filter { $0 != 0 }.sorted()
  }

  mutating func removeAll() { self = LiveTransactions() }
}
