// The daemon's command line. Arguments only: the work is GICServer's.

import ArgumentParser
import Foundation
import GICModel
import GICServer
import Logging

@main struct ITSD: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "itsd",
    abstract: "Simulates GICv3 interrupt controllers for programs that attach over a socket.",
    discussion: """
      EXAMPLE
        itsd --config gic600 --listen unix:/tmp/its.sock --listen tcp:127.0.0.1:7600

      When clients can connect, a line "listening on ADDRESS" per address goes to standard \
      output. The log goes to standard error. SIGINT and SIGTERM end the daemon with status 0.
      """)

  @Option(
    help: ArgumentHelp(
      "A preset's name or a YAML file; repeatable, later ones on top; a client's own over all.",
      valueName: "file"))
  var config: [String] = []

  @Option(
    help: ArgumentHelp(
      "unix:PATH or tcp:HOST:PORT; repeatable. Default: \(Endpoint.standard).", valueName: "address"
    ),
    transform: { try Endpoint(parsing: $0) })
  var listen: [Endpoint] = []

  @Option(help: "Laid over the files of --config; a client may still lay its own over it.")
  var clock: Clock?

  @Option(
    help: ArgumentHelp(
      "A file of `itsctl save`: its machine waits for its control. Repeatable.",
      valueName: "file"), completion: .file())
  var restore: [String] = []

  @Option(
    help: ArgumentHelp(
      "Write each machine to a file here, at an interval and at the end; begin with those found.",
      valueName: "folder"), completion: .directory)
  var stateDir: String?

  @Option(
    help:
      "Seconds between two checkpoints in --state-dir; 0: only when a client asks, or at the end."
  )
  var checkpointInterval: Double = 10

  // `--threads` will stand here: how many threads serve machines on the functional clock.

  @Flag(help: "Let --listen tcp: take addresses other than loopback. There is no password.")
  var allowRemote = false

  @Flag(help: "Sleep at once when a shared-memory ring is empty; otherwise look for some 10 us.")
  var noSpin = false

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel: Level = .notice

  func validate() throws {
    guard (0...86_400).contains(checkpointInterval) else {
      throw ValidationError("--checkpoint-interval takes seconds, from 0 to 86400")
    }
  }

  func run() throws { try serve(self) }
}

/// Everything that runs long is started from a free function: closures formed in a program's entry
/// type are bound to the main actor, and slow.
private func serve(_ arguments: ITSD) throws {
  var options = DaemonOptions()
  options.configurations = arguments.config
  options.clock = arguments.clock?.clock
  options.logLevel = arguments.logLevel.level
  options.server.endpoints = arguments.listen.isEmpty ? [.standard] : arguments.listen
  options.server.allowsRemote = arguments.allowRemote
  options.server.handlesSignals = true
  options.server.spins = !arguments.noSpin
  options.server.restoredFiles = arguments.restore
  options.server.checkpoints = arguments.stateDir.map {
    CheckpointOptions(
      folder: $0, intervalMilliseconds: UInt64(arguments.checkpointInterval * 1000))
  }
  do {
    try runDaemon(options, make: makeMachine) { endpoints in
      // Written at once: whoever started the daemon may be waiting for it through a pipe.
      let lines = endpoints.map { "listening on \($0)\n" }.joined()
      FileHandle.standardOutput.write(Data(lines.utf8))
    }
  } catch {
    FileHandle.standardError.write(Data("itsd: \(error)\n".utf8))
    throw ExitCode.failure
  }
}
