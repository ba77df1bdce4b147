import ArgumentParser
import GICReplay

struct SaveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "save",
    abstract: "Writes a machine of a running itsd to a file.",
    discussion: """
      The machine goes on. Everything but guest RAM is in the file; whoever has the guest's CPUs \
      lets them stand still while this and RAM are saved.

      EXAMPLE
        itsctl save --attach unix:/run/itsd.sock board.itsd
      """)

  @OptionGroup var daemon: DaemonOptions

  @Option(help: "The machine's name; needed if there are several.")
  var machine: String?

  @Argument(help: "The file; it is there whole or not at all.", completion: .file())
  var file: String

  func run() throws { try SnapshotTool(daemon: daemon.tool).save(machine: machine, to: file) }
}

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Makes the machine of a file in a running itsd.",
    discussion: """
      The machine stays, quiesced, until a client attaches as control, maps its RAM and resumes \
      it. One of that name that is there already is put into the file's state.

      EXAMPLE
        itsctl restore --attach unix:/run/itsd.sock board.itsd
      """)

  @OptionGroup var daemon: DaemonOptions

  @Option(help: "What the machine is called there; as in the file if left out.")
  var machine: String?

  @Argument(help: "What `itsctl save` wrote.", completion: .file())
  var file: String

  func run() throws { try SnapshotTool(daemon: daemon.tool).restore(machine: machine, from: file) }
}
