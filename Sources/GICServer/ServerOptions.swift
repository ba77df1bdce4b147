// What a daemon is told when it starts, and what it is given to work with.

import GICModel
import GICWire
import UVLoop

/// Where to listen, and what clients may cost.
public struct ServerOptions: Sendable {
  public var endpoints: [Endpoint] = []
  /// Where browsers and collectors may look, a TCP address; nil is nowhere.
  public var http: Endpoint?
  public var httpLimits = HTTPLimits()
  /// TCP on addresses other than loopback. The protocol has no password.
  public var allowsRemote = false
  /// Threads that serve clients, one of ``threadCounts``; each has a loop of its own.
  public var threads = 1
  /// A machine has a lane for each thread.
  public static let threadCounts = 1...64
  /// SIGINT and SIGTERM end ``Server/run()``.
  public var handlesSignals = false
  /// Look at rings and sockets for a while before sleeping.
  public var spins = true
  /// How long a client that is cut may take to read why.
  public var patienceMilliseconds: UInt64 = 5000
  public var limits = Limits()
  /// Where machines are written to; nil: nowhere.
  public var checkpoints: CheckpointOptions?
  /// Files of machines that the daemon begins with, beside those in the folder.
  public var restoredFiles: [String] = []

  public struct Limits: Sendable {
    /// The largest tail in bytes.
    public var tailByteCount = WireProtocol.defaultTailLimit
    /// Frames of one client before the others have their turn.
    public var framesPerTurn = 256
    /// Bytes that wait for a client before its requests wait too.
    public var replyHighWater = 1 << 20
    /// Bytes that wait for a client before it is cut.
    public var sendByteCount = 16 << 20
    /// RAM that the daemon holds for clients, over all machines, in bytes.
    public var privateRAMByteCount = 4 << 30
    public var ramRangesPerMachine = 64
    /// Snapshots that clients are reading or writing, over all of them, in bytes.
    public var snapshotByteCount = 1 << 30
    public var machines = 64
    public var sessions = 4096
    public init() {}
  }

  /// What browsers and collectors may cost.
  public struct HTTPLimits: Sendable {
    public var connections = 64
    /// Of these, streams of events.
    public var streams = 16
    /// Bytes that wait for one reader.
    public var sendByteCount = 16 << 20
    /// For a head to arrive, and for an answer to be taken.
    public var patienceMilliseconds: UInt64 = 10_000
    /// Between two events.
    public var intervalMilliseconds: UInt64 = 1_000
    /// Events in a row that a reader may be too slow for.
    public var missedEvents = 10
    public init() {}
  }

  public init() {}
}

/// A folder in which each machine has a file, from which it can be made anew.
public struct CheckpointOptions: Sendable {
  public var folder: String
  /// Between two of them; 0: only when a client asks, and when a signal ends the daemon.
  public var intervalMilliseconds: UInt64
  public init(folder: String, intervalMilliseconds: UInt64) {
    (self.folder, self.intervalMilliseconds) = (folder, intervalMilliseconds)
  }
}

/// How machines come about; any thread may ask for it. The server joins the rooms; it does not know
/// what a configuration file says or what a report looks like.
public struct MachineFactory: Sendable {
  /// A configuration that is ready to become a machine.
  public struct Resolved: Sendable {
    public var configuration: MachineConfiguration
    /// Equal configurations have equal names.
    public var hash: String
    /// YAML that makes the same machine.
    public var text: String
    public init(configuration: MachineConfiguration, hash: String, text: String = "") {
      (self.configuration, self.hash, self.text) = (configuration, hash, text)
    }
  }
  /// Lays a client's YAML (empty: nothing) over the daemon's own configuration.
  public var resolve: @Sendable (_ yaml: String) throws(WireError) -> Resolved
  public var make: @Sendable (MachineConfiguration) throws(WireError) -> any Machine
  /// The JSON of a machine's statistics.
  public var report: @Sendable (MachineStatistics) throws(WireError) -> [UInt8]

  public init(
    resolve: @escaping @Sendable (_ yaml: String) throws(WireError) -> Resolved,
    make: @escaping @Sendable (MachineConfiguration) throws(WireError) -> any Machine,
    report: @escaping @Sendable (MachineStatistics) throws(WireError) -> [UInt8]
  ) {
    (self.resolve, self.make, self.report) = (resolve, make, report)
  }
}
