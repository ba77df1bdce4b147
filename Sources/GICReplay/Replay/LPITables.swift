// The LPI tables in guest RAM, where the guest's own writes to GICR_PROPBASER and GICR_PENDBASER
// say they are.

import GICArch

/// Where each redistributor's tables lie.
struct LPITables {
  private var property: [GICR.PROPBASER?]
  private var pending: [GICR.PENDBASER?]
  private let ram: Range<PhysicalAddress>

  init(_ header: TraceHeader) {
    property = Array(repeating: nil, count: header.cpuCount)
    pending = Array(repeating: nil, count: header.cpuCount)
    ram = header.ramBase..<header.ramBase + header.ramByteCount
  }

  /// Takes note of a register write if it is one of the two.
  mutating func note(_ event: TraceEvent) {
    guard event.operation == .redistributorWrite, event.size == 8 else { return }
    switch event.a {
    case UInt64(GICR.PROPBASER.offset): property[Int(event.rd)] = GICR.PROPBASER(raw: event.b)
    case UInt64(GICR.PENDBASER.offset): pending[Int(event.rd)] = GICR.PENDBASER(raw: event.b)
    default: return
    }
  }

  private static func base(_ register: GICR.PROPBASER) -> PhysicalAddress {
    register.raw[51, 12] << 12
  }

  /// The LPI whose configuration byte lies at `address`; nil if none does.
  func lpi(configuredAt address: PhysicalAddress) -> INTID? {
    for case let register? in property {
      let base = LPITables.base(register)
      guard address >= base else { continue }
      let intid = INTID.firstLPI.rawValue &+ UInt32(truncatingIfNeeded: address - base)
      if address - base < 1 << 24, UInt64(intid) < 1 << UInt64(register.idBits) {
        return INTID(rawValue: intid)
      }
    }
    return nil
  }

  /// The configuration byte of an LPI in guest RAM; nil if no table holds it.
  func configuration<Target: ReplayTarget>(
    of intid: INTID, in target: Target
  ) throws(ReplayError) -> LPIConfiguration? {
    for case let register? in property where intid.rawValue >> UInt32(register.idBits) == 0 {
      let address = LPITables.base(register) + UInt64(intid.rawValue - INTID.firstLPI.rawValue)
      guard ram.contains(address) else { return nil }
      return LPIConfiguration(raw: try target.read(at: address, count: 1)[0])
    }
    return nil
  }

  /// The LPIs whose bit is set in the pending table of redistributor `rd`, in guest RAM.
  func pending<Target: ReplayTarget>(
    of rd: Int, in target: Target
  ) throws(ReplayError) -> [INTID] {
    guard let table = pending[rd], let property = property[rd] ?? property.compactMap(\.self).first
    else { return [] }
    let base = table.raw[51, 16] << 16
    let first = UInt64(INTID.firstLPI.rawValue / 8)
    let end = min(base + 1 << UInt64(max(property.idBits - 3, 0)), ram.upperBound)
    guard base >= ram.lowerBound, base + first < end else { return [] }
    var found: [INTID] = []
    let bytes = try target.read(at: base + first, count: Int(end - base - first))
    for (index, byte) in bytes.enumerated() where byte != 0 {
      for bit in 0..<8 where byte >> bit & 1 != 0 {
        found.append(INTID(rawValue: UInt32((Int(first) + index) * 8 + bit)))
      }
    }
    return found
  }
}
