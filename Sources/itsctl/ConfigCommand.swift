// Configurations by themselves: what a preset or a file says, and whether it can be.

import ArgumentParser
import GICReplay

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Shows, checks and compares machine configurations; needs no daemon.",
    discussion: """
      EXAMPLE
        itsctl config list
        itsctl config check board.yaml
        itsctl config diff gic600 gic600-max
      """,
    subcommands: [
      ConfigListCommand.self, ConfigShowCommand.self, ConfigCheckCommand.self,
      ConfigDiffCommand.self,
    ])
}

struct ConfigOptions: ParsableArguments {
  @Flag(help: "Write the answer as JSON.")
  var json = false

  var tool: ConfigurationTool { ConfigurationTool(json: json) }
}

struct ConfigListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the presets, and how many of their times are documented, measured, assumed.",
    discussion: """
      EXAMPLE
        itsctl config list
      """)

  @OptionGroup var options: ConfigOptions

  func run() throws { try options.tool.list() }
}

struct ConfigShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows every setting with its value, unit, provenance and source, and the hash.",
    discussion: """
      EXAMPLE
        itsctl config show gic600-agilex5
        itsctl config show gic600 board.yaml --json

      Several are laid over each other, the last on top. With --json each setting also says what \
      it may be.
      """)

  @Argument(
    help: ArgumentHelp(
      "Presets' names, or paths (with a / or ending .yaml).", valueName: "preset or file"),
    completion: .file(extensions: ["yaml"]))
  var layers: [String]

  @OptionGroup var options: ConfigOptions

  func run() throws { try options.tool.show(layers) }
}

struct ConfigCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Says all that is wrong with a configuration: file, line, key and what it may be.",
    discussion: """
      EXAMPLE
        itsctl config check board.yaml

      The exit status is 1 if anything is wrong.
      """)

  @Argument(
    help: ArgumentHelp(
      "Presets' names, or paths (with a / or ending .yaml).", valueName: "preset or file"),
    completion: .file(extensions: ["yaml"]))
  var layers: [String]

  @OptionGroup var options: ConfigOptions

  func run() throws {
    guard try options.tool.check(layers) else { throw ExitCode.failure }
  }
}

struct ConfigDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Shows the settings whose values differ between two configurations.",
    discussion: """
      EXAMPLE
        itsctl config diff gic600 gic600-max

      The exit status is 1 if any value differs.
      """)

  @Argument(help: ArgumentHelp("A preset's name, or a path.", valueName: "a"))
  var a: String

  @Argument(help: ArgumentHelp("Another one.", valueName: "b"))
  var b: String

  @OptionGroup var options: ConfigOptions

  func run() throws {
    guard try options.tool.difference(a, b) else { throw ExitCode.failure }
  }
}
