import GICModel

/// Draws what the timed units do as a Perfetto trace: a track a unit, a slice a stage, arrows along
/// the way of each MSI, counters for queues and credits. One nanosecond of the trace is one cycle
/// of the GIC clock, whatever its frequency: so no cycle is rounded away.
struct PerfettoWriter {
  private var packets: PerfettoPacket
  private let shape: TimingShape
  private var processes: [PerfettoProcess: UInt64] = [:]
  /// By place; the PEs' tracks come last.
  private var lanes: PerfettoLanes
  /// By place in ``Levels/levels``; 0: not written yet.
  private let counters: TraceStore<UInt64>
  private var lastUUID: UInt64 = 0
  /// Added to serials, so that the arrows of two lives of a machine stay apart.
  private var flowBase: UInt64 = 0
  private var lastSerial: UInt64 = 0

  init(_ shape: TimingShape, _ output: TraceOutput) {
    self.shape = shape
    packets = PerfettoPacket(output)
    let tracks = PerfettoTrack.allCases.count
    lanes = PerfettoLanes(
      trackCount: (shape.itsCount + shape.peCount) * tracks
        + shape.lpiUnitCount * (shape.bankCount + tracks))
    counters = TraceStore(
      repeating: 0, count: TimingLevel.allCases.reduce(0) { $0 + shape.unitCount($1) })
    packets.names(
      events: PerfettoNames.events,
      notes: PerfettoNames.Note.allCases.map { ($0.rawValue, $0.name) })
  }

  mutating func finish() throws { try packets.finish() }

  mutating func restart() {
    flowBase += lastSerial
    lastSerial = 0
  }

  private mutating func uuid() -> UInt64 {
    lastUUID += 1
    return lastUUID
  }

  private mutating func uuid(of process: PerfettoProcess) -> UInt64 {
    if let known = processes[process] { return known }
    let new = uuid()
    processes[process] = new
    packets.track(new, process.name, .process(pid: process.pid))
    return new
  }

  /// Where a transaction is, as far as tracks ask.
  private struct Whereabouts {
    var its: Int
    var pe: UInt32
    var intid: UInt32
    @inline(__always) init(_ transaction: borrowing LiveTransaction) {
      (its, pe, intid) = (transaction.its, transaction.pe, transaction.intid)
    }
  }

  /// The process that a kind of track belongs to, and the place of its lanes.
  @inline(__always) private func home(
    _ track: PerfettoTrack, _ transaction: Whereabouts
  ) -> (PerfettoProcess, place: Int) {
    let tracks = PerfettoTrack.allCases.count
    switch track {
    case .bank, .propertyMemory:
      let unit = shape.lpiUnit(ofPE: Int(transaction.pe))
      let base = (shape.itsCount &+ shape.peCount) &* tracks
      let place =
        track == .bank
        ? shape.bank(ofPE: Int(transaction.pe), intid: Int(transaction.intid))
        : shape.lpiUnitCount &* shape.bankCount &+ unit &* tracks &+ Int(track.rawValue)
      return (.lpiUnit(unit), base &+ place)
    case .pending, .pendingMemory, .select, .downstream, .cpuInterface:
      let pe = Int(transaction.pe)
      return (.pe(pe), (shape.itsCount &+ pe) &* tracks &+ Int(track.rawValue))
    case .outside, .ingress, .commandQueue, .commandFetch, .arbiter, .commandEngine, .deviceCache,
      .eventCache, .collectionCache, .tableMemory, .linkQueue, .link:
      return (.its(transaction.its), transaction.its &* tracks &+ Int(track.rawValue))
    }
  }

  @inline(__always) private mutating func lane(
    _ track: PerfettoTrack, _ transaction: Whereabouts, _ start: UInt64, _ end: UInt64
  ) -> UInt64 {
    let (process, place) = home(track, transaction)
    if let free = lanes.take(place, from: start, to: end) { return free }
    return addLane(track, transaction, of: process, at: place, until: end)
  }

  @inline(never) private mutating func addLane(
    _ track: PerfettoTrack, _ transaction: Whereabouts, of process: PerfettoProcess,
    at place: Int, until end: UInt64
  ) -> UInt64 {
    let parent = uuid(of: process)
    let new = uuid()
    var name = track.name
    if track == .bank { name += " \(Int(transaction.intid) % shape.bankCount)" }
    packets.track(new, name, .slices(parent: parent, rank: track.rawValue))
    lanes.add(new, to: place, until: end)
    return new
  }

  /// A transaction has spent the cycles from `start` to `end` in a stage.
  mutating func stage(
    _ stage: TimingStage, from start: UInt64, to end: UInt64,
    _ transaction: inout LiveTransaction
  ) {
    lastSerial = max(lastSerial, transaction.serial)
    switch stage {
    case .msi(let stage):
      let track = lane(PerfettoTrack(stage), Whereabouts(transaction), start, end)
      let notes = introduction(&transaction)
      packets.event(
        .begin, at: start, track: track, name: PerfettoNames.number(stage),
        flow: flowBase &+ transaction.serial, notes: notes)
      packets.event(.end, at: end, track: track)
    case .command(let stage):
      let kind = PerfettoTrack(stage)
      // The engine has one command at a time: its stages lie inside the slice of the command.
      let track =
        kind == .commandEngine
        ? engine(transaction) : lane(kind, Whereabouts(transaction), start, end)
      if stage == .stall, transaction.isExecuting {
        // Where it began to stand still, the engine let go of it.
        transaction.isExecuting = false
        packets.event(.end, at: start, track: track)
      }
      packets.event(
        .begin, at: start, track: track, name: PerfettoNames.number(stage))
      packets.event(.end, at: end, track: track)
    }
  }

  /// The names of an MSI, as far as they are known and were not told before: at its first slice,
  /// and at the first after its grant.
  private func introduction(
    _ transaction: inout LiveTransaction
  ) -> (InlineArray<5, UInt64>, mask: UInt8)? {
    var values = InlineArray<5, UInt64>(repeating: 0)
    var mask: UInt8 = 0
    if !transaction.isIntroduced {
      transaction.isIntroduced = true
      values[0] = transaction.serial
      mask |= 1
      if transaction.kind == .msi {
        values[1] = UInt64(transaction.device)
        values[2] = UInt64(transaction.event)
        mask |= 0b110
      }
    }
    if transaction.isRouted {
      transaction.isRouted = false
      values[3] = UInt64(transaction.pe)
      values[4] = UInt64(transaction.intid)
      mask |= 0b11000
    }
    return mask == 0 ? nil : (values, mask)
  }

  /// The engine's track: one lane, always free, since its slices lie inside each other.
  private mutating func engine(_ transaction: borrowing LiveTransaction) -> UInt64 {
    lane(.commandEngine, Whereabouts(transaction), .max, 0)
  }

  /// A command is granted: its slice begins.
  mutating func commandBegan(at cycle: UInt64, _ transaction: inout LiveTransaction) {
    transaction.isExecuting = true
    var values = InlineArray<5, UInt64>(repeating: 0)
    values[0] = transaction.serial
    packets.event(
      .begin, at: cycle, track: engine(transaction),
      name: PerfettoNames.number(opcode: transaction.opcode), notes: (values, mask: 1))
  }

  /// A command sends a message: an arrow goes from here to where the message is next.
  mutating func messageBegan(at cycle: UInt64, _ transaction: borrowing LiveTransaction) {
    packets.event(
      .instant, at: cycle, track: engine(transaction),
      name: PerfettoNames.number(transaction.kind), flow: flowBase &+ transaction.serial)
  }

  mutating func ended(
    _ how: TimingEnd, at cycle: UInt64, _ transaction: borrowing LiveTransaction
  ) {
    if transaction.kind == .command {
      if transaction.isExecuting {
        packets.event(.end, at: cycle, track: engine(transaction))
      }
    } else if transaction.isInterrupt, how == .dropped || how == .taken || how == .merged {
      let track: PerfettoTrack =
        how == .dropped ? .arbiter : how == .merged ? .bank : .pending
      let lane = lane(track, Whereabouts(transaction), cycle, cycle)
      packets.event(
        .instant, at: cycle, track: lane, name: PerfettoNames.number(how),
        flow: flowBase &+ transaction.serial)
    }
  }

  /// A queue's depth or the number of free credits from `cycle` on.
  mutating func level(_ place: Int, _ level: Levels.Level, at cycle: UInt64) {
    guard !level.level.isState else { return }
    if counters[place] == 0 {
      let process: PerfettoProcess =
        switch level.level.owner {
        case .its: .its(level.unit)
        case .bank: .lpiUnit(level.unit / shape.bankCount)
        case .lpiUnit: .lpiUnit(level.unit)
        case .pe: .pe(level.unit)
        }
      let parent = uuid(of: process)
      counters[place] = uuid()
      var name = Format.words(level.level.name)
      if level.level.owner == .bank { name = "bank \(level.unit % shape.bankCount) queue" }
      packets.track(
        counters[place], name, .counter(parent: parent, rank: 32 + level.level.rawValue))
      packets.counter(UInt64(shape.reset(level.level)), at: 0, track: counters[place])
    }
    packets.counter(UInt64(max(0, level.value)), at: cycle, track: counters[place])
  }
}
