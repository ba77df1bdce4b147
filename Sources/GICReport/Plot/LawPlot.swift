import GICModel

/// Theory as lines and simulation as dots, over one axis.
struct LawPlot {
  var plot: TimingLaw.Plot
  /// Colours for so many pairs of a line and its dots.
  private static var styles: Int { 8 }

  func draw(width: Double) -> String {
    let names = plot.curves.enumerated().map { ("c\(style($0.offset))", $0.element.name) }
    let legend = SVG.legendHeight(names.map(\.1), x: 60, width: width)
    var svg = SVG(width: width, height: 330 + legend)
    svg.legend(names.map { (style: $0.0, name: $0.1) }, x: 60, y: 4)
    let area = PlotArea(left: 60, top: legend + 40, right: width - 16, bottom: legend + 282)
    let xs = plot.curves.flatMap(\.x)
    let ys = plot.curves.flatMap(\.y)
    let x = Scale.fromZero(to: xs.max() ?? 1, start: area.left, end: area.right, ticks: 6)
    // Theory may have a pole; what was simulated is to be seen well.
    let seen = plot.curves.filter { !$0.isTheory }.flatMap(\.y).max() ?? ys.max() ?? 1
    let y = Scale.fromZero(to: seen * 1.15, start: area.bottom, end: area.top, ticks: 5)
    svg.verticalAxis(y, in: area, title: plot.y, ticks: 5, format: Format.short)
    svg.horizontalAxis(x, in: area, title: plot.x, ticks: Int(width / 90), format: Format.short)
    for (index, curve) in plot.curves.enumerated() {
      let points = zip(curve.x, curve.y).filter { $0.1 <= y.domain.upperBound }
        .map { (x: x.position($0.0), y: y.position($0.1)) }
      if curve.isTheory {
        svg.path(points, "curve k\(style(index))")
      } else {
        for (point, value) in zip(points, zip(curve.x, curve.y)) {
          svg.circle(
            x: point.x, y: point.y, radius: 4.5, "dot c\(style(index))",
            title: "\(curve.name): \(Format.short(value.0)), \(Format.short(value.1))")
        }
      }
    }
    return svg.element(label: "\(plot.y) over \(plot.x): " + names.map(\.1).joined(separator: ", "))
  }

  /// A line and the dots that follow it have one colour.
  private func style(_ index: Int) -> Int { index / 2 % LawPlot.styles }
}
