/// Latencies of one class of transaction, in total and by stage, in one slab. Recording a stage
/// that took no time costs nothing: how many did not is what is missing from the total's count.
struct StageHistograms: ~Copyable {
  private struct Summary: BitwiseCopyable {
    var count: UInt64 = 0
    var sum: UInt64 = 0
    var min: UInt64 = .max
    var max: UInt64 = 0
  }
  /// What was recorded last. Most stages take as long as they took the last time, so a value is
  /// counted only when another one comes.
  private struct Last: BitwiseCopyable {
    /// How many transactions were recorded.
    var count: UInt64 = 0
    var total: UInt64 = 0
    var stages = InlineArray<16, UInt64>(repeating: 0)
    /// By row: so many transactions had been recorded when its value came.
    var since = InlineArray<17, UInt64>(repeating: 0)
  }
  private let names: [String]
  private let summaries: Slab<Summary>
  private let buckets: Slab<UInt64>
  /// One element, so that asking changes nothing but it.
  private let last = Slab(repeating: Last(), count: 1)
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
    last.deallocate()
  }

  /// Records a transaction that has ended.
  mutating func record(_ index: TransactionIndex, in pool: borrowing TransactionPool) {
    let (transactions, last, index) = (pool.slots, last, Int(index))
    let total = transactions[index].mark &- transactions[index].start
    assert(transactions[index].stageSum == total, "the stages do not add up to the whole")
    if transactions[index].kind == .msi {
      devices.record(transactions[index].device, latency: total)
    }
    var difference = total ^ last[0].total
    for stage in 0..<16 {
      difference |= transactions[index].stages[stage] ^ last[0].stages[stage]
    }
    if difference != 0 { change(transactions, index, total: total) }
    last[0].count &+= 1
  }

  /// Some stages take another time than the last time.
  @inline(never)
  private func change(_ transactions: Slab<Transaction>, _ index: Int, total: UInt64) {
    let last = last
    if last[0].total != total {
      settle(0, last[0].total)
      last[0].total = total
    }
    for stage in 0..<names.count where last[0].stages[stage] != transactions[index].stages[stage] {
      settle(stage &+ 1, last[0].stages[stage])
      last[0].stages[stage] = transactions[index].stages[stage]
    }
  }

  /// Counts what a row's value was since it came.
  @inline(__always) private func settle(_ row: Int, _ value: UInt64) {
    let (last, summaries) = (last, summaries)
    let times = last[0].count &- last[0].since[row]
    last[0].since[row] = last[0].count
    // A stage that took no time is counted by what is missing.
    guard times > 0, value > 0 || row == 0 else { return }
    buckets[row &* LatencyHistogram.bucketCount &+ LatencyHistogram.bucket(of: value)] &+= times
    summaries[row].count &+= times
    summaries[row].sum &+= value &* times
    if value < summaries[row].min { summaries[row].min = value }
    if value > summaries[row].max { summaries[row].max = value }
  }

  /// Counts everything that was recorded.
  private func settle() {
    settle(0, last[0].total)
    for stage in names.indices { settle(stage + 1, last[0].stages[stage]) }
  }

  var count: UInt64 { last[0].count }
  /// Cycles of all of them together.
  var sum: UInt64 {
    settle()
    return summaries[0].sum
  }

  /// As the report wants it.
  func latency() -> MachineStatistics.Latency {
    settle()
    return MachineStatistics.Latency(
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
    buckets.fill(0)
    last.fill(Last())
  }
}

extension StageHistograms {
  mutating func archive(_ name: String, _ archive: inout Archive) throws(SnapshotError) {
    settle()
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
    last[0] = Last()
    last[0].count = summaries[0].count
    last[0].since = InlineArray(repeating: summaries[0].count)
  }
}
