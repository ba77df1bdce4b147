// The command line of the measurements. A suite is a function that returns benchmarks; a new one is
// a file in Rows and a line in `suites`.

import ArgumentParser
import Foundation

/// All suites, in the order of the table.
func suites() -> [Benchmark] {
  commandSuite() + msiSuite() + threadSuite() + selectionSuite() + timedSuite()
    + timedMSISuite() + attachSuite() + saveSuite() + sizeSuite() + replaySuite()
}

/// Prints a line at once, also into a pipe.
func show(_ line: String) {
  print(line)
  fflush(nil)
}

/// - Throws: ``ValidationError`` if there is none.
func chosen(_ filter: String?, of all: [Benchmark] = suites()) throws -> [Benchmark] {
  let chosen = all.filter { filter.map($0.name.contains) ?? true }
  guard !chosen.isEmpty else {
    let names = all.map(\.name).joined(separator: ", ")
    throw ValidationError("no benchmark has \(filter ?? "") in its name; there are: \(names)")
  }
  return chosen
}

@main struct ITSBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "itsbench",
    abstract: "Measures the speed and the size of the model, and what attaching to it costs.",
    subcommands: [
      Run.self, Compare.self, Peer.self, CheckHot.self, Readme.self, Spin.self,
      HoldLargeMachine.self,
    ])
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures and prints a table: medians after one sample to warm up.",
    discussion: """
      Rows of commands and MSIs run by turns with a plain C kernel that does the same work, and are
      checked to leave the same state. Instructions are counted if valgrind is installed.

      EXAMPLE
        itsbench run --filter command. --samples 9 --json after.json
      """)

  @Option(help: "Also write the rows as a JSON list.", completion: .file())
  var json: String?

  @Option(help: "Measure only what has this in its name.")
  var filter: String?

  @Option(help: "Samples that a median is taken of; short rows take 20 times as many.")
  var samples = 5

  @Flag(inversion: .prefixedNo, help: "Count instructions.")
  var instructions = true

  func validate() throws {
    if samples < 1 { throw ValidationError("--samples must be at least 1") }
  }

  func run() throws {
    let missing = AttachPrograms.missing
    if let missing, filter?.hasPrefix("attach") ?? true { print(missing) }
    let chosen = try chosen(filter)
    var counted: [String: Double] = [:]
    if instructions, Callgrind.isInstalled, chosen.contains(where: { $0.loop != nil }) {
      print("counting instructions (callgrind)")
      for loop in try Callgrind.count(filter.map { ["--filter", $0] } ?? []) {
        counted[loop.name] = Double(loop.instructions) / Double(loop.operations)
      }
    }
    print(Host.line)
    print("medians of \(samples), of short rows \(samples * 20)")
    print(Row.columns.header)
    var rows: [Row] = []
    var failed = false
    for benchmark in chosen {
      do {
        let row = try measure(
          benchmark, Plan(samples: samples), instructions: counted[benchmark.name])
        show(row.line(among: rows))
        rows.append(row)
      } catch {
        show("\(benchmark.name.padded(32)) failed: \(error)")
        failed = true
      }
    }
    if let json {
      try RowFile.write(rows, to: json)
      let data = try Data(contentsOf: URL(fileURLWithPath: json))
      if filter == nil, let missing = Contract.missing(in: data) {
        throw WrongWork(description: "\(json) lacks \(missing)")
      }
    }
    if failed { throw ExitCode.failure }
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
    let (old, new) = (
      try RowFile.read(before, as: [Row].self), try RowFile.read(after, as: [Row].self)
    )
    let columns = Columns(
      titles: ["row", "ns before", "ns after", "speedup", "instr before", "instr after"],
      widths: [38, 12, 12, 9, 12, 12])
    print(columns.header)
    let names =
      old.map(\.name) + new.map(\.name).filter { name in !old.contains { $0.name == name } }
    for name in names {
      let (a, b) = (old.first { $0.name == name }, new.first { $0.name == name })
      let speedup = zip2(a?.nsPerOp, b?.nsPerOp).map { fixed($0 / $1, 2) + " x" } ?? "-"
      print(
        columns.line([
          name, fixed(a?.nsPerOp, 1), fixed(b?.nsPerOp, 1), speedup,
          short(a?.instructionsPerOp), short(b?.instructionsPerOp),
        ]))
    }
  }

  private func zip2(_ a: Double?, _ b: Double?) -> (Double, Double)? {
    if let a, let b { (a, b) } else { nil }
  }
}

struct CheckHot: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-hot",
    abstract: "Fails if a steady-state loop counts references, allocates or checks exclusivity.",
    discussion: """
      Runs the loops of commands and MSIs under callgrind, and one that breaks the rule, which must
      be found.

      EXAMPLE
        itsbench check-hot --filter command.mapti
      """)

  @Option(help: "Check only what has this in its name.")
  var filter: String?

  func run() throws {
    guard Callgrind.isInstalled else { throw WrongWork(description: "valgrind is not installed") }
    _ = try chosen(filter, of: suites().filter { $0.loop != nil })
    let loops = try Callgrind.count(["--planted"] + (filter.map { ["--filter", $0] } ?? []))
    let planted = loops.filter { $0.name == HotLoop.plantedName }.flatMap(HotLoop.violations)
    guard planted.contains(where: { $0.contains("swift_allocObject") }) else {
      throw WrongWork(description: "the check does not see the allocation that was planted")
    }
    print("the check sees what was planted: \(planted[0])")
    var isClean = true
    for loop in loops where loop.name != HotLoop.plantedName {
      let found = HotLoop.violations(loop)
      let each = short(Double(loop.instructions) / Double(loop.operations))
      print("\(loop.name.padded(32)) \(each.aligned(9)) instructions an op,", terminator: " ")
      print(found.isEmpty ? "clean" : "\(found.count) forbidden")
      for line in found { print("  \(line)") }
      if !found.isEmpty { isClean = false }
    }
    if !isClean { throw ExitCode.failure }
  }
}

struct Spin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the loops that callgrind counts.", shouldDisplay: false)

  @Option var filter: String?
  @Flag var planted = false

  func run() throws {
    let rows = suites().filter { row in filter.map(row.name.contains) ?? true }
    try Callgrind.spin((planted ? [HotLoop.planted] : []) + rows)
  }
}

struct HoldLargeMachine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold-large-machine",
    abstract: "Makes the machine of size.rss_1024pe and says what it holds.",
    shouldDisplay: false)

  @Flag(help: "The one of size.rss_1024pe_timed.") var timed = false

  func run() throws { print(try holdLargeMachine(timed ? .timed : .functional)) }
}
