import GICArch

/// The timed clock's observer: keeps what one transaction did until the scheduler has read it. A
/// buffer that grows when a transaction does more than any before it, and a bitmap of PEs. Copies
/// are the same storage; its owner deallocates it.
struct Recorder: EngineObserver {
  static var offersAtOnce: Bool { false }
  /// Hardly any transaction does more than this, apart from ``StageEvent/candidatesChanged(_:)``,
  /// which has a place for every PE.
  static var usualCount: Int { 32 }
  static var filler: StageEvent { .synchronize(PEIndex(0)) }

  private struct Counts: BitwiseCopyable {
    var events = 0
    var changedPEs = 0
  }
  /// One element, so that copies see it grow.
  private let log: Slab<Slab<StageEvent>>
  private let counts: Slab<Counts>
  private let changed: Slab<UInt64>

  init(peCount: Int) {
    log = Slab(count: 1) { _ in
      Slab(count: Recorder.usualCount) { _ in Recorder.filler }
    }
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
    if count == log[0].count { grow() }
    log[0][count] = event
    counts[0].events = count &+ 1
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

  private func grow() {
    let old = log[0]
    log[0] = Slab(count: old.count * 2) { $0 < old.count ? old[$0] : Recorder.filler }
    old.deallocate()
  }

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
