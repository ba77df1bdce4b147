// The timed clock, closed loop: whoever waits in the trace waits here, and does all it does next
// later.

import GICArch
import GICModel
import GICReport

/// One replay with a stream of events for each PE, and for each PE one of the MSIs that devices
/// send it. A PE's event happens at the trace's time plus the delay that its stream has collected;
/// an MSI is as late as the PE that it interrupts, since a device answers what its driver asked
/// for. The earliest happens next, and of equal times what stands first in the trace. Three things
/// make a stream wait:
/// - a poll of GITS_CREADR, until the queue has come as far as the trace saw;
/// - an acknowledge, until the PE's interrupt output is high;
/// - an event of ``TraceOperation/keepsOrder``, until all such events before it have happened. MSIs
///   keep their place among the writes of GITS_CWRITER: a driver maps before its device sends, and
///   has it quiet before it unmaps.
struct ClosedReplay<Target: ReplayTarget> {
  enum State { case ready, waitsForOrder, waitsForLine, ended }

  struct Stream {
    /// Positions in ``ClosedReplay/order``.
    var head: Int
    var end: Int
    /// Cycles.
    var delay: UInt64 = 0
    var state = State.ready
    /// When the first poll of the present wait was; nil: not polling.
    var pollStart: UInt64?
    var deadline: UInt64 = .max
  }

  let trace: Trace
  let target: Target
  let clock: ReplayClock
  var patience: ReplayPatience
  var book: ReplayBook
  /// Acknowledges that found nothing where the trace's guest found something.
  var unsatisfied = 0

  /// Indices of events, stream after stream: the PEs', the MSIs for each PE, and the rest.
  let order: [UInt32]
  /// By index of the event; -1 for an observation.
  let streamOf: [Int32]
  /// Indices of the writes of GITS_CWRITER and of the MSIs, and how many at their fronts have
  /// happened.
  let doorbells: [UInt32]
  var doorbellHead = 0
  let msis: [UInt32]
  var msiHead = 0
  var streams: [Stream]
  /// Indices of the events that keep their order, and how many of them have happened.
  let serial: [UInt32]
  var serialHead = 0
  /// What GITS_CREADR polls wait for, by event.
  let targets: [Int: UInt64]
  var progress = QueueProgress()

  /// How long PEs handle interrupts; nil: as long as the trace's did.
  var handling: PEHandling?
  /// By PE: an interrupt is ended at this cycle at the earliest.
  var earliestEnd: [UInt64]

  var heap = EventHeap()
  var waitingForLine = 0
  var levels: [LineLevels]
  var active: ActiveInterrupts
  var changes: [LineChange] = []
  /// Cycle reached.
  var now: UInt64 = 0
  /// All events before this index have happened.
  var frontier = 0
  var happened: [Bool]

  init(_ trace: Trace, on target: Target, clock: ReplayClock, limit: Int? = nil) {
    (self.trace, self.target, self.clock) = (trace, target, clock)
    patience = ReplayPatience(clock)
    book = ReplayBook(trace)
    let count = min(limit ?? .max, trace.events.count)
    let cpus = trace.header.cpuCount
    levels = Array(repeating: [], count: cpus)
    active = ActiveInterrupts(peCount: cpus)
    earliestEnd = Array(repeating: 0, count: cpus)
    happened = Array(repeating: false, count: count)
    var sorter = StreamSorter(trace, count: count)
    sorter.sort()
    for index in 0..<count where sorter.streamOf[index] < 0 { happened[index] = true }
    var start = 0
    streams = sorter.perStream.map { indices in
      defer { start += indices.count }
      return Stream(head: start, end: start + indices.count)
    }
    order = Array(sorter.perStream.joined())
    (streamOf, serial, targets) = (sorter.streamOf, sorter.serial, sorter.targets)
    (doorbells, msis) = (sorter.doorbells, sorter.msis)
  }

  mutating func run(progress: (Int) -> Void = { _ in }) throws(ReplayError) {
    for index in streams.indices { arm(index) }
    moveFrontier()
    var steps = 0
    while let next = heap.first {
      if next.time > now, waitingForLine > 0 {
        // A line that rises on the way may let an earlier event happen.
        now = max(
          now, try target.advance(to: next.time, until: .lineChange, changes: &changes))
        noteLines()
        guard now >= next.time, heap.first == next else { continue }
      }
      heap.removeFirst()
      try happen(next)
      steps += 1
      if steps & 0x3fff == 0 { progress(frontier) }
    }
    now = try target.advance(to: now &+ patience.drainCycles, until: .idle, changes: &changes)
    try book.close(target, timed: true, complete: happened.count == trace.events.count)
  }

  /// The index of the event that a stream does next.
  func head(_ stream: Int) -> Int? {
    let s = streams[stream]
    return s.head < s.end ? Int(order[s.head]) : nil
  }

  /// When a stream's event is due: late by the stream's delay, or by that of the PE that it
  /// interrupts.
  func due(_ index: Int, _ stream: Int) -> UInt64 {
    let time = clock.cycles(ns: trace.events[index].time)
    let cpus = trace.header.cpuCount
    guard (cpus..<cpus * 2).contains(stream) else { return time &+ streams[stream].delay }
    let pe = stream - cpus
    var delay = streams[pe].delay
    if streams[pe].state == .waitsForLine, let head = head(pe) {
      // The PE is waiting now: it will be at least that late.
      let began = clock.cycles(ns: trace.events[head].time)
      if now > began { delay = max(delay, now - began) }
    }
    return time &+ delay
  }

  /// Whether all has happened that the trace's guest has made sure of before this event.
  private func isInOrder(_ index: Int, _ event: TraceEvent) -> Bool {
    if event.operation == .msi {
      return doorbellHead == doorbells.count || Int(doorbells[doorbellHead]) > index
    }
    guard event.operation.keepsOrder else { return true }
    guard Int(serial[serialHead]) == index else { return false }
    return !event.isDoorbell || msiHead == msis.count || Int(msis[msiHead]) > index
  }

  /// Puts a stream's next event where it belongs.
  mutating func arm(_ stream: Int) {
    guard let index = head(stream) else {
      streams[stream].state = .ended
      return
    }
    guard isInOrder(index, trace.events[index]) else {
      streams[stream].state = .waitsForOrder
      return
    }
    streams[stream].state = .ready
    heap.insert(EventHeap.Entry(time: max(due(index, stream), now), index: index))
  }

  /// A stream's event has happened now: the next one comes later by what this one came too late.
  mutating func complete(_ index: Int, _ event: TraceEvent) {
    let stream = Int(streamOf[index])
    streams[stream].delay = now &- clock.cycles(ns: event.time)
    streams[stream].head += 1
    streams[stream].pollStart = nil
    happened[index] = true
    arm(stream)
    if event.operation == .msi {
      while msiHead < msis.count, happened[Int(msis[msiHead])] { msiHead += 1 }
      if serialHead < serial.count { rearm(Int(streamOf[Int(serial[serialHead])])) }
    } else if event.operation.keepsOrder {
      serialHead += 1
      if event.isDoorbell { passDoorbell() }
      if serialHead < serial.count { rearm(Int(streamOf[Int(serial[serialHead])])) }
      // The stream itself may have been put aside before the head moved on.
      rearm(stream)
    }
    moveFrontier()
  }

  /// MSIs may have waited for the queue's write.
  private mutating func passDoorbell() {
    doorbellHead += 1
    for stream in streams.indices {
      if let index = head(stream), trace.events[index].operation == .msi { rearm(stream) }
    }
  }

  /// Looks again at a stream that waited for its turn.
  private mutating func rearm(_ stream: Int) {
    if streams[stream].state == .waitsForOrder { arm(stream) }
  }

  /// All that can bring an acknowledge its interrupt has happened once it stands at the frontier:
  /// from then on it waits for a limited time.
  mutating func moveFrontier() {
    while frontier < happened.count, happened[frontier] { frontier += 1 }
    guard frontier < happened.count else { return }
    let stream = Int(streamOf[frontier])
    guard streams[stream].state == .waitsForLine, streams[stream].deadline == .max else { return }
    streams[stream].deadline = now &+ patience.acknowledgeCycles
    heap.insert(
      EventHeap.Entry(time: streams[stream].deadline, index: frontier, isDeadline: true))
  }

  /// Takes in the line changes since the last time, and wakes who waited for one.
  mutating func noteLines() {
    for change in changes where levels.indices.contains(change.pe.index) {
      let pe = change.pe.index
      levels[pe] = change.levels
      guard !change.levels.isEmpty, streams[pe].state == .waitsForLine, let index = head(pe) else {
        continue
      }
      streams[pe].state = .ready
      streams[pe].deadline = .max
      waitingForLine -= 1
      let time = clock.cycles(ns: trace.events[index].time) &+ streams[pe].delay
      heap.insert(EventHeap.Entry(time: max(time, change.cycle), index: index))
    }
    changes.removeAll(keepingCapacity: true)
  }
}

extension TraceEvent {
  /// A write of GITS_CBASER.
  var isQueueBase: Bool { operation == .itsWrite && a == UInt64(GITS.CBASER.offset) && !isBad }
}
