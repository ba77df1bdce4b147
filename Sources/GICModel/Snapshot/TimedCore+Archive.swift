// What a snapshot has of the timed clock: every unit, everything under way, and the time.

import GICArch

extension MachineWithTime {
  public func snapshot() throws(SnapshotError) -> [UInt8] { try core.snapshot(with: meter) }
  func become(_ snapshot: [UInt8]) throws(SnapshotError) {
    var archive = try MachineSnapshot.open(snapshot)
    do throws(SnapshotError) { try core.restore(&archive, with: meter) } catch {
      reset()
      throw error
    }
  }
}

extension TimedMachine {
  public func restore(snapshot: [UInt8]) throws(SnapshotError) { try become(snapshot) }
}

extension TracedMachine {
  /// As that of ``TimedMachine``, whose snapshots it takes too. The sink is told every level anew;
  /// of what was under way it hears the rest.
  public func restore(snapshot: [UInt8]) throws(SnapshotError) {
    try become(snapshot)
    core.tracer.tellLevels(at: core.now)
  }
}

extension TimedCore where Rules == Engine<Recorder> {
  mutating func snapshot(with meter: LevelMeter) throws(SnapshotError) -> [UInt8] {
    var archive = Archive()
    try self.archive(&archive)
    try meter.archive(&archive)
    return MachineSnapshot.seal(archive)
  }
  mutating func restore(
    _ archive: inout Archive, with meter: LevelMeter
  ) throws(SnapshotError) {
    try self.archive(&archive)
    try meter.archive(&archive)
    guard archive.isAtEnd else { throw .field("there is more than this machine has") }
  }

  mutating func archive(_ archive: inout Archive) throws(SnapshotError) {
    leaveExpress()
    try rules.archive(&archive)
    if archive.isReading {
      express.clear()
      recorder.clear()
      while recorder.nextChangedPE() != nil {}
      for n in 0..<its.count {
        itsBases[n] = rules.places[n].isPlaced ? rules.places[n].base : .nowhere
      }
    }
    try archive.section("timed")
    let (itsCount, peCount) = (its.count, pes.count)
    try pool.archive(&archive) { Int($0.its) < itsCount && Int($0.pe) < peCount }
    for n in 0..<its.count { try archiveUnit(n, &archive) }
    for unit in 0..<lpis.count { try archiveLPIUnit(unit, &archive) }
    try archivePresentations(&archive)
    try archiveWaiting(&archive)
    try archiveWheel(&archive)
    try msiLatency.archive("msi_latency", &archive)
    try commandLatency.archive("command_latency", &archive)
    try archiveCounters(&archive)
    if archive.isReading { deadlock = nil }
  }

  private mutating func archiveCounters(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("counters")
    try archive.field("resting", &restingCount)
    try archive.field("last_event", &lastEvent)
    // They are all u64, so their bytes are words; a new one comes along by itself.
    let count = MemoryLayout<TimedCounters>.size / 8
    var words = [UInt64](repeating: 0, count: count)
    // SAFETY: the struct has no padding and every bit pattern is one of its values.
    unsafe withUnsafeBytes(of: counters) { bytes in
      for index in 0..<count {
        words[index] = unsafe bytes.load(fromByteOffset: index * 8, as: UInt64.self)
      }
    }
    try archive.field("counts", &words)
    guard words.count == count else { throw .field("counts") }
    // SAFETY: as above.
    unsafe withUnsafeMutableBytes(of: &counters) { bytes in
      for index in 0..<count {
        unsafe bytes.storeBytes(of: words[index], toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }

  private mutating func archiveWaiting(_ archive: inout Archive) throws(SnapshotError) {
    let (peCount, limit) = (pes.count, rules.configuration.intidLimit)
    var sound: [TransactionIndex] = []
    try waiting.archive(&archive) { lpi, key in
      sound.append(lpi.transaction)
      return key >> 32 < UInt64(peCount) && key & 0xffff_ffff < UInt64(limit)
    }
    guard sound.allSatisfy({ $0 == .max || pool.holds($0) }) else { throw .field("waiting") }
  }

  private mutating func archivePresentations(
    _ archive: inout Archive
  ) throws(SnapshotError) {
    try archive.section("presentations")
    var words = (0..<pes.count).flatMap { pes[$0].words }
    try archive.field("pes", &words)
    let outstanding = outstanding
    try archive.field(
      "outstanding", count: outstanding.count, read: { UInt64(outstanding[$0]) },
      write: { outstanding[$0] = UInt32(truncatingIfNeeded: $1) })
    guard archive.isReading else { return }
    let width = Presentation.wordCount
    guard words.count == pes.count * width else { throw .field("pes") }
    for pe in 0..<pes.count {
      guard let presentation = Presentation(words: words[pe * width..<(pe + 1) * width]) else {
        throw .field("pes")
      }
      pes[pe] = presentation
    }
  }

  private mutating func archiveWheel(_ archive: inout Archive) throws(SnapshotError) {
    try archive.section("events")
    let (itsCount, peCount, unitCount) = (its.count, pes.count, lpis.count)
    let slots = its.count > 0 ? its[0].slots.slots.count : 0
    let propertySlots = lpis.count > 0 ? lpis[0].slots.slots.count : 0
    var transactions: [TransactionIndex] = []
    var looking: [TransactionIndex] = []
    var underWay = 0
    try wheel.archive(&archive) { event in
      let payload = Int(event.payload)
      switch event.unit {
      case .tableRead: return payload >> 16 < itsCount && payload & 0xffff < slots
      case .propertyRead: return payload >> 16 < unitCount && payload & 0xffff < propertySlots
      case .pendingAccess:
        return payload >> 31 != 0 ? payload & 0x7fff_ffff < unitCount : payload < peCount
      case .fetch, .lookup, .message, .lpiArrival, .lpiLookup:
        transactions.append(event.payload)
        if event.unit != .fetch, event.unit != .lookup { underWay += 1 }
        if event.unit == .lookup { looking.append(event.payload) }
        return true
      case .lpiBank: return payload < unitCount
      case .select, .accept: return payload < peCount
      case .tableWrite, .credit, .command, .link, .arbiter: return payload < itsCount
      }
    }
    guard transactions.allSatisfy({ pool.holds($0) }) else { throw .field("events") }
    if archive.isReading {
      for n in 0..<its.count { its[n].ahead = TransactionQueue() }
      findLookups(looking)
      for n in 0..<its.count { underWay += its[n].linkQueue.count }
      for unit in 0..<lpis.count {
        for bank in 0..<bankCount { underWay += lpis[unit].banks[bank].queue.count }
      }
      express.others = underWay
    }
  }
}
