// Variables of a class are checked at run time: no use may begin while a change is under way. At
// each request that costs more than the uses themselves.

/// A value that one thread alone is at, and that nobody uses while it is being changed: each change
/// is short, and calls nothing that could come back. So nothing is checked.
@safe @frozen public struct ThreadOwned<Value>: ~Copyable {
  @usableFromInline let place: UnsafeMutablePointer<Value>

  @inlinable public init(_ value: consuming Value) {
    unsafe place = .allocate(capacity: 1)
    unsafe place.initialize(to: value)
  }

  @inlinable deinit {
    // SAFETY: the value was initialised, and its last user is gone.
    unsafe place.deinitialize(count: 1)
    unsafe place.deallocate()
  }

  @inlinable public var value: Value {
    // SAFETY: the value is there as long as this is.
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }
}
