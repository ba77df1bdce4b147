// GICR_*: the RD frame. The SGI frame is in SGIFrame.swift.

import GICArch

extension Engine {
  func readRedistributor(_ pe: PEIndex, _ offset: Int) -> UInt64? {
    switch offset {
    case GICR.CTLR.offset:
      var control = GICR.CTLR(raw: 0)
      control.enableLPIs = pes[pe.index].lpisEnabled
      switch profile.redistributorControl {
      case .directLPI:
        control.ces = true
        control.ir = configuration.identity.directLPI
      case .revision:
        let revision = GICR.IIDR(raw: UInt64(configuration.identity.distributorIIDR)).revision
        control.ces = revision >= 3
        control.ir = revision >= 3
      }
      control.dpg0 = pes[pe.index].isDeselected.group0
      control.dpg1NS = pes[pe.index].isDeselected.group1
      return control.raw
    case GICR.IIDR.offset: return UInt64(configuration.identity.redistributorIIDR)
    case GICR.TYPER.offset: return redistributorTYPER(pe).raw
    case GICR.WAKER.offset:
      return profile.waker == .absent ? 0 : pes[pe.index].waker
    case GICR.PROPBASER.offset: return pes[pe.index].propbaser
    case GICR.PENDBASER.offset:
      return configuration.profile.pendbaserPTZ == .readsBack
        ? pes[pe.index].pendbaser : pes[pe.index].pendbaser & ~(1 << 62)
    case GICR.SYNCR.offset where hasRegister(offset): return 0
    default: return readOptional(pe, offset) ?? identification(.redistributor, offset)
    }
  }

  private func redistributorTYPER(_ pe: PEIndex) -> GICR.TYPER {
    let identity = configuration.identity
    var typer = GICR.TYPER(raw: 0)
    typer.plpis = configuration.hasLPIs
    typer.dpgs = choosesAmongPEs
    typer.mpam = configuration.profile.mpam == .registers
    typer.vlpis = identity.gicVersion >= 4
    typer.directLPI = identity.directLPI
    typer.last = pe.index == pes.count - 1
    typer.processorNumber = processorNumber(of: pe)
    typer.commonLPIAff = identity.commonLPIAffinity
    typer.affinity = pes[pe.index].affinity
    return typer
  }

  mutating func writeRedistributor(_ pe: PEIndex, _ offset: Int, _ value: UInt64) -> Bool {
    switch offset {
    case GICR.CTLR.offset:
      if configuration.hasLPIs { writeRedistributorControl(pe, GICR.CTLR(raw: value)) }
    case GICR.WAKER.offset:
      // ChildrenAsleep follows ProcessorSleep: there is nothing that must come to rest first.
      pes[pe.index].waker = value[bit: 1] ? 6 : 0
      participationChanged()
    case GICR.PROPBASER.offset:
      // Where the tables lie is fixed while they are used.
      if !pes[pe.index].lpisEnabled { writePROPBASER(pe, value) }
    case GICR.PENDBASER.offset:
      if !pes[pe.index].lpisEnabled {
        let written = GICR.PENDBASER(raw: value & (GICR.PENDBASER.writable | 1 << 62))
        pes[pe.index].pendbaser =
          profile.lpiBaserWrites == .sanitised
          ? TableAttributes.sanitised(written).raw : written.raw
      }
    case GICR.SETLPIR.offset, GICR.CLRLPIR.offset, GICR.INVLPIR.offset, GICR.INVALLR.offset:
      return writeDirectLPI(pe, offset, value)
    default: return writeOptional(pe, offset, value) || readRedistributor(pe, offset) != nil
    }
    return true
  }

  private mutating func writeRedistributorControl(_ pe: PEIndex, _ control: GICR.CTLR) {
    if choosesAmongPEs {
      pes[pe.index].isDeselected = (control.dpg0, control.dpg1NS)
      participationChanged()
    }
    if control.enableLPIs { enableLPIs(pe) } else { disableLPIs(pe) }
  }

  private mutating func writePROPBASER(_ pe: PEIndex, _ value: UInt64) {
    let written = GICR.PROPBASER(raw: value & GICR.PROPBASER.writable)
    let kept =
      profile.lpiBaserWrites == .sanitised
      ? TableAttributes.sanitised(written) : written
    guard profile.propbaser == .shared else {
      pes[pe.index].propbaser = kept.raw
      return
    }
    for index in 0..<pes.count { pes[index].propbaser = kept.raw }
  }

  /// Whether a register for those who have no ITS exists.
  func hasRegister(_ offset: Int) -> Bool {
    switch offset {
    case GICR.SETLPIR.offset, GICR.CLRLPIR.offset: configuration.identity.directLPI
    case GICR.INVLPIR.offset, GICR.INVALLR.offset, GICR.SYNCR.offset:
      configuration.identity.directLPI || profile.invalidateRegisters == .always
    default: false
    }
  }

  /// GICR_SETLPIR and its like, where the configuration has them.
  private mutating func writeDirectLPI(
    _ pe: PEIndex, _ offset: Int, _ value: UInt64
  ) -> Bool {
    guard hasRegister(offset) else { return false }
    let intid = INTID(rawValue: UInt32(truncatingIfNeeded: value))
    guard pes[pe.index].lpisEnabled else { return true }
    if offset == GICR.INVALLR.offset {
      invalidateAll(pe)
      return true
    }
    guard intid.isLPI, intid.rawValue < facts.intidLimit else { return true }
    switch offset {
    case GICR.SETLPIR.offset:
      counts.msis &+= 1
      _ = setPending(intid, at: pe)
      // It needs no message: it was written at the redistributor itself.
      if !Observer.offersAtOnce { arrive(intid, at: pe) }
    case GICR.CLRLPIR.offset: clearPending(intid, at: pe)
    default:
      // A shared LPI is found wherever it is; one that nothing is mapped to has no configuration.
      if !lpisAreShared {
        invalidate(intid, at: pe)
      } else if isShared(intid) {
        invalidate(intid, at: home(of: intid, else: pe))
      }
    }
    return true
  }
}
