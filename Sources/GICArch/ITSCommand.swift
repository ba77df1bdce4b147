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
  }

  /// Decodes one queue entry. RES0 bits are ignored.
  /// - Returns: nil for an opcode that no GICv3 command has; the queue decides what that costs.
  /// - Source: Arm IHI 0069, "ITS commands".
  @inlinable public init?(decoding entry: QueueEntry) {
    let device = DeviceID(rawValue: UInt32(truncatingIfNeeded: entry.dw0 &>> 32))
    let event = EventID(rawValue: UInt32(truncatingIfNeeded: entry.dw1))
    let collection = ICID(rawValue: UInt16(truncatingIfNeeded: entry.dw2))
    let valid = entry.dw2[bit: 63]
    switch entry.opcode {
    case 0x01: self = .movi(device, event, collection)
    case 0x03: self = .int(device, event)
    case 0x04: self = .clear(device, event)
    case 0x05: self = .sync(RDbase(rawValue: entry.dw2[51, 16]))
    case 0x08:
      let itt = ITT(base: entry.dw2[51, 8] &<< 8, eventIDBits: Int(entry.dw1[4, 0]) &+ 1)
      self = .mapd(device, valid ? itt : nil)
    case 0x09: self = .mapc(collection, valid ? RDbase(rawValue: entry.dw2[51, 16]) : nil)
    case 0x0a:
      let lpi = INTID(rawValue: UInt32(truncatingIfNeeded: entry.dw1 &>> 32))
      self = .mapti(device, event, lpi, collection)
    case 0x0b: self = .mapi(device, event, collection)
    case 0x0c: self = .inv(device, event)
    case 0x0d: self = .invall(collection)
    case 0x0e:
      self = .movall(
        from: RDbase(rawValue: entry.dw2[51, 16]), to: RDbase(rawValue: entry.dw3[51, 16]))
    case 0x0f: self = .discard(device, event)
    default: return nil
    }
  }
}
