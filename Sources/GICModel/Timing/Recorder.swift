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

  private struct State {
    var events: Slab<StageEvent>
    var count = 0
    var changedPEs = 0
  }
  /// One element, so that copies see it change.
  private let state: Slab<State>
  private let changed: Slab<UInt64>

  init(peCount: Int) {
    state = Slab(count: 1) { _ in
      State(events: Slab(count: Recorder.usualCount) { _ in Recorder.filler })
    }
    changed = Slab(repeating: 0, count: (peCount + 63) / 64)
  }

  func deallocate() {
    state[0].events.deallocate()
    state.deallocate()
    changed.deallocate()
  }

  @inline(__always) mutating func observe(_ event: @autoclosure () -> StageEvent) {
    let event = event()
    if case .candidatesChanged(let pe) = event {
      note(pe)
      return
    }
    let state = state
    let count = state[0].count
    if count == state[0].events.count { grow() }
    state[0].events[count] = event
    state[0].count = count &+ 1
  }

  /// Remembers that the choice of a PE must be made anew.
  func note(_ pe: PEIndex) {
    let word = pe.index &>> 6
    guard word < changed.count else { return }
    let bit: UInt64 = 1 &<< UInt64(pe.index & 63)
    if changed[word] & bit == 0 {
      changed[word] |= bit
      state[0].changedPEs &+= 1
    }
  }

  /// The choice of a PE is made anew already.
  @inline(__always) func forget(_ pe: PEIndex) {
    let word = pe.index &>> 6
    guard word < changed.count else { return }
    let bit: UInt64 = 1 &<< UInt64(pe.index & 63)
    if changed[word] & bit != 0 {
      changed[word] &= ~bit
      state[0].changedPEs &-= 1
    }
  }

  /// Whether the choice of any PE must be made anew.
  @inline(__always) var hasChangedPEs: Bool { state[0].changedPEs != 0 }

  /// How many events are kept.
  @inline(__always) var count: Int { state[0].count }
  @inline(__always) subscript(index: Int) -> StageEvent { state[0].events[index] }

  @inline(never) private func grow() {
    let old = state[0].events
    state[0].events = Slab(count: old.count * 2) { $0 < old.count ? old[$0] : Recorder.filler }
    old.deallocate()
  }

  /// Forgets the events, not the PEs.
  @inline(__always) func clear() { state[0].count = 0 }

  /// Takes the lowest PE whose candidates changed.
  @inline(__always) func nextChangedPE() -> PEIndex? {
    state[0].changedPEs == 0 ? nil : takeChangedPE()
  }

  private func takeChangedPE() -> PEIndex? {
    let changed = changed
    for word in 0..<changed.count where changed[word] != 0 {
      let bit = changed[word].trailingZeroBitCount
      changed[word] &= changed[word] &- 1
      state[0].changedPEs &-= 1
      return PEIndex(word &<< 6 &+ bit)
    }
    return nil
  }
}
