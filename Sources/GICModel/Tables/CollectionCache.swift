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
    for index in min(first, block.count)..<block.count { block.store(index, 0) }
  }

  @inline(__always) func target(_ collection: ICID) -> PEIndex? {
    let word = block.load(Int(collection.rawValue))
    return word[bit: 63] ? PEIndex(rawValue: UInt32(truncatingIfNeeded: word)) : nil
  }

  func set(_ collection: ICID, _ target: PEIndex?) {
    let index = Int(collection.rawValue)
    if index >= block.count {
      guard target != nil else { return }
      // As many as a collection's name can tell apart, at once: it happens once.
      retired.store(block.name, ordering: .relaxed)
      words.store(block.grown(to: 1 << 16).name, ordering: .releasing)
    }
    block.store(index, target.map { 1 &<< 63 | UInt64($0.rawValue) } ?? 0)
  }
}
