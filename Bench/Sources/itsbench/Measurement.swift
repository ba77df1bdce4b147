// How a row is measured. Times are the host's: reports, never gates.

import Foundation

/// How much was done, and how long it took.
struct Sample {
  var operations: Int
  var seconds: Double
}

/// Something to measure. What `prepare` does, and what the first sample does, is not counted.
struct Benchmark {
  var name: String
  var prepare: () throws -> () throws -> Sample
}

/// A benchmark did not do the work that it was to be measured by.
struct WrongWork: Error, CustomStringConvertible {
  var description: String
}

/// The median of a benchmark's samples.
struct Row: Codable {
  var name: String
  var nsPerOp: Double
  var opsPerSecond: Double
  /// The same work in plain C, where there is such a kernel.
  var cNsPerOp: Double?
  var ratioToC: Double?
  /// Counted by callgrind, where that was done.
  var instructionsPerOp: Double?
  /// The most memory this process has held while the row was measured.
  var residentMiB: Double

  enum CodingKeys: String, CodingKey {
    case name
    case nsPerOp = "ns_per_op"
    case opsPerSecond = "ops_per_second"
    case cNsPerOp = "c_ns_per_op"
    case ratioToC = "ratio_to_c"
    case instructionsPerOp = "instructions_per_op"
    case residentMiB = "resident_mib"
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
  }

  static var header: String {
    "\("row".padded(38)) \("ns/op".aligned(10)) \("op/s".aligned(13)) \("RSS MiB".aligned(8))"
  }
  var line: String {
    "\(name.padded(38)) \(fixed(nsPerOp, 1).aligned(10)) \(fixed(opsPerSecond, 0).aligned(13)) "
      + fixed(residentMiB, 1).aligned(8)
  }
}

func measure(_ benchmark: Benchmark, samples: Int) throws -> Row {
  Host.forgetPeak()
  let sample = try benchmark.prepare()
  _ = try sample()
  let times = try (0..<samples).map { _ in
    let one = try sample()
    return one.seconds * 1e9 / Double(one.operations)
  }.sorted()
  let middle = (times[times.count / 2] + times[(times.count - 1) / 2]) / 2
  return Row(
    name: benchmark.name, nsPerOp: middle, opsPerSecond: 1e9 / middle,
    residentMiB: Host.peakMiB())
}

/// The machine that the numbers are of.
enum Host {
  /// Processor, cores, and the commit of the sources.
  static var line: String {
    let processor =
      text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
    return "\(processor), \(ProcessInfo.processInfo.activeProcessorCount) cores, commit \(commit)"
  }

  private static var commit: String {
    let git = Process()
    let output = Pipe()
    git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    git.arguments = ["git", "-C", Place.root, "describe", "--always", "--dirty"]
    (git.standardOutput, git.standardError) = (output, FileHandle.nullDevice)
    guard (try? git.run()) != nil else { return "unknown" }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    git.waitUntilExit()
    let name = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    return name.isEmpty ? "unknown" : name
  }

  /// Lets the kernel count the peak anew.
  static func forgetPeak() {
    FileHandle(forWritingAtPath: "/proc/self/clear_refs")?.write(Data("5".utf8))
  }
  /// The most resident memory since then, in MiB.
  static func peakMiB() -> Double {
    let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
  }
  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Where the inputs lie. Benchmarks run beside the sources that they were built from.
enum Place {
  /// The project's folder.
  static var root: String {
    (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
      .path
  }
}

func fixed(_ value: Double?, _ digits: Int) -> String {
  value.map { String(format: "%.\(digits)f", $0) } ?? "-"
}
extension String {
  func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
  func aligned(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
