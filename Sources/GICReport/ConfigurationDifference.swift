// What tells two configurations apart, and what is wrong with one.

/// The settings whose values differ between two configurations.
public struct ConfigurationDifference: JSONDocument, Equatable, Sendable {
  public var a: Side
  public var b: Side
  /// In the order of the settings' table. Where a value comes from is no difference.
  public var differences: [Difference]

  public struct Side: Codable, Equatable, Sendable {
    public var name: String
    public var hash: String
  }

  public struct Difference: Codable, Equatable, Sendable {
    public var key: String
    public var unit: String
    public var a: ConfigurationDocument.Value
    public var b: ConfigurationDocument.Value
  }

  public init(_ a: ConfigurationDocument, _ b: ConfigurationDocument) {
    self.a = Side(name: a.name, hash: a.hash)
    self.b = Side(name: b.name, hash: b.hash)
    let others = Dictionary(b.values.map { ($0.key, $0) }) { first, _ in first }
    differences = a.values.compactMap { value in
      guard let other = others[value.key], other.value != value.value else { return nil }
      return Difference(key: value.key, unit: value.unit, a: value, b: other)
    }
  }

  public func text() -> String {
    let sides = "a  \(a.name), hash \(a.hash)\nb  \(b.name), hash \(b.hash)\n"
    guard !differences.isEmpty else { return sides + "no value differs\n" }
    var table = TextTable(["key", "a", "b", "", ""])
    for difference in differences {
      table.add([
        difference.key, difference.a.value, difference.b.value, difference.unit,
        "a \(difference.a.provenance), b \(difference.b.provenance)",
      ])
    }
    let noun = differences.count == 1 ? "value differs" : "values differ"
    return sides + "\n" + table.text + "\(differences.count) \(noun)\n"
  }
}

/// Whether a configuration makes a machine, and if not, everything that is wrong with it.
public struct ConfigurationCheck: JSONDocument, Equatable, Sendable {
  /// As the operator named it.
  public var file: String
  /// Of the machine, if it can be made.
  public var name: String?
  public var hash: String?
  public var mistakes: [Mistake]
  /// Keys that the file leaves to the defaults.
  public var defaulted: Int?

  public struct Mistake: Codable, Equatable, Sendable {
    public var file: String
    /// From 1; 0 where no line is to blame.
    public var line: Int
    public var column: Int
    public var message: String
    public var key: String?
    /// The key that was probably meant.
    public var nearest: String?
    /// What the key, or else the nearest one, may be, in words.
    public var range: String?
    public init(
      file: String, line: Int, column: Int, message: String, key: String?, nearest: String?,
      range: String?
    ) {
      (self.file, self.line, self.column) = (file, line, column)
      (self.message, self.key, self.nearest, self.range) = (message, key, nearest, range)
    }
    /// As a compiler says it: `file:line:column: message`.
    public var description: String {
      line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
    }
  }

  public var passed: Bool { mistakes.isEmpty }

  public init(
    file: String, name: String?, hash: String?, defaulted: Int?, mistakes: [Mistake]
  ) {
    (self.file, self.name, self.hash) = (file, name, hash)
    (self.defaulted, self.mistakes) = (defaulted, mistakes)
  }

  public func text() -> String {
    guard passed else {
      let noun = mistakes.count == 1 ? "mistake" : "mistakes"
      return mistakes.map { $0.description + "\n" }.joined() + "\(mistakes.count) \(noun)\n"
    }
    let rest = defaulted.map { $0 > 0 ? "; \($0) settings left to the defaults" : "" } ?? ""
    return "\(file): makes a machine, \(name ?? "default"), hash \(hash ?? "")\(rest)\n"
  }
}

/// The presets that there are.
public struct PresetsDocument: JSONDocument, Equatable, Sendable {
  public struct Preset: Codable, Equatable, Sendable {
    public var name: String
    public var about: String
    public var clock: String
    public var hash: String
    /// Timing parameters by provenance.
    public var documented: Int
    public var measured: Int
    public var assumed: Int
    public init(_ configuration: ConfigurationDocument, about: String) {
      (name, hash, self.about) = (configuration.name, configuration.hash, about)
      clock = configuration.values.first { $0.key == "clock" }?.value ?? ""
      let timing = configuration.values.filter { $0.key.hasPrefix("timing.") }
      documented = timing.count { $0.provenance == "documented" }
      measured = timing.count { $0.provenance == "measured" }
      assumed = timing.count { $0.provenance == "assumed" }
    }
  }
  public var presets: [Preset]
  public init(presets: [Preset]) { self.presets = presets }

  public func text() -> String {
    guard !presets.isEmpty else { return "no presets\n" }
    var table = TextTable(["preset", "documented", "measured", "assumed", "", ""])
    for preset in presets {
      table.add([
        preset.name, "\(preset.documented)", "\(preset.measured)", "\(preset.assumed)",
        preset.clock, preset.about,
      ])
    }
    return table.text
  }
}
