import GICModel

/// All levels of all units as they are now, each with the value that was last written of it. A
/// value is written once a cycle at most, when the cycle is over: what came back to where it was is
/// not written at all.
struct Levels {
  struct Level: BitwiseCopyable {
    let level: TimingLevel
    let unit: Int
    var value: Int
    var written: Int
    var isChanged = false
  }
  private let storage: TraceStore<Level>
  /// Where the units of a level begin, and how many they are.
  private var base = InlineArray<16, Int>(repeating: 0)
  private var counts = InlineArray<16, Int>(repeating: 0)
  /// The places that have changed, so many of them.
  private let changed: TraceStore<UInt32>
  private var changedCount = 0
  /// The cycle that `changed` belongs to.
  private(set) var cycle: UInt64 = 0

  init(_ shape: TimingShape) {
    var levels: [Level] = []
    for level in TimingLevel.allCases {
      base[Int(level.rawValue)] = levels.count
      counts[Int(level.rawValue)] = shape.unitCount(level)
      let value = shape.reset(level)
      for unit in 0..<shape.unitCount(level) {
        levels.append(Level(level: level, unit: unit, value: value, written: value))
      }
    }
    storage = TraceStore(
      repeating: Level(level: .ingress, unit: 0, value: 0, written: 0), count: levels.count)
    for (place, level) in levels.enumerated() { storage[place] = level }
    changed = TraceStore(repeating: 0, count: levels.count)
    settled = TraceStore(repeating: 0, count: levels.count)
  }

  /// All of them, by place.
  var levels: [Level] { (0..<storage.count).map { storage[$0] } }
  @inline(__always) subscript(place: Int) -> Level { storage[place] }

  /// The place of a unit's level in ``levels``.
  @inline(__always) func place(_ level: TimingLevel, _ unit: Int) -> Int {
    precondition(unit >= 0 && unit < counts[Int(level.rawValue)], "a unit that the shape lacks")
    return base[Int(level.rawValue)] &+ unit
  }

  /// Places whose value was another at the end of ``settledCycle`` than the one written last; so
  /// many of them.
  let settled: TraceStore<UInt32>
  private(set) var settledCount = 0
  private(set) var settledCycle: UInt64 = 0

  /// A level changes at ``cycle``.
  @inline(__always) mutating func set(_ level: TimingLevel, _ unit: Int, _ value: Int) {
    let place = place(level, unit)
    storage[place].value = value
    if !storage[place].isChanged {
      storage[place].isChanged = true
      changed[changedCount] = UInt32(truncatingIfNeeded: place)
      changedCount &+= 1
    }
  }

  /// Everything before `cycle` is over: what it has left stands in ``settled``.
  mutating func settle(before cycle: UInt64) {
    settledCount = 0
    settledCycle = self.cycle
    for at in 0..<changedCount {
      let place = Int(changed[at])
      storage[place].isChanged = false
      guard storage[place].value != storage[place].written else { continue }
      storage[place].written = storage[place].value
      settled[settledCount] = changed[at]
      settledCount &+= 1
    }
    changedCount = 0
    self.cycle = cycle
  }

  /// The machine was reset: every level changes to what it is then.
  mutating func restart(_ shape: TimingShape) {
    for level in levels { set(level.level, level.unit, shape.reset(level.level)) }
  }
}
