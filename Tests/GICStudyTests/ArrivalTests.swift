import Foundation
import GICModel
import Testing

@testable import GICStudy

@Test(arguments: ArrivalLaw.allCases)
func `arrivals keep their mean and their order`(law: ArrivalLaw) {
  let gaps: [Double] = [0.5, 0.5, 2]
  var arrivals = Arrivals(law, mean: 40, seed: 7, gaps: gaps)
  var last: UInt64 = 0
  let count = 40_000
  for _ in 0..<count {
    let next = arrivals.next()
    #expect(next >= last)
    last = next
  }
  let mean = Double(last) / Double(count)
  #expect(abs(mean - 40) < (law == .bursty ? 3 : 1), "\(law): \(mean)")
}

@Test func `bernoulli arrivals are never two in a cycle`() {
  var arrivals = Arrivals(.bernoulli, mean: 1.5, seed: 3)
  var last: UInt64 = 0
  for _ in 0..<10_000 {
    let next = arrivals.next()
    #expect(next > last)
    last = next
  }
}

@Test func `arrivals repeat with their seed, and differ with another`() {
  func times(_ seed: UInt64) -> [UInt64] {
    var arrivals = Arrivals(.poisson, mean: 100, seed: seed)
    return (0..<50).map { _ in arrivals.next() }
  }
  #expect(times(1) == times(1))
  #expect(times(1) != times(2))
}

@Test func `a recorded run keeps its distances`() {
  var arrivals = Arrivals(.trace, mean: 100, seed: 1, gaps: [0.25, 1.75], place: 1)
  #expect((0..<4).map { _ in arrivals.next() } == [175, 200, 375, 400])
}

private let exponents = [0.0, 0.6, 1.2]
@Test(arguments: exponents)
func `Zipf draws each as often as it should`(exponent: Double) {
  let zipf = Zipf(count: 10, exponent: exponent)
  var random = SeededGenerator(seed: 11)
  var counts = [Double](repeating: 0, count: 10)
  for _ in 0..<100_000 { counts[zipf.draw(&random)] += 1 }
  let weights = (1...10).map { pow(Double($0), -exponent) }
  let sum = weights.reduce(0, +)
  for (count, weight) in zip(counts, weights) {
    #expect(abs(count / 100_000 - weight / sum) < 0.01)
  }
}

@Test func `logarithm and power by the four operations are the library's`() {
  for value in [1e-6, 0.3, 1, 1.5, 2, 7, 57_344, 1e12] {
    #expect(abs(naturalLogarithm(value) - log(value)) < 1e-12 * max(1, abs(log(value))))
  }
  for value in [-20.0, -1.2, 0, 0.4, 3, 15] {
    #expect(abs(naturalPower(value) / exp(value) - 1) < 1e-12)
  }
}

@Test func `an agenda gives what is due, earliest first, and equals in order`() {
  var agenda = Agenda()
  for (who, cycle) in [30, 10, 20, 10, 5].enumerated() {
    agenda.add(What.arrival, who, at: UInt64(cycle))
  }
  #expect(agenda.next == 5)
  var seen: [UInt32] = []
  while let entry = agenda.popFirst(through: 20) { seen.append(entry.who) }
  #expect(seen == [4, 1, 3, 2])
  #expect(!agenda.isEmpty && agenda.next == 30)
}
