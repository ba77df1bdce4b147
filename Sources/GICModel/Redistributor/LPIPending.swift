import GICArch

/// The pending LPIs of one PE, and which of them is the best, without ever scanning the table.
///
/// `pending` is the pending table as it would lie in RAM, one bit an INTID. For each of the 64
/// priorities a bitmap of 64-LPI blocks says in which blocks an enabled candidate of that priority
/// is pending; a word above says which words of the bitmap are not 0; one word says which
/// priorities have any. A block bit may be stale (a shared configuration byte changed, or the last
/// candidate went): the search looks at the block and mends it. With 16-bit INTIDs: 8 KiB and 64 x
/// 17 x 8 bytes.
struct LPIPending: BitwiseCopyable {
  let pending: Slab<UInt64>
  /// Pending here, but its set message is still on the way: no candidate yet. Empty without time.
  let underWay: Slab<UInt64>
  private let blocks: Slab<UInt64>
  private let summaries: Slab<UInt64>
  private var priorities: UInt64 = 0
  private let blockWords: Int
  /// Words that say which words of a priority's bitmap are not 0; more than one for 19 bits and up.
  private let summaryWords: Int
  private(set) var count = 0

  init(intidBits: Int, tracksArrival: Bool) {
    let words = Swift.max((1 << intidBits) >> 6, 64)
    pending = Slab(repeating: 0, count: words)
    underWay = Slab(repeating: 0, count: tracksArrival ? words : 0)
    blockWords = words / 64
    blocks = Slab(repeating: 0, count: blockWords * 64)
    summaryWords = (blockWords + 63) / 64
    summaries = Slab(repeating: 0, count: summaryWords * 64)
  }
  func deallocate() {
    pending.deallocate()
    underWay.deallocate()
    blocks.deallocate()
    summaries.deallocate()
  }

  mutating func clearAll() {
    pending.fill(0)
    count = 0
    underWay.fill(0)
    forgetCandidates()
  }

  @inline(__always) func isPending(_ intid: INTID) -> Bool {
    let word = Int(intid.rawValue &>> 6)
    return word < pending.count && pending[word] &>> UInt64(intid.rawValue & 63) & 1 != 0
  }

  /// - Returns: whether it was not pending before.
  @inline(__always) mutating func set(_ intid: INTID) -> Bool {
    let word = Int(intid.rawValue &>> 6)
    let bit: UInt64 = 1 &<< UInt64(intid.rawValue & 63)
    guard pending[word] & bit == 0 else { return false }
    pending[word] |= bit
    count &+= 1
    return true
  }

  /// Takes over 64 pending bits from a table.
  mutating func load(_ word: Int, _ bits: UInt64) {
    count &+= bits.nonzeroBitCount &- pending[word].nonzeroBitCount
    pending[word] = bits
  }

  /// - Returns: whether it was pending. A stale candidate is mended by the next search.
  @inline(__always) mutating func clear(_ intid: INTID) -> Bool {
    let word = Int(intid.rawValue &>> 6)
    let bit: UInt64 = 1 &<< UInt64(intid.rawValue & 63)
    guard word < pending.count, pending[word] & bit != 0 else { return false }
    pending[word] &= ~bit
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

  /// Makes a pending LPI a candidate, if its configuration enables it.
  @inline(__always) mutating func consider(_ intid: INTID, _ configuration: LPIConfiguration) {
    guard configuration.enabled else { return }
    let level = Int(configuration.raw &>> 2)
    let block = Int(intid.rawValue &>> 6)
    blocks[level &* blockWords &+ block &>> 6] |= 1 &<< UInt64(block & 63)
    summaries[level &* summaryWords &+ block &>> 12] |= 1 &<< UInt64(block &>> 6 & 63)
    priorities |= 1 &<< UInt64(level)
  }

  mutating func forgetCandidates() {
    while priorities != 0 {
      let level = priorities.trailingZeroBitCount
      for word in 0..<summaryWords {
        let summary = level &* summaryWords &+ word
        while summaries[summary] != 0 {
          let bit = summaries[summary].trailingZeroBitCount
          blocks[level &* blockWords &+ word &* 64 &+ bit] = 0
          summaries[summary] &= summaries[summary] &- 1
        }
      }
      priorities &= priorities &- 1
    }
  }

  /// The pending, enabled LPI of the highest priority; of several the lowest INTID.
  @inline(__always)
  mutating func best(_ table: PropertyTable) -> (intid: INTID, priority: UInt8)? {
    while priorities != 0 {
      let level = priorities.trailingZeroBitCount
      var word = 0
      while word < summaryWords &- 1, summaries[level &* summaryWords &+ word] == 0 { word &+= 1 }
      let summary = level &* summaryWords &+ word
      let blockWord = word &* 64 &+ summaries[summary].trailingZeroBitCount
      let place = level &* blockWords &+ blockWord
      let block = blockWord &<< 6 &+ blocks[place].trailingZeroBitCount
      var bits = pending[block]
      if underWay.count > 0 { bits &= ~underWay[block] }
      while bits != 0 {
        let intid = INTID(rawValue: UInt32(block &<< 6 &+ bits.trailingZeroBitCount))
        let configuration = table.configuration(of: intid)
        if configuration.enabled, Int(configuration.raw &>> 2) == level {
          return (intid, configuration.priority)
        }
        bits &= bits &- 1
      }
      mend(level: level, place: place, summary: summary, block: block, table)
    }
    return nil
  }

  /// The block has no candidate of this level any more: takes the bit away, and enters what is
  /// pending there under the levels that it has now.
  private mutating func mend(
    level: Int, place: Int, summary: Int, block: Int, _ table: PropertyTable
  ) {
    blocks[place] &= blocks[place] &- 1
    if blocks[place] == 0 {
      summaries[summary] &= summaries[summary] &- 1
      if isEmpty(level) { priorities &= priorities &- 1 }
    }
    var bits = pending[block]
    if underWay.count > 0 { bits &= ~underWay[block] }
    while bits != 0 {
      let intid = INTID(rawValue: UInt32(block &<< 6 &+ bits.trailingZeroBitCount))
      consider(intid, table.configuration(of: intid))
      bits &= bits &- 1
    }
  }

  private func isEmpty(_ level: Int) -> Bool {
    for word in 0..<summaryWords where summaries[level &* summaryWords &+ word] != 0 {
      return false
    }
    return true
  }

  /// Enters every pending LPI anew, after the whole configuration table was read again.
  mutating func considerAll(_ table: PropertyTable) {
    forgetCandidates()
    for block in 0..<pending.count where pending[block] != 0 {
      var bits = pending[block]
      if underWay.count > 0 { bits &= ~underWay[block] }
      while bits != 0 {
        let intid = INTID(rawValue: UInt32(block &<< 6 &+ bits.trailingZeroBitCount))
        consider(intid, table.configuration(of: intid))
        bits &= bits &- 1
      }
    }
  }
}
