// Device attributes: from the wire to the machine, and its errno back.

import GICArch
import GICModel
import GICWire

extension Session {
  func perform(_ request: DeviceRequest, on host: MachineHost) throws(WireError) -> UInt64 {
    let device: DeviceName
    switch request.device {
    case DeviceName.vgic.type: device = .vgic
    case DeviceName.its(0).type: device = .its(Int(request.number))
    default: throw WireError(.enodev, "there is no device of type \(request.device), only 7 and 8")
    }
    let attribute = DeviceAttribute(group: request.group, attr: request.attr)
    do throws(DeviceError) {
      switch request.operation {
      case .has: try host.hasAttribute(attribute, of: device)
      case .get: return try host.attribute(attribute, of: device, value: request.value)
      case .set: try host.setAttribute(attribute, of: device, to: request.value)
      }
    } catch {
      throw WireError(WireErrno(error.errno), error.reason)
    }
    return 0
  }
}

extension WireErrno {
  init(_ errno: DeviceErrno) {
    self =
      switch errno {
      case .enoent: .enoent
      case .enxio: .enxio
      case .e2big: .e2big
      case .enomem: .enomem
      case .eacces: .eacces
      case .efault: .efault
      case .ebusy: .ebusy
      case .eexist: .eexist
      case .enodev: .enodev
      case .einval: .einval
      }
  }
}
