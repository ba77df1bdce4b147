// The ITS's control frame: control and identification. The queue and the tables have files of their
// own.

/// The registers of an Interrupt Translation Service. Offsets count from the control frame, but for
/// those of `TRANSLATER`, which has a frame to itself.
/// - Source: Arm IHI 0069, "The ITS register map".
public enum GITS {
  /// Size of each of the ITS's frames, in bytes.
  @inlinable public static var frameByteCount: Int { 0x1_0000 }
  /// Where the translation frame lies, in bytes from the control frame.
  @inlinable public static var translationFrame: Int { 0x1_0000 }
  /// Where the frame of `GITS_SGIR` lies, which an ITS with `TYPER.vsgi` (GICv4.1) has.
  @inlinable public static var virtualSGIFrame: Int { 0x2_0000 }
}

extension GITS {
  /// `GITS_CTLR`, the ITS's switch: offset 0x0000, 32 bits. Quiescent is 1 after reset. ImDe is
  /// programmable where an implementation has it, UMSIirq where `GITS_TYPER` says so.
  /// - Source: Arm IHI 0069, "GITS_CTLR, ITS Control Register".
  @frozen public struct CTLR: Register {
    @inlinable public static var offset: Int { 0x0000 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(0, 0) | .ones(1, 1) | .ones(8, 8) }
    @inlinable public static var reset: UInt64 { 0x8000_0000 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Enabled: commands are processed and events are translated.
    @inlinable public var enabled: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` ImDe: IMPLEMENTATION DEFINED.
    @inlinable public var imDe: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[7:4]` ITS_Number: which ITS a GICv4 VMOVP names.
    @inlinable public var itsNumber: Int {
      get { Int(raw[7, 4]) }
      set { raw[7, 4] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[8]` UMSIirq: an unmapped MSI raises an interrupt.
    @inlinable public var umsiIRQ: Bool {
      get { raw[bit: 8] }
      set { raw[bit: 8] = newValue }
    }

    /// `[31]` Quiescent: nothing is in flight and all tables are written.
    @inlinable public var quiescent: Bool {
      get { raw[bit: 31] }
      set { raw[bit: 31] = newValue }
    }
  }

  /// `GITS_IIDR`, who made the ITS: offset 0x0004, 32 bits, read-only.
  /// - Source: Arm IHI 0069, "GITS_IIDR, ITS Identification Register".
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

  /// `GITS_TYPER`, what the ITS can do: offset 0x0008, 64 bits, read-only.
  /// - Source: Arm IHI 0069, "GITS_TYPER, ITS Type Register".
  @frozen public struct TYPER: Register {
    @inlinable public static var offset: Int { 0x0008 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Physical: physical LPIs are supported.
    @inlinable public var physical: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` Virtual: virtual LPIs and direct injection are supported (GICv4).
    @inlinable public var virtual: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[2]` CCT: collections in memory add to those in hardware.
    @inlinable public var cct: Bool {
      get { raw[bit: 2] }
      set { raw[bit: 2] = newValue }
    }

    /// `[7:4]` ITT_entry_size + 1: bytes of one translation table entry, 1 through 16.
    @inlinable public var ittEntryByteCount: Int {
      get { Int(raw[7, 4]) &+ 1 }
      set { raw[7, 4] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[12:8]` ID_bits + 1: width of an EventID, 1 through 32.
    @inlinable public var eventIDBits: Int {
      get { Int(raw[12, 8]) &+ 1 }
      set { raw[12, 8] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[17:13]` Devbits + 1: width of a DeviceID, 1 through 32.
    @inlinable public var deviceIDBits: Int {
      get { Int(raw[17, 13]) &+ 1 }
      set { raw[17, 13] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[18]` SEIS: system errors can be generated.
    @inlinable public var seis: Bool {
      get { raw[bit: 18] }
      set { raw[bit: 18] = newValue }
    }

    /// `[19]` PTA: a command's RDbase is an address [51:16], not a Processor_Number.
    @inlinable public var pta: Bool {
      get { raw[bit: 19] }
      set { raw[bit: 19] = newValue }
    }

    /// `[31:24]` HCC: collections held in hardware, beside those in memory.
    @inlinable public var hcc: Int {
      get { Int(raw[31, 24]) }
      set { raw[31, 24] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[35:32]` CIDbits + 1: width of an ICID where `cil` is 1, 1 through 16.
    @inlinable public var collectionIDBits: Int {
      get { Int(raw[35, 32]) &+ 1 }
      set { raw[35, 32] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[36]` CIL: `collectionIDBits` holds; where 0, an ICID has 16 bits.
    @inlinable public var cil: Bool {
      get { raw[bit: 36] }
      set { raw[bit: 36] = newValue }
    }

    /// `[37]` VMOVP: one VMOVP on one ITS moves a vPE on all of them.
    @inlinable public var vmovp: Bool {
      get { raw[bit: 37] }
      set { raw[bit: 37] = newValue }
    }

    /// `[38]` MPAM: memory partitioning is supported.
    @inlinable public var mpam: Bool {
      get { raw[bit: 38] }
      set { raw[bit: 38] = newValue }
    }

    /// `[39]` VSGI: direct injection of virtual SGIs is supported (GICv4.1).
    @inlinable public var vsgi: Bool {
      get { raw[bit: 39] }
      set { raw[bit: 39] = newValue }
    }

    /// `[40]` VMAPP: VMAPP carries the GICv4.1 fields.
    @inlinable public var vmapp: Bool {
      get { raw[bit: 40] }
      set { raw[bit: 40] = newValue }
    }

    /// `[42:41]` SVPET: affinity level up to which redistributors share the vPE table.
    @inlinable public var svpet: Int {
      get { Int(raw[42, 41]) }
      set { raw[42, 41] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[43]` nID: individual doorbells are not supported.
    @inlinable public var nID: Bool {
      get { raw[bit: 43] }
      set { raw[bit: 43] = newValue }
    }

    /// `[44]` UMSI: unmapped MSIs are reported.
    @inlinable public var umsi: Bool {
      get { raw[bit: 44] }
      set { raw[bit: 44] = newValue }
    }

    /// `[45]` UMSIirq: they can be reported with an interrupt.
    @inlinable public var umsiIRQ: Bool {
      get { raw[bit: 45] }
      set { raw[bit: 45] = newValue }
    }

    /// `[46]` INV: commands that unmap also invalidate what is cached of the LPI.
    @inlinable public var inv: Bool {
      get { raw[bit: 46] }
      set { raw[bit: 46] = newValue }
    }
  }

  /// `GITS_MPAMIDR`, the partitioning the ITS supports: offset 0x0010, 32 bits, read-only. 0 where
  /// `GITS_TYPER.MPAM` is 0.
  /// - Source: Arm IHI 0069, "GITS_MPAMIDR, Report maximum PARTID and PMG Register".
  @frozen public struct MPAMIDR: Register {
    @inlinable public static var offset: Int { 0x0010 }
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

  /// `GITS_PARTIDR`, the partition of the ITS's accesses: offset 0x0014, 32 bits. RES0 where
  /// `GITS_TYPER.MPAM` is 0; where it is 1, of each field the bits that `GITS_MPAMIDR` needs are
  /// programmable.
  /// - Source: Arm IHI 0069, "GITS_PARTIDR, Set PARTID and PMG Register".
  @frozen public struct PARTIDR: Register {
    @inlinable public static var offset: Int { 0x0014 }
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

  /// `GITS_MPIDR`, the affinity with which the ITS shares its vPE table: offset 0x0018, 32 bits,
  /// read-only. RES0 where `GITS_TYPER.SVPET` is 0.
  /// - Source: Arm IHI 0069, "GITS_MPIDR, Report ITS's affinity".
  @frozen public struct MPIDR: Register {
    @inlinable public static var offset: Int { 0x0018 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:8]` Aff3.Aff2.Aff1, Aff3 highest.
    @inlinable public var sharedAffinity: UInt32 {
      get { UInt32(truncatingIfNeeded: raw[31, 8]) }
      set { raw[31, 8] = UInt64(newValue) }
    }
  }

  /// `GITS_STATUSR`, the access errors seen: offset 0x0040, 32 bits. A one clears its bit.
  /// Optional: where it is not implemented it is RAZ/WI.
  /// - Source: Arm IHI 0069, "GITS_STATUSR, ITS Error Reporting Status Register".
  @frozen public struct STATUSR: Register {
    @inlinable public static var offset: Int { 0x0040 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(5, 0) }
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

    /// `[4]` UMSI: an unmapped MSI was seen; `UMSIR` has it.
    @inlinable public var umsi: Bool {
      get { raw[bit: 4] }
      set { raw[bit: 4] = newValue }
    }

    /// `[5]` Overflow: more than one was.
    @inlinable public var overflow: Bool {
      get { raw[bit: 5] }
      set { raw[bit: 5] = newValue }
    }

    /// `[9:6]` Syndrome, why the MSI was unmapped: 2 DeviceID out of range, 3 DeviceID unmapped,
    /// 4 EventID out of range, 5 EventID unmapped, 7 collection unmapped, 9 vPEID unmapped, 0
    /// unknown. It goes with UMSI.
    @inlinable public var syndrome: Int {
      get { Int(raw[9, 6]) }
      set { raw[9, 6] = UInt64(truncatingIfNeeded: newValue) }
    }
  }

  /// `GITS_UMSIR`, the unmapped MSI that was seen first: offset 0x0048, 64 bits, read-only. 0 where
  /// `GITS_TYPER.UMSI` is 0.
  /// - Source: Arm IHI 0069, "GITS_UMSIR, ITS Unmapped MSI Register".
  @frozen public struct UMSIR: Register {
    @inlinable public static var offset: Int { 0x0048 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:0]` EventID.
    @inlinable public var eventID: EventID {
      get { EventID(rawValue: UInt32(truncatingIfNeeded: raw[31, 0])) }
      set { raw[31, 0] = UInt64(newValue.rawValue) }
    }

    /// `[63:32]` DeviceID.
    @inlinable public var deviceID: UInt32 {
      get { UInt32(truncatingIfNeeded: raw[63, 32]) }
      set { raw[63, 32] = UInt64(newValue) }
    }
  }
}
