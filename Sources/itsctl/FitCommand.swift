import ArgumentParser
import GICReplay

struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fits the timing model to counters that were read on silicon.",
    discussion: """
      EXAMPLE
        itsctl fit --counters board.csv --config gic600 --layer board.yaml
        itsd --config gic600 --config board.yaml --listen unix:/tmp/its.sock

      The file has a header, run,workload,packets,window,devices,events,pes,counter,value, and a \
      line for each reading; README.md says what the columns mean. What the readings cannot tell \
      is left as the preset has it, and named. The model is run some hundred times: 1,000 to \
      10,000 packets a run are plenty.
      """)

  @Option(help: "The readings, as CSV.", completion: .file(extensions: ["csv"]))
  var counters: String

  @Option(
    help: ArgumentHelp(
      "Where the fit begins, and what it leaves alone.", valueName: "preset or file"))
  var config = "gic600"

  @Option(
    help: ArgumentHelp(
      "Turn this setting, and no others but those named so; several may be given. Left out: all "
        + "that nobody published, memory's latency and the caches' sizes.", valueName: "key"))
  var parameter: [String] = []

  @Option(help: "Write the fitted values as a configuration.", completion: .file())
  var layer: String?

  @Flag(help: "Write the result as JSON.")
  var json = false

  func run() throws {
    try FitTool(
      counters: counters, configuration: config, keys: parameter, json: json, layer: layer
    ).run()
  }
}
