// The report for a terminal: aligned columns, units in the headings, colour only on request.

extension ReplayDocument {
  /// What was replayed, whether it was right, where every interrupt went and how long things took.
  /// - Parameter colored: marks verdicts with ANSI colours.
  public func text(colored: Bool = false) -> String {
    let counted = statistics.text(clockHertz: configuration.clockHertz, colored: colored)
    return [headline(colored), checksText(colored), counted, notes].joined(separator: "\n")
  }

  private func headline(_ colored: Bool) -> String {
    let cpus = trace.cpus == 1 ? "1 CPU" : "\(trace.cpus) CPUs"
    let result = passed ? "as the trace says" : "DIFFERS from the trace"
    return "\(trace.name): \(cpus), \(Format.grouped(trace.events)) events, "
      + "\(Format.time(nanoseconds: Double(trace.durationNs))) of guest time\n"
      + "replayed on the \(clockAndLoop), configuration \(configuration.name): "
      + verdict(passed, result, colored) + "\n"
  }

  private func checksText(_ colored: Bool) -> String {
    var table = TextTable(["compared with the trace", "checked", "mismatched", ""])
    for (name, check) in checks {
      let good = check.mismatched == 0
      let word = !good ? "DIFFERS" : check.checked == 0 ? "nothing to compare" : "equal"
      table.add([
        Format.words(name), Format.grouped(check.checked), Format.grouped(check.mismatched),
        verdict(good, word, colored) + (check.apart.isEmpty ? "" : ", " + check.apart),
      ])
    }
    let examples = checks.flatMap { name, check in
      check.examples.map { "  \(Format.words(name)): \($0)\n" }
    }
    return table.text + examples.joined()
  }

  private var notes: String {
    let calibration = clock == "timed" ? configuration.calibrationNote + "\n" : ""
    return calibration
      + "configuration \(configuration.name), hash \(configuration.hash)\n"
      + "host: \(host.mode), \(Format.short(host.elapsedSeconds)) s, "
      + "\(Format.scaled(host.eventsPerSecond)) events/s, parsed at "
      + "\(Format.scaled(host.parseLinesPerSecond)) lines/s, "
      + "\(Format.mebibytes(host.residentBytes)) resident, itsd \(host.toolVersion)\n"
  }
}
