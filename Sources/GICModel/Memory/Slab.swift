import CHints
import Synchronization

/// A fixed number of elements in one allocation of their own. It is what hot state lives in: a
/// subscript is a bounds check and an address, with no reference count and no exclusivity check.
///
/// Whoever makes a slab owns it and must call ``deallocate()`` once; copies are the same storage.
@safe struct Slab<Element: ~Copyable> {
  // First, because ThreadSanitizer's instrumentation takes the first word of a value that is
  // changed through a copy for an address.
  private let base: UnsafeMutablePointer<Element>
  let count: Int

  /// - Parameter element: makes element `i`.
  init(count: Int, element: (Int) -> Element) {
    precondition(count >= 0)
    self.count = count
    // SAFETY: every element is initialised before anyone can see the slab. 128-byte alignment keeps
    // two slabs off one cache line.
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: Swift.max(count, 1) * MemoryLayout<Element>.stride, alignment: 128)
    unsafe base = raw.bindMemory(to: Element.self, capacity: count)
    for index in 0..<count { unsafe (base + index).initialize(to: element(index)) }
  }

  func deallocate() {
    // SAFETY: `count` elements were initialised, and the owner calls this once.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
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
}

/// One element of a slab, whose index was checked when it was looked up; good as long as the slab.
@safe struct SlabPlace<Element: ~Copyable>: BitwiseCopyable {
  private let pointer: UnsafeMutablePointer<Element>

  /// - Parameter pointer: an element of a slab.
  @unsafe @inline(always) fileprivate init(_ pointer: UnsafeMutablePointer<Element>) {
    unsafe self.pointer = pointer
  }

  @inline(__always) var element: Element {
    // SAFETY: the slab has it, and outlives its places.
    unsafeAddress { unsafe UnsafePointer(pointer) }
    nonmutating unsafeMutableAddress { unsafe pointer }
  }
}

extension Slab where Element: ~Copyable {
  /// Looks an element up for several accesses.
  @inline(always) func place(_ index: Int) -> SlabPlace<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    return unsafe SlabPlace(base + index)
  }

  /// Tells the processor that an element will be read.
  @inline(__always) func prefetch(_ index: Int) {
    guard UInt(bitPattern: index) < UInt(bitPattern: count) else { return }
    // SAFETY: a hint reads nothing.
    unsafe hint_prefetch(base + index)
  }
}

extension Slab where Element: BitwiseCopyable {
  init(repeating value: Element, count: Int) { self.init(count: count) { _ in value } }
}

extension Slab where Element == UInt8 {
  /// Fills the slab from host memory that holds as many bytes.
  @unsafe func copy(from source: UnsafeRawPointer) {
    // SAFETY: the caller vouches for the source; the slab has `count` bytes.
    unsafe UnsafeMutableRawPointer(base).copyMemory(from: source, byteCount: count)
  }
}

extension Slab where Element: BitwiseCopyable {
  /// Sets every element.
  func fill(_ value: Element) {
    // SAFETY: the slab has `count` elements, all initialised and trivial.
    unsafe base.update(repeating: value, count: count)
  }

  /// A slab of `newCount` elements that begins with this one's; this one is given back.
  consuming func grown(to newCount: Int, filler: Element) -> Slab<Element> {
    let old = self
    let new = Slab(count: newCount) { $0 < old.count ? old[$0] : filler }
    old.deallocate()
    return new
  }
}

extension Slab where Element == Atomic<UInt64> {
  /// Which of the 64 bytes of eight words from `first` on, as far as `mask` goes, are the bytes of
  /// `pattern`, which are all the same; the lowest byte of a word comes first.
  @inline(always) func matches(from first: Int, mask: UInt8, _ pattern: UInt64) -> UInt64 {
    precondition(UInt(bitPattern: first) &+ 7 < UInt(bitPattern: count))
    // SAFETY: the eight words were checked; the load is as good as an atomic one of each byte.
    return unsafe match_64_bytes(base + first, mask, pattern)
  }
}

/// One element of a slab, found once with a bounds check: what is done with it then needs no other.
/// It must not outlive the slab, nor its growth.
@safe struct SlabElement<Element: ~Copyable> {
  private let address: UnsafeMutablePointer<Element>

  @inline(__always) fileprivate init(_ address: UnsafeMutablePointer<Element>) {
    unsafe self.address = address
  }

  @inline(__always) var value: Element {
    unsafeAddress {
      // SAFETY: the slab has the element, and is there as long as this.
      unsafe UnsafePointer(address)
    }
    nonmutating unsafeMutableAddress {
      // SAFETY: as above.
      unsafe address
    }
  }
}

extension Slab where Element: ~Copyable {
  @inline(__always) func element(_ index: Int) -> SlabElement<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the index was checked.
    return unsafe SlabElement(base + index)
  }
}
