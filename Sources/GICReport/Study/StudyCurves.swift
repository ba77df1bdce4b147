// From points to curves: which belong together, and what tells them apart.

/// A curve of a figure: places in rising order along the horizontal axis.
struct StudyCurve: Equatable {
  struct Place: Equatable {
    var x: Double
    var y: Double
    /// Half the width of the 95 % confidence interval; nil if none is known.
    var half: Double?
  }
  var name: String
  var isBound: Bool
  /// Number of the colour and of the mark; -1 is nobody's own.
  var color: Int
  /// Which of several quantities with one colour: 0 is solid.
  var tone = 0
  var places: [Place] = []
}

extension StudyFigure {
  /// The values of a horizontal axis of names, in the order of the points.
  func categories(in document: StudyDocument) -> [String] {
    var names: [String] = []
    for point in shown(document) {
      let name = point.text(x.key)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  private func shown(_ document: StudyDocument) -> [StudyPoint] {
    document.points.filter { point in filter.allSatisfy { point.values[$0] == $1 } }
  }

  /// The curves, measured ones first. A bound that several curves share is one curve.
  func curves(of document: StudyDocument) -> [StudyCurve] {
    let points = shown(document)
    var groups: [(key: [String], points: [StudyPoint])] = []
    for point in points {
      let key = series.map { point.text($0) }
      if let at = groups.firstIndex(where: { $0.key == key }) {
        groups[at].points.append(point)
      } else {
        groups.append((key, [point]))
      }
    }
    // What all curves share tells none of them apart.
    let varying = series.indices.filter { at in Set(groups.map { $0.key[at] }).count > 1 }
    let names = categories(in: document)
    var curves: [StudyCurve] = []
    var bounds: [StudyCurve] = []
    let measured = lines.filter { !$0.isBound }
    for (number, group) in groups.enumerated() {
      for line in lines {
        let at = measured.firstIndex(of: line) ?? 0
        var curve = StudyCurve(
          name: name(group.key, line, document, varying), isBound: line.isBound,
          color: groups.count > 1 ? number : at, tone: groups.count > 1 ? at : 0)
        for point in group.points {
          guard let y = point.number(line.key), let x = position(of: point, names) else { continue }
          curve.places.append(.init(x: x, y: y, half: point.number(line.key + "_ci95")))
        }
        curve.places.sort { $0.x < $1.x }
        guard !curve.places.isEmpty else { continue }
        if line.isBound { bounds.append(curve) } else { curves.append(curve) }
      }
    }
    return curves + merged(bounds, of: groups.count)
  }

  private func position(of point: StudyPoint, _ names: [String]) -> Double? {
    guard x.scale == .names else { return point.number(x.key) }
    return names.firstIndex(of: point.text(x.key)).map { Double($0) }
  }

  private func name(
    _ key: [String], _ line: Line, _ document: StudyDocument, _ varying: [Int]
  ) -> String {
    let parts = varying.map { at in
      let (column, value) = (document.column(series[at]), key[at])
      // A name says by itself what it is; a number does not.
      guard Double(value) != nil else { return value }
      let unit = column.unit.isEmpty ? "" : " " + column.unit
      return column.unit.isEmpty ? "\(column.name) \(value)" : value + unit
    }
    return (parts + [line.name]).filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private func merged(_ bounds: [StudyCurve], of groups: Int) -> [StudyCurve] {
    var out: [StudyCurve] = []
    for bound in bounds {
      if let at = out.firstIndex(where: { $0.places == bound.places }) {
        // Nobody's own any more.
        out[at].name = lines.first { $0.isBound }?.name ?? "bound"
        out[at].color = -1
      } else {
        out.append(bound)
      }
    }
    return out
  }
}
