// The frame of a plot: grid lines, ticks whose labels keep apart, and axis titles.

/// The rectangle that curves are drawn in, inside a drawing.
struct PlotArea {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double
}

extension SVG {
  /// Horizontal grid lines with their values left of the area, and a title above it.
  mutating func verticalAxis(
    _ scale: Scale, in area: PlotArea, title: String, ticks: Int,
    format: (Double) -> String = Format.scaled
  ) {
    for tick in scale.ticks(ticks) {
      let y = scale.position(tick)
      line(x1: area.left, y1: y, x2: area.right, y2: y, "grid")
      text(format(tick), x: area.left - 8, y: y + 4, .end, "tick")
    }
    text(title, x: area.left, y: area.top - 10, .start, "axis")
  }

  /// Ticks below the area: a label, and a second line if `second` gives one. A label that would
  /// touch its left neighbour is left out.
  mutating func horizontalAxis(
    _ scale: Scale, in area: PlotArea, title: String, ticks: Int,
    format: (Double) -> String = Format.scaled, second: ((Double) -> String)? = nil,
    gridFrom top: Double? = nil
  ) {
    line(x1: area.left, y1: area.bottom, x2: area.right, y2: area.bottom, "frame")
    var free = -Double.infinity
    for tick in scale.ticks(ticks) {
      let x = scale.position(tick)
      line(x1: x, y1: top ?? area.top, x2: x, y2: area.bottom + 4, "grid")
      let labels = [format(tick)] + (second.map { [$0(tick)] } ?? [])
      let half = (labels.map(SVG.width(of:)).max() ?? 0) / 2
      guard x - half > free else { continue }
      free = x + half + 6
      for (row, label) in labels.enumerated() {
        text(label, x: x, y: area.bottom + 18 + Double(row) * 15, .middle, "tick")
      }
    }
    let rows = second == nil ? 1.0 : 2.0
    text(title, x: area.right, y: area.bottom + 20 + rows * 15, .end, "axis")
  }

  /// Coloured squares with names, from the left, in as many rows as they need.
  /// - Returns: the height used.
  @discardableResult
  mutating func legend(_ entries: [(style: String, name: String)], x: Double, y: Double) -> Double {
    var (left, row) = (x, 0.0)
    for entry in entries {
      let length = 18 + SVG.width(of: entry.name) + 14
      if left > x, left + length > width {
        left = x
        row += 1
      }
      rectangle(x: left, y: y + row * 20, width: 12, height: 12, entry.style)
      text(entry.name, x: left + 18, y: y + row * 20 + 10)
      left += length
    }
    return (row + 1) * 20
  }

  /// The height that ``legend(_:x:y:)`` will use in a drawing of this width.
  static func legendHeight(_ names: [String], x: Double, width: Double) -> Double {
    var scratch = SVG(width: width, height: 0)
    return scratch.legend(names.map { ("", $0) }, x: x, y: 0)
  }
}
