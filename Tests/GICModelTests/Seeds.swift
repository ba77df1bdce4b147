import Foundation

/// The seeds of a random test: `usual`, or only the one that `ITSD_SEED` names.
func seeds(_ usual: ClosedRange<Int>) -> [Int] {
  if let seed = ProcessInfo.processInfo.environment["ITSD_SEED"].flatMap({ Int($0) }) {
    return [seed]
  }
  return Array(usual)
}
