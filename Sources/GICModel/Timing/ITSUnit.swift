// What one ITS holds on the timed clock. Each unit's rules are in the file of that name; here is
// only its state.

/// An MSI that found the ingress FIFO full.
struct OutsideMSI: BitwiseCopyable {
  var device: UInt32
  var event: UInt32
  var cycle: UInt64
}

/// Commands that became visible with one write, and when.
struct CommandArrival: BitwiseCopyable {
  var count: Int
  var cycle: UInt64
}

/// The command that executes: what the rules said it did, and how far time has followed.
struct CommandExecution: ~Copyable {
  enum Phase: UInt8 {
    case idle
    case decode
    /// Looking up the next entry, or waiting for it.
    case reads
    case operation
    /// Waiting for the one table write before it.
    case writes
    /// SYNC: its message is under way, or waits for others.
    case synchronize
    case acknowledge
    case retire
  }
  var phase = Phase.idle
  var transaction: TransactionIndex = .max
  private(set) var events = Slab<StageEvent>(count: Recorder.usualCount) { _ in Recorder.filler }
  var eventCount = 0
  /// The next of `events` to be followed.
  var cursor = 0
  var writesLeft = 0
  /// It was rejected, and the queue stands still: CREADR does not move.
  var stalled = false
  var rejected = false
  /// Which of `events` are lookups, and which table writes: a bit each, as far as the bits go.
  private var reads: UInt64 = 0
  private var written: UInt64 = 0
  /// There is a message among `events`.
  private(set) var sends = false
  /// When the command before it had ended.
  var ended: UInt64 = 0
  /// The rejected command at which the queue stands still; `.max` if it does not.
  var standing: TransactionIndex = .max
  /// The same once the guest has retried, until it is fetched again.
  var resumed: TransactionIndex = .max

  // SYNC
  /// Earlier effects on the target that are not acknowledged.
  var outstanding: UInt32 = 0
  /// The message has been looked up by the LPI unit.
  var reached = false
  var target: UInt32 = 0

  init() {}
  deinit { events.deallocate() }

  /// Keeps events that were kept before.
  mutating func keep(_ kept: [StageEvent]) {
    makeRoom(for: kept.count)
    (reads, written, sends) = (0, 0, false)
    for (at, event) in kept.enumerated() {
      events[at] = event
      note(event, at)
    }
  }

  /// Keeps what the rules did.
  mutating func keep(_ recorder: Recorder) {
    makeRoom(for: recorder.count)
    cursor = 0
    (reads, written, rejected, sends) = (0, 0, false, false)
    for at in 0..<eventCount {
      let event = recorder[at]
      events[at] = event
      note(event, at)
    }
  }

  @inline(__always) private mutating func makeRoom(for count: Int) {
    if count > events.count {
      events.deallocate()
      events = Slab(count: count) { _ in Recorder.filler }
    }
    eventCount = count
  }

  @inline(__always) private mutating func note(_ event: StageEvent, _ at: Int) {
    switch event {
    case .deviceLookup, .eventLookup, .collectionLookup: reads |= 1 << UInt64(at)
    case .deviceWritten, .eventWritten, .collectionWritten: written |= 1 << UInt64(at)
    case .set, .clear, .invalidate, .invalidateAll, .move, .moveAll, .synchronize: sends = true
    case .rejected: rejected = true
    case .taken, .forgotten, .candidatesChanged, .dropped: break
    }
  }

  /// The next lookup from `cursor` on, which goes behind it. It may be something else where there
  /// are more events than bits.
  @inline(__always) mutating func nextRead() -> Int? { next(of: reads) }
  /// The same of table writes.
  @inline(__always) mutating func nextWrite() -> Int? { next(of: written) }

  @inline(__always) private mutating func next(of bits: UInt64) -> Int? {
    if cursor < 64 {
      let rest = bits &>> UInt64(cursor)
      if rest != 0 {
        let at = cursor &+ rest.trailingZeroBitCount
        cursor = at &+ 1
        return at
      }
      cursor = min(64, eventCount)
    }
    guard cursor < eventCount else { return nil }
    cursor &+= 1
    return cursor &- 1
  }
}

/// The arbiter's memory.
struct ArbiterState: BitwiseCopyable {
  /// The first cycle at which it can grant again.
  var free: UInt64 = 0
  /// The cycle for which an event is queued; `.max` if none is.
  var armed: UInt64 = .max
  var turnIsMSI = true
  /// Grants that the class whose turn it is has left.
  var left = 0
}

/// The units of one ITS.
struct ITSUnit: ~Copyable {
  // Ingress
  var outside = Ring<OutsideMSI>(filler: OutsideMSI(device: 0, event: 0, cycle: 0))
  var fifo = TransactionQueue()
  // Commands
  var arrivals = Ring<CommandArrival>(filler: CommandArrival(count: 0, cycle: 0))
  /// Commands in `arrivals`: visible, and their fetch not begun.
  var unfetched = 0
  var fetching = 0
  /// Fetched, in order.
  var fetched = TransactionQueue()
  /// Rises when what was fetched is thrown away.
  var fetchEpoch: UInt32 = 0
  var execution = CommandExecution()
  var arbiter = ArbiterState()
  // Translation
  /// By ``Transaction/Table``.
  let caches: Slab<TimingCache>
  /// The first cycle at which each lookup pipeline takes the next, by ``Transaction/Table``.
  var lookupFree = InlineArray<3, UInt64>(repeating: 0)
  /// MSIs that look up step by step, in a lookup or waiting for a read.
  var stepwise = 0
  /// MSIs whose lookups were done ahead and have not ended, in the order of their ends.
  var ahead = TransactionQueue()
  var slots: MissSlots
  var port: MemoryPort
  var writesInFlight = 0
  // Link
  var linkQueue = TransactionQueue()
  var credits: Int
  /// The first cycle at which the link takes the next message's first beat.
  var linkFree: UInt64 = 0
  var linkArmed: UInt64 = .max
  /// How many SYNCs were granted.
  var epoch: UInt32 = 0
  /// Cycles that MSIs spent from their acceptance until their message was on the link.
  var latencySum: UInt64 = 0

  init(_ timing: TimingParameters) {
    let shapes = [timing.deviceCache, timing.eventCache, timing.collectionCache]
    caches = Slab(count: shapes.count) { TimingCache(shapes[$0]) }
    slots = MissSlots(count: timing.translationSlots)
    port = MemoryPort(timing)
    credits = max(1, timing.linkCredits)
    arbiter.left = max(1, timing.arbiterWeightMSI)
  }
  deinit { caches.deallocate() }

  /// DeviceID to ITT.
  var deviceCache: TimingCache {
    @inline(__always) _read { yield caches[0] }
    @inline(__always) nonmutating _modify { yield &caches[0] }
  }
  /// DeviceID and EventID to INTID and collection.
  var eventCache: TimingCache {
    @inline(__always) _read { yield caches[1] }
    @inline(__always) nonmutating _modify { yield &caches[1] }
  }
  /// Collection to redistributor.
  var collectionCache: TimingCache {
    @inline(__always) _read { yield caches[2] }
    @inline(__always) nonmutating _modify { yield &caches[2] }
  }
}
