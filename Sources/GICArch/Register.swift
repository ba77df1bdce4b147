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
  /// What a guest may do with it at all.
  static var access: RegisterAccess { get }
  var raw: UInt64 { get set }
  init(raw: UInt64)
}

/// What a guest may do with a register: a read of a write-only one gives 0, a write of a read-only
/// one is ignored.
@frozen public enum RegisterAccess: String, Sendable {
  case readOnly = "RO"
  case writeOnly = "WO"
  case readWrite = "RW"
}

extension Register {
  @inlinable public static var byteCount: Int { 8 }
  @inlinable public static var reset: UInt64 { 0 }
  @inlinable public static var access: RegisterAccess { .readWrite }
}

/// Registers of one layout, one after the other from `offset`.
public protocol RegisterArray: Register {
  /// How many there are, so that n is below it.
  static var count: Int { get }
}

extension RegisterArray {
  /// Distance from one to the next, in bytes.
  @inlinable public static var stride: Int { byteCount }
  /// Offset of register `n`, in bytes.
  @inlinable public static func offset(of n: Int) -> Int { offset &+ n &* stride }
  /// Which register the byte at `byteOffset` belongs to; nil outside the array.
  @inlinable public static func index(at byteOffset: Int) -> Int? {
    let n = (byteOffset &- offset) / stride
    return byteOffset >= offset && n < count ? n : nil
  }
}

/// An array in which every interrupt has a field of `bitsPerInterrupt` bits, INTID 0 first.
public protocol InterruptRegisterArray: RegisterArray {
  /// 1, 2, 8 or 64.
  static var bitsPerInterrupt: Int { get }
}

extension InterruptRegisterArray {
  /// Interrupts that one register holds.
  @inlinable public static var interruptsPerRegister: Int { byteCount &* 8 / bitsPerInterrupt }
  /// Offset of the register that holds the field of `intid`, in bytes.
  @inlinable public static func offset(holding intid: INTID) -> Int {
    offset(of: Int(intid.rawValue) / interruptsPerRegister)
  }
}
