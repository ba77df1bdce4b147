// What pairs of assumed values do together: a two-level design, each value as it is or changed.

/// The interaction of each pair of parameters: what both do, less what each does alone, in percent
/// of the figure with neither changed.
public struct Interactions: Codable, Equatable, Sendable {
  /// Keys of the configuration, and what each was changed to.
  public var parameters: [String] = []
  public var changed: [String] = []
  /// By row and, below the diagonal, column: the strongest over all figures, with its sign.
  public var strongest: [[Double]] = []
  /// Which figure that is.
  public var figure: [[Int]] = []
  public init() {}

  /// - Parameters:
  ///   - base: the figures with nothing changed.
  ///   - alone: with one parameter changed, by parameter.
  ///   - both: with two changed, by row and column below the diagonal.
  public init(
    parameters: [String], changed: [String], base: [Double], alone: [[Double]], both: [[[Double]]]
  ) {
    (self.parameters, self.changed) = (parameters, changed)
    for row in parameters.indices {
      var (values, figures) = ([Double](), [Int]())
      for column in 0..<row {
        var best = (percent: 0.0, figure: 0)
        for index in base.indices where base[index] != 0 {
          let beyond =
            both[row][column][index] - alone[row][index] - alone[column][index] + base[index]
          let percent = beyond / base[index] * 100
          if abs(percent) > abs(best.percent) { best = (percent, index) }
        }
        values.append(best.percent)
        figures.append(best.figure)
      }
      strongest.append(values)
      figure.append(figures)
    }
  }

  /// Pairs that do anything together, the strongest first.
  var pairs: [(row: Int, column: Int, percent: Double)] {
    strongest.enumerated().flatMap { row, values in
      values.enumerated().map { (row, $0.offset, $0.element) }
    }.filter { abs($0.percent) >= 0.5 }.sorted {
      (abs($1.percent), $0.row, $0.column) < (abs($0.percent), $1.row, $1.column)
    }
  }

  /// A pair in words.
  func told(_ row: Int, _ column: Int, _ figures: [String]) -> String {
    "\(parameters[row]) \(changed[row]), \(parameters[column]) \(changed[column]): "
      + "\(ValidationDocument.signed(strongest[row][column])) beyond both alone, "
      + figures[figure[row][column]]
  }

  /// For a terminal.
  func text(_ figures: [String]) -> String {
    guard parameters.count > 1 else { return "" }
    var table = TextTable(["pairs beyond the sum of both alone", "%", ""])
    for pair in pairs.prefix(10) {
      table.add([
        "\(parameters[pair.row]), \(parameters[pair.column])", Format.fixed(pair.percent, 1),
        figures[figure[pair.row][pair.column]],
      ])
    }
    let all = parameters.count * (parameters.count - 1) / 2
    return "\n" + table.text + "\(pairs.count) of \(all) pairs do anything beyond 0.5 %\n"
  }
}
