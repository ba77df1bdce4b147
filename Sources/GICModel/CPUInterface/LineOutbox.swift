import GICArch

/// Changes of the PEs' lines that nobody has fetched yet, oldest first. Adding one allocates only
/// where there have never been so many.
struct LineOutbox {
  private var changes: Slab<LineChange>
  private var count = 0

  private static let none = LineChange(pe: PEIndex(0), levels: [], sequence: 0, cycle: 0)

  init() { changes = Slab(repeating: LineOutbox.none, count: 64) }
  func deallocate() { changes.deallocate() }

  var isEmpty: Bool { count == 0 }
  var all: [LineChange] { (0..<count).map { changes[$0] } }

  @inline(always) mutating func append(_ change: LineChange) {
    if count == changes.count { grow() }
    changes[count] = change
    count &+= 1
  }
  @inline(never) private mutating func grow() {
    changes = changes.grown(to: count * 2, filler: LineOutbox.none)
  }

  /// Hands everything over.
  mutating func drain(into others: inout [LineChange]) {
    for index in 0..<count { others.append(changes[index]) }
    count = 0
  }
  mutating func replace(with others: [LineChange]) {
    count = 0
    for change in others { append(change) }
  }
}
