import GICArch
import GICModel

/// A register, or a part of one, of a machine wherever its frames lie.
struct Place: Sendable, CustomStringConvertible {
  enum Frame: Equatable, Sendable {
    case its(Int)
    case gicd
    case gicr(Int)
    case sgi(Int)
  }
  var frame: Frame
  /// In bytes from the start of the frame.
  var offset: Int
  /// Of the access: 1, 2, 4 or 8.
  var byteCount: Int

  func address(in shape: MachineConfiguration.Shape) -> PhysicalAddress {
    let base: PhysicalAddress =
      switch frame {
      case .its(let n): shape.itsBases[n]
      case .gicd: shape.gicdBase
      case .gicr(let pe): shape.gicrBase + UInt64(pe) * shape.gicrStride
      case .sgi(let pe): shape.gicrBase + UInt64(pe) * shape.gicrStride + 0x1_0000
      }
    return base + UInt64(offset)
  }

  var description: String {
    let name =
      switch frame {
      case .its(let n): "GITS(\(n))"
      case .gicd: "GICD"
      case .gicr(let pe): "GICR(\(pe))"
      case .sgi(let pe): "GICR(\(pe)) SGI_base"
      }
    return "\(name) + 0x\(String(offset, radix: 16)), \(byteCount * 8) bits"
  }

  /// The lower 32 bits of a 64-bit register.
  var low: Place { Place(frame: frame, offset: offset, byteCount: 4) }
  /// The upper 32 bits of a 64-bit register.
  var high: Place { Place(frame: frame, offset: offset + 4, byteCount: 4) }

  static func its<R: Register>(_ register: R.Type, _ n: Int = 0) -> Place {
    Place(frame: .its(n), offset: R.offset, byteCount: R.byteCount)
  }
  static func its(at offset: Int, size: Int = 4, _ n: Int = 0) -> Place {
    Place(frame: .its(n), offset: offset, byteCount: size)
  }
  static func baser(_ index: Int, _ n: Int = 0) -> Place {
    Place(frame: .its(n), offset: GITS.BASER.offset(of: index), byteCount: 8)
  }
  static func gicr<R: Register>(_ register: R.Type, _ pe: Int = 0) -> Place {
    Place(frame: .gicr(pe), offset: R.offset, byteCount: R.byteCount)
  }
  static func gicr(at offset: Int, size: Int = 4, _ pe: Int = 0) -> Place {
    Place(frame: .gicr(pe), offset: offset, byteCount: size)
  }
  static func gicd(at offset: Int, size: Int = 4) -> Place {
    Place(frame: .gicd, offset: offset, byteCount: size)
  }
  static func gicd<R: Register>(_ register: R.Type) -> Place {
    Place(frame: .gicd, offset: R.offset, byteCount: R.byteCount)
  }
}
