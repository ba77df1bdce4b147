import GICModel

/// All levels of all units as they are now, each with the value that was last written of it. A
/// value is written once a cycle at most, when the cycle is over: what came back to where it was is
/// not written at all.
struct Levels {
  struct Level {
    let level: TimingLevel
    let unit: Int
    var value: Int
    var written: Int
    var isChanged = false
  }
  private(set) var levels: [Level] = []
  /// Where the units of a level begin.
  private var base = [Int](repeating: 0, count: TimingLevel.allCases.count)
  private let counts: [Int]
  private var changed: [Int] = []
  /// The cycle that `changed` belongs to.
  private(set) var cycle: UInt64 = 0

  init(_ shape: TimingShape) {
    counts = TimingLevel.allCases.map { shape.unitCount($0) }
    for level in TimingLevel.allCases {
      base[Int(level.rawValue)] = levels.count
      let value = shape.reset(level)
      for unit in 0..<shape.unitCount(level) {
        levels.append(Level(level: level, unit: unit, value: value, written: value))
      }
    }
  }

  /// The place of a unit's level in ``levels``.
  func place(_ level: TimingLevel, _ unit: Int) -> Int {
    precondition(unit >= 0 && unit < counts[Int(level.rawValue)], "a unit that the shape lacks")
    return base[Int(level.rawValue)] &+ unit
  }

  /// Places whose value was another at the end of ``settledCycle`` than the one written last.
  private(set) var settled: [Int] = []
  private(set) var settledCycle: UInt64 = 0

  /// A level changes at ``cycle``.
  @inline(__always) mutating func set(_ level: TimingLevel, _ unit: Int, _ value: Int) {
    let place = place(level, unit)
    levels[place].value = value
    if !levels[place].isChanged {
      levels[place].isChanged = true
      changed.append(place)
    }
  }

  /// Everything before `cycle` is over: what it has left stands in ``settled``.
  mutating func settle(before cycle: UInt64) {
    settled.removeAll(keepingCapacity: true)
    settledCycle = self.cycle
    for place in changed {
      levels[place].isChanged = false
      guard levels[place].value != levels[place].written else { continue }
      levels[place].written = levels[place].value
      settled.append(place)
    }
    changed.removeAll(keepingCapacity: true)
    self.cycle = cycle
  }

  /// The machine was reset: every level changes to what it is then.
  mutating func restart(_ shape: TimingShape) {
    for place in levels.indices {
      set(levels[place].level, levels[place].unit, shape.reset(levels[place].level))
    }
  }
}
