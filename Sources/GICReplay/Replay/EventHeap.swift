/// What may happen next: the earliest first, and of equal times what stands first in the trace.
struct EventHeap {
  struct Entry: Comparable {
    /// Cycle.
    var time: UInt64
    /// Index of the trace's events.
    var index: Int
    /// Not the event itself, but the end of the wait for its interrupt.
    var isDeadline = false

    static func < (a: Entry, b: Entry) -> Bool {
      (a.time, a.index, a.isDeadline ? 1 : 0) < (b.time, b.index, b.isDeadline ? 1 : 0)
    }
  }
  private var entries: [Entry] = []

  var first: Entry? { entries.first }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries[0] = last
    var parent = 0
    while true {
      var child = parent * 2 + 1
      guard child < entries.count else { return }
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entries[parent] else { return }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}
