// The distributor's control and identification, as an implementation with one Security state (DS =
// 1) and affinity routing only shows them.

/// The registers of the distributor. The arrays' elements of INTIDs 0 through 31 are RES0, since
/// affinity routing is on and those interrupts are each redistributor's.
/// - Source: Arm IHI 0069, "The Distributor register map".
public enum GICD {
  /// Size of the distributor's frame, in bytes.
  @inlinable public static var frameByteCount: Int { 0x1_0000 }
}

extension GICD {
  /// `GICD_CTLR`, the distributor's switch: offset 0x0000, 32 bits. ARE and DS are RAO/WI. E1NWF is
  /// RAZ/WI, since no 1 of N interrupt wakes a PE here, and so is nASSGIreq before GICv4.1.
  /// - Source: Arm IHI 0069, "GICD_CTLR, Distributor Control Register".
  @frozen public struct CTLR: Register {
    @inlinable public static var offset: Int { 0x0000 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(0, 0) | .ones(1, 1) }
    @inlinable public static var reset: UInt64 { 0x50 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` EnableGrp0.
    @inlinable public var enableGrp0: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[1]` EnableGrp1.
    @inlinable public var enableGrp1: Bool {
      get { raw[bit: 1] }
      set { raw[bit: 1] = newValue }
    }

    /// `[4]` ARE: affinity routing is enabled.
    @inlinable public var are: Bool {
      get { raw[bit: 4] }
      set { raw[bit: 4] = newValue }
    }

    /// `[6]` DS: there is one Security state.
    @inlinable public var ds: Bool {
      get { raw[bit: 6] }
      set { raw[bit: 6] = newValue }
    }

    /// `[7]` E1NWF: a sleeping PE may be woken for a 1 of N interrupt.
    @inlinable public var e1nwf: Bool {
      get { raw[bit: 7] }
      set { raw[bit: 7] = newValue }
    }

    /// `[8]` nASSGIreq: SGIs without an active state are requested (GICv4.1).
    @inlinable public var nASSGIreq: Bool {
      get { raw[bit: 8] }
      set { raw[bit: 8] = newValue }
    }

    /// `[31]` RWP: a write is not yet seen everywhere.
    @inlinable public var rwp: Bool {
      get { raw[bit: 31] }
      set { raw[bit: 31] = newValue }
    }
  }

  /// `GICD_TYPER`, what the distributor can do: offset 0x0004, 32 bits, read-only.
  /// - Source: Arm IHI 0069, "GICD_TYPER, Interrupt Controller Type Register".
  @frozen public struct TYPER: Register {
    @inlinable public static var offset: Int { 0x0004 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[4:0]` ITLinesNumber: N, where SPIs end below 32(N + 1), or 1020.
    @inlinable public var itLinesNumber: Int {
      get { Int(raw[4, 0]) }
      set { raw[4, 0] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[7:5]` CPUNumber: PEs less one without affinity routing; 0 where that is on.
    @inlinable public var cpuNumber: Int {
      get { Int(raw[7, 5]) }
      set { raw[7, 5] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[8]` ESPI: the extended SPI range is there.
    @inlinable public var espi: Bool {
      get { raw[bit: 8] }
      set { raw[bit: 8] = newValue }
    }

    /// `[9]` NMI: non-maskable interrupts are supported.
    @inlinable public var nmi: Bool {
      get { raw[bit: 9] }
      set { raw[bit: 9] = newValue }
    }

    /// `[10]` SecurityExtn: there are two Security states.
    @inlinable public var securityExtn: Bool {
      get { raw[bit: 10] }
      set { raw[bit: 10] = newValue }
    }

    /// `[15:11]` num_LPIs: 2^(N + 1) LPIs; 0 is as many as `idBits` says.
    @inlinable public var numLPIs: Int {
      get { Int(raw[15, 11]) }
      set { raw[15, 11] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[16]` MBIS: SPIs by message are supported.
    @inlinable public var mbis: Bool {
      get { raw[bit: 16] }
      set { raw[bit: 16] = newValue }
    }

    /// `[17]` LPIS: LPIs are supported.
    @inlinable public var lpis: Bool {
      get { raw[bit: 17] }
      set { raw[bit: 17] = newValue }
    }

    /// `[18]` DVIS: virtual LPIs are supported (GICv4).
    @inlinable public var dvis: Bool {
      get { raw[bit: 18] }
      set { raw[bit: 18] = newValue }
    }

    /// `[23:19]` IDbits + 1: width of an INTID.
    @inlinable public var idBits: Int {
      get { Int(raw[23, 19]) &+ 1 }
      set { raw[23, 19] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[24]` A3V: Aff3 may be other than 0.
    @inlinable public var a3v: Bool {
      get { raw[bit: 24] }
      set { raw[bit: 24] = newValue }
    }

    /// `[25]` No1N: 1 of N interrupts are not supported.
    @inlinable public var no1N: Bool {
      get { raw[bit: 25] }
      set { raw[bit: 25] = newValue }
    }

    /// `[26]` RSS: SGIs reach Aff0 up to 255, else up to 15.
    @inlinable public var rss: Bool {
      get { raw[bit: 26] }
      set { raw[bit: 26] = newValue }
    }

    /// `[31:27]` ESPI_range: N, where extended SPIs end at 32(N + 1) + 4095.
    @inlinable public var espiRange: Int {
      get { Int(raw[31, 27]) }
      set { raw[31, 27] = UInt64(truncatingIfNeeded: newValue) }
    }
  }

  /// `GICD_IIDR`, who made the distributor: offset 0x0008, 32 bits, read-only.
  /// - Source: Arm IHI 0069, "GICD_IIDR, Distributor Implementer Identification Register".
  @frozen public struct IIDR: Register {
    @inlinable public static var offset: Int { 0x0008 }
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

  /// `GICD_TYPER2`, what a GICv4.1 distributor can do: offset 0x000c, 32 bits, read-only. 0 before.
  /// - Source: Arm IHI 0069, "GICD_TYPER2, Interrupt Controller Type Register 2".
  @frozen public struct TYPER2: Register {
    @inlinable public static var offset: Int { 0x000c }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[4:0]` VID: width of a vPEID less one, where `vil` is 1.
    @inlinable public var vid: Int {
      get { Int(raw[4, 0]) }
      set { raw[4, 0] = UInt64(truncatingIfNeeded: newValue) }
    }

    /// `[7]` VIL: `vid` holds; where 0, a vPEID has 16 bits.
    @inlinable public var vil: Bool {
      get { raw[bit: 7] }
      set { raw[bit: 7] = newValue }
    }

    /// `[8]` nASSGIcap: SGIs without an active state are supported.
    @inlinable public var nASSGIcap: Bool {
      get { raw[bit: 8] }
      set { raw[bit: 8] = newValue }
    }
  }

  /// `GICD_STATUSR`, the access errors seen: offset 0x0010, 32 bits. A one clears its bit.
  /// Optional: where it is not implemented it is RAZ/WI.
  /// - Source: Arm IHI 0069, "GICD_STATUSR, Error Reporting Status Register".
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

  /// `GICD_SETSPI_NSR`, makes an SPI pending by message: offset 0x0040, 32 bits, write-only. Only
  /// where `GICD_TYPER.MBIS` is 1.
  /// - Source: Arm IHI 0069, "GICD_SETSPI_NSR, Set Non-secure SPI Pending Register".
  @frozen public struct SETSPI_NSR: Register {
    @inlinable public static var offset: Int { 0x0040 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[12:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[12, 0])) }
      set { raw[12, 0] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICD_CLRSPI_NSR`, makes an SPI not pending by message: offset 0x0048, 32 bits, write-only.
  /// Only where `GICD_TYPER.MBIS` is 1.
  /// - Source: Arm IHI 0069, "GICD_CLRSPI_NSR, Clear Non-secure SPI Pending Register".
  @frozen public struct CLRSPI_NSR: Register {
    @inlinable public static var offset: Int { 0x0048 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[12:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[12, 0])) }
      set { raw[12, 0] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICD_SETSPI_SR`, makes a Secure SPI pending: offset 0x0050, 32 bits, write-only. RES0 where
  /// there is one Security state.
  /// - Source: Arm IHI 0069, "GICD_SETSPI_SR, Set Secure SPI Pending Register".
  @frozen public struct SETSPI_SR: Register {
    @inlinable public static var offset: Int { 0x0050 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[12:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[12, 0])) }
      set { raw[12, 0] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICD_CLRSPI_SR`, makes a Secure SPI not pending: offset 0x0058, 32 bits, write-only. RES0
  /// where there is one Security state.
  /// - Source: Arm IHI 0069, "GICD_CLRSPI_SR, Clear Secure SPI Pending Register".
  @frozen public struct CLRSPI_SR: Register {
    @inlinable public static var offset: Int { 0x0058 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[12:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[12, 0])) }
      set { raw[12, 0] = UInt64(newValue.rawValue) }
    }
  }
}
