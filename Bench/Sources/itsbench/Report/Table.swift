// Rows as text, for a terminal and for the README.

import Foundation

func fixed(_ value: Double?, _ digits: Int) -> String {
  value.map { String(format: "%.\(digits)f", $0) } ?? "-"
}

/// Three or four significant digits, thousands set apart: "7.9", "93", "1,250,000".
func short(_ value: Double?) -> String {
  guard let value else { return "-" }
  guard value >= 100 else { return fixed(value, 1) }
  var digits = String(Int(value.rounded()))
  var parts: [Substring] = []
  while digits.count > 3 {
    parts.insert(digits.suffix(3), at: 0)
    digits = String(digits.dropLast(3))
  }
  return ([digits[...]] + parts).joined(separator: ",")
}

func millions(_ perSecond: Double?) -> String {
  perSecond.map { fixed($0 / 1e6, $0 < 1e6 ? 3 : 1) + " M" } ?? "-"
}

func memory(_ bytes: Double) -> String {
  bytes < 1e6 ? fixed(bytes / 1024, 1) + " KiB" : fixed(bytes / 1e6, 1) + " MB"
}

extension String {
  func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
  func aligned(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

/// Columns of text: the first to the left, the others to the right.
struct Columns {
  var titles: [String]
  var widths: [Int]

  func line(_ cells: [String]) -> String {
    zip(cells, widths).enumerated().map { index, cell in
      index == 0 ? cell.0.padded(cell.1) : cell.0.aligned(cell.1)
    }.joined(separator: " ")
  }
  var header: String { line(titles) }

  static func markdown(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
  var markdownHeader: String {
    Columns.markdown(titles) + "\n|---|" + titles.dropFirst().map { _ in "--:|" }.joined()
  }
}

extension Row {
  static let columns = Columns(
    titles: ["row", "ns/op", "goal", "C ns", "x C", "goal", "QEMU ns", "instr/op", "Mop/s"],
    widths: [32, 10, 7, 10, 6, 5, 10, 9, 8])

  var cells: [String] {
    let goal = Goal[name]
    guard let bytes else {
      return [
        name, short(nsPerOp), short(goal?.ns), short(cNsPerOp), fixed(ratioToC, 2),
        fixed(goal?.ratio, 2), short(goal?.qemu), short(instructionsPerOp),
        fixed(opsPerSecond.map { $0 / 1e6 }, 2),
      ]
    }
    let bound = goal?.bytes.map(memory) ?? "-"
    return [name, memory(bytes), bound] + Array(repeating: "-", count: 6)
  }

  /// With a mark where a goal is missed.
  /// - Parameter rows: those that were measured before.
  func line(among rows: [Row]) -> String {
    Row.columns.line(cells) + (beyond(among: rows).map { "  beyond the goal: \($0)" } ?? "")
  }
}
