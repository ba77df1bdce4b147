import GICArch

/// A ring of the newest events. Its place is made when the first event comes and never again, so
/// that a guest without mistakes pays nothing and one with many pays for no allocation.
struct EventLog {
  /// Events that are kept.
  static let capacity = 4096
  private var ring = Slab<LoggedEvent>(count: 0) { _ in LoggedEvent(.unknownCommand, its: nil) }
  /// Sequence of the next event, and of the first since the reset.
  private(set) var next: UInt64 = 0
  private var first: UInt64 = 0

  func deallocate() { ring.deallocate() }

  /// Forgets the events; the sequence goes on, so that who follows sees no number twice.
  mutating func reset() { first = next }

  /// Sequence of the oldest event that is kept.
  private var oldest: UInt64 {
    next &- first > UInt64(EventLog.capacity) ? next &- UInt64(EventLog.capacity) : first
  }

  @inline(never) mutating func append(_ event: LoggedEvent) {
    if ring.count == 0 {
      ring.deallocate()
      ring = Slab(count: EventLog.capacity) { _ in event }
    }
    let place = Int(next % UInt64(EventLog.capacity))
    ring[place] = event
    ring[place].sequence = next
    next &+= 1
  }

  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    var kept = batch(from: oldest, limit: EventLog.capacity).events.flatMap(\.words)
    var (last, start) = (next, first)
    try archive.field("next", &last)
    try archive.field("first", &start)
    try archive.field("events", &kept)
    guard archive.isReading else { return }
    let count = kept.count / LoggedEvent.wordCount
    // All that the numbers say are kept: each has its place.
    guard kept.count % LoggedEvent.wordCount == 0, start <= last,
      UInt64(count) == Swift.min(last - start, UInt64(EventLog.capacity))
    else { throw .field("events") }
    (next, first) = (last - UInt64(count), start)
    for index in 0..<count {
      let place = index * LoggedEvent.wordCount
      append(try LoggedEvent(words: kept[place..<place + LoggedEvent.wordCount]))
    }
  }

  /// Up to `limit` events from `sequence` on.
  func batch(from sequence: UInt64, limit: Int) -> EventBatch {
    var batch = EventBatch()
    let asked = Swift.min(Swift.max(sequence, first), next)
    let start = Swift.max(asked, oldest)
    let count = Swift.min(next &- start, UInt64(Swift.max(limit, 0)))
    batch.lost = start &- asked
    batch.overwritten = oldest &- first
    batch.next = start &+ count
    batch.events.reserveCapacity(Int(count))
    for number in start..<start &+ count {
      batch.events.append(ring[Int(number % UInt64(EventLog.capacity))])
    }
    return batch
  }
}
