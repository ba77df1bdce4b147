import GICArch
import Synchronization

/// The pending LPIs of one PE, and which of them is the best, without ever scanning the table.
///
/// `pending` is the pending table as it would lie in RAM, one bit an INTID. For each of the 64
/// priorities a bitmap of 64-LPI blocks says in which blocks an enabled candidate of that priority
/// is pending; a word above says which words of the bitmap are not 0; one word says which
/// priorities have any. Every candidate has the bit of its priority's block. A block bit may be
/// stale (a shared configuration byte changed, or the last candidate went): the search looks at the
/// block and takes it away. With 16-bit INTIDs: 8 KiB and 64 x 15 x 8 bytes.
///
/// Its PE's owner changes it. Any thread may ask ``isPending(_:)``.
struct LPIPending: BitwiseCopyable {
  let pending: Slab<Atomic<UInt64>>
  /// Pending here, but its set message is still on the way: no candidate yet. Empty without time.
  let underWay: Slab<UInt64>
  /// Of each priority its bitmap of blocks, and after it the words that say which words of that are
  /// not 0: one, or more for 19 bits and up.
  private let levels: Slab<UInt64>
  private var priorities: UInt64 = 0
  private let blockWords: Int
  /// Words of one priority.
  private let levelWords: Int
  private(set) var count = 0

  /// Words of `pending` that hold no LPI.
  private static var firstBlock: Int { Int(INTID.firstLPI.rawValue) / 64 }

  init(intidBits: Int, tracksArrival: Bool) {
    let words = Swift.max((1 << intidBits) >> 6, LPIPending.firstBlock)
    pending = Slab(count: words) { _ in Atomic(0) }
    underWay = Slab(repeating: 0, count: tracksArrival ? words : 0)
    blockWords = Swift.max((words - LPIPending.firstBlock) / 64, 1)
    levelWords = blockWords + (blockWords + 63) / 64
    levels = Slab(repeating: 0, count: levelWords * 64)
  }
  func deallocate() {
    pending.deallocate()
    underWay.deallocate()
    levels.deallocate()
  }

  /// What it holds of the host's memory, in bytes.
  var byteCount: Int { (pending.count + underWay.count + levels.count) * 8 }

  mutating func clearAll() {
    for word in 0..<pending.count { pending[word].store(0, ordering: .relaxed) }
    count = 0
    underWay.fill(0)
    forgetCandidates()
  }

  @inline(__always) func isPending(_ intid: INTID) -> Bool {
    let word = Int(intid.rawValue &>> 6)
    return word < pending.count
      && pending[word].load(ordering: .relaxed) & 1 &<< UInt64(intid.rawValue & 63) != 0
  }

  /// Tells the processor that an LPI of this configuration will be looked up, and perhaps set.
  @inline(__always) func prefetch(_ intid: INTID, _ configuration: LPIConfiguration) {
    let block = Int(intid.rawValue &>> 6)
    pending.prefetch(block)
    let level = Int(configuration.raw &>> 2)
    levels.prefetch(level &* levelWords &+ (block &- LPIPending.firstBlock) &>> 6)
  }

  /// Pending bits of 64 INTIDs.
  @inline(__always) func bits(_ word: Int) -> UInt64 { pending[word].load(ordering: .relaxed) }

  /// - Returns: whether it was not pending before.
  @inline(__always) mutating func set(_ intid: INTID) -> Bool {
    let word = Int(intid.rawValue &>> 6)
    let bit: UInt64 = 1 &<< UInt64(intid.rawValue & 63)
    let old = bits(word)
    guard old & bit == 0 else { return false }
    pending[word].store(old | bit, ordering: .relaxed)
    count &+= 1
    return true
  }

  /// The pending bits of the 64 INTIDs that `intid` is one of; none beyond the end.
  @inline(always) func bits(around intid: INTID) -> UInt64 {
    let word = Int(intid.rawValue &>> 6)
    return word < pending.count ? pending[word].load(ordering: .relaxed) : 0
  }
  @inline(always) static func has(_ bits: UInt64, _ intid: INTID) -> Bool {
    bits & 1 &<< UInt64(intid.rawValue & 63) != 0
  }
  /// An LPI that is not pending becomes so.
  /// - Parameter bits: ``bits(around:)`` it.
  @inline(always) mutating func insert(_ intid: INTID, into bits: UInt64) {
    pending[Int(intid.rawValue &>> 6)].store(
      bits | 1 &<< UInt64(intid.rawValue & 63), ordering: .relaxed)
    count &+= 1
  }
  /// An LPI that is pending is so no more. A stale candidate is mended by the next search.
  /// - Parameter bits: ``bits(around:)`` it.
  @inline(always) mutating func remove(_ intid: INTID, from bits: UInt64) {
    pending[Int(intid.rawValue &>> 6)].store(
      bits & ~(1 &<< UInt64(intid.rawValue & 63)), ordering: .relaxed)
    count &-= 1
  }

  /// Takes over 64 pending bits from a table.
  mutating func load(_ word: Int, _ new: UInt64) {
    count &+= new.nonzeroBitCount &- bits(word).nonzeroBitCount
    pending[word].store(new, ordering: .relaxed)
  }

  /// - Returns: whether it was pending. A stale candidate is mended by the next search.
  @inline(__always) mutating func clear(_ intid: INTID) -> Bool {
    let (pending, word) = (pending, Int(intid.rawValue &>> 6))
    let bit: UInt64 = 1 &<< UInt64(intid.rawValue & 63)
    guard word < pending.count else { return false }
    let old = pending[word].load(ordering: .relaxed)
    guard old & bit != 0 else { return false }
    pending[word].store(old & ~bit, ordering: .relaxed)
    count &-= 1
    if underWay.count > 0 { underWay[word] &= ~bit }
    return true
  }

  mutating func setUnderWay(_ intid: INTID, _ isUnderWay: Bool) {
    guard underWay.count > 0 else { return }
    underWay[Int(intid.rawValue &>> 6)][bit: Int(intid.rawValue & 63)] = isUnderWay
  }
  func isUnderWay(_ intid: INTID) -> Bool {
    underWay.count > 0 && underWay[Int(intid.rawValue &>> 6)][bit: Int(intid.rawValue & 63)]
  }

  /// The least INTID above `intid` that is under way.
  func nextUnderWay(after intid: INTID) -> INTID? {
    guard underWay.count > 0 else { return nil }
    let first = Int(intid.rawValue) &+ 1
    var word = first &>> 6
    guard word < underWay.count else { return nil }
    var bits = underWay[word] & .max &<< UInt64(first & 63)
    while bits == 0 {
      word &+= 1
      guard word < underWay.count else { return nil }
      bits = underWay[word]
    }
    return INTID(rawValue: UInt32(word &<< 6 &+ bits.trailingZeroBitCount))
  }

  /// Pending bits of a block of 64 that may be candidates.
  @inline(__always) private func arrived(_ block: Int) -> UInt64 {
    underWay.count > 0 ? bits(block) & ~underWay[block] : bits(block)
  }

  /// Makes a pending LPI a candidate, if its configuration enables it.
  @inline(__always) mutating func consider(_ intid: INTID, _ configuration: LPIConfiguration) {
    guard configuration.enabled else { return }
    enter(block: Int(intid.rawValue &>> 6), level: Int(configuration.raw &>> 2))
  }

  @inline(__always) private mutating func enter(block: Int, level: Int) {
    let place = block &- LPIPending.firstBlock
    let levels = levels
    let first = level &* levelWords
    let bit: UInt64 = 1 &<< UInt64(place & 63)
    // With the block's bit those above it are set, too.
    guard levels[first &+ place &>> 6] & bit == 0 else { return }
    levels[first &+ place &>> 6] |= bit
    levels[first &+ blockWords &+ place &>> 12] |= 1 &<< UInt64(place &>> 6 & 63)
    priorities |= 1 &<< UInt64(level)
  }

  /// Makes candidates of those of a block's LPIs that `bits` names, as far as they are enabled.
  /// Their configurations are looked at eight at a time: often all are the same.
  private mutating func consider(block: Int, _ bits: UInt64, _ table: LPIBytes) {
    var rest = bits
    var entered: UInt64 = 0
    while rest != 0 {
      let group = rest.trailingZeroBitCount &>> 3
      var eight = rest &>> UInt64(group &<< 3) & 0xff
      rest &= ~(0xff &<< UInt64(group &<< 3))
      let word = table.word((block &- LPIPending.firstBlock) &<< 3 &+ group)
      // All eight bytes are the lowest.
      if word == word & 0xff &* 0x0101_0101_0101_0101 { eight = 1 }
      while eight != 0 {
        let byte = word &>> UInt64(eight.trailingZeroBitCount &<< 3)
        eight &= eight &- 1
        let level = byte &>> 2 & 63
        guard byte & 1 != 0, entered[bit: Int(level)] == false else { continue }
        entered |= 1 &<< level
        enter(block: block, level: Int(level))
      }
    }
  }

  /// Takes 64 pending bits in, each of which becomes pending and, if enabled, a candidate.
  /// - Returns: how many were pending already.
  mutating func receive(_ word: Int, _ new: UInt64, _ table: LPIBytes) -> Int {
    let old = bits(word)
    load(word, old | new)
    consider(block: word, new & ~old, table)
    return (old & new).nonzeroBitCount
  }

  mutating func forgetCandidates() {
    while priorities != 0 {
      let first = priorities.trailingZeroBitCount &* levelWords
      for word in first..<first &+ levelWords { levels[word] = 0 }
      priorities &= priorities &- 1
    }
  }

  /// The pending, enabled LPI of the highest priority; of several the lowest INTID.
  /// - Parameter inTime: whether messages take time, so that some may be under way.
  @inline(always)
  mutating func best(_ table: LPIBytes, inTime: Bool) -> (intid: INTID, priority: UInt8)? {
    guard priorities != 0, count != 0 else { return nil }
    return firstBest(table, inTime: inTime) ?? bestLater(table)
  }

  /// It is most often in the first block of the first word that has one. Nil if it is not there.
  @inline(always)
  private func firstBest(_ bytes: LPIBytes, inTime: Bool) -> (intid: INTID, priority: UInt8)? {
    let (levels, level) = (levels, priorities.trailingZeroBitCount)
    let first = level &* levelWords
    let word = levels[first &+ blockWords].trailingZeroBitCount
    // Where 64 words are none, the first block is further on.
    guard word < blockWords else { return nil }
    let block =
      word &<< 6 &+ levels[first &+ word].trailingZeroBitCount &+ LPIPending.firstBlock
    guard block < pending.count else { return nil }
    let candidates = inTime ? arrived(block) : bits(block)
    return best(level, block, candidates & bytes.matches(block: block, level: level))
  }

  /// The lowest of a block's LPIs that `found` names.
  @inline(always)
  private func best(
    _ level: Int, _ block: Int, _ found: UInt64
  ) -> (intid: INTID, priority: UInt8)? {
    guard found != 0 else { return nil }
    return (
      INTID(rawValue: UInt32(truncatingIfNeeded: block &<< 6 &+ found.trailingZeroBitCount)),
      UInt8(truncatingIfNeeded: level &<< 2)
    )
  }

  /// As ``best(_:inTime:)``: what is stale on the way there is mended.
  @inline(never)
  private mutating func bestLater(_ bytes: LPIBytes) -> (intid: INTID, priority: UInt8)? {
    let levels = levels
    while priorities != 0 {
      let level = priorities.trailingZeroBitCount
      let first = level &* levelWords
      var summary = first &+ blockWords
      while levels[summary] == 0 { summary &+= 1 }
      let word =
        (summary &- first &- blockWords) &<< 6 &+ levels[summary].trailingZeroBitCount
      let place = first &+ word
      let block = word &<< 6 &+ levels[place].trailingZeroBitCount &+ LPIPending.firstBlock
      let found = arrived(block) & bytes.matches(block: block, level: level)
      if let best = best(level, block, found) { return best }
      mend(level: level, place: place, summary: summary)
    }
    return nil
  }

  /// The block has no candidate of this level any more: takes the bit away. What else is pending
  /// there has a bit of its own level since it became pending, or was considered again.
  @inline(__always) private mutating func mend(level: Int, place: Int, summary: Int) {
    let levels = levels
    levels[place] &= levels[place] &- 1
    if levels[place] == 0 {
      levels[summary] &= levels[summary] &- 1
      if levels[summary] == 0, isEmpty(level) { priorities &= priorities &- 1 }
    }
  }

  private func isEmpty(_ level: Int) -> Bool {
    let first = level &* levelWords
    for word in first &+ blockWords..<first &+ levelWords where levels[word] != 0 { return false }
    return true
  }

  /// Enters every pending LPI anew, after the whole configuration table was read again.
  mutating func considerAll(_ table: LPIBytes) {
    forgetCandidates()
    guard count > 0 else { return }
    for block in LPIPending.firstBlock..<Swift.max(pending.count, LPIPending.firstBlock) {
      let bits = arrived(block)
      if bits != 0 { consider(block: block, bits, table) }
    }
  }
}
