// Whether anything is under way that will never end. Every unit that waits is woken by an event, so
// a machine without an event and with work is stuck for good. That would be an error of the model:
// it is reported with the state of every unit, once, and nothing is done about it.

extension TimedCore where Rules: ~Copyable {
  /// So many cycles without an event, while work is outstanding, are a deadlock.
  static var patience: UInt64 { 10_000_000 }

  /// Nothing is queued, and time has come to `cycle`; `.max` is the end of time.
  mutating func watch(at cycle: UInt64) {
    guard deadlock == nil, wheel.isEmpty, cycle == .max || cycle &- lastEvent >= Self.patience,
      hasWork
    else { return }
    deadlock = "no progress since cycle \(lastEvent), with work outstanding\n\(unitStates)"
  }

  /// Whether anything should go on by itself. LPIs that wait for their PE, and a queue that stands
  /// still behind a rejected command, do not.
  private var hasWork: Bool {
    if pool.liveCount > restingCount { return true }
    for n in 0..<its.count where its[n].outside.count > 0 || its[n].unfetched > 0 { return true }
    return false
  }

  /// One line for each ITS, LPI unit, and PE that is not idle.
  var unitStates: String {
    var lines: [String] = []
    for n in 0..<its.count {
      lines.append(
        "ITS \(n): outside \(its[n].outside.count), ingress \(its[n].fifo.count), "
          + "unfetched \(its[n].unfetched), fetching \(its[n].fetching), "
          + "fetched \(its[n].fetched.count), executing \(its[n].execution.phase), "
          + "SYNC waits for \(its[n].execution.outstanding), "
          + "slots \(its[n].slots.busyCount) of \(its[n].slots.slots.count), "
          + "waiting for one \(its[n].slots.queue.count), writes \(its[n].writesInFlight), "
          + "link queue \(its[n].linkQueue.count), "
          + "credits \(its[n].credits) of \(timing.linkCredits)")
    }
    for unit in 0..<lpis.count {
      let queues = (0..<bankCount).map { "\(lpis[unit].banks[$0].queue.count)" }
      lines.append(
        "LPI unit \(unit): banks \(queues.joined(separator: ", ")), "
          + "property reads \(lpis[unit].slots.busyCount) of \(lpis[unit].slots.slots.count), "
          + "waiting for one \(lpis[unit].slots.queue.count), "
          + "holds \(lpis[unit].store.count) of \(lpis[unit].store.capacity), "
          + "pending accesses \(lpis[unit].accesses.inFlight), "
          + "waiting \(lpis[unit].accesses.queue.count)")
    }
    for pe in 0..<pes.count {
      var messages: UInt64 = 0
      for n in 0..<its.count { messages += UInt64(outstanding[n &* pes.count &+ pe]) }
      guard pes[pe].phase != .idle || messages > 0 else { continue }
      lines.append(
        "PE \(pe): \(pes[pe].phase), LPI \(pes[pe].candidate), messages on their way \(messages)")
    }
    return lines.joined(separator: "\n")
  }
}
