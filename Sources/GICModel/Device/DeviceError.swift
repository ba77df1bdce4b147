// What can be wrong with a device attribute: KVM's number, and a sentence.

/// The errno of a device attribute, as Linux numbers it.
/// - Source: Linux, include/uapi/asm-generic/errno-base.h.
public enum DeviceErrno: Int32, CaseIterable, Sendable {
  /// There is no redistributor region of that index.
  case enoent = 2
  /// No such attribute, or what it needs was not given yet.
  case enxio = 6
  /// An address beyond the guest's physical address space.
  case e2big = 7
  case enomem = 12
  /// The state cannot be saved at all.
  case eacces = 13
  /// Guest RAM that is not there, or a value that was not given.
  case efault = 14
  /// A vCPU runs, or the time for it is over, or has not come.
  case ebusy = 16
  case eexist = 17
  /// No such device.
  case enodev = 19
  case einval = 22
}

/// A device attribute that could not be read or written. Nothing has changed, unless the attribute
/// says otherwise.
public struct DeviceError: Error, Equatable, Sendable, CustomStringConvertible {
  public var errno: DeviceErrno
  /// What was wrong, and where.
  public var reason: String
  public init(_ errno: DeviceErrno, _ reason: String) {
    (self.errno, self.reason) = (errno, reason)
  }
  public var description: String { "\(String(describing: errno).uppercased()): \(reason)" }
}

extension DeviceError {
  static func noAttribute(_ group: UInt32, _ attr: UInt64) -> DeviceError {
    DeviceError(.enxio, "group \(group) of this device has no attribute \(hex(attr))")
  }
  static func outsideRAM(_ what: String, _ address: UInt64) -> DeviceError {
    DeviceError(.efault, "\(what) at \(hex(address)) is not in guest RAM")
  }
  static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
