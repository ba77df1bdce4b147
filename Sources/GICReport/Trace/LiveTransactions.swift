import GICModel

/// What has been told of one transaction so far.
struct LiveTransaction {
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
  /// Cycles by stage of an MSI.
  var stages = InlineArray<24, UInt64>(repeating: 0)

  /// An MSI, or an LPI that an INT command sets.
  var isInterrupt: Bool { kind == .msi || kind == .set }
}

/// The transactions under way, by serial: a pool, and an open-addressing table into it that is at
/// most half full. Its size follows how many are under way at once, not how many there were.
struct LiveTransactions {
  private struct Key {
    /// 0 is an empty place: serials begin at 1.
    var serial: UInt64
    var place: UInt32
  }
  private var keys = [Key](repeating: Key(serial: 0, place: 0), count: 256)
  private var pool: [LiveTransaction] = []
  private var free: [UInt32] = []
  private(set) var count = 0

  private func home(_ serial: UInt64) -> Int {
    Int(truncatingIfNeeded: (serial &* 0x9e37_79b9_7f4a_7c15) &>> 32) & (keys.count &- 1)
  }

  /// Its place in ``subscript(_:)``; nil if nobody knows it.
  func find(_ serial: UInt64) -> Int? {
    var at = home(serial)
    while keys[at].serial != 0 {
      if keys[at].serial == serial { return Int(keys[at].place) }
      at = (at &+ 1) & (keys.count &- 1)
    }
    return nil
  }

  subscript(place: Int) -> LiveTransaction {
    _read { yield pool[place] }
    _modify { yield &pool[place] }
  }

  mutating func insert(_ transaction: LiveTransaction) {
    if count &* 2 >= keys.count { grow() }
    let place: UInt32
    if let last = free.popLast() {
      place = last
      pool[Int(place)] = transaction
    } else {
      place = UInt32(pool.count)
      pool.append(transaction)
    }
    put(Key(serial: transaction.serial, place: place))
    count &+= 1
  }

  private mutating func put(_ key: Key) {
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
    free.append(keys[hole].place)
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
    keys = [Key](repeating: Key(serial: 0, place: 0), count: old.count * 2)
    for key in old where key.serial != 0 { put(key) }
  }

  /// Serials of all that are under way, rising.
  var serials: [UInt64] { keys.lazy.map(\.serial).filter { $0 != 0 }.sorted() }

  mutating func removeAll() { self = LiveTransactions() }
}
