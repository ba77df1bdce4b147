// Cycles and picoseconds.

import GICWire
import Testing

private let clocks: [(hertz: UInt64, cycle: UInt64, picosecond: UInt64)] = [
  (1_000_000_000, 26, 26_000),
  (1_600_000_000, 3, 1875),
  (3_000_000_000, 1, 334),  // 333.3..., rounded up
  (3_000_000_000, 2, 667),
  (1_000_000_000_000, 12345, 12345),
  (1, 5, 5_000_000_000_000),
]

@Test(arguments: clocks)
func `a cycle begins at this picosecond`(hertz: UInt64, cycle: UInt64, picosecond: UInt64) {
  #expect(ClockScale(hertz: hertz).picosecond(ofCycle: cycle) == picosecond)
  #expect(ClockScale(hertz: hertz).cycle(atPicosecond: picosecond) == cycle)
  #expect(ClockScale(hertz: hertz).cycle(atPicosecond: picosecond - 1) == cycle - 1)
}

@Test func `there and back is exact for every clock and cycle that 64 bits hold`() {
  var random = SeededGenerator(state: 1)
  for _ in 0..<20_000 {
    let scale = ClockScale(hertz: .random(in: 1...1_000_000_000_000, using: &random))
    let cycle =
      UInt64.random(in: 0...UInt64.max, using: &random) >> Int.random(in: 0..<64, using: &random)
    let picosecond = scale.picosecond(ofCycle: cycle)
    guard picosecond != .max else { continue }
    guard scale.cycle(atPicosecond: picosecond) == cycle else {
      Issue.record("\(scale.hertz) Hz, cycle \(cycle)")
      return
    }
  }
}

@Test func `what 64 bits cannot hold is no time at all`() {
  let scale = ClockScale(hertz: 1_000_000_000)
  #expect(scale.picosecond(ofCycle: .max) == .max)
  #expect(scale.cycle(atPicosecond: .max) == .max)
  #expect(ClockScale(hertz: 0).hertz == 1)
  #expect(ClockScale(hertz: .max).hertz == 1_000_000_000_000)
}
