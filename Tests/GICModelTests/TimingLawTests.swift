import Testing

@testable import GICModel

// The short form of what `make validate` runs.

@Test(arguments: 0..<TimingLaws.all.count)
func `a law of the timing model holds`(index: Int) {
  let law = TimingLaws.all[index](.short)
  #expect(!law.rows.isEmpty)
  for row in law.rows where !row.holds {
    Issue.record("law \(law.number), \(row.name): expected \(row.expected), got \(row.measured)")
  }
}

@Test func `the figures of a machine follow its parameters`() {
  let figures = TimingFigures(TimingParameters(), count: 500)
  #expect(figures.warmMSI == 26)
  // Nothing has been looked up since the device was mapped anew.
  #expect(figures.coldMSI == 26 + 4 * 85)
  var slower = TimingParameters()
  slower.memoryLatencyCycles = 170
  let others = TimingFigures(slower, count: 500)
  #expect(others.warmMSI == 26 && others.coldMSI > figures.coldMSI)
  #expect(others.coldRate < figures.coldRate && others.commandRate < figures.commandRate)
  #expect(others.conclusions.count == figures.conclusions.count)
}

@Test func `an account sees a transaction that is not the sum of its stages`() {
  var tracer = AccountTracer()
  tracer.trace(.began(serial: 1, .msi, its: 0, device: 0, event: 0, cause: 0, cycle: 10))
  tracer.trace(.spent(serial: 1, .msi(.accept), start: 10, end: 12))
  tracer.trace(.spent(serial: 1, .msi(.link), start: 13, end: 20))  // a gap
  tracer.trace(.ended(serial: 1, .presented, cycle: 20))
  #expect(tracer.broken == 2)
  tracer.trace(.level(.ingress, unit: 0, value: 3, cycle: 5))
  tracer.trace(.level(.ingress, unit: 0, value: 0, cycle: 9))
  tracer.trace(.level(.ingress, unit: 1, value: 1, cycle: 9))
  tracer.trace(.level(.ingress, unit: 1, value: 0, cycle: 10))
  #expect(tracer.integral(.ingress) == 13)
}
