import GICArch

@testable import GICModel

/// Rules without tables: event e of device d is LPI 8192 + 64 d + e of collection e mod
/// `collections` at PE e mod `pes`; commands are scripts of what they report. Lower INTIDs win.
struct FakeRules: MachineRules {
  struct LPI: Hashable {
    var pe: PEIndex
    var intid: INTID
  }
  var recorder: Recorder
  var deviceLevels = 1
  var collections = 4
  var peCount: Int
  /// Devices above this are not mapped.
  var lastDevice: UInt32 = 1000
  var script: [[StageEvent]] = []
  /// How many of `script` the guest has written, had granted, and seen retired.
  var written = 0
  var granted = 0
  var retired = 0
  var stallsOnError = false
  var stalled = false
  var pending: Set<LPI> = []
  var arrived: Set<LPI> = []
  var offered: [PEIndex: INTID] = [:] {
    didSet {
      for pe in 0..<peCount where (offered[PEIndex(pe)] != nil) != (oldValue[PEIndex(pe)] != nil) {
        lineChanges.append(
          LineChange(
            pe: PEIndex(pe), levels: lines(of: PEIndex(pe)), sequence: UInt32(lineChanges.count),
            cycle: stamp))
      }
    }
  }
  var lineChanges: [LineChange] = []
  var stamp: UInt64 = 0

  init(recorder: Recorder, peCount: Int) {
    self.recorder = recorder
    self.peCount = peCount
  }

  static func intid(_ device: UInt32, _ event: UInt32) -> INTID {
    INTID(rawValue: 8192 + device * 64 + event)
  }

  func waitingCommands(_ n: ITSIndex) -> Int { stalled ? 0 : written - granted }
  func isStalled(_ n: ITSIndex) -> Bool { stalled }

  /// The script says what a command does; whether there was something to do it to says the state.
  mutating func executeCommand(_ n: ITSIndex) -> ITSCommand? {
    let events = script[granted]
    var isRejected = false
    for event in events {
      switch event {
      case .set(let pe, let intid, _):
        let isNew = pending.insert(LPI(pe: pe, intid: intid)).inserted
        recorder.observe(.set(pe, intid, merged: !isNew))
      case .clear(let pe, let intid, _):
        let wasPending = take(LPI(pe: pe, intid: intid))
        recorder.observe(.clear(pe, intid, wasPending: wasPending))
      case .move(let from, let to, let intid, _):
        let wasPending = from != to && take(LPI(pe: from, intid: intid))
        if wasPending { pending.insert(LPI(pe: to, intid: intid)) }
        recorder.observe(.move(from: from, to: to, intid, wasPending: wasPending))
      case .moveAll(let from, let to, _):
        let moved = pending.filter { $0.pe == from && from != to }
        for lpi in moved {
          take(lpi)
          pending.insert(LPI(pe: to, intid: lpi.intid))
        }
        recorder.observe(.moveAll(from: from, to: to, count: moved.count))
      case .rejected:
        isRejected = true
        stalled = stallsOnError
        recorder.observe(event)
      default: recorder.observe(event)
      }
    }
    if !stalled { granted += 1 }
    return isRejected ? nil : .sync(RDbase(rawValue: 0))
  }

  mutating func retireCommand(_ n: ITSIndex) { retired += 1 }

  mutating func signal(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome {
    recorder.observe(.deviceLookup(device, levels: deviceLevels))
    guard device.rawValue <= lastDevice else {
      recorder.observe(.dropped(.deviceUnmapped))
      return MSIOutcome(.deviceUnmapped)
    }
    let collection = ICID(rawValue: UInt16(Int(event.rawValue) % collections))
    let pe = PEIndex(Int(event.rawValue) % peCount)
    let intid = FakeRules.intid(device.rawValue, event.rawValue)
    recorder.observe(.eventLookup(device, event))
    recorder.observe(.collectionLookup(collection))
    let isNew = pending.insert(LPI(pe: pe, intid: intid)).inserted
    recorder.observe(.set(pe, intid, merged: !isNew))
    return MSIOutcome(isNew ? .set : .merged, intid: intid, collection: collection, pe: pe)
  }

  mutating func arrive(_ intid: INTID, at pe: PEIndex) {
    let lpi = LPI(pe: pe, intid: intid)
    if pending.contains(lpi) { arrived.insert(lpi) }
  }

  func nextUnderWay(after intid: INTID, at pe: PEIndex) -> INTID? {
    pending.filter { $0.pe == pe && $0.intid > intid && !arrived.contains($0) }.map(\.intid).min()
  }
  func isPending(_ intid: INTID, at pe: PEIndex) -> Bool {
    pending.contains(LPI(pe: pe, intid: intid))
  }
  var pendingTableByteCount: Int { 8192 }

  func selectedLPI(of pe: PEIndex) -> (intid: INTID, priority: UInt8)? {
    arrived.filter { $0.pe == pe }.map(\.intid).min().map { ($0, 0xa0) }
  }
  mutating func offer(_ intid: INTID?, to pe: PEIndex) { offered[pe] = intid }
  func offeredLPI(of pe: PEIndex) -> INTID? { offered[pe] }

  /// The PE acknowledges what it is shown.
  mutating func acknowledge(_ pe: PEIndex) {
    guard let intid = offered[pe] else { return }
    take(LPI(pe: pe, intid: intid))
    recorder.observe(.taken(pe, intid))
    recorder.observe(.candidatesChanged(pe))
  }

  /// A read of a register is the number of retired commands; a write adds `data` commands to the
  /// queue; a system register read acknowledges.
  mutating func access(_ access: Access) -> Response {
    let pe = PEIndex(rawValue: access.source)
    switch access.operation {
    case .read: return Response(value: UInt64(retired))
    case .write:
      written += Int(access.data)
      return Response()
    case .systemRegisterRead:
      let intid = offered[pe] ?? .spurious
      acknowledge(pe)
      return Response(lines: lines(of: pe), value: UInt64(intid.rawValue))
    default: return Response(status: .reserved)
    }
  }
  func lines(of pe: PEIndex) -> LineLevels { offered[pe] == nil ? [] : .irq }
  var hasLineChanges: Bool { !lineChanges.isEmpty }
  /// - Returns: whether it was pending.
  @discardableResult private mutating func take(_ lpi: LPI) -> Bool {
    arrived.remove(lpi)
    if offered[lpi.pe] == lpi.intid { offered[lpi.pe] = nil }
    return pending.remove(lpi) != nil
  }
}

typealias FakeCore = TimedCore<FakeRules, NoTrace>
typealias TracedCore = TimedCore<FakeRules, TimingLog>

extension TimedCore where Rules == FakeRules {
  static func fake(
    _ timing: TimingParameters = TimingParameters(), its: Int = 1, pes: Int = 1, tracer: Tracer
  ) -> TimedCore<FakeRules, Tracer> {
    let recorder = Recorder(peCount: pes)
    return TimedCore(
      timing: timing, itsBases: Array([0x0808_0000, 0x080a_0000].prefix(its)), peCount: pes,
      rules: FakeRules(recorder: recorder, peCount: pes), recorder: recorder, tracer: tracer)
  }
}

extension TimedCore where Rules == FakeRules, Tracer == NoTrace {
  static func fake(
    _ timing: TimingParameters = TimingParameters(), its: Int = 1, pes: Int = 1
  ) -> FakeCore { fake(timing, its: its, pes: pes, tracer: NoTrace()) }
}

extension TimedCore where Rules == FakeRules {
  mutating func submit(_ device: UInt32, _ event: UInt32, its n: ITSIndex = 0) {
    submit(DeviceID(rawValue: device), EventID(rawValue: event), its: n)
  }

  /// The guest writes `commands` to the queue of ITS 0.
  mutating func write(_ commands: [StageEvent]...) {
    rules.script += commands
    rules.written += commands.count
    commandsChanged(0)
  }

  mutating func acknowledge(_ pe: Int) {
    recorder.clear()
    rules.acknowledge(PEIndex(pe))
    takeEffects()
  }

}

extension TimingParameters {
  // The closed forms of an isolated transaction, from the parameters alone.

  /// All lines cached.
  var warmMSI: UInt64 {
    msiAcceptCycles + arbiterCycles + deviceLookupCycles + eventLookupCycles
      + collectionLookupCycles + linkFormatCycles + linkBeats + linkHops * hopCycles
      + lpiLookupCycles
      + hppiSelectCycles + downstreamCycles + acceptanceCycles
  }
  /// No line cached: device (`levels` reads), event, collection and property.
  func coldMSI(levels: UInt64) -> UInt64 { warmMSI + (levels + 3) * memoryLatencyCycles }
  /// A command that makes `reads` table reads.
  func command(reads: UInt64) -> UInt64 {
    (1 + reads) * memoryLatencyCycles + commandDecodeCycles + commandOperationCycles
      + commandRetireCycles
  }
  var syncCommand: UInt64 {
    command(reads: 0) + linkBeats + linkHops * hopCycles + lpiLookupCycles + linkReturnCycles
  }
}
