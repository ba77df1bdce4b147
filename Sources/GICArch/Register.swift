// What every register type has in common. A register is its bits: side effects live in GICModel.

/// A memory-mapped register of 32 or 64 bits, as a struct over its raw value.
public protocol Register: Equatable, Sendable {
  /// Offset in bytes from the start of the register frame that the type's enclosing name gives.
  static var offset: Int { get }
  /// 4 or 8.
  static var byteCount: Int { get }
  /// Bits that a write can change; all others are RES0, read-only or write-only.
  static var writable: UInt64 { get }
  /// Value after reset, before a configuration's identification bits are laid over it.
  static var reset: UInt64 { get }
  var raw: UInt64 { get set }
  init(raw: UInt64)
}

extension Register {
  @inlinable public static var byteCount: Int { 8 }
  @inlinable public static var reset: UInt64 { 0 }
}
