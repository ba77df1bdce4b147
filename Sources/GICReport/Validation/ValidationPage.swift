// The validation as one page that needs nothing else.

import GICModel

extension ValidationDocument {
  /// The page, well-formed as XML, in UTF-8. Equal documents give equal pages.
  public func html() -> String {
    let sections = laws.map(section).joined() + sensitivitySection + interactionSection
    let word =
      passed
      ? "<p class=\"verdict good\">✓ every law holds</p>"
      : "<p class=\"verdict bad\">✗ not every law holds</p>"
    return """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>Validation of the timing model</title>
      <style>
      \(StyleSheet.text)</style>
      </head>
      <body>
      <main>
      <h1>Validation of the timing model</h1>
      \(word)
      <p class="note">\(escaped(ValidationDocument.caution))</p>
      \(cards)\(sections)</main>
      </body>
      </html>

      """
  }

  private var cards: String {
    let rows = laws.reduce(0) { $0 + $1.rows.count }
    let held = laws.reduce(0) { $0 + $1.rows.filter(\.holds).count }
    let cards = [
      ("\(laws.filter(\.holds).count) of \(laws.count)", "laws hold"),
      ("\(Format.grouped(held)) of \(Format.grouped(rows))", "expectations met"),
    ]
    let items = cards.map { "<div><b>\(escaped($0.0))</b><span>\(escaped($0.1))</span></div>" }
    return "<div class=\"cards\">\n\(items.joined(separator: "\n"))\n</div>\n"
  }

  private func section(_ law: TimingLaw) -> String {
    let verdict =
      law.holds
      ? "<span class=\"verdict good\">✓ holds</span>"
      : "<span class=\"verdict bad\">✗ fails</span>"
    var table = HTMLTable(["", "expected", "measured", ""], numbers: [1, 2])
    for row in law.rows {
      table.add([
        .long(row.name), .number(ValidationDocument.exact(row.expected)),
        .number(ValidationDocument.exact(row.measured)),
        .markup(row.holds ? "<span class=\"good\">✓</span>" : "<span class=\"bad\">✗</span>"),
      ])
    }
    let drawing = law.plot.map { figure(LawPlot(plot: $0).draw) }
    let details =
      "<details\(law.rows.count <= 12 || !law.holds ? " open=\"open\"" : "")>"
      + "<summary>\(law.rows.count) expectations</summary>\n\(table.markup)</details>\n"
    return "<section>\n<h2>\(law.number). \(escaped(law.title))</h2>\n"
      + "<p class=\"muted\">\(escaped(law.condition))</p>\n\(verdict)\n"
      + (drawing ?? "") + details + "</section>\n"
  }

  /// A drawing for windows of three widths.
  private func figure(_ draw: (Double) -> String) -> String {
    "<figure>\n"
      + [("wide", 960.0), ("middle", 620), ("narrow", 370)].map { name, width in
        draw(width).classed(name)
      }.joined(separator: "\n") + "\n</figure>\n"
  }

  /// All digits of a whole number, four places of any other.
  private static func exact(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 9e15
      ? Format.grouped(Int64(value)) : Format.fixed(value, 4)
  }

  private var sensitivitySection: String {
    guard !sensitivity.isEmpty else { return "" }
    var table = HTMLTable(
      ["value, changed alone", "from", "to"] + figures + ["other conclusions"],
      numbers: Set(1..<(3 + figures.count)), hasManyHeads: true)
    let moves = { (row: Sensitivity) in row.percent.contains { abs($0) >= 1 } }
    for row in sensitivity where moves(row) || !row.flips.isEmpty {
      table.add(
        [.code(row.key), .number(row.value), .number(row.changed)]
          + row.percent.map { .number(ValidationDocument.signed($0)) }
          + [.long(row.flips.joined(separator: "; "))])
    }
    let base = zip(figures, baseline).map { "\($0): \(Format.short($1))" }.joined(separator: "; ")
    let words =
      "Every value of \(configuration) (\(hash)) that is assumed, halved and doubled, one at a "
      + "time. With its own values: \(base). Conclusions: \(conclusions.joined(separator: "; ")). "
      + "A conclusion that another value changes depends on an assumption."
    let moving = Set(sensitivity.filter(moves).map(\.key))
    let quiet = Set(sensitivity.map(\.key)).subtracting(moving).sorted()
    let rest =
      quiet.isEmpty
      ? "" : "No figure moves by 1 % with \(quiet.joined(separator: ", ")), halved or doubled."
    return "<section>\n<h2>12. What hangs on the values that nobody published</h2>\n"
      + "<p class=\"muted\">\(escaped(words))</p>\n\(table.markup)"
      + "<p class=\"muted\">\(escaped(rest))</p></section>\n"
  }

  private var interactionSection: String {
    guard interactions.parameters.count > 1 else { return "" }
    let names = interactions.parameters.map { $0.replacing("timing.", with: "") }
    let plot = InteractionPlot(names: names, percent: interactions.strongest) { row, column in
      interactions.told(row, column, figures)
    }
    var table = HTMLTable(["value", "and value", "figure", "together beyond alone"], numbers: [3])
    for pair in interactions.pairs.prefix(20) {
      table.add([
        .code(interactions.parameters[pair.row]), .code(interactions.parameters[pair.column]),
        .text(figures[interactions.figure[pair.row][pair.column]]),
        .number(ValidationDocument.signed(pair.percent)),
      ])
    }
    let words =
      "Each assumed value that moves a figure by 1 % was changed to another, alone and together "
      + "with each of the others. A cell is what a pair does beyond the sum of what its two do "
      + "alone, in percent of the figure with the preset's values; of all figures the one with the "
      + "most. Where it is 0 the two can be studied one at a time."
    return "<section>\n<h2>12. Which of these values hang together</h2>\n"
      + "<p class=\"muted\">\(escaped(words))</p>\n\(figure(plot.draw))"
      + "<details><summary>The strongest pairs</summary>\n\(table.markup)</details>\n</section>\n"
  }
}

extension String {
  /// The drawing for windows of one width.
  fileprivate func classed(_ name: String) -> String {
    "<svg class=\"\(name)\" " + dropFirst("<svg ".count)
  }
}
