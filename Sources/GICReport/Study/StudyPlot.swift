// A figure of a study as a drawing: what was measured as marks and lines with its confidence, what
// theory allows dashed.

/// Draws one figure at a width.
struct StudyPlot {
  let figure: StudyFigure
  let curves: [StudyCurve]
  let categories: [String]
  /// Colours there are.
  static var colors: Int { 8 }
  /// A bound is drawn up to so many times what was measured.
  private static var reach: Double { 1.6 }
  /// More marks than this on one curve hide it.
  private static var mostMarks: Int { 60 }

  init(_ figure: StudyFigure, of document: StudyDocument) {
    self.figure = figure
    curves = figure.curves(of: document)
    categories = figure.x.scale == .names ? figure.categories(in: document) : []
  }

  private static func style(_ curve: StudyCurve) -> String {
    curve.color < 0 ? "n" : "\(curve.color % colors)"
  }

  func draw(width: Double, height: Double = 330) -> String {
    let legend = legendHeight(width)
    var svg = SVG(width: width, height: height + legend)
    drawLegend(in: &svg)
    let area = PlotArea(
      left: 66, top: legend + 34, right: width - 18, bottom: legend + height - 52)
    let (x, y) = (horizontal(area), vertical(area))
    svg.verticalAxis(
      y, in: area, title: figure.y.title, ticks: y.kind == .linear ? 5 : 7, format: Format.scaled)
    if figure.x.scale == .names {
      drawNames(x, area, in: &svg)
    } else if x.kind == .logarithmic, let values = fewValues {
      drawValues(values, x, area, in: &svg)
    } else {
      svg.horizontalAxis(
        x, in: area, title: figure.x.title, ticks: Int(width / 80), format: Format.scaled)
    }
    if figure.x.scale == .names {
      drawBars(x, y, in: &svg)
    } else {
      for curve in curves where curve.isBound { drawBound(curve, x, y, in: &svg) }
      for curve in curves where !curve.isBound { drawMeasured(curve, x, y, in: &svg) }
    }
    return svg.element(
      label: "\(figure.title): \(figure.y.title) over \(figure.x.title); "
        + curves.map(\.name).filter { !$0.isEmpty }.joined(separator: "; "))
  }

  // MARK: Axes

  private func horizontal(_ area: PlotArea) -> Scale {
    let values = curves.flatMap(\.places).map(\.x)
    let (least, greatest) = (values.min() ?? 0, values.max() ?? 1)
    switch figure.x.scale {
    case .names:
      return Scale(
        kind: .linear, domain: -0.5...max(Double(categories.count) - 0.5, 0.5), start: area.left,
        end: area.right)
    case .logarithmic where least > 0:
      let spread = least < greatest ? 1.06 : 2
      return Scale(
        kind: .logarithmic, domain: least / spread...greatest * spread, start: area.left,
        end: area.right)
    case .linear, .logarithmic:
      return Scale(
        kind: .linear, domain: min(least, 0)...max(greatest * 1.02, least + 1e-9),
        start: area.left, end: area.right)
    }
  }

  private func vertical(_ area: PlotArea) -> Scale {
    let seen = curves.filter { !$0.isBound }.flatMap(\.places)
    let bounds = curves.filter(\.isBound).flatMap(\.places).map(\.y)
    let top0 = figure.x.scale == .names ? bounds.max() ?? 0 : 0
    let values =
      [top0] + seen.map(\.y) + seen.compactMap { place in place.half.map { place.y + $0 } }
    let greatest = values.max() ?? bounds.max() ?? 1
    // A bound may lie far above, or have a pole: what was measured is to be seen well.
    let top = max(greatest, bounds.filter { $0 <= greatest * StudyPlot.reach }.max() ?? greatest)
    let least = seen.map(\.y).filter { $0 > 0 }.min() ?? bounds.filter { $0 > 0 }.min() ?? 0.1
    guard figure.y.scale == .logarithmic, least > 0, top > 0 else {
      return StudyPlot.fromZero(to: top, area)
    }
    return Scale(
      kind: .logarithmic, domain: least / 1.4...max(top, least * 2) * 1.4, start: area.bottom,
      end: area.top)
  }

  /// Also for values far below 1.
  private static func fromZero(to top: Double, _ area: PlotArea) -> Scale {
    let step = Scale.niceStep(max(top, 1e-9) / 5)
    return Scale(
      kind: .linear, domain: 0...max((top / step).rounded(.up), 1) * step, start: area.bottom,
      end: area.top)
  }

  private func drawNames(_ x: Scale, _ area: PlotArea, in svg: inout SVG) {
    svg.line(x1: area.left, y1: area.bottom, x2: area.right, y2: area.bottom, "frame")
    let room = (area.right - area.left) / Double(max(categories.count, 1))
    for (index, name) in categories.enumerated() {
      let place = x.position(Double(index))
      // Names that would touch take turns in two rows.
      let isLow = SVG.width(of: name) > room - 6 && index % 2 == 1
      svg.text(name, x: place, y: area.bottom + (isLow ? 33 : 18), .middle, "tick")
    }
    svg.text(figure.x.title, x: area.right, y: area.bottom + 48, .end, "axis")
  }

  /// The values that were measured, if they are few enough to be the ticks themselves.
  private var fewValues: [Double]? {
    let values = Set(curves.filter { !$0.isBound }.flatMap(\.places).map(\.x))
    return (1...14).contains(values.count) ? values.sorted() : nil
  }

  private func drawValues(_ values: [Double], _ x: Scale, _ area: PlotArea, in svg: inout SVG) {
    svg.line(x1: area.left, y1: area.bottom, x2: area.right, y2: area.bottom, "frame")
    var free = -Double.infinity
    for value in values {
      let (place, label) = (x.position(value), Format.scaled(value))
      svg.line(x1: place, y1: area.top, x2: place, y2: area.bottom + 4, "grid")
      guard place - SVG.width(of: label) / 2 > free else { continue }
      free = place + SVG.width(of: label) / 2 + 6
      svg.text(label, x: place, y: area.bottom + 18, .middle, "tick")
    }
    svg.text(figure.x.title, x: area.right, y: area.bottom + 36, .end, "axis")
  }

  // MARK: Bars

  /// One group of bars a name; the bound is a dashed line across each bar.
  private func drawBars(_ x: Scale, _ y: Scale, in svg: inout SVG) {
    let measured = curves.filter { !$0.isBound }
    let room = (x.position(1) - x.position(0)) * 0.8
    let width = min(room / Double(max(measured.count, 1)), 60)
    for (number, curve) in measured.enumerated() {
      let offset = (Double(number) - Double(measured.count - 1) / 2) * width
      let style = StudyPlot.style(curve)
      for place in curve.places {
        let (middle, top) = (x.position(place.x) + offset, y.position(place.y))
        let half = place.half.map { " ± " + Format.short($0) } ?? ""
        svg.rectangle(
          x: middle - width * 0.45, y: top, width: width * 0.9,
          height: max(y.start - top, 0), "c\(style)",
          title: "\(curve.name) \(categories[Int(place.x)]): \(Format.scaled(place.y))\(half)")
        if let half = place.half {
          let (low, high) = (y.position(place.y - half), y.position(place.y + half))
          svg.line(x1: middle, y1: low, x2: middle, y2: high, "frame")
        }
        for bound in curves where bound.isBound && bound.color == curve.color || bound.color < 0 {
          for limit in bound.places where bound.isBound && limit.x == place.x {
            guard limit.y <= y.domain.upperBound else { continue }
            let height = y.position(limit.y)
            svg.line(
              x1: middle - width * 0.5, y1: height, x2: middle + width * 0.5, y2: height,
              "bound kn")
          }
        }
      }
    }
  }

  // MARK: Curves

  private func drawBound(_ curve: StudyCurve, _ x: Scale, _ y: Scale, in svg: inout SVG) {
    let inside = curve.places.filter { $0.y <= y.domain.upperBound * 1.0001 }
    let style = "bound k\(StudyPlot.style(curve))"
    if inside.count == 1, let only = inside.first {
      let place = (x: x.position(only.x), y: y.position(only.y))
      svg.line(x1: place.x - 14, y1: place.y, x2: place.x + 14, y2: place.y, style)
    } else {
      svg.path(inside.map { (x: x.position($0.x), y: y.position($0.y)) }, style)
    }
  }

  private func drawMeasured(_ curve: StudyCurve, _ x: Scale, _ y: Scale, in svg: inout SVG) {
    let style = StudyPlot.style(curve)
    let points = curve.places.map { (x: x.position($0.x), y: y.position($0.y)) }
    let known = curve.places.filter { $0.half != nil }
    if known.count > 1 {
      let upper = known.map { (x: x.position($0.x), y: y.position($0.y + ($0.half ?? 0))) }
      let lower = known.map { (x: x.position($0.x), y: y.position($0.y - ($0.half ?? 0))) }
      svg.path(upper + lower.reversed(), closed: true, "band c\(style)")
    }
    svg.path(points, "curve tone\(curve.tone % 3) k\(style)")
    guard points.count <= StudyPlot.mostMarks else { return }
    for (place, value) in zip(points, curve.places) {
      let half = value.half.map { " ± " + Format.short($0) } ?? ""
      let name = curve.name.isEmpty ? "" : curve.name + ": "
      mark(
        curve.color, place,
        "\(name)\(Format.scaled(value.x)): \(Format.scaled(value.y))\(half)", in: &svg)
    }
  }

  /// Colours repeat after eight; forms after four, so that no two of the first eight are alike even
  /// in grey.
  private func mark(
    _ number: Int, _ place: (x: Double, y: Double), _ title: String?, in svg: inout SVG
  ) {
    let (x, y, style) = (place.x, place.y, "dot c\(number % StudyPlot.colors)")
    switch number % 4 {
    case 0: svg.circle(x: x, y: y, radius: 4, style, title: title)
    case 1: svg.rectangle(x: x - 3.6, y: y - 3.6, width: 7.2, height: 7.2, style, title: title)
    case 2: svg.path([(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)], closed: true, style)
    default: svg.path([(x, y - 5), (x + 4.8, y + 3.8), (x - 4.8, y + 3.8)], closed: true, style)
    }
  }

  // MARK: Legend

  /// A curve each, and one entry for all bounds: a bound has its curve's colour.
  private var entries: [(curve: StudyCurve, name: String)] {
    let measured = curves.filter { !$0.isBound && !$0.name.isEmpty }.map {
      (curve: $0, name: $0.name)
    }
    let greatest = curves.filter { !$0.isBound }.flatMap(\.places).map(\.y).max() ?? .infinity
    let seen = curves.first { curve in
      curve.isBound && curve.places.contains { $0.y <= greatest * StudyPlot.reach }
    }
    guard var bound = seen else { return measured }
    bound.color = -1
    return measured + [(curve: bound, name: figure.lines.first { $0.isBound }?.name ?? "bound")]
  }

  private func layOut(_ width: Double) -> [(x: Double, row: Int)] {
    var (left, row) = (66.0, 0)
    return entries.map { entry in
      let length = 32 + SVG.width(of: entry.name) + 16
      if left > 66, left + length > width {
        (left, row) = (66, row + 1)
      }
      defer { left += length }
      return (left, row)
    }
  }

  private func legendHeight(_ width: Double) -> Double {
    Double((layOut(width).last?.row ?? -1) + 1) * 20
  }

  private func drawLegend(in svg: inout SVG) {
    for (place, entry) in zip(layOut(svg.width), entries) {
      let y = Double(place.row) * 20 + 10
      let style = StudyPlot.style(entry.curve)
      if figure.x.scale == .names, !entry.curve.isBound {
        svg.rectangle(x: place.x + 8, y: y - 6, width: 12, height: 12, "c\(style)")
      } else {
        let line =
          entry.curve.isBound
          ? "bound k\(style)" : "curve tone\(entry.curve.tone % 3) k\(style)"
        svg.line(x1: place.x, y1: y, x2: place.x + 26, y2: y, line)
        if !entry.curve.isBound { mark(entry.curve.color, (place.x + 13, y), nil, in: &svg) }
      }
      svg.text(entry.name, x: place.x + 32, y: y + 4)
    }
  }
}
