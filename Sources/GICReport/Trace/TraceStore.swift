// What the writers of a trace keep while it is written: millions of events change it each second.

/// A number of elements that grows: an index check and an address, with no question whether anybody
/// else has a copy. Copies are the same storage, until one of them grows.
@safe struct TraceStore<Element: BitwiseCopyable> {
  /// Gives the memory back.
  @safe private final class Memory {
    let base: UnsafeMutablePointer<Element>
    init(_ count: Int) {
      // SAFETY: whoever makes it initialises it.
      unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    }
    deinit {
      // SAFETY: nobody has it any more.
      unsafe base.deallocate()
    }
  }
  private var memory: Memory
  private var base: UnsafeMutablePointer<Element>
  private(set) var count: Int

  init(repeating filler: Element, count: Int) {
    memory = Memory(count)
    unsafe base = memory.base
    self.count = count
    // SAFETY: the memory has so many elements.
    unsafe base.initialize(repeating: filler, count: count)
  }

  @inline(__always) subscript(index: Int) -> Element {
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      return unsafe UnsafePointer(base + index)
    }
    nonmutating unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      return unsafe base + index
    }
  }

  /// Has `newCount` elements from now on, the further ones `filler`.
  @inline(never) mutating func grow(to newCount: Int, filler: Element) {
    let new = TraceStore(repeating: filler, count: newCount)
    for index in 0..<min(count, newCount) { new[index] = self[index] }
    self = new
  }
}

extension TraceStore where Element == UInt8 {
  /// The bytes from `place` on, to be written without a further check.
  /// - Parameter length: how many that may be at most.
  @inline(__always) func window(at place: Int, length: Int) -> TraceWindow {
    precondition(place >= 0 && length >= 0 && place <= count &- length)
    // SAFETY: so many bytes were checked to be there.
    return unsafe TraceWindow(base + place, length: length)
  }

  /// Lends the first `used` bytes.
  func withBytes(_ used: Int, _ body: (Span<UInt8>) throws -> Void) rethrows {
    precondition(used >= 0 && used <= count)
    // SAFETY: so many bytes are there, and this keeps them until the body returns.
    let bytes = unsafe UnsafeBufferPointer(start: base, count: used)
    try withExtendedLifetime(memory) { try unsafe body(bytes.span) }
  }
}

/// Bytes of a store that were checked once. It must not outlive the store.
@safe struct TraceWindow {
  private let start: UnsafeMutableRawPointer
  private let length: Int

  @inline(__always)
  fileprivate init(_ start: UnsafeMutableRawPointer, length: Int) {
    unsafe self.start = start
    self.length = length
  }

  /// Writes a number, its lowest byte first. It must lie in the window.
  @inline(__always)
  func put<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, at place: Int) {
    assert(place >= 0 && place + MemoryLayout<Number>.size <= length)
    // SAFETY: whoever took the window took as much as is ever written; a store of bytes has no
    // alignment.
    unsafe start.storeBytes(of: number.littleEndian, toByteOffset: place, as: Number.self)
  }
}
