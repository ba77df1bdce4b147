// The fields of the CPU interface's system registers, at EL1 with one Security state.

/// A system register's bits. Which register it is says `SystemRegister`.
public protocol SystemRegisterLayout: Equatable, Sendable {
  /// Bits that a write can change; all others are RES0, read-only or write-only.
  static var writable: UInt64 { get }
  var raw: UInt64 { get set }
  init(raw: UInt64)
}

/// The registers of a PE's CPU interface.
/// - Source: Arm IHI 0069, "CPU interface System registers".
public enum ICC {
  /// `ICC_CTLR_EL1`. PMHE may be RAZ/WI where no interrupt is 1 of N.
  /// - Source: Arm IHI 0069, "ICC_CTLR_EL1, Interrupt Controller Control Register".
  @frozen public struct CTLR: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { .ones(0, 0) | .ones(1, 1) | .ones(6, 6) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` CBPR: BPR0 serves both groups.
    @inlinable public var cbpr: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` EOImode: an EOIR write drops the priority only; DIR deactivates.
    @inlinable public var eoiMode: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[6]` PMHE: PMR is a hint for the routing of 1 of N interrupts.
    @inlinable public var pmhe: Bool {
      get { raw[bit: 6] }
      set { raw[bit: 6] = newValue }
    }

    /// `[10:8]` PRIbits + 1: bits of priority implemented.
    @inlinable public var priorityBits: Int {
      get { Int(raw[10, 8]) &+ 1 }
      set { raw[10, 8] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[13:11]` IDbits: width of an INTID; 0 is 16 bits, 1 is 24.
    @inlinable public var idBits: Int {
      get { Int(raw[13, 11]) }
      set { raw[13, 11] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[14]` SEIS: the interface can generate system errors.
    @inlinable public var seis: Bool {
      get { raw[bit: 14] }
      set { raw[bit: 14] = newValue }
    }

    /// `[15]` A3V: SGIs may name an Aff3 other than 0.
    @inlinable public var a3v: Bool {
      get { raw[bit: 15] }
      set { raw[bit: 15] = newValue }
    }

    /// `[18]` RSS: SGIs reach Aff0 up to 255, else up to 15.
    @inlinable public var rss: Bool {
      get { raw[bit: 18] }
      set { raw[bit: 18] = newValue }
    }

    /// `[19]` ExtRange: extended PPIs and SPIs are supported.
    @inlinable public var extRange: Bool {
      get { raw[bit: 19] }
      set { raw[bit: 19] = newValue }
    }
  }

  /// `ICC_PMR_EL1`. The low bits that the priorities have not are RES0.
  /// - Source: Arm IHI 0069, "ICC_PMR_EL1, Interrupt Controller Interrupt Priority Mask Register".
  @frozen public struct PMR: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { .ones(7, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[7:0]` Only interrupts of a higher priority, a lower number, are signalled.
    @inlinable public var priority: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[7, 0]) }
      set { raw[7, 0] = UInt64(newValue) }
    }
  }

  /// `ICC_BPR0_EL1` and `ICC_BPR1_EL1`.
  /// - Source: Arm IHI 0069, "ICC_BPR<n>_EL1, Interrupt Controller Binary Point Registers".
  @frozen public struct BPR: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { .ones(2, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[2:0]` BinaryPoint: where group priority ends and subpriority begins.
    @inlinable public var binaryPoint: Int {
      get { Int(raw[2, 0]) }
      set { raw[2, 0] = UInt64(truncatingIfNeeded: newValue) }
    }
  }

  /// `ICC_SRE_EL1`. Here all is fixed: there are system registers only.
  /// - Source: Arm IHI 0069, "ICC_SRE_EL1, Interrupt Controller System Register Enable Register".
  @frozen public struct SRE: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` SRE: the system registers are used; RAO/WI.
    @inlinable public var sre: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` DFB: FIQ bypass is disabled; RAO/WI.
    @inlinable public var dfb: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` DIB: IRQ bypass is disabled; RAO/WI.
    @inlinable public var dib: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }
  }

  /// `ICC_IGRPEN0_EL1` and `ICC_IGRPEN1_EL1`.
  /// - Source: Arm IHI 0069, "ICC_IGRPEN<n>_EL1, Interrupt Controller Interrupt Group Enable
  /// Registers".
  @frozen public struct IGRPEN: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { .ones(0, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Enable: interrupts of the group are signalled.
    @inlinable public var enable: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }
  }

  /// `ICC_SGI1R_EL1`, and with the same fields `ICC_ASGI1R_EL1` and `ICC_SGI0R_EL1`.
  /// - Source: Arm IHI 0069, "ICC_SGI1R_EL1, Interrupt Controller Software Generated Interrupt
  /// Group 1 Register".
  @frozen public struct SGI1R: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[15:0]` TargetList: bit n is the PE whose Aff0 is 16 x `rangeSelector` + n.
    @inlinable public var targetList: UInt16 {
      get { UInt16(truncatingIfNeeded: raw[15, 0]) }
      set { raw[15, 0] = UInt64(newValue) }
    }

    /// `[23:16]` Aff1.
    @inlinable public var aff1: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[23, 16]) }
      set { raw[23, 16] = UInt64(newValue) }
    }

    /// `[27:24]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[27, 24])) }
      set { raw[27, 24] = UInt64(newValue.rawValue) }
    }

    /// `[39:32]` Aff2.
    @inlinable public var aff2: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[39, 32]) }
      set { raw[39, 32] = UInt64(newValue) }
    }

    /// `[40]` IRM: to all PEs but this one; the affinities are ignored.
    @inlinable public var irm: Bool {
      get { raw[bit: 40] }
      set { raw[bit: 40] = newValue }
    }

    /// `[47:44]` RS.
    @inlinable public var rangeSelector: Int {
      get { Int(raw[47, 44]) }
      set { raw[47, 44] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[55:48]` Aff3.
    @inlinable public var aff3: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[55, 48]) }
      set { raw[55, 48] = UInt64(newValue) }
    }

    /// Aff3.Aff2.Aff1 of the targets, as `Affinity.cluster` has it.
    @inlinable public var cluster: UInt32 {
      UInt32(truncatingIfNeeded: raw[55, 48] &<< 16 | raw[39, 32] &<< 8 | raw[23, 16])
    }
    /// Whether `affinity` is one of the targets. PEs are not told apart where `irm` is true.
    @inlinable public func names(_ affinity: Affinity) -> Bool {
      affinity.cluster == cluster && Int(affinity.aff0) &>> 4 == rangeSelector
        && targetList &>> UInt16(affinity.aff0 & 15) & 1 != 0
    }
  }

  /// What the registers that hold an INTID have in common: `ICC_IAR<n>_EL1`, `ICC_EOIR<n>_EL1`,
  /// `ICC_HPPIR<n>_EL1`, `ICC_DIR_EL1`.
  /// - Source: Arm IHI 0069, "ICC_IAR<n>_EL1, Interrupt Controller Interrupt Acknowledge
  /// Registers".
  @frozen public struct INTIDR: SystemRegisterLayout {
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[23:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[23, 0])) }
      set { raw[23, 0] = UInt64(newValue.rawValue) }
    }
  }
}
