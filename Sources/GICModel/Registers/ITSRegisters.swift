// GITS_*: state and side effects of the control frame.

import GICArch

extension Engine {
  func readITS(_ n: ITSIndex, _ offset: Int) -> UInt64? {
    switch offset {
    case GITS.CTLR.offset: return readITSControl(n)
    case GITS.IIDR.offset: return UInt64(configuration.identity.iidr)
    case GITS.TYPER.offset: return configuration.itsTYPER.raw
    case GITS.CBASER.offset: return its[n].cbaser.raw
    case GITS.CWRITER.offset: return UInt64(its[n].cwriter)
    case GITS.CREADR.offset: return UInt64(its[n].creadr) | (its[n].stalled ? 1 : 0)
    default:
      if let index = GITS.BASER.index(at: offset) { return its[n].baser[index] }
      return identification(part: 0x492, offset)
    }
  }

  private func readITSControl(_ n: ITSIndex) -> UInt64 {
    var control = GITS.CTLR(raw: 0)
    control.enabled = its[n].enabled
    // Quiescent: nothing granted is unfinished, and nothing that may run waits.
    control.quiescent =
      its[n].creadr == its[n].granted
      && (!its[n].enabled || its[n].cwriter == its[n].creadr || !its[n].cbaser.valid)
    return control.raw
  }

  mutating func writeITS(_ n: ITSIndex, _ offset: Int, _ value: UInt64) -> Bool {
    switch offset {
    case GITS.CTLR.offset:
      its[n].enabled = GITS.CTLR(raw: value).enabled
      workArrived(n)
    case GITS.CBASER.offset: writeCBASER(n, value)
    case GITS.CWRITER.offset: writeCWRITER(n, value)
    case GITS.IIDR.offset, GITS.TYPER.offset, GITS.CREADR.offset: break
    default:
      guard let index = GITS.BASER.index(at: offset) else {
        return identification(part: 0x492, offset) != nil
      }
      writeBASER(n, index, value)
    }
    return true
  }

  /// A new queue begins at its first slot. Ignored while the ITS is enabled or commands are under way.
  private mutating func writeCBASER(_ n: ITSIndex, _ value: UInt64) {
    guard !its[n].enabled, its[n].creadr == its[n].granted else { return }
    its[n].cbaser = GITS.CBASER(raw: value & GITS.CBASER.writable)
    its[n].creadr = 0
    its[n].granted = 0
    its[n].cwriter = 0
    its[n].stalled = false
  }

  /// An offset beyond the queue is UNPREDICTABLE: the write is dropped.
  private mutating func writeCWRITER(_ n: ITSIndex, _ value: UInt64) {
    let offset = Int(value & GITS.CWRITER.writable)
    guard offset < its[n].cbaser.byteCount else { return }
    if GITS.CWRITER(raw: value).retry { retry(n) }
    its[n].cwriter = offset
    workArrived(n)
  }

  /// Without time whatever may run runs now; with time the sequencer looks for itself.
  private mutating func workArrived(_ n: ITSIndex) {
    if Observer.offersAtOnce { drain(n) }
  }

  /// Type and Entry_Size stay. Ignored while the ITS is enabled. What was remembered of the table goes.
  private mutating func writeBASER(_ n: ITSIndex, _ index: Int, _ value: UInt64) {
    let old = GITS.BASER(raw: its[n].baser[index])
    guard !its[n].enabled, old.type != .none else { return }
    var mask = GITS.BASER.writable
    // Collection tables are flat.
    if index == ITSState.collectionTable { mask &= ~UInt64.ones(62, 62) }
    its[n].baser[index] = old.raw & ~GITS.BASER.writable | value & mask
    if index == ITSState.deviceTable { its[n].translations.forgetAll() }
    if index == ITSState.collectionTable {
      its[n].collections.forgetAll(from: configuration.identity.hardwareCollections)
    }
  }

  /// The identification block that ends the first frame of each unit.
  func identification(part: UInt16, _ offset: Int) -> UInt64? {
    let version: ArchitectureVersion = configuration.identity.gicVersion >= 4 ? .gicv4 : .gicv3
    return IdentificationBlock(version: version, part: part).word(at: offset)
      .map(UInt64.init)
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
