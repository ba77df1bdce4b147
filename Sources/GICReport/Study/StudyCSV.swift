// The points as a table that anything reads.

extension StudyDocument {
  /// A line for each point, under a line with the keys: what was set, then what was measured, each
  /// with its confidence interval behind it, then bounds. RFC 4180 with line feeds.
  public func csv() -> String {
    let keys = csvKeys
    var text = keys.map(StudyDocument.quoted).joined(separator: ",") + "\n"
    for point in points {
      text += keys.map { StudyDocument.quoted(point.text($0)) }.joined(separator: ",") + "\n"
    }
    return isComplete ? text : text + "# partial: \(points.count) of \(expected) points\n"
  }

  private var csvKeys: [String] {
    let known = columns.map(\.key)
    let used = Set(points.flatMap(\.values.keys))
    var keys: [String] = []
    for key in known {
      for variant in [key, key + "_ci95"] where used.contains(variant) { keys.append(variant) }
    }
    return keys + used.subtracting(keys).sorted()
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.flatMap { $0 == "\"" ? ["\"", "\""] : [$0] } + "\""
  }
}
