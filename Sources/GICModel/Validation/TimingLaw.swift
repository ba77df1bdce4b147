// What must hold of the timing model whatever its parameters are: laws, each with what is expected
// and what was measured. They are of the model against its own specification and against theory;
// nothing here says how near it is to silicon.

/// What one law's runs showed.
public struct TimingLaw: Codable, Sendable, Equatable {
  /// One thing that was expected and measured.
  public struct Row: Codable, Sendable, Equatable {
    public var name: String
    public var expected: Double
    public var measured: Double
    public var holds: Bool
    public init(_ name: String, expected: Double, measured: Double, holds: Bool) {
      (self.name, self.expected, self.measured, self.holds) = (name, expected, measured, holds)
    }
    /// Equal to the last cycle.
    public init(_ name: String, expected: UInt64, measured: UInt64) {
      self.init(
        name, expected: Double(expected), measured: Double(measured), holds: expected == measured)
    }
  }
  /// A line of a plot, theory, or points, simulation.
  public struct Curve: Codable, Sendable, Equatable {
    public var name: String
    public var isTheory: Bool
    public var x: [Double]
    public var y: [Double]
    public init(_ name: String, isTheory: Bool, x: [Double] = [], y: [Double] = []) {
      (self.name, self.isTheory, self.x, self.y) = (name, isTheory, x, y)
    }
  }
  public struct Plot: Codable, Sendable, Equatable {
    public var x: String
    public var y: String
    public var curves: [Curve]
    public init(x: String, y: String, curves: [Curve]) {
      (self.x, self.y, self.curves) = (x, y, curves)
    }
  }

  /// Its number in the specification of the model.
  public var number: Int
  public var title: String
  /// When a row holds.
  public var condition: String
  public var rows: [Row]
  public var plot: Plot?
  public init(_ number: Int, _ title: String, condition: String, rows: [Row], plot: Plot? = nil) {
    (self.number, self.title, self.condition) = (number, title, condition)
    (self.rows, self.plot) = (rows, plot)
  }

  public var holds: Bool { !rows.isEmpty && rows.allSatisfy(\.holds) }
}

/// The laws, by the numbers of the specification.
public enum TimingLaws {
  /// How much is run.
  public enum Effort: Sendable {
    /// Seconds without optimisation.
    case short
    case full
    /// With 5 x 10^7 arrivals where the specification has them.
    case long
    /// Arrivals of one run of a queue.
    var arrivals: Int { self == .short ? 30_000 : 1_000_000 }
    /// Transactions of a saturating run.
    var saturation: Int { self == .short ? 2_000 : 40_000 }
  }

  /// In the order of their numbers; each is run when it is called.
  public static let all: [@Sendable (Effort) -> TimingLaw] = [
    stageSums, zeroLoad, bottlenecks, operationalLaws, queueingTheory, conservation, monotonicity,
    equivalence, litmus,
  ]
}
