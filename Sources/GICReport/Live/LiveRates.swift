// What happened between two looks at a machine, for a terminal.

/// The difference of two statistics of one machine.
public struct LiveRates: JSONDocument, Equatable, Sendable {
  public struct Stage: Codable, Equatable, Sendable {
    public var name: String
    /// Cycles, over the transactions of the time between.
    public var mean: Double
  }
  public struct Latency: Codable, Equatable, Sendable {
    public var count: UInt64
    public var mean: Double
    /// Stages that took any time, in path order.
    public var stages: [Stage]
    /// Since the machine's reset.
    public var p99: UInt64
    public var max: UInt64
  }
  public struct Unit: Codable, Equatable, Sendable {
    public var name: String
    public var capacity: Int?
    public var mean: Double
    public var max: UInt64
    public var utilisation: Double?
  }

  /// Of the host, between the looks.
  public var seconds: Double
  public var cycle: UInt64
  /// Cycles of the GIC clock, and what follows, in a second of the host.
  public var cyclesPerSecond: Double
  public var msisPerSecond: Double
  public var deliveredPerSecond: Double
  public var commandsPerSecond: Double
  /// Counted since the reset.
  public var msis: UInt64
  public var pending: UInt64
  public var dropped: UInt64
  public var commandErrors: UInt64
  public var msi: Latency?
  public var command: Latency?
  /// Those in use between the looks, the fullest first.
  public var units: [Unit]
  /// LPIs acknowledged between the looks, by PE.
  public var perPE: [UInt64]

  enum CodingKeys: String, CodingKey {
    case seconds, cycle, msis, pending, dropped, msi, command, units
    case cyclesPerSecond = "cycles_per_second"
    case msisPerSecond = "msis_per_second"
    case deliveredPerSecond = "delivered_per_second"
    case commandsPerSecond = "commands_per_second"
    case commandErrors = "command_errors"
    case perPE = "per_pe"
  }

  /// - Parameters:
  ///   - old: the look before; nil at the first, and where a reset lies between.
  ///   - seconds: of the host, between the looks; more than 0.
  public init(from old: StatisticsDocument?, to new: StatisticsDocument, seconds: Double) {
    self.seconds = seconds
    cycle = new.cycle
    let old = old.flatMap { $0.isBefore(new) ? $0 : nil }
    func rate(_ count: (StatisticsDocument) -> UInt64) -> Double {
      guard let old, seconds > 0 else { return 0 }
      return Double(count(new) - count(old)) / seconds
    }
    cyclesPerSecond = rate(\.cycle)
    msisPerSecond = rate(\.conservation.msis)
    deliveredPerSecond = rate(\.conservation.delivered)
    commandsPerSecond = rate(\.commandCount)
    (msis, pending) = (new.conservation.msis, new.conservation.pending)
    dropped = new.conservation.dropped.values.reduce(0, &+)
    commandErrors = new.commandErrors.values.reduce(0, &+)
    msi = LiveRates.latency(old?.latencyCycles.msi, new.latencyCycles.msi)
    command = LiveRates.latency(old?.latencyCycles.command, new.latencyCycles.command)
    units = LiveRates.units(old, new)
    perPE = new.perPE.enumerated().map { index, pe in
      let before = old.flatMap { $0.perPE.indices.contains(index) ? $0.perPE[index] : nil }
      return pe.lpisAcknowledged &- (before?.lpisAcknowledged ?? pe.lpisAcknowledged)
    }
  }

  private static func latency(_ old: LatencyDocument?, _ new: LatencyDocument?) -> Latency? {
    guard let new, new.total.count > 0 else { return nil }
    let count = new.total.count &- (old?.total.count ?? 0)
    func mean(_ new: Distribution, _ old: Distribution?) -> Double {
      count == 0 ? 0 : max(Double(new.sum) - Double(old?.sum ?? 0), 0) / Double(count)
    }
    let stages = new.stages.compactMap { stage -> Stage? in
      let before = old?.stages.first { $0.name == stage.name }
      let mean = mean(stage.distribution, before?.distribution)
      return mean > 0 ? Stage(name: stage.name, mean: mean) : nil
    }
    return Latency(
      count: count, mean: mean(new.total, old?.total), stages: stages, p99: new.total.p99,
      max: new.total.max)
  }

  private static func units(_ old: StatisticsDocument?, _ new: StatisticsDocument) -> [Unit] {
    let cycles = new.cycle - (old?.cycle ?? 0)
    guard cycles > 0 else { return [] }
    let before = Dictionary(
      (old?.queues ?? []).map { ($0.name, $0.occupancyCycles) }
    ) { first, _ in first }
    let units = new.queues.enumerated().compactMap { index, queue -> (Int, Unit)? in
      let already = before[queue.name] ?? 0
      guard queue.occupancyCycles > already else { return nil }
      let sum = queue.occupancyCycles - already
      let mean = Double(sum) / Double(cycles)
      return (
        index,
        Unit(
          name: queue.name, capacity: queue.capacity, mean: mean, max: queue.max,
          utilisation: queue.capacity.map { $0 > 0 ? mean / Double($0) : 0 })
      )
    }
    return units.sorted { ($1.1.utilisation ?? 0, $0.0) < ($0.1.utilisation ?? 0, $1.0) }
      .map(\.1)
  }
}

extension StatisticsDocument {
  var commandCount: UInt64 { commands.values.reduce(0, &+) }

  /// Whether `later` can have come of this without a reset.
  func isBefore(_ later: StatisticsDocument) -> Bool {
    func isBefore(_ old: LatencyDocument?, _ new: LatencyDocument?) -> Bool {
      (old?.total.count ?? 0, old?.total.sum ?? 0) <= (new?.total.count ?? 0, new?.total.sum ?? 0)
    }
    return cycle <= later.cycle && conservation.msis <= later.conservation.msis
      && conservation.delivered <= later.conservation.delivered
      && commandCount <= later.commandCount
      && isBefore(latencyCycles.msi, later.latencyCycles.msi)
      && isBefore(latencyCycles.command, later.latencyCycles.command)
      && zip(queues, later.queues).allSatisfy { $0.occupancyCycles <= $1.occupancyCycles }
      && zip(perPE, later.perPE).allSatisfy { $0.lpisAcknowledged <= $1.lpisAcknowledged }
  }
}
