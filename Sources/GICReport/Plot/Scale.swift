// From values to places on paper, and where the ticks go.

/// A linear or logarithmic axis.
struct Scale {
  enum Kind { case linear, logarithmic }
  let kind: Kind
  /// Values at the ends. A logarithmic axis begins above 0.
  let domain: ClosedRange<Double>
  /// Places of the ends; the second may be the smaller one.
  let start: Double
  let end: Double

  /// From 0 to the first nice value at or above `maximum`.
  static func fromZero(to maximum: Double, start: Double, end: Double, ticks: Int) -> Scale {
    let step = niceStep(max(maximum, 1) / Double(max(ticks, 1)))
    let top = max((max(maximum, 1) / step).rounded(.up), 1) * step
    return Scale(kind: .linear, domain: 0...top, start: start, end: end)
  }

  func position(_ value: Double) -> Double {
    let (low, high) = (transformed(domain.lowerBound), transformed(domain.upperBound))
    guard high > low else { return start }
    let value = min(max(value, domain.lowerBound), domain.upperBound)
    return start + (transformed(value) - low) / (high - low) * (end - start)
  }

  /// Round values inside the domain, about `count` of them on a linear axis. On a logarithmic one
  /// the powers of ten, with 2 and 5 times them if that gives no more than `count`; where it spans
  /// too little for two of those, evenly spaced ones.
  func ticks(_ count: Int) -> [Double] {
    guard kind == .logarithmic else { return linearTicks(count) }
    let fine = logarithmicTicks([1, 2, 5])
    let coarse = fine.count <= count ? fine : logarithmicTicks([1])
    return [coarse, fine].first { $0.count >= 2 } ?? linearTicks(count)
  }

  private func linearTicks(_ count: Int) -> [Double] {
    let step = Scale.niceStep((domain.upperBound - domain.lowerBound) / Double(max(count, 1)))
    let first = (domain.lowerBound / step).rounded(.up)
    let last = (domain.upperBound / step + 1e-9).rounded(.down)
    guard first <= last else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// 1, 2 or 5 times a power of ten, at least `rough`.
  static func niceStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    var power = 1.0
    while power * 10 <= rough { power *= 10 }
    while power > rough { power /= 10 }
    let factor = [1.0, 2, 5, 10].first { $0 * power >= rough * (1 - 1e-9) } ?? 10
    return factor * power
  }

  private func logarithmicTicks(_ factors: [Double]) -> [Double] {
    var ticks: [Double] = []
    var power = 1.0
    while power <= domain.upperBound {
      ticks += factors.map { $0 * power }.filter(domain.contains)
      power *= 10
    }
    return ticks
  }

  private func transformed(_ value: Double) -> Double {
    kind == .linear ? value : logarithm(value)
  }
}
