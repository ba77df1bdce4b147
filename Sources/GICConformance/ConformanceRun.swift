// Runs rows: each on a machine of its own, of this process or of a running daemon.

import GICArch
import GICConfig
import GICModel
import GICReplay
import GICReport

/// Which rows to run, and where.
public struct ConformanceRun {
  /// Where the machines are.
  public enum Place: Equatable, Sendable {
    case inProcess
    /// A running daemon: `unix:PATH` or `tcp:HOST:PORT`. It makes a machine for each row.
    case attached(String)
  }
  public var place: Place
  public var profiles: [ConformanceProfile]
  public var rows: [ConformanceRow]

  /// - Parameter filter: text that a row's number, chapter, name or source must contain, whatever
  ///   the case; a number alone names the rows of that line; empty is every row.
  public init(
    _ place: Place, profiles: [ConformanceProfile] = ConformanceProfile.allCases,
    filter: String = ""
  ) {
    (self.place, self.profiles) = (place, profiles)
    rows = ConformanceSuite.rows.filter { row in
      guard row.profiles.contains(where: profiles.contains) else { return false }
      if let number = Int(filter) { return row.number == number }
      let text = "\(row.number) \(row.chapter.rawValue) \(row.name) \(row.source)".lowercased()
      return filter.isEmpty || text.contains(filter.lowercased())
    }
  }

  /// How many times a row runs: once in each profile that it names and that was asked for.
  public var runCount: Int { rows.reduce(0) { $0 + $1.profiles.count(where: profiles.contains) } }

  /// Runs them all. A row that fails does not end the run.
  /// - Throws: `ReplayError` if there is no daemon or it cannot be talked to,
  ///   `ConfigurationError` if a profile's configuration cannot be read.
  public func run() throws -> ConformanceDocument {
    var document = ConformanceDocument(rows: rows.count, mode: mode)
    for row in rows {
      for profile in profiles where row.profiles.contains(profile) {
        document.count(profile)
        do { try run(row, profile, &document) } catch let mismatch as Mismatch {
          document.failures.append(ConformanceDocument.Failure(row, profile, mismatch))
        }
      }
    }
    return document
  }

  private var mode: String {
    switch place {
    case .inProcess: "in-process"
    case .attached(let address): address
    }
  }

  /// One row on a new machine. What it was rejected for is noted even where it fails.
  func run(
    _ row: ConformanceRow, _ profile: ConformanceProfile, _ document: inout ConformanceDocument
  ) throws {
    let resolved = try ConformanceRun.configuration(of: row, profile)
    let target: any ReplayTarget =
      switch place {
      case .inProcess:
        try InProcessTarget(
          makeMachine(resolved.machine), ramBase: row.ramBase,
          ramByteCount: World.ramByteCount)
      case .attached(let address):
        try AttachedTarget(
          address, resolved, ramBase: row.ramBase, ramByteCount: World.ramByteCount,
          for: "conformance")
      }
    var world = World(target, resolved.machine, ramBase: row.ramBase)
    defer {
      if let errors = try? world.commandErrors() { document.reach(errors.keys) }
    }
    try row.run(&world)
  }

  /// The profile's configuration, the suite's shape, and what the row wants over both.
  static func configuration(
    of row: ConformanceRow, _ profile: ConformanceProfile
  ) throws(ConfigurationError) -> ResolvedConfiguration {
    let base =
      switch profile {
      case .kvm: try Presets.load("kvm")
      case .architecture:
        ConfigurationLayer(name: "architecture", text: "profile: {base: architecture}\n")
      }
    return try resolve([
      base, ConfigurationLayer(name: "conformance", text: World.shape),
      ConfigurationLayer(name: "row \(row.number)", text: row.machine),
    ])
  }
}
