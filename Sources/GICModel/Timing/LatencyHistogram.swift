/// Counts of cycle values, log-linear: exact below 128, within 1/64 above. Recording is a handful
/// of instructions and never allocates; percentiles are computed elsewhere, at report time.
public struct LatencyHistogram: Equatable, Sendable {
  /// 64 sub-buckets a power of two, 34 powers: values up to 2^40 - 1, larger ones count as that.
  static let bucketCount = 64 * 35
  /// Values below this have a bucket each, of their own number.
  static var exactCount: UInt64 { 128 }
  public private(set) var counts: [UInt64]
  public private(set) var count: UInt64 = 0
  public private(set) var sum: UInt64 = 0
  public private(set) var min: UInt64 = .max
  public private(set) var max: UInt64 = 0

  public init() { counts = [UInt64](repeating: 0, count: LatencyHistogram.bucketCount) }

  /// From buckets counted elsewhere.
  init(counts: [UInt64], sum: UInt64, min: UInt64, max: UInt64) {
    self.counts = counts
    count = counts.reduce(0, &+)
    (self.sum, self.min, self.max) = (sum, min, max)
  }

  /// The bucket that holds `value`.
  static func bucket(of value: UInt64) -> Int {
    let value = Swift.min(value, (1 &<< 40) &- 1)
    guard value >= 64 else { return Int(value) }
    let shift = 57 &- value.leadingZeroBitCount  // so that value >> shift is 64 through 127
    return Int(shift &+ 1) &* 64 &+ Int(value &>> UInt64(shift)) &- 64
  }
  /// The least value that falls into `bucket`.
  public static func floor(of bucket: Int) -> UInt64 {
    guard bucket >= 64 else { return UInt64(bucket) }
    return UInt64(64 &+ bucket % 64) &<< UInt64(bucket / 64 &- 1)
  }

  public mutating func record(_ value: UInt64) {
    counts[LatencyHistogram.bucket(of: value)] &+= 1
    count &+= 1
    sum &+= value
    if value < min { min = value }
    if value > max { max = value }
  }
}
