import ArgumentParser
import GICConfig
import GICModel
import GICReplay

extension MachineStatistics.Clock: ExpressibleByArgument {}
extension ReplayOptions.Loop: ExpressibleByArgument {}
extension ReplayOptions.Handling: ExpressibleByArgument {}

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replays what a kernel did to an ITS, and compares what is observed.",
    discussion: """
      EXAMPLE
        itsctl replay linux-smp4.trace.xz
        itsctl replay linux-smp4.trace.xz --clock timed --attach unix:/run/itsd.sock --json

      The exit status is 1 if anything differs from the trace, or an interrupt was lost.
      """)

  @Argument(help: "A trace, plain or xz-compressed.", completion: .file())
  var trace: String

  @Option(
    help: ArgumentHelp(
      "Replay on a running itsd (unix:PATH or tcp:HOST:PORT), not in this process.",
      valueName: "address"))
  var attach: String?

  @Option(help: "functional: no time, all is compared; timed: simulated latencies.")
  var clock: MachineStatistics.Clock = .functional

  @Option(
    help: "timed clock, closed: who waits is later from then on; open: all at the trace's times.")
  var loop: ReplayOptions.Loop = .closed

  @Option(
    help: "closed loop, time from acknowledge to end of interrupt: the trace's, or the model's.")
  var handling: ReplayOptions.Handling = .trace

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

  @Flag(help: "Write the result as JSON.")
  var json = false

  @Option(help: "Also write the report as a page that stands alone.", completion: .file())
  var html: String?

  @Option(help: "Replay only the first events; the end state is not checked then.")
  var limit: Int?

  @OptionGroup(title: "Traces of the timed clock") var traces: TraceOptions

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit must not be negative") }
    if !traces.files.paths.isEmpty, clock != .timed || attach != nil {
      throw ValidationError("what units do is written with --clock timed, and not with --attach")
    }
  }

  func run() throws {
    var options = ReplayOptions()
    (options.clock, options.loop, options.limit) = (clock, loop, limit)
    options.handling = handling
    var tool = ReplayTool(
      trace: trace, options: options, configuration: config, address: attach, json: json,
      html: html)
    (tool.files, tool.times) = (traces.files, timing)
    guard try tool.run() else { throw ExitCode.failure }
  }
}
