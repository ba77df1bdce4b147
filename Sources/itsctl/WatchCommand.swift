import ArgumentParser
import GICReplay

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract:
      "Shows the rates, latencies and queues of a machine of a running itsd as they change.",
    discussion: """
      EXAMPLE
        itsctl watch --attach unix:/run/itsd.sock --interval 0.5
        itsctl watch --attach unix:/run/itsd.sock --json | jq .msis_per_second

      Drawn anew on a terminal; a line for each look in a pipe, of JSON with --json. Rates are of \
      this host's seconds, means of what happened since the last look.
      """)

  @OptionGroup var options: MachineOptions

  @Option(help: "Seconds from one look to the next, 0.05 to 3600.", transform: Self.seconds)
  var interval = 1.0

  @Option(help: "End after so many looks.")
  var count: Int?

  /// Seconds, with or without an s behind them.
  private static func seconds(_ text: String) throws -> Double {
    guard let value = Double(text.hasSuffix("s") ? text.dropLast() : text[...]),
      (0.05...3_600).contains(value)
    else { throw ValidationError("'\(text)' is no interval: seconds from 0.05 to 3600, as 0.5") }
    return value
  }

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count must be at least 1") }
  }

  func run() throws {
    try options.daemon.tool.watch(machine: options.machine, every: interval, count: count)
  }
}
