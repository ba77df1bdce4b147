// What a machine counted. Raw, in integers; percentiles and prose are made from it elsewhere.

import GICArch

/// Counters and histograms of one machine since its reset.
public struct MachineStatistics: Equatable, Sendable {
  public enum Clock: String, Sendable, CaseIterable { case functional, timed }
  public var clock: Clock
  public var cycle: UInt64 = 0

  // Conservation, always: msis + intCommands + restored
  //   = delivered + merged + pending + the sum of dropped.
  /// MSIs and INT commands that were given to the machine.
  public var msis: UInt64 = 0
  public var intCommands: UInt64 = 0
  /// Pending bits that software had put into a pending table before it enabled LPIs.
  public var restored: UInt64 = 0
  /// LPIs acknowledged.
  public var delivered: UInt64 = 0
  public var merged: UInt64 = 0
  /// LPIs pending now, and MSIs under way that are not pending yet.
  public var pending: UInt64 = 0
  /// By reason; names are ``MSIOutcome/Kind`` cases and `cleared` (CLEAR, DISCARD, MAPD, CLRLPIR).
  public var dropped: [String: UInt64] = [:]

  /// Commands completed, by opcode name, and rejected, by error name.
  public var commands: [String: UInt64] = [:]
  public var commandErrors: [String: UInt64] = [:]

  public struct PE: Equatable, Sendable {
    public var lpisSet: UInt64 = 0
    public var acknowledged: UInt64 = 0
    public var lpisAcknowledged: UInt64 = 0
    public var spurious: UInt64 = 0
    /// Cycles in which its redistributor chose, sent or had an LPI accepted; timed clock only.
    public var presentingCycles: UInt64 = 0
    public init() {}
  }
  public var pes: [PE] = []

  /// Named event counters with GICP's names and IDs, timed clock only.
  public struct Event: Equatable, Sendable {
    public var name: String
    /// GICP event number, nil where GICP has none.
    public var gicp: Int?
    public var count: UInt64
    public init(name: String, gicp: Int?, count: UInt64) {
      (self.name, self.gicp, self.count) = (name, gicp, count)
    }
  }
  public var events: [Event] = []

  /// How full a queue, or how busy a unit, was. The mean is the occupancy over the cycles.
  public struct Queue: Equatable, Sendable {
    public var name: String
    /// nil where nothing bounds it but what software does.
    public var capacity: Int?
    /// Each cycle's occupancy, added up.
    public var occupancyCycles: UInt64
    public var max: UInt64
    public init(name: String, capacity: Int?, occupancyCycles: UInt64, max: UInt64) {
      (self.name, self.capacity) = (name, capacity)
      (self.occupancyCycles, self.max) = (occupancyCycles, max)
    }
  }
  /// Timed clock only.
  public var queues: [Queue] = []

  /// What of one kind has crossed the memory ports.
  public struct Traffic: Equatable, Sendable {
    public var name: String
    /// Reads and writes.
    public var requests: UInt64
    public var bytes: UInt64
    public init(name: String, requests: UInt64, bytes: UInt64) {
      (self.name, self.requests, self.bytes) = (name, requests, bytes)
    }
  }
  /// Timed clock only.
  public var traffic: [Traffic] = []

  /// The MSIs of one DeviceID that were shown or merged.
  public struct Device: Equatable, Sendable {
    public var device: UInt32
    public var msis: UInt64
    /// Cycles, from arrival to acceptance or merge.
    public var latencySum: UInt64
    public var latencyMax: UInt64
    public init(device: UInt32, msis: UInt64, latencySum: UInt64, latencyMax: UInt64) {
      (self.device, self.msis) = (device, msis)
      (self.latencySum, self.latencyMax) = (latencySum, latencyMax)
    }
  }
  /// By rising DeviceID; timed clock only.
  public var devices: [Device] = []

  /// Latency in cycles of one class of transaction, whole and by stage.
  public struct Latency: Equatable, Sendable {
    public var total: LatencyHistogram
    /// In path order.
    public var stages: [(name: String, histogram: LatencyHistogram)]
    public init(total: LatencyHistogram, stages: [(name: String, histogram: LatencyHistogram)]) {
      (self.total, self.stages) = (total, stages)
    }
    public static func == (a: Latency, b: Latency) -> Bool {
      a.total == b.total && a.stages.elementsEqual(b.stages) { $0 == $1 }
    }
  }
  /// Arrival at the ingress to acceptance by the CPU interface (or merge, or drop).
  public var msiLatency: Latency?
  /// CWRITER write to completion (CREADR may pass it).
  public var commandLatency: Latency?

  /// The state of every unit when work was outstanding and nothing could go on: an error of the
  /// model. Nil as long as all is well; timed clock only.
  public var deadlock: String?

  /// How long CWRITER writes have waited for those of other lanes, by lane; empty where a machine
  /// has one lane.
  public var queueWaits: [QueueWaits] = []

  public init(clock: Clock) { self.clock = clock }
}
