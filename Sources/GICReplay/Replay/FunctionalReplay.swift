// The functional clock: every event in the trace's order, every observation compared.

import GICArch
import GICModel
import GICReport

/// One replay without time. Answers may come later than they were asked for, but in order.
struct FunctionalReplay<Target: ReplayTarget> {
  private let trace: Trace
  private let target: Target
  private(set) var book: ReplayBook
  private var log = AnswerLog()
  /// Events so far that can move a line: applied, and answered.
  private var causes = 0
  private var answeredCauses = 0
  /// The last event applied was a write of GITS_CWRITER.
  private var isAfterDoorbell = false

  init(_ trace: Trace, on target: Target) {
    (self.trace, self.target) = (trace, target)
    book = ReplayBook(trace)
  }

  /// - Parameter limit: how many events to replay; nil is all, and the end state.
  mutating func run(
    limit: Int? = nil, progress: (Int) -> Void = { _ in }
  ) throws(ReplayError) {
    let count = min(limit ?? .max, trace.events.count)
    for index in 0..<count {
      try step(index, trace.events[index])
      if index & 0x3fff == 0 { progress(index) }
    }
    try settle()
    book.lines.finish()
    try book.close(target, timed: false, complete: count == trace.events.count)
  }

  private mutating func step(_ index: Int, _ event: TraceEvent) throws(ReplayError) {
    switch event.operation {
    case .fill, .memory, .command:
      // The machine must not see the future: what was sent before reads what was there before.
      try settle()
      try book.apply(event, at: event.time, to: target)
    case .console:
      guard let text = book.mark(event) else { return }
      try settle()
      book.ledger.mark(text)
    case .line:
      book.lines.expect(
        LineLevels(rawValue: UInt8(event.b)), of: Int(event.a), after: causes, line: event.line)
    case .translation, .failedTranslation:
      // An MSI's own translation is compared with its answer; one that an INT command did is asked.
      guard isAfterDoorbell else { return }
      try submit(
        Access(
          .translate, source: UInt32(event.a >> 32), data: event.a & 0xffff_ffff), index)
    default:
      if event.operation.canMoveLines { causes += 1 }
      isAfterDoorbell = event.isDoorbell
      book.tables.note(event)
      for access in event.resets() { try submit(access, TraceEvent.noTag) }
      if let access = event.access(trace.header) { try submit(access, index) }
    }
  }

  private mutating func submit(_ access: Access, _ index: Int) throws(ReplayError) {
    try target.submit(access, tag: index, into: &log)
    if !log.answers.isEmpty { check() }
  }

  private mutating func settle() throws(ReplayError) {
    try target.drain(into: &log)
    check()
  }

  /// Compares all answers that have come.
  private mutating func check() {
    var change = 0
    for answer in log.answers {
      guard answer.tag != TraceEvent.noTag else { continue }
      let event = trace.events[answer.tag]
      if event.operation.canMoveLines { answeredCauses += 1 }
      while change < answer.changeEnd {
        let changed = log.changes[change]
        book.lines.changed(
          changed.levels, of: changed.pe.index, at: answeredCauses, line: event.line)
        change += 1
      }
      compare(answer, event)
    }
    log.removeAll()
  }

  private mutating func compare(_ answer: Answer, _ event: TraceEvent) {
    let value = answer.response.value
    switch event.operation {
    case .msi:
      book.ledger.countMSI(
        DeviceID(rawValue: UInt32(event.a)), EventID(rawValue: UInt32(event.b)))
      book.timeline.countMSI(at: event.time)
      if let expected = trace.translation(after: answer.tag) { compareTranslation(value, expected) }
    case .translation, .failedTranslation: compareTranslation(value, event)
    case .acknowledge:
      let pe = Int(event.who)
      book.acknowledges.record(
        value == event.a,
        "\(trace.file):\(event.line): PE \(pe): expected INTID \(event.a), got \(value)")
      book.acknowledged(
        INTID(rawValue: UInt32(truncatingIfNeeded: value)), by: pe, at: event.time)
    case .itsRead where event.isProgressRead:
      book.progressReads.record(
        value == event.b,
        "\(trace.file):\(event.line): expected \(hex(event.b)), got \(hex(value))")
    case .itsRead, .redistributorRead, .distributorRead, .systemRegisterRead:
      book.compareRead(event, value)
    default: return
    }
  }

  private mutating func compareTranslation(_ packed: UInt64, _ expected: TraceEvent) {
    let outcome = MSIOutcome(packed: packed)
    let matches: Bool
    switch (expected.operation, outcome.kind) {
    case (.translation, .set), (.translation, .merged):
      matches = packed & .ones(55, 0) == expected.b
    case (.failedTranslation, .deviceOOR), (.failedTranslation, .deviceUnmapped):
      matches = expected.b == 0
    case (.failedTranslation, .eventOOR), (.failedTranslation, .eventUnmapped):
      matches = expected.b == 1
    case (.failedTranslation, .collectionUnmapped): matches = expected.b == 2
    default: matches = false
    }
    let wanted = MSIOutcome(packed: expected.b)
    book.translations.record(
      matches,
      "\(trace.file):\(expected.line): DeviceID \(hex(expected.a >> 32)), EventID "
        + "\(hex(expected.a & 0xffff_ffff)): expected "
        + (expected.operation == .translation
          ? "INTID \(wanted.intid), ICID \(wanted.collection), PE \(wanted.pe.index)" : "a failure")
        + ", got \(outcome.kind), INTID \(outcome.intid), ICID \(outcome.collection), PE "
        + "\(outcome.pe.index)")
  }
}
