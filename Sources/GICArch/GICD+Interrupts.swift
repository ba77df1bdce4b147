// The distributor's registers of single interrupts: arrays that INTIDs index.

extension GICD {
  /// `GICD_IGROUPR<n>`, the group of each: 1 is Group 1: offset 0x0080 + 4 x n for n below 32, 32
  /// bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_IGROUPR<n>, Interrupt Group Registers".
  @frozen public struct IGROUPR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0080 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ISENABLER<n>`, enables: a one sets, a zero does nothing: offset 0x0100 + 4 x n for n
  /// below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ISENABLER<n>, Interrupt Set-Enable Registers".
  @frozen public struct ISENABLER: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0100 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ICENABLER<n>`, disables: a one clears, a zero does nothing: offset 0x0180 + 4 x n for n
  /// below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ICENABLER<n>, Interrupt Clear-Enable Registers".
  @frozen public struct ICENABLER: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0180 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ISPENDR<n>`, makes pending: a one sets, a zero does nothing: offset 0x0200 + 4 x n for n
  /// below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ISPENDR<n>, Interrupt Set-Pending Registers".
  @frozen public struct ISPENDR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0200 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ICPENDR<n>`, makes not pending: a one clears, a zero does nothing: offset 0x0280 + 4 x n
  /// for n below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ICPENDR<n>, Interrupt Clear-Pending Registers".
  @frozen public struct ICPENDR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0280 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ISACTIVER<n>`, makes active: a one sets, a zero does nothing: offset 0x0300 + 4 x n for
  /// n below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ISACTIVER<n>, Interrupt Set-Active Registers".
  @frozen public struct ISACTIVER: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0300 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ICACTIVER<n>`, makes not active: a one clears, a zero does nothing: offset 0x0380 + 4 x
  /// n for n below 32, 32 bits each. Bit m of register n is INTID 32n + m.
  /// - Source: Arm IHI 0069, "GICD_ICACTIVER<n>, Interrupt Clear-Active Registers".
  @frozen public struct ICACTIVER: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0380 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_IPRIORITYR<n>`, the priorities: offset 0x0400 + 4 x n for n below 255, 32 bits each.
  /// Byte m of register n is INTID 4n + m. How many of its bits are there is the machine's
  /// business.
  /// - Source: Arm IHI 0069, "GICD_IPRIORITYR<n>, Interrupt Priority Registers".
  @frozen public struct IPRIORITYR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0400 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 255 }
    @inlinable public static var bitsPerInterrupt: Int { 8 }
    @inlinable public static var writable: UInt64 { .ones(31, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ITARGETSR<n>`, the targets without affinity routing: offset 0x0800 + 4 x n for n below
  /// 255, 32 bits each. RES0 where that is on, as here.
  /// - Source: Arm IHI 0069, "GICD_ITARGETSR<n>, Interrupt Processor Targets Registers".
  @frozen public struct ITARGETSR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0800 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 255 }
    @inlinable public static var bitsPerInterrupt: Int { 8 }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_ICFGR<n>`, the triggers: offset 0x0c00 + 4 x n for n below 64, 32 bits each. Bit 2m + 1
  /// of register n is INTID 16n + m: 1 is edge-triggered, 0 is level-sensitive.
  /// - Source: Arm IHI 0069, "GICD_ICFGR<n>, Interrupt Configuration Registers".
  @frozen public struct ICFGR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0c00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 64 }
    @inlinable public static var bitsPerInterrupt: Int { 2 }
    @inlinable public static var writable: UInt64 { 0xaaaa_aaaa }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_IGRPMODR<n>`, the Secure Group 1 modifiers: offset 0x0d00 + 4 x n for n below 32, 32
  /// bits each. RES0 where there is one Security state.
  /// - Source: Arm IHI 0069, "GICD_IGRPMODR<n>, Interrupt Group Modifier Registers".
  @frozen public struct IGRPMODR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0d00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 32 }
    @inlinable public static var bitsPerInterrupt: Int { 1 }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_NSACR<n>`, what Non-secure software may do: offset 0x0e00 + 4 x n for n below 64, 32
  /// bits each. RES0 where there is one Security state.
  /// - Source: Arm IHI 0069, "GICD_NSACR<n>, Non-secure Access Control Registers".
  @frozen public struct NSACR: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x0e00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var count: Int { 64 }
    @inlinable public static var bitsPerInterrupt: Int { 2 }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }
  }

  /// `GICD_SGIR`, sends an SGI without affinity routing: offset 0x0f00, 32 bits, write-only. RES0
  /// where that is on, as here.
  /// - Source: Arm IHI 0069, "GICD_SGIR, Software Generated Interrupt Register".
  @frozen public struct SGIR: Register {
    @inlinable public static var offset: Int { 0x0f00 }
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var access: RegisterAccess { .writeOnly }
    @inlinable public static var writable: UInt64 { 0 }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[3:0]` INTID.
    @inlinable public var intid: INTID {
      get { INTID(rawValue: UInt32(truncatingIfNeeded: raw[3, 0])) }
      set { raw[3, 0] = UInt64(newValue.rawValue) }
    }

    /// `[23:16]` CPUTargetList.
    @inlinable public var targetList: UInt8 {
      get { UInt8(truncatingIfNeeded: raw[23, 16]) }
      set { raw[23, 16] = UInt64(newValue) }
    }

    /// `[25:24]` TargetListFilter: 0 the list, 1 all but self, 2 self.
    @inlinable public var targetListFilter: Int {
      get { Int(raw[25, 24]) }
      set { raw[25, 24] = UInt64(truncatingIfNeeded: newValue) }
    }
  }

  /// `GICD_IROUTER<n>`, the targets: offset 0x6000 + 8 x n for n below 1020, 64 bits each. Register
  /// n is INTID n; the first is 32. Interrupt_Routing_Mode is RES0 where `GICD_TYPER.No1N` is 1.
  /// - Source: Arm IHI 0069, "GICD_IROUTER<n>, Interrupt Routing Registers".
  @frozen public struct IROUTER: InterruptRegisterArray {
    @inlinable public static var offset: Int { 0x6000 }
    @inlinable public static var count: Int { 1020 }
    @inlinable public static var bitsPerInterrupt: Int { 64 }
    @inlinable public static var writable: UInt64 { .ones(39, 32) | .ones(31, 31) | .ones(23, 0) }
    public var raw: UInt64
    @inlinable public init(raw: UInt64) { self.raw = raw }

    /// `[31]` Interrupt_Routing_Mode: any participating PE may take it (1 of N).
    @inlinable public var anyPE: Bool {
      get { raw[bit: 31] }
      set { raw[bit: 31] = newValue }
    }

    /// `[39:32]` Aff3, `[23:0]` Aff2, Aff1, Aff0: the one target where `anyPE` is false.
    @inlinable public var affinity: Affinity {
      get { Affinity(mpidr: raw) }
      set { raw = raw & .ones(31, 31) | newValue.mpidr }
    }
  }
}
