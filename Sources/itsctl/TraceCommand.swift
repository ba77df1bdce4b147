// Replays with the machine's inside written to files.

import ArgumentParser
import GICReplay

/// The files of a traced replay.
struct TraceOptions: ParsableArguments {
  @Option(
    help: "Write a Perfetto trace: a track a unit, a slice a stage. 1 ns is 1 cycle.",
    completion: .file())
  var perfetto: String?

  @Option(
    help: "Write a Value Change Dump: unit states, credits and queue depths.", completion: .file())
  var vcd: String?

  @Option(
    help: "Write a line for each MSI: its way, its end, its cycles by stage.",
    completion: .file())
  var csv: String?

  @Option(help: "Count a time series in epochs of this many cycles; needs --series.")
  var epochs: UInt64?

  @Option(
    help: "Where the time series goes, JSON if it ends .json, else CSV; repeat it for both.",
    completion: .file())
  var series: [String] = []

  func validate() throws {
    if epochs == 0 { throw ValidationError("--epochs must be at least 1 cycle") }
    guard (epochs == nil) == series.isEmpty else {
      throw ValidationError("--epochs CYCLES and --series FILE go together")
    }
    let paths = files.paths
    guard Set(paths).count == paths.count else {
      throw ValidationError("two traces cannot go to one file")
    }
  }

  var files: TracedFiles {
    var files = TracedFiles()
    (files.perfetto, files.vcd, files.csv) = (perfetto, vcd, csv)
    (files.epochs, files.series) = (epochs, series)
    return files
  }
}

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Writes what every unit does, cycle by cycle, in a replay or in a running itsd.",
    discussion: """
      EXAMPLE
        itsctl trace linux-smp4.trace.xz --perfetto boot.perfetto-trace
        itsctl trace linux-smp4.trace.xz --timing gic600-agilex5 --vcd boot.vcd --csv msis.csv \\
          --epochs 1000000 --series epochs.csv
        itsctl trace --attach unix:/run/itsd.sock --seconds 2 --perfetto now.perfetto-trace

      https://ui.perfetto.dev opens the Perfetto trace, GTKWave the Value Change Dump. The \
      replay's own report goes to the standard output, as that of itsctl replay. The exit status \
      is 1 if anything differs from the trace. With --attach a machine on the timed clock that \
      runs is traced for a while; it goes on with the same cycles. The daemon keeps the last \
      262,144 records; where a machine is faster than they are fetched, the files end, and the \
      exit status is 1.
      """)

  @Argument(
    help: "A trace of an ITS, plain or xz-compressed; none with --attach.", completion: .file())
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "A running itsd instead of a replay: unix:PATH or tcp:HOST:PORT.", valueName: "address"))
  var attach: String?

  @Option(help: "Of --attach: the machine's name; needed if there are several.")
  var machine: String?

  @Option(help: "Of --attach: seconds of this host, up to 3600.")
  var seconds = 5.0

  @OptionGroup var options: TraceOptions

  @Option(help: "closed: who waits is later from then on; open: all at the trace's times.")
  var loop: ReplayOptions.Loop = .closed

  @Option(
    help: ArgumentHelp(
      "The machine: a preset's name or a YAML file. Its shape comes from the trace.",
      valueName: "preset or file"))
  var config = "qemu-virt"

  @Option(
    help: ArgumentHelp(
      "Only the times of this preset or file, laid over the machine of --config.",
      valueName: "preset or file"))
  var timing: String?

  @Flag(help: "Write the report as JSON.")
  var json = false

  @Option(help: "Replay only the first events; the end state is not checked then.")
  var limit: Int?

  func validate() throws {
    guard (trace == nil) != (attach == nil) else {
      throw ValidationError("expected a trace to replay, or --attach ADDRESS")
    }
    guard seconds >= 0, seconds <= 3_600 else {
      throw ValidationError("--seconds must be from 0 to 3600")
    }
    if let limit, limit < 0 { throw ValidationError("--limit must not be negative") }
    guard !options.files.paths.isEmpty else {
      throw ValidationError("choose what to write: --perfetto, --vcd, --csv or --epochs")
    }
  }

  func run() throws {
    if let attach {
      return try DaemonTool(address: attach, json: json).trace(
        machine: machine, options.files, seconds: seconds)
    }
    guard let trace else { return }
    var replay = ReplayOptions()
    (replay.clock, replay.loop, replay.limit) = (.timed, loop, limit)
    var tool = ReplayTool(
      trace: trace, options: replay, configuration: config, address: nil, json: json, html: nil)
    (tool.files, tool.times) = (options.files, timing)
    guard try tool.run() else { throw ExitCode.failure }
  }
}
