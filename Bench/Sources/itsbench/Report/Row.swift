// What a benchmark is, and what is kept of it. Times are the host's: reports, never gates.

import Foundation

/// How much was done, and how long it took.
struct Sample {
  var operations: Int
  var seconds: Double
}

/// How often something is done again.
struct Plan {
  /// The least, and of long work the only, number of samples.
  var samples: Int

  /// Samples of two sides that take turns: many of what is short.
  func pairs(
    _ sample: () throws -> (ours: Double, other: Double?)
  ) rethrows -> [(ours: Double, other: Double?)] {
    var pairs: [(ours: Double, other: Double?)] = []
    let start = ContinuousClock.now
    while pairs.count < samples
      || pairs.count < samples * 20 && ContinuousClock.now - start < .milliseconds(1500)
    {
      pairs.append(try sample())
    }
    return pairs
  }
}

/// What a benchmark came to: medians.
struct Measured {
  var ns: Double?
  var otherNs: Double?
  /// Ours to the other's: of each pair, so that what disturbed both counts little.
  var ratio: Double?
  var bytes: Double?
  /// Threads that did this at the same time, each an op in `ns`.
  var threads = 1.0

  init(ns: Double? = nil, bytes: Double? = nil) { (self.ns, self.bytes) = (ns, bytes) }
  init(_ pairs: [(ours: Double, other: Double?)]) {
    ns = median(pairs.map(\.ours))
    let others = pairs.compactMap { pair in pair.other.map { (pair.ours, $0) } }
    guard !others.isEmpty else { return }
    otherNs = median(others.map { $0.1 })
    ratio = median(others.map { $0.0 / $0.1 })
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
}

/// Something to measure.
struct Benchmark {
  var name: String
  var measure: (Plan) throws -> Measured
  /// Makes what runs one pass, nearly all of it below ``Clock/measuredRun(_:)``, and returns its
  /// operations. Nil where instructions are not counted.
  var loop: (() throws -> () throws -> Int)?

  init(
    name: String, measure: @escaping (Plan) throws -> Measured,
    loop: (() throws -> () throws -> Int)? = nil
  ) {
    (self.name, self.measure, self.loop) = (name, measure, loop)
  }

  /// One without another side. What `prepare` does, and what the first sample does, is not counted.
  init(name: String, prepare: @escaping () throws -> () throws -> Sample) {
    self.init(
      name: name,
      measure: { plan in
        let sample = try prepare()
        _ = try sample()
        let times = try (0..<plan.samples).map { _ in
          let one = try sample()
          return one.seconds * 1e9 / Double(one.operations)
        }
        return Measured(ns: median(times))
      })
  }
}

/// A benchmark did not do the work that it was to be measured by.
struct WrongWork: Error, CustomStringConvertible {
  var description: String
}

/// One line of the table, and of the JSON.
struct Row: Codable {
  var name: String
  /// Nil where what is measured is no time.
  var nsPerOp: Double?
  var opsPerSecond: Double?
  /// The same work in plain C, where there is such a kernel.
  var cNsPerOp: Double?
  var ratioToC: Double?
  /// Counted by callgrind, where that was done.
  var instructionsPerOp: Double?
  /// The most memory this process has held while the row was measured.
  var residentMiB: Double?
  /// Of rows that measure memory.
  var bytes: Double?

  enum CodingKeys: String, CodingKey {
    case name
    case nsPerOp = "ns_per_op"
    case opsPerSecond = "ops_per_second"
    case cNsPerOp = "c_ns_per_op"
    case ratioToC = "ratio_to_c"
    case instructionsPerOp = "instructions_per_op"
    case residentMiB = "resident_mib"
    case bytes
  }

  init(_ name: String, _ measured: Measured, instructions: Double?, residentMiB: Double?) {
    self.name = name
    nsPerOp = measured.ns
    opsPerSecond = measured.ns.map { 1e9 * measured.threads / $0 }
    cNsPerOp = measured.otherNs
    ratioToC = measured.ratio
    instructionsPerOp = instructions
    bytes = measured.bytes
    self.residentMiB = residentMiB
  }

  /// Every key is written: what was not measured is null.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(nsPerOp, forKey: .nsPerOp)
    try container.encode(opsPerSecond, forKey: .opsPerSecond)
    try container.encode(cNsPerOp, forKey: .cNsPerOp)
    try container.encode(ratioToC, forKey: .ratioToC)
    try container.encode(instructionsPerOp, forKey: .instructionsPerOp)
    try container.encode(residentMiB, forKey: .residentMiB)
    try container.encode(bytes, forKey: .bytes)
  }
}

func measure(_ benchmark: Benchmark, _ plan: Plan, instructions: Double?) throws -> Row {
  Host.forgetPeak()
  let measured = try benchmark.measure(plan)
  return Row(
    benchmark.name, measured, instructions: instructions, residentMiB: Host.peakMiB())
}

/// Files of rows.
enum RowFile {
  static func write(_ rows: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(rows).write(to: URL(fileURLWithPath: path))
  }

  /// - Throws: ``WrongWork`` for what no run has written.
  static func read<T: Decodable>(_ path: String, as type: T.Type) throws -> T {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw WrongWork(description: "\(path) cannot be read")
    }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw WrongWork(description: "\(path) is not what itsbench writes: \(error)")
    }
  }
}
