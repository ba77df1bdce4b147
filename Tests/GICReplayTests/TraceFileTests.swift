import Foundation
import Testing

@testable import GICReplay

/// The traces that come with the tests, and where the others may lie.
enum TraceFiles {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
  static func path(_ name: String) -> String? {
    let shared = tests.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("shared/traces")
    return [tests.appendingPathComponent("Traces"), shared]
      .map { $0.appendingPathComponent(name + ".trace.xz").path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}

/// A directory that goes with the test.
final class Scratch {
  let url: URL
  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  func file(_ name: String, _ contents: Data) throws -> String {
    let file = url.appendingPathComponent(name)
    try contents.write(to: file)
    return file.path
  }
  deinit { try? FileManager.default.removeItem(at: url) }
}

@Test func `an xz trace is read whole`() throws {
  let trace = try Trace(contentsOf: try #require(TraceFiles.path("linux-smp1")))
  #expect(trace.header.cpuCount == 1)
  #expect(trace.endState.count == 65)
  // Every line of the file is one that its own end statements count, or is counted here.
  for statement in trace.endState {
    guard case .count(let operation, let count) = statement.claim else { continue }
    #expect(trace.lineCounts[operation] == count, "\(operation)")
  }
  #expect(trace.lineCounts.values.reduce(0, +) == trace.events.count)
  #expect(trace.lineCount == trace.events.count + 65 + 16)
  #expect(trace.durationNs == 2_757_741_788)
}

@Test func `a damaged or cut xz file is refused`() throws {
  let scratch = try Scratch()
  let path = try #require(TraceFiles.path("linux-smp1"))
  let whole = try Data(contentsOf: URL(fileURLWithPath: path))
  let cut = try scratch.file("cut.xz", whole.prefix(40_000))
  #expect {
    _ = try Trace(contentsOf: cut)
  } throws: {
    "\($0)" == "\(cut): expected the rest of the xz stream, found the end of the file"
  }
  var bytes = whole
  bytes[50_000] ^= 0xff
  let damaged = try scratch.file("damaged.xz", bytes)
  #expect {
    _ = try Trace(contentsOf: damaged)
  } throws: { "\($0)".contains("expected a valid xz stream, found a damaged one") }
}

@Test func `a plain file is read in pieces`() throws {
  let scratch = try Scratch()
  // Lines around the ends of the read buffers, and one longer than any of them.
  let long = "2 0 mem 40000000 " + String(repeating: "5a", count: 300_000) + "\n"
  let text =
    header(["ram_size": "0x1000000"]) + String(repeating: "1 0 iar 3ff\n", count: 50_000) + long
    + "3 - msi 8 1\n"
  let trace = try Trace(contentsOf: try scratch.file("plain.trace", Data(text.utf8)))
  #expect(trace.events.count == 50_002)
  #expect(trace.bytes == [UInt8](repeating: 0x5a, count: 300_000))
  #expect(trace.events.last?.a == 8)
  #expect(Int(trace.events.last?.line ?? 0) == firstEventLine + 50_001)
}

@Test func `a file that is not there is named`() {
  #expect {
    _ = try Trace(contentsOf: "/nonexistent.trace")
  } throws: { "\($0)".hasPrefix("/nonexistent.trace: cannot be opened: ") }
}
