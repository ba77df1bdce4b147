/// Events too far ahead for the wheel: a binary heap, least (cycle, unit, sequence) first.
struct EventHeap: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var event: Event
    var sequence: UInt64
    func precedes(_ other: Entry) -> Bool {
      if event.cycle != other.event.cycle { return event.cycle < other.event.cycle }
      if event.unit != other.event.unit { return event.unit.rawValue < other.event.unit.rawValue }
      return sequence < other.sequence
    }
  }
  private static var blank: Entry {
    Entry(event: Event(cycle: 0, unit: .tableRead, payload: 0), sequence: 0)
  }

  private var entries = Slab(repeating: EventHeap.blank, count: 16)
  private var count = 0
  private var sequence: UInt64 = 0

  init() {}
  deinit { entries.deallocate() }

  @inline(__always) var isEmpty: Bool { count == 0 }
  var first: Event? { count == 0 ? nil : entries[0].event }

  mutating func push(_ event: Event) {
    if count == entries.count {
      let old = entries
      entries = Slab(count: count * 2) { $0 < old.count ? old[$0] : EventHeap.blank }
      old.deallocate()
    }
    let entry = Entry(event: event, sequence: sequence)
    sequence &+= 1
    var index = count
    count &+= 1
    while index > 0 {
      let parent = (index &- 1) / 2
      guard entry.precedes(entries[parent]) else { break }
      entries[index] = entries[parent]
      index = parent
    }
    entries[index] = entry
  }

  /// Does nothing to an empty heap.
  mutating func removeFirst() {
    guard count > 0 else { return }
    count &-= 1
    let entry = entries[count]
    var index = 0
    while true {
      var child = index &* 2 &+ 1
      guard child < count else { break }
      if child &+ 1 < count, entries[child &+ 1].precedes(entries[child]) { child &+= 1 }
      guard entries[child].precedes(entry) else { break }
      entries[index] = entries[child]
      index = child
    }
    entries[index] = entry
  }
}

extension EventHeap {
  /// What is in it, in order.
  var events: [Event] {
    (0..<count).map { entries[$0] }.sorted { $0.precedes($1) }.map(\.event)
  }
}
