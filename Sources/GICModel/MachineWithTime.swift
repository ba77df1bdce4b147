import GICArch

/// A machine around a ``TimedCore``. What ``TimedMachine`` and ``TracedMachine`` answer alike they
/// answer here. They are no generic class, which would be slower behind ``Machine``; and what
/// clients ask for all the time each has itself.
protocol MachineWithTime: Machine {
  associatedtype Tracer: TimingTracer
  var core: TimedCore<Engine<Recorder>, Tracer> { get set }
  var meter: LevelMeter { get }
}

extension MachineWithTime {
  public var configuration: MachineConfiguration { core.rules.configuration }
  public var cycle: UInt64 { core.now }
  public var horizon: UInt64 { core.horizon }

  public func map(_ ram: GuestRAM) throws(MemoryError) { try core.rules.memory.map(ram) }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try core.rules.memory.unmap(address)
  }

  public func pending(of pe: PEIndex) -> PendingInterrupt? { core.rules.pending(of: pe) }
  public func lines(of pe: PEIndex) -> LineChange? {
    core.rules.has(pe) ? core.rules.lineState(of: pe) : nil
  }
  public var hasLineChanges: Bool { core.rules.hasLineChanges }
  public func drainLineChanges(into changes: inout [LineChange]) {
    core.rules.drainLineChanges(into: &changes)
  }
  public func flushPendingTables() { core.rules.flushPendingTables() }

  public func statistics() -> MachineStatistics {
    var statistics = MachineStatistics(clock: .timed)
    core.leaveExpress()
    core.rules.report(into: &statistics)
    core.report(into: &statistics)
    meter.report(into: &statistics, at: core.now)
    return statistics
  }
}

extension TimedCore where Rules == Engine<Recorder> {
  init(_ configuration: MachineConfiguration, tracer: Tracer) {
    let peCount = configuration.shape.affinities.count
    let recorder = Recorder(peCount: peCount)
    self.init(
      timing: configuration.timing, itsBases: configuration.firstITSBases, peCount: peCount,
      rules: Engine(configuration: configuration, observer: recorder), recorder: recorder,
      tracer: tracer)
  }
}
