// What a traced machine tells becomes files: a Perfetto trace, a Value Change Dump, a line for each
// MSI, a time series. Each is written as it comes; what is kept is what is under way.

import GICModel

/// Writes what a machine's units do. Give it to a ``GICModel/TracedMachine`` as its sink; call
/// ``finish(at:)`` when the machine has been flushed.
public final class TimingTrace: TimingSink {
  /// Takes the bytes of one file, in order. What it throws is thrown again by ``finish(at:)``.
  public typealias Output = (Span<UInt8>) throws -> Void

  private var writers: TraceWriters

  /// - Parameter configuration: name and hash, for the head of a dump.
  public init(_ shape: TimingShape, configuration: String) {
    writers = TraceWriters(shape, configuration)
  }

  /// Draws a Perfetto trace, which ui.perfetto.dev shows.
  public func drawPerfetto(_ output: @escaping Output) {
    writers.perfetto = PerfettoWriter(writers.shape, TraceOutput(output))
  }
  /// Writes a Value Change Dump, which GTKWave shows.
  public func dumpValues(_ output: @escaping Output) {
    writers.vcd = VCDWriter(
      writers.shape, writers.levels, configuration: writers.configuration, TraceOutput(output))
  }
  /// Writes a line for each MSI.
  public func listMSIs(_ output: @escaping Output) {
    writers.table = MSITableWriter(TraceOutput(output))
  }
  /// Writes a time series.
  /// - Parameter cycles: length of an epoch, at least 1.
  public func countEpochs(
    of cycles: UInt64, format: EpochFormat, _ output: @escaping Output
  ) {
    writers.epochs.append(
      EpochWriter(
        writers.shape, writers.levels, cycles: cycles, format: format, TraceOutput(output)))
  }

  public func take(_ events: Span<TimingEvent>) {
    writers.take(events)
  }

  public func restart() { writers.restart() }

  /// Ends every file.
  /// - Parameter cycle: where the simulation ends.
  /// - Throws: the first error of any output.
  public func finish(at cycle: UInt64) throws { try writers.finish(at: cycle) }
}

/// The writers that are wanted, and what they share.
struct TraceWriters {
  let shape: TimingShape
  let configuration: String
  var levels: Levels
  var live = LiveTransactions()
  var perfetto: PerfettoWriter?
  var vcd: VCDWriter?
  var table: MSITableWriter?
  var epochs: [EpochWriter] = []
  /// Where the machine's present time begins on the files' axis: they go on when it is reset.
  private var offset: UInt64 = 0
  private var latest: UInt64 = 0

  init(_ shape: TimingShape, _ configuration: String) {
    (self.shape, self.configuration) = (shape, configuration)
    levels = Levels(shape)
  }

  mutating func take(_ events: Span<TimingEvent>) {
    for index in events.indices { take(events[index]) }
  }

  @inline(__always) private mutating func take(_ event: TimingEvent) {
    switch event {
    case .level(let level, let unit, let value, let cycle):
      move(to: cycle &+ offset)
      levels.set(level, unit, value)
    case .spent(let serial, let stage, let start, let end):
      guard let place = live.find(serial) else { return }
      if case .msi(let stage) = stage { live[place].stages[stage.rawValue] += end &- start }
      perfetto?.stage(stage, from: start &+ offset, to: end &+ offset, &live[place])
    case .began(let serial, let kind, let its, let device, let event, let cause, let cycle):
      let (place, start) = (live.insert(serial), cycle &+ offset)
      (live[place].kind, live[place].its) = (kind, its)
      (live[place].device, live[place].event) = (device, event)
      (live[place].cause, live[place].start) = (cause, start)
      if cause != 0 {
        live[place].granted = start
        perfetto?.messageBegan(at: start, live[place])
      }
      if kind == .msi {
        move(to: max(start, levels.cycle))
        for index in epochs.indices { epochs[index].arrived(at: levels.cycle) }
      }
    case .granted(let serial, let cycle):
      guard let place = live.find(serial) else { return }
      move(to: cycle &+ offset)
      live[place].granted = cycle &+ offset
      guard live[place].kind == .msi else { return }
      for index in epochs.indices { epochs[index].granted(at: cycle &+ offset) }
    case .decoded(let serial, let opcode):
      guard let place = live.find(serial) else { return }
      live[place].opcode = opcode?.rawValue ?? 0
      perfetto?.commandBegan(at: live[place].granted, &live[place])
    case .routed(let serial, let pe, let intid, let merged):
      guard let place = live.find(serial) else { return }
      (live[place].pe, live[place].intid, live[place].isMerged) = (pe, intid, merged)
      live[place].isRouted = true
    case .ended(let serial, let how, let cycle): end(serial, how, at: cycle &+ offset)
    }
  }

  private mutating func end(_ serial: UInt64, _ how: TimingEnd, at cycle: UInt64) {
    guard let place = live.find(serial) else { return }
    move(to: cycle)
    perfetto?.ended(how, at: cycle, live[place])
    for index in epochs.indices { epochs[index].ended(how, at: cycle, live[place]) }
    if live[place].isInterrupt { table?.row(live[place], how, at: cycle) }
    live.remove(serial)
  }

  /// Time goes on to `cycle`: what the levels were when the cycles before ended is written.
  @inline(__always) private mutating func move(to cycle: UInt64) {
    guard cycle > levels.cycle else { return }
    settle(before: cycle)
    latest = cycle
  }

  private mutating func settle(before cycle: UInt64) {
    levels.settle(before: cycle)
    let at = levels.settledCycle
    for settled in 0..<levels.settledCount {
      let place = Int(levels.settled[settled])
      let level = levels[place]
      perfetto?.level(place, level, at: at)
      vcd?.level(place, level, at: at)
      for index in epochs.indices { epochs[index].level(place, level, at: at) }
    }
  }

  private mutating func listUnended() {
    for serial in live.serials {
      guard let place = live.find(serial), live[place].isInterrupt else { continue }
      table?.row(live[place], nil, at: latest)
    }
  }

  mutating func restart() {
    listUnended()
    live.removeAll()
    levels.restart(shape)
    offset = latest
    perfetto?.restart()
  }

  mutating func finish(at cycle: UInt64) throws {
    let end = max(cycle &+ offset, latest)
    move(to: end)
    settle(before: end &+ 1)
    listUnended()
    try perfetto?.finish()
    try vcd?.finish(at: end)
    try table?.finish()
    for index in epochs.indices { try epochs[index].finish(at: end) }
  }
}
