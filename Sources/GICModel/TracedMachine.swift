import GICArch

/// A ``TimedMachine`` that tells a sink all that its units do: the same cycles, answers and
/// statistics, and slower. It is a class of its own so that a machine that nobody traces does not
/// even ask.
public final class TracedMachine: Machine {
  private let place: Slab<TimedCore<Engine<Recorder>, BatchTracer>>
  let meter: LevelMeter

  public init(_ configuration: MachineConfiguration, sink: any TimingSink) {
    let peCount = configuration.shape.affinities.count
    let recorder = Recorder(peCount: peCount)
    let meter = LevelMeter(TimingShape(configuration))
    self.meter = meter
    place = Slab(count: 1) { _ in
      TimedCore(
        timing: configuration.timing, itsBases: configuration.firstITSBases, peCount: peCount,
        rules: Engine(configuration: configuration, observer: recorder), recorder: recorder,
        tracer: BatchTracer(sink, meter))
    }
  }

  deinit {
    place.deallocate()
    meter.deallocate()
  }

  /// In a place of its own, so that nobody asks whether it may be changed.
  var core: TimedCore<Engine<Recorder>, BatchTracer> {
    @inline(__always) _read { yield place[0] }
    @inline(__always) _modify { yield &place[0] }
  }

  /// Hands the sink what it has not been told yet.
  public func flushTrace() { core.tracer.flush() }

  public var configuration: MachineConfiguration { core.rules.configuration }
  public var cycle: UInt64 { core.now }
  public var horizon: UInt64 { core.horizon }

  public func map(_ ram: GuestRAM) throws(MemoryError) { try core.rules.memory.map(ram) }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try core.rules.memory.unmap(address)
  }

  public func perform(_ access: Access) -> Response { core.perform(access) }
  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    core.advance(to: cycle, until: condition)
  }
  public func pending(of pe: PEIndex) -> PendingInterrupt? { core.rules.pending(of: pe) }
  public var hasLineChanges: Bool { core.rules.hasLineChanges }
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
    core.events(from: sequence, limit: limit)
  }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? { core.explain(device, event, at: address) }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? { core.tables(at: address, device: device, limit: limit) }
  public func registers(of pe: PEIndex) -> [RegisterValue]? { core.registers(of: pe) }
}
