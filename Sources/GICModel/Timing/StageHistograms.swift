/// Latencies of one class of transaction, in total and by stage, in one slab. Recording a stage
/// that took no time costs nothing: how many did not is what is missing from the total's count.
struct StageHistograms: ~Copyable {
  private struct Summary: BitwiseCopyable {
    var count: UInt64 = 0
    var sum: UInt64 = 0
    var min: UInt64 = .max
    var max: UInt64 = 0
  }
  private let names: [String]
  private let summaries: Slab<Summary>
  private let buckets: Slab<UInt64>
  /// Of MSIs.
  private(set) var devices = DeviceCounts()

  init(stages names: [String]) {
    self.names = names
    summaries = Slab(repeating: Summary(), count: names.count + 1)
    buckets = Slab(repeating: 0, count: (names.count + 1) * LatencyHistogram.bucketCount)
  }
  deinit {
    summaries.deallocate()
    buckets.deallocate()
  }

  /// Records a transaction that has ended.
  mutating func record(_ transaction: Transaction) {
    let total = transaction.mark &- transaction.start
    assert(transaction.stageSum == total, "the stages do not add up to the whole")
    record(total, in: 0)
    if transaction.kind == .msi { devices.record(transaction.device, latency: total) }
    for stage in 1..<summaries.count {
      let cycles = transaction.stages[stage &- 1]
      if cycles != 0 { record(cycles, in: stage) }
    }
  }

  private func record(_ value: UInt64, in row: Int) {
    buckets[row &* LatencyHistogram.bucketCount &+ LatencyHistogram.bucket(of: value)] &+= 1
    summaries[row].count &+= 1
    summaries[row].sum &+= value
    if value < summaries[row].min { summaries[row].min = value }
    if value > summaries[row].max { summaries[row].max = value }
  }

  var count: UInt64 { summaries[0].count }
  /// Cycles of all of them together.
  var sum: UInt64 { summaries[0].sum }

  /// As the report wants it.
  func latency() -> MachineStatistics.Latency {
    MachineStatistics.Latency(
      total: histogram(0), stages: names.indices.map { (names[$0], histogram($0 + 1)) })
  }

  private func histogram(_ row: Int) -> LatencyHistogram {
    let base = row * LatencyHistogram.bucketCount
    var counts = (0..<LatencyHistogram.bucketCount).map { buckets[base + $0] }
    let summary = summaries[row]
    let zeros = summaries[0].count - summary.count
    counts[0] += zeros
    return LatencyHistogram(
      counts: counts, sum: summary.sum, min: zeros > 0 ? 0 : summary.min, max: summary.max)
  }

  mutating func reset() {
    devices.reset()
    for row in 0..<summaries.count { summaries[row] = Summary() }
    for index in 0..<buckets.count { buckets[index] = 0 }
  }
}

extension StageHistograms {
  mutating func archive(_ name: String, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section(name)
    try devices.archive(&archive)
    let (summaries, buckets) = (summaries, buckets)
    try archive.field(
      "summaries", count: summaries.count * 4,
      read: { place in
        let summary = summaries[place / 4]
        return [summary.count, summary.sum, summary.min, summary.max][place % 4]
      },
      write: { place, word in
        switch place % 4 {
        case 0: summaries[place / 4].count = word
        case 1: summaries[place / 4].sum = word
        case 2: summaries[place / 4].min = word
        default: summaries[place / 4].max = word
        }
      })
    try archive.field(
      "buckets", count: buckets.count, read: { buckets[$0] }, write: { buckets[$0] = $1 })
    guard archive.isReading else { return }
    // Each value is in one bucket, and no stage has more of them than there are transactions.
    for row in 0..<summaries.count {
      var left = summaries[row].count
      for place in 0..<LatencyHistogram.bucketCount {
        let count = buckets[row * LatencyHistogram.bucketCount + place]
        guard count <= left else { throw .field("buckets of \(name)") }
        left -= count
      }
      guard left == 0, summaries[row].count <= summaries[0].count else {
        throw .field("summaries of \(name)")
      }
    }
  }
}
