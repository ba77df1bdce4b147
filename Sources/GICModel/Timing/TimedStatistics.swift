import GICArch

// What the timed clock adds to a machine's statistics.
extension TimedCore where Rules: ~Copyable {
  /// MSIs that the rules have not seen yet, of all ITSs.
  var ungrantedCount: Int {
    var count = 0
    for n in 0..<its.count { count += ungranted(its: n) }
    return count
  }

  /// Adds time to what the rules counted: an MSI that was not granted yet is given and pending.
  func report(into statistics: inout MachineStatistics) {
    statistics.clock = .timed
    statistics.cycle = now
    statistics.deadlock = deadlock
    statistics.msis += UInt64(ungrantedCount)
    statistics.pending += UInt64(ungrantedCount)
    statistics.msiLatency = msiLatency.latency()
    statistics.commandLatency = commandLatency.latency()
    statistics.devices = msiLatency.devices.devices
    reportPorts(into: &statistics)
    let acknowledged = statistics.pes.reduce(0) { $0 + $1.acknowledged }
    statistics.events = events(acknowledged: acknowledged)
  }

  /// - Source: event names and numbers, Arm GIC-600 TRM (100336), "GICP_EVTYPERn", EVENT encoding.
  private func events(acknowledged: UInt64) -> [MachineStatistics.Event] {
    var (device, event, collection) = (CacheCount(), CacheCount(), CacheCount())
    var properties = CacheCount()
    var latency = expressLatencySum
    for unit in 0..<lpis.count { properties.add(lpis[unit].properties) }
    for n in 0..<its.count {
      device.add(its[n].deviceCache)
      event.add(its[n].eventCache)
      collection.add(its[n].collectionCache)
      latency += its[n].latencySum
    }
    device.hits &-= hitsAhead(.device)
    event.hits &-= hitsAhead(.event)
    collection.hits &-= hitsAhead(.collection)
    let rows: [(name: String, gicp: Int?, count: UInt64)] = [
      ("CLK", 0x00, now),
      ("DN_SET", 0x05, counters.presented),
      ("UP_ACT", 0x09, acknowledged),
      ("UP_REL", 0x0a, counters.released),
      ("LPI", 0x22, counters.msisGranted),
      ("LPI_CMD", 0x23, counters.commandLPIs),
      ("DID_MISS", 0x24, device.misses),
      ("VID_MISS", 0x25, event.misses),
      ("COL_MISS", 0x26, collection.misses),
      ("ITS_LAT", 0x27, latency),
      ("LPI_HIT", 0x34, properties.hits),
      ("LPI_MATCH", 0x35, counters.merged),
      ("LPI_PROP", 0x39, counters.propertyReads),
      ("DID_LOOKUP", nil, device.hits + device.misses),
      ("VID_LOOKUP", nil, event.hits + event.misses),
      ("COL_LOOKUP", nil, collection.hits + collection.misses),
      ("LPI_LOOKUP", nil, properties.hits + properties.misses),
      ("TABLE_READ", nil, counters.tableReads),
      ("TABLE_WRITE", nil, counters.tableWrites),
      ("PENDING_READ", nil, counters.pendingReads),
      ("PENDING_WRITE", nil, counters.pendingWrites),
      ("COMMAND_FETCH", nil, counters.fetches),
      ("INGRESS_FULL", nil, counters.waitedOutside),
      ("MSI_DIRECT", nil, counters.direct),
      ("MSI_CLEARED", nil, counters.cleared),
      ("MSI_DROPPED", nil, counters.dropped),
      ("LATE_ACCESS", nil, counters.lateAccesses),
    ]
    return rows.map { MachineStatistics.Event(name: $0.name, gicp: $0.gicp, count: $0.count) }
  }
}

/// Hits and misses of one kind of cache, of all ITSs.
private struct CacheCount {
  var hits: UInt64 = 0
  var misses: UInt64 = 0
  mutating func add(_ cache: borrowing TimingCache) {
    hits += cache.hits
    misses += cache.misses
  }
}
