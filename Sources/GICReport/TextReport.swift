// The report for a terminal: aligned columns, units in the headings, colour only on request.

extension ReplayDocument {
  /// What was replayed, whether it was right, where every interrupt went and how long things took.
  /// - Parameter colored: marks verdicts with ANSI colours.
  public func text(colored: Bool = false) -> String {
    let parts = [
      headline(colored), checksText(colored), conservationText(colored), latencyText, perPEText,
      notes,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private func verdict(_ good: Bool, _ text: String, _ colored: Bool) -> String {
    colored ? "\u{1b}[\(good ? "32" : "1;31")m\(text)\u{1b}[0m" : text
  }

  private func headline(_ colored: Bool) -> String {
    let cpus = trace.cpus == 1 ? "1 CPU" : "\(trace.cpus) CPUs"
    let result = passed ? "as the trace says" : "DIFFERS from the trace"
    return "\(trace.name): \(cpus), \(Format.grouped(trace.events)) events, "
      + "\(Format.time(nanoseconds: Double(trace.durationNs))) of guest time\n"
      + "replayed on the \(clock) clock, \(loop) loop, configuration \(configuration.name): "
      + verdict(passed, result, colored) + "\n"
  }

  private func checksText(_ colored: Bool) -> String {
    var table = TextTable(["compared with the trace", "checked", "mismatched", ""])
    for (name, check) in checks {
      let good = check.mismatched == 0
      let word = !good ? "DIFFERS" : check.checked == 0 ? "nothing to compare" : "equal"
      let apart = check.notModelled.map { $0 > 0 ? ", \(Format.grouped($0)) not modelled" : "" }
      table.add([
        Format.words(name), Format.grouped(check.checked), Format.grouped(check.mismatched),
        verdict(good, word, colored) + (apart ?? ""),
      ])
    }
    let examples = checks.flatMap { name, check in
      check.examples.map { "  \(Format.words(name)): \($0)\n" }
    }
    return table.text + examples.joined()
  }

  private func conservationText(_ colored: Bool) -> String {
    let sums = statistics.conservation
    let dropped = sums.dropped.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    let total = dropped.reduce(0) { $0 &+ $1.value }
    let reasons = dropped.map { "\($0.key) \(Format.grouped($0.value))" }.joined(separator: ", ")
    return "conservation: \(Format.grouped(sums.msis)) MSIs + "
      + "\(Format.grouped(sums.intCommands)) INT = \(Format.grouped(sums.delivered)) delivered + "
      + "\(Format.grouped(sums.merged)) merged + \(Format.grouped(sums.pending)) pending + "
      + "\(Format.grouped(total)) dropped\(reasons.isEmpty ? "" : " (\(reasons))"): "
      + verdict(sums.holds, sums.holds ? "holds" : "DOES NOT HOLD", colored) + "\n"
  }

  private var latencyText: String {
    let latencies = statistics.latencyCycles
    var out = ""
    for (name, latency) in [("MSI", latencies.msi), ("command", latencies.command)] {
      guard let latency, latency.total.count > 0 else { continue }
      var table = TextTable(
        ["\(name) latency, cycles", "count", "min", "mean", "p50", "p90", "p99", "p99.9", "max"])
      for stage in latency.stages {
        table.add(TextTable.row("  " + Format.words(stage.name), stage.distribution))
      }
      table.add(TextTable.row("whole", latency.total))
      if let hertz = configuration.clockHertz, hertz > 0 {
        let cells = latency.total.inNanoseconds(1e9 / hertz)
        table.add(["whole, ns at \(Format.frequency(hertz: hertz))", ""] + cells)
      }
      out += (out.isEmpty ? "" : "\n") + table.text
    }
    return out
  }

  /// Of more PEs than this a terminal shows the busiest; JSON and HTML have all.
  private static var maximumPERows: Int { 16 }

  private var perPEText: String {
    guard !statistics.perPE.isEmpty else { return "" }
    var table = TextTable(["PE", "LPIs set", "LPIs acknowledged", "all acknowledges", "spurious"])
    let busiest = statistics.perPE.enumerated().sorted {
      ($1.element.lpisAcknowledged, $0.offset) < ($0.element.lpisAcknowledged, $1.offset)
    }.prefix(ReplayDocument.maximumPERows)
    for (index, pe) in busiest.sorted(by: { $0.offset < $1.offset }) {
      let counts = [pe.lpisSet, pe.lpisAcknowledged, pe.acknowledged, pe.spurious]
      table.add(["\(index)"] + counts.map { Format.grouped($0) })
    }
    let hidden = statistics.perPE.count - busiest.count
    return table.text + (hidden > 0 ? "and \(hidden) PEs that acknowledged fewer LPIs\n" : "")
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

extension Distribution {
  /// Minimum through maximum as a latency table's cells.
  fileprivate func inNanoseconds(_ factor: Double) -> [String] {
    [Double(min), mean, Double(p50), Double(p90), Double(p99), Double(p999), Double(max)]
      .map { Format.short($0 * factor) }
  }
}

/// Columns as wide as their widest cell: the first to the left, numbers to the right.
struct TextTable {
  private var rows: [[String]]

  init(_ titles: [String]) { rows = [titles] }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  static func row(_ name: String, _ spread: Distribution) -> [String] {
    [
      name, Format.grouped(spread.count), Format.grouped(spread.min),
      Format.fixed(spread.mean, 1), Format.grouped(spread.p50), Format.grouped(spread.p90),
      Format.grouped(spread.p99), Format.grouped(spread.p999), Format.grouped(spread.max),
    ]
  }

  /// Ends with a line feed. A column without a title is text and is not padded.
  var text: String {
    var widths = [Int](repeating: 0, count: rows[0].count)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    var out = ""
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column > 0 { line += "  " }
        let isText = column == 0 || rows[0][column].isEmpty
        line += isText ? cell + padding : padding + cell
      }
      while line.hasSuffix(" ") { line.removeLast() }
      out += line + "\n"
    }
    return out
  }
}
