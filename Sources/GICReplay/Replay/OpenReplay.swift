// The timed clock, open loop: every event at the trace's own time, whatever the machine makes of
// it.

import GICArch
import GICModel
import GICReport

/// One replay in which nobody waits for anybody.
struct OpenReplay<Target: ReplayTarget> {
  private let trace: Trace
  private let target: Target
  private let clock: ReplayClock
  private let patience: ReplayPatience
  private(set) var book: ReplayBook
  /// Acknowledges that found nothing where the trace's guest found something.
  private(set) var unsatisfied = 0
  private var log = AnswerLog()
  private var active: ActiveInterrupts
  private var now: UInt64 = 0

  init(_ trace: Trace, on target: Target, clock: ReplayClock) {
    (self.trace, self.target, self.clock) = (trace, target, clock)
    patience = ReplayPatience(clock)
    book = ReplayBook(trace)
    active = ActiveInterrupts(peCount: trace.header.cpuCount)
  }

  mutating func run(
    limit: Int? = nil, progress: (Int) -> Void = { _ in }
  ) throws(ReplayError) {
    let count = min(limit ?? .max, trace.events.count)
    for index in 0..<count {
      let event = trace.events[index]
      guard !event.operation.isObservation else { continue }
      now = clock.cycles(ns: event.time)
      try step(index, event)
      if index & 0x3fff == 0 { progress(index) }
    }
    try settle()
    now = try target.advance(
      to: now &+ patience.drainCycles, until: .idle, changes: &log.changes)
    try book.close(target, timed: true, complete: count == trace.events.count)
  }

  private mutating func step(_ index: Int, _ event: TraceEvent) throws(ReplayError) {
    switch event.operation {
    case .fill, .memory, .command:
      try settle()
      _ = try target.advance(to: now, until: .limit, changes: &log.changes)
      try book.apply(event, at: event.time, to: target)
    case .endOfInterrupt:
      try settle()
      let completion = active.end(by: Int(event.who))
      try write(.eoir1, completion.end, event, index)
      try write(.dir, completion.deactivate, event, index)
    case .systemRegisterWrite where event.a == UInt64(SystemRegister.dir.rawValue):
      try settle()
      try write(.dir, active.deactivate(by: Int(event.who)), event, index)
    default:
      if event.operation == .systemRegisterWrite, event.a == UInt64(SystemRegister.ctlr.rawValue) {
        active.control(event.b, of: Int(event.who))
      }
      book.tables.note(event)
      if event.isWakeUp { active.control(0, of: Int(event.who)) }
      for access in event.resets(cycle: now) {
        try target.submit(access, tag: TraceEvent.noTag, into: &log)
      }
      if let access = event.access(trace.header, cycle: now) {
        try target.submit(access, tag: index, into: &log)
        try check()
      }
    }
  }

  private mutating func write(
    _ register: SystemRegister, _ intid: INTID?, _ event: TraceEvent, _ index: Int
  ) throws(ReplayError) {
    guard let intid else { return }
    let access = Access(
      .systemRegisterWrite, size: 8, source: UInt32(event.who),
      address: UInt64(register.rawValue), data: UInt64(intid.rawValue), cycle: now)
    try target.submit(access, tag: index, into: &log)
    try check()
  }

  private mutating func settle() throws(ReplayError) {
    try target.drain(into: &log)
    try check()
  }

  private mutating func check() throws(ReplayError) {
    let answers = log.answers
    log.removeAll()
    for answer in answers where answer.tag != TraceEvent.noTag {
      let event = trace.events[answer.tag]
      switch event.operation {
      case .msi:
        book.ledger.countMSI(
          DeviceID(rawValue: UInt32(event.a)), EventID(rawValue: UInt32(event.b)))
        book.timeline.countMSI(at: event.time)
      case .acknowledge:
        let got = INTID(rawValue: UInt32(truncatingIfNeeded: answer.response.value))
        let traced = INTID(rawValue: UInt32(event.a))
        if got.isSpecial, !traced.isSpecial { unsatisfied += 1 }
        book.acknowledged(got, by: Int(event.who), at: event.time)
        if let now = active.acknowledged(got, traced: traced, by: Int(event.who)) {
          try write(.eoir1, now.end, event, TraceEvent.noTag)
          try write(.dir, now.deactivate, event, TraceEvent.noTag)
        }
      case _ where event.readsWhatTimeLeavesAlone:
        book.compareRead(event, answer.response.value)
      default: continue
      }
    }
  }
}
