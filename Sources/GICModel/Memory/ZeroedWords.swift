import CHints
import Synchronization

/// 65,536 atomic doublewords, one for each value of an index of 16 bits, so that no index needs a
/// check. They begin as 0, and what nobody stores costs the host no memory.
@safe struct ZeroedWords: BitwiseCopyable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    guard let memory = unsafe zeroed_words(1 &<< 16) else {
      fatalError("the host has no memory left")
    }
    // SAFETY: a doubleword of 0 is an atomic one.
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: 1 &<< 16)
  }
  func deallocate() { unsafe free_words(words) }

  @inline(always) func load(_ index: UInt16) -> UInt64 {
    // SAFETY: there is a word for each index.
    unsafe words[Int(index)].load(ordering: .acquiring)
  }
  @inline(always) func store(_ index: UInt16, _ word: UInt64) {
    // SAFETY: as above.
    unsafe words[Int(index)].store(word, ordering: .releasing)
  }
}
