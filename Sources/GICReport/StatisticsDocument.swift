// What a machine counted, as a document: percentiles made, names spelled for JSON. It is what a
// daemon sends to its clients and what a report is drawn from.

import GICModel

/// Counters and latencies of one machine since its reset. Integers are exact; the JSON text of
/// equal statistics is equal byte for byte.
public struct StatisticsDocument: JSONDocument, Equatable, Sendable {
  /// `functional` or `timed`.
  public var clock: String
  /// Cycle of the GIC clock at which it was taken; 0 on the functional clock.
  public var cycle: UInt64
  public var conservation: Conservation
  /// The state of every unit, if work was outstanding and nothing could go on: an error of the
  /// model. Absent as long as all is well.
  public var deadlock: String?
  /// Commands completed, by opcode name.
  public var commands: [String: UInt64]
  /// Commands rejected, by error name.
  public var commandErrors: [String: UInt64]
  /// In the order of the redistributor frames.
  public var perPE: [PE]
  public var events: [Event]
  /// Queues, slots, credits and units; empty where no time passes. So are the next two.
  public var queues: [Queue]
  public var traffic: [Traffic]
  /// By rising DeviceID.
  public var perDevice: [Device]
  public var latencyCycles: Latencies

  /// Where every interrupt went: none is lost, none is made.
  public struct Conservation: Codable, Equatable, Sendable {
    /// LPIs signalled, whoever did it; those of INT commands and of restored pending tables
    /// included.
    public var msis: UInt64
    /// Of these, by INT commands.
    public var intCommands: UInt64
    /// Of these, found in a pending table that software had filled.
    public var restored: UInt64
    public var delivered: UInt64
    public var merged: UInt64
    public var pending: UInt64
    /// By reason.
    public var dropped: [String: UInt64]
    /// Whether `msis = delivered + merged + pending + the sum of dropped`.
    public var holds: Bool

    public init(_ statistics: MachineStatistics) {
      msis = statistics.msis &+ statistics.intCommands &+ statistics.restored
      intCommands = statistics.intCommands
      restored = statistics.restored
      delivered = statistics.delivered
      merged = statistics.merged
      pending = statistics.pending
      dropped = statistics.dropped
      let sum = statistics.dropped.values.reduce(0, &+)
      holds = msis == delivered &+ merged &+ pending &+ sum
    }

    enum CodingKeys: String, CodingKey {
      case msis, restored, delivered, merged, pending, dropped, holds
      case intCommands = "int_commands"
    }
  }

  /// What one PE saw.
  public struct PE: Codable, Equatable, Sendable {
    public var lpisSet: UInt64
    public var acknowledged: UInt64
    public var lpisAcknowledged: UInt64
    public var spurious: UInt64
    /// Cycles in which an LPI was on its way from the choice to the CPU interface.
    public var presentingCycles: UInt64

    public init(_ pe: MachineStatistics.PE) {
      presentingCycles = pe.presentingCycles
      (lpisSet, acknowledged) = (pe.lpisSet, pe.acknowledged)
      (lpisAcknowledged, spurious) = (pe.lpisAcknowledged, pe.spurious)
    }

    enum CodingKeys: String, CodingKey {
      case acknowledged, spurious
      case lpisSet = "lpis_set"
      case lpisAcknowledged = "lpis_acknowledged"
      case presentingCycles = "presenting_cycles"
    }
  }

  /// A named counter; `gicp` is its GICP event number where GICP has one.
  public struct Event: Codable, Equatable, Sendable {
    public var name: String
    public var gicp: Int?
    public var count: UInt64
    public init(name: String, gicp: Int?, count: UInt64) {
      (self.name, self.gicp, self.count) = (name, gicp, count)
    }
  }

  /// Cycles of the GIC clock; absent where no time passes.
  public struct Latencies: Codable, Equatable, Sendable {
    public var msi: LatencyDocument?
    public var command: LatencyDocument?
    public init(msi: LatencyDocument?, command: LatencyDocument?) {
      (self.msi, self.command) = (msi, command)
    }
    /// The same without buckets.
    public var headline: Latencies { Latencies(msi: msi?.headline, command: command?.headline) }
  }

  public init(_ statistics: MachineStatistics) {
    clock = statistics.clock.rawValue
    cycle = statistics.cycle
    conservation = Conservation(statistics)
    deadlock = statistics.deadlock
    commands = statistics.commands
    commandErrors = statistics.commandErrors
    perPE = statistics.pes.map(PE.init)
    events = statistics.events.map { Event(name: $0.name, gicp: $0.gicp, count: $0.count) }
    let cycles = statistics.cycle
    queues = statistics.queues.map { Queue($0, cycles: cycles) }
    traffic = statistics.traffic.map { Traffic($0, cycles: cycles) }
    perDevice = statistics.devices.map(Device.init)
    latencyCycles = Latencies(
      msi: statistics.msiLatency.map(LatencyDocument.init),
      command: statistics.commandLatency.map(LatencyDocument.init))
  }

  enum CodingKeys: String, CodingKey {
    case clock, cycle, conservation, commands, events, queues, traffic
    case commandErrors = "command_errors"
    case perPE = "per_pe"
    case perDevice = "per_device"
    case latencyCycles = "latency_cycles"
    case deadlock
  }
}
