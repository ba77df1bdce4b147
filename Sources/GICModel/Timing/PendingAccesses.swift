import GICArch

/// Reads and writes of the pending tables of one LPI unit, in flight and waiting.
struct PendingAccesses: ~Copyable {
  /// Stands for a write in the queue; anything else is the PE whose choice is read.
  static var write: UInt32 { .max }

  var inFlight = 0
  private(set) var queue = Ring<UInt32>(filler: 0)
  private var writesWaiting = 0

  init() {}

  /// Whether nothing is in flight, and nothing waits.
  @inline(__always) var isQuiet: Bool { inFlight == 0 && queue.count == 0 }
  /// Whether an LPI that the unit holds no more waits to be written.
  var holdsWrite: Bool { writesWaiting > 0 }

  mutating func append(_ access: UInt32) {
    queue.append(access)
    if access == PendingAccesses.write { writesWaiting &+= 1 }
  }
  mutating func popFirst() -> UInt32? {
    guard let access = queue.popFirst() else { return nil }
    if access == PendingAccesses.write { writesWaiting &-= 1 }
    return access
  }
}

// Pending LPIs that have come to their redistributor are held by the LPI unit, `pendingEntries` of
// them. When it is full the oldest is written to its pending table, 32 bytes: posted, but while
// such a write waits for one of the `pendingAccessesInFlight`, no bank takes a message. An LPI in
// the table is known to be there, and weighed like any other; if it is chosen its 32 bytes are read
// first. So is one that software put there, and one that was moved with the whole table. Accesses
// are made in the order in which they are wanted. A place is free when the LPI is acknowledged,
// cleared or moved.
extension TimedCore where Rules: ~Copyable {
  /// The unit takes an LPI in.
  /// - Parameter near: as in ``WaitingIndex/foundPlace(_:near:)``.
  @inline(__always) mutating func hold(_ intid: INTID, of pe: PEIndex, near: UInt32 = 0) {
    let number = topology.unit(ofPE: pe.index)
    let key = WaitingIndex.key(pe.rawValue, intid.rawValue)
    guard let place = waiting.foundPlace(key, near: near) else { return }
    let entry = waiting.element(place)
    guard entry.value.lpi.slot == .max else { return }
    let unit = lpis.element(number)
    if unit.value.store.isFull { makeRoom(number) }
    entry.value.lpi.slot = unit.value.store.append(key)
    trace(.pendingEntries, number, unit.value.store.count)
  }

  /// The oldest goes to its pending table.
  @inline(never) private mutating func makeRoom(_ unit: Int) {
    let oldest = lpis[unit].store.removeOldest()
    if let place = waiting.foundPlace(oldest) { waiting.element(place).value.lpi.slot = .max }
    lpis[unit].accesses.append(PendingAccesses.write)
    makePendingAccesses(unit)
  }

  /// The unit holds the LPI no more.
  mutating func drop(_ lpi: WaitingIndex.LPI, of pe: UInt32) {
    guard lpi.slot != .max else { return }
    let unit = topology.unit(ofPE: Int(pe))
    lpis[unit].store.remove(lpi.slot)
    trace(.pendingEntries, unit, lpis[unit].store.count)
  }

  /// Whether the LPI must be read from its pending table before it can be sent.
  /// - Parameter place: where it was found; it may be another one's place later.
  @inline(__always)
  func isInTable(_ intid: INTID, of pe: PEIndex, foundAt place: inout UInt32) -> Bool {
    let key = WaitingIndex.key(pe.rawValue, intid.rawValue)
    guard let found = waiting.foundPlace(key) else { return true }
    place = UInt32(truncatingIfNeeded: found)
    return waiting.element(found).value.lpi.slot == .max
  }

  /// Reads what a PE has chosen.
  mutating func readPending(for pe: PEIndex) {
    let unit = topology.unit(ofPE: pe.index)
    lpis[unit].accesses.append(pe.rawValue)
    makePendingAccesses(unit)
  }

  private mutating func makePendingAccesses(_ unit: Int) {
    while lpis[unit].accesses.inFlight < max(1, timing.pendingAccessesInFlight),
      let access = lpis[unit].accesses.popFirst()
    {
      lpis[unit].accesses.inFlight &+= 1
      let isWrite = access == PendingAccesses.write
      if isWrite { counters.pendingWrites &+= 1 } else { counters.pendingReads &+= 1 }
      let answer = lpis[unit].port.request(.pendingTable, at: now)
      // PEs are far fewer than 2^31.
      let payload = isWrite ? 1 &<< 31 | UInt32(unit) : access
      wheel.schedule(.pendingAccess, at: answer, payload: payload)
    }
    trace(.pendingAccesses, unit, lpis[unit].accesses.inFlight)
  }

  mutating func pendingAccessReturned(_ payload: UInt32) {
    let isWrite = payload &>> 31 != 0
    let unit = isWrite ? Int(payload & 0x7fff_ffff) : topology.unit(ofPE: Int(payload))
    lpis[unit].accesses.inFlight &-= 1
    let held = lpis[unit].accesses.holdsWrite
    makePendingAccesses(unit)
    if !isWrite { pendingRead(Int(payload)) }
    if held, !lpis[unit].accesses.holdsWrite { advanceBanks(unit) }
  }
}

extension PendingAccesses {
  /// - Parameter peCount: whose choices may be read.
  mutating func archive(_ archive: inout Archive, peCount: Int) throws(SnapshotError) {
    try archive.field("accesses_in_flight", &inFlight)
    var words = queue.elements.map { UInt64($0) }
    try archive.field("accesses", &words)
    guard archive.isReading else { return }
    queue.removeAll()
    writesWaiting = 0
    for word in words {
      let access = UInt32(truncatingIfNeeded: word)
      guard access == PendingAccesses.write || Int(access) < peCount else {
        throw .field("accesses")
      }
      append(access)
    }
  }
}
