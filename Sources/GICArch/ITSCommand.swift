// The ITS commands as the architecture writes them. What the guest cannot mean has no case.

/// One slot of the command queue: 32 bytes as four little-endian doublewords.
@frozen public struct QueueEntry: Equatable, Sendable {
  public var dw0: UInt64
  public var dw1: UInt64
  public var dw2: UInt64
  public var dw3: UInt64
  @inlinable public init(_ dw0: UInt64, _ dw1: UInt64 = 0, _ dw2: UInt64 = 0, _ dw3: UInt64 = 0) {
    (self.dw0, self.dw1, self.dw2, self.dw3) = (dw0, dw1, dw2, dw3)
  }
  /// Size of a slot in the queue, in bytes.
  @inlinable public static var byteCount: Int { 32 }
  /// `DW0[7:0]`: which command this is.
  @inlinable public var opcode: UInt8 { UInt8(truncatingIfNeeded: dw0) }
}

/// An interrupt translation table, as MAPD names it.
@frozen public struct ITT: Equatable, Sendable {
  /// First byte; 256-byte aligned, bits [51:8].
  public var base: PhysicalAddress
  /// Width of the EventIDs that it holds: `Size` + 1, so 1 through 32.
  public var eventIDBits: Int
  @inlinable public init(base: PhysicalAddress, eventIDBits: Int) {
    (self.base, self.eventIDBits) = (base, eventIDBits)
  }
}

/// A physical command of a GICv3 ITS, decoded. The GICv4 commands come as further cases.
/// - Source: Arm IHI 0069, "ITS commands".
@frozen public enum ITSCommand: Equatable, Sendable {
  /// `target` nil is V = 0: unmap.
  case mapc(ICID, RDbase?)
  /// `itt` nil is V = 0: unmap.
  case mapd(DeviceID, ITT?)
  case mapti(DeviceID, EventID, INTID, ICID)
  /// The INTID is the EventID.
  case mapi(DeviceID, EventID, ICID)
  case movi(DeviceID, EventID, ICID)
  case movall(from: RDbase, to: RDbase)
  case discard(DeviceID, EventID)
  case clear(DeviceID, EventID)
  case int(DeviceID, EventID)
  case inv(DeviceID, EventID)
  case invall(ICID)
  case sync(RDbase)
}

extension ITSCommand {
  /// `DW0[7:0]` of each physical command.
  /// - Source: Arm IHI 0069, "ITS command encodings".
  @frozen public enum Opcode: UInt8, CaseIterable, Sendable {
    case movi = 0x01
    case int = 0x03
    case clear = 0x04
    case sync = 0x05
    case mapd = 0x08
    case mapc = 0x09
    case mapti = 0x0a
    case mapi = 0x0b
    case inv = 0x0c
    case invall = 0x0d
    case movall = 0x0e
    case discard = 0x0f

    /// Written out, because what the compiler writes itself is not inlined into a large loop.
    /// - Returns: nil for an opcode that no GICv3 command has.
    @inlinable @inline(always) public init?(rawValue: UInt8) {
      switch rawValue {
      case 0x01: self = .movi
      case 0x03: self = .int
      case 0x04: self = .clear
      case 0x05: self = .sync
      case 0x08: self = .mapd
      case 0x09: self = .mapc
      case 0x0a: self = .mapti
      case 0x0b: self = .mapi
      case 0x0c: self = .inv
      case 0x0d: self = .invall
      case 0x0e: self = .movall
      case 0x0f: self = .discard
      default: return nil
      }
    }
  }

  /// Decodes one queue entry. RES0 bits are ignored.
  /// - Returns: nil for an opcode that no GICv3 command has; the queue decides what that costs.
  /// - Source: Arm IHI 0069, "ITS commands".
  @inlinable public init?(decoding entry: QueueEntry) {
    switch Opcode(rawValue: entry.opcode) {
    case .movi: self = .movi(entry.device, entry.event, entry.collection)
    case .int: self = .int(entry.device, entry.event)
    case .clear: self = .clear(entry.device, entry.event)
    case .sync: self = .sync(entry.target)
    case .mapd: self = .mapd(entry.device, entry.itt)
    case .mapc: self = .mapc(entry.collection, entry.valid ? entry.target : nil)
    case .mapti: self = .mapti(entry.device, entry.event, entry.intid, entry.collection)
    case .mapi: self = .mapi(entry.device, entry.event, entry.collection)
    case .inv: self = .inv(entry.device, entry.event)
    case .invall: self = .invall(entry.collection)
    case .movall: self = .movall(from: entry.target, to: entry.secondTarget)
    case .discard: self = .discard(entry.device, entry.event)
    case nil: return nil
    }
  }
}

/// The fields of a queue entry, each where the commands that have it carry it.
/// - Source: Arm IHI 0069, "ITS command encodings".
extension QueueEntry {
  /// `DW0[63:32]`.
  @inlinable public var device: DeviceID {
    DeviceID(rawValue: UInt32(truncatingIfNeeded: dw0 &>> 32))
  }
  /// `DW1[31:0]`.
  @inlinable public var event: EventID { EventID(rawValue: UInt32(truncatingIfNeeded: dw1)) }
  /// `DW1[63:32]`: pINTID.
  @inlinable public var intid: INTID {
    INTID(rawValue: UInt32(truncatingIfNeeded: dw1 &>> 32))
  }
  /// `DW2[15:0]`.
  @inlinable public var collection: ICID { ICID(rawValue: UInt16(truncatingIfNeeded: dw2)) }
  /// `DW2[63]`: V of MAPC and MAPD.
  @inlinable public var valid: Bool { dw2[bit: 63] }
  /// `DW2[51:8]` and Size, `DW1[4:0]`; nil with V = 0.
  @inlinable public var itt: ITT? {
    guard valid else { return nil }
    return ITT(base: dw2[51, 8] &<< 8, eventIDBits: Int(dw1[4, 0]) &+ 1)
  }
  /// `DW2[51:16]`: RDbase, of MOVALL the first.
  @inlinable public var target: RDbase { RDbase(rawValue: dw2[51, 16]) }
  /// `DW3[51:16]`: the second RDbase of MOVALL.
  @inlinable public var secondTarget: RDbase { RDbase(rawValue: dw3[51, 16]) }
}
