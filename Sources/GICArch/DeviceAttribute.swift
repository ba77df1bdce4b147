// KVM's device attributes: how a virtual machine monitor configures, saves and restores a GIC that
// it does not hold itself. Names, numbers and encodings are KVM's.

/// Which device an attribute is of.
@frozen public enum DeviceName: Hashable, Sendable {
  /// `KVM_DEV_TYPE_ARM_VGIC_V3`: distributor, redistributors and CPU interfaces.
  case vgic
  /// `KVM_DEV_TYPE_ARM_VGIC_ITS`: an ITS by its number, from 0.
  case its(Int)

  /// KVM's device type: 7 is the GICv3, 8 an ITS.
  /// - Source: Linux, include/uapi/linux/kvm.h, `enum kvm_device_type`.
  @inlinable public var type: UInt32 {
    switch self {
    case .vgic: 7
    case .its: 8
    }
  }
}

/// What kind of attribute it is: the `group` of `struct kvm_device_attr`.
/// - Source: Linux, arch/arm64/include/uapi/asm/kvm.h.
@frozen public enum DeviceGroup: UInt32, CaseIterable, Sendable {
  /// `KVM_DEV_ARM_VGIC_GRP_ADDR`: where the frames lie.
  case address = 0
  /// `KVM_DEV_ARM_VGIC_GRP_DIST_REGS`: 32 bits at an offset into the distributor.
  case distributorRegisters = 1
  /// `KVM_DEV_ARM_VGIC_GRP_NR_IRQS`: INTIDs below 1024 that exist: 64 through 992, by 32.
  case interruptCount = 3
  /// `KVM_DEV_ARM_VGIC_GRP_CTRL`: something to be done; see ``DeviceControl``.
  case control = 4
  /// `KVM_DEV_ARM_VGIC_GRP_REDIST_REGS`: 32 bits at an offset into RD_base or SGI_base of a PE.
  case redistributorRegisters = 5
  /// `KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS`: a system register of a PE, 64 bits.
  case systemRegisters = 6
  /// `KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO`: the input lines of 32 INTIDs.
  case levelInfo = 7
  /// `KVM_DEV_ARM_VGIC_GRP_ITS_REGS`: a whole register of an ITS, as 64 bits.
  case itsRegisters = 8
}

/// What the attributes of ``DeviceGroup/control`` do when they are set.
/// - Source: Linux, arch/arm64/include/uapi/asm/kvm.h.
@frozen public enum DeviceControl: UInt64, CaseIterable, Sendable {
  /// `KVM_DEV_ARM_VGIC_CTRL_INIT`, of either device.
  case initialize = 0
  /// `KVM_DEV_ARM_ITS_SAVE_TABLES`: the ITS's tables go to guest RAM.
  case saveTables = 1
  /// `KVM_DEV_ARM_ITS_RESTORE_TABLES`: they come from there.
  case restoreTables = 2
  /// `KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES`, of the GICv3 device: the pending LPIs go to guest RAM.
  case savePendingTables = 3
  /// `KVM_DEV_ARM_ITS_CTRL_RESET`: the ITS as after power-on, apart from what describes its tables.
  case reset = 4
}

/// What the attributes of ``DeviceGroup/address`` place.
/// - Source: Linux, arch/arm64/include/uapi/asm/kvm.h.
@frozen public enum DeviceAddress: UInt64, CaseIterable, Sendable {
  /// `KVM_VGIC_V3_ADDR_TYPE_DIST`.
  case distributor = 2
  /// `KVM_VGIC_V3_ADDR_TYPE_REDIST`: all redistributors, one after the other.
  case redistributors = 3
  /// `KVM_VGIC_ITS_ADDR_TYPE`: both frames of an ITS.
  case its = 4
  /// `KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION`: some of the redistributors; see `RedistributorRegion`.
  case redistributorRegion = 5
}

/// An attribute: `group` and `attr` of `struct kvm_device_attr`. Both are raw, since a client may
/// name what does not exist.
@frozen public struct DeviceAttribute: Hashable, Sendable {
  /// See ``DeviceGroup``.
  public var group: UInt32
  /// What of the group: an offset, a control, an address type, a register.
  public var attr: UInt64
  @inlinable public init(group: UInt32, attr: UInt64) { (self.group, self.attr) = (group, attr) }
  @inlinable public init(_ group: DeviceGroup, _ attr: UInt64 = 0) {
    (self.group, self.attr) = (group.rawValue, attr)
  }
  @inlinable public init(_ control: DeviceControl) { self.init(.control, control.rawValue) }
  @inlinable public init(_ address: DeviceAddress) { self.init(.address, address.rawValue) }
  /// An attribute of one PE: its affinity in `attr[63:32]`.
  @inlinable public init(_ group: DeviceGroup, _ pe: Affinity, _ attr: UInt64) {
    self.init(group, UInt64(pe.rawValue) &<< 32 | attr & .ones(31, 0))
  }

  /// `attr[63:32]`, `KVM_DEV_ARM_VGIC_V3_MPIDR_MASK`: Aff3.Aff2.Aff1.Aff0, Aff3 highest.
  @inlinable public var affinity: Affinity {
    Affinity(rawValue: UInt32(truncatingIfNeeded: attr &>> 32))
  }
  /// `attr[31:0]`, `KVM_DEV_ARM_VGIC_OFFSET_MASK`, in bytes.
  @inlinable public var offset: Int { Int(attr[31, 0]) }
  /// `attr[15:0]`, `KVM_DEV_ARM_VGIC_SYSREG_INSTR_MASK`.
  @inlinable public var register: SystemRegister {
    SystemRegister(rawValue: UInt32(attr[15, 0]))
  }
  /// `attr[31:10]`, `KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_MASK`: 0 is the level of the line.
  @inlinable public var levelInfo: UInt64 { attr[31, 10] }
  /// `attr[9:0]`, `KVM_DEV_ARM_VGIC_LINE_LEVEL_INTID_MASK`: the first of 32.
  @inlinable public var firstINTID: INTID { INTID(rawValue: UInt32(attr[9, 0])) }
}

/// The value of ``DeviceAddress/redistributorRegion``.
/// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-v3.rst,
///   "KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION".
@frozen public struct RedistributorRegion: Hashable, Sendable {
  public var raw: UInt64
  @inlinable public init(raw: UInt64) { self.raw = raw }
  @inlinable public init(count: Int, base: PhysicalAddress, flags: Int = 0, index: Int) {
    raw = UInt64(truncatingIfNeeded: count)[11, 0] &<< 52 | base & .ones(51, 16)
    raw |= UInt64(truncatingIfNeeded: flags)[3, 0] &<< 12
    raw |= UInt64(truncatingIfNeeded: index)[11, 0]
  }
  /// `[63:52]` Redistributors that the region has room for; 0 is as many as there are.
  @inlinable public var count: Int { Int(raw[63, 52]) }
  /// `[51:16]` First byte, 64 KiB aligned.
  @inlinable public var base: PhysicalAddress { raw & .ones(51, 16) }
  /// `[15:12]` None is defined.
  @inlinable public var flags: Int { Int(raw[15, 12]) }
  /// `[11:0]` The region's number; they are given in order.
  @inlinable public var index: Int { Int(raw[11, 0]) }
}
