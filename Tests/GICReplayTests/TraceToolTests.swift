// `itsctl trace`: what it writes of a real boot, and what it refuses.

import Foundation
import GICArch
import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

private let traces = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("../Traces").standardizedFileURL

private func itsctl(_ arguments: String...) throws -> (status: Int32, errors: String) {
  try itsctl(arguments)
}
private func itsctl(_ arguments: [String]) throws -> (status: Int32, errors: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("itsctl")
  process.arguments = arguments
  process.environment = [
    "ITSD_CONFIGS": traces.appendingPathComponent("../../Configs").standardizedFileURL.path,
    "SWIFT_BACKTRACE": "enable=no",
  ]
  let errors = Pipe()
  (process.standardOutput, process.standardError) = (FileHandle.nullDevice, errors)
  try process.run()
  let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, text)
}

/// A folder that lives as long as the closure.
private func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("itsd-trace-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

private let boot = traces.appendingPathComponent("linux-smp1.trace.xz").path

/// Column names with the cells of a row.
private func rows(_ url: URL) throws -> [[Substring: Substring]] {
  let lines = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
  return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
}

private func number(_ row: [Substring: Substring], _ column: String) -> UInt64 {
  UInt64(row[column[...]] ?? "") ?? 0
}

@Test func `a traced boot has the statistics of one that nobody traces, and its files agree`()
  throws
{
  try withFolder { folder in
    var options = ReplayOptions()
    (options.clock, options.limit) = (.timed, 40_000)
    let trace = try Trace(contentsOf: boot)
    let run = try ReplayRun(
      trace, options, base: ConfigurationLayer(name: "test", text: "timing: {link_credits: 1}"))
    let plain = try run.run(on: makeMachine)
    var files = TracedFiles()
    files.csv = folder.appendingPathComponent("a.csv").path
    files.perfetto = folder.appendingPathComponent("a.perfetto-trace").path
    files.vcd = folder.appendingPathComponent("a.vcd").path
    (files.epochs, files.series) = (50_000, [folder.appendingPathComponent("e.csv").path])
    let traced = try TracedRun(files, run.configuration)
    let document = try run.run(on: traced.makeMachine)
    try traced.finish()
    #expect(document.statistics == plain.statistics)

    let latency = try #require(plain.statistics.latencyCycles.msi)
    let msis = try rows(folder.appendingPathComponent("a.csv")).filter { $0["kind"] == "msi" }
    let ended = msis.filter { $0["result"] == "presented" || $0["result"] == "merged" }
    func sum(_ rows: [[Substring: Substring]], _ column: String) -> UInt64 {
      rows.reduce(0) { $0 + number($1, column) }
    }
    #expect(ended.count > 500 && UInt64(ended.count) == latency.total.count)
    #expect(sum(ended, "latency") == latency.total.sum)
    for stage in latency.stages {
      #expect(sum(ended, stage.name) == stage.distribution.sum, "\(stage.name)")
    }
    for row in ended {
      let parts: UInt64 = latency.stages.reduce(0) { $0 + number(row, $1.name) }
      #expect(parts == number(row, "latency"))
    }
    let epochs = try rows(folder.appendingPathComponent("e.csv"))
    #expect(sum(epochs, "msis") == UInt64(msis.count))
    let commands: UInt64 = plain.statistics.commands.values.reduce(0, +)
    #expect(sum(epochs, "commands") == commands)
    for path in files.paths {
      #expect(try #require(FileManager.default.contents(atPath: path)).count > 10_000)
    }
  }
}

@Test func `itsctl trace writes what is asked for and nothing else`() throws {
  try withFolder { folder in
    let csv = folder.appendingPathComponent("msis.csv")
    let json = folder.appendingPathComponent("epochs.json")
    let result = try itsctl(
      "trace", boot, "--limit", "20000", "--csv", csv.path, "--epochs", "1000000", "--series",
      json.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try rows(csv).count > 10)
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: try Data(contentsOf: json))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
  }
}

private let refused: [(name: String, arguments: [String], says: String)] = [
  (
    "a replay and a daemon", ["--attach", "unix:/x", "--vcd", "x"], "a trace to replay, or --attach"
  ),
  ("a time without an end", ["--seconds", "inf", "--vcd", "x"], "--seconds must be"),
  ("no file", [], "choose what to write"),
  ("epochs without a file", ["--epochs", "10"], "go together"),
  ("a file without epochs", ["--series", "/tmp/x.csv"], "go together"),
  ("epochs of nothing", ["--epochs", "0", "--series", "/tmp/x.csv"], "at least 1"),
  ("one file for two", ["--csv", "/tmp/x", "--vcd", "/tmp/x"], "cannot go to one file"),
]
@Test(arguments: refused)
func `itsctl trace refuses what means nothing`(
  _: String, arguments: [String], says: String
) throws {
  let result = try itsctl(["trace", boot] + arguments)
  #expect(result.status == 64 && result.errors.contains(says), "\(result.errors)")
}

@Test func `a file that cannot be written is told, before and during the replay`() throws {
  let before = try itsctl("trace", boot, "--csv", "/nowhere/x.csv")
  #expect(before.status == 1 && before.errors.contains("/nowhere/x.csv cannot be written"))
  let during = try itsctl("trace", boot, "--limit", "20000", "--vcd", "/dev/full")
  #expect(during.status == 1 && during.errors.contains("/dev/full cannot be written"))
}

@Test func `itsctl replay traces on the timed clock in this process only`() throws {
  for arguments in [["--clock", "functional"], ["--clock", "timed", "--attach", "unix:/x"]] {
    let result = try itsctl(["replay", boot, "--vcd", "/tmp/x.vcd"] + arguments)
    #expect(result.status == 64 && result.errors.contains("--clock timed"))
  }
}

@Test func `the times of a preset can be laid over the traced machine`() throws {
  let quoted = "a \"quoted\" C:\\source"
  let times = ConfigurationLayer(
    name: "lab.yaml",
    text: """
      name: lab
      identity: {direct_lpi: true}
      timing:
        link_credits: {value: 1, from: measured, source: '\(quoted)'}
      """)
  let trace = try Trace(contentsOf: boot)
  let plain = try ReplayRun(trace, ReplayOptions(), base: ConfigurationLayer(name: "a", text: ""))
  let run = try ReplayRun(
    trace, ReplayOptions(), base: ConfigurationLayer(name: "a", text: ""), times: times)
  #expect(run.configuration.name == "lab")
  let changed = zip(plain.configuration.values, run.configuration.values)
    .filter { $0.value != $1.value }.map(\.1)
  #expect(changed.map(\.key) == ["timing.link_credits"])
  #expect(changed.first?.source == quoted && changed.first?.provenance == .measured)
  // The preset's own identity would differ from the one that the guest has read.
  let result = try itsctl(
    "trace", boot, "--limit", "20000", "--timing", "gic600-agilex5", "--csv", "/dev/null")
  #expect(result.status == 0, "\(result.errors)")
}
