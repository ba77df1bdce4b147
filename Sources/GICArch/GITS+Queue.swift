// The ITS's doors: the command queue's registers, and the doorbell to which devices write.

extension GITS {
  /// `GITS_CBASER`, the command queue's place and length: offset 0x0080, 64 bits. That a write also
  /// zeroes CREADR is the register file's business.
  /// - Source: Arm IHI 0069, "GITS_CBASER, ITS Command Queue Descriptor".
  @frozen public struct CBASER: Register {
    @inlinable public static var offset: Int { 0x0080 }
    @inlinable public static var writable: UInt64 {
      .ones(63, 63) | .ones(61, 59) | .ones(55, 53) | .ones(11, 10) | .ones(51, 12) | .ones(7, 0)
    }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[63]` Valid: memory is allocated for the queue.
    @inlinable public var valid: Bool {
      get { raw[bit: 63] }
      set { raw[bit: 63] = newValue }
    }

    /// `[61:59]` InnerCache.
    @inlinable public var innerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[61, 59])) }
      set { raw[61, 59] = UInt64(newValue.rawValue) }
    }

    /// `[55:53]` OuterCache: 0 is the same as inner.
    @inlinable public var outerCache: Cacheability {
      get { Cacheability(rawValue: UInt8(truncatingIfNeeded: raw[55, 53])) }
      set { raw[55, 53] = UInt64(newValue.rawValue) }
    }

    /// `[11:10]` Shareability.
    @inlinable public var shareability: Shareability {
      get { Shareability(rawValue: UInt8(truncatingIfNeeded: raw[11, 10])) }
      set { raw[11, 10] = UInt64(newValue.rawValue) }
    }

    /// `[51:12]` First byte of the queue, 4 KiB aligned; [15:12] may be taken as 0.
    @inlinable public var physicalAddress: PhysicalAddress {
      get { raw & .ones(51, 12) }
      set { raw[51, 12] = newValue[51, 12] }
    }

    /// `[7:0]` Size + 1: pages of 4 KiB, 1 through 256.
    @inlinable public var pageCount: Int {
      get { Int(raw[7, 0]) &+ 1 }
      set { raw[7, 0] = UInt64(truncatingIfNeeded: newValue &- 1) }
    }

    /// Length of the queue in bytes: 4 KiB through 1 MiB.
    @inlinable public var byteCount: Int { pageCount &<< 12 }
  }

  /// `GITS_CWRITER`, where software writes the next command: offset 0x0088, 64 bits. Retry is
  /// write-only: look for it in what is written.
  /// - Source: Arm IHI 0069, "GITS_CWRITER, ITS Write Register".
  @frozen public struct CWRITER: Register {
    @inlinable public static var offset: Int { 0x0088 }
    @inlinable public static var writable: UInt64 { .ones(19, 5) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Retry: a write of 1 restarts a stalled queue.
    @inlinable public var retry: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[19:5]` Offset, in bytes from the start of the queue; a multiple of 32.
    @inlinable public var queueOffset: Int {
      get { Int(raw & .ones(19, 5)) }
      set { raw[19, 5] = UInt64(truncatingIfNeeded: newValue)[19, 5] }
    }
  }

  /// `GITS_CREADR`, where the ITS reads the next command: offset 0x0090, 64 bits, read-only.
  /// - Source: Arm IHI 0069, "GITS_CREADR, ITS Read Register".
  @frozen public struct CREADR: Register {
    @inlinable public static var offset: Int { 0x0090 }
    @inlinable public static var access: RegisterAccess { .readOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[0]` Stalled: a command error has stopped the queue.
    @inlinable public var stalled: Bool {
      get { raw[bit: 0] }
      set { raw[bit: 0] = newValue }
    }

    /// `[19:5]` Offset, in bytes from the start of the queue; a multiple of 32.
    @inlinable public var queueOffset: Int {
      get { Int(raw & .ones(19, 5)) }
      set { raw[19, 5] = UInt64(truncatingIfNeeded: newValue)[19, 5] }
    }
  }

  /// `GITS_TRANSLATER`, the doorbell: offset 0x0040, 32 bits, write-only. Offset from the
  /// *translation* frame. A 16-bit write is allowed too and is zero-extended. The DeviceID comes
  /// beside the write.
  /// - Source: Arm IHI 0069, "GITS_TRANSLATER, ITS Translation Register".
  @frozen public struct TRANSLATER: Register {
    @inlinable public static var offset: Int { 0x0040 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31:0]` EventID.
    @inlinable public var eventID: EventID {
      get { EventID(rawValue: UInt32(truncatingIfNeeded: raw[31, 0])) }
      set { raw[31, 0] = UInt64(newValue.rawValue) }
    }

    /// Offset of the doorbell from the control frame, in bytes: what is added to an ITS's base.
    @inlinable public static var offsetFromControlFrame: Int { GITS.translationFrame + offset }
  }
}
