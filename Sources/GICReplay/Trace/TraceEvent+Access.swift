import GICArch
import GICModel

extension TraceEvent {
  /// What a client does to the machine for this event; nil for memory and observations.
  func access(_ header: TraceHeader, cycle: UInt64 = Access.untimed) -> Access? {
    let pe = UInt32(who < 0 ? 0 : who)
    func register(_ operation: Access.Operation, _ frame: PhysicalAddress) -> Access {
      Access(
        operation, size: size, source: pe, address: frame &+ a,
        data: operation == .write ? b : 0, cycle: cycle)
    }
    func system(_ operation: Access.Operation, _ key: SystemRegister, _ value: UInt64) -> Access {
      Access(
        operation, size: 8, source: pe, address: UInt64(key.rawValue), data: value, cycle: cycle)
    }
    switch operation {
    case .msi:
      return Access(.msi, source: UInt32(truncatingIfNeeded: a), data: b, cycle: cycle)
    case .itsWrite: return register(.write, header.itsBase)
    case .itsRead: return register(.read, header.itsBase)
    case .distributorWrite: return register(.write, header.gicdBase)
    case .distributorRead: return register(.read, header.gicdBase)
    case .redistributorWrite: return register(.write, header.redistributor(rd))
    case .redistributorRead: return register(.read, header.redistributor(rd))
    case .acknowledge: return system(.systemRegisterRead, .iar1, 0)
    case .endOfInterrupt: return system(.systemRegisterWrite, .eoir1, a)
    case .systemRegisterWrite:
      return system(.systemRegisterWrite, SystemRegister(rawValue: UInt32(a)), b)
    case .systemRegisterRead:
      return system(.systemRegisterRead, SystemRegister(rawValue: UInt32(a)), 0)
    case .sgi: return system(.systemRegisterWrite, .sgi1r, a)
    case .ppi, .spi:
      return Access(.inputLine, source: UInt32(rd), address: a, data: b, cycle: cycle)
    case .fill, .memory, .command, .translation, .failedTranslation, .line, .console: return nil
    }
  }
}

extension TraceEvent {
  /// A PE wakes its own redistributor, which it does once after it has been reset. A trace has no
  /// line for the reset of a PE that went offline and comes back.
  var isWakeUp: Bool {
    operation == .redistributorWrite && a == UInt64(GICR.WAKER.offset) && !isBad && who >= 0
      && UInt16(who) == rd && !GICR.WAKER(raw: b).processorSleep
  }

  /// What brings the PE's CPU interface to where the PE's reset has left it.
  func resets(cycle: UInt64 = Access.untimed) -> [Access] {
    guard isWakeUp else { return [] }
    let registers: [SystemRegister] = [
      .igrpen1, .igrpen0, .pmr, .ctlr, .bpr0, .bpr1, .ap0r0, .ap1r0,
    ]
    return registers.map {
      Access(
        .systemRegisterWrite, size: 8, source: UInt32(who), address: UInt64($0.rawValue),
        cycle: cycle)
    }
  }

  /// Tags the answer to an access that the trace does not have: there is nothing to compare.
  static var noTag: Int { -1 }
}

extension TraceHeader {
  /// First byte of a redistributor's RD frame.
  func redistributor(_ rd: UInt16) -> PhysicalAddress { gicrBase &+ UInt64(rd) &* gicrStride }

  /// Whether the event touches a register that only GICv4 has: a VLPI frame, or a GITS_BASER for
  /// vPEs.
  func isGICv4Only(_ event: TraceEvent) -> Bool {
    guard gicVersion == 4 else { return false }
    switch event.operation {
    case .redistributorRead, .redistributorWrite: return event.a >= 0x2_0000
    case .itsRead: return event.a == UInt64(GITS.BASER.offset) + 16 && event.b[58, 56] == 2
    default: return false
    }
  }
}
