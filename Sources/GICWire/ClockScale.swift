// Between the picoseconds on the wire and the cycles of a machine's clock.

/// Converts exactly: a cycle's picosecond value, converted back, is that cycle again, for every
/// clock of up to 1 THz. So a client that returns the times it was told never drifts.
public struct ClockScale: Equatable, Sendable {
  /// Cycles a second; 1 to 10^12.
  public let hertz: UInt64
  private static let picosecondsPerSecond: UInt64 = 1_000_000_000_000

  /// - Parameter hertz: held within 1 Hz and 1 THz.
  public init(hertz: UInt64) {
    self.hertz = min(max(hertz, 1), ClockScale.picosecondsPerSecond)
  }

  /// The cycle that contains the instant: rounded down.
  public func cycle(atPicosecond time: UInt64) -> UInt64 {
    if time == .max { return .max }
    let product = time.multipliedFullWidth(by: hertz)
    // The high half is below `hertz`, and so below the divisor: the quotient fits.
    return ClockScale.picosecondsPerSecond.dividingFullWidth(product).quotient
  }

  /// The first whole picosecond of the cycle: rounded up. `.max` when 64 bits cannot hold it, which
  /// is after 213 days.
  public func picosecond(ofCycle cycle: UInt64) -> UInt64 {
    let product = cycle.multipliedFullWidth(by: ClockScale.picosecondsPerSecond)
    guard product.high < hertz else { return .max }
    let (quotient, remainder) = hertz.dividingFullWidth(product)
    return remainder == 0 || quotient == .max ? quotient : quotient + 1
  }
}
