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
        itsd --threads 4 --clock functional
        itsd --config gic600 --http 127.0.0.1:7601

      When clients can connect, a line "listening on ADDRESS" per address goes to standard \
      output. The log goes to standard error. SIGINT and SIGTERM end the daemon with status 0.
      """,
    version: Server.version)

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

  @Option(
    help: ArgumentHelp(
      "Also serve a live page, /metrics for Prometheus and /events here.",
      valueName: "host:port"),
    transform: { try Endpoint(hostAndPort: $0) })
  var http: Endpoint?

  @Option(help: "Laid over the files of --config; a client may still lay its own over it.")
  var clock: Clock?

  @Option(
    help: ArgumentHelp(
      "Threads that serve clients, 1 to 64. On the functional clock those of one machine work in "
        + "parallel; a machine on the timed clock has one thread, and the same results with any "
        + "number.", valueName: "count"))
  var threads = 1

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
    help: ArgumentHelp(
      "Seconds between two checkpoints in --state-dir, 10 unless told otherwise; 0: only when a "
        + "client asks, or at the end.", valueName: "seconds"))
  var checkpointInterval: Double?

  @Flag(
    help: "Let --listen tcp: and --http take addresses other than loopback. There is no password.")
  var allowRemote = false

  @Flag(
    help: """
      Sleep as soon as there is nothing to do; otherwise look again for some 10 us at rings and \
      for 40 us at sockets, where that is worth it.
      """)
  var noSpin = false

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel: Level = .notice

  func validate() throws {
    guard ServerOptions.threadCounts.contains(threads) else {
      throw ValidationError("--threads \(threads): expected an integer from 1 through 64")
    }
    guard (0...86_400).contains(checkpointInterval ?? 0) else {
      throw ValidationError("--checkpoint-interval takes seconds, from 0 to 86400")
    }
    guard checkpointInterval == nil || stateDir != nil else {
      throw ValidationError("--checkpoint-interval goes with --state-dir, which says where to")
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
  options.server.http = arguments.http
  options.server.allowsRemote = arguments.allowRemote
  options.server.handlesSignals = true
  options.server.spins = !arguments.noSpin
  options.server.threads = arguments.threads
  options.server.restoredFiles = arguments.restore
  options.server.checkpoints = arguments.stateDir.map {
    CheckpointOptions(
      folder: $0, intervalMilliseconds: UInt64((arguments.checkpointInterval ?? 10) * 1000))
  }
  do {
    try runDaemon(options, make: makeMachine) { endpoints, page in
      // Written at once: whoever started the daemon may be waiting for it through a pipe.
      let lines =
        endpoints.map { "listening on \($0)\n" }
        + (page.map { ["page at http://\("\($0)".dropFirst(4))/\n"] } ?? [])
      FileHandle.standardOutput.write(Data(lines.joined().utf8))
    }
  } catch {
    FileHandle.standardError.write(Data("itsd: \(error)\n".utf8))
    throw ExitCode.failure
  }
}
