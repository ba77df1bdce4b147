// The looks of a study's drawings, in a page and alone.

enum StudyStyle {
  /// Eight colours that colour-blind readers tell apart, and one for what belongs to nobody.
  private static let light = [
    "#2f6db3", "#d9731a", "#2f8a5b", "#b03f87", "#7d5fc4", "#a98a12", "#2391a3", "#8f4a36",
  ]
  private static let dark = [
    "#6caae8", "#f0a060", "#5fce94", "#e88cc4", "#b29cf0", "#e0c24a", "#5cc8da", "#d99a86",
  ]

  private static func palette(_ colors: [String], neutral: String) -> String {
    colors.enumerated().map { index, color in
      ".c\(index){fill:\(color)}.k\(index){stroke:\(color)}"
    }.joined(separator: "\n") + "\n.kn{stroke:\(neutral)}\n"
  }

  private static let shapes = """
    .bound{fill:none;stroke-width:1.8;stroke-dasharray:7 5}
    .tone1{stroke-dasharray:1.5 3.5}.tone2{stroke-dasharray:9 3 1.5 3}
    .band{fill-opacity:.18;stroke:none}

    """

  /// Behind the page's own rules.
  static let page =
    palette(light, neutral: "#5a6675") + shapes
    + "@media (prefers-color-scheme:dark){\(palette(dark, neutral: "#9aa7b5"))}\n"
    + ".partial{border:2px solid var(--bad);color:var(--bad);border-radius:10px;"
    + "padding:10px 14px;font-weight:650}\n"

  private static func alone(
    text: String, muted: String, grid: String, card: String, _ colors: [String]
  ) -> String {
    "text{fill:\(text)}text.tick,text.axis{fill:\(muted)}.grid{stroke:\(grid)}"
      + ".frame{stroke:\(muted)}.paper{fill:\(card)}.dot{stroke:\(card)}\n"
      + palette(colors, neutral: muted)
  }

  /// Colours spelled out, for programs that know no variables.
  static let drawing =
    "text{font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}"
    + "text.heading{font-size:15px;font-weight:600}"
    + ".curve{fill:none;stroke-width:2;stroke-linejoin:round}.dot{stroke-width:1.2}\n" + shapes
    + alone(text: "#1b2430", muted: "#5a6675", grid: "#e6eaef", card: "#ffffff", light)
    + "@media (prefers-color-scheme:dark){"
    + alone(text: "#e4e9ef", muted: "#9aa7b5", grid: "#2a323d", card: "#1b212a", dark) + "}\n"
}

extension StudyDocument {
  /// A figure as a file of its own: title, plot, and at the foot where it comes from.
  public func drawing(_ figure: StudyFigure, width: Double = 820) -> String {
    let plot = StudyPlot(figure, of: self).draw(width: width)
    let (head, foot) = (30.0, 24.0)
    guard let end = plot.firstIndex(of: "\n"),
      let height = StudyDocument.height(of: plot[..<end])
    else { return plot }
    let total = height + head + foot
    let source =
      "itsd study \(study), \(configuration.name) (\(configuration.hash)), seed \(seed), "
      + (clock == .host ? "host time" : "simulated time") + (isComplete ? "" : ", PARTIAL")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(total))" \
      viewBox="0 0 \(Int(width)) \(Int(total))" role="img">
      <title>\(escaped(figure.title))</title>
      <style>
      \(StudyStyle.drawing)</style>
      <rect class="paper" width="100%" height="100%"/>
      <text class="heading" x="16" y="22">\(escaped(figure.title))</text>
      <g transform="translate(0 \(Int(head)))">
      \(plot[plot.index(after: end)...].dropLast("</svg>".count))</g>
      <text class="tick" x="16" y="\(Int(total) - 8)">\(escaped(source))</text>
      </svg>

      """
  }

  /// The height in the `viewBox` of an element's first line.
  private static func height(of line: Substring) -> Double? {
    guard let start = line.firstRange(of: "viewBox=\"0 0 ")?.upperBound,
      let end = line[start...].firstIndex(of: "\"")
    else { return nil }
    return line[start..<end].split(separator: " ").last.flatMap { Double($0) }
  }
}
