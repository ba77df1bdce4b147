// A redistributor's first frame (RD_base): control and identification. What concerns LPIs, and the
// SGI frame, have files of their own.

/// The registers of a redistributor. Offsets count from RD_base; those in `SGI` from SGI_base.
/// - Source: Arm IHI 0069, "The Redistributor register map".
public enum GICR {
  /// Size of each of a redistributor's frames, in bytes.
  @inlinable public static var frameByteCount: Int { 0x1_0000 }
  /// Where the VLPI frame of GICv4 lies, in bytes from RD_base. GICv3 has none: its redistributors
  /// are 128 KiB apart, those of GICv4 256 KiB.
  @inlinable public static var vlpiFrame: Int { 0x2_0000 }

  /// The registers of SGIs and PPIs, which lie in the second frame.
  public enum SGI {
    /// Where SGI_base lies, in bytes from RD_base.
    @inlinable public static var frame: Int { 0x1_0000 }
  }
}

extension GICR {
  /// `GICR_CTLR`, the redistributor's switch: offset 0x0000, 32 bits. The DPG bits are programmable
  /// only where `GICR_TYPER.DPGS` is 1; DPG1S never with one Security state.
  /// - Source: Arm IHI 0069, "GICR_CTLR, Redistributor Control Register".
  @frozen public struct CTLR: Register {
    @inlinable public static var offset: Int { 0x0000 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(0, 0) | .ones(25, 24) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` EnableLPIs. Whether it can be cleared again is told by `ces`.
    @inlinable public var enableLPIs: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` CES: EnableLPIs can be cleared.
    @inlinable public var ces: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` IR: INVLPIR and INVALLR are implemented.
    @inlinable public var ir: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }

    /// `[3]` RWP: a write of this redistributor is not yet seen everywhere.
    @inlinable public var rwp: Bool {
      get { raw[bit: 3] }
      set { raw[bit: 3] = newValue }
    }

    /// `[24]` DPG0: not a target of 1 of N interrupts of Group 0.
    @inlinable public var dpg0: Bool {
      get { raw[bit: 24] }
      set { raw[bit: 24] = newValue }
    }

    /// `[25]` DPG1NS: not a target of 1 of N interrupts of Non-secure Group 1.
    @inlinable public var dpg1NS: Bool {
      get { raw[bit: 25] }
      set { raw[bit: 25] = newValue }
    }

    /// `[26]` DPG1S: not a target of 1 of N interrupts of Secure Group 1.
    @inlinable public var dpg1S: Bool {
      get { raw[bit: 26] }
      set { raw[bit: 26] = newValue }
    }

    /// `[31]` UWP: upstream writes are pending, to the distributor.
    @inlinable public var uwp: Bool {
      get { raw[bit: 31] }
      set { raw[bit: 31] = newValue }
    }
  }

  /// `GICR_IIDR`, who made the redistributor: offset 0x0004, 32 bits, read-only.
  /// - Source: Arm IHI 0069, "GICR_IIDR, Redistributor Implementer Identification Register".
  @frozen public struct IIDR: Register {
    @inlinable public static var offset: Int { 0x0004 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:24]` Product, IMPLEMENTATION DEFINED.
    @inlinable public var productID: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[31, 24]) }
      set { raw[31, 24] = UInt64(newValue) }
    }

    /// `[19:16]` Major revision of the product.
    @inlinable public var variant: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[19, 16]) }
      set { raw[19, 16] = UInt64(newValue) }
    }

    /// `[15:12]` Minor revision of the product.
    @inlinable public var revision: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[15, 12]) }
      set { raw[15, 12] = UInt64(newValue) }
    }

    /// `[11:0]` JEP106 code of the implementer: 0x43b is Arm.
    @inlinable public var implementer: UInt16 {
      get { UInt16(truncatingIfNeeded: raw[11, 0]) }
      set { raw[11, 0] = UInt64(newValue) }
    }
  }

  /// `GICR_TYPER`, what the redistributor can do, and whose it is: offset 0x0008, 64 bits,
  /// read-only.
  /// - Source: Arm IHI 0069, "GICR_TYPER, Redistributor Type Register".
  @frozen public struct TYPER: Register {
    @inlinable public static var offset: Int { 0x0008 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` PLPIS: physical LPIs are supported.
    @inlinable public var plpis: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` VLPIS: virtual LPIs are supported (GICv4).
    @inlinable public var vlpis: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` Dirty: `GICR_VPENDBASER.Dirty` tells of table writes (GICv4).
    @inlinable public var dirty: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }

    /// `[3]` DirectLPI: SETLPIR, CLRLPIR and the INV registers stand for an ITS.
    @inlinable public var directLPI: Bool {
      get { raw[bit: 3] }
      set { raw[bit: 3] = newValue }
    }

    /// `[4]` Last: no redistributor follows in this region.
    @inlinable public var last: Bool {
      get { raw[bit: 4] }
      set { raw[bit: 4] = newValue }
    }

    /// `[5]` DPGS: the DPG bits of CTLR are supported.
    @inlinable public var dpgs: Bool {
      get { raw[bit: 5] }
      set { raw[bit: 5] = newValue }
    }

    /// `[6]` MPAM: memory partitioning is supported.
    @inlinable public var mpam: Bool {
      get { raw[bit: 6] }
      set { raw[bit: 6] = newValue }
    }

    /// `[7]` RVPEID: a vPE is made resident by its vPEID (GICv4.1).
    @inlinable public var rvpeID: Bool {
      get { raw[bit: 7] }
      set { raw[bit: 7] = newValue }
    }

    /// `[23:8]` Processor_Number: RDbase where `GITS_TYPER.PTA` is 0.
    @inlinable public var processorNumber: ProcessorNumber {
      get { ProcessorNumber(rawValue: UInt16(truncatingIfNeeded: raw[23, 8])) }
      set { raw[23, 8] = UInt64(newValue.rawValue) }
    }

    /// `[25:24]` CommonLPIAff: affinity levels whose PEs share a configuration table: 0 all, 1 same
    /// Aff3, 2 same Aff3.Aff2, 3 same Aff3.Aff2.Aff1.
    @inlinable public var commonLPIAff: Int {
      get { Int(raw[25, 24]) }
      set { raw[25, 24] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[26]` VSGI: direct injection of virtual SGIs is supported (GICv4.1).
    @inlinable public var vsgi: Bool {
      get { raw[bit: 26] }
      set { raw[bit: 26] = newValue }
    }

    /// `[31:27]` PPInum: 0 is PPIs to 31, 1 to 1087, 2 to 1119.
    @inlinable public var ppiNum: Int {
      get { Int(raw[31, 27]) }
      set { raw[31, 27] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[63:32]` Affinity_Value.
    @inlinable public var affinity: Affinity {
      get { Affinity(rawValue: UInt32(truncatingIfNeeded: raw[63, 32])) }
      set { raw[63, 32] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICR_STATUSR`, the access errors seen: offset 0x0010, 32 bits. A one clears its bit.
  /// Optional: where it is not implemented it is RAZ/WI.
  /// - Source: Arm IHI 0069, "GICR_STATUSR, Error Reporting Status Register".
  @frozen public struct STATUSR: Register {
    @inlinable public static var offset: Int { 0x0010 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(3, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` RRD: a reserved location was read.
    @inlinable public var readOfReserved: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` WRD: a reserved location was written.
    @inlinable public var writeOfReserved: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` RWOD: a write-only location was read.
    @inlinable public var readOfWriteOnly: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }

    /// `[3]` WROD: a read-only location was written.
    @inlinable public var writeOfReadOnly: Bool {
      get { raw[bit: 3] }
      set { raw[bit: 3] = newValue }
    }
  }

  /// `GICR_WAKER`, the PE's sleep, as the redistributor knows it: offset 0x0014, 32 bits. Asleep
  /// after reset. Bits 0 and 31 are IMPLEMENTATION DEFINED; here RES0.
  /// - Source: Arm IHI 0069, "GICR_WAKER, Redistributor Wake Register".
  @frozen public struct WAKER: Register {
    @inlinable public static var offset: Int { 0x0014 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(1, 1) }
    @inlinable public static var reset: UInt64 { 0x6 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[1]` ProcessorSleep: nothing is to be sent to the PE.
    @inlinable public var processorSleep: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` ChildrenAsleep: the PE's interface is quiescent.
    @inlinable public var childrenAsleep: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }
  }

  /// `GICR_MPAMIDR`, the partitioning the redistributor supports: offset 0x0018, 32 bits,
  /// read-only. 0 where `GICR_TYPER.MPAM` is 0.
  /// - Source: Arm IHI 0069, "GICR_MPAMIDR, Report maximum PARTID and PMG Register".
  @frozen public struct MPAMIDR: Register {
    @inlinable public static var offset: Int { 0x0018 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[15:0]` PARTIDmax.
    @inlinable public var maximumPARTID: UInt16 {
      get { UInt16(truncatingIfNeeded: raw[15, 0]) }
      set { raw[15, 0] = UInt64(newValue) }
    }

    /// `[23:16]` PMGmax.
    @inlinable public var maximumPMG: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[23, 16]) }
      set { raw[23, 16] = UInt64(newValue) }
    }
  }

  /// `GICR_PARTIDR`, the partition of the redistributor's accesses: offset 0x001c, 32 bits. RES0
  /// where `GICR_TYPER.MPAM` is 0.
  /// - Source: Arm IHI 0069, "GICR_PARTIDR, Set PARTID and PMG Register".
  @frozen public struct PARTIDR: Register {
    @inlinable public static var offset: Int { 0x001c }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(23, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[15:0]` PARTID.
    @inlinable public var partID: UInt16 {
      get { UInt16(truncatingIfNeeded: raw[15, 0]) }
      set { raw[15, 0] = UInt64(newValue) }
    }

    /// `[23:16]` PMG.
    @inlinable public var pmg: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[23, 16]) }
      set { raw[23, 16] = UInt64(newValue) }
    }
  }
}
