import GICArch
import Synchronization

/// What the ITS remembers of its collection table: one word a collection, valid [63], PE index
/// [31:0]. Any thread may look one up; only the owner of the ITS changes anything.
///
/// There is a word for every ICID, so that none is ever looked for beyond the end; those that
/// nobody uses cost the host no memory.
struct CollectionCache: ~Copyable {
  private let words = ZeroedWords()
  /// ICIDs below this have been remembered.
  private let used = Atomic<Int>(0)

  func deallocate() { words.deallocate() }

  /// Forgets the collections of the table; those below `first` the ITS holds itself.
  func forgetAll(from first: Int) {
    let used = used.load(ordering: .relaxed)
    for index in min(first, used)..<used { words.store(UInt16(index), 0) }
  }

  @inline(always) func target(_ collection: ICID) -> PEIndex? {
    let word = words.load(collection.rawValue)
    return word[bit: 63] ? PEIndex(rawValue: UInt32(truncatingIfNeeded: word)) : nil
  }

  @inline(always) func set(_ collection: ICID, _ target: PEIndex?) {
    words.store(collection.rawValue, target.map { 1 &<< 63 | UInt64($0.rawValue) } ?? 0)
    if Int(collection.rawValue) >= used.load(ordering: .relaxed) {
      used.store(Int(collection.rawValue) &+ 1, ordering: .relaxed)
    }
  }
}
