import GICArch

/// The timed clock's observer: keeps what one transaction did until the scheduler has read it. A
/// buffer and a bitmap of PEs; only a transaction that does more than any before it allocates.
/// Copies are the same storage; its owner deallocates it.
struct Recorder: EngineObserver {
  static var offersAtOnce: Bool { false }
  /// Most transactions do no more than this, apart from ``StageEvent/candidatesChanged(_:)``, which
  /// has a place for every PE. INVALL of every PE, and what takes many pending LPIs away at once,
  /// do.
  static var capacity: Int { 32 }

  private struct Counts: BitwiseCopyable {
    var events = 0
    var changedPEs = 0
  }
  /// The one buffer, behind a place that all copies share.
  private let log: Slab<Slab<StageEvent>>
  private let counts: Slab<Counts>
  private let changed: Slab<UInt64>

  init(peCount: Int) {
    log = Slab(count: 1) { _ in Recorder.buffer(Recorder.capacity) }
    counts = Slab(repeating: Counts(), count: 1)
    changed = Slab(repeating: 0, count: (peCount + 63) / 64)
  }

  func deallocate() {
    log[0].deallocate()
    log.deallocate()
    counts.deallocate()
    changed.deallocate()
  }

  mutating func observe(_ event: @autoclosure () -> StageEvent) {
    let event = event()
    if case .candidatesChanged(let pe) = event {
      note(pe)
      return
    }
    let count = counts[0].events
    if count == log[0].count { log[0] = Recorder.grown(log[0], to: count * 2) }
    log[0][count] = event
    counts[0].events = count &+ 1
  }

  /// An empty buffer for events.
  static func buffer(_ count: Int) -> Slab<StageEvent> {
    Slab(count: count) { _ in .synchronize(PEIndex(0)) }
  }
  /// A longer buffer that begins with `old`, which is given back.
  static func grown(_ old: Slab<StageEvent>, to count: Int) -> Slab<StageEvent> {
    let new = Slab(count: count) { $0 < old.count ? old[$0] : .synchronize(PEIndex(0)) }
    old.deallocate()
    return new
  }

  /// Remembers that the choice of a PE must be made anew.
  func note(_ pe: PEIndex) {
    let word = pe.index &>> 6
    guard word < changed.count else { return }
    let bit: UInt64 = 1 &<< UInt64(pe.index & 63)
    if changed[word] & bit == 0 {
      changed[word] |= bit
      counts[0].changedPEs &+= 1
    }
  }

  /// How many events are kept.
  var count: Int { counts[0].events }
  subscript(index: Int) -> StageEvent { log[0][index] }
  /// Forgets the events, not the PEs.
  func clear() { counts[0].events = 0 }

  /// Takes the lowest PE whose candidates changed.
  func nextChangedPE() -> PEIndex? {
    guard counts[0].changedPEs > 0 else { return nil }
    for word in 0..<changed.count where changed[word] != 0 {
      let bit = changed[word].trailingZeroBitCount
      changed[word] &= changed[word] &- 1
      counts[0].changedPEs &-= 1
      return PEIndex(word &<< 6 &+ bit)
    }
    return nil
  }
}
