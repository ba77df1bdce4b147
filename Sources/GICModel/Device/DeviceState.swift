// What the device attributes know beside the machine's own state: whether vCPUs run, and, where
// frames are placed by attributes, where each was put.

import GICArch

struct DeviceState {
  /// Redistributors one after the other.
  struct Region: Equatable {
    var base: PhysicalAddress
    /// Redistributors that it has room for; 0 is as many as there are.
    var count: Int
    /// The PEs that have their redistributor here.
    var pes: Range<Int>
  }
  /// Some vCPU runs: whatever needs them all to stand still is refused.
  var vcpusRun = false
  /// `KVM_DEV_ARM_VGIC_CTRL_INIT` of the GICv3 has been done.
  var isInitialised = true
  /// INTIDs below 1024, as `KVM_DEV_ARM_VGIC_GRP_NR_IRQS` said or the initialisation took; else
  /// nil.
  var interruptCount: Int?
  /// Nil: nowhere yet.
  var distributor: PhysicalAddress?
  var regions: [Region] = []

  /// `GICD_IIDR`: another revision than the configuration's may be asked for.
  var implementation: UInt32

  init(_ configuration: MachineConfiguration) {
    implementation = configuration.identity.distributorIIDR
    guard configuration.shape.frames == .configured else {
      isInitialised = false
      return
    }
    let shape = configuration.shape
    distributor = shape.gicdBase
    regions = [Region(base: shape.gicrBase, count: 0, pes: 0..<shape.affinities.count)]
    interruptCount = (configuration.identity.itLinesNumber + 1) * 32
  }

  /// The frame of the distributor or of a redistributor that holds `address`.
  func frame(at address: PhysicalAddress, stride: UInt64) -> FrameAddress? {
    if let distributor, address &- distributor < UInt64(GICD.frameByteCount) {
      return .distributor(offset: Int(address &- distributor))
    }
    for region in regions {
      let (index, offset) = (address &- region.base).quotientAndRemainder(dividingBy: stride)
      guard index < UInt64(region.pes.count) else { continue }
      return .redistributor(PEIndex(region.pes.lowerBound + Int(index)), offset: Int(offset))
    }
    return nil
  }

  /// GICR_TYPER.Last: no redistributor follows at the next address.
  /// - Source: Linux, arch/arm64/kvm/vgic/vgic-mmio-v3.c.
  func isLast(_ pe: PEIndex, stride: UInt64) -> Bool {
    guard let region = regions.first(where: { $0.pes.contains(pe.index) }) else { return false }
    guard pe.index == region.pes.upperBound - 1 else { return false }
    let end = region.base &+ UInt64(region.count) * stride
    // A full region that another one continues has no last redistributor.
    return region.count == 0 || region.pes.count < region.count
      || !regions.contains { $0.base == end && !$0.pes.isEmpty }
  }
}

extension Engine {
  /// Whether frames lie where attributes put them, and not where the configuration says.
  var framesAreByAttributes: Bool { configuration.shape.frames == .attributes }

  /// The PEs without a redistributor get theirs, in the order of the PEs, wherever there is room.
  mutating func placeRedistributors() {
    var next = devices[0].regions.map(\.pes.upperBound).max() ?? 0
    for index in devices[0].regions.indices {
      let region = devices[0].regions[index]
      let room = region.count == 0 ? pes.count : region.count - region.pes.count
      let taken = min(room, pes.count - next)
      guard taken > 0 else { continue }
      let first = region.pes.isEmpty ? next : region.pes.lowerBound
      devices[0].regions[index].pes = first..<next + taken
      next += taken
    }
  }
}
