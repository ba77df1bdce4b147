import GICArch
import Testing

@testable import GICModel

/// Keeps everything that the units tell.
struct TimingLog: TimingTracer {
  static var isOn: Bool { true }
  var events: [TimingEvent] = []
  mutating func trace(_ event: TimingEvent) { events.append(event) }
}

/// What a log says of one transaction.
private struct Life {
  var kind: Transaction.Kind
  var cause: UInt64
  var start: UInt64
  var granted: UInt64?
  var stages: [(stage: TimingStage, start: UInt64, end: UInt64)] = []
  var end: (how: TimingEnd, cycle: UInt64)?
  var reached: UInt64 { stages.last?.end ?? start }
}

/// - Returns: by serial; nothing is said of a transaction before it begins or after it ends.
private func lives(_ events: [TimingEvent]) -> [UInt64: Life] {
  var lives: [UInt64: Life] = [:]
  for event in events {
    switch event {
    case .began(let serial, let kind, _, _, _, let cause, let cycle):
      #expect(lives[serial] == nil)
      lives[serial] = Life(kind: kind, cause: cause, start: cycle)
    case .granted(let serial, let cycle): lives[serial]?.granted = cycle
    case .routed(let serial, _, _, _): #expect(lives[serial]?.end == nil)
    case .spent(let serial, let stage, let start, let end):
      #expect(lives[serial]?.end == nil && lives[serial]?.reached == start && start < end)
      lives[serial]?.stages.append((stage, start, end))
    case .ended(let serial, let how, let cycle):
      #expect(lives[serial] != nil && lives[serial]?.end == nil)
      lives[serial]?.end = (how, cycle)
    case .level, .decoded: break
    }
  }
  return lives
}

@Test func `the trace of an MSI is its stages, one after the other`() throws {
  var core = TracedCore.fake(tracer: TimingLog())
  core.run(to: 100)
  core.submit(3, 5)
  core.drain()
  let life = try #require(lives(core.tracer.events)[1])
  let timing = core.timing
  #expect(life.kind == .msi && life.start == 100 && life.cause == 0)
  #expect(life.granted == 100 + timing.msiAcceptCycles)
  #expect(life.end?.how == .presented && life.end?.cycle == 100 + timing.coldMSI(levels: 1))
  #expect(life.reached == life.end?.cycle)
  let sums = Dictionary(life.stages.map { ("\($0.stage)", $0.end - $0.start) }, uniquingKeysWith: +)
  #expect(sums["\(TimingStage.msi(.tableMemory))"] == 3 * timing.memoryLatencyCycles)
  #expect(sums["\(TimingStage.msi(.propertyMemory))"] == timing.memoryLatencyCycles)
  #expect(sums["\(TimingStage.msi(.accept))"] == timing.msiAcceptCycles)
}

@Test func `the trace names the command that a message comes from, and every end`() {
  var core = TracedCore.fake(pes: 2, tracer: TimingLog())
  let lpi = FakeRules.intid(1, 0)
  core.write([.set(PEIndex(0), lpi, merged: false)], [.synchronize(PEIndex(0))])
  core.drain()
  let all = lives(core.tracer.events)
  let commands = all.filter { $0.value.kind == .command }.keys.sorted()
  let set = all.first { $0.value.kind == .set }?.value
  #expect(set?.cause == commands.first)
  #expect(set?.end?.how == .presented)
  #expect(all.first { $0.value.kind == .synchronize }?.value.cause == commands.last)
  #expect(commands.allSatisfy { all[$0]?.end?.how == .completed })
  for serial in commands {
    #expect(all[serial]?.reached == all[serial]?.end?.cycle)
  }
}

@Test func `levels are those of the queues, and return to where they were`() {
  var timing = TimingParameters()
  timing.msiFIFODepth = 2
  timing.translationSlots = 1
  timing.propertyReadsInFlight = 1
  timing.linkCredits = 2
  timing.pendingEntries = 5
  timing.lpiCache = .init(entries: 0, ways: 2)
  var core = TracedCore.fake(timing, pes: 4, tracer: TimingLog())
  // The second time everything but the properties is cached.
  for _ in 0..<2 {
    for event: UInt32 in 0..<12 { core.submit(event, event) }
    core.drain()
    while !core.rules.pending.isEmpty {
      for pe in 0..<4 { core.acknowledge(pe) }
      core.drain()
    }
  }
  core.write([.deviceWritten(DeviceID(rawValue: 1))], [.synchronize(PEIndex(0))])
  core.drain()
  var (last, greatest) = ([TimingLevel: Int](), [TimingLevel: Int]())
  for case .level(let level, _, let value, _) in core.tracer.events {
    last[level] = value
    greatest[level] = max(greatest[level] ?? 0, value)
  }
  for level in TimingLevel.allCases {
    #expect(greatest[level] ?? 0 > 0, "\(level) never moved")
    #expect(last[level] == (level == .credits ? 2 : 0), "\(level)")
  }
  #expect(greatest[.ingress] == 2 && greatest[.outside] == 10)
  #expect(greatest[.translationSlots] == 1 && greatest[.propertySlots] == 1)
  #expect(core.tracer.events.count > 100)
}

@Test func `the trace follows the command engine through its phases`() {
  var core = TracedCore.fake(tracer: TimingLog())
  core.write([.deviceWritten(DeviceID(rawValue: 1))], [.synchronize(PEIndex(0))])
  core.drain()
  var phases: [Int] = []
  for case .level(.executing, _, let value, _) in core.tracer.events where value != phases.last {
    phases.append(value)
  }
  // Decode, reads (none), operation, writes, retire; SYNC waits and is acknowledged before.
  #expect(phases == [1, 2, 3, 4, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0])
}

/// Collects what a traced machine tells.
private final class Collector: TimingSink {
  var events: [TimingEvent] = []
  var batches = 0
  var restarts = 0
  func take(_ batch: Span<TimingEvent>) {
    batches += 1
    for index in batch.indices { events.append(batch[index]) }
  }
  func restart() { restarts += 1 }
}

@Test func `a batch is handed out when it is full, and on request, in order`() {
  let collector = Collector()
  let meter = LevelMeter(TimingShape(MachineConfiguration()))
  defer { meter.deallocate() }
  var tracer = BatchTracer(collector, meter)
  for value in 0..<10_000 {
    tracer.trace(.level(.ingress, unit: 0, value: value, cycle: UInt64(value)))
  }
  #expect(collector.batches == 2 && collector.events.count == 8192)
  tracer.flush()
  tracer.flush()
  #expect(collector.batches == 3)
  #expect(
    collector.events
      == (0..<10_000).map { .level(.ingress, unit: 0, value: $0, cycle: UInt64($0)) })
  tracer.trace(.granted(serial: 1, cycle: 1))
  tracer.restart()
  #expect(collector.events.count == 10_001 && collector.restarts == 1)
}
