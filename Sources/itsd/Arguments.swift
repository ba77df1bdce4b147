// Words on the command line, and what they mean inside.

import ArgumentParser
import GICModel
import Logging

/// A clock's name.
enum Clock: String, ExpressibleByArgument, CaseIterable {
  case functional
  case timed
  var clock: MachineStatistics.Clock { self == .timed ? .timed : .functional }
}

/// A log level's name.
enum Level: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}
