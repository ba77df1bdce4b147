/// Between the trace's nanoseconds and cycles of the GIC clock; both ways exact, rounded down.
struct ReplayClock {
  /// Hz.
  let hertz: UInt64

  func cycles(ns: UInt64) -> UInt64 { ReplayClock.scale(ns, hertz, 1_000_000_000) }
  func ns(cycles: UInt64) -> UInt64 { ReplayClock.scale(cycles, 1_000_000_000, hertz) }

  /// `value * numerator / denominator`, the largest number if that does not fit.
  private static func scale(_ value: UInt64, _ numerator: UInt64, _ denominator: UInt64) -> UInt64 {
    guard numerator != denominator else { return value }
    let product = value.multipliedFullWidth(by: numerator)
    guard product.high < denominator else { return .max }
    return denominator.dividingFullWidth(product).quotient
  }
}
