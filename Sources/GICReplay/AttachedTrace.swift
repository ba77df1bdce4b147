// What `itsctl trace --attach` does: files of what a running daemon's machine does meanwhile.

import Foundation
import GICClient
import GICConfig
import GICModel
import GICReport

extension DaemonTool {
  /// Traces a machine that runs, for a while.
  /// - Parameters:
  ///   - machine: its name; nil is the only one there is.
  ///   - seconds: of the host.
  /// - Throws: ``ReplayError`` if it did more than could be fetched; the files end there.
  public func trace(machine: String?, _ files: TracedFiles, seconds: Double) throws {
    let client = try connect()
    _ = try attach(client, to: machine)
    let yaml = try client.trace(.begin).tail
    let resolved = try resolve([
      ConfigurationLayer(name: address, text: String(decoding: yaml, as: UTF8.self))
    ])
    let run = try TracedRun(files, resolved)
    let shape = TimingShape(resolved.machine)
    let end = ContinuousClock.now + .seconds(seconds)
    var (next, cycle, lost) = (UInt64(0), UInt64(0), UInt64(0))
    while true {
      let isLast = ContinuousClock.now >= end
      let reply = try client.trace(.records(from: next, limit: 1 << 14))
      guard let records = TraceRecord.decode(reply.tail, of: shape) else {
        throw ReplayError("\(address): the trace holds what this program does not know")
      }
      guard reply.value == next else {
        lost = reply.value &- next
        break
      }
      run.take(records)
      next += UInt64(records.count)
      cycle = reply.cycle
      if isLast { break }
      if records.isEmpty { Thread.sleep(forTimeInterval: 0.01) }
    }
    _ = try client.trace(.end)
    try client.leave()
    try run.finish(at: cycle)
    let text = "\(next) records, up to cycle \(cycle)\n"
    guard lost == 0 else {
      throw ReplayError(
        "\(address): \(lost) records were lost after \(text.dropLast()), since the machine was "
          + "faster than they could be fetched; the files end there: trace a shorter or slower time"
      )
    }
    try write(
      Array((json ? "{\"records\":\(next),\"cycle\":\(cycle)}\n" : text).utf8),
      to: .standardOutput)
  }
}
