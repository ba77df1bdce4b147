// The result of a replay. Its JSON keys are an interface: scripts read them.

/// What a replay did, what it compared, and how long things took in simulated time. Two replays of
/// the same trace with the same configuration give equal documents apart from ``host``.
public struct ReplayDocument: JSONDocument, Equatable, Sendable {
  public var trace: Trace
  /// `functional` or `timed`.
  public var clock: String
  /// `open` or `closed`: whether a guest that waits delays what it does next; `none` where there is
  /// no time to wait.
  public var loop: String
  public var configuration: ConfigurationDocument
  /// DeviceID and EventID to INTID, collection and PE: the trace's `x` lines.
  public var translations: Check
  /// GITS_CREADR as the guest polled it.
  public var creadrReads: Check
  /// ICC_IAR1 reads.
  public var acknowledges: Check
  /// Interrupt outputs.
  public var lines: Check
  /// The trace's `E` lines.
  public var endState: Check
  /// Every other register read; `not_modelled` counts those of registers that only GICv4 has.
  public var registerReads: Check
  /// MSIs that met a pending LPI.
  public var merged: UInt64
  /// LPIs pending at the end, by PE and INTID.
  public var pending: [PendingLPI]
  /// LPIs acknowledged, one number a PE.
  public var acknowledgedLPIs: [Int]
  /// `conservation`, `latency_cycles` (without buckets) and `per_pe` are also written beside it.
  public var statistics: StatisticsDocument
  public var timeline: Timeline
  public var host: Host

  /// Where the input came from.
  public struct Trace: Codable, Equatable, Sendable {
    public var name: String
    public var file: String
    public var cpus: Int
    public var events: Int
    public var durationNs: UInt64
    public init(name: String, file: String, cpus: Int, events: Int, durationNs: UInt64) {
      (self.name, self.file, self.cpus) = (name, file, cpus)
      (self.events, self.durationNs) = (events, durationNs)
    }
    enum CodingKeys: String, CodingKey {
      case name, file, cpus, events
      case durationNs = "duration_ns"
    }
  }

  /// A LPI that is pending at a PE (its place among the redistributor frames).
  public struct PendingLPI: Codable, Equatable, Sendable {
    public var pe: Int
    public var intid: UInt32
    public init(pe: Int, intid: UInt32) { (self.pe, self.intid) = (pe, intid) }
  }

  /// The only part that differs between runs.
  public struct Host: Codable, Equatable, Sendable {
    /// `in-process`, or the address attached to.
    public var mode: String
    public var elapsedSeconds: Double
    public var eventsPerSecond: Double
    public var parseLinesPerSecond: Double
    public var residentBytes: UInt64
    public var toolVersion: String
    /// A rate that is no number, because no time passed, becomes 0: JSON has no infinity.
    public init(
      mode: String, elapsedSeconds: Double, eventsPerSecond: Double, parseLinesPerSecond: Double,
      residentBytes: UInt64, toolVersion: String
    ) {
      (self.mode, self.elapsedSeconds) = (mode, elapsedSeconds)
      self.eventsPerSecond = eventsPerSecond.isFinite ? eventsPerSecond : 0
      self.parseLinesPerSecond = parseLinesPerSecond.isFinite ? parseLinesPerSecond : 0
      (self.residentBytes, self.toolVersion) = (residentBytes, toolVersion)
    }
    enum CodingKeys: String, CodingKey {
      case mode
      case elapsedSeconds = "elapsed_seconds"
      case eventsPerSecond = "events_per_second"
      case parseLinesPerSecond = "parse_lines_per_second"
      case residentBytes = "resident_bytes"
      case toolVersion = "tool_version"
    }
  }

  /// A document in which nothing has been compared yet.
  public init(
    trace: Trace, clock: String, loop: String, configuration: ConfigurationDocument,
    statistics: StatisticsDocument, timeline: Timeline, host: Host
  ) {
    (self.trace, self.clock, self.loop) = (trace, clock, loop)
    (self.configuration, self.statistics) = (configuration, statistics)
    (self.timeline, self.host) = (timeline, host)
    (translations, creadrReads, acknowledges) = (Check(), Check(), Check())
    (lines, endState, registerReads) = (Check(), Check(), Check(notModelled: 0))
    (merged, pending, acknowledgedLPIs) = (statistics.conservation.merged, [], [])
  }

  /// Every check with its JSON name, in the order of a report.
  public var checks: [(name: String, check: Check)] {
    [
      ("translations", translations), ("creadr_reads", creadrReads),
      ("acknowledges", acknowledges), ("lines", lines),
      ("register_reads", registerReads), ("end_state", endState),
    ]
  }
  /// "timed clock, closed loop", or "functional clock".
  var clockAndLoop: String { loop == "none" ? "\(clock) clock" : "\(clock) clock, \(loop) loop" }
  /// Whether nothing that was compared differed, no interrupt was lost or made, and nothing stuck.
  public var passed: Bool {
    statistics.conservation.holds && statistics.deadlock == nil
      && checks.allSatisfy { $0.check.mismatched == 0 }
  }
}

/// Answers compared with what the trace says.
public struct Check: Codable, Equatable, Sendable {
  /// How many mismatches a check describes.
  public static var maximumExamples: Int { 8 }

  public var checked = 0
  public var mismatched = 0
  /// The first few mismatches, in words.
  public var examples: [String] = []
  /// Answers that were left out because the model has no such register; nil where that cannot be.
  public var notModelled: Int?
  /// Answers that differ because the machine is another one than the traced, and says so: bits of
  /// identification registers. No mismatch; nil where the machine claims to be the same.
  public var otherMachine: Int?
  /// Acknowledges that found nothing where the traced guest found an interrupt: with latencies,
  /// MSIs merge that did not merge in the trace. No mismatch; nil where there is no time.
  public var unsatisfied: Int?

  public init(notModelled: Int? = nil, otherMachine: Int? = nil) {
    (self.notModelled, self.otherMachine) = (notModelled, otherMachine)
  }

  /// Counts one comparison; `example` describes it if it failed.
  public mutating func record(_ matches: Bool, _ example: @autoclosure () -> String) {
    checked += 1
    guard !matches else { return }
    mismatched += 1
    if examples.count < Check.maximumExamples { examples.append(example()) }
  }

  enum CodingKeys: String, CodingKey {
    case checked, mismatched, examples, unsatisfied
    case notModelled = "not_modelled"
    case otherMachine = "other_machine"
  }

  /// Answers that were counted apart, in words; empty if there are none.
  var apart: String {
    let counts = [("not modelled", notModelled), ("of another machine", otherMachine)]
    return counts.compactMap { name, count in
      count.flatMap { $0 > 0 ? "\(Format.grouped($0)) \(name)" : nil }
    }.joined(separator: ", ")
  }
}
