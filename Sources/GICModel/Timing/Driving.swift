import GICArch

// For whoever plays software and PEs at once, and must see at which cycle something ended.

extension TimedMachine {
  /// What ``advance(to:watching:)`` stops for.
  public struct Watch: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The lines of a PE change.
    public static let lines = Watch(rawValue: 1)
    /// A command completes: CREADR of an ITS moves.
    public static let commands = Watch(rawValue: 2)
    /// An MSI is shown to its PE, or merged.
    public static let msis = Watch(rawValue: 4)
  }

  /// Lets time pass to the end of the first cycle at which something of `watch` happens; otherwise
  /// to `limit`, or, if that is `.max`, to where nothing is under way any more. Line changes that
  /// were not handed out yet stop it at once.
  /// - Returns: the cycle reached.
  @discardableResult
  public func advance(to limit: UInt64, watching watch: Watch) -> UInt64 {
    let (commands, msis) = (endedCommands, endedMSIs)
    while true {
      if watch.contains(.lines), core.rules.hasLineChanges { break }
      if watch.contains(.commands), endedCommands != commands { break }
      if watch.contains(.msis), endedMSIs != msis { break }
      if core.runCycle(through: limit) != nil { continue }
      if limit == .max { core.watch(at: .max) } else { core.run(to: limit) }
      break
    }
    return core.now
  }

  /// Commands completed so far, of all ITSs.
  public var endedCommands: UInt64 { core.commandLatency.count }
  /// MSIs shown or merged so far, of all ITSs; those that were dropped or cleared are not counted.
  public var endedMSIs: UInt64 { core.msiLatency.count }
  /// Cycles of those MSIs together, each from its arrival.
  public var endedMSICycles: UInt64 { core.msiLatency.sum }
  /// MSIs that wait because an ingress FIFO is full, of all ITSs.
  public var waitingOutside: Int {
    (0..<core.its.count).reduce(0) { $0 + core.its[$1].outside.count }
  }
  /// `GITS_CREADR` of an ITS, in bytes, read without effect.
  public func readOffset(ofITS n: Int) -> Int { core.rules.its[n].queue.creadr }
}

extension LatencyHistogram {
  /// Adds what another one has recorded.
  public mutating func add(_ other: LatencyHistogram) {
    self = LatencyHistogram(
      counts: zip(counts, other.counts).map { $0 &+ $1 }, sum: sum &+ other.sum,
      min: Swift.min(min, other.min), max: Swift.max(max, other.max))
  }

  /// What was recorded since `earlier`, which is an older state of the same histogram. The least
  /// and the greatest value are as exact as the buckets.
  public func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
    var counts = counts
    var (least, greatest): (UInt64, UInt64) = (.max, 0)
    for bucket in counts.indices {
      counts[bucket] &-= earlier.counts[bucket]
      guard counts[bucket] != 0 else { continue }
      least = Swift.min(least, LatencyHistogram.floor(of: bucket))
      greatest = LatencyHistogram.floor(of: bucket + 1) - 1
    }
    return LatencyHistogram(
      counts: counts, sum: sum &- earlier.sum, min: least == .max ? .max : Swift.max(least, min),
      max: Swift.min(greatest, max))
  }
}
