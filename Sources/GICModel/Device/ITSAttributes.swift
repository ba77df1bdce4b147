// The attributes of an ITS.
// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-its.rst; arch/arm64/kvm/vgic/vgic-its.c.

import GICArch

extension Engine {
  func hasITSAttribute(_ attribute: DeviceAttribute) throws(DeviceError) {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address where attribute.attr == DeviceAddress.its.rawValue: return
    case .control:
      switch DeviceControl(rawValue: attribute.attr) {
      case .initialize, .saveTables, .restoreTables, .reset: return
      case .savePendingTables, nil: break
      }
    case .itsRegisters:
      try checkAlignment(attribute.attr)
      if hasITSRegister(attribute.attr) { return }
    default: break
    }
    throw .noAttribute(attribute.group, attribute.attr)
  }

  func itsAttribute(
    _ n: ITSIndex, _ attribute: DeviceAttribute
  ) throws(DeviceError) -> UInt64 {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address:
      try checkITSAddress(attribute)
      return places[n].isPlaced ? places[n].base : .max
    case .itsRegisters:
      try checkITSRegister(n, attribute.attr)
      return readITS(n, Int(attribute.attr)) ?? 0
    default: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  mutating func setITSAttribute(
    _ n: ITSIndex, _ attribute: DeviceAttribute, _ value: UInt64?
  ) throws(DeviceError) {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address:
      try checkITSAddress(attribute)
      let base = try given(value)
      try checkRange(base, byteCount: UInt64(2 * GITS.frameByteCount), isPlaced: places[n].isPlaced)
      places[n].put(at: base, isPlaced: true)
    case .control: try control(n, attribute)
    case .itsRegisters:
      let value = try given(value)
      try checkITSRegister(n, attribute.attr)
      try writeITSRegister(n, Int(attribute.attr), value)
    default: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  private func checkITSAddress(_ attribute: DeviceAttribute) throws(DeviceError) {
    guard attribute.attr == DeviceAddress.its.rawValue else {
      throw DeviceError(.enodev, "an ITS has no address of type \(attribute.attr), only of type 4")
    }
  }

  // MARK: Registers

  /// Registers of 32 bits are CTLR, IIDR and the identification block; all others move whole.
  private func checkAlignment(_ offset: UInt64) throws(DeviceError) {
    let is32Bits =
      offset < UInt64(GITS.TYPER.offset) || offset >= UInt64(IdentificationBlock.offset)
    guard offset & (is32Bits ? 3 : 7) == 0 else {
      throw DeviceError(
        .einval, "\(DeviceError.hex(offset)) is not a multiple of \(is32Bits ? 4 : 8)")
    }
  }

  private func hasITSRegister(_ offset: UInt64) -> Bool {
    switch Int(truncatingIfNeeded: offset) {
    case GITS.CTLR.offset, GITS.IIDR.offset, GITS.TYPER.offset, GITS.CBASER.offset,
      GITS.CWRITER.offset, GITS.CREADR.offset,
      IdentificationBlock.offset..<GITS.frameByteCount:
      true
    case let offset: GITS.BASER.index(at: offset) != nil
    }
  }

  private func checkITSRegister(_ n: ITSIndex, _ offset: UInt64) throws(DeviceError) {
    try checkAlignment(offset)
    try checkStandstill()
    guard places[n].isPlaced else { throw DeviceError(.enxio, "ITS \(n) has no address yet") }
    guard hasITSRegister(offset) else {
      throw DeviceError(.enxio, "an ITS has no register at \(DeviceError.hex(offset))")
    }
  }

  /// As a guest's write, but for what a guest cannot write.
  private mutating func writeITSRegister(
    _ n: ITSIndex, _ offset: Int, _ value: UInt64
  ) throws(DeviceError) {
    switch offset {
    case GITS.IIDR.offset:
      // The revision says how the tables are laid out. REV0 is known, and the machine's own number
      // stands for it.
      let revision = GITS.IIDR(raw: value).revision
      guard
        revision == 0 || revision == GITS.IIDR(raw: UInt64(configuration.identity.iidr)).revision
      else { throw DeviceError(.einval, "tables of revision \(revision) are not known, only 0 is") }
    case GITS.CREADR.offset: try restoreCREADR(n, GITS.CREADR(raw: value))
    default: _ = writeITS(n, offset, value)
    }
  }

  private mutating func restoreCREADR(
    _ n: ITSIndex, _ creadr: GITS.CREADR
  ) throws(DeviceError) {
    guard !its[n].enabled else { throw DeviceError(.ebusy, "ITS \(n) is enabled") }
    guard creadr.queueOffset < its[n].cbaser.byteCount else {
      throw DeviceError(
        .einval, "\(creadr.queueOffset) is beyond the queue of \(its[n].cbaser.byteCount) bytes")
    }
    its[n].creadr = creadr.queueOffset
    its[n].granted = creadr.queueOffset
    let profile = configuration.profile
    let stalls = [profile.commandErrors, profile.commandFetchFaults, profile.tableFaults]
    its[n].stalled = creadr.stalled && stalls.contains(.stall)
  }

  // MARK: Controls

  private mutating func control(
    _ n: ITSIndex, _ attribute: DeviceAttribute
  ) throws(DeviceError) {
    if attribute.attr == DeviceControl.initialize.rawValue { return }
    try checkStandstill()
    switch DeviceControl(rawValue: attribute.attr) {
    case .saveTables: try saveTables(n)
    case .restoreTables: try restoreTables(n)
    case .reset: resetITS(n)
    case .initialize, .savePendingTables, nil:
      throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  /// Disabled, without a queue, without mappings. The table registers keep all but Valid.
  private mutating func resetITS(_ n: ITSIndex) {
    freeMappings(n)
    for index in 0..<GITS.BASER.count { its[n].baser[index][bit: 63] = false }
    its[n].cbaser = GITS.CBASER(raw: 0)
    (its[n].creadr, its[n].granted, its[n].cwriter) = (0, 0, 0)
    (its[n].enabled, its[n].stalled) = (false, false)
  }
}
