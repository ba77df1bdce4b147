// The traces are of one machine, and a guest is told which: identification registers, and what a
// table register shows before the guest has written it. On another machine these differ, and must.

import GICArch

extension TraceEvent {
  /// The bits of a register read that say which machine was traced, not what the guest had made of
  /// it, as the read shows them.
  var identifyingBits: UInt64 {
    let offset = Int(truncatingIfNeeded: a)
    let inFrame = offset & 0xffff
    switch operation {
    case .distributorRead:
      // EnableGrp0, which a machine with one enable for both groups has not.
      if offset == GICD.CTLR.offset { return .ones(0, 0) }
      let identity = [GICD.TYPER.offset, GICD.IIDR.offset]
      return identity.contains(offset) || inFrame >= IdentificationBlock.offset ? .max : 0
    case .redistributorRead: return redistributorIdentity(offset)
    case .itsRead: return itsIdentity(offset)
    case .systemRegisterRead:
      // PRIbits, IDbits, SEIS, A3V, RSS and ExtRange of ICC_CTLR_EL1.
      return a == UInt64(SystemRegister.ctlr.rawValue) ? .ones(19, 8) : 0
    default: return 0
    }
  }

  private func redistributorIdentity(_ offset: Int) -> UInt64 {
    switch offset {
    // CES and IR.
    case GICR.CTLR.offset: .ones(2, 1)
    case GICR.IIDR.offset, GICR.TYPER.offset..<GICR.TYPER.offset + 8: .max
    // A machine without it is always awake.
    case GICR.WAKER.offset: .ones(2, 1)
    // Attributes that a guest has written are compared: they stick, or do not.
    case GICR.PROPBASER.offset where b == 0, GICR.PENDBASER.offset where b == 0: .max
    case IdentificationBlock.offset..<0x1_0000: .max
    default: 0
    }
  }

  private func itsIdentity(_ offset: Int) -> UInt64 {
    switch offset {
    case GITS.IIDR.offset, GITS.TYPER.offset..<GITS.TYPER.offset + 8: return .max
    case IdentificationBlock.offset..<0x1_0000: return .max
    default:
      guard GITS.BASER.index(at: offset) != nil, size == 8 else { return 0 }
      // Type and Entry_Size; of a table that the guest has given no memory also how it begins.
      return GITS.BASER(raw: b).valid ? .ones(58, 56) | .ones(52, 48) : .max
    }
  }
}
