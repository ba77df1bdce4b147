// The suite as a table, for people and for programs.

import GICReport

/// Rows, and what has none.
public struct ConformanceListing: JSONDocument, Equatable, Sendable {
  public struct Row: Codable, Equatable, Sendable {
    public var number: Int
    public var chapter: String
    public var profiles: [String]
    public var name: String
    public var source: String
    /// YAML over the profile's configuration; empty for most.
    public var machine: String
  }
  /// Lines of the checklist, or an error's name, without a row.
  public struct Absence: Codable, Equatable, Sendable {
    public var what: String
    public var reason: String
  }
  public var rows: [Row]
  public var absences: [Absence]

  /// - Parameter rows: those to list; what has no row is listed always.
  public init(_ rows: [ConformanceRow]) {
    self.rows = rows.map { row in
      Row(
        number: row.number, chapter: row.chapter.rawValue, profiles: row.profiles.map(\.rawValue),
        name: row.name, source: row.source, machine: row.machine)
    }
    let lines = ConformanceSuite.linesNotApplicable.sorted { $0.key.lowerBound < $1.key.lowerBound }
    absences =
      lines.map { Absence(what: "lines \($0.lowerBound)-\($0.upperBound)", reason: $1) }
      + ConformanceSuite.errorsNotProduced.sorted { $0.key < $1.key }.map {
        Absence(what: $0, reason: $1)
      }
  }

  /// A line each: number, chapter, profiles, name and source, with tabs between them.
  public var text: String {
    rows.map { row in
      "\(row.number)\t\(row.chapter)\t\(row.profiles.joined(separator: "+"))\t\(row.name)\t"
        + "\(row.source)\n"
    }.joined()
      + absences.map { "-\tno row\t-\t\($0.what)\t\($0.reason)\n" }.joined()
  }
}
