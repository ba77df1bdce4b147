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

  /// One range; its pointer is used by ``pointer(_:_:)`` alone.
  @safe private struct Range: BitwiseCopyable {
    var start: PhysicalAddress = 0
    var byteCount: UInt64 = 0
    var base: UnsafeMutableRawPointer?
  }

  init() {
    ranges = Slab(repeating: Range(), count: GuestMemory.rangeLimit)
  }
  func deallocate() {
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
    // SAFETY: who made the GuestRAM promises that its bytes stay mapped until it is unmapped here.
    unsafe ranges[count] = Range(start: ram.address, byteCount: length, base: ram.base)
    used[0] = count + 1
  }

  func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    let last = used[0] - 1
    for index in 0..<used[0] where ranges[index].start == address {
      ranges[index] = ranges[last]
      ranges[last] = Range()
      used[0] = last
      return
    }
    throw .notMapped
  }

  /// The host address of `byteCount` bytes at `address`; nil unless one range holds them all.
  @inline(__always)
  @unsafe private func pointer(
    _ address: PhysicalAddress, _ byteCount: UInt64
  ) -> UnsafeMutableRawPointer? {
    // Most machines have one range; an unused place holds no byte.
    let ranges = ranges
    let range = ranges[0]
    let offset = address &- range.start
    if offset < range.byteCount, byteCount <= range.byteCount &- offset {
      // SAFETY: offset and length were just checked against the range.
      return unsafe range.base.unsafelyUnwrapped + Int(truncatingIfNeeded: offset)
    }
    return unsafe GuestMemory.pointer(beyondFirstOf: ranges, address, byteCount)
  }

  /// In any range but the first.
  @inline(never)
  @unsafe private static func pointer(
    beyondFirstOf ranges: Slab<Range>, _ address: PhysicalAddress, _ byteCount: UInt64
  ) -> UnsafeMutableRawPointer? {
    for index in 1..<GuestMemory.rangeLimit {
      let range = ranges[index]
      if range.byteCount == 0 { return nil }
      let offset = address &- range.start
      if offset < range.byteCount, byteCount <= range.byteCount &- offset {
        // SAFETY: as above.
        return unsafe range.base.unsafelyUnwrapped + Int(truncatingIfNeeded: offset)
      }
    }
    return nil
  }

  /// The doubleword at `address`, little-endian, in one load. Nil outside RAM or misaligned.
  @inline(__always) func load64(_ address: PhysicalAddress) -> UInt64? {
    // SAFETY: in range; aligned, since ranges start at multiples of 4 KiB in both address spaces.
    guard address & 7 == 0, let pointer = unsafe pointer(address, 8) else { return nil }
    let word = unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    return UInt64(littleEndian: unsafe word.pointee.load(ordering: .relaxed))
  }

  /// Stores a doubleword in one store. False, and nothing stored, outside RAM or misaligned.
  @inline(__always) func store64(_ address: PhysicalAddress, _ value: UInt64) -> Bool {
    // SAFETY: as for load64.
    guard address & 7 == 0, let pointer = unsafe pointer(address, 8) else { return false }
    let word = unsafe pointer.assumingMemoryBound(to: Atomic<UInt64>.self)
    unsafe word.pointee.store(value.littleEndian, ordering: .relaxed)
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
