// Device attributes on the wire: DEVICE_HAS, DEVICE_GET, DEVICE_SET. What they mean is KVM's.

/// HAS, GET or SET of one attribute. Field `a` is the attribute, `b` the value, `c` the group in
/// [31:0] and KVM's device type in [63:32]; `d` is 1 where a value is given; the source is the
/// number of an ITS.
@frozen public struct DeviceRequest: Hashable, Sendable {
  /// What is done with the attribute.
  @frozen public enum Operation: Hashable, Sendable, CaseIterable { case has, get, set }
  public var operation: Operation
  /// KVM's device type: 7 is the GICv3, 8 an ITS.
  public var device: UInt32
  /// Which ITS, from 0.
  public var number: UInt32
  public var group: UInt32
  public var attr: UInt64
  /// Of GET, what the caller's memory held; nil is no memory, which is EFAULT where it is needed.
  public var value: UInt64?

  @inlinable public init(
    _ operation: Operation, device: UInt32, number: UInt32 = 0, group: UInt32, attr: UInt64,
    value: UInt64? = nil
  ) {
    (self.operation, self.device, self.number) = (operation, device, number)
    (self.group, self.attr, self.value) = (group, attr, value)
  }

  public var type: MessageType {
    switch operation {
    case .has: .deviceHas
    case .get: .deviceGet
    case .set: .deviceSet
    }
  }

  init(_ operation: Operation, _ slot: Slot) throws(WireError) {
    guard slot.d <= 1 else {
      throw WireError(.einval, "field d says whether there is a value: 0 or 1, not \(slot.d)")
    }
    self.init(
      operation, device: UInt32(slot.c >> 32), number: slot.source,
      group: UInt32(truncatingIfNeeded: slot.c), attr: slot.a, value: slot.d == 1 ? slot.b : nil)
  }

  func fill(_ slot: inout Slot) {
    (slot.a, slot.b, slot.source) = (attr, value ?? 0, number)
    (slot.c, slot.d) = (UInt64(device) << 32 | UInt64(group), value == nil ? 0 : 1)
  }
}
