// Memory attributes of the accesses to tables and queue. The model's memory is coherent: they are
// kept and shown, and change nothing.

/// Cacheability of the accesses to one table, as the table's register has it in three bits.
/// - Source: Arm IHI 0069, "GITS_CBASER.InnerCache".
@frozen public struct Cacheability: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Device-nGnRnE, as InnerCache; as OuterCache: the same as inner.
  @inlinable public static var device: Cacheability { Cacheability(rawValue: 0) }
  @inlinable public static var sameAsInner: Cacheability { Cacheability(rawValue: 0) }
  @inlinable public static var nonCacheable: Cacheability { Cacheability(rawValue: 1) }
  @inlinable public static var readAllocateWriteThrough: Cacheability { Cacheability(rawValue: 2) }
  @inlinable public static var readAllocateWriteBack: Cacheability { Cacheability(rawValue: 3) }
  @inlinable public static var writeAllocateWriteThrough: Cacheability { Cacheability(rawValue: 4) }
  @inlinable public static var writeAllocateWriteBack: Cacheability { Cacheability(rawValue: 5) }
  /// Read-allocate, write-allocate, write-through.
  @inlinable public static var allocateWriteThrough: Cacheability { Cacheability(rawValue: 6) }
  /// Read-allocate, write-allocate, write-back: what Linux asks for.
  @inlinable public static var allocateWriteBack: Cacheability { Cacheability(rawValue: 7) }
}

/// Shareability of the accesses to one table; 3 is reserved and acts as 0.
/// - Source: Arm IHI 0069, "GITS_CBASER.Shareability".
@frozen public struct Shareability: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable public static var nonShareable: Shareability { Shareability(rawValue: 0) }
  @inlinable public static var inner: Shareability { Shareability(rawValue: 1) }
  @inlinable public static var outer: Shareability { Shareability(rawValue: 2) }
}
