// Which numbers the readings can tell. Two that move the readings in one proportion are one number
// to whoever reads counters only: their sum, or their product, is all that can be known.

/// What can be told from the readings.
struct Identifiability: Equatable {
  /// Numbers that can be told apart, the strongest first.
  var free: [Int] = []
  /// Numbers that move readings only as others do, and which.
  var confounded: [Int: [Int]] = [:]
  /// Numbers that move no reading.
  var idle: [Int] = []

  /// Of an effect's length, what must be left beside all stronger ones.
  private static let least = 0.05

  /// - Parameter effects: of each number, how much each weighted error moves.
  init(_ effects: [[Double]]) {
    var rest = effects
    var basis: [[Double]] = []
    let sizes = effects.map { dot($0, $0).squareRoot() }
    idle = effects.indices.filter { sizes[$0] == 0 }
    var left = effects.indices.filter { sizes[$0] > 0 }
    while true {
      // Of nearly equal ones the first, so that the answer does not hang on rounding.
      var chosen: (index: Int, part: Double)?
      for index in left {
        let part = dot(rest[index], rest[index]).squareRoot()
        guard part > Self.least * sizes[index] else { continue }
        if chosen.map({ part > $0.part * 1.01 }) ?? true { chosen = (index, part) }
      }
      guard let (index, norm) = chosen else { break }
      let unit = rest[index].map { $0 / norm }
      basis.append(unit)
      free.append(index)
      left.removeAll { $0 == index }
      for other in left {
        let part = dot(unit, rest[other])
        for row in unit.indices { rest[other][row] -= part * unit[row] }
      }
    }
    for index in left {
      let parts = leastSquares(free.map { effects[$0] }, effects[index])
      confounded[index] = zip(free, parts).filter { other, part in
        (part * sizes[other]).magnitude > Self.least * sizes[index]
      }.map(\.0).sorted()
    }
  }
}
