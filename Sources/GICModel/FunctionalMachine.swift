import GICArch

/// The machine on the functional clock: everything takes effect at once, and the queue is empty
/// when a CWRITER write is answered.
public final class FunctionalMachine: Machine {
  var engine: Engine<NoTiming>

  public init(_ configuration: MachineConfiguration) {
    engine = Engine(configuration: configuration, observer: NoTiming())
  }

  public var configuration: MachineConfiguration { engine.configuration }
  public var cycle: UInt64 { 0 }

  public func map(_ ram: GuestRAM) throws(MemoryError) { try engine.memory.map(ram) }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try engine.memory.unmap(address)
  }

  public func perform(_ access: Access) -> Response { engine.access(access) }

  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 { 0 }

  public func pending(of pe: PEIndex) -> PendingInterrupt? { engine.pending(of: pe) }

  public func drainLineChanges(into changes: inout [LineChange]) {
    engine.drainLineChanges(into: &changes)
  }
  public func flushPendingTables() { engine.flushPendingTables() }
  public func reset() {
    engine.reset()
  }

  public func statistics() -> MachineStatistics {
    var statistics = MachineStatistics(clock: .functional)
    engine.report(into: &statistics)
    return statistics
  }
}

/// The machine that a configuration describes, on the clock that it names.
public func makeMachine(_ configuration: MachineConfiguration) -> any Machine {
  switch configuration.clock {
  case .functional: FunctionalMachine(configuration)
  case .timed: TimedMachine(configuration)
  }
}
