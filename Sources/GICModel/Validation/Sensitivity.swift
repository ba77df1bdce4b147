import GICArch

/// What a few workloads show of a machine: the figures that conclusions are drawn from.
public struct TimingFigures: Sendable, Equatable {
  /// Cycles of an MSI alone, everything cached, and nothing cached.
  public var warmMSI: UInt64
  public var coldMSI: UInt64
  /// Cycles of INV and SYNC from the CWRITER write until CREADR has passed both.
  public var invSync: UInt64
  /// MSIs in 10^6 cycles, saturated: a working set that fits the caches, and one that does not.
  public var warmRate: Double
  public var coldRate: Double
  /// Commands in 10^6 cycles, the queue full.
  public var commandRate: Double

  /// Names and values, for tables.
  public var all: [(name: String, value: Double)] {
    [
      ("warm MSI, cycles", Double(warmMSI)), ("cold MSI, cycles", Double(coldMSI)),
      ("INV and SYNC, cycles", Double(invSync)), ("warm MSIs in 10^6 cycles", warmRate),
      ("cold MSIs in 10^6 cycles", coldRate), ("commands in 10^6 cycles", commandRate),
    ]
  }

  /// The conclusions that a reader would draw, each as what holds.
  public var conclusions: [String] {
    let slowest = commandRate < warmRate ? "commands are slower than warm MSIs" : "MSIs are slower"
    return [
      warmMSI < 100
        ? "a warm MSI takes less than 100 cycles" : "a warm MSI takes 100 cycles or more",
      coldMSI > 5 * warmMSI ? "memory is most of a cold MSI" : "memory is not most of a cold MSI",
      coldRate > 3_000
        ? "a cold ITS does more than 3 MSIs in 1,000 cycles"
        : "a cold ITS does at most 3 MSIs in 1,000 cycles",
      warmRate > 4 * coldRate
        ? "caches are worth a factor of 4" : "caches are not worth a factor of 4",
      slowest,
    ]
  }

  /// Runs the workloads.
  public init(_ timing: TimingParameters, count: Int = 3_000) {
    let guest = LawGuest(LawGuest.configuration(.timed, timing))
    // The mappings are made anew, so that the caches forget.
    guest.issue([.mapd(DeviceID(rawValue: 1), LawGuest.itt(1))])
    guest.settle()
    coldMSI = TimingFigures.latency(guest)
    warmMSI = TimingFigures.latency(guest)
    let start = guest.now
    guest.issue(
      [.inv(DeviceID(rawValue: 1), EventID(rawValue: 0)), .sync(RDbase(rawValue: 0))], at: start)
    let end = guest.cwriter
    var cycle = start
    while guest.creadr(at: cycle) != end, cycle < start &+ 1 << 33 { cycle += 1 }
    invSync = cycle - start
    guest.settle()
    warmRate = TimingFigures.rate(timing, count, isWarm: true)
    coldRate = TimingFigures.rate(timing.uncached, count, isWarm: false)
    commandRate = TimingFigures.commands(timing, count)
  }

  private static func latency(_ guest: LawGuest) -> UInt64 {
    let start = guest.now + 100
    guest.msi(1, 0, at: start)
    let end = guest.machine.advance(to: .max, until: .lineRaised(PEIndex(0)))
    _ = guest.acknowledge(0)
    guest.settle()
    return end - start
  }

  private static func rate(_ timing: TimingParameters, _ count: Int, isWarm: Bool) -> Double {
    var core = TimedCore<TheoryRules, NoTrace>.theory(timing, pes: 16, tracer: NoTrace())
    for index in 0..<count { core.submit(UInt32(isWarm ? index & 1 : index), UInt32(index & 15)) }
    core.finish()
    return Double(count) * 1e6 / Double(core.now)
  }
  private static func commands(_ timing: TimingParameters, _ count: Int) -> Double {
    var core = TimedCore<TheoryRules, NoTrace>.theory(timing, tracer: NoTrace())
    core.write(count)
    core.finish()
    return Double(count) * 1e6 / Double(core.now)
  }
}
