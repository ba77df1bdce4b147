// Where the time goes: one bar as long as the mean latency, cut into its stages.

/// The mean latency of one class of transaction by stage.
struct StagePlot {
  var name: String
  var latency: LatencyDocument
  var nanosecondsPerCycle: Double?

  /// A stage's share of the mean of all transactions, also of those that never saw the stage.
  static func contribution(_ stage: LatencyDocument.Stage, of total: Distribution) -> Double {
    total.count == 0 ? 0 : Double(stage.distribution.sum) / Double(total.count)
  }

  func draw(width: Double) -> String {
    let parts = latency.stages.enumerated().map { index, stage in
      (
        style: "c\(index % StyleSheet.stageCount)", name: Format.words(stage.name),
        mean: StagePlot.contribution(stage, of: latency.total)
      )
    }.filter { $0.mean > 0 }
    let names = parts.map { "\($0.name) \(Format.short($0.mean))" }
    let legend = SVG.legendHeight(names, x: 10, width: width)
    var svg = SVG(width: width, height: 122 + legend)
    let area = PlotArea(left: 10, top: 30, right: width - 24, bottom: 66)
    let sum = parts.reduce(0) { $0 + $1.mean }
    let x = Scale.fromZero(
      to: max(sum, latency.total.mean), start: area.left, end: area.right, ticks: 6)
    let time = nanosecondsPerCycle.map {
      ", " + Format.time(nanoseconds: latency.total.mean * $0)
    }
    svg.text(
      "\(name): mean \(Format.short(latency.total.mean)) cycles\(time ?? "")", x: 10, y: 16,
      .start, "heading")
    svg.horizontalAxis(x, in: area, title: "cycles", ticks: min(6, Int(width / 70)))
    var done = 0.0
    for part in parts {
      let (left, right) = (x.position(done), x.position(done + part.mean))
      svg.rectangle(
        x: left, y: area.top + 4, width: right - left, height: 26, "part " + part.style,
        title: "\(part.name): \(Format.short(part.mean)) cycles")
      let label = Format.short(part.mean)
      if right - left > SVG.width(of: label) + 6 {
        svg.text(label, x: (left + right) / 2, y: area.top + 21, .middle, "inside")
      }
      done += part.mean
    }
    svg.legend(zip(parts, names).map { ($0.style, $1) }, x: 10, y: 108)
    return svg.element(label: "\(name), mean latency by stage: " + names.joined(separator: ", "))
  }
}
