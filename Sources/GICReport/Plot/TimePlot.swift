// What happened when: one panel a kind of event, over one axis of time.

/// Counts in bins of time, as steps.
struct TimePlot {
  struct Panel {
    var name: String
    var color: Int
    var counts: [Int]
  }
  var panels: [Panel]
  var binNs: UInt64
  var startNs: UInt64

  func draw(width: Double) -> String {
    let (panelHeight, gap) = (110.0, 44.0)
    let height = 26 + Double(panels.count) * (panelHeight + gap) + 16
    var svg = SVG(width: width, height: height)
    let left = 52.0
    let bins = panels.map(\.counts.count).max() ?? 0
    let end = Double(startNs) + Double(bins) * Double(binNs)
    let x = Scale(
      kind: .linear, domain: Double(startNs) / 1e9...max(end, 1) / 1e9, start: left,
      end: width - 16)
    for (index, panel) in panels.enumerated() {
      let top = 30 + Double(index) * (panelHeight + gap)
      let area = PlotArea(left: left, top: top, right: width - 16, bottom: top + panelHeight)
      draw(panel, x, area, isLast: index == panels.count - 1, in: &svg)
    }
    return svg.element(
      label: panels.map { "\($0.name) over time, \($0.counts.reduce(0, +)) in all" }
        .joined(separator: "; "))
  }

  private func draw(
    _ panel: Panel, _ x: Scale, _ area: PlotArea, isLast: Bool, in svg: inout SVG
  ) {
    let y = Scale.fromZero(
      to: Double(panel.counts.max() ?? 0), start: area.bottom, end: area.top, ticks: 4)
    let bin = Format.time(nanoseconds: Double(binNs))
    svg.verticalAxis(y, in: area, title: "\(panel.name) in each \(bin)", ticks: 4)
    if isLast {
      svg.horizontalAxis(
        x, in: area, title: "time of the trace, s", ticks: Int(svg.width / 80),
        format: Format.short, gridFrom: area.bottom)
    } else {
      svg.line(x1: area.left, y1: area.bottom, x2: area.right, y2: area.bottom, "frame")
    }
    var points = [(x: x.position(x.domain.lowerBound), y: area.bottom)]
    for (index, count) in panel.counts.enumerated() {
      let begin = (Double(startNs) + Double(index) * Double(binNs)) / 1e9
      let height = y.position(Double(count))
      points.append((x.position(begin), height))
      points.append((x.position(begin + Double(binNs) / 1e9), height))
    }
    points.append((points[points.count - 1].x, area.bottom))
    svg.path(points, closed: true, "area s\(panel.color)")
  }
}
