// The parts of the page that are words and numbers only.

extension HTMLReport {
  var checks: String {
    var table = HTMLTable(
      ["compared with the trace", "checked", "mismatched", ""], numbers: [1, 2], isSlim: true)
    var examples = ""
    for (name, check) in document.checks {
      let note = check.apart
      let verdict =
        check.mismatched == 0
        ? "<span class=\"good\">\(check.checked == 0 ? "nothing to compare" : "✓ equal")</span>"
        : "<span class=\"bad\">✗ differs</span>"
      table.add([
        .text(Format.words(name)), .number(Format.grouped(check.checked)),
        .number(Format.grouped(check.mismatched)),
        .markup(note.isEmpty ? verdict : verdict + " " + escaped(note)),
      ])
      guard !check.examples.isEmpty else { continue }
      examples += "<p>\(escaped(Format.words(name))), the first differences:</p>\n<ul>\n"
      for example in check.examples { examples += "<li><code>\(escaped(example))</code></li>\n" }
      examples += "</ul>\n"
    }
    return section(
      "Checks", "What the simulated machine answered, against what the traced one did.",
      table.markup + examples)
  }

  var conservation: String {
    let conservation = document.statistics.conservation
    var table = HTMLTable(["interrupts", "count"], numbers: [1], isSlim: true)
    let others = conservation.intCommands &+ conservation.restored
    table.add([.text("MSIs"), .number(Format.grouped(conservation.msis &- others))])
    table.add([.text("INT commands"), .number(Format.grouped(conservation.intCommands))])
    if conservation.restored > 0 {
      table.add([.text("restored"), .number(Format.grouped(conservation.restored))])
    }
    table.add(
      [.text("LPIs signalled"), .number(Format.grouped(conservation.msis))], isSum: true)
    table.add([.text("delivered"), .number(Format.grouped(conservation.delivered))])
    table.add([.text("merged"), .number(Format.grouped(conservation.merged))])
    table.add([.text("pending"), .number(Format.grouped(conservation.pending))])
    for (reason, count) in conservation.dropped.sorted(by: { $0.key < $1.key }) where count > 0 {
      table.add([.text("dropped: \(reason)"), .number(Format.grouped(count))])
    }
    table.add(
      [.text("accounted for"), .number(Format.grouped(conservation.accountedFor))], isSum: true)
    let pending = document.pending.map { "INTID \($0.intid) at PE \($0.pe)" }
    let shown = pending.prefix(16).joined(separator: ", ") + (pending.count > 16 ? ", ..." : "")
    let lead = pending.isEmpty ? "No LPI is pending at the end." : "Pending at the end: \(shown)."
    return section(
      conservation.holds
        ? "Conservation: no interrupt was lost" : "Conservation: the sums differ", lead,
      table.markup)
  }

  /// Commands by name, and the events of the timed clock with GICP's numbers.
  var counters: String {
    let statistics = document.statistics
    var commands = HTMLTable(["command", "count"], numbers: [1], isSlim: true)
    for (name, count) in statistics.commands.sorted(by: { $0.key < $1.key }) where count > 0 {
      commands.add([.code(name), .number(Format.grouped(count))])
    }
    for (name, count) in statistics.commandErrors.sorted(by: { $0.key < $1.key }) where count > 0 {
      commands.add([.text("rejected: \(name)"), .number(Format.grouped(count))])
    }
    var events = HTMLTable(["event", "GICP", "count"], numbers: [1, 2], isSlim: true)
    for event in statistics.events {
      events.add([
        .code(event.name), .number(event.gicpText), .number(Format.grouped(event.count)),
      ])
    }
    let tables = [commands, events].filter { !$0.rows.isEmpty }.map(\.markup)
    guard !tables.isEmpty else { return "" }
    return section(
      "Counters", "GICP: the event's number in the performance monitor of Arm's GICs.",
      "<div class=\"pair\">\n\(tables.joined())</div>\n")
  }

  var configuration: String {
    let configuration = document.configuration
    var table = HTMLTable(["key", "value", "unit", "from", "source"], numbers: [1])
    for value in configuration.values {
      table.add([
        .code(value.key), value.value.count > 24 ? .long(value.value) : .number(value.value),
        .text(value.unit), .text(value.provenance),
        .long(value.source),
      ])
    }
    return section(
      "Configuration \(configuration.name)",
      "Hash \(configuration.hash): results with the same hash were made with the same values.",
      "<details open=\"open\"><summary>\(configuration.values.count) values</summary>\n"
        + "\(table.markup)</details>\n")
  }
}

extension StatisticsDocument.Conservation {
  /// Delivered, merged, pending and dropped together.
  var accountedFor: UInt64 { delivered &+ merged &+ pending &+ dropped.values.reduce(0, &+) }
}

extension ConfigurationDocument {
  /// One sentence on how far the times can be trusted.
  var calibrationNote: String {
    let timing = values.filter { $0.key.hasPrefix("timing.") }
    func count(_ provenance: String) -> String {
      "\(timing.count { $0.provenance == provenance }) \(provenance)"
    }
    return "Not calibrated to silicon: of \(timing.count) timing parameters, "
      + "\(count("documented")), \(count("measured")) and \(count("assumed")). "
      + "Latencies are what these values imply."
  }
}
