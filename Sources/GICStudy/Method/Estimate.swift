// From batches to a mean and how far it can be trusted.

/// A mean and half the width of its 95 % confidence interval.
struct Estimate: Equatable {
  var mean: Double
  var half: Double

  init(mean: Double, half: Double) { (self.mean, self.half) = (mean, half) }

  /// Of the means of batches that are long enough to be independent.
  /// - Source: A. M. Law, W. D. Kelton, "Simulation Modeling and Analysis", method of batch means.
  init(batches: [Double]) {
    let count = Double(max(batches.count, 1))
    mean = batches.reduce(0, +) / count
    guard batches.count > 1 else {
      half = 0
      return
    }
    let center = mean
    let variance = batches.reduce(0) { $0 + ($1 - center) * ($1 - center) } / (count - 1)
    half = Estimate.student(batches.count - 1) * (variance / count).squareRoot()
  }

  /// Two-sided 95 % quantile of Student's t.
  static func student(_ freedom: Int) -> Double {
    let table = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
      2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
      2.052, 2.048, 2.045, 2.042,
    ]
    return freedom <= table.count ? table[max(freedom, 1) - 1] : 1.96 + 2.5 / Double(freedom)
  }
}

/// Jain's index: 1 if all get the same, 1 / count if one gets everything.
/// - Source: R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness", DEC TR-301, 1984.
func jainIndex(_ shares: [Double]) -> Double {
  let sum = shares.reduce(0, +)
  let squares = shares.reduce(0) { $0 + $1 * $1 }
  return squares == 0 ? 1 : sum * sum / (Double(shares.count) * squares)
}
