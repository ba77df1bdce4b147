// The pictures of the page, each with the table that says the same in numbers.

extension HTMLReport {
  private var classes: [(name: String, latency: LatencyDocument)] {
    let latencies = document.statistics.latencyCycles
    return [("MSI", latencies.msi), ("Command", latencies.command)].compactMap { name, latency in
      latency.flatMap { $0.total.count > 0 ? (name, $0) : nil }
    }
  }

  var latency: String {
    guard !classes.isEmpty else {
      let lead =
        document.clock == "timed"
        ? "No MSI and no command completed."
        : "The functional clock has no time. Replay on the timed clock to see latencies."
      return section("Latency", lead, "")
    }
    let plot = LatencyPlot(
      curves: classes.map {
        .init(name: $0.name, color: $0.name == "MSI" ? 0 : 1, distribution: $0.latency.total)
      },
      nanosecondsPerCycle: nanosecondsPerCycle)
    return section(
      "Latency",
      "MSI: from the ITS's ingress until the CPU interface accepts the LPI, or it is merged or "
        + "dropped. Command: from the write of GITS_CWRITER until the command is complete. A curve "
        + "ends at the slowest one. Both axes are logarithmic, so that the tail shows.",
      figure(plot.draw) + distributionTable(classes.map { ($0.name, nil, $0.latency.total) }))
  }

  var stages: String {
    let classes = classes.filter { !$0.latency.stages.isEmpty }
    guard !classes.isEmpty else { return "" }
    var body = ""
    for (name, latency) in classes {
      let plot = StagePlot(
        name: name, latency: latency, nanosecondsPerCycle: nanosecondsPerCycle)
      body += figure(plot.draw)
      let rows = latency.stages.enumerated().map { index, stage in
        (Format.words(stage.name), Optional(index % StyleSheet.stageCount), stage.distribution)
      }
      body += distributionTable(rows + [("whole", nil, latency.total)])
    }
    return section(
      "Where the time goes",
      "Mean latency by stage. A part of a bar is the stage's mean over all transactions of its "
        + "kind; the table's mean is over those that saw the stage. The two bars have axes of "
        + "their own. \"hppi wait\" is not the ITS's: the LPI is pending, and its PE has not taken "
        + "those before it.",
      body)
  }

  var timeline: String {
    let timeline = document.timeline
    let plot = TimePlot(
      panels: [
        .init(name: "MSIs", color: 0, counts: timeline.msis),
        .init(name: "Commands", color: 1, counts: timeline.commands),
      ], binNs: timeline.binNs, startNs: timeline.startNs)
    return section("MSIs and commands over time", "", figure(plot.draw))
  }

  var load: String {
    let plot = LoadPlot(
      counts: document.timeline.acknowledgesPerPE, totals: document.acknowledgedLPIs,
      binNs: document.timeline.binNs, startNs: document.timeline.startNs)
    guard !plot.totals.isEmpty else { return "" }
    let lead = plot.groupSize > 1 ? "Each row is \(plot.groupSize) PEs." : ""
    return section(
      "Load by PE", lead,
      figure(plot.drawTotals) + figure(plot.drawHeat)
        + "<details><summary>Counts by PE</summary>\n\(peTable)</details>\n")
  }

  private var peTable: String {
    var table = HTMLTable(
      ["PE", "LPIs set", "LPIs acknowledged", "all acknowledges", "spurious"],
      numbers: [0, 1, 2, 3, 4], isSlim: true)
    for (index, pe) in document.statistics.perPE.enumerated() {
      let counts = [pe.lpisSet, pe.lpisAcknowledged, pe.acknowledged, pe.spurious]
      table.add([.number("\(index)")] + counts.map { .number(Format.grouped($0)) })
    }
    return table.markup
  }

  /// One row a distribution, in cycles; with a colour's number it gets the plot's square.
  private func distributionTable(
    _ rows: [(name: String, color: Int?, distribution: Distribution)]
  ) -> String {
    var table = HTMLTable(
      ["cycles", "count", "min", "mean", "p50", "p90", "p99", "p99.9", "max"],
      numbers: Set(1...8))
    for row in rows {
      let square = row.color.map { color in
        "<svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">"
          + "<rect class=\"c\(color)\" width=\"1\" height=\"1\"/></svg>"
      }
      let spread = row.distribution
      let values = [spread.p50, spread.p90, spread.p99, spread.p999, spread.max]
      table.add(
        [
          .markup((square ?? "") + escaped(row.name)), .number(Format.grouped(spread.count)),
          .number(Format.grouped(spread.min)), .number(Format.fixed(spread.mean, 1)),
        ] + values.map { .number(Format.grouped($0)) },
        isSum: row.name == "whole")
    }
    return table.markup
  }
}
