import GICArch

extension FrameAddress {
  /// Width of the register that lies here; nil where only 64-bit registers could have a meaning and
  /// none is.
  var width: RegisterWidth? {
    switch self {
    case .its(_, let offset):
      switch offset {
      case GITS.TYPER.offset..<GITS.TYPER.offset + 8,
        GITS.UMSIR.offset..<GITS.UMSIR.offset + 8,
        GITS.CBASER.offset..<GITS.CREADR.offset + 8,
        GITS.BASER.offset..<GITS.BASER.offset + 8 * GITS.BASER.count:
        RegisterWidth(byteCount: 8)
      default: RegisterWidth(byteCount: 4)
      }
    case .distributor(let offset):
      switch offset {
      case GICD.IPRIORITYR.offset..<GICD.IPRIORITYR.offset + 1020:
        RegisterWidth(byteCount: 4, bytes: true)
      case GICD.IROUTER.offset..<GICD.IROUTER.offset + 8 * 1020: RegisterWidth(byteCount: 8)
      default: RegisterWidth(byteCount: 4)
      }
    case .redistributor(_, let offset):
      switch offset {
      case GICR.TYPER.offset..<GICR.TYPER.offset + 8,
        GICR.SETLPIR.offset..<GICR.CLRLPIR.offset + 8,
        GICR.PROPBASER.offset..<GICR.PENDBASER.offset + 8,
        GICR.INVLPIR.offset..<GICR.INVLPIR.offset + 8,
        GICR.INVALLR.offset..<GICR.INVALLR.offset + 8:
        RegisterWidth(byteCount: 8)
      case GICR.SGI.frame + GICR.SGI.IPRIORITYR.offset..<GICR.SGI.frame
        + GICR.SGI.IPRIORITYR.offset + 32:
        RegisterWidth(byteCount: 4, bytes: true)
      default: RegisterWidth(byteCount: 4)
      }
    }
  }
}

extension Engine {
  /// The value of a whole register; nil where there is none.
  mutating func readRegister(_ place: FrameAddress) -> UInt64? {
    switch place {
    case .its(let n, let offset): readITS(n, offset)
    case .distributor(let offset): readDistributor(offset)
    case .redistributor(let pe, let offset):
      offset < GICR.SGI.frame
        ? readRedistributor(pe, offset) : readSGIFrame(pe, offset - GICR.SGI.frame)
    }
  }

  /// Writes a whole register. - Returns: false where there is none.
  mutating func writeRegister(_ place: FrameAddress, _ value: UInt64) -> Bool {
    switch place {
    case .its(let n, let offset): writeITS(n, offset, value)
    case .distributor(let offset): writeDistributor(offset, value)
    case .redistributor(let pe, let offset):
      offset < GICR.SGI.frame
        ? writeRedistributor(pe, offset, value)
        : writeSGIFrame(pe, offset - GICR.SGI.frame, value)
    }
  }
}
