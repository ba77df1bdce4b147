// The numbers of the timing model. Values only: where each comes from is kept by the configuration
// that sets it, and printed with every result.

/// Latencies in cycles of the GIC clock, depths and widths in entries. Defaults are "gic600-like".
public struct TimingParameters: Equatable, Sendable {
  /// Hz.
  public var clockHertz: UInt64 = 1_000_000_000

  // MSI ingress
  public var msiAcceptCycles: UInt64 = 2
  public var msiFIFODepth: Int = 16
  // Command fetch and execution
  public var commandFetchDepth: Int = 1
  public var commandDecodeCycles: UInt64 = 3
  public var commandOperationCycles: UInt64 = 4
  public var commandRetireCycles: UInt64 = 1
  // Arbiter
  public var arbiterCycles: UInt64 = 1
  public var arbiterWeightMSI: Int = 1
  public var arbiterWeightCommand: Int = 1
  // Caches
  public var deviceLookupCycles: UInt64 = 2
  public var eventLookupCycles: UInt64 = 2
  public var collectionLookupCycles: UInt64 = 2
  public var deviceCache = CacheShape(entries: 32, ways: 2)
  public var eventCache = CacheShape(entries: 256, ways: 2)
  public var collectionCache = CacheShape(entries: 16, ways: 2)
  // Translation and table memory port
  public var translationSlots: Int = 4
  public var tableWritesInFlight: Int = 1
  public var memoryLatencyCycles: UInt64 = 85
  public var memoryRequestCycles: UInt64 = 1
  // LPI link
  public var linkFormatCycles: UInt64 = 1
  public var linkBeats: UInt64 = 4
  public var linkCredits: Int = 4
  public var linkReturnCycles: UInt64 = 4
  public var hopCycles: UInt64 = 0
  // LPI unit
  public var lpiLookupCycles: UInt64 = 3
  public var lpiCache = CacheShape(entries: 256, ways: 2)
  public var lpiBanks: Int = 1
  public var propertyReadsInFlight: Int = 4
  public var invallRefetches: Bool = false
  // Redistributor and CPU interface
  public var hppiSelectCycles: UInt64 = 2
  public var downstreamCycles: UInt64 = 4
  public var acceptanceCycles: UInt64 = 3
  // The PE as load
  public var peHandlingCycles: UInt64 = 500
  public init() {}

  /// A set-associative cache: `entries` in all.
  public struct CacheShape: Equatable, Sendable {
    public var entries: Int
    public var ways: Int
    public init(entries: Int, ways: Int) { (self.entries, self.ways) = (entries, ways) }
  }
}
