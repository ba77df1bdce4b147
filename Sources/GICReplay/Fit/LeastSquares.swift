// Bounded least squares over whole numbers. The function is a simulation: exact, deterministic,
// without derivatives, and flat in many directions. So: steps along differences where they help,
// then each number by itself, then neighbours of two at a time.

/// A search for the places at which weighted errors are least.
struct LeastSquares {
  /// Places of each number are 0 up to this.
  let counts: [Int]
  /// The errors at a point; always as many.
  let errors: ([Int]) -> [Double]
  /// Points that were evaluated, and what came of it: a simulation is dear, and searches go back.
  private var known: [[Int]: [Double]] = [:]
  private(set) var evaluations = 0
  private static let rounds = 12

  init(counts: [Int], errors: @escaping ([Int]) -> [Double]) {
    (self.counts, self.errors) = (counts, errors)
  }

  mutating func evaluate(_ point: [Int]) -> [Double] {
    if let errors = known[point] { return errors }
    evaluations += 1
    let found = errors(point)
    known[point] = found
    return found
  }

  mutating func cost(_ point: [Int]) -> Double { Self.sum(evaluate(point)) }

  static func sum(_ errors: [Double]) -> Double { errors.reduce(0) { $0 + $1 * $1 } }

  /// The best point that the search finds from `start`, moving the numbers in `free` only.
  mutating func minimize(from start: [Int], free: [Int]) -> [Int] {
    var best = start
    for _ in 0..<Self.rounds {
      let before = cost(best)
      guard before > 0 else { break }
      for index in free { descend(&best, along: index) }
      step(&best, free)
      if cost(best) > 0 { polish(&best, free) }
      guard cost(best) < before else { break }
    }
    return best
  }

  /// Keeps `candidate` if it is better.
  @discardableResult
  private mutating func take(_ candidate: [Int], over best: inout [Int]) -> Bool {
    guard cost(candidate) < cost(best) else { return false }
    best = candidate
    return true
  }

  private func moved(_ point: [Int], _ index: Int, to place: Int) -> [Int] {
    var moved = point
    moved[index] = min(max(place, 0), counts[index] - 1)
    return moved
  }

  /// One number alone: all of its places if they are few, else a golden section of them, and of
  /// those nearby, since what is best far away may hide it.
  private mutating func descend(_ best: inout [Int], along index: Int) {
    let place = best[index]
    guard counts[index] > 16 else {
      // Of equally good ones the nearest to where it began.
      let order = (0..<counts[index]).sorted { (abs($0 - place), $0) < (abs($1 - place), $1) }
      for other in order { take(moved(best, index, to: other), over: &best) }
      return
    }
    section(&best, index, 0, counts[index] - 1)
    section(&best, index, max(place / 2, 0), min(place * 2 + 4, counts[index] - 1))
    for other in [best[index] - 1, best[index] + 1] {
      take(moved(best, index, to: other), over: &best)
    }
  }

  /// - Source: J. Kiefer, "Sequential minimax search for a maximum", 1953.
  private mutating func section(_ best: inout [Int], _ index: Int, _ low: Int, _ high: Int) {
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (low, high)
    while high - low > 3 {
      let length = Double(high - low)
      let left = high - Int((length * ratio).rounded())
      let right = max(low + Int((length * ratio).rounded()), left + 1)
      let (a, b) = (moved(best, index, to: left), moved(best, index, to: right))
      if cost(a) <= cost(b) { high = right } else { low = left }
      take(a, over: &best)
      take(b, over: &best)
    }
    for place in low...high { take(moved(best, index, to: place), over: &best) }
  }

  /// A step of Gauss and Newton, as far as it helps.
  private mutating func step(_ best: inout [Int], _ free: [Int]) {
    let base = evaluate(best)
    let columns = free.map { slope(best, $0) }
    let move = leastSquares(columns, base.map { -$0 })
    for part in [1.0, 0.5, 0.25] {
      var candidate = best
      for (index, length) in zip(free, move) where length.isFinite {
        let place = Double(best[index]) + (part * length).rounded()
        candidate[index] = Int(min(max(place, 0), Double(counts[index] - 1)))
      }
      if take(candidate, over: &best) { return }
    }
  }

  /// Neighbours in two numbers at once: along a valley neither alone gets better.
  private mutating func polish(_ best: inout [Int], _ free: [Int]) {
    guard free.count <= 10 else { return }
    for (position, a) in free.enumerated() {
      for b in free[(position + 1)...] {
        for (x, y) in [(1, -1), (-1, 1), (1, 1), (-1, -1)] {
          let candidate = moved(
            moved(best, a, to: best[a] + x), b, to: best[b] + y)
          take(candidate, over: &best)
        }
      }
    }
  }

  /// Places of a number, up to 32 to each side, at which the errors are the same.
  mutating func equals(_ point: [Int], _ index: Int) -> ClosedRange<Int> {
    var (low, high) = (point[index], point[index])
    while low > 0, point[index] - low < 32,
      cost(moved(point, index, to: low - 1)) == cost(point)
    { low -= 1 }
    while high + 1 < counts[index], high - point[index] < 32,
      cost(moved(point, index, to: high + 1)) == cost(point)
    { high += 1 }
    return low...high
  }

  /// How the errors change with a number, a place on.
  mutating func slope(_ point: [Int], _ index: Int) -> [Double] {
    let base = evaluate(point)
    let isLast = point[index] == counts[index] - 1
    let next = evaluate(moved(point, index, to: point[index] + (isLast ? -1 : 1)))
    return zip(base, next).map { isLast ? $0 - $1 : $1 - $0 }
  }

  /// Where a number moves the errors, a place on, and as far as half or twice of it moves them:
  /// what is merely assumed may well be wrong by so much.
  mutating func effect(_ point: [Int], _ index: Int) -> [Double] {
    let base = evaluate(point)
    let place = point[index]
    let near = slope(point, index)
    var (widest, length) = (near, Self.sum(near).squareRoot())
    for other in [place / 2, place * 2, place - 1, 0] {
      let next = evaluate(moved(point, index, to: other))
      let effect = zip(base, next).map { $1 - $0 }
      let size = Self.sum(effect).squareRoot()
      if size > length { (widest, length) = (effect, size) }
    }
    let size = Self.sum(near).squareRoot()
    return size == 0 ? widest : near.map { $0 / size * length }
  }
}

/// The vector x for which the sum of `columns` times x is nearest to `target`, by orthogonal
/// columns; a column that depends on those before it gets 0.
func leastSquares(_ columns: [[Double]], _ target: [Double]) -> [Double] {
  var basis: [(vector: [Double], column: Int, norm: Double)] = []
  var factors = [[Double]](repeating: [], count: columns.count)
  for (index, column) in columns.enumerated() {
    var rest = column
    for other in basis {
      let part = dot(other.vector, rest)
      factors[index].append(part)
      for row in rest.indices { rest[row] -= part * other.vector[row] }
    }
    let (norm, size) = (dot(rest, rest).squareRoot(), dot(column, column).squareRoot())
    guard size > 0, norm > 1e-6 * size else { continue }
    basis.append((rest.map { $0 / norm }, index, norm))
  }
  var solution = [Double](repeating: 0, count: columns.count)
  for row in basis.indices.reversed() {
    var value = dot(basis[row].vector, target)
    for later in basis[(row + 1)...] {
      value -= factors[later.column][row] * solution[later.column]
    }
    solution[basis[row].column] = value / basis[row].norm
  }
  return solution
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for (x, y) in zip(a, b) { sum += x * y }
  return sum
}
