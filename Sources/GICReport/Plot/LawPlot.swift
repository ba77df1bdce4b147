import GICModel

/// Theory as lines and simulation as marks, over one axis. Each has a colour of its own; a pair of
/// a line and its marks is told from the next by dashes and shapes.
struct LawPlot {
  var plot: TimingLaw.Plot
  /// Dashes, and shapes of marks.
  static var styles: Int { 4 }

  func draw(width: Double) -> String {
    let rows = legendRows(width: width)
    let legend = Double(rows.count) * 20
    var svg = SVG(width: width, height: 330 + legend)
    for (row, entries) in rows.enumerated() {
      for entry in entries { sample(entry.index, x: entry.x, y: 10 + Double(row) * 20, in: &svg) }
    }
    let area = PlotArea(left: 60, top: legend + 40, right: width - 16, bottom: legend + 282)
    let xs = plot.curves.flatMap(\.x)
    let ys = plot.curves.flatMap(\.y)
    let x = Scale.fromZero(to: xs.max() ?? 1, start: area.left, end: area.right, ticks: 6)
    // Theory may have a pole; what was simulated is to be seen well.
    let seen = plot.curves.filter { !$0.isTheory }.flatMap(\.y).max() ?? ys.max() ?? 1
    let y = Scale.fromZero(to: seen * 1.15, start: area.bottom, end: area.top, ticks: 5)
    svg.verticalAxis(y, in: area, title: plot.y, ticks: 5, format: Format.short)
    svg.horizontalAxis(x, in: area, title: plot.x, ticks: Int(width / 90), format: Format.short)
    // Marks lie on the lines.
    for isTheory in [true, false] {
      for (index, curve) in plot.curves.enumerated() where curve.isTheory == isTheory {
        draw(curve, style(index), x, y, in: &svg)
      }
    }
    let names = plot.curves.map(\.name).joined(separator: ", ")
    return svg.element(label: "\(plot.y) over \(plot.x): \(names)")
  }

  private func draw(
    _ curve: TimingLaw.Curve, _ style: Int, _ x: Scale, _ y: Scale, in svg: inout SVG
  ) {
    let seen = zip(curve.x, curve.y).filter { $0.1 <= y.domain.upperBound }
    guard !curve.isTheory else {
      let points = seen.map { (x: x.position($0.0), y: y.position($0.1)) }
      return svg.path(points, "curve theory d\(style)")
    }
    for value in seen {
      svg.mark(
        style, x: x.position(value.0), y: y.position(value.1), "dot simulated",
        title: "\(curve.name): \(Format.short(value.0)), \(Format.short(value.1))")
    }
  }

  /// A line and the marks that follow it belong together.
  private func style(_ index: Int) -> Int { index / 2 % LawPlot.styles }

  /// Where each curve's name stands.
  private func legendRows(width: Double) -> [[(index: Int, x: Double)]] {
    var rows: [[(index: Int, x: Double)]] = [[]]
    var left = 60.0
    let lengths = plot.curves.map { 36 + SVG.width(of: $0.name) + 16 }
    for (index, length) in lengths.enumerated() {
      // A line and its marks stay together where they fit.
      let pair = index % 2 == 0 && index + 1 < lengths.count ? lengths[index + 1] : 0
      let needed = 60 + length + pair <= width ? length + pair : length
      if left > 60, left + needed > width {
        rows.append([])
        left = 60
      }
      rows[rows.count - 1].append((index, left))
      left += length
    }
    return rows
  }

  private func sample(_ index: Int, x: Double, y: Double, in svg: inout SVG) {
    let curve = plot.curves[index]
    if curve.isTheory {
      svg.path([(x, y), (x + 28, y)], "curve theory d\(style(index))")
    } else {
      svg.mark(style(index), x: x + 14, y: y, "dot simulated")
    }
    svg.text(curve.name, x: x + 36, y: y + 4)
  }
}

extension SVG {
  /// A disc, a square, a triangle or a diamond.
  mutating func mark(
    _ shape: Int, x: Double, y: Double, _ style: String, title: String? = nil
  ) {
    switch shape {
    case 0: circle(x: x, y: y, radius: 4.5, style, title: title)
    case 1: rectangle(x: x - 4, y: y - 4, width: 8, height: 8, style, title: title)
    case 2: polygon([(x - 5, y + 4), (x, y - 5), (x + 5, y + 4)], style, title: title)
    default:
      polygon([(x - 5.5, y), (x, y - 5.5), (x + 5.5, y), (x, y + 5.5)], style, title: title)
    }
  }
}
