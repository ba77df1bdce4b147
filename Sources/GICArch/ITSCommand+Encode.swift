// Commands back into queue entries: for drivers in tests, generators of load, and listings.

extension QueueEntry {
  /// Encodes `command`, with every RES0 bit 0. Decoding the entry gives the command back, if its
  /// values fit their fields; those that do not are cut to them.
  /// - Source: Arm IHI 0069, "ITS commands".
  public init(_ command: ITSCommand) {
    let opcode = UInt64(command.opcode.rawValue)
    switch command {
    case .movi(let device, let event, let collection), .mapi(let device, let event, let collection):
      self.init(
        opcode | UInt64(device.rawValue) &<< 32, UInt64(event.rawValue),
        UInt64(collection.rawValue))
    case .mapti(let device, let event, let lpi, let collection):
      self.init(
        opcode | UInt64(device.rawValue) &<< 32,
        UInt64(event.rawValue) | UInt64(lpi.rawValue) &<< 32, UInt64(collection.rawValue))
    case .int(let device, let event), .clear(let device, let event),
      .inv(let device, let event), .discard(let device, let event):
      self.init(opcode | UInt64(device.rawValue) &<< 32, UInt64(event.rawValue))
    case .mapd(let device, let itt):
      self.init(
        opcode | UInt64(device.rawValue) &<< 32,
        itt.map { UInt64(truncatingIfNeeded: $0.eventIDBits &- 1)[4, 0] } ?? 0,
        itt.map { 1 &<< 63 | $0.base & .ones(51, 8) } ?? 0)
    case .mapc(let collection, let target):
      self.init(
        opcode, 0, UInt64(collection.rawValue) | (target.map { 1 &<< 63 | $0.field } ?? 0))
    case .invall(let collection): self.init(opcode, 0, UInt64(collection.rawValue))
    case .sync(let target): self.init(opcode, 0, target.field)
    case .movall(let from, let to): self.init(opcode, 0, from.field, to.field)
    }
  }
}

extension RDbase {
  /// The target where the commands carry it: [51:16].
  fileprivate var field: UInt64 { rawValue[35, 0] &<< 16 }
}

extension ITSCommand {
  /// Which command this is.
  @inlinable public var opcode: Opcode {
    switch self {
    case .movi: .movi
    case .int: .int
    case .clear: .clear
    case .sync: .sync
    case .mapd: .mapd
    case .mapc: .mapc
    case .mapti: .mapti
    case .mapi: .mapi
    case .inv: .inv
    case .invall: .invall
    case .movall: .movall
    case .discard: .discard
    }
  }
}

extension ITSCommand.Opcode {
  /// As the manual prints it: "MAPD".
  public var name: String { "\(self)".uppercased() }
}
