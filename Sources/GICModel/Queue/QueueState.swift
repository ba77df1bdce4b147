import Synchronization

/// Where a command queue stands. Byte offsets: what the guest wrote; what it reads; what is granted
/// next. CREADR is behind `granted` while commands are under way.
struct QueueState: ~Copyable {
  private let writer = Atomic<Int>(0)
  private let reader = Atomic<Int>(0)
  private let grant = Atomic<Int>(0)
  private let isHeld = Atomic<Bool>(false)

  var cwriter: Int {
    get { writer.load(ordering: .acquiring) }
    nonmutating set { writer.store(newValue, ordering: .releasing) }
  }
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
}
