// When things come. All numbers are drawn with integers or with the four exact operations of IEEE
// 754, so that every host draws the same.

import GICModel

/// How arrivals are spread in time.
enum ArrivalLaw: String, CaseIterable, Sendable {
  /// One after the other at equal distances.
  case periodic
  /// In each cycle one or none: distances are geometric.
  case bernoulli
  /// Distances are exponential; several may come in one cycle.
  case poisson
  /// Bursts of geometric length at four times the mean rate, and pauses.
  case bursty
  /// The distances of a recorded run, at another mean.
  case trace
}

/// One stream of arrivals.
struct Arrivals {
  let law: ArrivalLaw
  /// Cycles from one to the next, on average.
  let mean: Double
  private var random: SeededGenerator
  private var time: Double = 0
  private var leftInBurst = 0
  /// Distances of a trace, as parts of their mean, and where in them this stream is.
  private let gaps: [Double]
  private var place: Int

  /// How many arrivals a burst has, on average.
  static let burstLength = 16.0
  /// How many times faster than the mean they come.
  static let burstRate = 4.0

  init(_ law: ArrivalLaw, mean: Double, seed: UInt64, gaps: [Double] = [], place: Int = 0) {
    (self.law, self.mean, self.gaps) = (law, mean, gaps)
    random = SeededGenerator(seed: seed)
    self.place = gaps.isEmpty ? 0 : place % gaps.count
    // Streams of one period must not all begin at once.
    if law == .periodic { time = mean * random.unit() }
  }

  /// The cycle of the next one, never before the last.
  mutating func next() -> UInt64 {
    switch law {
    case .periodic: time += mean
    case .poisson: time += mean * random.exponential()
    case .bernoulli:
      // The whole part of an exponential number is geometric; -ln(1 - p) is its rate.
      let probability = min(1 / mean, 0.999_999)
      time = time.rounded(.down) + 1
      time += (random.exponential() / -naturalLogarithm(1 - probability)).rounded(.down)
    case .bursty:
      if leftInBurst == 0 {
        let pause = Arrivals.burstLength * mean * (1 - 1 / Arrivals.burstRate)
        time += pause * random.exponential()
        leftInBurst = 1
        while random.unit() >= 1 / Arrivals.burstLength { leftInBurst += 1 }
      }
      leftInBurst -= 1
      time += mean / Arrivals.burstRate * random.exponential()
    case .trace:
      time += mean * (gaps.isEmpty ? 1 : gaps[place])
      place = gaps.isEmpty ? 0 : (place + 1) % gaps.count
    }
    return UInt64(time)
  }
}

extension SeededGenerator {
  /// From 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
  /// Exponential, of mean 1.
  mutating func exponential() -> Double { Double(exponential(mean: 1 << 30)) * 0x1p-30 }
  /// From 0 to below `count`.
  mutating func index(_ count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }
}

/// ln of a positive number, by the four operations alone.
func naturalLogarithm(_ value: Double) -> Double {
  guard value > 0 else { return -.infinity }
  // value = significand * 2^exponent, and the series of atanh near 1.
  let significand = value.significand
  let part = (significand - 1) / (significand + 1)
  let square = part * part
  var (sum, power) = (0.0, part)
  for term in 0..<24 {
    sum += power / Double(2 * term + 1)
    power *= square
  }
  return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
}

/// e to a power, by the four operations alone.
func naturalPower(_ exponent: Double) -> Double {
  let whole = (exponent / 0.693_147_180_559_945_3).rounded()
  let rest = exponent - whole * 0.693_147_180_559_945_3
  var (sum, term) = (1.0, 1.0)
  for count in 1...20 {
    term *= rest / Double(count)
    sum += term
  }
  return Double(sign: .plus, exponent: Int(whole), significand: sum)
}

/// Draws numbers below `count`, the k-th as often as 1 / (k + 1)^exponent; 0 draws all alike.
/// - Source: A. J. Walker, "An efficient method for generating discrete random variables with
/// general
///   distributions", 1977 (alias method).
struct Zipf {
  private var threshold: [Double]
  private var alias: [Int]

  init(count: Int, exponent: Double) {
    let weights = (1...max(count, 1)).map { naturalPower(-exponent * naturalLogarithm(Double($0))) }
    let mean = weights.reduce(0, +) / Double(weights.count)
    threshold = weights.map { $0 / mean }
    alias = Array(weights.indices)
    var small = weights.indices.filter { threshold[$0] < 1 }
    var large = weights.indices.filter { threshold[$0] >= 1 }
    while let low = small.popLast(), let high = large.popLast() {
      alias[low] = high
      threshold[high] -= 1 - threshold[low]
      if threshold[high] < 1 { small.append(high) } else { large.append(high) }
    }
  }

  func draw(_ random: inout SeededGenerator) -> Int {
    let place = random.index(threshold.count)
    return random.unit() < threshold[place] ? place : alias[place]
  }
}
