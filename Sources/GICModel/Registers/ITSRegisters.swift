// GITS_*: state and side effects of the control frame.

import GICArch

extension Engine {
  func readITS(_ n: ITSIndex, _ offset: Int) -> UInt64? {
    switch offset {
    case GITS.CTLR.offset: return readITSControl(n)
    case GITS.IIDR.offset: return UInt64(configuration.identity.iidr)
    case GITS.TYPER.offset: return facts.itsTYPER
    case GITS.CBASER.offset: return its[n].cbaser.raw
    case GITS.CWRITER.offset: return UInt64(its[n].cwriter)
    case GITS.CREADR.offset:
      return UInt64(its[n].creadr) | (its[n].stalled || its[n].showsStall ? 1 : 0)
    default:
      if let index = GITS.BASER.index(at: offset) { return its[n].baser[index] }
      return readOptional(its: n, offset) ?? identification(.its, offset)
    }
  }

  private func readITSControl(_ n: ITSIndex) -> UInt64 {
    var control = GITS.CTLR(raw: 0)
    control.enabled = its[n].enabled
    control.imDe = its[n].imDe
    control.umsiIRQ = its[n].umsiIRQ
    switch profile.quiescent {
    case .always: control.quiescent = true
    case .queueEmpty: control.quiescent = its[n].creadr == its[n].cwriter
    case .nothingRuns:
      control.quiescent =
        its[n].creadr == its[n].granted
        && (!its[n].enabled || its[n].cwriter == its[n].creadr || !its[n].cbaser.valid)
    }
    return control.raw
  }

  mutating func writeITS(_ n: ITSIndex, _ offset: Int, _ value: UInt64) -> Bool {
    switch offset {
    case GITS.CTLR.offset:
      writeITSControl(n, GITS.CTLR(raw: value))
    case GITS.CBASER.offset: writeCBASER(n, value)
    case GITS.CWRITER.offset: writeCWRITER(n, value)
    case GITS.CREADR.offset: writeCREADR(n, value)
    case GITS.IIDR.offset, GITS.TYPER.offset: break
    default:
      guard let index = GITS.BASER.index(at: offset) else {
        return writeOptional(its: n, offset, value) || identification(.its, offset) != nil
      }
      writeBASER(n, index, value)
    }
    return true
  }

  private mutating func writeITSControl(_ n: ITSIndex, _ control: GITS.CTLR) {
    its[n].imDe = control.imDe && profile.imDe == .stored
    its[n].umsiIRQ = control.umsiIRQ && profile.unmappedMSIs == .interrupt
    unmappedMSILineChanged()
    if control.enabled, !its[n].enabled, profile.enableWithoutTables == .ignored {
      guard its[n].cbaser.valid, its[n].deviceBASER.valid, its[n].collectionBASER.valid
      else { return }
    }
    // Nothing is lost by this: RAM has it all.
    if !control.enabled, its[n].enabled, profile.disable == .dropsCaches, tablesAreInRAM {
      its[n].translations.forgetAll()
      its[n].collections.forgetAll(from: configuration.identity.hardwareCollections)
    }
    its[n].enabled = control.enabled
    if control.enabled, profile.stallEnds == .anyWrite { retry(n) }
    workArrived(n)
  }

  /// A new queue begins at its first slot. Ignored while the ITS is enabled or commands are under
  /// way.
  private mutating func writeCBASER(_ n: ITSIndex, _ value: UInt64) {
    guard !its[n].enabled, its[n].creadr == its[n].granted else { return }
    let written = GITS.CBASER(raw: value & GITS.CBASER.writable)
    its[n].cbaser =
      profile.cbaserWrites == .sanitised
      ? TableAttributes.sanitised(written) : written
    its[n].creadr = 0
    its[n].granted = 0
    if profile.cbaserWriteResets == .creadrAndCWRITER { its[n].cwriter = 0 }
    (its[n].stalled, its[n].showsStall) = (false, false)
  }

  /// An offset beyond the queue is UNPREDICTABLE: the write is dropped, or stops the queue.
  private mutating func writeCWRITER(_ n: ITSIndex, _ value: UInt64) {
    let offset = Int(value & GITS.CWRITER.writable)
    guard
      offset < its[n].cbaser.byteCount || profile.cwriterBeyondQueue == .stops
    else { return }
    if GITS.CWRITER(raw: value).retry { retry(n) }
    if profile.stallEnds == .anyWrite { retry(n) }
    its[n].cwriter = offset
    workArrived(n)
  }

  /// Where a queue that nothing runs in goes on, if the profile lets software say it.
  private mutating func writeCREADR(_ n: ITSIndex, _ value: UInt64) {
    let offset = GITS.CREADR(raw: value).queueOffset
    guard profile.creadrWrites == .taken, offset < its[n].cbaser.byteCount,
      its[n].creadr == its[n].granted
    else { return }
    its[n].creadr = offset
    its[n].granted = offset
    workArrived(n)
  }

  /// Without time whatever may run runs before the access is answered; with time the sequencer
  /// looks for itself.
  private mutating func workArrived(_ n: ITSIndex) {
    if Observer.offersAtOnce { woken = n }
  }

  /// Type and Entry_Size stay. Ignored while the ITS is enabled. What was remembered of the table
  /// goes.
  private mutating func writeBASER(_ n: ITSIndex, _ index: Int, _ value: UInt64) {
    let old = GITS.BASER(raw: its[n].baser[index])
    guard !its[n].enabled, old.type != .none else { return }
    var mask = GITS.BASER.writable
    if index == ITSState.collectionTable, profile.collectionIndirect == .flat {
      mask &= ~UInt64.ones(62, 62)
    }
    let new = GITS.BASER(raw: old.raw & ~GITS.BASER.writable | value & mask)
    its[n].baser[index] =
      profile.baserWrites == .sanitised ? TableAttributes.sanitised(new).raw : new.raw
    // With tables in the ITS an invalid register frees the table, and a valid one changes nothing.
    guard tablesAreInRAM || !new.valid else { return }
    if index == ITSState.deviceTable { forgetDevices(n) }
    if index == ITSState.collectionTable { forgetCollections(n) }
  }

  private mutating func forgetDevices(_ n: ITSIndex) {
    if lpisAreShared {
      for intid in its[n].translations.intids() { release(intid) }
    }
    its[n].translations.forgetAll()
  }

  private mutating func forgetCollections(_ n: ITSIndex) {
    if profile.mapcUnmap == .orphans {
      its[n].translations.orphanAll(from: configuration.identity.hardwareCollections)
    }
    its[n].collections.forgetAll(from: configuration.identity.hardwareCollections)
    its[n].collectionList.removeAll()
  }
}

extension MachineConfiguration {
  /// GITS_TYPER.
  var itsTYPER: GITS.TYPER {
    var typer = GITS.TYPER(raw: 0)
    typer.physical = true
    typer.ittEntryByteCount = identity.ittEntryByteCount
    typer.eventIDBits = identity.eventIDBits
    typer.deviceIDBits = identity.deviceIDBits
    typer.seis = identity.serrorSupport
    typer.pta = identity.ptaIsAddress
    typer.hcc = identity.hardwareCollections
    typer.mpam = profile.mpam == .registers
    typer.umsi = profile.unmappedMSIs != .unreported
    typer.umsiIRQ = profile.unmappedMSIs == .interrupt
    if identity.showsCollectionIDBits {
      typer.collectionIDBits = identity.collectionIDBits
      typer.cil = true
    }
    if identity.gicVersion >= 4 {
      typer.virtual = true
      typer.vmovp = true
    }
    return typer
  }
}
