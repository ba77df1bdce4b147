import Testing

@testable import GICStudy

private let shares: [(name: String, shares: [Double], index: Double)] = [
  ("all alike", [3, 3, 3, 3], 1),
  ("one has everything", [0, 8, 0, 0], 0.25),
  ("two of four", [5, 5, 0, 0], 0.5),
  ("nobody has anything", [0, 0], 1),
]
@Test(arguments: shares)
func `Jain's index`(_: String, shares: [Double], index: Double) {
  #expect(abs(jainIndex(shares) - index) < 1e-12)
}

private let batches: [(name: String, batches: [Double], mean: Double, half: Double)] = [
  ("one batch says nothing about itself", [5], 5, 0),
  ("two", [4, 6], 5, 12.706),
  ("equal ones", [7, 7, 7], 7, 0),
  // Deviation sqrt(2.5), t of 4 degrees of freedom 2.776.
  ("one to five", [1, 2, 3, 4, 5], 3, 2.776 * (2.5 / 5).squareRoot()),
]
@Test(arguments: batches)
func `means of batches have Student's interval`(
  _: String, batches: [Double], mean: Double, half: Double
) {
  let estimate = Estimate(batches: batches)
  #expect(estimate.mean == mean)
  #expect(abs(estimate.half - half) < 1e-9)
}
