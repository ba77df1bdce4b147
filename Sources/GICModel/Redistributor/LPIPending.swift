import GICArch
import Synchronization

/// The pending LPIs of one PE, and which of them is the best, without ever scanning the table.
///
/// `pending` is the pending table as it would lie in RAM, one bit an INTID. `rows` say of each
/// priority in which blocks of 64 LPIs an enabled candidate of it is pending: every candidate has
/// the bit of its priority's block. A bit may be stale (a shared configuration byte changed, or the
/// last candidate went): the search looks at the block and takes it away. With 16-bit INTIDs: 8 KiB
/// each.
///
/// Its PE's owner changes it. Any thread may ask ``isPending(_:)``.
struct LPIPending: BitwiseCopyable {
  let pending: Slab<Atomic<UInt64>>
  /// Pending here, but its set message is still on the way: no candidate yet. Empty without time.
  let underWay: Slab<UInt64>
  private var rows: CandidateRows
  private(set) var count = 0

  /// Words of `pending` that hold no LPI.
  private static var firstBlock: Int { Int(INTID.firstLPI.rawValue) / 64 }

  init(intidBits: Int, tracksArrival: Bool) {
    let words = Swift.max((1 << intidBits) >> 6, LPIPending.firstBlock)
    pending = Slab(count: words) { _ in Atomic(0) }
    underWay = Slab(repeating: 0, count: tracksArrival ? words : 0)
    rows = CandidateRows(blocks: words - LPIPending.firstBlock)
  }
  func deallocate() {
    pending.deallocate()
    underWay.deallocate()
    rows.deallocate()
  }

  /// What it holds of the host's memory, in bytes.
  var byteCount: Int { (pending.count + underWay.count) * 8 + rows.byteCount }

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
    let word = Int(intid.rawValue &>> 6)
    pending.prefetch(word)
    rows.prefetch(word &- LPIPending.firstBlock, Int(configuration.raw &>> 2))
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
    let word = block &+ LPIPending.firstBlock
    return underWay.count > 0 ? bits(word) & ~underWay[word] : bits(word)
  }

  /// Makes a pending LPI a candidate, if its configuration enables it.
  @inline(__always) mutating func consider(_ intid: INTID, _ configuration: LPIConfiguration) {
    guard configuration.enabled else { return }
    rows.enter(
      Int(intid.rawValue &>> 6) &- LPIPending.firstBlock, Int(configuration.raw &>> 2))
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
      let word = table.word(block &<< 3 &+ group)
      // All eight bytes are the lowest.
      if word == word & 0xff &* 0x0101_0101_0101_0101 { eight = 1 }
      while eight != 0 {
        let byte = word &>> UInt64(eight.trailingZeroBitCount &<< 3)
        eight &= eight &- 1
        let level = byte &>> 2 & 63
        guard byte & 1 != 0, entered[bit: Int(level)] == false else { continue }
        entered |= 1 &<< level
        rows.enter(block, Int(level))
      }
    }
  }

  /// Takes 64 pending bits in, each of which becomes pending and, if enabled, a candidate.
  /// - Returns: how many were pending already.
  mutating func receive(_ word: Int, _ new: UInt64, _ table: LPIBytes) -> Int {
    let old = bits(word)
    load(word, old | new)
    consider(block: word &- LPIPending.firstBlock, new & ~old, table)
    return (old & new).nonzeroBitCount
  }

  mutating func forgetCandidates() { rows.removeAll() }

  /// The pending, enabled LPI of the highest priority; of several the lowest INTID.
  /// - Parameter inTime: whether messages take time, so that some may be under way.
  @inline(always)
  mutating func best(_ table: LPIBytes, inTime: Bool) -> (intid: INTID, priority: UInt8)? {
    guard rows.levels != 0 else { return nil }
    let near = near(table, inTime: inTime)
    return near.found != 0 ? LPIPending.best(near) : bestLater(table)
  }

  /// As ``best(_:inTime:)`` where nothing is under way, after the one that was the best has gone.
  @inline(always) mutating func best(
    after intid: INTID, _ priority: UInt8, _ table: LPIBytes
  ) -> (intid: INTID, priority: UInt8)? {
    // It is often among those that have lain beside it.
    let word = Int(intid.rawValue &>> 6)
    var near = Near(level: Int(priority &>> 2), block: word &- LPIPending.firstBlock)
    near.found = bits(word) & table.matches(block: near.block, rows.pattern(near.level))
    if near.found != 0 { return LPIPending.best(near) }
    rows.remove(near.block, near.level)
    return best(table, inTime: false)
  }

  /// Where the best most often is: the first block of the first level that has one.
  private struct Near {
    let level: Int
    let block: Int
    /// The block's pending candidates of this level; none if they must be looked for further on.
    var found: UInt64 = 0
  }

  @inline(always) private func near(_ bytes: LPIBytes, inTime: Bool) -> Near {
    let level = rows.levels.trailingZeroBitCount
    var near = Near(level: level, block: rows.nearBlock(level))
    let word = near.block &+ LPIPending.firstBlock
    guard UInt(bitPattern: word) < UInt(bitPattern: pending.count) else { return near }
    near.found =
      (inTime ? arrived(near.block) : bits(word))
      & bytes.matches(block: near.block, rows.pattern(level))
    return near
  }

  /// The lowest of the LPIs that were found.
  @inline(always) private static func best(_ near: Near) -> (intid: INTID, priority: UInt8) {
    let word = near.block &+ LPIPending.firstBlock
    return (
      INTID(rawValue: UInt32(truncatingIfNeeded: word &<< 6 &+ near.found.trailingZeroBitCount)),
      UInt8(truncatingIfNeeded: near.level &<< 2)
    )
  }

  /// As ``best(_:inTime:)``: what is stale on the way there is taken away. What else is pending in
  /// such a block has a bit of its own level since it became pending, or was considered again.
  @inline(never)
  private mutating func bestLater(_ bytes: LPIBytes) -> (intid: INTID, priority: UInt8)? {
    while rows.levels != 0 {
      let level = rows.levels.trailingZeroBitCount
      guard let block = rows.firstBlock(level) else { return nil }
      let found = arrived(block) & bytes.matches(block: block, rows.pattern(level))
      if found != 0 { return LPIPending.best(Near(level: level, block: block, found: found)) }
      rows.remove(block, level)
    }
    return nil
  }

  /// Enters every pending LPI anew, after the whole configuration table was read again.
  mutating func considerAll(_ table: LPIBytes) {
    forgetCandidates()
    guard count > 0 else { return }
    for block in 0..<Swift.max(pending.count &- LPIPending.firstBlock, 0) {
      let bits = arrived(block)
      if bits != 0 { consider(block: block, bits, table) }
    }
  }
}
