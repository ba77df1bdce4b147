import GICArch

/// A ``TimedMachine`` that tells a sink all that its units do: the same cycles, answers and
/// statistics, and slower. It is a class of its own so that a machine that nobody traces does not
/// even ask.
public final class TracedMachine: Machine {
  var core: TimedCore<Engine<Recorder>, BatchTracer>
  private let meter: LevelMeter

  public init(_ configuration: MachineConfiguration, sink: any TimingSink) {
    let peCount = configuration.shape.affinities.count
    let recorder = Recorder(peCount: peCount)
    meter = LevelMeter(TimingShape(configuration))
    core = TimedCore(
      timing: configuration.timing, itsBases: configuration.shape.itsBases, peCount: peCount,
      rules: Engine(configuration: configuration, observer: recorder), recorder: recorder,
      tracer: BatchTracer(sink, meter))
  }

  deinit { meter.deallocate() }

  /// Hands the sink what it has not been told yet.
  public func flushTrace() { core.tracer.flush() }

  public var configuration: MachineConfiguration { core.rules.configuration }
  public var cycle: UInt64 { core.now }

  public func map(_ ram: GuestRAM) throws(MemoryError) { try core.rules.memory.map(ram) }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try core.rules.memory.unmap(address)
  }

  public func perform(_ access: Access) -> Response { core.perform(access) }
  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    core.advance(to: cycle, until: condition)
  }
  public func drainLineChanges(into changes: inout [LineChange]) {
    core.rules.drainLineChanges(into: &changes)
  }
  public func flushPendingTables() { core.rules.flushPendingTables() }

  public func reset() {
    core.rules.stamp = 0
    core.rules.reset()
    core.reset()
    meter.reset()
    core.tracer.restart()
  }

  public func statistics() -> MachineStatistics {
    var statistics = MachineStatistics(clock: .timed)
    core.rules.report(into: &statistics)
    core.report(into: &statistics)
    meter.report(into: &statistics, at: core.now)
    return statistics
  }

  public func events(from sequence: UInt64, limit: Int) -> EventBatch {
    core.rules.log[0].batch(from: sequence, limit: limit)
  }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? {
    var story = core.rules.explain(device, event, its: core.rules.itsIndex(of: address))
    story.cycle = core.now
    return story
  }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? {
    let n = core.rules.itsIndex(of: address)
    return n < 0 ? nil : core.rules.tables(n, device: device, limit: limit)
  }
  public func registers(of pe: PEIndex) -> [RegisterValue]? {
    core.rules.has(pe) ? core.rules.registers(of: pe) : nil
  }
}
