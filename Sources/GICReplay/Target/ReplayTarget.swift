// Where a trace is replayed, or a conformance row run: a machine in this process, or one behind a
// socket. Answers come in order, possibly later than they were asked for.

import GICArch
import GICModel
import GICReport

/// An access, answered.
package struct Answer {
  /// What the asker gave to know it again: an index of the trace's events.
  package var tag: Int
  package var response: Response
  /// The line changes up to here in ``AnswerLog/changes``; those since the answer before are its
  /// own.
  package var changeEnd: Int
}

/// Answers and line changes in the order in which they came. Read and emptied by who replays.
package struct AnswerLog {
  package var answers: [Answer] = []
  package var changes: [LineChange] = []

  package mutating func removeAll() {
    answers.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
  }
}

/// A machine and its guest RAM.
package protocol ReplayTarget: AnyObject {
  /// `in-process`, or the address attached to.
  var mode: String { get }

  /// Sets `count` bytes of guest RAM. All that was submitted has been answered before.
  func fill(_ byte: UInt8, at address: PhysicalAddress, count: Int) throws(ReplayError)
  /// Writes guest RAM. All that was submitted has been answered before.
  func write(_ bytes: Span<UInt8>, at address: PhysicalAddress) throws(ReplayError)
  func read(at address: PhysicalAddress, count: Int) throws(ReplayError) -> [UInt8]

  /// Starts an access; its answer is appended to `log` now or in a later call.
  func submit(_ access: Access, tag: Int, into log: inout AnswerLog) throws(ReplayError)
  /// Waits for all answers.
  func drain(into log: inout AnswerLog) throws(ReplayError)

  /// An access and its answer; nothing is outstanding. `changes` gets the line changes up to it.
  func perform(_ access: Access, changes: inout [LineChange]) throws(ReplayError) -> Response
  func advance(
    to cycle: UInt64, until condition: StopCondition, changes: inout [LineChange]
  ) throws(ReplayError) -> UInt64

  /// A device attribute; nothing is outstanding. `changes` gets the line changes up to its end.
  func device(
    _ operation: DeviceOperation, _ attribute: DeviceAttribute, of device: DeviceName,
    _ value: UInt64?, changes: inout [LineChange]
  ) throws(ReplayError) -> DeviceAnswer

  /// Whether vCPUs run from now on, as device attributes ask. Behind a socket a machine whose vCPUs
  /// stand still is quiesced.
  func setVCPUsRun(_ run: Bool) throws(ReplayError)
  /// A bit for each page of 4 KiB that the machine has written since it was asked last.
  func takeWrittenPages(from address: PhysicalAddress, count: Int) throws(ReplayError) -> [UInt64]

  func flushPendingTables() throws(ReplayError)
  /// Everything as after power-on; guest RAM stays as it is.
  func reset() throws(ReplayError)
  func statistics() throws(ReplayError) -> StatisticsDocument
}

/// A replay that cannot go on: the host's trouble, not a mismatch.
public struct ReplayError: Error, Equatable, CustomStringConvertible, Sendable {
  public var description: String
  package init(_ description: String) { self.description = description }
}
