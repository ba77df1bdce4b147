// Plain text in columns, and verdicts that may be coloured.

/// The text, green or red if `colored`.
func verdict(_ good: Bool, _ text: String, _ colored: Bool) -> String {
  colored ? "\u{1b}[\(good ? "32" : "1;31")m\(text)\u{1b}[0m" : text
}

/// Columns as wide as their widest cell: the first to the left, numbers to the right.
struct TextTable {
  private var rows: [[String]]

  init(_ titles: [String]) { rows = [titles] }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  static func row(_ name: String, _ spread: Distribution) -> [String] {
    [
      name, Format.grouped(spread.count), Format.grouped(spread.min),
      Format.fixed(spread.mean, 1), Format.grouped(spread.p50), Format.grouped(spread.p90),
      Format.grouped(spread.p99), Format.grouped(spread.p999), Format.grouped(spread.max),
    ]
  }

  /// Ends with a line feed. A column without a title is text and is not padded.
  var text: String {
    var widths = [Int](repeating: 0, count: rows[0].count)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    var out = ""
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column > 0 { line += "  " }
        let isText = column == 0 || rows[0][column].isEmpty
        line += isText ? cell + padding : padding + cell
      }
      while line.hasSuffix(" ") { line.removeLast() }
      out += line + "\n"
    }
    return out
  }
}
