// A mistyped key gets an answer: the key that is fewest edits away.

/// The known key that is nearest to `key`; of equally near ones the first in the tables' order.
func nearestKey(to key: String) -> String {
  let isNested = key.contains(".")
  let known =
    isNested
    ? Settings.all.map(\.key).filter { $0.contains(".") }
    : Settings.descriptions + [Settings.clock.key] + Settings.sections
  // An unknown key may be as long as its author likes; only its beginning can decide.
  let typed = Array(key.unicodeScalars.prefix(100))
  var best = (key: known[0], distance: Int.max)
  for candidate in known {
    let distance = editDistance(typed, Array(candidate.unicodeScalars))
    if distance < best.distance { best = (candidate, distance) }
  }
  return best.key
}

/// Insertions, deletions, replacements and swaps of neighbours that make `b` from `a`.
/// - Source: the restricted Damerau-Levenshtein distance (optimal string alignment).
public func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var distance = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        distance = min(distance, before[j - 1] + 1)
      }
      row.append(distance)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
