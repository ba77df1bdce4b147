// GICD_*: with affinity routing always on and one Security state (GICD_CTLR.ARE and DS are one).
// The registers of INTIDs 0 through 31 are RAZ/WI here: those interrupts are banked in the
// redistributors.

import GICArch

extension Engine {
  func readDistributor(_ offset: Int) -> UInt64? {
    switch offset {
    case GICD.CTLR.offset:
      var control = GICD.CTLR(raw: GICD.CTLR.reset)
      control.enableGrp0 =
        distributor.enableGroup0 && configuration.profile.groupEnables == .each
      control.enableGrp1 = distributor.enableGroup1
      return control.raw
    case GICD.TYPER.offset: return configuration.distributorTYPER.raw
    case GICD.IIDR.offset: return UInt64(configuration.identity.distributorIIDR)
    default:
      if let (bank, word) = bank(at: offset) { return readBank(bank, word) }
      if let index = GICD.IROUTER.index(at: offset) {
        return index >= 32 && index < distributor.intidEnd ? distributor.router[index] : 0
      }
      return readOptionalDistributor(offset) ?? identification(.distributor, offset)
    }
  }

  mutating func writeDistributor(_ offset: Int, _ value: UInt64) -> Bool {
    switch offset {
    case GICD.CTLR.offset:
      let control = GICD.CTLR(raw: value)
      distributor.enableGroup0 =
        configuration.profile.groupEnables == .one ? control.enableGrp1 : control.enableGrp0
      distributor.enableGroup1 = control.enableGrp1
    default:
      if let (bank, word) = bank(at: offset) {
        writeBank(bank, word, value)
      } else if let index = GICD.IROUTER.index(at: offset) {
        guard index >= 32, index < distributor.intidEnd else { return true }
        var route = value & GICD.IROUTER.writable
        // Without 1 of N every SPI names its PE.
        if !configuration.identity.oneOfNSupported
          || profile.anyPERouting == .ignored
        {
          route &= ~UInt64.ones(31, 31)
        }
        if !configuration.identity.affinity3Valid { route &= ~UInt64.ones(39, 32) }
        distributor.router[index] = route
      } else {
        return writeOptionalDistributor(offset, value) || readDistributor(offset) != nil
      }
    }
    distributorChanged()
    return true
  }

  /// A family of registers with one bit, two bits or one byte an INTID.
  private enum Bank {
    case group, setEnable, clearEnable, setPending, clearPending, setActive, clearActive
    case priority, configuration, zero
  }

  private func bank(at offset: Int) -> (Bank, Int)? {
    if let word = GICD.IGROUPR.index(at: offset) { return (.group, word) }
    if let word = GICD.ISENABLER.index(at: offset) { return (.setEnable, word) }
    if let word = GICD.ICENABLER.index(at: offset) { return (.clearEnable, word) }
    if let word = GICD.ISPENDR.index(at: offset) { return (.setPending, word) }
    if let word = GICD.ICPENDR.index(at: offset) { return (.clearPending, word) }
    if let word = GICD.ISACTIVER.index(at: offset) { return (.setActive, word) }
    if let word = GICD.ICACTIVER.index(at: offset) { return (.clearActive, word) }
    if let word = GICD.IPRIORITYR.index(at: offset) { return (.priority, word) }
    if let word = GICD.ICFGR.index(at: offset) { return (.configuration, word) }
    if let word = GICD.ITARGETSR.index(at: offset) { return (.zero, word) }
    if let word = GICD.IGRPMODR.index(at: offset) { return (.zero, word) }
    if let word = GICD.NSACR.index(at: offset) { return (.zero, word) }
    return nil
  }

  private func readBank(_ bank: Bank, _ word: Int) -> UInt64 {
    let count = distributor.wordCount
    switch bank {
    case .priority:
      guard word >= 8, word < count * 8 else { return 0 }
      var value: UInt64 = 0
      for byte in 0..<4 {
        value |= UInt64(distributor.priority[word * 4 + byte]) << UInt64(byte * 8)
      }
      return value
    case .configuration:
      guard word >= 2, word < count * 2 else { return 0 }
      return configurationBits(distributor.edge[word / 2] >> UInt32(word % 2 * 16) & 0xffff)
    case .zero: return 0
    case .group, .setEnable, .clearEnable, .setPending, .clearPending, .setActive, .clearActive:
      guard word >= 1, word < count else { return 0 }
      switch bank {
      case .group: return UInt64(distributor.group[word])
      case .setEnable, .clearEnable: return UInt64(distributor.enabled[word])
      case .setPending, .clearPending: return UInt64(distributor.pending(word))
      default: return UInt64(distributor.active[word])
      }
    }
  }

  private mutating func writeBank(_ bank: Bank, _ word: Int, _ value: UInt64) {
    let count = distributor.wordCount
    let bits = UInt32(truncatingIfNeeded: value) & distributor.implemented(word)
    switch bank {
    case .priority:
      guard word >= 8, word < count * 8 else { return }
      for byte in 0..<4 {
        distributor.priority[word * 4 + byte] =
          UInt8(truncatingIfNeeded: value >> UInt64(byte * 8)) & implementedPriority
      }
    case .configuration:
      guard word >= 2, word < count * 2 else { return }
      let shift = UInt32(word % 2 * 16)
      distributor.edge[word / 2] =
        (distributor.edge[word / 2] & ~(0xffff << shift) | edgeBits(value) << shift)
        & distributor.implemented(word / 2)
    case .zero: return
    case .group, .setEnable, .clearEnable, .setPending, .clearPending, .setActive, .clearActive:
      guard word >= 1, word < count else { return }
      switch bank {
      case .group: distributor.group[word] = bits
      case .setEnable: distributor.enabled[word] |= bits
      case .clearEnable: distributor.enabled[word] &= ~bits
      case .setPending: distributor.latched[word] |= bits
      case .clearPending: distributor.latched[word] &= ~bits
      case .setActive: distributor.active[word] |= bits
      default: distributor.active[word] &= ~bits
      }
    }
  }
}

extension MachineConfiguration {
  /// Whether there are LPIs at all.
  var hasLPIs: Bool { profile.lpisWithoutITS == .work || !shape.itsBases.isEmpty }

  /// GICD_TYPER.
  var distributorTYPER: GICD.TYPER {
    var typer = GICD.TYPER(raw: 0)
    typer.itLinesNumber = identity.itLinesNumber
    typer.lpis = hasLPIs
    typer.dvis = identity.gicVersion >= 4
    // Without LPIs only those below 1024 need bits.
    typer.idBits = hasLPIs ? identity.intidBits : 10
    typer.a3v = identity.affinity3Valid
    typer.no1N = !identity.oneOfNSupported
    return typer
  }
}
