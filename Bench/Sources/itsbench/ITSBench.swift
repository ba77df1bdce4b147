// The command line of the measurements. A suite is a function that returns benchmarks; a new one is
// a file beside ReplaySuite.swift and a line in `suites`.

import ArgumentParser
import Foundation

/// All suites, in the order of the table.
private func suites() -> [Benchmark] { replaySuite() + msiSuite() + timedMSISuite() }

@main struct ITSBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "itsbench",
    abstract: "Measures the speed and the size of the model.",
    subcommands: [Run.self, Compare.self])
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures and prints a table: medians of several samples after one to warm up.",
    discussion: """
      EXAMPLE
        itsbench run --filter replay.timed --samples 9 --json after.json
      """)

  @Option(help: "Also write the rows as a JSON list.", completion: .file())
  var json: String?

  @Option(help: "Measure only what has this in its name.")
  var filter: String?

  @Option(help: "How many samples the median is taken of.")
  var samples = 5

  func validate() throws {
    if samples < 1 { throw ValidationError("--samples must be at least 1") }
  }

  func run() throws {
    let chosen = suites().filter { filter.map($0.name.contains) ?? true }
    guard !chosen.isEmpty else {
      let names = suites().map(\.name).joined(separator: ", ")
      throw ValidationError("no benchmark has \(filter ?? "") in its name; there are: \(names)")
    }
    print(Host.line)
    print("medians of \(samples)")
    print(Row.header)
    var rows: [Row] = []
    for benchmark in chosen {
      let row = try measure(benchmark, samples: samples)
      print(row.line)
      rows.append(row)
    }
    guard let json else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(rows).write(to: URL(fileURLWithPath: json))
  }
}

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares two runs row by row.",
    discussion: """
      EXAMPLE
        itsbench compare before.json after.json
      """)

  @Argument(help: "What `run --json` wrote before.", completion: .file())
  var before: String

  @Argument(help: "What it wrote after.", completion: .file())
  var after: String

  func run() throws {
    let (old, new) = (try Compare.rows(before), try Compare.rows(after))
    print("row".padded(38), "ns before".aligned(12), "ns after".aligned(12), "speedup".aligned(9))
    let names =
      old.map(\.name) + new.map(\.name).filter { name in !old.contains { $0.name == name } }
    for name in names {
      let (a, b) = (old.first { $0.name == name }, new.first { $0.name == name })
      let speedup = if let a, let b { fixed(a.nsPerOp / b.nsPerOp, 2) + " x" } else { "-" }
      print(
        name.padded(38), fixed(a?.nsPerOp, 1).aligned(12), fixed(b?.nsPerOp, 1).aligned(12),
        speedup.aligned(9))
    }
  }

  private static func rows(_ path: String) throws -> [Row] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValidationError("\(path) cannot be read")
    }
    do {
      return try JSONDecoder().decode([Row].self, from: data)
    } catch {
      throw ValidationError("\(path) is not what `itsbench run --json` writes: \(error)")
    }
  }
}
