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
    let document = ValidationDocument(
      laws: laws, baseline: TimingFigures(resolved.machine.timing),
      sensitivity: sensitivity(base, resolved), configuration: resolved.name, hash: resolved.hash)
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

  private func save(_ bytes: [UInt8], to path: String) throws {
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      defer { try? file.close() }
      try write(bytes, to: file)
    } catch let error as Errno {
      throw ReplayError("\(path) cannot be written: \(error)")
    }
  }

  /// A boot of an unmodified kernel, without time and with that of three presets.
  private func equivalence(_ path: String) throws -> [TimingLaw.Row] {
    let trace = try Trace(contentsOf: path)
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

  /// Each assumed whole number halved and doubled, alone.
  private func sensitivity(
    _ base: ConfigurationLayer, _ resolved: ResolvedConfiguration
  ) -> [ValidationDocument.Sensitivity] {
    let count = isShort ? 300 : 3_000
    let baseline = TimingFigures(resolved.machine.timing, count: count)
    var rows: [ValidationDocument.Sensitivity] = []
    for value in resolved.values
    where value.key.hasPrefix("timing.") && value.provenance == .assumed {
      for text in ValidationTool.variants(of: value) where text != value.value {
        let key = value.key.dropFirst("timing.".count)
        let layer = ConfigurationLayer(name: "sweep", text: "timing: {\(key): \(text)}\n")
        // A value that no machine can have is left out.
        guard let changed = try? resolve([base, layer]) else { continue }
        let figures = TimingFigures(changed.machine.timing, count: count)
        rows.append(
          ValidationDocument.Sensitivity(
            key: value.key, unit: value.unit, value: value.value, changed: text,
            percent: zip(baseline.all, figures.all).map { old, new in
              old.value == 0 ? 0 : (new.value / old.value - 1) * 100
            },
            flips: figures.conclusions.filter { !baseline.conclusions.contains($0) }))
      }
    }
    return rows
  }

  private static func variants(of value: ConfiguredValue) -> [String] {
    switch value.value {
    case "true": return ["false"]
    case "false": return ["true"]
    case "constant": return ["exponential"]
    default:
      guard let number = UInt64(value.value) else { return [] }
      return number == 0 ? ["1", "4"] : ["\(number / 2)", "\(number * 2)"]
    }
  }
}
