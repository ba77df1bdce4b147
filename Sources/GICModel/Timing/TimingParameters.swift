// The numbers of the timing model. Values only: where each comes from is kept by the configuration
// that sets it, and printed with every result.

/// Latencies in cycles of the GIC clock, depths and widths in entries. Defaults are "gic600-like".
public struct TimingParameters: Equatable, Sendable {
  /// The GIC clock in Hz: only reports use it; the model counts cycles.
  public var clockHertz: UInt64 = 1_000_000_000

  // MSI ingress
  /// From an MSI's entry into the ingress FIFO until it may be granted.
  public var msiAcceptCycles: UInt64 = 2
  /// MSIs in the ingress FIFO of an ITS; more wait outside. Freed by the grant.
  public var msiFIFODepth: Int = 16
  // Command fetch and execution
  /// Commands of an ITS being fetched or waiting for their grant. Freed by the grant.
  public var commandFetchDepth: Int = 1
  /// From a command's grant until its first lookup.
  public var commandDecodeCycles: UInt64 = 3
  /// From its last table read until its effects are sent, cached lookups included.
  public var commandOperationCycles: UInt64 = 4
  /// From there (SYNC: from the acknowledge) until CREADR moves.
  public var commandRetireCycles: UInt64 = 1
  // Arbiter
  /// From one grant of an ITS to the next; an MSI's first lookup begins that long after its grant.
  public var arbiterCycles: UInt64 = 1
  /// Grants in a row that MSIs get while commands wait too; at least 1.
  public var arbiterWeightMSI: Int = 1
  /// Grants in a row that commands get while MSIs wait too; at least 1.
  public var arbiterWeightCommand: Int = 1
  // Caches of each ITS. A lookup takes its cycles, hit or miss.
  /// From the beginning of one lookup in a cache to that of the next.
  public var lookupIntervalCycles: UInt64 = 1
  public var deviceLookupCycles: UInt64 = 2
  public var eventLookupCycles: UInt64 = 2
  public var collectionLookupCycles: UInt64 = 2
  /// DeviceID to ITT.
  public var deviceCache = CacheShape(entries: 32, ways: 2)
  /// (DeviceID, EventID) to INTID and collection.
  public var eventCache = CacheShape(entries: 256, ways: 2)
  /// Collection to redistributor.
  public var collectionCache = CacheShape(entries: 16, ways: 2)
  // Translation and table memory port
  /// Table reads of an ITS in flight; a read of a two-level table keeps its slot for both.
  public var translationSlots: Int = 4
  /// Posted table writes of an ITS in flight.
  public var tableWritesInFlight: Int = 1
  /// From the issue of a request to its answer, at the table port and at the LPI unit's port.
  public var memoryLatencyCycles: UInt64 = 85
  /// From one request of a port to the next, at least.
  public var memoryRequestCycles: UInt64 = 1
  /// Bytes that a port moves in one beat: a command and a part of a pending table have 32, entries
  /// and properties at most 8.
  public var memoryBusBytes: Int = 16
  /// From one beat of a port to the next.
  public var memoryBeatCycles: UInt64 = 1
  // LPI link
  /// From the credit until the first beat.
  public var linkFormatCycles: UInt64 = 1
  /// Cycles that a message has the link for itself.
  public var linkBeats: UInt64 = 4
  /// Messages of an ITS that the LPI unit has not taken; also the length of the queue before the
  /// link at which the arbiter stops granting.
  public var linkCredits: Int = 4
  /// A credit's, or a SYNC's acknowledge's, way back.
  public var linkReturnCycles: UInt64 = 4
  /// Hops between an ITS and the LPI unit beyond the first, each of `hopCycles`.
  public var linkHops: UInt64 = 0
  public var hopCycles: UInt64 = 2
  // Chips
  /// PEs and ITSs are dealt out to the chips in order, each an equal part.
  public var chips: Int = 1
  /// What a message, a credit or an answer takes longer to or from another chip.
  public var crossChipCycles: UInt64 = 100
  // LPI unit, shared by a chip
  /// Whether each redistributor has an LPI unit of its own instead.
  public var lpiPerRedistributor: Bool = false
  /// From a bank's taking of a message until it is looked up.
  public var lpiLookupCycles: UInt64 = 3
  /// A bank's time for one message, for one set that INVALL forgets, for one LPI of a MOVALL.
  public var lpiBankCycles: UInt64 = 1
  /// LPI properties (priority and enable), of all banks of a unit together.
  public var lpiCache = CacheShape(entries: 256, ways: 2)
  public var lpiBanks: Int = 1
  /// Property reads of a unit in flight.
  public var propertyReadsInFlight: Int = 4
  /// Pending LPIs that a unit holds; more of them are in the pending table.
  public var pendingEntries: Int = 256
  /// Reads and writes of pending tables, of a unit, in flight.
  public var pendingAccessesInFlight: Int = 3
  /// MOVALL: whether the source's whole pending table is read, in parts of 32 bytes.
  public var movallSweepsTable: Bool = true
  /// INVALL: whether the properties that were cached are read again before the unit goes on (true),
  /// or only forgotten, one cycle a set (false).
  public var invallRefetches: Bool = false
  // Redistributor and CPU interface
  /// The redistributor's choice of its best LPI.
  public var hppiSelectCycles: UInt64 = 2
  /// The message to the CPU interface.
  public var downstreamCycles: UInt64 = 4
  /// From there until the CPU interface shows the LPI and its line changes.
  public var acceptanceCycles: UInt64 = 3
  /// An activate's or a release's way back to the redistributor; then it may choose again.
  public var upstreamCycles: UInt64 = 4
  // The PE as load: for whoever plays the PEs (``PEHandling``); the machine does not use it.
  /// From acknowledge to end of interrupt, on average.
  public var peHandlingCycles: UInt64 = 500
  public var peHandlingDistribution = Distribution.constant
  /// Of the random numbers.
  public var peHandlingSeed: UInt64 = 1
  public init() {}

  /// How times are spread about their mean.
  public enum Distribution: String, CaseIterable, Sendable {
    case constant
    /// From 0 to twice the mean, each as likely.
    case uniform
    case exponential
  }

  /// A set-associative cache: `entries` in all.
  public struct CacheShape: Equatable, Sendable {
    public var entries: Int
    public var ways: Int
    public init(entries: Int, ways: Int) { (self.entries, self.ways) = (entries, ways) }
  }
}
