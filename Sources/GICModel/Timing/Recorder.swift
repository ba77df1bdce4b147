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
    /// What is reported is a translation, and goes into `found`.
    var isTranslation = false
    var found = FoundTranslation()
  }
  private let storage: Slab<State>
  /// The only one, so that copies see it change.
  private let state: SlabElement<State>
  private let changed: Slab<UInt64>

  init(peCount: Int) {
    storage = Slab(count: 1) { _ in
      State(events: Slab(count: Recorder.usualCount) { _ in Recorder.filler })
    }
    state = storage.element(0)
    changed = Slab(repeating: 0, count: (peCount + 63) / 64)
  }

  func deallocate() {
    state.value.events.deallocate()
    storage.deallocate()
    changed.deallocate()
  }

  @inline(__always) mutating func observe(_ event: @autoclosure () -> StageEvent) {
    let event = event()
    if case .candidatesChanged(let pe) = event {
      note(pe)
      return
    }
    if state.value.isTranslation { state.value.found.note(event) } else { keep(event) }
  }

  @inline(__always) private func keep(_ event: StageEvent) {
    let state = state
    let count = state.value.count
    if count == state.value.events.count { grow() }
    state.value.events[count] = event
    state.value.count = count &+ 1
  }

  /// Until ``endTranslation()`` an MSI is translated: of what is reported only that is kept, and no
  /// event.
  @inline(__always) func beginTranslation() {
    state.value.found = FoundTranslation()
    state.value.isTranslation = true
  }
  @inline(__always) func endTranslation() -> FoundTranslation {
    state.value.isTranslation = false
    return state.value.found
  }

  /// Remembers that the choice of a PE must be made anew.
  func note(_ pe: PEIndex) {
    let word = pe.index &>> 6
    guard word < changed.count else { return }
    let bit: UInt64 = 1 &<< UInt64(pe.index & 63)
    if changed[word] & bit == 0 {
      changed[word] |= bit
      state.value.changedPEs &+= 1
    }
  }

  /// The choice of a PE is made anew already.
  @inline(__always) func forget(_ pe: PEIndex) {
    let word = pe.index &>> 6
    guard word < changed.count else { return }
    let bit: UInt64 = 1 &<< UInt64(pe.index & 63)
    if changed[word] & bit != 0 {
      changed[word] &= ~bit
      state.value.changedPEs &-= 1
    }
  }

  /// Whether the choice of any PE must be made anew.
  @inline(__always) var hasChangedPEs: Bool { state.value.changedPEs != 0 }

  /// How many events are kept.
  @inline(__always) var count: Int { state.value.count }
  @inline(__always) subscript(index: Int) -> StageEvent { state.value.events[index] }

  @inline(never) private func grow() {
    let old = state.value.events
    state.value.events = Slab(count: old.count * 2) { $0 < old.count ? old[$0] : Recorder.filler }
    old.deallocate()
  }

  /// Forgets the events, not the PEs.
  @inline(__always) func clear() { state.value.count = 0 }

  /// Takes the lowest PE whose candidates changed.
  @inline(__always) func nextChangedPE() -> PEIndex? {
    state.value.changedPEs == 0 ? nil : takeChangedPE()
  }

  private func takeChangedPE() -> PEIndex? {
    let changed = changed
    for word in 0..<changed.count where changed[word] != 0 {
      let bit = changed[word].trailingZeroBitCount
      changed[word] &= changed[word] &- 1
      state.value.changedPEs &-= 1
      return PEIndex(word &<< 6 &+ bit)
    }
    return nil
  }
}

/// What the rules did for an MSI.
struct FoundTranslation: BitwiseCopyable {
  /// Which of the tables they looked into.
  var looksUpDevice = false
  var looksUpEvent = false
  var looksUpCollection = false
  /// They set an LPI, or found it pending.
  var hasTarget = false
  var merged = false
  /// Reads of a device table miss.
  var levels: UInt8 = 1
  var collection: UInt16 = 0
  var pe: UInt32 = 0
  var intid: UInt32 = 0

  @inline(__always) fileprivate mutating func note(_ event: StageEvent) {
    switch event {
    case .deviceLookup(_, let levels):
      looksUpDevice = true
      self.levels = UInt8(clamping: max(1, levels))
    case .eventLookup: looksUpEvent = true
    case .collectionLookup(let collection):
      looksUpCollection = true
      self.collection = collection.rawValue
    case .set(let pe, let intid, let merged):
      hasTarget = true
      self.merged = merged
      (self.pe, self.intid) = (pe.rawValue, intid.rawValue)
    case .deviceWritten, .eventWritten, .collectionWritten, .clear, .invalidate, .invalidateAll,
      .move, .moveAll, .synchronize, .taken, .forgotten, .candidatesChanged, .rejected, .dropped:
      break  // no part of a translation's time
    }
  }
}
