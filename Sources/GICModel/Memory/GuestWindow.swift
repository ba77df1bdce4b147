import CHints
import GICArch
import Synchronization

/// Doublewords of guest RAM next to each other, whose place in RAM was checked once: a command
/// queue, or a table. The guest's CPUs write beside us, so each is loaded whole.
@safe struct GuestWindow {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  let wordCount: Int
  /// An entry that begins before this word ends within the window.
  private let entryEnd: Int

  /// - Parameter base: 8-byte aligned, with `wordCount` doublewords of mapped RAM.
  @unsafe init(base: UnsafeMutableRawPointer, wordCount: Int) {
    unsafe words = base.assumingMemoryBound(to: Atomic<UInt64>.self)
    self.wordCount = wordCount
    entryEnd = Swift.max(wordCount &- 3, 0)
  }

  @inline(__always) func load64(_ index: Int) -> UInt64 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: wordCount))
    // SAFETY: the index was checked, and the RAM stays mapped while the window is used.
    return UInt64(littleEndian: unsafe words[index].load(ordering: .relaxed))
  }

  /// Queue entries that follow each other; that the window has them is checked here.
  /// - Parameter slot: byte offset of the first one, a multiple of 32.
  @inline(always) func entries(from slot: Int, count: Int) -> QueueEntries {
    let index = slot &>> 3
    precondition(
      index >= 0 && index <= wordCount && count >= 0 && count <= (wordCount &- index) &>> 2)
    // SAFETY: the window has all of them.
    return unsafe QueueEntries(words + index, count: count)
  }

  /// What the queue entry at byte offset `slot` says of its device and event.
  @inline(__always) func loadEvent(_ slot: Int) -> (device: DeviceID, event: EventID) {
    let index = slot &>> 3
    precondition(UInt(bitPattern: index) < UInt(bitPattern: entryEnd))
    // SAFETY: both were checked.
    let entry = QueueEntry(
      UInt64(littleEndian: unsafe words[index].load(ordering: .relaxed)),
      UInt64(littleEndian: unsafe words[index &+ 1].load(ordering: .relaxed)))
    return (entry.device, entry.event)
  }
}

/// Queue entries one after the other, each copied before anyone looks at it.
@safe struct QueueEntries {
  private var words: UnsafeMutablePointer<Atomic<UInt64>>
  private let end: UnsafeMutablePointer<Atomic<UInt64>>

  /// - Parameter words: so many entries of four.
  @unsafe @inline(always)
  fileprivate init(_ words: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
    unsafe self.words = words
    unsafe end = words + count &* 4
  }

  /// Bytes that are left.
  @inline(always) var byteCount: Int { unsafe (end - words) &* 8 }

  @inline(always) mutating func next() -> QueueEntry? {
    guard unsafe words != end else { return nil }
    // SAFETY: there is one before the end.
    let entry = QueueEntry(
      UInt64(littleEndian: unsafe words[0].load(ordering: .relaxed)),
      UInt64(littleEndian: unsafe words[1].load(ordering: .relaxed)),
      UInt64(littleEndian: unsafe words[2].load(ordering: .relaxed)),
      UInt64(littleEndian: unsafe words[3].load(ordering: .relaxed)))
    unsafe words += 4
    return entry
  }
}
