// The report as one page that needs nothing else: no script, no other file, no network.

extension ReplayDocument {
  /// The page, well-formed as XML, in UTF-8. Equal documents give equal pages.
  public func html() -> String {
    let page = HTMLReport(document: self)
    return page.markup
  }
}

/// Puts the page together; plots and tables come from elsewhere.
struct HTMLReport {
  let document: ReplayDocument

  var markup: String {
    let title = "\(document.trace.name): replayed on a simulated ITS"
    return """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>\(escaped(title))</title>
      <style>
      \(StyleSheet.text)</style>
      </head>
      <body>
      <main>
      \(header)\(cards)\(calibration)\(latency)\(stages)\(timeline)\(load)\(checks)\(conservation)\
      \(counters)\(units)\(devices)\
      \(configuration)\(footer)</main>
      </body>
      </html>

      """
  }

  /// ns in a cycle of the GIC clock, nil where no time passes or the clock is not known.
  var nanosecondsPerCycle: Double? {
    guard document.clock == "timed", let hertz = document.configuration.clockHertz, hertz > 0
    else { return nil }
    return 1e9 / hertz
  }

  private var header: String {
    let trace = document.trace
    let failed = document.checks.filter { $0.check.mismatched > 0 }.map { Format.words($0.name) }
    let broken =
      failed + (document.statistics.conservation.holds ? [] : ["conservation of interrupts"])
    let verdict =
      document.passed
      ? "<p class=\"verdict good\">✓ as the trace says</p>\n"
      : "<p class=\"verdict bad\">✗ differs: \(escaped(broken.joined(separator: ", ")))</p>\n"
    let cpus = trace.cpus == 1 ? "1 CPU" : "\(trace.cpus) CPUs"
    let words =
      "\(cpus), \(Format.grouped(trace.events)) events in "
      + "\(Format.time(nanoseconds: Double(trace.durationNs))), replayed on the "
      + "\(document.clockAndLoop), configuration \(document.configuration.name)."
    return "<h1>\(escaped(trace.name))</h1>\n<p class=\"muted\">\(escaped(words))</p>\n\(verdict)"
  }

  private var cards: String {
    let statistics = document.statistics
    let commands = statistics.commands.values.reduce(0, &+)
    var cards = [
      (Format.grouped(statistics.conservation.msis), "", "MSIs"),
      (Format.grouped(commands), "", "ITS commands"),
      (Format.grouped(statistics.conservation.delivered), "", "LPIs acknowledged"),
      (Format.grouped(document.merged), "", "merged into a pending LPI"),
    ]
    if let msi = statistics.latencyCycles.msi?.total, msi.count > 0 {
      cards.append((Format.grouped(msi.p50), "cycles", "median MSI latency" + time(msi.p50)))
      cards.append((Format.grouped(msi.p99), "cycles", "99th percentile of MSIs" + time(msi.p99)))
    }
    if let command = statistics.latencyCycles.command?.total, command.count > 0 {
      cards.append(
        (Format.grouped(command.p50), "cycles", "median command latency" + time(command.p50)))
    }
    let items = cards.map { value, unit, name in
      let unit = unit.isEmpty ? "" : " <small>\(escaped(unit))</small>"
      return "<div><b>\(escaped(value))\(unit)</b><span>\(escaped(name))</span></div>"
    }
    return "<div class=\"cards\">\n\(items.joined(separator: "\n"))\n</div>\n"
  }

  private func time(_ value: UInt64) -> String {
    nanosecondsPerCycle.map { ", " + Format.time(nanoseconds: Double(value) * $0) } ?? ""
  }

  private var calibration: String {
    document.clock == "timed"
      ? "<p class=\"note\">\(escaped(document.configuration.calibrationNote))</p>\n" : ""
  }

  private var footer: String {
    let host = document.host
    let words =
      "Host: \(host.mode), \(Format.short(host.elapsedSeconds)) s, "
      + "\(Format.scaled(host.eventsPerSecond)) events/s, parsed at "
      + "\(Format.scaled(host.parseLinesPerSecond)) lines/s, "
      + "\(Format.mebibytes(host.residentBytes)) resident, itsd \(host.toolVersion). "
      + "These are this host's times; every other number repeats exactly."
    return "<p class=\"muted\">\(escaped(words))</p>\n"
  }

  /// A part of the page with a heading; `lead` is text, `body` markup.
  func section(_ title: String, _ lead: String, _ body: String) -> String {
    let lead = lead.isEmpty ? "" : "<p class=\"muted\">\(escaped(lead))</p>\n"
    return "<section>\n<h2>\(escaped(title))</h2>\n\(lead)\(body)</section>\n"
  }

  /// A plot drawn for windows of three widths, so that its text keeps about its size.
  func figure(_ draw: (Double) -> String) -> String {
    var markup = "<figure>\n"
    for (name, width) in [("wide", 960.0), ("middle", 620), ("narrow", 370)] {
      markup += draw(width).replacingFirst("<svg ", "<svg class=\"\(name)\" ") + "\n"
    }
    return markup + "</figure>\n"
  }
}

extension String {
  fileprivate func replacingFirst(_ prefix: String, _ replacement: String) -> String {
    hasPrefix(prefix) ? replacement + dropFirst(prefix.count) : self
  }
}
