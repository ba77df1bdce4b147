/// A fixed number of elements in one allocation of their own. It is what hot state lives in: a
/// subscript is a bounds check and an address, with no reference count and no exclusivity check.
///
/// Whoever makes a slab owns it and must call ``deallocate()`` once; copies are the same storage.
@safe struct Slab<Element: ~Copyable> {
  let count: Int
  private let base: UnsafeMutablePointer<Element>

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
    _read {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      yield unsafe base[index]
    }
    nonmutating _modify {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the index was checked.
      yield unsafe &base[index]
    }
  }
}

extension Slab where Element: BitwiseCopyable {
  init(repeating value: Element, count: Int) { self.init(count: count) { _ in value } }
}
