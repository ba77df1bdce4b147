// A study as one page that needs nothing else.

extension StudyDocument {
  /// The page, well-formed as XML, in UTF-8. Equal documents give equal pages.
  public func html() -> String {
    """
    <!DOCTYPE html>
    <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>\(escaped(title))\(isComplete ? "" : " (partial)")</title>
    <style>
    \(StyleSheet.text)\(StudyStyle.page)</style>
    </head>
    <body>
    <main>
    <h1>\(escaped(title))</h1>
    <p class="muted">\(escaped(about))</p>
    \(partialNote)<p class="note">\(escaped(clockNote))</p>
    \(findingsMarkup)\(figures.map(section).joined())\(checksMarkup)\(pointsMarkup)\
    \(parametersMarkup)\(configurationMarkup)</main>
    </body>
    </html>

    """
  }

  private var partialNote: String {
    guard !isComplete else { return "" }
    let words =
      "PARTIAL: \(points.count) of \(expected) points. Run the same command, or the shards that "
      + "are missing, and merge again: what is there is not computed twice."
    return "<p class=\"partial\">\(escaped(words))</p>\n"
  }

  private var clockNote: String {
    switch clock {
    case .simulated:
      "Simulated time: the same numbers on every host, from seed \(seed). "
        + configuration.calibrationNote
    case .host:
      "Host time: what this software took on one machine, once. The numbers do not repeat, and "
        + "nothing here says anything about hardware."
    }
  }

  private var findingsMarkup: String {
    guard !findings.isEmpty else { return "" }
    let items = findings.map { "<li>\(escaped($0))</li>" }.joined(separator: "\n")
    return "<section>\n<h2>What the numbers say</h2>\n<ul>\n\(items)\n</ul>\n</section>\n"
  }

  private func section(_ figure: StudyFigure) -> String {
    let plot = StudyPlot(figure, of: self)
    guard !plot.curves.isEmpty else { return "" }
    var markup = "<section id=\"\(escaped(figure.id))\">\n<h2>\(escaped(figure.title))</h2>\n"
    markup += "<p class=\"muted\">\(escaped(figure.caption))</p>\n<figure>\n"
    for (name, width) in [("wide", 960.0), ("middle", 620), ("narrow", 370)] {
      markup += "<svg class=\"\(name)\" " + plot.draw(width: width).dropFirst("<svg ".count) + "\n"
    }
    return markup + "</figure>\n</section>\n"
  }

  private var checksMarkup: String {
    guard !checks.isEmpty else { return "" }
    var table = HTMLTable(
      ["saturated point", "bounded by", "measured", "bound", "part of the bound", ""],
      numbers: [2, 3, 4])
    for check in checks {
      table.add([
        .long(check.name), .text(check.unit), .number(Format.scaled(check.measured)),
        .number(Format.scaled(check.bound)), .number(Format.fixed(check.part * 100, 2) + " %"),
        .markup(
          check.holds ? "<span class=\"good\">✓</span>" : "<span class=\"bad\">✗</span>"),
      ])
    }
    return "<section>\n<h2>Saturation against the bound</h2>\n<p class=\"muted\">"
      + "What one unit alone bounds must be within 2 % of it, and nothing above it.</p>\n"
      + table.markup + "</section>\n"
  }

  private var pointsMarkup: String {
    let used = Set(points.flatMap(\.values.keys))
    let shown = columns.filter { used.contains($0.key) }
    var table = HTMLTable(
      shown.map { $0.unit.isEmpty ? $0.name : "\($0.name), \($0.unit)" },
      numbers: Set(shown.indices))
    for point in points {
      table.add(
        shown.map { column in
          guard let number = point.number(column.key) else {
            return .text(point.text(column.key))
          }
          let half = point.number(column.key + "_ci95").map { " ± " + Format.short($0) } ?? ""
          return .number(Format.scaled(number) + half)
        })
    }
    return "<section>\n<h2>\(points.count) points</h2>\n<p class=\"muted\">"
      + "All digits are in data.csv and data.json; ± is half a 95 % confidence interval.</p>\n"
      + "<details><summary>the table</summary>\n\(table.markup)</details>\n</section>\n"
  }

  private var parametersMarkup: String {
    var table = HTMLTable(["parameter", "value"], numbers: [], isSlim: true)
    for parameter in parameters {
      table.add([.code("--" + parameter.key), .long(parameter.value)])
    }
    table.add([.code("--seed"), .long("\(seed)")])
    return "<section>\n<h2>Parameters</h2>\n\(table.markup)</section>\n"
  }

  private var configurationMarkup: String {
    var table = HTMLTable(["key", "value", "unit", "from", "source"], numbers: [1])
    for value in configuration.values {
      table.add([
        .code(value.key), value.value.count > 24 ? .long(value.value) : .number(value.value),
        .text(value.unit), .text(value.provenance), .long(value.source),
      ])
    }
    return "<section>\n<h2>Configuration \(escaped(configuration.name))</h2>\n<p class=\"muted\">"
      + "Hash \(escaped(configuration.hash)). A study sets what its parameters say on top.</p>\n"
      + "<details><summary>\(configuration.values.count) values</summary>\n"
      + "\(table.markup)</details>\n</section>\n"
  }
}
