// Device attributes, as a virtual machine monitor has them of KVM: KVM_HAS_DEVICE_ATTR,
// KVM_GET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR. What is refused has KVM's errno.

import GICArch
import GICWire

extension Client {
  /// Whether the device has the attribute. - Throws: ENXIO if it has not.
  public func hasAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName
  ) throws(ClientError) {
    _ = try call(.device(DeviceRequest(.has, device, attribute, nil)))
  }

  /// Reads an attribute.
  /// - Parameter value: what a redistributor region is looked for by; else of no matter.
  public func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64? = 0
  ) throws(ClientError) -> UInt64 {
    try call(.device(DeviceRequest(.get, device, attribute, value))).value
  }

  /// Writes an attribute, or does what it stands for; then `value` is nil.
  public func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64? = nil
  ) throws(ClientError) {
    _ = try call(.device(DeviceRequest(.set, device, attribute, value)))
  }
}

extension DeviceRequest {
  init(
    _ operation: Operation, _ device: DeviceName, _ attribute: DeviceAttribute, _ value: UInt64?
  ) {
    var number: UInt32 = 0
    if case .its(let n) = device { number = UInt32(truncatingIfNeeded: n) }
    self.init(
      operation, device: device.type, number: number, group: attribute.group, attr: attribute.attr,
      value: value)
  }
}
