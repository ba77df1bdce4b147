// What `itsctl watch` does once its arguments are parsed.

import Foundation
import GICClient
import GICReport
import Glibc
import SystemPackage

extension DaemonTool {
  /// Shows a machine's rates again and again: drawn anew on a terminal, a line each in a pipe.
  /// - Parameters:
  ///   - machine: its name; nil is the only one there is.
  ///   - interval: seconds from one look to the next.
  ///   - count: how many looks; nil is until the connection or the process ends.
  public func watch(machine: String?, every interval: Double, count: Int?) throws {
    let client = try connect()
    let attachment = try attach(client, to: machine)
    let isScreen = isatty(1) != 0 && !json
    var last: (statistics: StatisticsDocument, at: ContinuousClock.Instant)?
    var looks = 0
    while count.map({ looks < $0 }) ?? true {
      if looks > 0 { Thread.sleep(forTimeInterval: interval) }
      let statistics = try StatisticsDocument(json: try client.statistics())
      let now = ContinuousClock.now
      let seconds = last.map { (now - $0.at) / .seconds(1) } ?? 0
      let rates = LiveRates(from: last?.statistics, to: statistics, seconds: seconds)
      let title =
        "\(machine ?? address), \(statistics.clock) clock of \(attachment.clockHertz) Hz, cycle "
        + "\(statistics.cycle), every \(interval) s"
      try write(try view(rates, title, isScreen), to: .standardOutput)
      last = (statistics, now)
      looks += 1
    }
    try client.leave()
  }

  private func view(_ rates: LiveRates, _ title: String, _ isScreen: Bool) throws -> [UInt8] {
    if json { return try rates.json() + [0x0a] }
    guard isScreen else { return Array(rates.line().utf8) }
    let (width, height) = DaemonTool.windowSize()
    // From the upper left corner; what is left of the last screen is cleared after it.
    let text = rates.screen(title: title, width: width, height: height)
    return Array(("\u{1b}[H" + text.replacing("\n", with: "\u{1b}[K\n") + "\u{1b}[J").utf8)
  }

  /// Columns and rows of the terminal, asked anew each time: windows change.
  private static func windowSize() -> (width: Int, height: Int) {
    var size = winsize()
    // SAFETY: the structure is the call's own.
    guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
