/// Latencies of one class of transaction, in total and by stage, in one slab. Recording a stage
/// that took no time costs nothing: how many did not is what is missing from the total's count.
struct StageHistograms: ~Copyable {
  private struct Summary: BitwiseCopyable {
    var count: UInt64 = 0
    var sum: UInt64 = 0
    var min: UInt64 = .max
    var max: UInt64 = 0

    @inline(never) mutating func add(_ value: UInt64, _ times: UInt64) {
      count &+= times
      sum &+= value &* times
      if value < min { min = value }
      if value > max { max = value }
    }
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
  /// Each is recorded by ``recordEach(_:)``; else by ``record(_:)``.
  private let countsEach: Bool
  private let stageCount: Int
  /// Then short values, which have a bucket each, 128 a row.
  private let exact: Slab<UInt64>
  /// Of values that have no bucket of their own; the others are summed up when somebody asks.
  private let summaries: Slab<Summary>
  private let buckets: Slab<UInt64>
  private let storage = Slab(repeating: Last(), count: 1)
  /// The only one, so that asking changes nothing but it.
  private let last: SlabElement<Last>
  /// Of MSIs.
  private(set) var devices = DeviceCounts()

  init(stages names: [String], countsEach: Bool = false) {
    self.names = names
    self.countsEach = countsEach
    stageCount = names.count
    exact = Slab(repeating: 0, count: countsEach ? (names.count + 1) * 128 : 0)
    last = storage.element(0)
    summaries = Slab(repeating: Summary(), count: names.count + 1)
    buckets = Slab(repeating: 0, count: (names.count + 1) * LatencyHistogram.bucketCount)
  }
  deinit {
    summaries.deallocate()
    buckets.deallocate()
    exact.deallocate()
    storage.deallocate()
  }

  /// Records a transaction that has ended.
  mutating func record(_ transaction: SlabElement<Transaction>) {
    let last = last
    let total = transaction.value.mark &- transaction.value.start
    assert(transaction.value.stageSum == total, "the stages do not add up to the whole")
    if transaction.value.kind == .msi {
      devices.record(transaction.value.device, latency: total)
    }
    // The total is their sum.
    var difference: UInt64 = 0
    for stage in 0..<16 {
      difference |= transaction.value.stages[stage] ^ last.value.stages[stage]
    }
    if difference != 0 { change(transaction, total: total) }
    last.value.count &+= 1
  }

  /// Records one of a class whose stages differ from one to the next: each value by itself.
  mutating func recordEach(_ transaction: SlabElement<Transaction>) {
    let last = last
    let total = transaction.value.mark &- transaction.value.start
    assert(transaction.value.stageSum == total, "the stages do not add up to the whole")
    last.value.count &+= 1
    count(0, total)
    for stage in 0..<16 where stage < stageCount {
      count(stage &+ 1, transaction.value.stages[stage])
    }
  }

  @inline(__always) private func count(_ row: Int, _ value: UInt64) {
    if value < LatencyHistogram.exactCount {
      exact[row &<< 7 | Int(truncatingIfNeeded: value)] &+= 1
    } else {
      countLong(row, value)
    }
  }

  @inline(never) private func countLong(_ row: Int, _ value: UInt64) {
    buckets[row &* LatencyHistogram.bucketCount &+ LatencyHistogram.bucket(of: value)] &+= 1
    summaries.element(row).value.add(value, 1)
  }

  /// Puts what was counted exactly where everything is.
  private func settleEach() {
    for place in 0..<exact.count where exact[place] != 0 {
      buckets[place >> 7 &* LatencyHistogram.bucketCount &+ place & 127] &+= exact[place]
      exact[place] = 0
    }
  }

  /// Some stages take another time than the last time.
  @inline(never)
  private mutating func change(_ transaction: SlabElement<Transaction>, total: UInt64) {
    let last = last
    if last.value.total != total {
      settle(0, last.value.total)
      last.value.total = total
    }
    for stage in 0..<16 {
      let cycles = transaction.value.stages[stage]
      guard last.value.stages[stage] != cycles else { continue }
      settle(stage &+ 1, last.value.stages[stage])
      last.value.stages[stage] = cycles
    }
  }

  /// Counts what a row's value was since it came.
  @inline(__always) private func settle(_ row: Int, _ value: UInt64) {
    let last = last
    let times = last.value.count &- last.value.since[row]
    last.value.since[row] = last.value.count
    // A stage that took no time is counted by what is missing.
    guard times > 0, value > 0 || row == 0 else { return }
    let base = row &* LatencyHistogram.bucketCount
    if value < LatencyHistogram.exactCount {
      buckets[base &+ Int(truncatingIfNeeded: value)] &+= times
    } else {
      buckets[base &+ LatencyHistogram.bucket(of: value)] &+= times
      summaries.element(row).value.add(value, times)
    }
  }

  /// Counts everything that was recorded.
  private func settle() {
    guard !countsEach else { return settleEach() }
    settle(0, last.value.total)
    for stage in names.indices { settle(stage + 1, last.value.stages[stage]) }
  }

  /// What is settled of a row.
  private func summary(_ row: Int) -> Summary {
    var summary = summaries[row]
    for value in 0..<LatencyHistogram.exactCount {
      let times = buckets[row * LatencyHistogram.bucketCount + Int(value)]
      if times > 0 { summary.add(value, times) }
    }
    return summary
  }

  var count: UInt64 { last.value.count }
  /// Cycles of all of them together.
  var sum: UInt64 {
    settle()
    return summary(0).sum
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
    let summary = summary(row)
    let zeros = last.value.count - summary.count
    counts[0] += zeros
    return LatencyHistogram(
      counts: counts, sum: summary.sum, min: zeros > 0 ? 0 : summary.min, max: summary.max)
  }

  mutating func reset() {
    devices.reset()
    for row in 0..<summaries.count { summaries[row] = Summary() }
    buckets.fill(0)
    exact.fill(0)
    last.value = Last()
  }
}

extension StageHistograms {
  mutating func archive(_ name: String, _ archive: inout Archive) throws(SnapshotError) {
    settle()
    try archive.section(name)
    try devices.archive(&archive)
    let (summaries, buckets) = (summaries, buckets)
    let all = (0..<summaries.count).map { summary($0) }
    try archive.field(
      "summaries", count: summaries.count * 4,
      read: { place in
        let summary = all[place / 4]
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
    last.value = Last()
    last.value.count = summaries[0].count
    last.value.since = InlineArray(repeating: summaries[0].count)
    keepLong()
  }

  /// Takes out of the summaries, which are of all values, what the exact buckets tell.
  private func keepLong() {
    for row in 0..<summaries.count {
      for value in 0..<LatencyHistogram.exactCount {
        let times = buckets[row * LatencyHistogram.bucketCount + Int(value)]
        summaries[row].count &-= times
        summaries[row].sum &-= value &* times
      }
    }
  }
}
