// What a terminal is told of a study.

import GICReport

extension StudyDocument {
  /// Findings, and how near saturated points come to their bounds.
  func summary() -> String {
    var text = "\(title): \(points.count) of \(expected) points\(isComplete ? "" : ", PARTIAL")\n"
    for finding in findings { text += "- \(finding)\n" }
    let single = checks.filter(\.isSingle)
    if let least = single.min(by: { $0.part < $1.part }) {
      let kept = single.count { $0.holds }
      text +=
        "saturated by one unit: \(kept) of \(single.count) points within 2 % of the bound; least "
        + "\(percent(least.part)) (\(least.name), \(least.unit))\n"
    }
    for check in checks where !check.holds {
      text += "OUTSIDE: \(check.name): \(percent(check.part)) of what \(check.unit) allows\n"
    }
    return text
  }

  private func percent(_ part: Double) -> String { "\((part * 10_000).rounded() / 100) %" }

  /// A sentence on the point where a quantity is greatest.
  mutating func note(best key: String, _ what: String, of isMeant: (StudyPoint) -> Bool) {
    let meant = points.filter(isMeant)
    guard let best = meant.max(by: { $0.real(key) < $1.real(key) }) else { return }
    let column = columns.first { $0.key == key }
    // What is the same everywhere says nothing about this point.
    let set = columns.filter { column in
      column.role == .set && column.key != "part"
        && Set(meant.compactMap { $0.values[column.key] }).count > 1
    }.map { "\($0.name) \(best.name($0.key))" }
    let unit = column?.unit == "1/s" ? "a second" : column?.unit ?? ""
    let place = set.isEmpty ? "" : " at " + set.joined(separator: ", ")
    findings.append(
      "Most \(column?.name ?? key), \(what): \(readable(best.real(key))) \(unit)\(place).")
  }
}

/// `11.8 M`, `105`, `0.97`
func readable(_ value: Double) -> String {
  let steps: [(Double, String)] = [(1e9, " G"), (1e6, " M"), (1e3, " k")]
  for (size, unit) in steps where abs(value) >= size { return digits(value / size) + unit }
  return digits(value)
}

/// Three significant digits or so.
private func digits(_ value: Double) -> String {
  let scale = abs(value) >= 100 ? 1.0 : abs(value) >= 10 ? 10 : 100
  let rounded = (value * scale).rounded() / scale
  return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
}
