import GICArch
import Synchronization

/// The guest's RAM as the model sees it: a few ranges, each checked once when it is mapped. Every
/// access is checked against them; one that leaves them is nil, never a trap. Doublewords are
/// loaded and stored whole, because the guest's CPUs write beside us.
@safe struct GuestMemory {
  /// More ranges than any machine needs; a bound on what a client can make us search.
  static let rangeLimit = 64
  /// Those that are used come first; the others hold no byte. Copies are the same storage.
  private let ranges: Slab<Range>
  private let used = Slab(repeating: 0, count: 1)

  /// One range; its pointers are used by ``place(_:_:)`` and the functions about marks alone.
  @safe fileprivate struct Range: BitwiseCopyable {
    var start: PhysicalAddress = 0
    var byteCount: UInt64 = 0
    var base: UnsafeMutableRawPointer?
    /// A byte for each `1 << granule` bytes of the range: 1 if the machine has written there.
    var marks: UnsafeMutableRawPointer?
    var granule: UInt64 = 12

    var markCount: Int { Int((byteCount + (1 << granule) - 1) >> granule) }
  }

  /// Where bytes lie, and the mark of the first of them.
  @unsafe private struct Place {
    var pointer: UnsafeMutableRawPointer
    var mark: UnsafeMutableRawPointer
  }

  /// More marks than this, and each stands for more than a page: a range that is large and empty
  /// must not cost memory.
  private static let markLimit: UInt64 = 1 << 22

  init() {
    ranges = Slab(repeating: Range(), count: GuestMemory.rangeLimit)
  }
  func deallocate() {
    // SAFETY: `map` allocated them, and nobody uses them any more.
    for index in 0..<used[0] { unsafe ranges[index].marks?.deallocate() }
    ranges.deallocate()
    used.deallocate()
  }

  func map(_ ram: GuestRAM) throws(MemoryError) {
    guard ram.byteCount > 0 else { throw .empty }
    guard ram.address & 0xfff == 0, ram.byteCount & 0xfff == 0 else { throw .misaligned }
    let length = UInt64(ram.byteCount)
    let (end, wraps) = ram.address.addingReportingOverflow(length)
    guard !wraps, end <= 1 << 52 else { throw .wraps }
    let count = used[0]
    guard count < ranges.count else { throw .tooManyRanges }
    for index in 0..<count {
      let other = ranges[index]
      guard end <= other.start || ram.address >= other.start &+ other.byteCount
      else { throw .overlaps }
    }
    // SAFETY: who made the GuestRAM promises that its bytes stay mapped until it is unmapped here;
    // the marks are as many as the range has granules, and all zero before anyone sees them.
    var range = unsafe Range(start: ram.address, byteCount: length)
    while length >> range.granule > GuestMemory.markLimit { range.granule += 1 }
    unsafe range.base = ram.base
    let marks = UnsafeMutableRawPointer.allocate(byteCount: range.markCount, alignment: 8)
    unsafe marks.initializeMemory(as: UInt8.self, repeating: 0, count: range.markCount)
    unsafe range.marks = marks
    ranges[count] = range
    used[0] = count + 1
  }

  func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    let last = used[0] - 1
    for index in 0..<used[0] where ranges[index].start == address {
      // SAFETY: `map` allocated them, and the range is in use no more.
      unsafe ranges[index].marks?.deallocate()
      ranges[index] = ranges[last]
      ranges[last] = Range()
      used[0] = last
      return
    }
    throw .notMapped
  }

  /// Where `byteCount` bytes at `address` lie; nil unless one range holds them all.
  @inline(__always)
  @unsafe private func place(_ address: PhysicalAddress, _ byteCount: UInt64) -> Place? {
    // Most machines have one range; an unused place holds no byte.
    let ranges = ranges
    let range = ranges[0]
    let offset = address &- range.start
    if offset < range.byteCount, byteCount <= range.byteCount &- offset {
      // SAFETY: offset and length were just checked against the range.
      return unsafe GuestMemory.place(offset, in: range)
    }
    return unsafe GuestMemory.place(beyondFirstOf: ranges, address, byteCount)
  }

  /// - Parameter offset: lies in the range.
  @inline(__always)
  @unsafe private static func place(_ offset: UInt64, in range: Range) -> Place {
    // SAFETY: a range that holds a byte has a base, and a mark for each of its granules.
    unsafe Place(
      pointer: range.base.unsafelyUnwrapped + Int(truncatingIfNeeded: offset),
      mark: range.marks.unsafelyUnwrapped + Int(truncatingIfNeeded: offset &>> range.granule))
  }

  /// In any range but the first.
  @inline(never)
  @unsafe private static func place(
    beyondFirstOf ranges: Slab<Range>, _ address: PhysicalAddress, _ byteCount: UInt64
  ) -> Place? {
    for index in 1..<GuestMemory.rangeLimit {
      let range = ranges[index]
      if range.byteCount == 0 { return nil }
      let offset = address &- range.start
      if offset < range.byteCount, byteCount <= range.byteCount &- offset {
        // SAFETY: as above.
        return unsafe GuestMemory.place(offset, in: range)
      }
    }
    return nil
  }

  /// The host address of `byteCount` bytes at `address`, to be read.
  @inline(__always)
  @unsafe private func pointer(
    _ address: PhysicalAddress, _ byteCount: UInt64
  ) -> UnsafeMutableRawPointer? { unsafe place(address, byteCount)?.pointer }

  /// The doubleword at `address`, little-endian, in one load. Nil outside RAM or misaligned.
  @inline(__always) func load64(_ address: PhysicalAddress) -> UInt64? {
    // SAFETY: in range; aligned, since ranges start at multiples of 4 KiB in both address spaces.
    guard address & 7 == 0, let pointer = unsafe pointer(address, 8) else { return nil }
    let word = unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    return UInt64(littleEndian: unsafe word.pointee.load(ordering: .relaxed))
  }

  /// Stores a doubleword in one store, and marks its page. False, and nothing stored, outside RAM
  /// or misaligned.
  @inline(__always) func store64(_ address: PhysicalAddress, _ value: UInt64) -> Bool {
    // SAFETY: as for load64; the mark is the range's own.
    guard address & 7 == 0, let place = unsafe place(address, 8) else { return false }
    let word = unsafe place.pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    unsafe word.pointee.store(value.littleEndian, ordering: .relaxed)
    // After the datum: who takes the mark sees what it stands for. Not looked at before, since a
    // look may come before the store, and find a mark that is being taken.
    let mark = unsafe place.mark.assumingMemoryBound(to: Atomic<UInt8>.self)
    unsafe mark.pointee.store(1, ordering: .releasing)
    return true
  }

  @inline(__always) func load8(_ address: PhysicalAddress) -> UInt8? {
    // SAFETY: in range.
    guard let pointer = unsafe pointer(address, 1) else { return nil }
    let byte = unsafe pointer.assumingMemoryBound(to: Atomic<UInt8>.self)
    return unsafe byte.pointee.load(ordering: .relaxed)
  }

  /// Copies a queue entry out of RAM, before anyone looks at it: the guest may be writing it.
  @inline(__always) func loadEntry(_ address: PhysicalAddress) -> QueueEntry? {
    guard let dw0 = load64(address), let dw1 = load64(address &+ 8),
      let dw2 = load64(address &+ 16), let dw3 = load64(address &+ 24)
    else { return nil }
    return QueueEntry(dw0, dw1, dw2, dw3)
  }

  /// `byteCount` bytes at `address`, checked here and never again; nil if one range has not got
  /// them. It is good until a range is unmapped.
  func window(_ address: PhysicalAddress, byteCount: Int) -> GuestWindow? {
    guard address & 7 == 0, let base = unsafe pointer(address, UInt64(byteCount)) else {
      return nil
    }
    // SAFETY: the range holds them, and the address is aligned in both address spaces.
    return unsafe GuestWindow(base: base, wordCount: byteCount / 8)
  }

  /// Bytes of RAM that are mapped.
  var byteCount: UInt64 {
    (0..<used[0]).reduce(0) { $0 + ranges[$1].byteCount }
  }

  /// Whether one range holds all these bytes.
  func contains(_ address: PhysicalAddress, byteCount: Int) -> Bool {
    unsafe pointer(address, UInt64(byteCount)) != nil
  }
}

/// The range of RAM that most accesses are in, looked up once for many of them; what is not in it
/// is looked for in the others. It is good until a range is mapped or unmapped.
@safe struct NearMemory {
  private let start: PhysicalAddress
  private let byteCount: UInt64
  private let base: UnsafeMutableRawPointer?
  private let marks: UnsafeMutableRawPointer?
  private let granule: UInt64
  private let memory: GuestMemory

  @inline(always) fileprivate init(_ range: GuestMemory.Range, of memory: GuestMemory) {
    (start, byteCount) = (range.start, range.byteCount)
    unsafe (base, marks, granule) = (range.base, range.marks, range.granule)
    self.memory = memory
  }

  /// As ``GuestMemory/store64(_:_:)``.
  @inline(always) func store64(_ address: PhysicalAddress, _ value: UInt64) -> Bool {
    let offset = address &- start
    guard NearMemory.word(at: offset) < byteCount &>> 3 else { return storeFar(address, value) }
    // SAFETY: the doubleword lies in the range, which has a base, and a mark for each granule.
    let word = unsafe (base.unsafelyUnwrapped + Int(truncatingIfNeeded: offset))
      .assumingMemoryBound(to: Atomic<UInt64>.self)
    unsafe word.pointee.store(value.littleEndian, ordering: .relaxed)
    let mark = unsafe (marks.unsafelyUnwrapped + Int(truncatingIfNeeded: offset &>> granule))
      .assumingMemoryBound(to: Atomic<UInt8>.self)
    unsafe mark.pointee.store(1, ordering: .releasing)
    return true
  }

  /// As ``GuestMemory/load8(_:)``.
  @inline(always) func load8(_ address: PhysicalAddress) -> UInt8? {
    let offset = address &- start
    guard offset < byteCount else { return loadFar(address) }
    // SAFETY: the byte lies in the range.
    let byte = unsafe (base.unsafelyUnwrapped + Int(truncatingIfNeeded: offset))
      .assumingMemoryBound(to: Atomic<UInt8>.self)
    return unsafe byte.pointee.load(ordering: .relaxed)
  }

  /// Which doubleword lies at an offset. One that is not aligned is beyond all that there are.
  @inline(always) private static func word(at offset: UInt64) -> UInt64 {
    offset &>> 3 | offset &<< 61
  }

  @inline(never) private func storeFar(_ address: PhysicalAddress, _ value: UInt64) -> Bool {
    memory.store64(address, value)
  }
  @inline(never) private func loadFar(_ address: PhysicalAddress) -> UInt8? {
    memory.load8(address)
  }
}

extension GuestMemory {
  /// The first range, and behind it the others.
  @inline(always) var near: NearMemory { NearMemory(ranges[0], of: self) }
}

// Which pages were written. A page is 4 KiB.
extension GuestMemory {
  /// The range that holds `address`.
  private func range(_ address: PhysicalAddress) -> Range? {
    for index in 0..<used[0] {
      let range = ranges[index]
      if address &- range.start < range.byteCount { return range }
    }
    return nil
  }

  /// Runs over the pieces of ranges that make up so many pages.
  /// - Parameters:
  ///   - address: a multiple of 4 KiB.
  ///   - body: takes the range, the offset in it, and the number of the first page.
  /// - Returns: false where a page is no RAM; then `body` may have seen those before it.
  private func forEachPiece(
    _ address: PhysicalAddress, pageCount: Int, _ body: (Range, UInt64, Int, Int) -> Void
  ) -> Bool {
    var page = 0
    while page < pageCount {
      let (next, wraps) = address.addingReportingOverflow(UInt64(page) << 12)
      guard !wraps, let range = range(next) else { return false }
      let offset = next - range.start
      let count = Int(Swift.min(UInt64(pageCount - page), (range.byteCount - offset) >> 12))
      body(range, offset, page, count)
      page += count
    }
    return true
  }

  /// Marks what somebody else has written on the machine's behalf. Bytes that are no RAM have no
  /// mark.
  func markWritten(_ address: PhysicalAddress, byteCount: Int) {
    guard byteCount > 0 else { return }
    let first = address >> 12
    let last = (address &+ UInt64(byteCount - 1)) >> 12
    guard last >= first else { return }
    _ = forEachPiece(first << 12, pageCount: Int(last - first) + 1) { range, offset, _, count in
      let end = offset + UInt64(count - 1) << 12
      for index in offset >> range.granule...end >> range.granule {
        unsafe mark(of: range, Int(index)).pointee.store(1, ordering: .releasing)
      }
    }
  }

  @unsafe private func mark(
    of range: Range, _ index: Int
  ) -> UnsafeMutablePointer<Atomic<UInt8>> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: range.markCount))
    // SAFETY: the index was checked against the range's marks.
    return unsafe (range.marks.unsafelyUnwrapped + index)
      .assumingMemoryBound(to: Atomic<UInt8>.self)
  }

  /// A bit for each page from `address` on, the first in bit 0 of the first word: whether the
  /// machine has written there since the page was last taken. Where a mark stands for several pages
  /// all of them count as written, and it is taken with all of them only.
  /// - Parameters:
  ///   - address: a multiple of 4 KiB.
  ///   - taking: what is told is forgotten.
  /// - Returns: nil, and nothing is taken, if one of them is no RAM.
  func writtenPages(_ address: PhysicalAddress, pageCount: Int, taking: Bool) -> [UInt64]? {
    guard forEachPiece(address, pageCount: pageCount, { _, _, _, _ in }) else { return nil }
    var bitmap = [UInt64](repeating: 0, count: (pageCount + 63) / 64)
    _ = forEachPiece(address, pageCount: pageCount) { range, offset, page, count in
      let pages = 1 << (range.granule - 12)
      let (start, end) = (Int(offset >> 12), Int(offset >> 12) + count)
      for index in start / pages...(end - 1) / pages {
        let mark = unsafe mark(of: range, index)
        guard unsafe mark.pointee.load(ordering: .relaxed) != 0 else { continue }
        let whole = Swift.min((index + 1) * pages, Int(range.byteCount >> 12))
        if taking, index * pages >= start, whole <= end {
          _ = unsafe mark.pointee.exchange(0, ordering: .acquiringAndReleasing)
        }
        for place in Swift.max(index * pages, start)..<Swift.min(whole, end) {
          let bit = page + place - start
          bitmap[bit / 64][bit: bit % 64] = true
        }
      }
    }
    return bitmap
  }
}
