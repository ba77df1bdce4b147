// What a study found: points with what was set, measured and bounded, and the figures that show
// them. Nothing here depends on the host, the time of day or how the work was shared out.

/// A study's result. Equal studies give equal documents, byte for byte.
public struct StudyDocument: JSONDocument, Equatable, Sendable {
  /// Rises when a field changes its meaning.
  public var format = 1
  /// The study's name, as `itsctl study` takes it.
  public var study: String
  public var title: String
  /// The question that it answers, in a sentence or two.
  public var about: String
  public var clock: Clock
  public var seed: UInt64
  /// Every parameter as it would be written after its flag.
  public var parameters: [Setting]
  /// The meaning of every key of the points.
  public var columns: [Column]
  /// How many points there should be; more than ``points`` has: the result is partial.
  public var expected: Int { didSet { isComplete = points.count == expected } }
  public var points: [StudyPoint] { didSet { isComplete = points.count == expected } }
  /// Whether every point is there.
  public private(set) var isComplete = true
  public var figures: [StudyFigure]
  /// Saturated points against their bound.
  public var checks: [Check]
  /// What the numbers say, in sentences made from them.
  public var findings: [String]
  public var configuration: ConfigurationDocument

  /// What the times of a study are.
  public enum Clock: String, Codable, Sendable {
    /// Cycles of the simulated GIC: the same on every host.
    case simulated
    /// Times of the machine that ran it: never the same twice.
    case host
  }

  /// A parameter and its value.
  public struct Setting: Codable, Equatable, Sendable {
    public var key: String
    public var value: String
    public init(key: String, value: String) { (self.key, self.value) = (key, value) }
  }

  /// What a key of the points means.
  public struct Column: Codable, Equatable, Sendable {
    /// Whether it was set, measured, or follows from the parameters.
    public enum Role: String, Codable, Sendable { case set, measured, bound }
    public var key: String
    public var name: String
    /// Empty where there is none.
    public var unit: String
    public var role: Role
    public init(_ key: String, _ name: String, unit: String = "", _ role: Role) {
      (self.key, self.name, self.unit, self.role) = (key, name, unit, role)
    }
  }

  /// A throughput beside what its slowest unit allows.
  public struct Check: Codable, Equatable, Sendable {
    /// Which point, in words.
    public var name: String
    /// The unit that bounds it.
    public var unit: String
    public var measured: Double
    public var bound: Double
    /// Whether one unit alone bounds it, so that it must be within 2 %.
    public var isSingle: Bool
    public init(name: String, unit: String, measured: Double, bound: Double, isSingle: Bool) {
      (self.name, self.unit, self.measured) = (name, unit, measured)
      (self.bound, self.isSingle) = (bound, isSingle)
    }
    /// The part of the bound that was reached.
    public var part: Double { bound > 0 ? measured / bound : 0 }
    /// At most the bound, but for what is under way at the ends of the measured time; and within
    /// 2 % of it where one unit alone bounds it.
    public var holds: Bool { part <= 1.002 && (!isSingle || part >= 0.98) }

    enum CodingKeys: String, CodingKey {
      case name, unit, measured, bound
      case isSingle = "single"
    }
  }

  public init(
    study: String, title: String, about: String, clock: Clock, seed: UInt64,
    configuration: ConfigurationDocument
  ) {
    (self.study, self.title, self.about) = (study, title, about)
    (self.clock, self.seed, self.configuration) = (clock, seed, configuration)
    (parameters, columns, points, figures, checks, findings) = ([], [], [], [], [], [])
    expected = 0
  }

  enum CodingKeys: String, CodingKey {
    case format, study, title, about, clock, seed, parameters, columns, expected, points, figures
    case checks, findings, configuration
    case isComplete = "complete"
  }

  /// The column of a key; one that was never described is named by its key.
  func column(_ key: String) -> Column {
    columns.first { $0.key == key } ?? Column(key, Format.words(key), .measured)
  }
}

/// One configuration of a study and what was measured there.
public struct StudyPoint: Codable, Equatable, Sendable {
  /// By ``StudyDocument/Column/key``. The half width of a 95 % confidence interval has the key of
  /// what it belongs to with `_ci95` behind it.
  public var values: [String: StudyValue]
  public init(_ values: [String: StudyValue] = [:]) { self.values = values }

  /// A number; nil if there is none of that key.
  public func number(_ key: String) -> Double? {
    guard case .number(let number)? = values[key] else { return nil }
    return number
  }
  /// As a table shows it; empty if there is none of that key.
  public func text(_ key: String) -> String { values[key]?.description ?? "" }
}

/// A number or a name.
public enum StudyValue: Codable, Hashable, Sendable, CustomStringConvertible {
  case number(Double)
  case name(String)

  /// Whole numbers without a point.
  public var description: String {
    switch self {
    case .name(let name): name
    case .number(let number):
      number == number.rounded() && abs(number) < 9e15
        ? String(Int64(number)) : String(number)
    }
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else {
      self = .name(try value.decode(String.self))
    }
  }
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    // As an integer where it is one, so that no reader sees 1 become 1.0.
    case .number(let number) where number == number.rounded() && abs(number) < 9e15:
      try value.encode(Int64(number))
    case .number(let number): try value.encode(number)
    case .name(let name): try value.encode(name)
    }
  }
}

/// What to draw, and of which points.
public struct StudyFigure: Codable, Equatable, Sendable {
  /// Also the name of its file.
  public var id: String
  public var title: String
  /// What the reader should see, in a sentence or two.
  public var caption: String
  /// Only points that have these values.
  public var filter: [String: StudyValue]
  public var x: Axis
  public var y: Axis
  /// Points that agree in these keys are one curve.
  public var series: [String]
  public var lines: [Line]

  public struct Axis: Codable, Equatable, Sendable {
    public enum Scale: String, Codable, Sendable { case linear, logarithmic, names }
    public var title: String
    public var scale: Scale
    /// Of the horizontal axis: the key of its values; of the vertical one empty.
    public var key: String
    public init(_ title: String, _ scale: Scale = .linear, key: String = "") {
      (self.title, self.scale, self.key) = (title, scale, key)
    }
  }

  /// A quantity that is drawn over the horizontal axis.
  public struct Line: Codable, Equatable, Sendable {
    public var key: String
    /// What tells it from the others of its curve; empty if it is the only one.
    public var name: String
    /// Follows from the parameters: drawn dashed, without marks.
    public var isBound: Bool
    public init(_ key: String, _ name: String = "", isBound: Bool = false) {
      (self.key, self.name, self.isBound) = (key, name, isBound)
    }

    enum CodingKeys: String, CodingKey {
      case key, name
      case isBound = "bound"
    }
  }

  public init(
    _ id: String, title: String, caption: String, filter: [String: StudyValue] = [:], x: Axis,
    y: Axis, series: [String] = [], lines: [Line]
  ) {
    (self.id, self.title, self.caption, self.filter) = (id, title, caption, filter)
    (self.x, self.y, self.series, self.lines) = (x, y, series, lines)
  }
}
