// Registers that the architecture leaves optional: error reporting, unmapped MSIs, MPAM. Each is
// there if its profile says so; elsewhere it is a reserved location.

import GICArch

extension Engine {
  func readOptional(its n: ITSIndex, _ offset: Int) -> UInt64? {
    let profile = configuration.profile
    switch offset {
    case GITS.STATUSR.offset
    where profile.statusRegisters == .recorded || profile.unmappedMSIs != .unreported:
      return its[n].statusr.raw
    case GITS.UMSIR.offset where profile.unmappedMSIs != .unreported: return its[n].umsir.raw
    case GITS.MPAMIDR.offset where profile.mpam == .registers: return configuration.mpamidr
    case GITS.PARTIDR.offset where profile.mpam == .registers: return its[n].partidr
    default: return nil
    }
  }

  /// - Returns: false where a write changes nothing.
  mutating func writeOptional(its n: ITSIndex, _ offset: Int, _ value: UInt64) -> Bool {
    guard readOptional(its: n, offset) != nil else { return false }
    switch offset {
    case GITS.STATUSR.offset:
      its[n].statusr.raw &= ~(value & GITS.STATUSR.writable)
      if !its[n].statusr.umsi {
        // UNKNOWN from here on: nothing is held any more.
        its[n].statusr.syndrome = 0
        its[n].umsir.raw = 0
        unmappedMSILineChanged()
      }
    case GITS.PARTIDR.offset: its[n].partidr = value & configuration.partidrMask
    default: break
    }
    return true
  }

  func readOptional(_ pe: PEIndex, _ offset: Int) -> UInt64? {
    let profile = configuration.profile
    switch offset {
    case GICR.STATUSR.offset where profile.statusRegisters == .recorded:
      return pes[pe.index].statusr.raw
    case GICR.MPAMIDR.offset where profile.mpam == .registers: return configuration.mpamidr
    case GICR.PARTIDR.offset where profile.mpam == .registers: return pes[pe.index].partidr
    default: return nil
    }
  }

  mutating func writeOptional(_ pe: PEIndex, _ offset: Int, _ value: UInt64) -> Bool {
    guard readOptional(pe, offset) != nil else { return false }
    switch offset {
    case GICR.STATUSR.offset: pes[pe.index].statusr.raw &= ~(value & GICR.STATUSR.writable)
    case GICR.PARTIDR.offset: pes[pe.index].partidr = value & configuration.partidrMask
    default: break
    }
    return true
  }

  func readOptionalDistributor(_ offset: Int) -> UInt64? {
    guard offset == GICD.STATUSR.offset else { return nil }
    switch configuration.profile.statusRegisters {
    case .absent: return nil
    case .recorded: return distributor.statusr.raw
    case .distributorReadsOnes: return .ones(31, 0)
    }
  }

  mutating func writeOptionalDistributor(_ offset: Int, _ value: UInt64) -> Bool {
    guard readOptionalDistributor(offset) != nil else { return false }
    distributor.statusr.raw &= ~(value & GICD.STATUSR.writable)
    return true
  }
}

extension MachineConfiguration {
  /// GITS_MPAMIDR and GICR_MPAMIDR.
  fileprivate var mpamidr: UInt64 {
    var register = GITS.MPAMIDR(raw: 0)
    register.maximumPARTID = UInt16(truncatingIfNeeded: identity.maximumPARTID)
    register.maximumPMG = UInt8(truncatingIfNeeded: identity.maximumPMG)
    return register.raw
  }

  /// The bits of PARTIDR that values up to the greatest need; the others are RES0.
  fileprivate var partidrMask: UInt64 {
    func bits(_ greatest: Int) -> UInt64 {
      greatest == 0 ? 0 : .ones(Int.bitWidth - 1 - greatest.leadingZeroBitCount, 0)
    }
    return bits(identity.maximumPARTID) & .ones(15, 0)
      | (bits(identity.maximumPMG) & .ones(7, 0)) << 16
  }
}

// MARK: What they tell of

extension Engine {
  /// An access to `frame` of a machine whose status registers record: RRD, WRD, RWOD and WROD.
  @inline(never)
  mutating func recordViolation(
    _ frame: FrameAddress, size: Int, isWrite: Bool, answered: Bool
  ) {
    var found = GITS.STATUSR(raw: 0)
    if isWrite {
      found.writeOfReserved = !answered
      found.writeOfReadOnly = answered && isReadOnly(frame)
    } else {
      found.readOfWriteOnly = isWriteOnly(frame, size: size)
      found.readOfReserved = !answered && !found.readOfWriteOnly
    }
    // The three registers have these four bits in common.
    switch frame {
    case .its(let n, _): its[n].statusr.raw |= found.raw
    case .redistributor(let pe, _): pes[pe.index].statusr.raw |= found.raw
    case .distributor: distributor.statusr.raw |= found.raw
    }
  }

  /// - Parameter frame: where some register answers.
  private func isReadOnly(_ frame: FrameAddress) -> Bool {
    let entry: RegisterEntry?
    switch frame {
    case .distributor(let offset):
      entry = RegisterCatalogue.entry(at: offset, in: .distributor)
    case .redistributor(_, let offset):
      entry =
        offset < GICR.SGI.frame
        ? RegisterCatalogue.entry(at: offset, in: .redistributor)
        : RegisterCatalogue.entry(at: offset - GICR.SGI.frame, in: .redistributorSGI)
    case .its(_, let offset):
      guard offset < GITS.translationFrame else { return false }
      let isCREADR = offset & ~7 == GITS.CREADR.offset
      if isCREADR, configuration.profile.creadrWrites == .taken { return false }
      entry = RegisterCatalogue.entry(at: offset, in: .itsControl)
    }
    return entry?.access == .readOnly
  }

  /// A register that takes accesses of this size, and no reads.
  private func isWriteOnly(_ frame: FrameAddress, size: Int) -> Bool {
    switch frame {
    case .distributor: return false
    case .redistributor(_, let offset):
      let register = offset & ~7
      return (size == 8 || size == 4) && offset & (size - 1) == 0
        && register != GICR.SYNCR.offset && hasRegister(register)
    case .its(_, let offset):
      return (size == 4 || size == 2)
        && offset == GITS.TRANSLATER.offsetFromControlFrame
    }
  }

  /// An MSI of an enabled ITS was dropped. The first that no table maps is held until software
  /// clears UMSI.
  @inline(never)
  mutating func reportUnmapped(
    _ kind: MSIOutcome.Kind, its n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) {
    guard let syndrome = kind.unmappedSyndrome else { return }
    guard !its[n].statusr.umsi else {
      its[n].statusr.overflow = true
      return
    }
    its[n].statusr.umsi = true
    its[n].statusr.syndrome = syndrome
    its[n].umsir.deviceID = device.rawValue
    its[n].umsir.eventID = event
    unmappedMSILineChanged()
  }

  /// UMSI or UMSIirq of some ITS changed.
  mutating func unmappedMSILineChanged() {
    guard configuration.profile.unmappedMSIs == .interrupt else { return }
    let intid = INTID(rawValue: UInt32(configuration.identity.unmappedMSIINTID))
    guard distributor.holds(intid) else { return }
    var level = false
    for n in 0..<its.count where its[n].umsiIRQ && its[n].statusr.umsi { level = true }
    let (word, bit) = (Int(intid.rawValue >> 5), Int(intid.rawValue & 31))
    if distributor.level[word][bit: bit] != level { setSPI(intid, level: level) }
  }
}

extension MSIOutcome.Kind {
  /// GITS_STATUSR.Syndrome; nil for an MSI that was mapped, or reached no enabled ITS.
  /// - Source: Arm IHI 0069, "GITS_STATUSR".
  fileprivate var unmappedSyndrome: Int? {
    switch self {
    case .memoryFault: 0b0000
    case .deviceOOR: 0b0010
    case .deviceUnmapped: 0b0011
    case .eventOOR: 0b0100
    case .eventUnmapped: 0b0101
    case .collectionUnmapped: 0b0111
    case .set, .merged, .accepted, .itsDisabled, .intidOOR, .lpisDisabled, .noITS: nil
    }
  }
}
