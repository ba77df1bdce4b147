import GICArch
import Synchronization

/// What the ITS remembers of its collection table: one word a collection, valid [63], PE index
/// [31:0]. Any thread may look one up; only the owner of the ITS changes anything.
struct CollectionCache: ~Copyable {
  private let words = Atomic<UInt64>(WordBlock(count: 16).name)
  /// A block that nobody finds any more.
  private let retired = Atomic<UInt64>(0)

  func deallocate() {
    block.deallocate()
    WordBlock(name: retired.load(ordering: .relaxed)).deallocate()
  }

  @inline(__always) private var block: WordBlock {
    WordBlock(name: words.load(ordering: .acquiring))
  }

  /// Forgets the collections of the table; those below `first` the ITS holds itself.
  func forgetAll(from first: Int) {
    for index in min(first, block.count)..<block.count { block.store(UInt32(index), 0) }
  }

  @inline(__always) func target(_ collection: ICID) -> PEIndex? {
    let word = block.load(UInt32(collection.rawValue))
    return word[bit: 63] ? PEIndex(rawValue: UInt32(truncatingIfNeeded: word)) : nil
  }

  func set(_ collection: ICID, _ target: PEIndex?) {
    if !hasPlace(collection) {
      guard target != nil else { return }
      grow()
    }
    replace(collection, target)
  }

  /// Whether there is a word for the collection.
  @inline(__always) func hasPlace(_ collection: ICID) -> Bool {
    block.contains(UInt32(collection.rawValue))
  }

  /// ``set(_:_:)`` where there is a word for the collection.
  @inline(__always) func replace(_ collection: ICID, _ target: PEIndex?) {
    block.store(UInt32(collection.rawValue), target.map { 1 &<< 63 | UInt64($0.rawValue) } ?? 0)
  }

  /// As many as a collection's name can tell apart, at once: it happens once.
  @inline(never) private func grow() {
    retired.store(block.name, ordering: .relaxed)
    words.store(block.grown(to: 1 << 16).name, ordering: .releasing)
  }
}
