import ArgumentParser
import GICReplay

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Holds the timing model against its specification and against theory.",
    discussion: """
      EXAMPLE
        itsctl validate --html validation.html
        itsctl validate --short --json

      One line for each law with what was expected and what was measured, then what hangs on \
      each value that nobody published, alone and in pairs. The exit status is 1 if a law fails. \
      Some 15 seconds; --short takes 2, --long, with 5 x 10^7 arrivals at a queue, a minute.
      """)

  @Option(
    help: ArgumentHelp(
      "The machine of the sweep over assumed values.", valueName: "preset or file"))
  var config = "gic600"

  @Option(
    help: "A trace that must end in the same state with time and without; several may be given.",
    completion: .file())
  var trace: [String] = []

  @Flag(help: "Few runs.")
  var short = false

  @Flag(help: "More runs.")
  var long = false

  @Flag(help: "Write the result as JSON.")
  var json = false

  @Option(help: "Also write a page with the plots, which stands alone.", completion: .file())
  var html: String?

  func validate() throws {
    if short, long { throw ValidationError("expected --short or --long, not both") }
  }

  func run() throws {
    let passed = try ValidationTool(
      configuration: config, traces: trace, isShort: short, isLong: long, json: json, html: html
    ).run()
    guard passed else { throw ExitCode.failure }
  }
}
