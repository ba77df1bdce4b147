// The README's tables, made from what runs have written.

import ArgumentParser
import Foundation

struct Readme: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the tables of a run and of a comparison with QEMU into a README.",
    discussion: """
      What stands between the marks <!-- bench --> and <!-- end of bench --> is replaced.

      EXAMPLE
        itsbench readme README.md --run bench.json --peer bench-peer.json
      """)

  @Argument(help: "The file that has the marks.", completion: .file())
  var file: String

  @Option(name: .customLong("run"), help: "What `run --json` wrote.", completion: .file())
  var runPath: String

  @Option(name: .customLong("peer"), help: "What `peer --json` wrote.", completion: .file())
  var peerPath: String

  private static let (begin, end) = ("<!-- bench -->\n", "<!-- end of bench -->")

  func run() throws {
    let rows = try RowFile.read(runPath, as: [Row].self)
    let peers = try RowFile.read(peerPath, as: [PeerRow].self)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    guard let begin = text.range(of: Readme.begin),
      let end = text.range(of: Readme.end, range: begin.upperBound..<text.endIndex)
    else { throw WrongWork(description: "\(file) has not got the marks") }
    let tables = [Readme.speed(rows), Readme.peer(peers), Readme.replay(rows)]
    let block = "\(Host.line), `make bench-readme`; medians.\n\n" + tables.joined(separator: "\n\n")
    let new = text.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: block + "\n")
    try new.write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// Rows with a goal or a C kernel, or without a trace; what is beyond a goal is bold.
  private static func speed(_ rows: [Row]) -> String {
    let columns = Columns(
      titles: ["row", "ns/op", "goal", "C, ns", "ours / C", "goal", "instructions/op"], widths: [])
    return table(columns, rows.filter { !$0.name.hasPrefix("replay.") }) { row in
      let goal = Goal[row.name]
      func marked(_ text: String, _ value: Double?, _ bound: Double?) -> String {
        if let value, let bound, value > bound { "**\(text)**" } else { text }
      }
      guard let bytes = row.bytes else {
        return [
          "`\(row.name)`", marked(short(row.nsPerOp), row.nsPerOp, goal?.ns), short(goal?.ns),
          short(row.cNsPerOp), marked(fixed(row.ratioToC, 2), row.ratioToC, goal?.ratio),
          fixed(goal?.ratio, 2), short(row.instructionsPerOp),
        ]
      }
      return [
        "`\(row.name)`", marked(memory(bytes), bytes, goal?.bytes),
        goal?.bytes.map(memory) ?? "-", "-", "-", "-", "-",
      ]
    }
  }

  private static func peer(_ rows: [PeerRow]) -> String {
    let columns = Columns(
      titles: ["row", "ns/op", "QEMU, ns", "its CPU, ns", "its CPU / ours", "QEMU, quiet machine"],
      widths: [])
    return table(columns, rows) { row in
      ["`\(row.name)`"] + row.cells.dropFirst()
    }
  }

  private static func replay(_ rows: [Row]) -> String {
    let columns = Columns(titles: ["row", "ns per op", "op/s", "RSS, MiB"], widths: [])
    return table(columns, rows.filter { $0.name.hasPrefix("replay.") }) { row in
      [
        "`\(row.name)`", short(row.nsPerOp), millions(row.opsPerSecond), fixed(row.residentMiB, 0),
      ]
    }
  }

  private static func table<T>(_ columns: Columns, _ rows: [T], _ cells: (T) -> [String]) -> String
  {
    ([columns.markdownHeader] + rows.map { Columns.markdown(cells($0)) }).joined(separator: "\n")
  }
}
