import GICArch

/// A ``TimedMachine`` that tells a sink all that its units do: the same cycles, answers and
/// statistics, and slower. It is a class of its own so that a machine that nobody traces does not
/// even ask.
public final class TracedMachine: MachineWithTime {
  private let place: Slab<TimedCore<Engine<Recorder>, BatchTracer>>
  let meter: LevelMeter

  public init(_ configuration: MachineConfiguration, sink: any TimingSink) {
    let meter = LevelMeter(TimingShape(configuration))
    self.meter = meter
    place = Slab(count: 1) { _ in TimedCore(configuration, tracer: BatchTracer(sink, meter)) }
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

  public func perform(_ access: Access) -> Response { core.perform(access) }
  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    core.advance(to: cycle, until: condition)
  }

  public func reset() {
    core.rules.stamp = 0
    core.rules.reset()
    core.reset()
    meter.reset()
    core.tracer.restart()
  }
}
