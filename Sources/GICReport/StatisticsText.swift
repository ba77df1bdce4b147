// A machine's counters and latencies for a terminal.

extension StatisticsDocument {
  /// Of more PEs than this a terminal shows the busiest; JSON and HTML have all.
  private static var maximumPERows: Int { 16 }

  /// Where every interrupt went, commands, counters, latencies by stage and the load of each PE.
  /// - Parameter clockHertz: frequency of the GIC clock, to show time beside cycles.
  public func text(clockHertz: Double?, colored: Bool = false) -> String {
    let parts = [
      conservationText(colored) + commandsText(colored), latencyText(clockHertz), eventsText,
      loadText(clockHertz), perPEText,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private func conservationText(_ colored: Bool) -> String {
    let sums = conservation
    let dropped = sums.dropped.filter { $0.value > 0 }
    let total = dropped.values.reduce(0, &+)
    let reasons = dropped.isEmpty ? "" : " (\(list(dropped)))"
    return "conservation: \(Format.grouped(sums.msis)) signalled "
      + "(\(Format.grouped(sums.intCommands)) by INT, \(Format.grouped(sums.restored)) restored) "
      + "= \(Format.grouped(sums.delivered)) delivered + "
      + "\(Format.grouped(sums.merged)) merged + \(Format.grouped(sums.pending)) pending + "
      + "\(Format.grouped(total)) dropped\(reasons): "
      + verdict(sums.holds, sums.holds ? "holds" : "DOES NOT HOLD", colored) + "\n"
      + (deadlock.map { verdict(false, "DEADLOCK: \($0)", colored) + "\n" } ?? "")
  }

  private func commandsText(_ colored: Bool) -> String {
    let done = commands.filter { $0.value > 0 }
    let rejected = commandErrors.filter { $0.value > 0 }
    return (done.isEmpty ? "" : "commands: \(list(done))\n")
      + (rejected.isEmpty ? "" : verdict(false, "rejected: \(list(rejected))", colored) + "\n")
  }

  /// `INV 54, MAPD 15`: sorted by name.
  private func list(_ counts: [String: UInt64]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \(Format.grouped($0.value))" }
      .joined(separator: ", ")
  }

  private func latencyText(_ clockHertz: Double?) -> String {
    let tables = [("MSI", latencyCycles.msi), ("command", latencyCycles.command)].compactMap {
      name, latency -> String? in
      guard let latency, latency.total.count > 0 else { return nil }
      var table = TextTable(
        ["\(name) latency, cycles", "count", "min", "mean", "p50", "p90", "p99", "p99.9", "max"])
      for stage in latency.stages {
        table.add(TextTable.row("  " + Format.words(stage.name), stage.distribution))
      }
      table.add(TextTable.row("whole", latency.total))
      if let hertz = clockHertz, hertz > 0 {
        let cells = latency.total.inNanoseconds(1e9 / hertz)
        table.add(["whole, ns at \(Format.frequency(hertz: hertz))", ""] + cells)
      }
      return table.text
    }
    return tables.joined(separator: "\n")
  }

  private var eventsText: String {
    guard !events.isEmpty else { return "" }
    var table = TextTable(["event", "GICP", "count"])
    for event in events {
      table.add([event.name, event.gicpText, Format.grouped(event.count)])
    }
    return table.text
  }

  private var perPEText: String {
    guard !perPE.isEmpty else { return "" }
    var titles = ["PE", "LPIs set", "LPIs acknowledged", "all acknowledges", "spurious"]
    // Where no time passes nothing is on its way.
    let hasTime = perPE.contains { $0.presentingCycles > 0 }
    if hasTime { titles.append("presenting, cycles") }
    var table = TextTable(titles)
    let busiest = perPE.enumerated().sorted {
      ($1.element.lpisAcknowledged, $0.offset) < ($0.element.lpisAcknowledged, $1.offset)
    }.prefix(StatisticsDocument.maximumPERows)
    for (index, pe) in busiest.sorted(by: { $0.offset < $1.offset }) {
      let counts =
        [pe.lpisSet, pe.lpisAcknowledged, pe.acknowledged, pe.spurious]
        + (hasTime ? [pe.presentingCycles] : [])
      table.add(["\(index)"] + counts.map { Format.grouped($0) })
    }
    let hidden = perPE.count - busiest.count
    return table.text + (hidden > 0 ? "and \(hidden) PEs that acknowledged fewer LPIs\n" : "")
  }
}

extension StatisticsDocument.Event {
  /// `0x22`, or `-` where GICP has no such event.
  var gicpText: String { gicp.map { "0x" + String($0, radix: 16) } ?? "-" }
}

extension Distribution {
  /// Minimum through maximum as a latency table's cells.
  fileprivate func inNanoseconds(_ factor: Double) -> [String] {
    [Double(min), mean, Double(p50), Double(p90), Double(p99), Double(p999), Double(max)]
      .map { Format.short($0 * factor) }
  }
}
