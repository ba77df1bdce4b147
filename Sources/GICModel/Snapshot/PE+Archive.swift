// What a snapshot has of one PE.

import GICArch

extension Engine {
  mutating func archivePE(_ index: Int, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section("pe")
    var pe = pes[index]
    try archive.field("lpis_enabled", &pe.lpisEnabled)
    try archive.field("propbaser", &pe.propbaser)
    try archive.field("pendbaser", &pe.pendbaser)
    try archive.field("waker", &pe.waker)
    try archive.field("group0_deselected", &pe.isDeselected.group0)
    try archive.field("group1_deselected", &pe.isDeselected.group1)
    try archive.field("statusr", &pe.statusr.raw)
    try archive.field("partidr", &pe.partidr)
    try archive.field("property_table", &pe.propertyTable)
    try archive.field("lpi_limit", &pe.lpiLimit)
    guard (0..<properties.count).contains(pe.propertyTable),
      pe.lpiLimit <= configuration.intidLimit
    else { throw .field("property_table or lpi_limit of PE \(index)") }
    var offered = pe.offered?.rawValue ?? 0
    try archive.field("offered", &offered)
    pe.offered = offered == 0 ? nil : INTID(rawValue: offered)
    try archive.field("offered_priority", &pe.offeredPriority)
    for (name, path) in PEState.privateBits { try archive.field(name, &pe[keyPath: path]) }
    try archiveInterface(&pe, &archive)
    var lines = pe.lines.rawValue
    try archive.field("lines", &lines)
    pe.lines = LineLevels(rawValue: lines)
    try archive.field("line_sequence", &pe.lineSequence)
    try archive.field("lpis_set", &pe.counts.lpisSet)
    try archive.field("acknowledged", &pe.counts.acknowledged)
    try archive.field("lpis_acknowledged", &pe.counts.lpisAcknowledged)
    try archive.field("spurious", &pe.counts.spurious)
    try archive.field("parked", &pe.parked)
    if archive.isReading { pes[index] = pe }
    try archivePending(index, &archive)
  }

  private func archiveInterface(
    _ pe: inout PEState, _ archive: inout Archive
  ) throws(SnapshotError) {
    try archive.field("pmr", &pe.pmr)
    try archive.field("bpr0", &pe.bpr0)
    try archive.field("bpr1", &pe.bpr1)
    try archive.field("eoi_mode", &pe.eoiMode)
    try archive.field("cbpr", &pe.cbpr)
    try archive.field("igrpen0", &pe.igrpen0)
    try archive.field("igrpen1", &pe.igrpen1)
    var words = (0..<32).map { UInt64(pe.priority[$0]) }
    words += (0..<4).map { UInt64(pe.apr0[$0]) } + (0..<4).map { UInt64(pe.apr1[$0]) }
    try archive.field("priorities", &words)
    guard words.count == 40, pe.bpr0 <= 7, pe.bpr1 <= 7 else { throw .field("priorities") }
    for place in 0..<32 { pe.priority[place] = UInt8(truncatingIfNeeded: words[place]) }
    for place in 0..<4 {
      pe.apr0[place] = UInt32(truncatingIfNeeded: words[32 + place])
      pe.apr1[place] = UInt32(truncatingIfNeeded: words[36 + place])
    }
  }

  /// Pending bits, and those whose message is under way. The candidates follow from them.
  private mutating func archivePending(
    _ index: Int, _ archive: inout Archive
  ) throws(SnapshotError) {
    let words = pes[index].lpis.pending.count
    var pending = (0..<words).map { pes[index].lpis.pending[$0] }
    try archive.field("pending", &pending)
    let tracks = pes[index].lpis.underWay.count
    var underWay = (0..<tracks).map { pes[index].lpis.underWay[$0] }
    try archive.field("under_way", &underWay)
    guard pending.count == words, underWay.count == tracks else {
      throw .field("pending LPIs of PE \(index)")
    }
    guard archive.isReading else { return }
    pes[index].lpis.clearAll()
    for (word, bits) in pending.enumerated() where bits != 0 { pes[index].lpis.load(word, bits) }
    for (word, bits) in underWay.enumerated() {
      var left = bits & pending[word]
      while left != 0 {
        let intid = INTID(rawValue: UInt32(word * 64 + left.trailingZeroBitCount))
        pes[index].lpis.setUnderWay(intid, true)
        left &= left - 1
      }
    }
    pes[index].lpis.considerAll(properties[pes[index].propertyTable])
  }
}

extension PEState {
  /// SGIs and PPIs, one bit each.
  fileprivate static var privateBits: [(String, WritableKeyPath<PEState, UInt32>)] {
    [
      ("group", \.group), ("enabled", \.enabled), ("latched", \.latched), ("level", \.level),
      ("active", \.active), ("edge", \.edge),
    ]
  }
}
