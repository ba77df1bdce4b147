// A replay from beginning to end: configuration, target, clock, and the document that tells of it.

import GICArch
import GICConfig
import GICModel
import GICReport
import Glibc

/// What to replay, and how.
public struct ReplayOptions: Sendable {
  /// What a guest that has to wait does with what comes after.
  public enum Loop: String, Sendable, CaseIterable {
    /// All at the trace's own times.
    case open
    /// Later by the time waited.
    case closed
  }
  public var clock = MachineStatistics.Clock.functional
  /// The functional clock has no time to wait, so there it says nothing.
  public var loop = Loop.closed
  /// How long a PE handles an interrupt, from acknowledge to end, on the closed timed clock.
  public enum Handling: String, Sendable, CaseIterable {
    /// As long as the trace's PEs did.
    case trace
    /// At least as long as `timing.pe_handling_cycles` and its distribution say.
    case model
  }
  public var handling = Handling.trace
  /// How many events to replay; nil is all of them. Less than all leaves the end state unchecked.
  public var limit: Int?
  public init() {}
}

/// One replay.
public struct ReplayRun {
  public let trace: Trace
  public let options: ReplayOptions
  public let configuration: ResolvedConfiguration
  /// Lines a second at which the trace was read; 0 if nobody looked.
  public var parseLinesPerSecond = 0.0
  /// Called now and then with the number of events done.
  public var progress: (Int) -> Void = { _ in }

  /// - Parameter base: the machine but for its shape, which the trace says, and its clock, which
  ///   the
  ///   options say.
  /// - Parameter times: whose times it has, and name; nil is `base`.
  /// - Throws: ``ConfigurationError`` if no machine can be made of that.
  public init(
    _ trace: Trace, _ options: ReplayOptions, base: ConfigurationLayer,
    times: ConfigurationLayer? = nil
  ) throws(ConfigurationError) {
    (self.trace, self.options) = (trace, options)
    var layers = [base]
    if let times { layers.append(try timingOnly(times)) }
    layers.append(trace.header.layer(name: trace.file))
    layers.append(
      ConfigurationLayer(name: "--clock", text: "clock: \(options.clock.rawValue)\n"))
    configuration = try resolve(layers)
  }

  /// Replays on a machine of this process.
  public func run(
    on makeMachine: (MachineConfiguration) -> any Machine
  ) throws(ReplayError) -> ReplayDocument {
    let header = trace.header
    return try run(
      on: try InProcessTarget(
        makeMachine(configuration.machine), ramBase: header.ramBase,
        ramByteCount: header.ramByteCount))
  }

  /// Replays on a machine that a running daemon makes for it.
  /// - Parameter address: `unix:PATH` or `tcp:HOST:PORT`.
  public func run(attachedTo address: String) throws(ReplayError) -> ReplayDocument {
    let header = trace.header
    return try run(
      on: try AttachedTarget(
        address, configuration, ramBase: header.ramBase, ramByteCount: header.ramByteCount))
  }

  func run<Target: ReplayTarget>(on target: Target) throws(ReplayError) -> ReplayDocument {
    let clock = ReplayClock(hertz: configuration.machine.timing.clockHertz)
    let start = ContinuousClock.now
    let book: ReplayBook
    var unsatisfied: Int?
    switch (options.clock, options.loop) {
    case (.functional, _):
      var replay = FunctionalReplay(trace, on: target)
      try replay.run(limit: options.limit, progress: progress)
      book = replay.book
    case (.timed, .open):
      var replay = OpenReplay(trace, on: target, clock: clock)
      try replay.run(limit: options.limit, progress: progress)
      (book, unsatisfied) = (replay.book, replay.unsatisfied)
    case (.timed, .closed):
      var replay = ClosedReplay(trace, on: target, clock: clock, limit: options.limit)
      if options.handling == .model {
        replay.handling = PEHandling(configuration.machine.timing)
      }
      try replay.run(progress: progress)
      (book, unsatisfied) = (replay.book, replay.unsatisfied)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return document(
      book, statistics: try target.statistics(), unsatisfied: unsatisfied,
      host: host(target.mode, seconds))
  }

  private var eventCount: Int { min(options.limit ?? .max, trace.events.count) }

  private func host(_ mode: String, _ seconds: Double) -> ReplayDocument.Host {
    ReplayDocument.Host(
      mode: mode, elapsedSeconds: seconds,
      eventsPerSecond: seconds > 0 ? Double(eventCount) / seconds : 0,
      parseLinesPerSecond: parseLinesPerSecond, residentBytes: peakResidentBytes(),
      toolVersion: ReplayRun.toolVersion)
  }

  /// Of `itsctl` and its results.
  public static var toolVersion: String { "0.1" }

  private func document(
    _ book: ReplayBook, statistics: StatisticsDocument, unsatisfied: Int?,
    host: ReplayDocument.Host
  ) -> ReplayDocument {
    var document = ReplayDocument(
      trace: ReplayDocument.Trace(
        name: trace.header.name, file: trace.file, cpus: trace.header.cpuCount,
        events: eventCount, durationNs: trace.durationNs),
      clock: options.clock.rawValue,
      loop: options.clock == .functional ? "none" : options.loop.rawValue,
      configuration: ConfigurationDocument(configuration),
      statistics: statistics, timeline: book.timeline, host: host)
    document.translations = book.translations
    document.creadrReads = book.progressReads
    document.acknowledges = book.acknowledges
    // The traces were taken on QEMU. KVM identifies itself otherwise, and must.
    document.registerReads =
      configuration.machine.profile.base == .kvm ? book.otherMachineReads : book.registerReads
    document.lines = book.lines.check
    document.endState = book.endState
    document.acknowledgedLPIs = book.ledger.lpis
    document.pending = book.pending.enumerated().flatMap { pe, intids in
      intids.map { ReplayDocument.PendingLPI(pe: pe, intid: $0.rawValue) }
    }
    if let unsatisfied {
      // Who acknowledges what depends on time. That the machine counts what the PEs got does not.
      document.acknowledges.unsatisfied = unsatisfied
      for (pe, count) in book.ledger.lpis.enumerated() {
        let counted =
          statistics.perPE.indices.contains(pe) ? statistics.perPE[pe].lpisAcknowledged : 0
        document.acknowledges.record(
          UInt64(count) == counted,
          "PE \(pe): expected \(count) LPIs acknowledged, got \(counted)")
      }
    }
    return document
  }
}

/// The most memory that this process has had, in bytes.
private func peakResidentBytes() -> UInt64 {
  var usage = rusage()
  // SAFETY: the struct is the call's own.
  guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
  return UInt64(max(usage.ru_maxrss, 0)) * 1024
}
