import GICArch

/// A machine whose transactions take cycles: grants, caches, table reads, links and queues as
/// ``TimingParameters`` says. Deterministic: the same accesses at the same cycles give the same
/// answers, line changes and statistics, on every host.
///
/// - An access at a cycle is answered with the state at that cycle, after everything else that
///   happens at it. One with a cycle in the past is taken as of now, and counted (event
///   `LATE_ACCESS`). A register access itself takes no time.
/// - An untimed access is answered after everything that was under way before it, and what it
///   caused, has ended.
/// - An MSI is answered with ``MSIOutcome/Kind/accepted`` at its own cycle; what becomes of it
///   shows later. An MSI that reaches no ITS, or whose EventID no MSI can carry, is answered at
///   once.
/// - LPIs take their way through the units. SGIs, PPIs and SPIs change the lines at the access'
///   cycle.
public final class TimedMachine: Machine {
  private let place: Slab<TimedCore<Engine<Recorder>, LevelMeter>>
  let meter: LevelMeter

  public init(_ configuration: MachineConfiguration) {
    let peCount = configuration.shape.affinities.count
    let recorder = Recorder(peCount: peCount)
    let meter = LevelMeter(TimingShape(configuration))
    self.meter = meter
    place = Slab(count: 1) { _ in
      TimedCore(
        timing: configuration.timing,
        itsBases: configuration.firstITSBases,
        peCount: peCount, rules: Engine(configuration: configuration, observer: recorder),
        recorder: recorder, tracer: meter)
    }
  }

  deinit {
    place.deallocate()
    meter.deallocate()
  }

  /// In a place of its own, so that nobody asks whether it may be changed.
  var core: TimedCore<Engine<Recorder>, LevelMeter> {
    @inline(__always) _read { yield place[0] }
    @inline(__always) _modify { yield &place[0] }
  }

  public var configuration: MachineConfiguration { core.rules.configuration }
  public var cycle: UInt64 { core.now }
  public var horizon: UInt64 { core.horizon }

  public func map(_ ram: GuestRAM) throws(MemoryError) { try core.rules.memory.map(ram) }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try core.rules.memory.unmap(address)
  }

  public func perform(_ access: Access) -> Response { core.perform(access) }

  /// Returns at once if the condition holds already. A line change that was not handed out yet
  /// (``drainLineChanges(into:)``) is a change. If `cycle` is `.max`, time stops where nothing is
  /// under way any more.
  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    core.advance(to: cycle, until: condition)
  }

  public func pending(of pe: PEIndex) -> PendingInterrupt? { core.rules.pending(of: pe) }

  public func drainLineChanges(into changes: inout [LineChange]) {
    core.rules.drainLineChanges(into: &changes)
  }

  public func flushPendingTables() { core.rules.flushPendingTables() }

  /// As after power-on: what was under way is gone, and time starts again at 0. Mapped RAM stays.
  public func reset() {
    core.rules.stamp = 0
    core.rules.reset()
    core.reset()
    meter.reset()
  }

  public func statistics() -> MachineStatistics {
    var statistics = MachineStatistics(clock: .timed)
    core.leaveExpress()
    core.rules.report(into: &statistics)
    core.report(into: &statistics)
    meter.report(into: &statistics, at: core.now)
    return statistics
  }
}
