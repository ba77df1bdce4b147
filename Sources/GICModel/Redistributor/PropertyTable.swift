import GICArch
import Synchronization

/// The LPI configuration bytes that redistributors remember. Those whose GICR_PROPBASER names the
/// same table share one, as CommonLPIAff promises; a byte is read again by INV, INVALL and MAPTI
/// only. Eight bytes lie in one word, as they lie in guest RAM, so that a whole table is read again
/// by words; any thread may look one up.
struct PropertyTable: BitwiseCopyable {
  var address: PhysicalAddress = 0
  /// LPIs that the table has, as PROPBASER.IDbits says; a multiple of 8.
  var lpiCount = 0
  /// PEs with LPIs enabled that use it; 0 is a free place.
  var users = 0
  let bytes: LPIBytes

  init(lpiCount: Int) { bytes = LPIBytes(words: Slab(count: lpiCount / 8) { _ in Atomic(0) }) }
  func deallocate() { bytes.words.deallocate() }
  private var words: Slab<Atomic<UInt64>> { bytes.words }

  /// LPIs that there is room for.
  @inline(__always) var capacity: Int { words.count &* 8 }
  var wordCount: Int { words.count }

  /// Eight bytes, of LPIs 8192 + 8 `index` and up; 0 beyond the end.
  @inline(__always) func word(_ index: Int) -> UInt64 { bytes.word(index) }

  @inline(__always) func configuration(of intid: INTID) -> LPIConfiguration {
    bytes.configuration(of: intid)
  }

  /// The byte of LPI 8192 + `index`; 0 if there is no place for it. Who sets one is alone in it.
  @inline(__always) subscript(index: Int) -> UInt8 {
    get { UInt8(truncatingIfNeeded: word(index &>> 3) &>> UInt64((index & 7) &<< 3)) }
    nonmutating set {
      let shift = UInt64((index & 7) &<< 3)
      let old = words[index &>> 3].load(ordering: .relaxed)
      let new = old & ~(0xff &<< shift) | UInt64(newValue) &<< shift
      words[index &>> 3].store(new, ordering: .relaxed)
    }
  }

  /// Reads the whole table again from `memory`; what lies outside RAM reads as 0. Who does so is
  /// alone in it.
  /// - Returns: whether anything is different now.
  func refill(from memory: GuestMemory) -> Bool {
    var changed = false
    let window = memory.window(address, byteCount: lpiCount)
    for index in 0..<words.count {
      let new: UInt64
      if index &* 8 >= lpiCount {
        new = 0
      } else if let window {
        new = window.load64(index)
      } else {
        new = memory.load64(address &+ UInt64(index &* 8)) ?? 0
      }
      guard new != words[index].load(ordering: .relaxed) else { continue }
      words[index].store(new, ordering: .relaxed)
      changed = true
    }
    return changed
  }
}

/// The configuration bytes of a table, without what is said of it.
struct LPIBytes: BitwiseCopyable {
  /// One byte an LPI, from INTID 8192, the lowest in bits [7:0].
  fileprivate let words: Slab<Atomic<UInt64>>

  /// Eight bytes, of LPIs 8192 + 8 `index` and up; 0 beyond the end.
  @inline(__always) func word(_ index: Int) -> UInt64 {
    index >= 0 && index < words.count ? words[index].load(ordering: .relaxed) : 0
  }

  @inline(__always) func configuration(of intid: INTID) -> LPIConfiguration {
    let index = UInt(intid.rawValue) &- UInt(INTID.firstLPI.rawValue)
    guard index &>> 3 < UInt(bitPattern: words.count) else { return LPIConfiguration(raw: 0) }
    let word = words[Int(bitPattern: index &>> 3)].load(ordering: .relaxed)
    // A shift by 8 for each place counts modulo 64.
    return LPIConfiguration(raw: UInt8(truncatingIfNeeded: word &>> UInt64(index &<< 3)))
  }

  /// Which of the 64 LPIs of a block are enabled and have a priority.
  /// - Parameters:
  ///   - block: (INTID - 8192) / 64 of them.
  ///   - pattern: ``CandidateRows/pattern(_:)`` of the priority.
  @inline(always) func matches(block: Int, _ pattern: UInt64) -> UInt64 {
    let first = block &<< 3
    guard UInt(bitPattern: first) &+ 7 < UInt(bitPattern: words.count) else { return 0 }
    // Bit 1 of a byte means nothing.
    return words.matches(from: first, mask: 0xfd, pattern)
  }
}
