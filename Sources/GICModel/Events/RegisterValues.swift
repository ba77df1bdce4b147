import GICArch

/// A register and what it holds.
public struct RegisterValue: Equatable, Sendable {
  /// As the manual prints it; an element of an array with its number.
  public var name: String
  public var frame: RegisterFrame
  /// Which ITS; nil for what belongs to the distributor or the PE that was asked for.
  public var its: Int?
  /// Guest physical; of a system register its key (``SystemRegister/rawValue``).
  public var address: UInt64
  /// 4 or 8.
  public var byteCount: Int
  public var access: RegisterAccess
  /// Nil for what cannot be read, or not without an effect (ICC_IAR0_EL1, ICC_IAR1_EL1).
  public var value: UInt64?
}

extension Engine {
  /// Every register that the distributor, the PE and the ITSs have, in the catalogue's order.
  /// Nothing is acknowledged and nothing changes.
  mutating func registers(of pe: PEIndex) -> [RegisterValue] {
    var values: [RegisterValue] = []
    for entry in RegisterCatalogue.all {
      switch entry.frame {
      case .itsControl, .itsTranslation:
        for n in 0..<its.count { appendRegisters(entry, pe, n, to: &values) }
      case .distributor, .redistributor, .redistributorSGI, .cpuInterface:
        appendRegisters(entry, pe, nil, to: &values)
      }
    }
    return values
  }

  private mutating func appendRegisters(
    _ entry: RegisterEntry, _ pe: PEIndex, _ n: ITSIndex?, to values: inout [RegisterValue]
  ) {
    let shape = configuration.shape
    for index in 0..<entry.count {
      let offset = entry.offset + index * entry.byteCount
      let name = entry.name.hasSuffix("<n>") ? "\(entry.name.dropLast(3))\(index)" : entry.name
      let place: FrameAddress
      let base: PhysicalAddress
      switch entry.frame {
      case .distributor: (place, base) = (.distributor(offset: offset), shape.gicdBase)
      case .redistributor:
        (place, base) = (.redistributor(pe, offset: offset), redistributorBase(pe))
      case .redistributorSGI:
        let offset = offset + GICR.SGI.frame
        (place, base) = (
          .redistributor(pe, offset: offset), redistributorBase(pe) + UInt64(GICR.SGI.frame)
        )
      case .itsControl: (place, base) = (.its(n ?? 0, offset: offset), places[n ?? 0].base)
      case .itsTranslation:
        let offset = offset + GITS.translationFrame
        (place, base) = (
          .its(n ?? 0, offset: offset), places[n ?? 0].base + UInt64(GITS.translationFrame)
        )
      case .cpuInterface:
        appendSystemRegister(entry, pe, to: &values)
        return
      }
      var value: UInt64?
      if entry.access != .writeOnly {
        guard let found = readRegister(place) else { continue }
        value = found
      }
      values.append(
        RegisterValue(
          name: name, frame: entry.frame, its: n, address: base &+ UInt64(offset),
          byteCount: entry.byteCount, access: entry.access, value: value))
    }
  }

  private mutating func appendSystemRegister(
    _ entry: RegisterEntry, _ pe: PEIndex, to values: inout [RegisterValue]
  ) {
    let register = SystemRegister(rawValue: UInt32(truncatingIfNeeded: entry.offset))
    var value: UInt64?
    switch register {
    // A read acknowledges.
    case .iar0, .iar1: break
    default:
      if entry.access != .writeOnly {
        // A PE with few priorities has fewer active priority registers.
        guard let found = readSystemRegister(register, pe) else { return }
        value = found
      }
    }
    values.append(
      RegisterValue(
        name: entry.name, frame: entry.frame, its: nil, address: UInt64(entry.offset),
        byteCount: entry.byteCount, access: entry.access, value: value))
  }

  private func redistributorBase(_ pe: PEIndex) -> PhysicalAddress {
    configuration.shape.gicrBase &+ UInt64(pe.rawValue) &* configuration.shape.gicrStride
  }
}
