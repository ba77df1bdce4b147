// What `itsctl replay` does once its arguments are parsed.

import GICConfig
import GICModel
import GICReport
import Glibc
import SystemPackage

/// Reads a trace, replays it, and writes what came of it.
public struct ReplayTool {
  public var trace: String
  public var options: ReplayOptions
  /// A preset's name or a file's path.
  public var configuration: String
  /// A preset's name or a file's path: only its times, laid over the configuration.
  public var times: String?
  /// Of a running daemon; nil is a machine in this process.
  public var address: String?
  public var json: Bool
  /// Where to write the page; nil is nowhere.
  public var html: String?
  /// What to write of the machine's inside; on the timed clock in this process only.
  public var files = TracedFiles()

  public init(
    trace: String, options: ReplayOptions, configuration: String, address: String?, json: Bool,
    html: String?
  ) {
    (self.trace, self.options, self.configuration) = (trace, options, configuration)
    (self.address, self.json, self.html) = (address, json, html)
  }

  /// - Returns: whether nothing differed and no interrupt was lost.
  /// - Throws: ``TraceError``, `ConfigurationError` or ``ReplayError``.
  public func run() throws -> Bool {
    let start = ContinuousClock.now
    let loaded = try Trace(contentsOf: trace)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let times = try times.map { try Presets.load($0) }
    var run = try ReplayRun(
      loaded, options, base: try Presets.load(configuration), times: times)
    run.parseLinesPerSecond = seconds > 0 ? Double(loaded.lineCount) / seconds : 0
    let bar = ProgressLine(total: loaded.events.count)
    run.progress = bar.show
    let document =
      if let address {
        try run.run(attachedTo: address)
      } else if files.paths.isEmpty {
        try run.run(on: makeMachine)
      } else {
        try traced(run)
      }
    bar.clear()
    try write(
      json ? try document.json(.indented) : Array(document.text(colored: isatty(1) != 0).utf8),
      to: .standardOutput)
    if let html { try save(Array(document.html().utf8), to: html) }
    return document.passed
  }

  private func traced(_ run: ReplayRun) throws -> ReplayDocument {
    let traced = try TracedRun(files, run.configuration)
    let document = try run.run(on: traced.makeMachine)
    try traced.finish()
    return document
  }
}

/// How far a replay has come, on a terminal only.
struct ProgressLine {
  private let total: Int
  private let isTerminal = isatty(2) != 0

  init(total: Int) { self.total = total }

  func show(_ done: Int) {
    guard isTerminal, total > 0 else { return }
    try? write(
      Array("\r\(done * 100 / total)% of \(total) events".utf8), to: .standardError)
  }
  func clear() {
    guard isTerminal else { return }
    try? write(Array("\r\u{1b}[K".utf8), to: .standardError)
  }
}

/// All of the bytes, to a descriptor.
func write(_ bytes: [UInt8], to descriptor: FileDescriptor) throws {
  try descriptor.writeAll(bytes)
}

/// All of the bytes, as a file.
/// - Throws: ``ReplayError`` if it cannot be written.
func save(_ bytes: [UInt8], to path: String) throws {
  do {
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .truncate],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    defer { try? file.close() }
    try write(bytes, to: file)
  } catch let error as Errno {
    throw ReplayError("\(path) cannot be written: \(error)")
  }
}
