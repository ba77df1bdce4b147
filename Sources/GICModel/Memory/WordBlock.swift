import CHints
import Synchronization

/// A power of two of atomic doublewords, which begin as 0, in one allocation. A block is named by
/// one word, so that it is published, or taken away, in one store: bits [63:16] are its address,
/// bits [5:0] the logarithm of its count and one more; bits [15:6] are its holder's. With bits
/// [5:0] 0 it is no block: it has no words.
///
/// Any thread may read a block that it found published. Whoever takes one away deallocates it when
/// nobody can be reading it any more.
@safe struct WordBlock: BitwiseCopyable {
  /// The bits of a name that belong to the block.
  static var nameMask: UInt64 { ~0xffc0 }
  /// Blocks are no smaller than this.
  static var minimumCount: Int { 8 }
  /// The name, and whatever else its holder keeps in the same word.
  let name: UInt64

  @inline(__always) init(name: UInt64) { self.name = name }

  /// - Parameter count: a power of two, 8 or more.
  init(count: Int) {
    precondition(count >= WordBlock.minimumCount && count.nonzeroBitCount == 1)
    // SAFETY: it is so much memory, and zero as atomics that begin as 0 are. Of a large block only
    // what is used is ever touched.
    guard let memory = unsafe zeroed_words(count) else {
      fatalError("the host has no memory left")
    }
    let address = UInt64(UInt(bitPattern: memory))
    precondition(address &>> 48 == 0, "an address of more than 48 bits")
    name = address &<< 16 | UInt64(count.trailingZeroBitCount &+ 1)
  }

  func deallocate() {
    guard count > 0 else { return }
    // SAFETY: the block was made by ``init(count:)``, and its holder calls this once.
    unsafe free_words(words, count)
  }

  @inline(__always) private var words: UnsafeMutablePointer<Atomic<UInt64>>? {
    unsafe UnsafeMutablePointer(bitPattern: UInt(name &>> 16))
  }
  @inline(__always) var count: Int { Int((1 &<< (name & 63)) &>> 1) }

  /// Whether there is a word `index`: the shift leaves nothing of an odd number below twice the
  /// count, and everything where the name says that there is no block.
  @inline(__always) func contains(_ index: UInt32) -> Bool {
    (UInt64(index) &* 2 &+ 1) &>> name == 0
  }

  /// Word `index`; 0 beyond the end.
  @inline(__always) func load(_ index: UInt32) -> UInt64 {
    guard contains(index) else { return 0 }
    // SAFETY: the index was checked against the count in the name, so there is a block.
    return unsafe words.unsafelyUnwrapped[Int(index)].load(ordering: .acquiring)
  }

  /// Word `index` of a block that has at least 512, or of none: then 0.
  /// - Parameter index: the low nine bits count.
  @inline(__always) func load(ofMany index: Int) -> UInt64 {
    guard name != 0 else { return 0 }
    // SAFETY: who asks has made no smaller blocks, and the index is below 512.
    return unsafe words.unsafelyUnwrapped[index & 511].load(ordering: .acquiring)
  }

  /// As ``load(ofMany:)``, of a block that there is.
  @inline(__always) func store(ofMany index: Int, _ word: UInt64) {
    precondition(name != 0)
    // SAFETY: as above.
    unsafe words.unsafelyUnwrapped[index & 511].store(word, ordering: .releasing)
  }

  @inline(__always) func store(_ index: UInt32, _ word: UInt64) {
    precondition(contains(index))
    // SAFETY: the index was checked.
    unsafe words.unsafelyUnwrapped[Int(index)].store(word, ordering: .releasing)
  }

  /// A larger block that begins with this one's words. This one stays.
  func grown(to newCount: Int) -> WordBlock {
    let new = WordBlock(count: newCount)
    for index in 0..<UInt32(count) {
      let word = load(index)
      if word != 0 { new.store(index, word) }
    }
    return new
  }

  /// Tells the processor that word `index` will be read.
  @inline(__always) func prefetch(_ index: UInt32) {
    // SAFETY: a hint reads nothing, wherever it points.
    unsafe hint_prefetch(UnsafeRawPointer(bitPattern: UInt(name &>> 16 &+ UInt64(index) &* 8)))
  }
}
