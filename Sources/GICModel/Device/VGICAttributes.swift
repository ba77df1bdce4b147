// The attributes of the GICv3: distributor, redistributors, CPU interfaces.
// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-v3.rst;
//   arch/arm64/kvm/vgic/vgic-kvm-device.c.

import GICArch

extension Engine {
  func hasVGICAttribute(_ attribute: DeviceAttribute) throws(DeviceError) {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address:
      switch DeviceAddress(rawValue: attribute.attr) {
      case .distributor, .redistributors, .redistributorRegion: return
      case .its, nil: break
      }
    case .interruptCount: return
    case .control:
      switch DeviceControl(rawValue: attribute.attr) {
      case .initialize, .savePendingTables: return
      case .saveTables, .restoreTables, .reset, nil: break
      }
    case .distributorRegisters, .redistributorRegisters:
      let place = try registerPlace(attribute)
      if hasRegisterAttribute(place) { return }
    case .systemRegisters:
      _ = try pe(of: attribute)
      if SystemRegister.saved.contains(attribute.register) { return }
    case .levelInfo where attribute.levelInfo == 0: return
    default: break
    }
    throw .noAttribute(attribute.group, attribute.attr)
  }

  mutating func vgicAttribute(
    _ attribute: DeviceAttribute, _ value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address: return try address(attribute, value)
    case .interruptCount: return UInt64(devices[0].interruptCount ?? 32)
    case .distributorRegisters, .redistributorRegisters:
      let place = try registerPlace(attribute)
      try checkUsable(attribute)
      return try readRegisterAttribute(place)
    case .systemRegisters:
      let pe = try pe(of: attribute)
      try checkUsable(attribute)
      return try systemRegisterAttribute(attribute.register, pe)
    case .levelInfo:
      let pe = try pe(of: attribute)
      try checkUsable(attribute)
      return UInt64(inputLevels(try lineWord(attribute), pe))
    default: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  mutating func setVGICAttribute(
    _ attribute: DeviceAttribute, _ value: UInt64?
  ) throws(DeviceError) {
    switch DeviceGroup(rawValue: attribute.group) {
    case .address: try setAddress(attribute, value)
    case .interruptCount: try setInterruptCount(try given(value))
    case .control: try controlVGIC(attribute)
    case .distributorRegisters, .redistributorRegisters:
      let place = try registerPlace(attribute)
      let value = try given(value)
      try checkUsable(attribute)
      try writeRegisterAttribute(place, value)
    case .systemRegisters:
      let pe = try pe(of: attribute)
      try checkUsable(attribute)
      try setSystemRegisterAttribute(attribute.register, pe, try given(value))
    case .levelInfo:
      let pe = try pe(of: attribute)
      let value = try given(value)
      try checkUsable(attribute)
      setInputLevels(try lineWord(attribute), pe, UInt32(truncatingIfNeeded: value))
    default: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  /// The PE that an attribute names by its affinity.
  func pe(of attribute: DeviceAttribute) throws(DeviceError) -> PEIndex {
    for index in 0..<pes.count where pes[index].affinity == attribute.affinity {
      return PEIndex(index)
    }
    throw DeviceError(.einval, "there is no PE with affinity \(attribute.affinity)")
  }

  /// Registers can be read and written while no vCPU runs, and once the GIC is initialised.
  private func checkUsable(_ attribute: DeviceAttribute) throws(DeviceError) {
    try checkStandstill()
    let isEarly =
      attribute.group == DeviceGroup.distributorRegisters.rawValue
      && (attribute.offset == GICD.IIDR.offset || attribute.offset == GICD.TYPER2.offset)
    guard devices[0].isInitialised || isEarly else {
      throw DeviceError(.ebusy, "the GIC is not initialised")
    }
  }

  // MARK: Controls

  private mutating func controlVGIC(_ attribute: DeviceAttribute) throws(DeviceError) {
    switch DeviceControl(rawValue: attribute.attr) {
    case .initialize: initialize()
    case .savePendingTables:
      guard devices[0].isInitialised else {
        throw DeviceError(.enxio, "the GIC is not initialised")
      }
      try checkStandstill()
      try savePendingTables()
    case .saveTables, .restoreTables, .reset, nil:
      throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  /// A second time it does nothing.
  private mutating func initialize() {
    guard !devices[0].isInitialised else { return }
    devices[0].isInitialised = true
    let count = devices[0].interruptCount ?? (configuration.identity.itLinesNumber + 1) * 32
    devices[0].interruptCount = count
    distributor.setWordCount(count / 32)
  }

  private mutating func setInterruptCount(_ value: UInt64) throws(DeviceError) {
    let count = UInt32(truncatingIfNeeded: value)
    guard count >= 64, count < 1024, count % 32 == 0 else {
      throw DeviceError(.einval, "\(count) is not a multiple of 32 from 64 through 992")
    }
    guard devices[0].interruptCount == nil else {
      throw DeviceError(.ebusy, "the number of interrupts is fixed")
    }
    devices[0].interruptCount = Int(count)
  }

  // MARK: Addresses

  private func address(
    _ attribute: DeviceAttribute, _ value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    switch DeviceAddress(rawValue: attribute.attr) {
    case .distributor: return devices[0].distributor ?? .max
    case .redistributors: return devices[0].regions.first?.base ?? .max
    case .redistributorRegion:
      let index = RedistributorRegion(raw: try given(value)).index
      guard index < devices[0].regions.count else {
        throw DeviceError(.enoent, "there is no redistributor region \(index)")
      }
      let region = devices[0].regions[index]
      return RedistributorRegion(count: region.count, base: region.base, index: index).raw
    case .its, nil: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  private mutating func setAddress(
    _ attribute: DeviceAttribute, _ value: UInt64?
  ) throws(DeviceError) {
    let value = try given(value)
    switch DeviceAddress(rawValue: attribute.attr) {
    case .distributor:
      try checkRange(
        value, byteCount: UInt64(GICD.frameByteCount), isPlaced: devices[0].distributor != nil)
      devices[0].distributor = value
    case .redistributors: try addRegion(base: value, count: 0, index: 0)
    case .redistributorRegion:
      let region = RedistributorRegion(raw: value)
      guard region.count > 0, region.flags == 0 else {
        throw DeviceError(.einval, "a region has a count above 0, and flags 0")
      }
      try addRegion(base: region.base, count: region.count, index: region.index)
    case .its, nil: throw .noAttribute(attribute.group, attribute.attr)
    }
  }

  /// - Source: Linux, arch/arm64/kvm/vgic/vgic-mmio-v3.c, `vgic_v3_alloc_redist_region`.
  private mutating func addRegion(
    base: PhysicalAddress, count: Int, index: Int
  ) throws(DeviceError) {
    let byteCount = regionByteCount(count)
    guard base &+ byteCount >= base else {
      throw DeviceError(.einval, "redistributors at \(DeviceError.hex(base)) wrap around")
    }
    if let last = devices[0].regions.last {
      guard count == 0 || last.count > 0, count > 0 || last.count == 0 else {
        throw DeviceError(.einval, "regions and a single range of redistributors do not mix")
      }
      guard count > 0 else {
        throw DeviceError(.eexist, "the redistributors have their address already")
      }
    }
    guard index == devices[0].regions.count else {
      throw DeviceError(.einval, "the next region is \(devices[0].regions.count), not \(index)")
    }
    guard !overlaps(base, byteCount) else {
      throw DeviceError(.einval, "redistributors at \(DeviceError.hex(base)) lie over other frames")
    }
    try checkRange(base, byteCount: byteCount, isPlaced: false)
    devices[0].regions.append(DeviceState.Region(base: base, count: count, pes: 0..<0))
    placeRedistributors()
  }

  private func regionByteCount(_ count: Int) -> UInt64 {
    UInt64(count == 0 ? pes.count : count) &* configuration.shape.gicrStride
  }

  /// Whether a range of redistributors lies over the distributor or over another region.
  private func overlaps(_ base: PhysicalAddress, _ byteCount: UInt64) -> Bool {
    var others = devices[0].regions.map { (base: $0.base, byteCount: regionByteCount($0.count)) }
    if let distributor = devices[0].distributor {
      others.append((distributor, UInt64(GICD.frameByteCount)))
    }
    return others.contains { base < $0.base &+ $0.byteCount && $0.base < base &+ byteCount }
  }

  /// vCPUs begin to run, or stand still.
  /// - Throws: what KVM_RUN answers where frames are placed by attributes: ENXIO while one has no
  ///   address, EINVAL where distributor and redistributors overlap, EBUSY before the
  ///   initialisation.
  mutating func setVCPUsRun(_ run: Bool) throws(DeviceError) {
    if run, framesAreByAttributes {
      let placed = devices[0].regions.map(\.pes.upperBound).max() ?? 0
      guard placed == pes.count, let distributor = devices[0].distributor else {
        throw DeviceError(.enxio, "the distributor or a redistributor has no address yet")
      }
      let end = distributor &+ UInt64(GICD.frameByteCount)
      for region in devices[0].regions {
        let last = region.base &+ regionByteCount(region.count)
        guard end <= region.base || last <= distributor else {
          throw DeviceError(.einval, "the distributor and the redistributors overlap")
        }
      }
      guard devices[0].isInitialised else {
        throw DeviceError(.ebusy, "the GIC is not initialised")
      }
    }
    devices[0].vcpusRun = run
  }
}
