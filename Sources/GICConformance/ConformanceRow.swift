// One line of the suite: what it is called, where it comes from, what machine it wants, and what is
// done and must be seen.

import GICArch
import GICConfig
import GICModel

/// Whose answers a row expects.
public enum ConformanceProfile: String, CaseIterable, Codable, Sendable {
  /// What KVM's virtual ITS does, its quirks included.
  case kvm
  /// What the architecture says; where it leaves a choice, what this project chose.
  case architecture
}

/// A behaviour, and the way to see it. Rows share nothing: each gets a machine of its own.
public struct ConformanceRow: Sendable {
  /// A chapter of the suite, which is a file or two.
  public enum Chapter: String, CaseIterable, Codable, Sendable {
    case registers, commands, errors, translation, lpis, save, restore, attributes
    case badInput = "bad-input"
  }
  public let chapter: Chapter
  /// The line of the checklist that the row is for. Several rows may share one; the profiles'
  /// different answers to one line do.
  public let number: Int
  /// One behaviour, in a few words; with the number and a profile it names the row.
  public let name: String
  /// Where this answer is expected.
  public let profiles: [ConformanceProfile]
  /// Where the answer is written: a section of the manual, or a file of KVM's.
  public let source: String
  /// YAML, laid over the profile's own configuration and ``World/shape``.
  public let machine: String
  /// First byte of the guest's RAM; a multiple of 64 KiB.
  public let ramBase: PhysicalAddress
  /// - Throws: ``Mismatch`` where something else was seen than must be.
  public let run: @Sendable (inout World) throws -> Void
}

/// What must be seen, and what was seen.
public struct Mismatch: Error, Equatable, Sendable {
  /// What was looked at.
  public var what: String
  public var expected: String
  public var got: String
}

/// Rows of one chapter that come from one place of the sources.
struct RowMaker {
  var chapter: ConformanceRow.Chapter
  var source: String

  func callAsFunction(
    _ number: Int, _ name: String, _ profiles: [ConformanceProfile] = ConformanceProfile.allCases,
    machine: String = "", ramBase: PhysicalAddress = 0x4000_0000,
    run: @escaping @Sendable (inout World) throws -> Void
  ) -> ConformanceRow {
    ConformanceRow(
      chapter: chapter, number: number, name: name, profiles: profiles, source: source,
      machine: machine, ramBase: ramBase, run: run)
  }
}
