import Foundation

/// The seeds of a random test: `usual`, or only the one that `ITSD_SEED` names.
func seeds(_ usual: ClosedRange<Int>) -> [Int] {
  if let seed = ProcessInfo.processInfo.environment["ITSD_SEED"].flatMap({ Int($0) }) {
    return [seed]
  }
  return Array(usual)
}

/// A number from the environment, for what takes longer than a test should.
func environmentNumber(_ name: String) -> Int? {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
}
