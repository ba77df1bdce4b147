/// A half matrix of pairs: how much two values, changed together, do beyond what each does alone.
struct InteractionPlot {
  var names: [String]
  /// Of row and column below the diagonal, in percent.
  var percent: [[Double]]
  /// What a pointer is told of a cell.
  var title: (_ row: Int, _ column: Int) -> String
  /// Beyond this a cell has the strongest shade.
  static var strongest: Double { 40 }
  private static var shades: Int { 8 }

  func draw(width: Double) -> String {
    let count = names.count
    let isNarrow = width < 500
    let labels = (names.map { SVG.width(of: $0) }.max() ?? 0) + 34
    let left = isNarrow ? 34 : min(labels, width * 0.4)
    let cell = max(min((width - left - 16) / Double(max(count, 1)), 44), 8)
    var svg = SVG(width: width, height: 74 + cell * Double(count))
    drawKey(in: &svg)
    for row in 0..<count {
      let y = 60 + Double(row) * cell
      let middle = y + cell / 2 + 4
      if cell >= 11 || row % 2 == 0 {
        let label = isNarrow ? "\(row + 1)" : "\(names[row])  \(row + 1)"
        svg.text(label, x: left - 6, y: middle, .end, "tick")
      }
      for column in 0..<row {
        let x = left + Double(column) * cell
        let value = percent[row][column]
        svg.rectangle(
          x: x + 0.5, y: y + 0.5, width: cell - 1, height: cell - 1, Self.style(value),
          title: title(row, column))
        if cell >= 34, abs(value) >= 0.5 {
          let isDark = abs(value) >= Self.strongest / 4
          svg.text(
            Format.fixed(value, 0), x: x + cell / 2, y: middle, .middle,
            isDark ? "inside" : "tick strong")
        }
      }
      if cell >= 18 || row % 2 == 0 {
        // The diagonal carries the columns' numbers.
        svg.text(
          "\(row + 1)", x: left + Double(row) * cell + cell / 2, y: middle, .middle, "tick")
      }
    }
    return svg.element(label: "Interactions of \(names.joined(separator: ", "))")
  }

  /// Orange adds, blue takes away; stronger by square root, so that little shows.
  static func style(_ percent: Double) -> String {
    guard abs(percent) >= 0.5 else { return "empty" }
    let part = min(abs(percent) / strongest, 1).squareRoot()
    let shade = max(1, Int((part * Double(shades)).rounded(.up)))
    return (percent > 0 ? "g" : "h") + "\(shade)"
  }

  private func drawKey(in svg: inout SVG) {
    var x = 16.0
    for value in [-40.0, -20, -5, -1, 0, 1, 5, 20, 40] {
      svg.rectangle(x: x, y: 10, width: 26, height: 12, Self.style(value))
      svg.text(
        value > 0 ? "+\(Int(value))" : "\(Int(value))", x: x + 13, y: 36, .middle, "tick")
      x += 28
    }
    svg.text("%", x: x + 4, y: 36, .start, "tick")
  }
}
