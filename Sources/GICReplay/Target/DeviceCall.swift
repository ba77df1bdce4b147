// Device attributes of a machine in this process or behind a socket.

import GICArch
import GICClient
import GICModel

/// What is done with an attribute.
package enum DeviceOperation: Sendable { case has, get, set }

/// What became of it: the value of a `get` (else 0), or KVM's errno.
package enum DeviceAnswer: Equatable, Sendable {
  case value(UInt64)
  case refused(DeviceErrno)
}

extension InProcessTarget {
  package func device(
    _ operation: DeviceOperation, _ attribute: DeviceAttribute, of device: DeviceName,
    _ value: UInt64?, changes: inout [LineChange]
  ) throws(ReplayError) -> DeviceAnswer {
    defer { machine.drainLineChanges(into: &changes) }
    do throws(DeviceError) {
      switch operation {
      case .has: try machine.hasAttribute(attribute, of: device)
      case .get: return .value(try machine.attribute(attribute, of: device, value: value))
      case .set: try machine.setAttribute(attribute, of: device, to: value)
      }
      return .value(0)
    } catch { return .refused(error.errno) }
  }
}

extension InProcessTarget {
  package func setVCPUsRun(_ run: Bool) throws(ReplayError) {
    do throws(DeviceError) { try machine.setVCPUsRun(run) } catch {
      throw ReplayError("\(mode): \(error)")
    }
  }
  package func takeWrittenPages(
    from address: PhysicalAddress, count: Int
  ) throws(ReplayError) -> [UInt64] {
    guard let words = machine.writtenPages(from: address, count: count, taking: true) else {
      throw ReplayError("\(mode): no RAM at 0x\(String(address, radix: 16))")
    }
    return words
  }
}

extension AttachedTarget {
  package func setVCPUsRun(_ run: Bool) throws(ReplayError) {
    do throws(ClientError) { if run { try client.resume() } else { try client.quiesce() } } catch {
      throw ReplayError("\(mode): \(error)")
    }
  }
  package func takeWrittenPages(
    from address: PhysicalAddress, count: Int
  ) throws(ReplayError) -> [UInt64] {
    do throws(ClientError) {
      return try client.writtenPages(from: address, byteCount: UInt64(count) * 4096)
    } catch { throw ReplayError("\(mode): \(error)") }
  }

  package func device(
    _ operation: DeviceOperation, _ attribute: DeviceAttribute, of device: DeviceName,
    _ value: UInt64?, changes: inout [LineChange]
  ) throws(ReplayError) -> DeviceAnswer {
    defer { takeChanges(&changes) }
    do throws(ClientError) {
      switch operation {
      case .has: try client.hasAttribute(attribute, of: device)
      case .get: return .value(try client.attribute(attribute, of: device, value: value))
      case .set: try client.setAttribute(attribute, of: device, to: value)
      }
      return .value(0)
    } catch {
      guard let errno = DeviceErrno(rawValue: Int32(error.errno)) else {
        throw ReplayError("\(mode): \(error)")
      }
      return .refused(errno)
    }
  }
}
