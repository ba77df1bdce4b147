// GICR_*0: the SGI frame of a redistributor, INTIDs 0 through 31.

import GICArch

extension Engine {
  func readSGIFrame(_ pe: PEIndex, _ offset: Int) -> UInt64? {
    let index = pe.index
    switch offset {
    case GICR.SGI.IGROUPR0.offset: return UInt64(pes[index].group)
    case GICR.SGI.ISENABLER0.offset, GICR.SGI.ICENABLER0.offset: return UInt64(pes[index].enabled)
    case GICR.SGI.ISPENDR0.offset, GICR.SGI.ICPENDR0.offset: return UInt64(pes[index].pending)
    case GICR.SGI.ISACTIVER0.offset, GICR.SGI.ICACTIVER0.offset: return UInt64(pes[index].active)
    case GICR.SGI.ICFGR0.offset: return configurationBits(pes[index].edge & 0xffff)
    case GICR.SGI.ICFGR1.offset: return configurationBits(pes[index].edge >> 16)
    case GICR.SGI.IGRPMODR0.offset, GICR.SGI.NSACR.offset: return 0
    default:
      guard let register = GICR.SGI.IPRIORITYR.index(at: offset) else { return nil }
      var value: UInt64 = 0
      for byte in 0..<4 {
        value |= UInt64(pes[index].priority[register * 4 + byte]) << UInt64(byte * 8)
      }
      return value
    }
  }

  mutating func writeSGIFrame(_ pe: PEIndex, _ offset: Int, _ value: UInt64) -> Bool {
    let bits = UInt32(truncatingIfNeeded: value)
    let index = pe.index
    switch offset {
    case GICR.SGI.IGROUPR0.offset: pes[index].group = bits
    case GICR.SGI.ISENABLER0.offset: pes[index].enabled |= bits
    case GICR.SGI.ICENABLER0.offset: pes[index].enabled &= ~bits
    case GICR.SGI.ISPENDR0.offset: pes[index].latched |= bits
    case GICR.SGI.ICPENDR0.offset: pes[index].latched &= ~bits
    case GICR.SGI.ISACTIVER0.offset: pes[index].active |= bits
    case GICR.SGI.ICACTIVER0.offset: pes[index].active &= ~bits
    case GICR.SGI.ICFGR1.offset:
      pes[index].edge = pes[index].edge & 0xffff | edgeBits(value) << 16
    case GICR.SGI.ICFGR0.offset, GICR.SGI.IGRPMODR0.offset, GICR.SGI.NSACR.offset: return true
    default:
      guard let register = GICR.SGI.IPRIORITYR.index(at: offset) else { return false }
      for byte in 0..<4 {
        pes[index].priority[register * 4 + byte] =
          UInt8(truncatingIfNeeded: value >> UInt64(byte * 8)) & implementedPriority
      }
    }
    updateLines(pe)
    return true
  }

  /// Priorities keep the implemented bits, from the top.
  var implementedPriority: UInt8 {
    UInt8(truncatingIfNeeded: 0xff << (8 - configuration.identity.priorityBits))
  }

  /// One bit an interrupt to GICx_ICFGR's two, of which the upper says "edge".
  func configurationBits(_ edge: UInt32) -> UInt64 {
    var value: UInt64 = 0
    for bit in 0..<16 where edge[bit: bit] { value |= 2 << UInt64(bit * 2) }
    return value
  }
  func edgeBits(_ value: UInt64) -> UInt32 {
    var edge: UInt32 = 0
    for bit in 0..<16 where value[bit: bit * 2 + 1] { edge |= 1 << UInt32(bit) }
    return edge
  }
}
