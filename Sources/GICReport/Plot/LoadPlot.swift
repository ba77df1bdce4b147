// Which PE took the interrupts, and when: bars for the totals, a strip of heat over time.

/// LPIs acknowledged, by PE. Many PEs are drawn in groups of neighbours.
struct LoadPlot {
  /// By PE, then by bin of time.
  var counts: [[Int]]
  var totals: [Int]
  var binNs: UInt64
  var startNs: UInt64

  /// More rows than this are too thin to be seen.
  static var maximumRows: Int { 64 }
  private static var shades: Int { 8 }

  /// How many PEs share a row.
  var groupSize: Int { (totals.count + LoadPlot.maximumRows - 1) / LoadPlot.maximumRows }

  private var groups: [(name: String, total: Int, bins: [Int])] {
    stride(from: 0, to: totals.count, by: max(groupSize, 1)).map { first in
      let members = first..<min(first + groupSize, totals.count)
      var bins = [Int](repeating: 0, count: counts.map(\.count).max() ?? 0)
      for pe in members where counts.indices.contains(pe) {
        for (bin, count) in counts[pe].enumerated() { bins[bin] += count }
      }
      let name = members.count == 1 ? "\(first)" : "\(first)-\(members.upperBound - 1)"
      return (name, totals[members].reduce(0, +), bins)
    }
  }

  private func rowHeight(_ rows: Int) -> Double { rows <= 16 ? 22 : rows <= 32 ? 16 : 9 }

  func drawTotals(width: Double) -> String {
    let groups = groups
    let row = rowHeight(groups.count)
    let bottom = 30 + row * Double(groups.count)
    var svg = SVG(width: width, height: bottom + 42)
    let area = PlotArea(left: 64, top: 30, right: width - 84, bottom: bottom)
    let x = Scale.fromZero(
      to: Double(groups.map(\.total).max() ?? 0), start: area.left, end: area.right, ticks: 5)
    svg.text("PE", x: area.left - 8, y: 20, .end, "axis")
    svg.horizontalAxis(
      x, in: area, title: "LPIs acknowledged", ticks: min(5, Int(width / 90)))
    for (index, group) in groups.enumerated() {
      let y = area.top + Double(index) * row
      let end = x.position(Double(group.total))
      svg.rectangle(
        x: area.left, y: y + row * 0.15, width: end - area.left, height: row * 0.7, "s0",
        title: "PE \(group.name): \(Format.grouped(group.total)) LPIs")
      guard row > 12 || index % 2 == 0 else { continue }
      svg.text(group.name, x: area.left - 8, y: y + row / 2 + 4, .end, "tick")
      svg.text(Format.grouped(group.total), x: end + 6, y: y + row / 2 + 4, .start, "tick")
    }
    return svg.element(
      label: "LPIs acknowledged by PE: "
        + groups.map { "\($0.name) \($0.total)" }.joined(separator: ", "))
  }

  func drawHeat(width: Double) -> String {
    let groups = groups
    let row = rowHeight(groups.count)
    let bottom = 60 + row * Double(groups.count)
    var svg = SVG(width: width, height: bottom + 42)
    let area = PlotArea(left: 64, top: 60, right: width - 16, bottom: bottom)
    let bins = groups.map(\.bins.count).max() ?? 0
    let end = Double(startNs) + Double(max(bins, 1)) * Double(binNs)
    let x = Scale(
      kind: .linear, domain: Double(startNs) / 1e9...end / 1e9, start: area.left, end: area.right)
    let greatest = groups.flatMap(\.bins).max() ?? 0
    drawKey(greatest, in: &svg)
    svg.text("PE", x: area.left - 8, y: 50, .end, "axis")
    for (index, group) in groups.enumerated() {
      let y = area.top + Double(index) * row
      if row > 12 || index % 2 == 0 {
        svg.text(group.name, x: area.left - 8, y: y + row / 2 + 4, .end, "tick")
      }
      svg.rectangle(
        x: area.left, y: y + 1, width: area.right - area.left, height: row - 2, "empty")
      drawRow(group.bins, greatest, x, y: y + 1, height: row - 2, in: &svg)
    }
    svg.horizontalAxis(
      x, in: area, title: "time of the trace, s", ticks: Int(width / 80), format: Format.short,
      gridFrom: bottom)
    return svg.element(label: "LPIs acknowledged over time, one row a PE")
  }

  /// The shade of a count: 0 is empty, the rest is spread by square root, so that little shows.
  static func shade(_ count: Int, of greatest: Int) -> Int {
    guard count > 0, greatest > 0 else { return 0 }
    let part = (Double(count) / Double(greatest)).squareRoot()
    return max(1, Int((part * Double(shades)).rounded(.up)))
  }

  /// Neighbouring bins of one shade are one rectangle.
  private func drawRow(
    _ bins: [Int], _ greatest: Int, _ x: Scale, y: Double, height: Double, in svg: inout SVG
  ) {
    let shades = bins.map { LoadPlot.shade($0, of: greatest) }
    var first = 0
    while first < shades.count {
      var next = first + 1
      while next < shades.count, shades[next] == shades[first] { next += 1 }
      if shades[first] > 0 {
        let left = x.position((Double(startNs) + Double(first) * Double(binNs)) / 1e9)
        let right = x.position((Double(startNs) + Double(next) * Double(binNs)) / 1e9)
        svg.rectangle(x: left, y: y, width: right - left, height: height, "h\(shades[first])")
      }
      first = next
    }
  }

  private func drawKey(_ greatest: Int, in svg: inout SVG) {
    svg.text("0", x: 64, y: 22, .end, "tick")
    svg.rectangle(x: 70, y: 12, width: 12, height: 12, "empty")
    for shade in 1...LoadPlot.shades {
      svg.rectangle(x: 70 + Double(shade) * 12, y: 12, width: 12, height: 12, "h\(shade)")
    }
    let bin = Format.time(nanoseconds: Double(binNs))
    svg.text(
      "\(Format.grouped(greatest)) LPIs in \(bin)", x: 70 + Double(LoadPlot.shades + 1) * 12 + 6,
      y: 22, .start, "tick")
  }
}
