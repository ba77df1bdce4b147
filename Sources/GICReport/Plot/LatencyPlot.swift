// How latencies are spread: the share of transactions that took at most so long.

/// A cumulative distribution on a logarithmic axis, with marks at the median and the 99th percentile.
struct LatencyPlot {
  struct Curve {
    var name: String
    /// Number of the colour.
    var color: Int
    var distribution: Distribution
  }
  var curves: [Curve]
  /// To show time beside cycles; nil leaves it out.
  var nanosecondsPerCycle: Double?

  func draw(width: Double) -> String {
    let curves = curves.filter { $0.distribution.count > 0 }
    let names = curves.map { "\($0.name) (\(Format.grouped($0.distribution.count)))" }
    let legend = SVG.legendHeight(names, x: 44, width: width)
    var svg = SVG(width: width, height: 300 + legend)
    svg.legend(zip(curves, names).map { ("s\($0.color)", $1) }, x: 44, y: 2)
    let area = PlotArea(left: 44, top: 34 + legend, right: width - 14, bottom: 236 + legend)
    let x = horizontal(curves, area)
    let y = Scale(kind: .linear, domain: 0...1, start: area.bottom, end: area.top)
    svg.verticalAxis(y, in: area, title: "share of all, %", ticks: 5) { Format.short($0 * 100) }
    svg.horizontalAxis(
      x, in: area, title: nanosecondsPerCycle == nil ? "cycles" : "cycles, and time",
      ticks: Int(width / 70), second: seconds)
    for curve in curves { draw(curve, x, y, in: &svg) }
    drawMarks(curves, x, y, area, in: &svg)
    return svg.element(
      label: "Cumulative distribution of latency: "
        + curves.map { "\($0.name) median \($0.distribution.p50) cycles" }.joined(separator: ", "))
  }

  private var seconds: ((Double) -> String)? {
    nanosecondsPerCycle.map { factor in { Format.time(nanoseconds: $0 * factor) } }
  }

  private func horizontal(_ curves: [Curve], _ area: PlotArea) -> Scale {
    let least = max(curves.map(\.distribution.min).min() ?? 1, 1)
    let greatest = max(curves.map(\.distribution.max).max() ?? 10, least + 1)
    return Scale(
      kind: .logarithmic, domain: Double(least) * 0.8...Double(greatest) * 1.25,
      start: area.left, end: area.right)
  }

  private func draw(_ curve: Curve, _ x: Scale, _ y: Scale, in svg: inout SVG) {
    let distribution = curve.distribution
    var points = [(x: x.position(x.domain.lowerBound), y: y.position(0))]
    var seen: UInt64 = 0
    for bucket in distribution.buckets {
      let place = x.position(max(Double(bucket.floor), Double(distribution.min)))
      points.append((place, y.position(Double(seen) / Double(distribution.count))))
      seen += bucket.count
      points.append((place, y.position(Double(seen) / Double(distribution.count))))
    }
    points.append((x.position(x.domain.upperBound), y.position(1)))
    svg.path(points, "curve l\(curve.color)")
  }

  /// Dots at the percentiles; labels beside them where no earlier label is in the way.
  private func drawMarks(
    _ curves: [Curve], _ x: Scale, _ y: Scale, _ area: PlotArea, in svg: inout SVG
  ) {
    var taken: [(left: Double, right: Double, y: Double)] = []
    for curve in curves {
      let marks = [
        (name: "p50", share: 0.5, value: curve.distribution.p50),
        (name: "p99", share: 0.99, value: curve.distribution.p99),
      ]
      for mark in marks {
        let place = (x: x.position(Double(mark.value)), y: y.position(mark.share))
        let time = seconds.map { ", " + $0(Double(mark.value)) } ?? ""
        svg.circle(
          x: place.x, y: place.y, radius: 4, "dot s\(curve.color)",
          title: "\(curve.name) \(mark.name): \(mark.value) cycles\(time)")
        let label = "\(mark.name) \(Format.grouped(mark.value))"
        let length = SVG.width(of: label)
        let toTheLeft = place.x + 10 + length > area.right
        let left = toTheLeft ? place.x - 10 - length : place.x + 10
        var height = place.y + 18
        while taken.contains(where: {
          left < $0.right && $0.left < left + length && ($0.y - height).magnitude < 15
        }) { height += 15 }
        guard height < area.bottom - 2 else { continue }
        taken.append((left, left + length, height))
        svg.text(
          label, x: toTheLeft ? place.x - 10 : place.x + 10, y: height, toTheLeft ? .end : .start,
          "mark t\(curve.color)")
      }
    }
  }
}
