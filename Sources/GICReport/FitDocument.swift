// What a fit of the timing model to counters of silicon has shown, and the configuration that it
// makes.

import GICModel

/// Fitted parameters, and what is left of each reading's error. Equal fits give equal documents.
public struct FitDocument: JSONDocument, Equatable, Sendable {
  public struct Reading: Codable, Equatable, Sendable {
    public var run: String
    public var counter: String
    public var gicp: Int?
    public var measured: UInt64
    /// What the model reads with the preset's values, and with the fitted ones.
    public var assumed: UInt64
    public var fitted: UInt64
    /// Fitted minus measured.
    public var residual: Int64
    /// The same in percent of what was measured; absent where that was 0.
    public var percent: Double?
    public init(
      run: String, counter: String, gicp: Int?, measured: UInt64, assumed: UInt64, fitted: UInt64
    ) {
      (self.run, self.counter, self.gicp, self.measured) = (run, counter, gicp, measured)
      (self.assumed, self.fitted) = (assumed, fitted)
      residual = Int64(clamping: fitted) &- Int64(clamping: measured)
      percent = measured == 0 ? nil : Double(residual) / Double(measured) * 100
    }
  }

  public enum State: String, Codable, Sendable {
    /// The readings tell it.
    case fitted
    /// The readings tell it only together with others, which were turned instead of it.
    case confounded
    /// No reading hangs on it.
    case unmoved
  }
  public struct Parameter: Codable, Equatable, Sendable {
    public var key: String
    public var unit: String
    /// The preset's value.
    public var assumed: UInt64
    public var value: UInt64
    /// From the one to the other the readings are the same: which it is, they do not tell.
    public var low: UInt64
    public var high: UInt64
    public var state: State
    /// Parameters that the readings do not tell from this one.
    public var with: [String]
    public init(
      key: String, unit: String, assumed: UInt64, value: UInt64, low: UInt64, high: UInt64,
      state: State, with: [String]
    ) {
      (self.key, self.unit, self.assumed, self.value) = (key, unit, assumed, value)
      (self.low, self.high) = (low, high)
      (self.state, self.with) = (state, with)
    }
  }

  /// The readings' file, without its folders.
  public var file: String
  public var configuration: String
  public var hash: String
  public var readings: [Reading]
  public var parameters: [Parameter]
  public var runs: Int
  /// How many sets of values were tried.
  public var evaluations: Int
  /// The root of the mean square of all readings' errors, in percent: with the fitted values, and
  /// with the preset's.
  public var residual: Double
  public var assumedResidual: Double

  public init(
    file: String, configuration: String, hash: String, readings: [Reading],
    parameters: [Parameter], runs: Int, evaluations: Int
  ) {
    self.file = file.split(separator: "/").last.map(String.init) ?? file
    (self.configuration, self.hash, self.readings) = (configuration, hash, readings)
    (self.parameters, self.runs, self.evaluations) = (parameters, runs, evaluations)
    func root(_ value: (Reading) -> UInt64) -> Double {
      let squares = readings.map { reading in
        let error = Double(value(reading)) - Double(reading.measured)
        let part = error / Double(max(reading.measured, 1)) * 100
        return part * part
      }
      return (squares.reduce(0, +) / Double(max(squares.count, 1))).squareRoot()
    }
    (residual, assumedResidual) = (root(\.fitted), root(\.assumed))
  }

  enum CodingKeys: String, CodingKey {
    case file, configuration, hash, readings, parameters, runs, evaluations
    case residual = "residual_percent"
    case assumedResidual = "assumed_residual_percent"
  }

  /// A layer to be laid over the preset: what was fitted, as measured.
  public func layer() -> String {
    let left = Format.fixed(residual, 2)
    var text = """
      # Fitted to \(readings.count) readings of \(runs) runs in \(Self.inComment(file)), from the
      # times of \(Self.inComment(configuration)) (\(hash)). To be laid over that preset.

      """
    let fitted = parameters.filter { $0.state == .fitted }
    guard !fitted.isEmpty else { return text + "# No reading tells any parameter.\ntiming: {}\n" }
    text += "timing:\n"
    for parameter in fitted {
      var source = "fitted to \(file): \(readings.count) readings, residual \(left) %"
      if parameter.low < parameter.high {
        source += "; \(parameter.low) to \(parameter.high) read the same"
      }
      if !parameter.with.isEmpty {
        let names = parameter.with.map { String($0.dropFirst("timing.".count)) }
        source += "; with the assumed " + names.joined(separator: ", ")
      }
      text += "  \(parameter.key.dropFirst("timing.".count)):\n    value: \(parameter.value)\n"
      text += "    from: measured\n    source: \(Self.quoted(source))\n"
    }
    return text
  }

  /// A YAML text in quotation marks.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\" + String(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0x7f: out += " "
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
  private static func inComment(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  /// For a terminal.
  public func text() -> String {
    var table = TextTable(
      ["reading", "GICP", "measured", configuration, "fitted", "residual", "%"])
    for reading in readings {
      table.add([
        "\(reading.run) \(reading.counter)",
        reading.gicp.map { "0x" + String($0, radix: 16) } ?? "-",
        Format.grouped(reading.measured), Format.grouped(reading.assumed),
        Format.grouped(reading.fitted), Format.grouped(reading.residual),
        reading.percent.map { Format.fixed($0, 2) } ?? "-",
      ])
    }
    return table.text + "\n" + parameterText
      + "\nresidual, root of the mean square: \(Format.fixed(residual, 3)) %, with the values of "
      + "\(configuration) \(Format.fixed(assumedResidual, 3)) %; \(evaluations) sets of values "
      + "tried\n"
  }

  private var parameterText: String {
    var table = TextTable(["parameter", "from", "to", "unit", ""])
    for parameter in parameters where parameter.state == .fitted {
      var notes: [String] = []
      if parameter.low < parameter.high {
        notes.append("\(parameter.low) to \(parameter.high) read the same")
      }
      if !parameter.with.isEmpty { notes.append("known only with " + names(parameter.with)) }
      table.add([
        parameter.key, "\(parameter.assumed)", "\(parameter.value)", parameter.unit,
        notes.joined(separator: "; "),
      ])
    }
    let unmoved = parameters.filter { $0.state == .unmoved }.map(\.key)
    var text = table.text
    if !parameters.contains(where: { $0.state == .fitted }) {
      text = "the readings tell no parameter\n"
    }
    for parameter in parameters where parameter.state == .confounded {
      text +=
        "left as assumed: \(parameter.key) \(parameter.value): the readings do not tell it from "
        + "\(names(parameter.with))\n"
    }
    if !unmoved.isEmpty { text += "left as assumed, no reading tells: \(names(unmoved))\n" }
    return text
  }

  private func names(_ keys: [String]) -> String {
    keys.map { String($0.dropFirst("timing.".count)) }.joined(separator: ", ")
  }
}
