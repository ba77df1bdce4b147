import GICArch
import GICModel
import GICReport

/// What a replay has compared and counted so far, on either clock.
struct ReplayBook {
  let trace: Trace
  var translations = Check()
  var progressReads = Check()
  var acknowledges = Check()
  var registerReads = Check(notModelled: 0)
  /// The same for a machine that is not the traced one: what tells the two apart is only counted.
  var otherMachineReads = Check(notModelled: 0, otherMachine: 0)
  var endState = Check()
  var lines: LineCheck
  var ledger: InterruptLedger
  var tables: LPITables
  var timeline: Timeline
  var pending: [[INTID]] = []

  init(_ trace: Trace) {
    self.trace = trace
    let cpus = trace.header.cpuCount
    lines = LineCheck(peCount: cpus)
    ledger = InterruptLedger(peCount: cpus)
    tables = LPITables(trace.header)
    timeline = Timeline(
      startNs: trace.events.first?.time ?? 0, endNs: trace.durationNs, peCount: cpus)
  }

  /// A memory line: applies it to guest RAM, and learns from it what the guest is about.
  mutating func apply<Target: ReplayTarget>(
    _ event: TraceEvent, at ns: UInt64, to target: Target
  ) throws(ReplayError) {
    if event.operation == .fill {
      return try target.fill(
        UInt8(truncatingIfNeeded: event.c), at: event.a, count: Int(event.b))
    }
    let range = Int(event.b)..<Int(event.b) + Int(event.c)
    try target.write(trace.bytes.span.extracting(range), at: event.a)
    if event.operation == .command {
      timeline.countCommand(at: ns)
      if let command = ITSCommand(decoding: queueEntry(range.lowerBound)) { ledger.note(command) }
    } else {
      for index in range {
        let address = event.a + UInt64(index - range.lowerBound)
        guard let intid = tables.lpi(configuredAt: address) else { continue }
        ledger.note(LPIConfiguration(raw: trace.bytes[index]), of: intid)
      }
    }
  }

  private func queueEntry(_ start: Int) -> QueueEntry {
    func word(_ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(trace.bytes[start + index * 8 + $1]) << ($1 * 8) }
    }
    return QueueEntry(word(0), word(1), word(2), word(3))
  }

  /// Whether the guest's console line is one that the ledger wants.
  func mark(_ event: TraceEvent) -> String? {
    let range = Int(event.b)..<Int(event.b) + Int(event.c)
    let text = String(decoding: trace.texts[range], as: UTF8.self)
    return text.contains("LT-MARK interrupts-") ? text : nil
  }

  /// A register that was read.
  mutating func compareRead(_ event: TraceEvent, _ value: UInt64) {
    if trace.header.isGICv4Only(event) {
      registerReads.notModelled = (registerReads.notModelled ?? 0) + 1
      otherMachineReads.notModelled = registerReads.notModelled
      return
    }
    let expected = event.isBad ? 0 : event.b
    func example() -> String {
      "\(trace.file):\(event.line): \(event.operation.name) \(event.place): expected "
        + "\(hex(expected)), got \(hex(value))"
    }
    registerReads.record(value == expected, example())
    if value != expected, (value ^ expected) & ~event.identifyingBits == 0 {
      otherMachineReads.otherMachine = (otherMachineReads.otherMachine ?? 0) + 1
    } else {
      otherMachineReads.record(value == expected, example())
    }
  }

  mutating func acknowledged(_ intid: INTID, by pe: Int, at ns: UInt64) {
    ledger.countAcknowledge(intid, by: pe)
    if intid.isLPI { timeline.countAcknowledge(by: pe, at: ns) }
  }

  /// Makes the pending tables exact, reads them, and judges the `E` lines.
  mutating func close<Target: ReplayTarget>(
    _ target: Target, timed: Bool, complete: Bool
  ) throws(ReplayError) {
    try target.flushPendingTables()
    for rd in 0..<trace.header.cpuCount {
      pending.append(try tables.pending(of: rd, in: target))
    }
    guard complete else { return }
    var judge = EndStateCheck(trace, ledger, pending: pending, tables: tables)
    for statement in trace.endState {
      try judge.judge(statement, in: target, timed: timed)
    }
    endState = judge.check
  }
}

extension TraceEvent {
  /// The register as a reader of the trace would name it.
  var place: String {
    switch operation {
    case .systemRegisterRead, .systemRegisterWrite:
      SystemRegister(rawValue: UInt32(a)).description
    case .redistributorRead, .redistributorWrite: "\(rd) \(hex(a))"
    default: hex(a)
    }
  }
}

func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
