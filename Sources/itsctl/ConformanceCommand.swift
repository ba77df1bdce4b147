import ArgumentParser
import Foundation
import GICConformance
import GICReport

extension ConformanceProfile: ExpressibleByArgument {}

struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Checks an ITS against the rows of the conformance suite.",
    discussion: """
      EXAMPLE
        itsctl conformance --attach unix:/run/itsd.sock
        itsctl conformance --profile kvm --filter MAPTI

      Each row runs on a machine of its own, in this process or in the daemon. The exit status is \
      1 if a row fails; each that does is printed with its number, its source, what it expected \
      and what it got.
      """)

  @Option(
    help: ArgumentHelp(
      "Run on a running itsd (unix:PATH or tcp:HOST:PORT), not in this process.",
      valueName: "address"))
  var attach: String?

  @Option(help: "kvm or architecture; both unless it is given.")
  var profile: ConformanceProfile?

  @Option(help: "Only rows of this number, or whose name, chapter or source contains this text.")
  var filter = ""

  @Flag(help: "List the rows and what has none, with the reason; run none.")
  var list = false

  @Flag(help: "Write the result as JSON.")
  var json = false

  func run() throws {
    let run = ConformanceRun(
      attach.map { .attached($0) } ?? .inProcess,
      profiles: profile.map { [$0] } ?? ConformanceProfile.allCases, filter: filter)
    guard !run.rows.isEmpty else {
      throw ValidationError("expected a filter that some row matches, not '\(filter)'; see --list")
    }
    if list {
      let listing = ConformanceListing(run.rows)
      return write(json ? try listing.json(.indented) : Array(listing.text.utf8))
    }
    let document = try run.run()
    write(json ? try document.json(.indented) : Array(document.text.utf8))
    guard document.passed else { throw ExitCode.failure }
  }

  private func write(_ text: [UInt8]) { FileHandle.standardOutput.write(Data(text)) }
}
