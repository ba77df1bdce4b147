// One run of one point: everything around the machine, and what is measured in between.

import GICArch
import GICModel

/// How long a run is, in transactions that have ended: MSIs and commands together.
struct Phases: Equatable {
  var warmup: Int
  var batches = 20
  /// Of all batches together.
  var measured: Int
}

/// Plays devices, vCPUs and PEs around a machine, from its set-up to its drain.
final class Rig {
  let guest: TimedGuest
  let machine: TimedMachine
  let pes: PEs
  private var agenda = Agenda()
  private var now: UInt64

  /// The device and event of the next MSI of a stream.
  typealias Pick = (_ stream: Int) -> (device: Int, event: Int)
  private var streams: [Arrivals] = []
  private var pick: Pick = { _ in (0, 0) }
  /// As many MSIs as this are always under way; 0 leaves it to the streams.
  private var window: UInt64 = 0
  private(set) var sent: UInt64 = 0
  private var endedBefore: UInt64
  private var vcpus: VCPUs?
  private var isDraining = false
  /// More MSIs outside than this: the machine does not keep up.
  static let mostOutside = 50_000
  /// Steps in a row in which nothing ends: nothing will.
  static let mostQuiet = 1 << 20

  init(_ guest: TimedGuest) {
    self.guest = guest
    machine = guest.machine
    pes = PEs(machine)
    now = machine.cycle
    endedBefore = machine.endedMSIs
  }

  // MARK: What is played

  /// MSIs that come whether or not earlier ones have ended.
  func send(_ streams: [Arrivals], _ pick: @escaping Pick) {
    (self.streams, self.pick) = (streams, pick)
    for index in streams.indices { schedule(index) }
  }
  /// So many MSIs under way, always.
  func keep(_ window: Int, _ pick: @escaping Pick) {
    (self.window, self.pick) = (UInt64(window), pick)
  }
  /// Commands.
  func play(_ vcpus: VCPUs) {
    self.vcpus = vcpus
    vcpus.begin(at: now, &agenda)
  }
  /// What the MSIs are that are announced on the agenda (``What/paced``).
  func setPick(_ pick: @escaping Pick) { self.pick = pick }

  private var origin: UInt64?
  private func schedule(_ stream: Int) {
    let start = origin ?? now
    origin = start
    agenda.add(What.arrival, stream, at: max(now, start &+ streams[stream].next()))
  }

  private func signal(_ stream: Int) {
    let (device, event) = pick(stream)
    guest.signal(device, event, at: now)
    sent &+= 1
  }

  /// Bursts of so many LPIs, each as soon as PEs have ended all of the one before. Event `e` of
  /// device `d` is number `d * events + e`.
  func burst(_ population: Int, events: Int) {
    pick = { ($0 / events, $0 % events) }
    for number in 0..<population { agenda.add(What.paced, number, at: now) }
    var ended = 0
    pes.onEnd = { _, cycle, agenda in
      ended += 1
      guard ended == population else { return }
      ended = 0
      for number in 0..<population { agenda.add(What.paced, number, at: cycle) }
    }
  }

  /// Every event comes once, and is handled, before anything else: what fits into caches is there.
  func touch() {
    let (devices, events) = (guest.shape.devices, guest.shape.events)
    var next = 0
    keep(8) { _ in
      next += 1
      return ((next - 1) / events % devices, (next - 1) % events)
    }
    _ = run(untilEnded: ended &+ UInt64(devices * events))
    window = 0
    drain()
    isDraining = false
  }

  // MARK: Time

  /// Transactions that have ended.
  var ended: UInt64 { machine.endedMSIs &+ machine.endedCommands }

  /// Lets time pass until so many transactions have ended.
  /// - Returns: whether they have: a machine that does not keep up is left alone, and so is one
  /// that
  ///   nothing more is asked of.
  func run(untilEnded goal: UInt64) -> Bool {
    var watch: TimedMachine.Watch = [.lines]
    if vcpus != nil { watch.insert(.commands) }
    if window > 0 { watch.insert(.msis) }
    var (steps, quiet, last) = (0, 0, ended)
    while ended < goal {
      fillWindow()
      let next = agenda.next
      let before = now
      now = machine.advance(to: next, watching: watch)
      pes.look(at: now, &agenda)
      vcpus?.look(at: now, &agenda)
      while let entry = agenda.popFirst(through: now) { handle(entry) }
      steps += 1
      if next == .max, now == before, agenda.isEmpty { return false }
      (quiet, last) = ended == last ? (quiet + 1, last) : (0, ended)
      if quiet > Rig.mostQuiet { return false }
      if steps % 1_024 == 0, machine.waitingOutside > Rig.mostOutside { return false }
    }
    return true
  }

  private func fillWindow() {
    guard window > 0, !isDraining else { return }
    while sent &- (machine.endedMSIs &- endedBefore) < window { signal(0) }
  }

  private func handle(_ entry: Agenda.Entry) {
    let who = Int(entry.who)
    switch entry.what {
    case What.peEnd: pes.end(who, at: now, &agenda)
    case What.arrival where !isDraining:
      signal(who)
      schedule(who)
    case What.paced where !isDraining: signal(who)
    case What.wish where !isDraining: vcpus?.wish(who, at: now, &agenda)
    case What.poll: vcpus?.poll(who, at: now, &agenda)
    case What.unlock: vcpus?.unlock(who, at: now, &agenda)
    default: break
    }
  }

  /// Nothing new comes; what is under way ends.
  func drain() {
    isDraining = true
    while true {
      let next = agenda.next
      let before = now
      now = machine.advance(to: next, watching: vcpus == nil ? [.lines] : [.lines, .commands])
      pes.look(at: now, &agenda)
      vcpus?.look(at: now, &agenda)
      while let entry = agenda.popFirst(through: now) { handle(entry) }
      if agenda.isEmpty, next == .max, now == before { return }
    }
  }

  // MARK: Measuring

  /// Warm-up, batches, drain.
  /// - Throws: ``StudyError`` if an interrupt was lost or the model stood still: an error of the
  ///   program, never of the study.
  func measure(_ phases: Phases) throws(StudyError) -> Measured {
    var isStable = run(untilEnded: ended &+ UInt64(phases.warmup))
    var marks = [mark()]
    let first = machine.statistics()
    let (waits, done) = (vcpus?.waits ?? LatencyHistogram(), vcpus?.done ?? [])
    let held = vcpus?.heldCycles(at: now) ?? 0
    let (handled, sentBefore) = (pes.handled, sent)
    let size = max(1, phases.measured / phases.batches)
    for _ in 0..<phases.batches where isStable {
      isStable = run(untilEnded: ended &+ UInt64(size))
      marks.append(mark())
    }
    let last = machine.statistics()
    var measured = Measured(
      first: first, last: last, marks: marks, isStable: isStable,
      timing: machine.configuration.timing, shape: guest.shape)
    measured.sent = sent &- sentBefore
    if let vcpus {
      measured.waits = vcpus.waits.since(waits)
      measured.operations = zip(vcpus.done, done).map { $0 &- $1 }
      measured.heldCycles = vcpus.heldCycles(at: now) &- held
    }
    measured.handled = zip(pes.handled, handled).map { $0 &- $1 }
    if isStable { drain() }
    try check(machine.statistics(), isDrained: isStable)
    return measured
  }

  private func mark() -> Measured.Mark {
    Measured.Mark(
      cycle: machine.cycle, msis: machine.endedMSIs, msiCycles: machine.endedMSICycles,
      commands: machine.endedCommands, operations: vcpus?.operations ?? 0)
  }

  private func check(_ statistics: MachineStatistics, isDrained: Bool) throws(StudyError) {
    if let error = statistics.commandErrors.first {
      throw StudyError("\(error.value) commands were rejected: \(error.key)")
    }
    if let deadlock = statistics.deadlock { throw StudyError("the model stood still: \(deadlock)") }
    let account =
      statistics.delivered + statistics.merged + statistics.pending
      + statistics.dropped.values.reduce(0, +)
    let given = statistics.msis + statistics.intCommands + statistics.restored
    guard account == given else {
      throw StudyError("\(given) interrupts were given and \(account) are accounted for")
    }
    guard !isDrained || statistics.pending == 0 else {
      throw StudyError("\(statistics.pending) interrupts never came to a PE")
    }
  }
}
