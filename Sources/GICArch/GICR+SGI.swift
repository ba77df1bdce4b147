// A redistributor's second frame (SGI_base): the SGIs and PPIs of its PE. As one Security state
// sees it.

extension GICR.SGI {
  /// `GICR_IGROUPR0`, the group of each: 1 is Group 1: offset 0x0080, 32 bits. Bit n is INTID n.
  /// - Source: Arm IHI 0069, "GICR_IGROUPR0, Interrupt Group Register 0".
  @frozen public struct IGROUPR0: Register {
    @inlinable public static var offset: Int { 0x0080 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ISENABLER0`, enables: a one sets, a zero does nothing: offset 0x0100, 32 bits. Bit n is
  /// INTID n.
  /// - Source: Arm IHI 0069, "GICR_ISENABLER0, Interrupt Set-Enable Register 0".
  @frozen public struct ISENABLER0: Register {
    @inlinable public static var offset: Int { 0x0100 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ICENABLER0`, disables: a one clears, a zero does nothing: offset 0x0180, 32 bits. Bit n
  /// is INTID n.
  /// - Source: Arm IHI 0069, "GICR_ICENABLER0, Interrupt Clear-Enable Register 0".
  @frozen public struct ICENABLER0: Register {
    @inlinable public static var offset: Int { 0x0180 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ISPENDR0`, makes pending: a one sets, a zero does nothing: offset 0x0200, 32 bits. Bit n
  /// is INTID n.
  /// - Source: Arm IHI 0069, "GICR_ISPENDR0, Interrupt Set-Pending Register 0".
  @frozen public struct ISPENDR0: Register {
    @inlinable public static var offset: Int { 0x0200 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ICPENDR0`, makes not pending: a one clears, a zero does nothing: offset 0x0280, 32 bits.
  /// Bit n is INTID n.
  /// - Source: Arm IHI 0069, "GICR_ICPENDR0, Interrupt Clear-Pending Register 0".
  @frozen public struct ICPENDR0: Register {
    @inlinable public static var offset: Int { 0x0280 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ISACTIVER0`, makes active: a one sets, a zero does nothing: offset 0x0300, 32 bits. Bit
  /// n is INTID n.
  /// - Source: Arm IHI 0069, "GICR_ISACTIVER0, Interrupt Set-Active Register 0".
  @frozen public struct ISACTIVER0: Register {
    @inlinable public static var offset: Int { 0x0300 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ICACTIVER0`, makes not active: a one clears, a zero does nothing: offset 0x0380, 32
  /// bits. Bit n is INTID n.
  /// - Source: Arm IHI 0069, "GICR_ICACTIVER0, Interrupt Clear-Active Register 0".
  @frozen public struct ICACTIVER0: Register {
    @inlinable public static var offset: Int { 0x0380 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_IPRIORITYR`, the priorities: offset 0x0400 + 4 x n for n below 8, 32 bits each. Byte m
  /// of register n is INTID 4n + m. How many of its bits are there is the machine's business.
  /// - Source: Arm IHI 0069, "GICR_IPRIORITYR, Interrupt Priority Registers".
  @frozen public struct IPRIORITYR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0400 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 8 }
    @inlinable public static var bitsPerInterrupt: Int { 8 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ICFGR0`, the SGIs' trigger: offset 0x0c00, 32 bits. All are edge-triggered.
  /// - Source: Arm IHI 0069, "GICR_ICFGR0, Interrupt Configuration Register 0".
  @frozen public struct ICFGR0: Register {
    @inlinable public static var offset: Int { 0x0c00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { 0 }
    @inlinable public static var reset: UInt64 { 0xaaaa_aaaa }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_ICFGR1`, the PPIs' trigger: offset 0x0c04, 32 bits. Bit 2m + 1 is INTID 16 + m: 1 is
  /// edge-triggered, 0 is level-sensitive.
  /// - Source: Arm IHI 0069, "GICR_ICFGR1, Interrupt Configuration Register 1".
  @frozen public struct ICFGR1: Register {
    @inlinable public static var offset: Int { 0x0c04 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { 0xaaaa_aaaa }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_IGRPMODR0`, the Secure Group 1 modifier: offset 0x0d00, 32 bits. RES0 where there is one
  /// Security state.
  /// - Source: Arm IHI 0069, "GICR_IGRPMODR0, Interrupt Group Modifier Register 0".
  @frozen public struct IGRPMODR0: Register {
    @inlinable public static var offset: Int { 0x0d00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICR_NSACR`, what Non-secure software may do: offset 0x0e00, 32 bits. RES0 where there is one
  /// Security state.
  /// - Source: Arm IHI 0069, "GICR_NSACR, Non-secure Access Control Register".
  @frozen public struct NSACR: Register {
    @inlinable public static var offset: Int { 0x0e00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }
}
