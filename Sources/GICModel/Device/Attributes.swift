// KVM's device attributes over the rules: which exist, and which device answers. The order in which
// things are checked is KVM's, since a monitor sees which errno comes first.

import GICArch

extension Engine {
  /// Whether the device has such an attribute. Nothing else is checked: not whether it could be
  /// used now.
  /// - Throws: ENXIO or EINVAL if it has not, ENODEV if there is no such device.
  func hasAttribute(_ attribute: DeviceAttribute, of device: DeviceName) throws(DeviceError) {
    try checkDevice(device)
    switch device {
    case .vgic: try hasVGICAttribute(attribute)
    case .its: try hasITSAttribute(attribute)
    }
  }

  mutating func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    try checkDevice(device)
    switch device {
    case .vgic: return try vgicAttribute(attribute, value)
    case .its(let n): return try itsAttribute(n, attribute)
    }
  }

  mutating func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    try checkDevice(device)
    switch device {
    case .vgic: try setVGICAttribute(attribute, value)
    case .its(let n): try setITSAttribute(n, attribute, value)
    }
  }

  private func checkDevice(_ device: DeviceName) throws(DeviceError) {
    guard case .its(let n) = device else { return }
    guard n >= 0, n < its.count else {
      throw DeviceError(.enodev, "there is no ITS \(n): the machine has \(its.count)")
    }
  }

  // MARK: What several attributes check

  func given(_ value: UInt64?) throws(DeviceError) -> UInt64 {
    guard let value else { throw DeviceError(.efault, "the attribute needs a value") }
    return value
  }
  func checkStandstill() throws(DeviceError) {
    guard !devices[0].vcpusRun else { throw DeviceError(.ebusy, "vCPUs run") }
  }

  /// A range of frames in guest physical addresses. All of KVM's checks, in its order.
  func checkRange(
    _ base: PhysicalAddress, byteCount: UInt64, isPlaced: Bool
  ) throws(DeviceError) {
    guard !isPlaced else { throw DeviceError(.eexist, "the frames have their address already") }
    guard base & 0xffff == 0 else {
      throw DeviceError(.einval, "\(DeviceError.hex(base)) is not a multiple of 64 KiB")
    }
    guard base &+ byteCount >= base else {
      throw DeviceError(.einval, "frames at \(DeviceError.hex(base)) wrap around")
    }
    guard base >> 52 == 0, base + byteCount <= 1 << 52 else {
      throw DeviceError(.e2big, "frames at \(DeviceError.hex(base)) end above 52 bits of address")
    }
  }
}
