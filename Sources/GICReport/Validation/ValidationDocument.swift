// What the validation of the timing model showed: laws with what was expected and measured, and how
// much hangs on each value that nobody published.

import GICModel

/// The validation's result; equal runs give equal documents.
public struct ValidationDocument: JSONDocument, Equatable, Sendable {
  /// What one assumed value, changed alone, does to the figures.
  public struct Sensitivity: Codable, Equatable, Sendable {
    public var key: String
    public var unit: String
    public var value: String
    /// What it was changed to.
    public var changed: String
    /// Change of each figure of ``ValidationDocument/figures``, in percent.
    public var percent: [Double]
    /// Conclusions that are others then.
    public var flips: [String]
    public init(
      key: String, unit: String, value: String, changed: String, percent: [Double],
      flips: [String]
    ) {
      (self.key, self.unit, self.value, self.changed) = (key, unit, value, changed)
      (self.percent, self.flips) = (percent, flips)
    }
  }

  public var laws: [TimingLaw]
  /// Names of the figures, and what they are with the preset's values.
  public var figures: [String]
  public var baseline: [Double]
  public var conclusions: [String]
  public var sensitivity: [Sensitivity]
  /// Pairs of the values that move a figure alone.
  public var interactions: Interactions
  /// The preset that the sensitivity is of, and its hash.
  public var configuration: String
  public var hash: String

  public init(
    laws: [TimingLaw], baseline: TimingFigures, sensitivity: [Sensitivity],
    interactions: Interactions = Interactions(), configuration: String, hash: String
  ) {
    (self.laws, self.sensitivity, self.interactions) = (laws, sensitivity, interactions)
    figures = baseline.all.map(\.name)
    self.baseline = baseline.all.map(\.value)
    conclusions = baseline.conclusions
    (self.configuration, self.hash) = (configuration, hash)
  }

  public var passed: Bool { laws.allSatisfy(\.holds) }

  /// What is said of every result of the timing model.
  static let caution =
    "Not calibrated to silicon; no public ITS latency data exist. The model is held against its "
    + "own specification and against theory."

  enum CodingKeys: String, CodingKey {
    case laws, figures, baseline, conclusions, sensitivity, interactions, configuration, hash
  }
}

extension TimingLaw {
  /// One line: what was expected and measured of the row that is furthest from holding.
  public func line(colored: Bool) -> String {
    let failed = rows.filter { !$0.holds }
    let shown = failed.first ?? worst
    let count = "\(rows.count - failed.count) of \(rows.count)"
    let word = verdict(holds, holds ? "holds" : "FAILS", colored)
    var text = "law \(number): \(title): \(word), \(count) (\(condition))"
    if let shown {
      text +=
        "; \(failed.isEmpty ? "nearest" : "first"): \(shown.name): expected "
        + "\(Format.short(shown.expected)), measured \(Format.short(shown.measured))"
    }
    return text + "\n"
  }

  /// The row whose measurement is furthest from what was expected, relatively.
  private var worst: Row? {
    rows.max { a, b in distance(a) < distance(b) }
  }
  private func distance(_ row: Row) -> Double {
    abs(row.measured - row.expected) / max(abs(row.expected), 1)
  }
}

extension ValidationDocument {
  /// The sensitivities for a terminal: values that move no figure by a percent are left out.
  public func sensitivityText() -> String {
    var table = TextTable(["value, changed alone", "from", "to"] + figures + [""])
    for row in sensitivity where row.percent.contains(where: { abs($0) >= 1 }) {
      table.add(
        [row.key, row.value, row.changed] + row.percent.map(ValidationDocument.signed)
          + [row.flips.joined(separator: "; ")])
    }
    let quiet = sensitivity.filter { !$0.percent.contains { abs($0) >= 1 } }.map(\.key)
    return table.text + "no figure moves by 1 %: \(Set(quiet).sorted().joined(separator: ", "))\n"
      + interactions.text(figures)
  }

  /// `+12.5 %`
  static func signed(_ percent: Double) -> String {
    abs(percent) < 0.05 ? "0" : (percent > 0 ? "+" : "") + Format.fixed(percent, 1) + " %"
  }
}
