// The programs themselves, with the model in them: itsd on a Unix socket, itsctl as its client.

import Foundation
import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

/// A running program of this package. It is ended with the object.
final class Program {
  let process = Process()
  let output = Pipe()

  init(_ name: String, _ arguments: [String]) throws {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent(name)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["ITSD_CONFIGS": configs], uniquingKeysWith: { _, own in own })
    try process.run()
  }
  deinit {
    // What a test's thread starts has SIGTERM blocked, and only itsd takes it up again.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  func text() -> String {
    String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}

private let configs =
  TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path

/// An itsd that listens, and its address.
struct Daemon {
  let program: Program
  let address: String
  private let scratch: Scratch

  /// - Parameters:
  ///   - more: further arguments.
  ///   - scratch: where its socket is; nil is a folder of its own.
  init(_ more: [String] = [], in scratch: Scratch? = nil) throws {
    let scratch = try scratch ?? Scratch()
    self.scratch = scratch
    address = "unix:\(scratch.url.path)/s"
    program = try Program("itsd", ["--config", "qemu-virt", "--listen", address] + more)
    let said = program.output.fileHandleForReading.availableData
    try #require(String(decoding: said, as: UTF8.self) == "listening on \(address)\n")
  }
}

private func document(
  _ clock: MachineStatistics.Clock, attachedTo address: String? = nil
) throws -> ReplayDocument {
  let trace = try Trace(contentsOf: try #require(TraceFiles.path("linux-smp1")))
  var options = ReplayOptions()
  (options.clock, options.loop) = (clock, .closed)
  let run = try ReplayRun(trace, options, base: try Presets.load("qemu-virt", among: [configs]))
  return try address.map { try run.run(attachedTo: $0) } ?? run.run(on: makeMachine)
}

/// The document's bytes without what belongs to the host.
func comparable(_ document: ReplayDocument) throws -> [UInt8] {
  var document = document
  document.host = ReplayDocument.Host(
    mode: "", elapsedSeconds: 0, eventsPerSecond: 0, parseLinesPerSecond: 0, residentBytes: 0,
    toolVersion: "")
  return try document.json(.indented)
}

@Test(arguments: MachineStatistics.Clock.allCases, [1, 2, 4])
func `a boot is the same twice, and the same through the socket of any number of threads`(
  clock: MachineStatistics.Clock, threads: Int
) throws {
  let daemon = try Daemon(["--threads", "\(threads)"])
  let first = try document(clock)
  #expect(first.passed)
  #expect(first.statistics.conservation.holds)
  #expect(try comparable(first) == comparable(document(clock)))
  #expect(try comparable(first) == comparable(document(clock, attachedTo: daemon.address)))
  if clock == .timed {
    let latency = try #require(first.statistics.latencyCycles.msi)
    #expect(latency.total.p50 == 26, "most MSIs of a boot find everything cached and the PE idle")
  }
}

@Test func `a client killed in mid replay disturbs nobody`() throws {
  let daemon = try Daemon()
  let trace = try #require(TraceFiles.path("linux-smp4"))
  for _ in 0..<3 {
    let victim = try Program(
      "itsctl", ["replay", trace, "--attach", daemon.address, "--clock", "timed", "--json"])
    // Killed once the daemon has its machine, and that is long before the replay ends.
    while try !Program("itsctl", ["status", "--attach", daemon.address]).text()
      .contains("replay-")
    { try #require(victim.process.isRunning) }
    kill(victim.process.processIdentifier, SIGKILL)
    victim.process.waitUntilExit()
    #expect(victim.process.terminationReason == .uncaughtSignal)
  }
  let after = try document(.functional, attachedTo: daemon.address)
  #expect(after.passed)
  kill(daemon.program.process.processIdentifier, SIGTERM)
  daemon.program.process.waitUntilExit()
  #expect(daemon.program.process.terminationStatus == 0)
}
