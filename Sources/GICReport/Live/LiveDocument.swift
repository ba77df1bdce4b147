// What a running daemon's machines have counted up to now: what pages, terminals and collectors
// make rates of.

/// All machines of a daemon at one moment.
public struct LiveDocument: JSONDocument, Equatable, Sendable {
  public struct Machine: Codable, Equatable, Sendable {
    public var name: String
    public var clockHertz: UInt64
    /// `runs`, `quiesced` or `waits for its control`.
    public var state: String
    public var clients: Int
    /// Hash of its configuration.
    public var configuration: String
    public var statistics: StatisticsDocument
    public init(
      name: String, clockHertz: UInt64, state: String, clients: Int, configuration: String,
      statistics: StatisticsDocument
    ) {
      (self.name, self.clockHertz, self.state) = (name, clockHertz, state)
      (self.clients, self.configuration) = (clients, configuration)
      self.statistics = statistics
    }

    enum CodingKeys: String, CodingKey {
      case name, state, clients, configuration, statistics
      case clockHertz = "clock_hertz"
    }
  }

  /// Seconds of the host since the daemon began.
  public var seconds: Double
  public var clients: Int
  /// By name.
  public var machines: [Machine]

  public init(seconds: Double, clients: Int, machines: [Machine]) {
    (self.seconds, self.clients, self.machines) = (seconds, clients, machines)
  }

  /// The same without the buckets of its histograms.
  public var headline: LiveDocument {
    var copy = self
    for index in copy.machines.indices {
      let latencies = copy.machines[index].statistics.latencyCycles
      copy.machines[index].statistics.latencyCycles = latencies.headline
    }
    return copy
  }
}
