// What a snapshot has of the rules' state, unit by unit. What follows from something else is not
// there, and is made again.

import GICArch

extension Engine {
  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    try archiveConfiguration(&archive)
    try archiveDevices(&archive)
    try archiveDistributor(&archive)
    for index in 0..<properties.count { try archiveProperties(index, &archive) }
    for index in 0..<pes.count { try archivePE(index, &archive) }
    try archiveHomes(&archive)
    for n in 0..<its.count { try archiveITS(n, &archive) }
    try archive.section("counts")
    try counts.archive(&archive)
    try counts.deliveries.archive(&archive, below: configuration.intidLimit)
    try archive.section("events")
    try log[0].archive(&archive)
    try archiveLines(&archive)
    if archive.isReading { lastEntry = nil }
  }

  /// A snapshot goes into a machine of the same configuration only. What attributes may have
  /// changed besides comes with the snapshot.
  private mutating func archiveConfiguration(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("configuration")
    let here = "\(configuration)"
    var there = here
    try archive.field("values", &there)
    guard there == here else {
      let differs = zip(here.split(separator: ","), there.split(separator: ",")).first { $0 != $1 }
      throw .configuration(
        here: String(differs?.0 ?? "more values"), there: String(differs?.1 ?? "other values"))
    }
    try archive.field("distributor_iidr", &devices[0].implementation)
    let distributor = distributor
    try archive.field("spi_words", distributor.wordCount, below: 33) {
      distributor.setWordCount($0)
    }
    try archive.field("stamp", &stamp)
  }

  private mutating func archiveDevices(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("devices")
    try archive.field("vcpus_run", &devices[0].vcpusRun)
    try archive.field("initialised", &devices[0].isInitialised)
    var words = [
      UInt64(devices[0].interruptCount ?? 0), devices[0].distributor == nil ? 0 : 1,
      devices[0].distributor ?? 0,
    ]
    for region in devices[0].regions {
      words += [
        region.base, UInt64(region.count), UInt64(region.pes.lowerBound),
        UInt64(region.pes.upperBound),
      ]
    }
    try archive.field("places", &words)
    guard archive.isReading else { return }
    guard words.count >= 3, words.count % 4 == 3 else { throw .field("places") }
    devices[0].interruptCount = words[0] == 0 ? nil : Int(words[0] & 0xffff)
    devices[0].distributor = words[1] == 0 ? nil : words[2]
    devices[0].regions = []
    for first in stride(from: 3, to: words.count, by: 4) {
      let (low, high) = (words[first + 2], words[first + 3])
      guard low <= high, high <= UInt64(pes.count) else { throw .field("places") }
      devices[0].regions.append(
        DeviceState.Region(
          base: words[first], count: Int(words[first + 1] & 0xffff_ffff), pes: Int(low)..<Int(high))
      )
    }
  }

  private mutating func archiveDistributor(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("distributor")
    try archive.field("enable_group0", &distributor.enableGroup0)
    try archive.field("enable_group1", &distributor.enableGroup1)
    try archive.field("statusr", &distributor.statusr.raw)
    try archive.field("turn", &distributor.turn)
    var targets = [distributor.anyPETargets.group0, distributor.anyPETargets.group1].map {
      UInt64($0.map { $0.rawValue + 1 } ?? 0)
    }
    try archive.field("any_pe_targets", &targets)
    guard targets.count == 2, targets.allSatisfy({ $0 <= UInt64(pes.count) }),
      (0..<pes.count).contains(distributor.turn)
    else { throw .field("any_pe_targets") }
    let pe = targets.map { $0 == 0 ? nil : PEIndex(rawValue: UInt32($0 - 1)) }
    distributor.anyPETargets = (pe[0], pe[1])
    let d = distributor
    for (name, slab) in [
      ("group", d.group), ("enabled", d.enabled), ("latched", d.latched), ("level", d.level),
      ("active", d.active), ("edge", d.edge),
    ] {
      try archive.field(
        name, count: slab.count, read: { UInt64(slab[$0]) },
        write: { slab[$0] = UInt32(truncatingIfNeeded: $1) })
    }
    try archive.field(
      "priority", count: d.priority.count, read: { UInt64(d.priority[$0]) },
      write: { d.priority[$0] = UInt8(truncatingIfNeeded: $1) })
    try archive.field(
      "router", count: d.router.count, read: { d.router[$0] }, write: { d.router[$0] = $1 })
    if archive.isReading { d.noteCandidates() }
  }

  /// The configuration bytes that redistributors remember, 8 to a word.
  private mutating func archiveProperties(
    _ index: Int, _ archive: inout Archive
  ) throws(SnapshotError) {
    try archive.section("properties")
    var table = properties[index]
    try archive.field("address", &table.address)
    try archive.field("lpis", &table.lpiCount)
    try archive.field("users", &table.users)
    let limit = Int(configuration.intidLimit) - Int(INTID.firstLPI.rawValue)
    guard (0...limit).contains(table.lpiCount), (0...pes.count).contains(table.users) else {
      throw .field("properties")
    }
    var words = (0..<table.wordCount).map(table.word)
    try archive.field("bytes", &words)
    guard archive.isReading else { return }
    guard words.isEmpty || words.count == limit / 8 else { throw .field("properties") }
    if words.count != table.wordCount {
      table.deallocate()
      var new = PropertyTable(lpiCount: words.count * 8)
      (new.address, new.lpiCount, new.users) = (table.address, table.lpiCount, table.users)
      table = new
    }
    properties[index] = table
    for place in 0..<table.capacity {
      table[place] = UInt8(truncatingIfNeeded: words[place / 8] >> UInt64(place % 8 * 8))
    }
  }

  private mutating func archiveHomes(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("shared_lpis")
    var isRight = true
    let (homes, peCount) = (homes, pes.count)
    try archive.field(
      "homes", count: homes.count,
      read: { place in
        let pe = UInt64(homes[place].pe.map { $0.rawValue + 1 } ?? 0)
        return UInt64(homes[place].events) << 32 | (homes[place].waits ? 1 << 31 : 0) | pe
      },
      write: { place, word in
        let pe = Int(truncatingIfNeeded: word & 0x7fff_ffff) - 1
        homes[place].waits = word[bit: 31]
        isRight = isRight && pe < peCount
        homes[place].events = UInt32(truncatingIfNeeded: word >> 32)
        homes[place].pe = pe < 0 ? nil : PEIndex(pe)
      })
    guard isRight else { throw .field("homes") }
  }

  private mutating func archiveLines(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("line_changes")
    var words = outbox.all.flatMap {
      [UInt64($0.pe.rawValue), UInt64($0.levels.rawValue), UInt64($0.sequence), $0.cycle]
    }
    try archive.field("changes", &words)
    guard archive.isReading else { return }
    guard words.count % 4 == 0 else { throw .field("changes") }
    let changes = stride(from: 0, to: words.count, by: 4).map {
      LineChange(
        pe: PEIndex(rawValue: UInt32(truncatingIfNeeded: words[$0])),
        levels: LineLevels(rawValue: UInt8(truncatingIfNeeded: words[$0 + 1])),
        sequence: UInt32(truncatingIfNeeded: words[$0 + 2]), cycle: words[$0 + 3])
    }
    guard changes.allSatisfy({ $0.pe.index < pes.count }) else { throw .field("changes") }
    outbox.replace(with: changes)
  }
}
