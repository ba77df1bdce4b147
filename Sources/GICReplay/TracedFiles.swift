// The files that a traced replay writes, and the machine that fills them.

import GICConfig
import GICModel
import GICReport
import SystemPackage

/// What to write while a replay runs on the timed clock, in this process. nil is not.
public struct TracedFiles: Sendable {
  public var perfetto: String?
  public var vcd: String?
  /// A line for each MSI.
  public var csv: String?
  /// Cycles of an epoch.
  public var epochs: UInt64?
  /// Where the time series goes: `.json` is JSON, anything else CSV.
  public var series: [String] = []
  public init() {}

  /// Every file that is wanted.
  public var paths: [String] { [perfetto, vcd, csv].compactMap { $0 } + series }
}

/// A traced machine and its files, from the first event to the last.
final class TracedRun {
  private let trace: TimingTrace
  private var files: [FileDescriptor] = []
  private var machine: TracedMachine?

  /// Opens the files.
  /// - Throws: ``ReplayError`` for one that cannot be written.
  init(_ wanted: TracedFiles, _ configuration: ResolvedConfiguration) throws(ReplayError) {
    trace = TimingTrace(
      TimingShape(configuration.machine),
      configuration: "\(configuration.name), hash \(configuration.hash)")
    if let path = wanted.perfetto { trace.drawPerfetto(try open(path)) }
    if let path = wanted.vcd { trace.dumpValues(try open(path)) }
    if let path = wanted.csv { trace.listMSIs(try open(path)) }
    for path in wanted.series {
      trace.countEpochs(
        of: wanted.epochs ?? 1_000_000, format: path.hasSuffix(".json") ? .json : .csv,
        try open(path))
    }
  }

  deinit { for file in files { try? file.close() } }

  private func open(_ path: String) throws(ReplayError) -> TimingTrace.Output {
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      files.append(file)
      return { bytes in
        do {
          // SAFETY: the span is alive for the call.
          _ = try unsafe bytes.withUnsafeBytes { try unsafe file.writeAll($0) }
        } catch let error as Errno {
          throw ReplayError("\(path) cannot be written: \(error)")
        }
      }
    } catch {
      throw ReplayError("\(path) cannot be written: \(error)")
    }
  }

  func makeMachine(_ configuration: MachineConfiguration) -> any Machine {
    let made = TracedMachine(configuration, sink: trace)
    machine = made
    return made
  }

  /// What a machine elsewhere has done.
  func take(_ records: [TraceRecord]) {
    for record in records {
      switch record {
      case .event(let event): trace.take([event].span)
      case .restart: trace.restart()
      }
    }
  }

  /// Ends the files of a machine elsewhere, which is at that cycle.
  func finish(at cycle: UInt64) throws { try trace.finish(at: cycle) }

  /// Ends the files.
  /// - Throws: ``ReplayError`` if anything could not be written.
  func finish() throws {
    guard let machine else { return }
    machine.flushTrace()
    try trace.finish(at: machine.cycle)
  }
}
