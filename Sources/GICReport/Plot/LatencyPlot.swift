// How latencies are spread: the share of transactions that took at most so long.

/// A cumulative distribution with marks at the median and the 99th percentile. Both axes are
/// logarithmic, the vertical one in the share that took longer: 90, 99, 99.9 % are equally far
/// apart, so that the tail shows.
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
    let legend = SVG.legendHeight(names, x: 52, width: width)
    var svg = SVG(width: width, height: 320 + legend)
    svg.legend(zip(curves, names).map { ("s\($0.color)", $1) }, x: 52, y: 2)
    let area = PlotArea(left: 52, top: 34 + legend, right: width - 14, bottom: 256 + legend)
    let x = horizontal(curves, area)
    let y = vertical(curves, area)
    for (label, slower) in ticks where y.domain.contains(slower) {
      let place = y.position(slower)
      svg.line(x1: area.left, y1: place, x2: area.right, y2: place, "grid")
      svg.text(label, x: area.left - 8, y: place + 4, .end, "tick")
    }
    svg.text("% that took at most so long", x: area.left, y: area.top - 10, .start, "axis")
    svg.horizontalAxis(
      x, in: area, title: nanosecondsPerCycle == nil ? "cycles" : "cycles, and time",
      ticks: Int(width / 70), second: seconds)
    for curve in curves { draw(curve, x, y, in: &svg) }
    drawMarks(curves, x, y, area, in: &svg)
    return svg.element(
      label: "Cumulative distribution of latency: "
        + curves.map { "\($0.name) median \($0.distribution.p50) cycles" }.joined(separator: ", "))
  }

  /// Labels in per cent, and the share that takes longer.
  private let ticks: [(String, Double)] = [
    ("0", 1), ("50", 0.5), ("90", 0.1), ("99", 0.01), ("99.9", 0.001), ("99.99", 0.0001),
    ("99.999", 0.00001),
  ]

  /// As many nines as the largest curve can resolve, at least two and at most five.
  private func vertical(_ curves: [Curve], _ area: PlotArea) -> Scale {
    let count = Double(curves.map(\.distribution.count).max() ?? 1)
    var least = 0.01
    while least > 0.000_011, least * count > 1 { least /= 10 }
    return Scale(
      kind: .logarithmic, domain: least * 0.999...1, start: area.top, end: area.bottom)
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
    var points = [(x: x.position(x.domain.lowerBound), y: y.position(1))]
    var seen: UInt64 = 0
    for bucket in distribution.buckets {
      let place = x.position(max(Double(bucket.floor), Double(distribution.min)))
      points.append((place, y.position(1 - Double(seen) / Double(distribution.count))))
      seen &+= bucket.count
      points.append((place, y.position(1 - Double(seen) / Double(distribution.count))))
    }
    svg.path(points, "curve l\(curve.color)")
  }

  /// Dots at the percentiles; labels beside them where no earlier label is in the way.
  private func drawMarks(
    _ curves: [Curve], _ x: Scale, _ y: Scale, _ area: PlotArea, in svg: inout SVG
  ) {
    // A label must not cover a dot either, its own or another curve's.
    var taken: [(left: Double, right: Double, y: Double)] = curves.flatMap { curve in
      [(0.5, curve.distribution.p50), (0.99, curve.distribution.p99)].map { share, value in
        let place = x.position(Double(value))
        return (left: place - 6, right: place + 6, y: y.position(1 - share) + 4)
      }
    }
    for curve in curves {
      let marks = [
        (name: "p50", share: 0.5, value: curve.distribution.p50, below: 4.0),
        (name: "p99", share: 0.99, value: curve.distribution.p99, below: 18.0),
      ]
      for mark in marks {
        let place = (x: x.position(Double(mark.value)), y: y.position(1 - mark.share))
        let time = seconds.map { ", " + $0(Double(mark.value)) } ?? ""
        svg.circle(
          x: place.x, y: place.y, radius: 4, "dot s\(curve.color)",
          title: "\(curve.name) \(mark.name): \(mark.value) cycles\(time)")
        let label = "\(mark.name) \(Format.grouped(mark.value))"
        let length = SVG.width(of: label)
        let toTheLeft = place.x + 10 + length > area.right
        let left = toTheLeft ? place.x - 10 - length : place.x + 10
        let heights = [0, 15, -22, 30, -37].map { place.y + mark.below + $0 }
        let free = heights.first { height in
          height < area.bottom - 2
            && !taken.contains {
              left < $0.right && $0.left < left + length && ($0.y - height).magnitude < 15
            }
        }
        guard let height = free else { continue }
        taken.append((left, left + length, height))
        svg.text(
          label, x: toTheLeft ? place.x - 10 : place.x + 10, y: height, toTheLeft ? .end : .start,
          "mark t\(curve.color)")
      }
    }
  }
}
