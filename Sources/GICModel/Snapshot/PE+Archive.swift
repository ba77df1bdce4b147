// What a snapshot has of one PE.

import GICArch

extension Engine {
  mutating func archivePE(_ index: Int, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section("pe")
    // The limit first: what can be set follows from both.
    try archive.field("lpi_limit", &pes[index].lpiLimit)
    try archive.field("lpis_enabled", &pes[index].lpisEnabled)
    try archive.field("propbaser", &pes[index].propbaser)
    try archive.field("pendbaser", &pes[index].pendbaser)
    try archive.field("waker", &pes[index].waker)
    try archive.field("group0_deselected", &pes[index].isDeselected.group0)
    try archive.field("group1_deselected", &pes[index].isDeselected.group1)
    try archive.field("statusr", &pes[index].statusr.raw)
    try archive.field("partidr", &pes[index].partidr)
    var table = pes[index].propertyTable
    try archive.field("property_table", &table)
    guard (0..<properties.count).contains(table), pes[index].lpiLimit <= configuration.intidLimit
    else { throw .field("property_table or lpi_limit of PE \(index)") }
    if archive.isReading { pes[index].use(properties[table], table) }
    var (offered, priority) = (pes[index].offered?.rawValue ?? 0, pes[index].offeredPriority)
    try archive.field("offered", &offered)
    try archive.field("offered_priority", &priority)
    if archive.isReading {
      pes[index].showNothing()
      if offered != 0 { pes[index].show(INTID(rawValue: offered), priority) }
    }
    try archivePrivate(index, &archive)
    try archiveInterface(index, &archive)
    var (lines, sequence) = (pes[index].lines.rawValue, pes[index].lineSequence)
    try archive.field("lines", &lines)
    try archive.field("line_sequence", &sequence)
    if archive.isReading {
      pes[index].publish(LineLevels(rawValue: lines), sequence: sequence)
    }
    try archive.field("lpis_set", &pes[index].counts.lpisSet)
    try archive.field("acknowledged", &pes[index].counts.acknowledged)
    try archive.field("lpis_acknowledged", &pes[index].counts.lpisAcknowledged)
    try archive.field("spurious", &pes[index].counts.spurious)
    try archive.field("parked", &pes[index].parked)
    try archivePending(index, &archive)
  }

  /// SGIs and PPIs, one bit each.
  private func archivePrivate(_ index: Int, _ archive: inout Archive) throws(SnapshotError) {
    try archive.field("group", &pes[index].group)
    try archive.field("enabled", &pes[index].enabled)
    try archive.field("latched", &pes[index].latched)
    try archive.field("level", &pes[index].level)
    try archive.field("active", &pes[index].active)
    try archive.field("edge", &pes[index].edge)
  }

  private func archiveInterface(_ index: Int, _ archive: inout Archive) throws(SnapshotError) {
    try archive.field("pmr", &pes[index].pmr)
    try archive.field("bpr0", &pes[index].bpr0)
    try archive.field("bpr1", &pes[index].bpr1)
    try archive.field("eoi_mode", &pes[index].eoiMode)
    try archive.field("cbpr", &pes[index].cbpr)
    try archive.field("igrpen0", &pes[index].igrpen0)
    try archive.field("igrpen1", &pes[index].igrpen1)
    var words = (0..<32).map { UInt64(pes[index].priority[$0]) }
    words += (0..<4).map { UInt64(pes[index].apr0[$0]) }
    words += (0..<4).map { UInt64(pes[index].apr1[$0]) }
    try archive.field("priorities", &words)
    guard words.count == 40, pes[index].bpr0 <= 7, pes[index].bpr1 <= 7 else {
      throw .field("priorities")
    }
    for place in 0..<32 { pes[index].priority[place] = UInt8(truncatingIfNeeded: words[place]) }
    for place in 0..<4 {
      pes[index].apr0[place] = UInt32(truncatingIfNeeded: words[32 + place])
      pes[index].apr1[place] = UInt32(truncatingIfNeeded: words[36 + place])
    }
  }

  /// Pending bits, and those whose message is under way. The candidates follow from them.
  private mutating func archivePending(
    _ index: Int, _ archive: inout Archive
  ) throws(SnapshotError) {
    let words = pes[index].lpis.pending.count
    var pending = (0..<words).map { pes[index].lpis.bits($0) }
    try archive.field("pending", &pending)
    let tracks = pes[index].lpis.underWay.count
    var underWay = (0..<tracks).map { pes[index].lpis.underWay[$0] }
    try archive.field("under_way", &underWay)
    guard pending.count == words, underWay.count == tracks else {
      throw .field("pending LPIs of PE \(index)")
    }
    guard archive.isReading else { return }
    pes[index].lpis.clearAll()
    // No LPI lies below 8192, and no bit of one may.
    let first = Int(INTID.firstLPI.rawValue) / 64
    guard pending.prefix(first).allSatisfy({ $0 == 0 }) else { throw .field("pending") }
    for (word, bits) in pending.enumerated() where bits != 0 { pes[index].lpis.load(word, bits) }
    for (word, bits) in underWay.enumerated() {
      var left = bits & pending[word]
      while left != 0 {
        let intid = INTID(rawValue: UInt32(word * 64 + left.trailingZeroBitCount))
        pes[index].lpis.setUnderWay(intid, true)
        left &= left - 1
      }
    }
    pes[index].lpis.considerAll(pes[index].properties)
  }
}
