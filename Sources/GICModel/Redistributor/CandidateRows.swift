import CHints

/// For each of the 64 priorities a row: the bitmap of blocks of 64 LPIs that may have a candidate
/// of it, and the words that say which words of the bitmap are not 0. Another word says which rows
/// have any. A level is a priority without its lowest two bits, which are 0.
@safe struct CandidateRows: BitwiseCopyable {
  /// The levels that have any block.
  private(set) var levels: UInt64 = 0
  /// Rows of: pattern, summary words, words of blocks.
  private let base: UnsafeMutablePointer<UInt64>
  private let count: Int
  private let rowWords: Int
  private let summaryWords: Int
  private let blockWords: Int
  /// One less than a power of two that is not below `blockWords`.
  private let wordMask: Int

  /// - Parameter blocks: of 64 LPIs.
  init(blocks: Int) {
    blockWords = Swift.max((blocks + 63) / 64, 1)
    summaryWords = (blockWords + 63) / 64
    rowWords = 1 + summaryWords + blockWords
    wordMask = (1 << (Int.bitWidth - (blockWords - 1).leadingZeroBitCount)) - 1
    // A word that the mask lets through may lie behind the last row's.
    count = rowWords * 64 + wordMask + 1 - blockWords
    // SAFETY: every word is initialised here; alignment keeps rows off others' cache lines.
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 128)
    unsafe base = raw.initializeMemory(as: UInt64.self, repeating: 0, count: count)
    for level in 0..<64 {
      // SAFETY: the row's first word.
      unsafe base[level * rowWords] = UInt64(level << 2 | 1) &* 0x0101_0101_0101_0101
    }
  }
  func deallocate() { unsafe base.deallocate() }

  /// What it holds of the host's memory, in bytes.
  var byteCount: Int { count * 8 }

  /// There is a row for each level: the lowest six bits count.
  @inline(always) private func row(_ level: Int) -> UnsafeMutablePointer<UInt64> {
    // SAFETY: below 64 rows.
    unsafe base + (level & 63) &* rowWords
  }

  /// The configuration byte of an enabled LPI of this level, eight times; bit 1 of each is 0.
  @inline(always) func pattern(_ level: Int) -> UInt64 { unsafe row(level)[0] }

  /// A block may have a candidate of this level.
  @inline(always) mutating func enter(_ block: Int, _ level: Int) {
    let (row, word) = unsafe (row(level), block &>> 6)
    guard UInt(bitPattern: word) < UInt(bitPattern: blockWords) else { return }
    let bit: UInt64 = 1 &<< UInt64(block & 63)
    // SAFETY: the word was checked, and its summary's is as many as there are 64 of them.
    let bits = unsafe row[1 &+ summaryWords &+ word]
    // With the block's bit those above it are set, too.
    guard bits & bit == 0 else { return }
    unsafe row[1 &+ summaryWords &+ word] = bits | bit
    unsafe row[1 &+ word &>> 6] |= 1 &<< UInt64(word & 63)
    levels |= 1 &<< UInt64(level & 63)
  }

  /// A level's first block, if its first summary word has any: where there are no more than 4,096
  /// blocks, it has. Else another block, or a number beyond the last: who uses it looks whether it
  /// has a candidate.
  @inline(always) func nearBlock(_ level: Int) -> Int {
    let row = unsafe row(level)
    // SAFETY: there is a summary word, and a word wherever the mask leads.
    let word = unsafe row[1].trailingZeroBitCount & wordMask
    return unsafe word &<< 6 &+ row[1 &+ summaryWords &+ word].trailingZeroBitCount
  }

  /// A level's first block; nil if it has none.
  func firstBlock(_ level: Int) -> Int? {
    let row = unsafe row(level)
    for summary in 0..<summaryWords {
      // SAFETY: both are words of the row.
      guard unsafe row[1 &+ summary] != 0 else { continue }
      let word = unsafe summary &<< 6 &+ row[1 &+ summary].trailingZeroBitCount
      guard word < blockWords else { continue }
      return unsafe word &<< 6 &+ row[1 &+ summaryWords &+ word].trailingZeroBitCount
    }
    return nil
  }

  /// A block has no candidate of this level any more.
  mutating func remove(_ block: Int, _ level: Int) {
    let (row, word) = unsafe (row(level), block &>> 6)
    guard UInt(bitPattern: word) < UInt(bitPattern: blockWords) else { return }
    // SAFETY: the word was checked.
    unsafe row[1 &+ summaryWords &+ word] &= ~(1 &<< UInt64(block & 63))
    guard unsafe row[1 &+ summaryWords &+ word] == 0 else { return }
    unsafe row[1 &+ word &>> 6] &= ~(1 &<< UInt64(word & 63))
    for summary in 0..<summaryWords where unsafe row[1 &+ summary] != 0 { return }
    levels &= ~(1 &<< UInt64(level & 63))
  }

  /// No block has any candidate.
  mutating func removeAll() {
    while levels != 0 {
      let row = unsafe row(levels.trailingZeroBitCount)
      // SAFETY: all words of the row but its pattern.
      for word in 1..<rowWords { unsafe row[word] = 0 }
      levels &= levels &- 1
    }
  }

  /// Asks for the line in which a block of this level has its bit.
  @inline(always) func prefetch(_ block: Int, _ level: Int) {
    // SAFETY: a hint reads nothing.
    unsafe hint_prefetch(row(level) + (1 &+ summaryWords &+ block &>> 6))
  }
}
