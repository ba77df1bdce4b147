// What a role may ask for.

import GICArch
import GICWire

extension Role {
  /// - Throws: EPERM, and who may.
  func check(_ request: Request) throws(WireError) {
    guard !permits(request) else { return }
    throw WireError(
      .eperm, "\(request.type) is not for role \(self); attach as \(Role.whoMay(request))")
  }

  private func permits(_ request: Request) -> Bool {
    switch request {
    case .hello, .attach, .bye, .list, .statistics, .translate, .events, .explain, .tables,
      .registers, .trace, .linePage, .portClose, .portFence, .timePromise:
      return true
    default: break
    }
    switch self {
    case .control: return true
    case .monitor:
      switch request {
      case .snapshot(.save), .snapshot(.read): return true
      default: return false
      }
    case .memory: return Role.isAboutMemory(request)
    case .pe(let own): return Role.permits(request, pe: own)
    case .device(let first, let count):
      // From `first` on; a count of 0 is all of them.
      func owns(_ device: UInt32) -> Bool {
        device >= first && (count == 0 || device - first < count)
      }
      switch request {
      case .msi(let device, _, _): return owns(device)
      case .msiBatch(let msis): return msis.allSatisfy { owns($0.device) }
      case .inputLine(let intid, _, _): return !INTID(rawValue: intid).isPrivate
      case .portOpen(let number, _): return number == first
      case .timeAdvance: return true
      default: return false
      }
    }
  }

  private static func permits(_ request: Request, pe own: UInt32) -> Bool {
    switch request {
    case .mmioRead(_, _, let pe), .mmioWrite(_, _, _, let pe), .systemRegisterRead(_, let pe),
      .systemRegisterWrite(_, _, let pe), .inputLine(_, _, let pe), .portOpen(let pe, _):
      pe == own
    case .writeBatch(let writes): writes.allSatisfy { $0.source == own }
    case .timeAdvance, .memoryRead, .memoryWrite, .flush: true
    default: false
    }
  }

  private static func isAboutMemory(_ request: Request) -> Bool {
    switch request {
    case .memoryMap, .memoryUnmap, .memoryRead, .memoryWrite, .memoryDirty, .flush: true
    default: false
    }
  }

  private static func whoMay(_ request: Request) -> String {
    switch request {
    case .msi, .msiBatch: "control, or as the device that sends it"
    case .mmioRead, .mmioWrite, .writeBatch, .systemRegisterRead, .systemRegisterWrite, .inputLine:
      "control, or as the PE that does it"
    case .memoryMap, .memoryUnmap, .memoryDirty: "control or memory"
    case .snapshot(.save), .snapshot(.read): "control or monitor"
    case .portOpen: "control, or as the PE or device whose port it is"
    default: "control"
    }
  }
}

extension Role: CustomStringConvertible {
  public var description: String {
    switch self {
    case .control: "control"
    case .pe(let number): "pe \(number)"
    case .device(let first, let count):
      count == 0 ? "device \(first)..." : "device \(first)+\(count)"
    case .memory: "memory"
    case .monitor: "monitor"
    }
  }
}
