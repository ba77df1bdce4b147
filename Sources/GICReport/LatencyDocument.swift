// Latencies as a reader wants them: percentiles, and the counts to draw them from.

import GICModel
import Histogram

/// How the values of one histogram are spread. Values are cycles of the GIC clock.
public struct Distribution: Codable, Equatable, Sendable {
  /// How many values were recorded, and their exact sum.
  public var count: UInt64
  public var sum: UInt64
  /// Exact; 0 if nothing was recorded.
  public var min: UInt64
  public var max: UInt64
  /// Exact quotient of sum and count; 0 if nothing was recorded.
  public var mean: Double
  /// Percentiles 50, 90, 99 and 99.9: the greatest value that shares the percentile's bucket, so
  /// exact below 128 and at most 1/64 too high above; never above `max`.
  public var p50: UInt64
  public var p90: UInt64
  public var p99: UInt64
  public var p999: UInt64
  /// The buckets that are not empty, in rising order. Empty in a headline.
  public var buckets: [Bucket]

  /// The values from `floor` up to the next bucket's floor; as JSON `[floor, count]`.
  public struct Bucket: Codable, Equatable, Sendable {
    public var floor: UInt64
    public var count: UInt64
    public init(floor: UInt64, count: UInt64) { (self.floor, self.count) = (floor, count) }

    public init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      floor = try pair.decode(UInt64.self)
      count = try pair.decode(UInt64.self)
    }
    public func encode(to encoder: any Encoder) throws {
      var pair = encoder.unkeyedContainer()
      try pair.encode(floor)
      try pair.encode(count)
    }
  }

  public init(_ histogram: LatencyHistogram) {
    count = histogram.count
    sum = histogram.sum
    min = histogram.count == 0 ? 0 : histogram.min
    max = histogram.max
    mean = histogram.count == 0 ? 0 : Double(histogram.sum) / Double(histogram.count)
    buckets = []
    var values = Histogram<UInt64>(
      highestTrackableValue: 1 << 40, numberOfSignificantValueDigits: .three)
    for (index, count) in histogram.counts.enumerated() where count != 0 {
      buckets.append(Bucket(floor: LatencyHistogram.floor(of: index), count: count))
      let last = LatencyHistogram.floor(of: index + 1) - 1
      _ = values.record(Swift.min(last, histogram.max), count: count)
    }
    let (least, greatest) = (min, max)
    func percentile(_ percent: Double) -> UInt64 {
      Swift.min(Swift.max(values.valueAtPercentile(percent), least), greatest)
    }
    p50 = percentile(50)
    p90 = percentile(90)
    p99 = percentile(99)
    p999 = percentile(99.9)
  }

  private enum CodingKeys: String, CodingKey {
    case count, sum, min, max, mean, p50, p90, p99, p999, buckets
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    count = try values.decode(UInt64.self, forKey: .count)
    sum = try values.decode(UInt64.self, forKey: .sum)
    min = try values.decode(UInt64.self, forKey: .min)
    max = try values.decode(UInt64.self, forKey: .max)
    mean = try values.decode(Double.self, forKey: .mean)
    p50 = try values.decode(UInt64.self, forKey: .p50)
    p90 = try values.decode(UInt64.self, forKey: .p90)
    p99 = try values.decode(UInt64.self, forKey: .p99)
    p999 = try values.decode(UInt64.self, forKey: .p999)
    buckets = try values.decodeIfPresent([Bucket].self, forKey: .buckets) ?? []
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(count, forKey: .count)
    try values.encode(sum, forKey: .sum)
    try values.encode(min, forKey: .min)
    try values.encode(max, forKey: .max)
    try values.encode(mean, forKey: .mean)
    try values.encode(p50, forKey: .p50)
    try values.encode(p90, forKey: .p90)
    try values.encode(p99, forKey: .p99)
    try values.encode(p999, forKey: .p999)
    if !buckets.isEmpty { try values.encode(buckets, forKey: .buckets) }
  }
}

/// One class of transaction: the whole latency, and its stages. As JSON the whole is flat, with
/// `stages` beside it.
public struct LatencyDocument: Codable, Equatable, Sendable {
  public var total: Distribution
  /// In path order. As JSON an object by name, each with its place as `order`.
  public var stages: [Stage]

  public struct Stage: Equatable, Sendable {
    public var name: String
    public var distribution: Distribution
    public init(name: String, distribution: Distribution) {
      (self.name, self.distribution) = (name, distribution)
    }
  }

  public init(_ latency: MachineStatistics.Latency) {
    total = Distribution(latency.total)
    stages = latency.stages.map { Stage(name: $0.name, distribution: Distribution($0.histogram)) }
  }

  /// The same without buckets.
  public var headline: LatencyDocument {
    var copy = self
    copy.total.buckets = []
    for index in copy.stages.indices { copy.stages[index].distribution.buckets = [] }
    return copy
  }

  private enum CodingKeys: String, CodingKey { case stages }

  /// A stage as it is written: its distribution, flat, and its place.
  private struct WrittenStage: Codable {
    var order: Int
    var distribution: Distribution
    enum CodingKeys: String, CodingKey { case order }

    init(order: Int, distribution: Distribution) {
      (self.order, self.distribution) = (order, distribution)
    }
    init(from decoder: any Decoder) throws {
      order = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .order)
      distribution = try Distribution(from: decoder)
    }
    func encode(to encoder: any Encoder) throws {
      try distribution.encode(to: encoder)
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(order, forKey: .order)
    }
  }

  public init(from decoder: any Decoder) throws {
    total = try Distribution(from: decoder)
    stages = try decoder.container(keyedBy: CodingKeys.self)
      .decode([String: WrittenStage].self, forKey: .stages)
      .sorted { ($0.value.order, $0.key) < ($1.value.order, $1.key) }
      .map { Stage(name: $0.key, distribution: $0.value.distribution) }
  }

  public func encode(to encoder: any Encoder) throws {
    try total.encode(to: encoder)
    var written: [String: WrittenStage] = [:]
    for (order, stage) in stages.enumerated() {
      written[stage.name] = WrittenStage(order: order, distribution: stage.distribution)
    }
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(written, forKey: .stages)
  }
}
