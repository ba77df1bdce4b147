// What came of a run, for people and for programs.

import GICReport

/// How many rows ran, and those that failed.
public struct ConformanceDocument: JSONDocument, Equatable, Sendable {
  /// Rows chosen.
  public var rows: Int
  /// `in-process`, or the daemon's address.
  public var mode: String
  /// Rows run, by profile. A row that both expect ran in each.
  public private(set) var kvm = 0
  public private(set) var architecture = 0
  public var failures: [Failure] = []
  /// Names of the errors for which a command was rejected in some row, sorted.
  public private(set) var errorsReached: [String] = []

  /// A row that saw something else than must be.
  public struct Failure: Codable, Equatable, Sendable {
    public var number: Int
    public var name: String
    public var chapter: String
    public var profile: String
    public var source: String
    /// What was looked at.
    public var what: String
    public var expected: String
    public var got: String

    init(_ row: ConformanceRow, _ profile: ConformanceProfile, _ mismatch: Mismatch) {
      (number, name, chapter) = (row.number, row.name, row.chapter.rawValue)
      (self.profile, source) = (profile.rawValue, row.source)
      (what, expected, got) = (mismatch.what, mismatch.expected, mismatch.got)
    }

    /// One line.
    public var text: String {
      "row \(number) (\(profile)) \(name): \(what): expected \(expected), got \(got); \(source)"
    }
  }

  init(rows: Int, mode: String) { (self.rows, self.mode) = (rows, mode) }

  mutating func count(_ profile: ConformanceProfile) {
    switch profile {
    case .kvm: kvm += 1
    case .architecture: architecture += 1
    }
  }

  mutating func reach(_ errors: some Sequence<String>) {
    errorsReached = Set(errorsReached).union(errors).sorted()
  }

  public var passed: Bool { failures.isEmpty }

  /// `conformance: N rows, kvm M, architecture K`.
  public var summary: String {
    "conformance: \(rows) rows, kvm \(kvm), architecture \(architecture)"
  }

  /// The failures, a line each, and the summary.
  public var text: String {
    failures.map { $0.text + "\n" }.joined()
      + summary + (passed ? ": all pass" : ": \(failures.count) failed") + " (\(mode))\n"
  }

  enum CodingKeys: String, CodingKey {
    case rows, mode, kvm, architecture, failures
    case errorsReached = "errors_reached"
  }
}
