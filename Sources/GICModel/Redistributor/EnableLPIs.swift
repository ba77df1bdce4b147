// GICR_CTLR.EnableLPIs: the moments at which the LPI tables in guest RAM and what a redistributor
// remembers of them are made the same.

import GICArch

extension Engine {
  /// 0 to 1: reads the configuration table (unless another PE has it) and the pending table (unless
  /// PENDBASER.PTZ says that it is all zero). What lies outside RAM reads as 0.
  mutating func enableLPIs(_ pe: PEIndex) {
    guard !pes[pe.index].lpisEnabled else { return }
    pes[pe.index].lpiLimit =
      lpisAreShared
      ? facts.intidLimit : INTID.firstLPI.rawValue + UInt32(lpiCount(pe))
    pes[pe.index].lpisEnabled = true
    attachPropertyTable(pe)
    let pendbaser = GICR.PENDBASER(raw: pes[pe.index].pendbaser)
    if lpisAreShared, profile.pendingTables == .atSave {
      return overwriteSharedPending(pe, pendbaser)
    }
    pes[pe.index].lpis.clearAll()
    let ptzMeansNothing = profile.pendbaserPTZ == .readsBack
    if !pendbaser.ptz || ptzMeansNothing {
      let places = pes[pe.index].lpis.pending.count
      let last = min((lpiCount(pe) + Int(INTID.firstLPI.rawValue)) / 64, places)
      for word in Int(INTID.firstLPI.rawValue) / 64..<max(last, Int(INTID.firstLPI.rawValue) / 64) {
        let bits = memory.load64(pendbaser.physicalAddress &+ UInt64(word * 8)) ?? 0
        pes[pe.index].lpis.load(word, bits)
      }
    }
    // PTZ spoke of the table as it is now; the next clear of EnableLPIs writes into it.
    if !ptzMeansNothing { pes[pe.index].pendbaser[bit: 62] = false }
    let found = UInt64(pes[pe.index].lpis.count)
    counts.restored &+= found
    counts.cleared &+= pes[pe.index].parked
    pes[pe.index].parked = 0
    pes[pe.index].lpis.considerAll(pes[pe.index].properties)
    candidatesChanged(pe)
  }

  /// 0 to 1 with shared LPIs: those that are targeted at the PE take their bits from the table,
  /// unless PTZ; the table keeps them. All that are pending become candidates.
  private mutating func overwriteSharedPending(_ pe: PEIndex, _ pendbaser: GICR.PENDBASER) {
    if !pendbaser.ptz {
      for intid in sharedLPIs(at: pe) {
        let address = pendbaser.physicalAddress &+ UInt64(intid.rawValue / 64 * 8)
        if let word = memory.load64(address), word[bit: Int(intid.rawValue % 64)] {
          restorePending(intid, at: pe)
        } else {
          clearPending(intid, at: pe)
        }
      }
    }
    pes[pe.index].lpis.considerAll(pes[pe.index].properties)
    candidatesChanged(pe)
  }

  /// 1 to 0: the pending table in RAM becomes exact, and the redistributor forgets.
  mutating func disableLPIs(_ pe: PEIndex) {
    guard pes[pe.index].lpisEnabled else { return }
    if profile.pendingTables == .atSave {
      // What is pending stays so here, and waits for the next set.
      pes[pe.index].lpisEnabled = false
      if !lpisAreShared { properties[pes[pe.index].propertyTable].users -= 1 }
      return candidatesChanged(pe)
    }
    flushPendingTable(pe)
    pes[pe.index].parked = UInt64(pes[pe.index].lpis.count)
    pes[pe.index].lpis.clearAll()
    observer.observe(.forgotten(pe))
    pes[pe.index].lpisEnabled = false
    if !lpisAreShared { properties[pes[pe.index].propertyTable].users -= 1 }
    candidatesChanged(pe)
  }

  /// Writes the PE's pending bits into its table in RAM. The first KiB is not ours to write.
  mutating func flushPendingTable(_ pe: PEIndex) {
    let base = GICR.PENDBASER(raw: pes[pe.index].pendbaser).physicalAddress
    if lpisAreShared { return flushSharedPending(pe, base) }
    guard pes[pe.index].lpisEnabled else { return }
    let places = pes[pe.index].lpis.pending.count
    let last = min((lpiCount(pe) + Int(INTID.firstLPI.rawValue)) / 64, places)
    for word in Int(INTID.firstLPI.rawValue) / 64..<max(last, Int(INTID.firstLPI.rawValue) / 64) {
      let address = base &+ UInt64(word * 8)
      let bits = pes[pe.index].lpis.bits(word)
      // Only what differs is written, so that a page that nothing changed stays clean.
      if memory.load64(address) != bits { _ = memory.store64(address, bits) }
    }
  }

  /// Only the bits of LPIs that are mapped and targeted at the PE are set or cleared.
  private mutating func flushSharedPending(_ pe: PEIndex, _ base: PhysicalAddress) {
    for intid in sharedLPIs(at: pe) {
      let address = base &+ UInt64(intid.rawValue / 64 * 8)
      guard var word = memory.load64(address) else { continue }
      let isPending = pes[pe.index].lpis.isPending(intid)
      guard word[bit: Int(intid.rawValue % 64)] != isPending else { continue }
      word[bit: Int(intid.rawValue % 64)] = isPending
      _ = memory.store64(address, word)
    }
  }

  /// Whether the LPI tables in RAM are looked at, or written, whenever an LPI becomes pending.
  @inline(__always) var lpiTablesAreLive: Bool { facts.lpiTablesAreLive }

  /// A pending bit was set or cleared; where RAM is always exact it is written there.
  @inline(__always) mutating func pendingBitChanged(_ intid: INTID, at pe: PEIndex) {
    if lpiTablesAreLive { pendingWordChanged(Int(intid.rawValue &>> 6), at: pe) }
  }

  /// The same of 64 INTIDs.
  @inline(never)
  mutating func pendingWordChanged(_ word: Int, at pe: PEIndex) {
    guard profile.pendingTables == .writeThrough else { return }
    let base = GICR.PENDBASER(raw: pes[pe.index].pendbaser).physicalAddress
    _ = memory.store64(base &+ UInt64(word &* 8), pes[pe.index].lpis.bits(word))
  }

  mutating func flushPendingTables() {
    for index in 0..<pes.count { flushPendingTable(PEIndex(index)) }
  }

  private mutating func attachPropertyTable(_ pe: PEIndex) {
    // Shared LPIs have their configurations since they were mapped.
    guard !lpisAreShared else { return }
    let address = GICR.PROPBASER(raw: pes[pe.index].propbaser).physicalAddress
    let count = lpiCount(pe)
    for index in 0..<properties.count
    where properties[index].users > 0 && properties[index].address == address
      && properties[index].lpiCount == count
    {
      properties[index].users += 1
      pes[pe.index].use(properties[index], index)
      return
    }
    // There are as many places as PEs, and this PE uses none: one is free.
    var place = 0
    while properties[place].users > 0 { place += 1 }
    if properties[place].capacity == 0 {
      properties[place].deallocate()
      properties[place] = PropertyTable(
        lpiCount: Int(facts.intidLimit) - Int(INTID.firstLPI.rawValue))
    }
    properties[place].address = address
    properties[place].lpiCount = count
    properties[place].users = 1
    pes[pe.index].use(properties[place], place)
    _ = properties[place].refill(from: memory)
  }
}
