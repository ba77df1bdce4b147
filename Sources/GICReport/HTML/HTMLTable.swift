// A table of a page. Cells are text or markup, and say which: text is escaped here.

struct HTMLTable {
  enum Cell {
    case text(String)
    /// Text that may wrap, but not into a column of single words.
    case long(String)
    case code(String)
    /// Right-aligned.
    case number(String)
    /// Already markup, made by the report itself.
    case markup(String)
  }
  struct Column {
    var title: String
    var isNumber = false
  }

  var columns: [Column]
  var rows: [(cells: [Cell], isSum: Bool)] = []

  /// As wide as its cells, not as the page: few columns are read better close together.
  let isSlim: Bool
  /// Its titles are long and may wrap.
  let hasManyHeads: Bool

  init(
    _ titles: [String], numbers: Set<Int>, isSlim: Bool = false, hasManyHeads: Bool = false
  ) {
    (self.isSlim, self.hasManyHeads) = (isSlim, hasManyHeads)
    columns = titles.enumerated().map { Column(title: $1, isNumber: numbers.contains($0)) }
  }

  mutating func add(_ cells: [Cell], isSum: Bool = false) { rows.append((cells, isSum)) }

  private var style: String {
    isSlim ? " class=\"slim\"" : hasManyHeads ? " class=\"manyheads\"" : ""
  }

  var markup: String {
    var out = "<div class=\"scroll\"><table\(style)>\n<thead><tr>"
    for column in columns {
      out += column.isNumber ? "<th class=\"n\">" : "<th>"
      out += escaped(column.title) + "</th>"
    }
    out += "</tr></thead>\n<tbody>\n"
    for row in rows {
      out += row.isSum ? "<tr class=\"sum\">" : "<tr>"
      for cell in row.cells {
        switch cell {
        case .text(let text): out += "<td>\(escaped(text))</td>"
        case .long(let text): out += "<td class=\"long\">\(escaped(text))</td>"
        case .code(let text): out += "<td><code>\(escaped(text))</code></td>"
        case .number(let text): out += "<td class=\"n\">\(escaped(text))</td>"
        case .markup(let markup): out += "<td>\(markup)</td>"
        }
      }
      out += "</tr>\n"
    }
    return out + "</tbody></table></div>\n"
  }
}
