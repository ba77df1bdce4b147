// DIST_REGS, REDIST_REGS and LEVEL_INFO: registers as a monitor saves and restores them. Most are
// what a guest sees; what a guest's access would lose, or would do besides, is different here.

import GICArch

extension Engine {
  /// The register that an attribute names; an offset may be anything.
  func registerPlace(_ attribute: DeviceAttribute) throws(DeviceError) -> FrameAddress {
    attribute.group == DeviceGroup.distributorRegisters.rawValue
      ? .distributor(offset: attribute.offset)
      : .redistributor(try pe(of: attribute), offset: attribute.offset)
  }

  /// Registers that KVM shows as RAZ/WI, and that the rules may not have at all.
  private func isZero(_ place: FrameAddress) -> Bool {
    switch place {
    case .distributor(GICD.TYPER2.offset), .distributor(GICD.STATUSR.offset): true
    case .redistributor(_, GICR.STATUSR.offset), .redistributor(_, GICR.SYNCR.offset): true
    case .redistributor(_, GICR.INVLPIR.offset..<GICR.INVLPIR.offset + 8): true
    case .redistributor(_, GICR.INVALLR.offset..<GICR.INVALLR.offset + 8): true
    default: false
    }
  }

  /// 32 bits, aligned, inside the frames.
  private func isInside(_ place: FrameAddress) -> Bool {
    guard place.offset & 3 == 0 else { return false }
    if case .distributor = place { return place.offset < GICD.frameByteCount }
    return place.offset < 2 * GICR.frameByteCount
  }

  func hasRegisterAttribute(_ place: FrameAddress) -> Bool {
    guard isInside(place), let width = place.width else { return false }
    let whole = place.at(place.offset & ~(width.byteCount - 1))
    return isZero(place) || peek(whole) != nil
  }

  /// What a register reads as, without effect.
  private func peek(_ place: FrameAddress) -> UInt64? {
    switch place {
    case .its: nil
    case .distributor(let offset): readDistributor(offset)
    case .redistributor(let pe, let offset):
      offset < GICR.SGI.frame
        ? readRedistributor(pe, offset) : readSGIFrame(pe, offset - GICR.SGI.frame)
    }
  }

  private func noRegister(_ place: FrameAddress) -> DeviceError {
    DeviceError(
      .enxio, "no register of 32 bits at \(DeviceError.hex(UInt64(place.offset))) of this frame")
  }

  func readRegisterAttribute(_ place: FrameAddress) throws(DeviceError) -> UInt64 {
    guard hasRegisterAttribute(place), let width = place.width else { throw noRegister(place) }
    if isZero(place) { return 0 }
    if let (latch, word, pe) = pendingWord(place) {
      return latch ? UInt64(pendingLatch(word, pe)) : 0
    }
    let shift = UInt64((place.offset & (width.byteCount - 1)) * 8)
    let whole = peek(place.at(place.offset & ~(width.byteCount - 1))) ?? 0
    return whole >> shift & .ones(31, 0)
  }

  mutating func writeRegisterAttribute(
    _ place: FrameAddress, _ value: UInt64
  ) throws(DeviceError) {
    guard hasRegisterAttribute(place), let width = place.width else { throw noRegister(place) }
    let value = value & .ones(31, 0)
    if try takesIdentification(place, value) || isZero(place) { return }
    if let (latch, word, pe) = pendingWord(place) {
      if latch { setPendingLatch(word, pe, UInt32(value)) }
      return
    }
    guard width.byteCount == 8 else {
      _ = writeRegister(place, value)
      return
    }
    // A half replaces its bits only; PTZ is held though it reads as zero.
    let whole = place.at(place.offset & ~7)
    var old = peek(whole) ?? 0
    if case .redistributor(let pe, GICR.PENDBASER.offset) = whole {
      old = pes[pe.index].pendbaser
    }
    let shift = UInt64(place.offset & 4) * 8
    _ = writeRegister(whole, old & ~(.ones(31, 0) << shift) | value << shift)
  }

  /// GICD_IIDR names the implementation whose state follows; GICD_TYPER2 must be the machine's.
  /// - Returns: whether it was one of them.
  private mutating func takesIdentification(
    _ place: FrameAddress, _ value: UInt64
  ) throws(DeviceError) -> Bool {
    guard case .distributor(let offset) = place else { return false }
    if offset == GICD.TYPER2.offset {
      guard value == 0 else { throw DeviceError(.einval, "GICD_TYPER2 is 0 here") }
      return true
    }
    guard offset == GICD.IIDR.offset else { return false }
    let own = GICD.IIDR(raw: UInt64(devices[0].implementation))
    let named = GICD.IIDR(raw: value)
    var other = named
    other.revision = own.revision
    guard other == own else {
      throw DeviceError(.einval, "GICD_IIDR is \(DeviceError.hex(own.raw)) here, whatever revision")
    }
    guard named.revision == own.revision || isKnownRevision(named.revision) else {
      throw DeviceError(.einval, "revision \(named.revision) of the implementation is not known")
    }
    devices[0].implementation = UInt32(value)
    return true
  }

  /// Where the revision decides what redistributors show, there are two.
  private func isKnownRevision(_ revision: UInt8) -> Bool {
    configuration.profile.redistributorControl == .revision && (2...3).contains(revision)
  }

  // MARK: Pending

  /// ISPENDR is the latch alone, and is written whole; ICPENDR is RAZ/WI.
  /// - Returns: nil for any other register; of a redistributor the PE, else the word of 32 INTIDs.
  private func pendingWord(_ place: FrameAddress) -> (latch: Bool, word: Int, pe: PEIndex?)? {
    switch place {
    case .distributor(let offset):
      if let word = GICD.ISPENDR.index(at: offset) { return (true, word, nil) }
      if let word = GICD.ICPENDR.index(at: offset) { return (false, word, nil) }
    case .redistributor(let pe, let offset):
      switch offset - GICR.SGI.frame {
      case GICR.SGI.ISPENDR0.offset: return (true, 0, pe)
      case GICR.SGI.ICPENDR0.offset: return (false, 0, pe)
      default: break
      }
    case .its: break
    }
    return nil
  }

  private func pendingLatch(_ word: Int, _ pe: PEIndex?) -> UInt32 {
    if let pe { return pes[pe.index].latched }
    return word >= 1 && word < distributor.wordCount ? distributor.latched[word] : 0
  }

  private mutating func setPendingLatch(_ word: Int, _ pe: PEIndex?, _ bits: UInt32) {
    if let pe {
      pes[pe.index].latched = bits
      updateLines(pe)
    } else if word >= 1, word < distributor.wordCount {
      distributor.latched[word] = bits & distributor.implemented(word)
      distributorChanged()
    }
  }

  // MARK: Levels

  /// Which 32 INTIDs a LEVEL_INFO attribute speaks of.
  func lineWord(_ attribute: DeviceAttribute) throws(DeviceError) -> Int {
    guard attribute.levelInfo == 0 else {
      throw DeviceError(.einval, "info \(attribute.levelInfo) is not the level of the line, 0")
    }
    let intid = Int(attribute.firstINTID.rawValue)
    guard intid % 32 == 0 else { throw DeviceError(.einval, "\(intid) is not a multiple of 32") }
    return intid / 32
  }

  /// The inputs of level-sensitive interrupts; SGIs have none.
  func inputLevels(_ word: Int, _ pe: PEIndex) -> UInt32 {
    if word == 0 { return pes[pe.index].level & ~pes[pe.index].edge & ~0xffff }
    guard word < distributor.wordCount else { return 0 }
    return distributor.level[word] & ~distributor.edge[word]
  }

  /// The inputs are so, whatever they are sensitive to: no edge comes of it.
  mutating func setInputLevels(_ word: Int, _ pe: PEIndex, _ bits: UInt32) {
    if word == 0 {
      pes[pe.index].level = bits & ~0xffff
      updateLines(pe)
    } else if word < distributor.wordCount {
      distributor.level[word] = bits & distributor.implemented(word)
      distributorChanged()
    }
  }
}
