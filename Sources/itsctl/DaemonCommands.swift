import ArgumentParser
import GICReplay

struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The running itsd: unix:PATH or tcp:HOST:PORT.", valueName: "address"))
  var attach: String

  @Flag(help: "Write the answer as JSON.")
  var json = false

  var tool: DaemonTool { DaemonTool(address: attach, json: json) }
}

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Lists the machines and clients of a running itsd.",
    discussion: """
      EXAMPLE
        itsctl status --attach unix:/run/itsd.sock
      """)

  @OptionGroup var daemon: DaemonOptions

  func run() throws { try daemon.tool.status() }
}

struct CountersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "counters",
    abstract: "Shows the counters and latencies of a machine of a running itsd.",
    discussion: """
      EXAMPLE
        itsctl counters --attach unix:/run/itsd.sock --machine board
      """)

  @OptionGroup var daemon: DaemonOptions

  @Option(help: "The machine's name; needed if there are several.")
  var machine: String?

  func run() throws { try daemon.tool.counters(machine: machine) }
}
