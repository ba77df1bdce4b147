// What a study plays, in the order of time.

/// What is due.
enum What {
  /// A PE has handled its interrupt.
  static let peEnd: UInt32 = 0
  /// An MSI of a stream arrives.
  static let arrival: UInt32 = 1
  /// A vCPU wishes for its next operation.
  static let wish: UInt32 = 2
  /// A vCPU looks whether its operation is done.
  static let poll: UInt32 = 3
  /// An MSI that was announced arrives.
  static let paced: UInt32 = 4
  /// The lock of a queue is free.
  static let unlock: UInt32 = 5
}

/// When something that a study plays is due, in the order of time; equal times in the order in
/// which they were asked for.
struct Agenda {
  struct Entry {
    var cycle: UInt64
    var order: UInt64
    var what: UInt32
    var who: UInt32
  }
  private var heap: [Entry] = []
  private var order: UInt64 = 0

  /// The first cycle at which something is due; `.max` if nothing is.
  var next: UInt64 { heap.first?.cycle ?? .max }
  var isEmpty: Bool { heap.isEmpty }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    (a.cycle, a.order) < (b.cycle, b.order)
  }

  mutating func add(_ what: UInt32, _ who: Int, at cycle: UInt64) {
    order &+= 1
    heap.append(Entry(cycle: cycle, order: order, what: what, who: UInt32(who)))
    var at = heap.count - 1
    while at > 0, Agenda.isBefore(heap[at], heap[(at - 1) / 2]) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// Takes the first out if it is due at `cycle` or before.
  mutating func popFirst(through cycle: UInt64) -> Entry? {
    guard let first = heap.first, first.cycle <= cycle else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count {
        if Agenda.isBefore(heap[child], heap[least]) { least = child }
      }
      if least == at { break }
      heap.swapAt(at, least)
      at = least
    }
    return first
  }
}
