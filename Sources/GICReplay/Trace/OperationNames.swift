/// From the word in the file to the operation: a search through a few packed words.
struct OperationNames {
  private let packed: [(word: UInt64, operation: TraceOperation, isBad: Bool)]

  init() {
    let plain = TraceOperation.allCases.map { ($0.name, $0, false) }
    let bad = TraceOperation.allCases.filter(\.mayBeBad).map { ($0.name + "bad", $0, true) }
    packed = (plain + bad).map { name, operation, isBad in
      (name.utf8.reduce(0) { $0 << 8 | UInt64($1) }, operation, isBad)
    }
  }

  func lookUp(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (TraceOperation, isBad: Bool)? {
    guard range.count <= 8 else { return nil }
    var word: UInt64 = 0
    for index in range { word = word &<< 8 | UInt64(bytes[index]) }
    for row in packed where row.word == word { return (row.operation, row.isBad) }
    return nil
  }

  /// Names the operations that are spelled most like `word`.
  func complaint(about word: String) -> String {
    let all = TraceOperation.allCases.flatMap {
      $0.mayBeBad ? [$0.name, $0.name + "bad"] : [$0.name]
    }
    let ranked = (all + ["E"]).map { (distance($0, word), $0) }.sorted { $0 < $1 }
    let nearest = ranked.prefix(3).map { "'\($0.1)'" }.joined(separator: ", ")
    return "expected an operation, found '\(word)'; nearest: \(nearest)"
  }

  /// How many letters must be put in, taken out or changed to make one word of the other.
  private func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let change = diagonal + (letter == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(change, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
