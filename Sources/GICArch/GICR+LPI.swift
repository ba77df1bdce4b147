// A redistributor's LPI registers: where its tables lie, and the doors for those who have no ITS.

extension GICR {
  /// `GICR_SETLPIR`, makes an LPI pending: offset 0x0040, 64 bits, write-only. Only where
  /// `GICR_TYPER.DirectLPI` is 1.
  /// - Source: Arm IHI 0069, "GICR_SETLPIR, Set LPI Pending Register".
  @frozen public struct SETLPIR: Register {
    @inlinable public static var offset: Int { 0x0040 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:0]` pINTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[31, 0])) }
      set { raw[31, 0] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICR_CLRLPIR`, makes an LPI not pending: offset 0x0048, 64 bits, write-only. Only where
  /// `GICR_TYPER.DirectLPI` is 1.
  /// - Source: Arm IHI 0069, "GICR_CLRLPIR, Clear LPI Pending Register".
  @frozen public struct CLRLPIR: Register {
    @inlinable public static var offset: Int { 0x0048 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:0]` pINTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[31, 0])) }
      set { raw[31, 0] = UInt64(newValue.rawValue) }
    }
  }

  /// `GICR_PROPBASER`, the LPI configuration table's place and length: offset 0x0070, 64 bits. It
  /// may not change while EnableLPIs is 1.
  /// - Source: Arm IHI 0069, "GICR_PROPBASER, Redistributor Properties Base Address Register".
  @frozen public struct PROPBASER: Register {
    @inlinable public static var offset: Int { 0x0070 }
    @inlinable public static var writable: UInt64 {
      .ones(4, 0) | .ones(9, 7) | .ones(58, 56) | .ones(11, 10) | .ones(51, 12)
    }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[4:0]` IDbits + 1: width of an INTID; below 14 there are no LPIs.
    @inlinable public var idBits: Int {
      get { Int(raw[4, 0]) &+ 1 }
      set { raw[4, 0] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// `[9:7]` InnerCache.
    @inlinable public var innerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[9, 7])) }
      set { raw[9, 7] = UInt64(newValue.rawValue) }
    }

    /// `[58:56]` OuterCache: 0 is the same as inner.
    @inlinable public var outerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[58, 56])) }
      set { raw[58, 56] = UInt64(newValue.rawValue) }
    }

    /// `[11:10]` Shareability.
    @inlinable public var shareability: Shareability {
      get { Shareability(rawValue: UInt8(truncatingIfNeeded: raw[11, 10])) }
      set { raw[11, 10] = UInt64(newValue.rawValue) }
    }

    /// `[51:12]` The byte of LPI 8192, 4 KiB aligned.
    @inlinable public var physicalAddress: PhysicalAddress {
      get { raw & .ones(51, 12) }
      set { raw[51, 12] = newValue[51, 12] }
    }
  }

  /// `GICR_PENDBASER`, the LPI pending table's place: offset 0x0078, 64 bits. It may not change
  /// while EnableLPIs is 1. PTZ is write-only: look for it in what is written.
  /// - Source: Arm IHI 0069, "GICR_PENDBASER, Redistributor LPI Pending Table Base Address
  /// Register".
  @frozen public struct PENDBASER: Register {
    @inlinable public static var offset: Int { 0x0078 }
    @inlinable public static var writable: UInt64 {
      .ones(9, 7) | .ones(58, 56) | .ones(11, 10) | .ones(51, 16)
    }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[9:7]` InnerCache.
    @inlinable public var innerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[9, 7])) }
      set { raw[9, 7] = UInt64(newValue.rawValue) }
    }

    /// `[58:56]` OuterCache: 0 is the same as inner.
    @inlinable public var outerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[58, 56])) }
      set { raw[58, 56] = UInt64(newValue.rawValue) }
    }

    /// `[11:10]` Shareability.
    @inlinable public var shareability: Shareability {
      get { Shareability(rawValue: UInt8(truncatingIfNeeded: raw[11, 10])) }
      set { raw[11, 10] = UInt64(newValue.rawValue) }
    }

    /// `[51:16]` The byte of INTID 0, 64 KiB aligned; LPI 8192 is 1 KiB further.
    @inlinable public var physicalAddress: PhysicalAddress {
      get { raw & .ones(51, 16) }
      set { raw[51, 16] = newValue[51, 16] }
    }

    /// `[62]` PTZ: the table is all zeros when EnableLPIs is set.
    @inlinable public var ptz: Bool {
      get { raw[bit: 62] }
      set { raw[bit: 62] = newValue }
    }
  }

  /// `GICR_INVLPIR`, re-reads the configuration of one LPI: offset 0x00a0, 64 bits, write-only.
  /// Only where `GICR_CTLR.IR` or `GICR_TYPER.DirectLPI` is 1.
  /// - Source: Arm IHI 0069, "GICR_INVLPIR, Redistributor Invalidate LPI Register".
  @frozen public struct INVLPIR: Register {
    @inlinable public static var offset: Int { 0x00a0 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[31, 0])) }
      set { raw[31, 0] = UInt64(newValue.rawValue) }
    }

    /// `[47:32]` vPEID (GICv4.1).
    @inlinable public var vpe: VPEID {
      get { VPEID(rawValue: UInt16(truncatingIfNeeded: raw[47, 32])) }
      set { raw[47, 32] = UInt64(newValue.rawValue) }
    }

    /// `[63]` V: the LPI is virtual (GICv4.1).
    @inlinable public var virtual: Bool {
      get { raw[bit: 63] }
      set { raw[bit: 63] = newValue }
    }
  }

  /// `GICR_INVALLR`, re-reads the configuration of all LPIs: offset 0x00b0, 64 bits, write-only.
  /// Only where `GICR_CTLR.IR` or `GICR_TYPER.DirectLPI` is 1.
  /// - Source: Arm IHI 0069, "GICR_INVALLR, Redistributor Invalidate All Register".
  @frozen public struct INVALLR: Register {
    @inlinable public static var offset: Int { 0x00b0 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[47:32]` vPEID (GICv4.1).
    @inlinable public var vpe: VPEID {
      get { VPEID(rawValue: UInt16(truncatingIfNeeded: raw[47, 32])) }
      set { raw[47, 32] = UInt64(newValue.rawValue) }
    }

    /// `[63]` V: the LPIs are virtual (GICv4.1).
    @inlinable public var virtual: Bool {
      get { raw[bit: 63] }
      set { raw[bit: 63] = newValue }
    }
  }

  /// `GICR_SYNCR`, tells whether an invalidation is under way: offset 0x00c0, 32 bits, read-only.
  /// - Source: Arm IHI 0069, "GICR_SYNCR, Redistributor Synchronize Register".
  @frozen public struct SYNCR: Register {
    @inlinable public static var offset: Int { 0x00c0 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Busy.
    @inlinable public var busy: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }
  }
}
