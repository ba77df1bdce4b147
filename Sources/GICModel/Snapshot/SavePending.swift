// KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: what is pending goes to the pending tables in guest RAM.

import GICArch

extension Engine {
  /// Makes the pending tables exact. With shared LPIs the bits of those that are mapped and have a
  /// target are set or cleared, whether the target takes LPIs or not; every other bit stays. With
  /// LPIs of each PE's own, the table of a PE that takes LPIs is written whole, from LPI 8192 on.
  /// The first KiB is never touched.
  /// - Throws: EFAULT outside RAM; the tables before that are saved.
  func savePendingTables() throws(DeviceError) {
    for index in 0..<pes.count {
      let pe = PEIndex(index)
      let base = GICR.PENDBASER(raw: pes[index].pendbaser).physicalAddress
      if lpisAreShared {
        for intid in sharedLPIs(at: pe) { try savePending(intid, at: pe, base) }
      } else if pes[index].lpisEnabled {
        try savePendingTable(of: pe, base)
      }
    }
  }

  private func savePending(
    _ intid: INTID, at pe: PEIndex, _ base: PhysicalAddress
  ) throws(DeviceError) {
    let address = base &+ UInt64(intid.rawValue / 64 * 8)
    let bit = Int(intid.rawValue % 64)
    guard var word = memory.load64(address) else {
      throw .outsideRAM("the pending table of PE \(pe.rawValue)", address)
    }
    let isPending = pes[pe.index].lpis.isPending(intid)
    guard word[bit: bit] != isPending else { return }
    word[bit: bit] = isPending
    _ = memory.store64(address, word)
  }

  private func savePendingTable(of pe: PEIndex, _ base: PhysicalAddress) throws(DeviceError) {
    let lpis = pes[pe.index].lpis
    let first = Int(INTID.firstLPI.rawValue) / 64
    let end = min((lpiCount(pe) + Int(INTID.firstLPI.rawValue)) / 64, lpis.pending.count)
    for word in first..<Swift.max(first, end) {
      let address = base &+ UInt64(word * 8)
      guard let stored = memory.load64(address) else {
        throw .outsideRAM("the pending table of PE \(pe.rawValue)", address)
      }
      if stored != lpis.bits(word) { _ = memory.store64(address, lpis.bits(word)) }
    }
  }
}
