// What happens when an event's time has come.

import GICArch
import GICModel
import GICReport

extension ClosedReplay {
  mutating func happen(_ entry: EventHeap.Entry) throws(ReplayError) {
    let event = trace.events[entry.index]
    let stream = Int(streamOf[entry.index])
    guard head(stream) == entry.index else { return }
    if entry.isDeadline {
      guard streams[stream].state == .waitsForLine, streams[stream].deadline == entry.time else {
        return
      }
      waitingForLine -= 1
      streams[stream].deadline = .max
    } else {
      guard streams[stream].state == .ready else { return }
      let due = due(entry.index, stream)
      if due > max(now, entry.time) {
        // The PE that it interrupts has become later since.
        return heap.insert(EventHeap.Entry(time: due, index: entry.index))
      }
    }
    now = max(now, entry.time)
    if event.operation == .endOfInterrupt, earliestEnd[stream] > now {
      // The PE is still at it.
      return heap.insert(EventHeap.Entry(time: earliestEnd[stream], index: entry.index))
    }
    switch event.operation {
    case .fill, .memory, .command:
      // What the machine read before now, it read before this.
      _ = try target.advance(to: now, until: .limit, changes: &changes)
      noteLines()
      try book.apply(event, at: clock.ns(cycles: now), to: target)
      complete(entry.index, event)
    case .acknowledge: try acknowledge(entry, event)
    case .itsRead where event.isProgressRead: try poll(entry.index, event)
    case .endOfInterrupt:
      let completion = active.end(by: Int(event.who))
      try write(.eoir1, completion.end, event)
      try write(.dir, completion.deactivate, event)
      complete(entry.index, event)
    case .systemRegisterWrite where event.a == UInt64(SystemRegister.dir.rawValue):
      try write(.dir, active.deactivate(by: Int(event.who)), event)
      complete(entry.index, event)
    default:
      try access(event)
      complete(entry.index, event)
    }
  }

  private mutating func perform(_ access: Access) throws(ReplayError) -> UInt64 {
    let response = try target.perform(access, changes: &changes)
    noteLines()
    return response.value
  }

  private mutating func write(
    _ register: SystemRegister, _ intid: INTID?, _ event: TraceEvent
  ) throws(ReplayError) {
    guard let intid else { return }
    _ = try perform(
      Access(
        .systemRegisterWrite, size: 8, source: UInt32(event.who),
        address: UInt64(register.rawValue), data: UInt64(intid.rawValue), cycle: now))
  }

  /// Everything that waits for nothing.
  private mutating func access(_ event: TraceEvent) throws(ReplayError) {
    if event.operation == .systemRegisterWrite, event.a == UInt64(SystemRegister.ctlr.rawValue) {
      active.control(event.b, of: Int(event.who))
    }
    if event.isQueueBase { progress.restart(event.b) }
    book.tables.note(event)
    if event.isWakeUp { active.control(0, of: Int(event.who)) }
    for access in event.resets(cycle: now) { _ = try perform(access) }
    guard let access = event.access(trace.header, cycle: now) else { return }
    let value = try perform(access)
    if event.operation == .msi {
      book.ledger.countMSI(
        DeviceID(rawValue: UInt32(event.a)), EventID(rawValue: UInt32(event.b)))
      book.timeline.countMSI(at: clock.ns(cycles: now))
    } else if event.readsWhatTimeLeavesAlone {
      book.compareRead(event, value)
    }
  }

  /// Reads GITS_CREADR; comes back a little later if the queue has not come far enough.
  private mutating func poll(_ index: Int, _ event: TraceEvent) throws(ReplayError) {
    let stream = Int(streamOf[index])
    guard let access = event.access(trace.header, cycle: now) else { return }
    let position = progress.read(try perform(access))
    let wanted = targets[index] ?? 0
    let start = streams[stream].pollStart ?? now
    streams[stream].pollStart = start
    if position < wanted, now - start < patience.pollLimitCycles {
      heap.insert(EventHeap.Entry(time: now &+ patience.pollCycles, index: index))
      return
    }
    book.progressReads.record(
      position >= wanted,
      "\(trace.file):\(event.line): expected the queue to come to \(hex(event.b)), got no further "
        + "than \(wanted - position) bytes before it")
    complete(index, event)
  }

  private mutating func acknowledge(
    _ entry: EventHeap.Entry, _ event: TraceEvent
  ) throws(ReplayError) {
    let pe = Int(event.who)
    let traced = INTID(rawValue: UInt32(event.a))
    if !traced.isSpecial, !entry.isDeadline, levels[pe].isEmpty {
      _ = try target.advance(to: now, until: .limit, changes: &changes)
      noteLines()
      if levels[pe].isEmpty {
        streams[pe].state = .waitsForLine
        streams[pe].deadline = .max
        waitingForLine += 1
        return moveFrontier()
      }
    }
    guard let access = event.access(trace.header, cycle: now) else { return }
    let got = INTID(rawValue: UInt32(truncatingIfNeeded: try perform(access)))
    if got.isSpecial, !traced.isSpecial { unsatisfied += 1 }
    if !got.isSpecial, let cycles = handling?.next() { earliestEnd[pe] = now &+ cycles }
    book.acknowledged(got, by: pe, at: clock.ns(cycles: now))
    if let completion = active.acknowledged(got, traced: traced, by: pe) {
      try write(.eoir1, completion.end, event)
      try write(.dir, completion.deactivate, event)
    }
    complete(entry.index, event)
  }
}
