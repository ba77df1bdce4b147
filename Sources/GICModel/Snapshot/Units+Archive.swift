// The timed units of one ITS, and one LPI unit, for a snapshot.

import GICArch

extension TimedCore where Rules == Engine<Recorder> {
  mutating func archiveUnit(_ n: ITSIndex, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section("its_unit")
    try archiveArrivals(n, &archive)
    try archiveExecution(n, &archive)
    try archive.field("arbiter_free", &its[n].arbiter.free)
    try archive.field("arbiter_armed", &its[n].arbiter.armed)
    try archive.field("turn_is_msi", &its[n].arbiter.turnIsMSI)
    try archive.field("turn_left", &its[n].arbiter.left)
    try its[n].deviceCache.archive("device_cache", &archive)
    try its[n].eventCache.archive("event_cache", &archive)
    try its[n].collectionCache.archive("collection_cache", &archive)
    for table in 0..<3 { try archive.field("lookup_free", &its[n].lookupFree[table]) }
    try its[n].slots.archive(&archive, pool)
    try its[n].port.archive(&archive)
    try archive.field("writes_in_flight", &its[n].writesInFlight)
    try archive.field("credits", &its[n].credits)
    try archive.field("link_free", &its[n].linkFree)
    try archive.field("link_armed", &its[n].linkArmed)
    try archive.field("epoch", &its[n].epoch)
    try archive.field("latency_sum", &its[n].latencySum)
  }

  /// What has come, and the lines in which it stands.
  private mutating func archiveArrivals(
    _ n: ITSIndex, _ archive: inout Archive
  ) throws(SnapshotError) {
    var outside = its[n].outside.elements.flatMap {
      [UInt64($0.device) | UInt64($0.event) << 32, $0.cycle]
    }
    try archive.field("outside", &outside)
    var arrivals = its[n].arrivals.elements.flatMap { [UInt64($0.count), $0.cycle] }
    try archive.field("arrivals", &arrivals)
    var queues = its[n].fifo.words + its[n].fetched.words + its[n].linkQueue.words
    try archive.field("queues", &queues)
    try archive.field("unfetched", &its[n].unfetched)
    try archive.field("fetching", &its[n].fetching)
    try archive.field("fetch_epoch", &its[n].fetchEpoch)
    guard archive.isReading else { return }
    guard outside.count % 2 == 0, arrivals.count % 2 == 0, queues.count == 6 else {
      throw .field("queues of ITS \(n)")
    }
    its[n].outside.removeAll()
    for place in stride(from: 0, to: outside.count, by: 2) {
      its[n].outside.append(
        OutsideMSI(
          device: UInt32(truncatingIfNeeded: outside[place]),
          event: UInt32(truncatingIfNeeded: outside[place] >> 32), cycle: outside[place + 1]))
    }
    its[n].arrivals.removeAll()
    for place in stride(from: 0, to: arrivals.count, by: 2) {
      its[n].arrivals.append(
        CommandArrival(
          count: Int(truncatingIfNeeded: arrivals[place]), cycle: arrivals[place + 1]))
    }
    its[n].fifo = TransactionQueue(words: queues[0..<2])
    its[n].fetched = TransactionQueue(words: queues[2..<4])
    its[n].linkQueue = TransactionQueue(words: queues[4..<6])
    guard pool.holds(its[n].fifo), pool.holds(its[n].fetched), pool.holds(its[n].linkQueue) else {
      throw .field("queues of ITS \(n)")
    }
  }

  /// The command that executes, and what the rules said it did.
  private mutating func archiveExecution(
    _ n: ITSIndex, _ archive: inout Archive
  ) throws(SnapshotError) {
    var phase = its[n].execution.phase.rawValue
    try archive.field("phase", &phase)
    var names = [
      its[n].execution.transaction, its[n].execution.standing, its[n].execution.resumed,
    ].map(UInt64.init)
    try archive.field("executing", &names)
    let count = its[n].execution.eventCount
    var events = (0..<count).flatMap { its[n].execution.events[$0].words }
    try archive.field("did", &events)
    try archive.field("cursor", &its[n].execution.cursor)
    try archive.field("writes_left", &its[n].execution.writesLeft)
    try archive.field("stalled", &its[n].execution.stalled)
    try archive.field("rejected", &its[n].execution.rejected)
    try archive.field("ended", &its[n].execution.ended)
    try archive.field("sync_outstanding", &its[n].execution.outstanding)
    try archive.field("sync_reached", &its[n].execution.reached)
    try archive.field("sync_target", &its[n].execution.target)
    guard archive.isReading else { return }
    let width = StageEvent.wordCount
    guard let phase = CommandExecution.Phase(rawValue: phase), names.count == 3,
      events.count % width == 0, its[n].execution.cursor >= 0,
      its[n].execution.cursor <= events.count / width,
      Int(its[n].execution.target) < pes.count
    else { throw .field("execution of ITS \(n)") }
    its[n].execution.phase = phase
    let indices = names.map { TransactionIndex(truncatingIfNeeded: $0) }
    guard indices.allSatisfy({ $0 == .max || pool.holds($0) }),
      phase == .idle || pool.holds(indices[0])
    else { throw .field("execution of ITS \(n)") }
    its[n].execution.transaction = indices[0]
    (its[n].execution.standing, its[n].execution.resumed) = (indices[1], indices[2])
    var kept: [StageEvent] = []
    for place in stride(from: 0, to: events.count, by: width) {
      guard let event = StageEvent(words: events[place..<place + width], peCount: pes.count) else {
        throw .field("execution of ITS \(n)")
      }
      kept.append(event)
    }
    its[n].execution.keep(kept)
  }

  mutating func archiveLPIUnit(_ unit: Int, _ archive: inout Archive) throws(SnapshotError) {
    try archive.section("lpi_unit")
    let banks = lpis[unit].banks
    var words = (0..<banks.count).flatMap {
      [banks[$0].free, banks[$0].armed] + banks[$0].queue.words
    }
    try archive.field("banks", &words)
    try lpis[unit].properties.archive("properties", &archive)
    try lpis[unit].slots.archive(&archive, pool)
    try lpis[unit].port.archive(&archive)
    try lpis[unit].store.archive(&archive)
    try lpis[unit].accesses.archive(&archive, peCount: pes.count)
    guard archive.isReading else { return }
    guard words.count == banks.count * 4 else { throw .field("banks") }
    for bank in 0..<banks.count {
      let first = bank * 4
      banks[bank] = LPIUnit.Bank(
        queue: TransactionQueue(words: words[first + 2..<first + 4]), free: words[first],
        armed: words[first + 1])
      guard pool.holds(banks[bank].queue) else { throw .field("banks") }
    }
  }
}
