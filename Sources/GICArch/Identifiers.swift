// The architecture's identifiers, each a type of its own: a DeviceID is never an EventID, and of
// the five names that a PE has (index, Processor_Number, affinity, frame, connection) none is
// another.

/// A guest physical address, in bytes.
public typealias PhysicalAddress = UInt64

/// Names the device that writes `GITS_TRANSLATER`; up to 32 bits (`GITS_TYPER.Devbits` + 1).
/// - Source: Arm IHI 0069, "The ITS, terms".
@frozen public struct DeviceID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static func < (a: DeviceID, b: DeviceID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { "0x" + String(rawValue, radix: 16) }
}

/// Names an interrupt of one device; up to 32 bits (`GITS_TYPER.ID_bits` + 1).
/// - Source: Arm IHI 0069, "The ITS, terms".
@frozen public struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static func < (a: EventID, b: EventID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { "0x" + String(rawValue, radix: 16) }
}

/// Names a collection: a set of interrupts that share a target; 16 bits in the commands.
/// - Source: Arm IHI 0069, "The ITS, collections".
@frozen public struct ICID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  @inlinable public static func < (a: ICID, b: ICID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { "0x" + String(rawValue, radix: 16) }
}

/// An interrupt number. The architecture's ranges are properties: no caller compares numbers.
/// - Source: Arm IHI 0069, "INTIDs", table of INTID ranges.
@frozen public struct INTID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static func < (a: INTID, b: INTID) -> Bool { a.rawValue < b.rawValue }

  /// 1023: what an acknowledge returns when nothing is there to be acknowledged.
  @inlinable public static var spurious: INTID { INTID(rawValue: 1023) }
  /// 8192: the first LPI.
  @inlinable public static var firstLPI: INTID { INTID(rawValue: 8192) }

  @inlinable public var isSGI: Bool { rawValue < 16 }
  @inlinable public var isPPI: Bool { rawValue >= 16 && rawValue < 32 }
  /// SGI or PPI: private to a PE, banked in its redistributor.
  @inlinable public var isPrivate: Bool { rawValue < 32 }
  @inlinable public var isSPI: Bool { rawValue >= 32 && rawValue < 1020 }
  /// 1020 through 1023: special, never a source of interrupts.
  @inlinable public var isSpecial: Bool { rawValue >= 1020 && rawValue < 1024 }
  @inlinable public var isLPI: Bool { rawValue >= 8192 }
  public var description: String { String(rawValue) }
}

/// Names a virtual PE. GICv3 has none: the place is kept for the GICv4 vocabulary.
/// - Source: Arm IHI 0069, "GICv4, vPEID".
@frozen public struct VPEID: Hashable, Sendable {
  public var rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// What MAPC and SYNC name as their target, as the command carries it in DW2[50:16]: a
/// Processor_Number when `GITS_TYPER.PTA` is 0, bits [51:16] of a redistributor's address when 1.
/// - Source: Arm IHI 0069, "MAPC" and "GITS_TYPER.PTA".
@frozen public struct RDbase: Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The dense index of a PE inside one machine, from 0. Never shown outside the process.
@frozen public struct PEIndex: Hashable, Comparable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public init(_ index: Int) { rawValue = UInt32(truncatingIfNeeded: index) }
  @inlinable public var index: Int { Int(rawValue) }
  @inlinable public static func < (a: PEIndex, b: PEIndex) -> Bool { a.rawValue < b.rawValue }
}

/// `GICR_TYPER.Processor_Number`; a hypervisor's vcpu_id.
@frozen public struct ProcessorNumber: Hashable, Sendable {
  public var rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// A PE's affinity, Aff3.Aff2.Aff1.Aff0, one byte each, Aff3 highest: `GICR_TYPER[63:32]`.
@frozen public struct Affinity: Hashable, Sendable, CustomStringConvertible {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// From `MPIDR_EL1`: Aff3 in bits [39:32], Aff2 through Aff0 in bits [23:0].
  @inlinable public init(mpidr: UInt64) {
    rawValue = UInt32(mpidr[39, 32] &<< 24 | mpidr[23, 0])
  }
  @inlinable public var mpidr: UInt64 {
    UInt64(rawValue)[31, 24] &<< 32 | UInt64(rawValue)[23, 0]
  }
  @inlinable public var aff0: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
  /// Aff3.Aff2.Aff1: what ICC_SGI1R names beside its target list.
  @inlinable public var cluster: UInt32 { rawValue &>> 8 }
  public var description: String {
    "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
  }
}
