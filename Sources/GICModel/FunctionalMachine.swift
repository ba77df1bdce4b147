import GICArch

/// The machine on the functional clock: everything takes effect at once, and the queue is empty
/// when a CWRITER write is answered.
///
/// A machine begins with one lane, and whoever has it is alone with the machine. ``makeLane()``
/// makes further ones: each may then be used by a thread of its own at the same time, through all
/// of these functions, and the lines that a lane's work has changed are in that lane. One lane is
/// used by one thread at a time.
public final class FunctionalMachine: Machine, @unchecked Sendable {
  private let lanes: Lanes
  private let place: Slab<Engine<NoTiming>>

  public init(_ configuration: MachineConfiguration) {
    place = Slab(count: 1) { _ in Engine(configuration: configuration, observer: NoTiming()) }
    lanes = Lanes(place)
  }

  private init(beside lanes: Lanes) {
    let number = lanes.engines.count
    let first = lanes.engines[0]
    place = Slab(count: 1) { _ in
      Engine(beside: first[0], observer: NoTiming(), lane: number)
    }
    self.lanes = lanes
    lanes.add(place)
  }

  /// A further lane of the same machine, 63 at most. Its statistics are the machine's. Lanes last
  /// as long as the machine, which lasts as long as anybody has one of its lanes. No lane may be at
  /// work meanwhile.
  public func makeLane() -> FunctionalMachine {
    precondition(lanes.engines.count < World.laneLimit, "a machine has 64 lanes at most")
    return FunctionalMachine(beside: lanes)
  }

  /// This lane's engine.
  var engine: Engine<NoTiming> {
    _read { yield place[0] }
    _modify { yield &place[0] }
  }

  public var configuration: MachineConfiguration { engine.configuration }
  public var cycle: UInt64 { 0 }

  /// Does an access to the end, waiting for other lanes where it must. ``begin(_:)`` does not wait.
  public func perform(_ access: Access) -> Response {
    if !engine.hasLanes {
      var response = engine.access(access)
      if let n = engine.takeWoken() {
        engine.drain(n)
        response.lines = engine.lines(of: access.source)
      }
      return response
    }
    switch begin(access) {
    case .done(let response): return response
    case .working(var work):
      var patience = Patience()
      while true {
        if let response = resume(&work) { return response }
        patience.wait()
      }
    }
  }

  /// What other lanes were doing when ``StopCondition/idle`` is asked for has ended when this
  /// returns; a ``QueueWork`` that somebody has is not waited for.
  public func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    if condition == .idle {
      engine.enterAlone()
      engine.leaveAlone()
    }
    return 0
  }

  public func pending(of pe: PEIndex) -> PendingInterrupt? {
    guard engine.hasLanes else { return engine.pending(of: pe) }
    guard engine.has(pe) else { return nil }
    return engine.pendingBeside(pe)
  }

  public func lines(of pe: PEIndex) -> LineChange? {
    guard engine.has(pe) else { return nil }
    guard engine.hasLanes else { return engine.lineState(of: pe) }
    engine.enter(Engine<NoTiming>.isInside)
    defer { engine.leave() }
    return engine.lineState(of: pe)
  }

  public func drainLineChanges(into changes: inout [LineChange]) {
    engine.drainLineChanges(into: &changes)
  }
}

// What is done alone.
extension FunctionalMachine {
  public func map(_ ram: GuestRAM) throws(MemoryError) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    try engine.memory.map(ram)
  }
  public func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    try engine.memory.unmap(address)
  }

  public func flushPendingTables() {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    engine.flushPendingTables()
  }

  /// The line changes that it brings are in this lane; what the others' hold stays there.
  public func reset() {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    engine.reset()
    for other in lanes.engines { other[0].counts.reset() }
  }

  /// What all lanes have counted is counted in this one from now on.
  func gatherCounts() {
    for other in lanes.engines where other[0].lane != engine.lane {
      engine.counts.add(other[0].counts)
      other[0].counts.reset()
    }
  }

  public func statistics() -> MachineStatistics {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    var statistics = MachineStatistics(clock: .functional)
    var sum = EngineCounts()
    defer { sum.deallocate() }
    for other in lanes.engines { sum.add(other[0].counts) }
    sum.report(into: &statistics)
    engine.reportPEs(into: &statistics)
    if engine.hasLanes { statistics.queueWaits = lanes.engines.map { $0[0].counts.waits } }
    return statistics
  }

  public func events(from sequence: UInt64, limit: Int) -> EventBatch {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.log[0].batch(from: sequence, limit: limit)
  }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.explain(device, event, its: engine.itsIndex(of: address))
  }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    let n = engine.itsIndex(of: address)
    guard n >= 0 else { return nil }
    var dump = engine.tables(n, device: device, limit: limit)
    for other in lanes.engines where other[0].lane != engine.lane {
      dump.add(other[0].counts.deliveries)
    }
    return dump
  }
  public func registers(of pe: PEIndex) -> [RegisterValue]? {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.has(pe) ? engine.registers(of: pe) : nil
  }
}

// Many at once.
extension FunctionalMachine {
  /// MSIs in one announcement.
  static var sectionLength: Int { 64 }

  /// Sends MSIs, one after the other, for less than each alone would cost.
  /// - Parameters:
  ///   - messages: accesses whose operation is ``Access/Operation/msi``; any other is done as it
  ///     is.
  ///   - outcomes: a packed ``MSIOutcome`` for each, in order; as long as `messages`.
  public func signal(_ messages: Span<Access>, outcomes: inout MutableSpan<UInt64>) {
    precondition(messages.count == outcomes.count)
    var next = 0
    while next < messages.count {
      let end = Swift.min(next &+ Self.sectionLength, messages.count)
      let isBeside = engine.hasLanes
      if isBeside { engine.enter(Engine<NoTiming>.isReading) }
      next = engine.signalRun(messages, next, end, &outcomes)
      if isBeside { engine.leave() }
      // The one that was not known goes the long way.
      guard next < end else { continue }
      outcomes[next] = perform(messages[next]).value
      next &+= 1
    }
  }
}

extension Engine where Observer == NoTiming {
  /// Sends messages from `start` on, up to `end` or one that is not known.
  /// - Returns: where it stopped.
  fileprivate mutating func signalRun(
    _ messages: Span<Access>, _ start: Int, _ end: Int, _ outcomes: inout MutableSpan<UInt64>
  ) -> Int {
    guard !hasLanes || facts.runsBeside else { return start }
    for index in start..<end {
      let message = messages[index]
      let n = itsIndex(of: message.address)
      guard message.operation == .msi, message.data &>> 32 == 0, n >= 0,
        let outcome = signalKnown(
          DeviceID(rawValue: message.source),
          EventID(rawValue: UInt32(truncatingIfNeeded: message.data)), its: n)
      else { return index }
      outcomes[index] = outcome.packed
    }
    return end
  }
}

/// The engines of a machine's lanes, the first of which owns the storage.
private final class Lanes {
  private(set) var engines: [Slab<Engine<NoTiming>>]

  init(_ first: Slab<Engine<NoTiming>>) { engines = [first] }
  deinit { for engine in engines.reversed() { engine.deallocate() } }

  func add(_ engine: Slab<Engine<NoTiming>>) {
    engines.append(engine)
    for other in engines { other[0].hasLanes = true }
    engines[0][0].world[0].laneCount.store(engines.count, ordering: .releasing)
  }
}

/// The machine that a configuration describes, on the clock that it names.
public func makeMachine(_ configuration: MachineConfiguration) -> any Machine {
  switch configuration.clock {
  case .functional: FunctionalMachine(configuration)
  case .timed: TimedMachine(configuration)
  }
}
