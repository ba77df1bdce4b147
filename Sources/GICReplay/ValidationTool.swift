// What `itsctl validate` does once its arguments are parsed.

import GICConfig
import GICModel
import GICReport
import Glibc
import SystemPackage

/// Runs the laws of the timing model, and the sweep over the values that nobody published.
public struct ValidationTool {
  /// A preset's name or a file's path: the machine of the sweep and of the traces.
  public var configuration: String
  /// Traces whose end state must be the same with time and without.
  public var traces: [String]
  public var isShort: Bool
  /// With 5 x 10^7 arrivals.
  public var isLong: Bool
  public var json: Bool
  /// Where to write the page; nil is nowhere.
  public var html: String?

  public init(
    configuration: String, traces: [String], isShort: Bool, isLong: Bool, json: Bool, html: String?
  ) {
    (self.configuration, self.traces) = (configuration, traces)
    (self.isShort, self.isLong, self.json, self.html) = (isShort, isLong, json, html)
  }

  /// - Returns: whether every law holds.
  /// - Throws: ``TraceError``, `ConfigurationError` or ``ReplayError``.
  public func run() throws -> Bool {
    let base = try Presets.load(configuration)
    let resolved = try resolve([base])
    // What cannot be read is said before the laws have run, not after.
    let traces = try traces.map { path throws(TraceError) in try Trace(contentsOf: path) }
    let colored = isatty(1) != 0
    var laws: [TimingLaw] = []
    for run in TimingLaws.all {
      var law = run(isLong ? .long : isShort ? .short : .full)
      if law.number == 9 {
        for trace in traces { law.rows += try equivalence(trace) }
      }
      laws.append(law)
      try say(law.line(colored: colored))
    }
    let sweep = AssumptionSweep(base, resolved, count: isShort ? 300 : 3_000)
    let sensitivity = sweep.alone()
    let document = ValidationDocument(
      laws: laws, baseline: TimingFigures(resolved.machine.timing), sensitivity: sensitivity,
      interactions: sweep.pairs(sensitivity), configuration: resolved.name, hash: resolved.hash)
    if json {
      try write(try document.json(.indented), to: .standardOutput)
    } else {
      try say("law 12: sensitivity of \(resolved.name) to its assumed values, halved and doubled\n")
      try say(document.sensitivityText())
    }
    if let html { try save(Array(document.html().utf8), to: html) }
    return document.passed
  }

  private func say(_ text: String) throws {
    if !json { try write(Array(text.utf8), to: .standardOutput) }
  }

  /// A boot of an unmodified kernel, without time and with that of three presets.
  private func equivalence(_ trace: Trace) throws -> [TimingLaw.Row] {
    var options = ReplayOptions()
    let plain = try ReplayRun(trace, options, base: try Presets.load(configuration)).run(
      on: makeMachine)
    options.clock = .timed
    var rows = try ["ideal", configuration].map { preset in
      let timed = try ReplayRun(trace, options, base: try Presets.load(preset)).run(on: makeMachine)
      let differs = timed.endState.mismatched + plain.endState.mismatched
      return TimingLaw.Row(
        "\(trace.header.name), \(preset): parts of the end state that differ", expected: 0,
        measured: UInt64(differs))
    }
    // At the trace's own times an ideal machine is the functional one.
    options.loop = .open
    let ideal = try ReplayRun(trace, options, base: try Presets.load("ideal")).run(on: makeMachine)
    let stages = [ideal.statistics.latencyCycles.msi, ideal.statistics.latencyCycles.command]
      .compactMap { $0 }.flatMap(\.stages)
    let added = stages.filter { $0.name != "hppi_wait" }.reduce(0) { $0 + $1.distribution.max }
    let isEqual =
      ideal.acknowledgedLPIs == plain.acknowledgedLPIs && ideal.merged == plain.merged
      && ideal.pending == plain.pending
      && ideal.statistics.commands == plain.statistics.commands
    rows.append(
      TimingLaw.Row("\(trace.header.name), ideal: cycles added", expected: 0, measured: added))
    rows.append(
      TimingLaw.Row(
        "\(trace.header.name), ideal: equal to the functional run", expected: 1,
        measured: isEqual ? 1 : 0))
    return rows
  }
}
