import Synchronization

/// Where a command queue stands. Byte offsets: what the guest wrote; what it reads; what is granted
/// next. CREADR is behind `granted` while commands are under way.
///
/// Any thread may look, and write CWRITER. Only the owner of the ITS moves the others.
struct QueueState: ~Copyable {
  /// Who executes commands, or changes what is remembered of the tables.
  let owner = SpinLock()
  /// Whose turn it is to write CWRITER, where writers wait for each other
  /// (``QueueWriters/serial``).
  let turn = SpinLock()
  /// The offset [19:0], and how often it has been written [63:20].
  private let writer = Atomic<UInt64>(0)
  /// How many writes of CWRITER have been carried out to the end.
  private let carriedOut = Atomic<UInt64>(0)
  private let reader = Atomic<Int>(0)
  private let grant = Atomic<Int>(0)
  private let isHeld = Atomic<Bool>(false)
  private let isShown = Atomic<Bool>(false)

  var cwriter: Int {
    get { QueueState.offset(written) }
    nonmutating set { _ = publish(newValue) }
  }
  /// What CWRITER is, and which write of it that was.
  var written: UInt64 { writer.load(ordering: .sequentiallyConsistent) }
  static func offset(_ written: UInt64) -> Int { Int(truncatingIfNeeded: written & 0xf_ffff) }
  static func number(_ written: UInt64) -> UInt64 { written &>> 20 }

  /// Writes CWRITER.
  /// - Returns: which write it was.
  func publish(_ offset: Int) -> UInt64 { publish { _ in UInt64(offset & 0xf_ffff) } }

  /// Writes to CWRITER what stands there, whatever another thread writes meanwhile.
  func publishAgain() -> UInt64 { publish { $0 & 0xf_ffff } }

  @inline(__always) private func publish(_ offset: (UInt64) -> UInt64) -> UInt64 {
    var old = writer.load(ordering: .relaxed)
    while true {
      let new = (QueueState.number(old) &+ 1) &<< 20 | offset(old)
      let (done, found) = writer.compareExchange(
        expected: old, desired: new, ordering: .sequentiallyConsistent)
      if done { return QueueState.number(new) }
      old = found
    }
  }

  /// After a reset: who waits for a write that was made before it need not wait any more.
  func goOn(after written: UInt64) {
    writer.store(QueueState.number(written) &<< 20, ordering: .releasing)
    finish(written)
  }

  /// Every command up to this write has been executed, or the queue has stopped.
  func finish(_ written: UInt64) {
    carriedOut.store(QueueState.number(written), ordering: .releasing)
  }
  func isFinished(_ number: UInt64) -> Bool { carriedOut.load(ordering: .acquiring) >= number }

  var creadr: Int {
    get { reader.load(ordering: .acquiring) }
    nonmutating set { reader.store(newValue, ordering: .releasing) }
  }
  var granted: Int {
    get { grant.load(ordering: .acquiring) }
    nonmutating set { grant.store(newValue, ordering: .releasing) }
  }
  /// A rejected command holds the queue at CREADR until the guest writes CWRITER.Retry.
  var stalled: Bool {
    get { isHeld.load(ordering: .acquiring) }
    nonmutating set { isHeld.store(newValue, ordering: .releasing) }
  }
  /// GITS_CREADR.Stalled outlives the stall, until CBASER is written (QEMU).
  var showsStall: Bool {
    get { isShown.load(ordering: .acquiring) }
    nonmutating set { isShown.store(newValue, ordering: .releasing) }
  }
}

extension ITSState {
  var cwriter: Int {
    get { queue.cwriter }
    nonmutating set { queue.cwriter = newValue }
  }
  var creadr: Int {
    get { queue.creadr }
    nonmutating set { queue.creadr = newValue }
  }
  var granted: Int {
    get { queue.granted }
    nonmutating set { queue.granted = newValue }
  }
  var stalled: Bool {
    get { queue.stalled }
    nonmutating set { queue.stalled = newValue }
  }
  var showsStall: Bool {
    get { queue.showsStall }
    nonmutating set { queue.showsStall = newValue }
  }
}
