// Studies: many points of one question, and the report that answers it.

import ArgumentParser
import GICStudy

struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Runs a study of the simulated ITS and writes its report, figures and data.",
    discussion: """
      EXAMPLE
        itsctl study list
        itsctl study vcpu-contention --vcpus 1,32,1024 --quick --out contention
        itsctl study msi-load --shard 1/2 --out a; itsctl study msi-load --shard 2/2 --out b
        itsctl study merge a b --out msi-load

      A study's own parameters are flags of their own; itsctl study list NAME shows them. The same \
      seed gives the same data on every host, with any --jobs and any shards. Points that are in \
      the folder already are not measured again. The exit status is 1 if points are missing, or if \
      a saturated point is outside its bound.
      """,
    subcommands: [StudyRunCommand.self, StudyListCommand.self, StudyMergeCommand.self],
    defaultSubcommand: StudyRunCommand.self)
}

struct StudyListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the studies, or one study's parameters.",
    discussion: """
      EXAMPLE
        itsctl study list
        itsctl study list vcpu-contention
      """)

  @Argument(help: "A study, to see its parameters.")
  var study: String?

  func run() throws {
    do { try StudyTool().list(study) } catch let error as StudyError {
      throw ValidationError(error.description)
    }
  }
}

struct StudyRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs a study, or a shard of it (the default).",
    discussion: """
      EXAMPLE
        itsctl study vcpu-contention --vcpus 1,32,1024 --quick --out contention
      """)

  @Argument(help: "The study's name.")
  var study: String

  @Option(help: "The folder for report, figures, data and points.", completion: .directory)
  var out: String

  @Flag(help: "Fewer points and shorter runs.")
  var quick = false

  @Option(help: "Of all random numbers.")
  var seed: UInt64 = 1

  @Option(help: "Points measured at once; 0 is one for each processor.")
  var jobs = 0

  @Option(help: "Only the I-th of N parts, such as 2/8; itsctl study merge joins them.")
  var shard: String?

  @Option(
    help: ArgumentHelp("Times and rules of the machine.", valueName: "preset or file"))
  var config = "gic600"

  @Flag(inversion: .prefixedNo, help: "Also draw the first figure as PNG.")
  var picture = true

  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp("The study's own flags: --NAME VALUE.", valueName: "parameters"))
  var parameters: [String] = []

  func validate() throws {
    if jobs < 0 { throw ValidationError("--jobs must not be negative") }
    _ = try flags()
  }

  /// `--NAME VALUE` or `--NAME=VALUE`, each.
  private func flags() throws -> [(key: String, text: String)] {
    var flags: [(key: String, text: String)] = []
    var rest = parameters[...]
    while let first = rest.popFirst() {
      let parts = first.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
      guard first.hasPrefix("--"), let key = parts.first,
        let text = parts.count == 2 ? parts[1] : rest.popFirst()
      else {
        throw ValidationError(
          "expected --NAME VALUE for each of the study's parameters, not \(first)")
      }
      flags.append((key, text))
    }
    return flags
  }

  func run() throws {
    var tool = StudyTool()
    (tool.isQuick, tool.seed, tool.jobs) = (quick, seed, jobs)
    (tool.configuration, tool.wantsPicture) = (config, picture)
    tool.flags = try flags()
    do throws(StudyError) {
      tool.shard = try shard.map { (text) throws(StudyError) in try StudyTool.Shard(text) }
      try tool.check(study)
    } catch { throw ValidationError(error.description) }
    guard try tool.run(study, into: out) else { throw ExitCode.failure }
  }
}

struct StudyMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Joins the folders of a study's shards into one result.",
    discussion: """
      EXAMPLE
        itsctl study merge part1 part2 part3 --out whole

      A shard may be there twice. If one is missing the result is marked as partial, the missing \
      shards are named, and the exit status is 1.
      """)

  @Argument(help: "Folders that itsctl study --shard has written.", completion: .directory)
  var folders: [String]

  @Option(help: "The folder for the joined result.", completion: .directory)
  var out: String

  @Flag(inversion: .prefixedNo, help: "Also draw the first figure as PNG.")
  var picture = true

  func run() throws {
    var tool = StudyTool()
    tool.wantsPicture = picture
    guard try tool.merge(folders, into: out) else { throw ExitCode.failure }
  }
}
