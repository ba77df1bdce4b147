// The operator's tool. Commands parse arguments; the work is in GICReplay and GICReport.

import ArgumentParser
import GICReplay

@main struct ITSControl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "itsctl",
    abstract: "Replays traces of a GICv3 ITS and asks a running itsd what it is doing.",
    discussion: """
      EXAMPLE
        itsctl replay linux-smp4.trace.xz --clock timed --html report.html
      """,
    version: ReplayRun.toolVersion,
    subcommands: [
      ReplayCommand.self, StatusCommand.self, CountersCommand.self, EventsCommand.self,
      ExplainCommand.self, TablesCommand.self, RegistersCommand.self, DecodeCommand.self,
      ConformanceCommand.self, ConfigCommand.self, TraceCommand.self, ValidateCommand.self,
      FitCommand.self, StudyCommand.self, WatchCommand.self,
      DecodeTablesCommand.self, VerifyTablesCommand.self, SaveCommand.self, RestoreCommand.self,
    ])
}
