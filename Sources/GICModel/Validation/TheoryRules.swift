import GICArch

/// Rules without tables, for runs that theory can tell the outcome of: event e of device d is LPI
/// 8192 + 64 d + e, at most 2^16 of them, of collection e modulo 16 at PE e modulo the PEs.
/// Commands do what a script says, again and again. A PE is shown its LPIs in the order of their
/// arrival.
struct TheoryRules: TransactionRules {
  var recorder: Recorder
  let peCount: Int
  var stamp: UInt64 = 0
  /// Every MSI finds its LPI pending: it ends at the LPI unit.
  var merges = true
  /// Which tables a translation looks at, of device, event and collection: the first so many.
  var lookups = 3
  /// Reads of a device table miss.
  var levels = 1
  var script: [StageEvent] = []
  /// Commands written, granted and retired.
  var written = 0
  var granted = 0
  private(set) var retired = 0
  /// Commands that looked a device up.
  private(set) var walks: UInt64 = 0
  /// By PE: what has arrived, and what it is shown.
  private var arrived: [[INTID]]
  private var offered: [INTID?]
  /// PEs that are shown something new.
  var shown: [PEIndex] = []

  init(recorder: Recorder, peCount: Int) {
    (self.recorder, self.peCount) = (recorder, peCount)
    arrived = Array(repeating: [], count: peCount)
    offered = Array(repeating: nil, count: peCount)
  }

  /// What commands do, one each.
  static func scripts(syncs: Bool) -> [[StageEvent]] {
    let (device, event) = (DeviceID(rawValue: 3), EventID(rawValue: 0))
    let walk: [StageEvent] = [
      .deviceLookup(device, levels: 1), .eventLookup(device, event),
      .collectionLookup(ICID(rawValue: 0)),
    ]
    let lpi = intid(3, 0)
    let all: [[StageEvent]] = [
      [.deviceWritten(device)], [.collectionWritten(ICID(rawValue: 1))],
      [walk[0], .eventWritten(device, event)], walk + [.invalidate(PEIndex(0), lpi)],
      walk + [.clear(PEIndex(0), lpi, wasPending: false)],
      walk + [.set(PEIndex(0), lpi, merged: true)],
      [walk[0], .rejected(.intUnmappedInterrupt)],
    ]
    return syncs ? all + [[.synchronize(PEIndex(0))]] : all
  }

  func waitingCommands(_ n: ITSIndex) -> Int { written - granted }
  func isStalled(_ n: ITSIndex) -> Bool { false }
  mutating func executeCommand(_ n: ITSIndex) -> ITSCommand? {
    for event in script {
      if case .deviceLookup = event { walks += 1 }
      recorder.observe(event)
    }
    granted += 1
    return .sync(RDbase(rawValue: 0))
  }
  mutating func retireCommand(_ n: ITSIndex) { retired += 1 }

  static func intid(_ device: UInt32, _ event: UInt32) -> INTID {
    INTID(rawValue: 8192 + (device &* 64 &+ event) & 0xffff)
  }
  func pe(_ event: UInt32) -> PEIndex { PEIndex(Int(event) % peCount) }

  mutating func signal(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome {
    recorder.observe(.deviceLookup(device, levels: levels))
    if lookups > 1 { recorder.observe(.eventLookup(device, event)) }
    let collection = ICID(rawValue: UInt16(event.rawValue & 15))
    if lookups > 2 { recorder.observe(.collectionLookup(collection)) }
    let (pe, intid) = (pe(event.rawValue), Self.intid(device.rawValue, event.rawValue))
    recorder.observe(.set(pe, intid, merged: merges))
    return MSIOutcome(merges ? .merged : .set, intid: intid, collection: collection, pe: pe)
  }

  mutating func arrive(_ intid: INTID, at pe: PEIndex) { arrived[pe.index].append(intid) }
  func nextUnderWay(after intid: INTID, at pe: PEIndex) -> INTID? { nil }
  func isPending(_ intid: INTID, at pe: PEIndex) -> Bool { !merges }
  var pendingTableByteCount: Int { 8192 }
  func selectedLPI(of pe: PEIndex) -> (intid: INTID, priority: UInt8)? {
    arrived[pe.index].first.map { ($0, 0xa0) }
  }
  mutating func offer(_ intid: INTID?, to pe: PEIndex) {
    offered[pe.index] = intid
    shown.append(pe)
  }
  func offeredLPI(of pe: PEIndex) -> INTID? { offered[pe.index] }

  /// The PE takes what it is shown.
  mutating func acknowledge(_ pe: PEIndex) {
    guard let intid = offered[pe.index] else { return }
    offered[pe.index] = nil
    arrived[pe.index].removeAll { $0 == intid }
    recorder.observe(.taken(pe, intid))
    recorder.observe(.candidatesChanged(pe))
  }
}

extension TimedCore where Rules == TheoryRules {
  static func theory(
    _ timing: TimingParameters, its: Int = 1, pes: Int = 1, tracer: Tracer
  ) -> TimedCore<TheoryRules, Tracer> {
    let recorder = Recorder(peCount: pes)
    return TimedCore(
      timing: timing, itsBases: (0..<its).map { UInt64($0) << 20 }, peCount: pes,
      rules: TheoryRules(recorder: recorder, peCount: pes), recorder: recorder, tracer: tracer)
  }

  mutating func submit(_ device: UInt32, _ event: UInt32, its n: ITSIndex = 0) {
    submit(DeviceID(rawValue: device), EventID(rawValue: event), its: n)
  }

  /// The guest writes the script's command so many times.
  mutating func write(_ count: Int) {
    rules.written += count
    commandsChanged(0)
  }

  /// Everything ends; PEs take what they are shown at once.
  mutating func finish() {
    while runCycle(through: .max) != nil { acknowledgeShown() }
    watch(at: .max)
  }

  mutating func acknowledgeShown() {
    guard !rules.shown.isEmpty else { return }
    let shown = rules.shown
    rules.shown.removeAll(keepingCapacity: true)
    for pe in shown {
      recorder.clear()
      rules.acknowledge(pe)
      takeEffects()
    }
  }
}

extension TimingParameters {
  /// No cache holds anything.
  var uncached: TimingParameters {
    var timing = self
    timing.deviceCache.entries = 0
    timing.eventCache.entries = 0
    timing.collectionCache.entries = 0
    timing.lpiCache.entries = 0
    return timing
  }

  // The closed forms of a transaction with nothing else under way, from the parameters alone.

  /// From the link's credit until a message has been looked up at the LPI unit.
  func message(far: Bool) -> UInt64 {
    linkFormatCycles + linkBeats + linkHops * hopCycles + (far ? crossChipCycles : 0)
      + lpiLookupCycles
  }
  /// An MSI that is presented after `reads` reads of memory, one after the other.
  func presented(reads: UInt64, far: Bool) -> UInt64 {
    merged(reads: reads, lookups: 3, far: far) + hppiSelectCycles + downstreamCycles
      + acceptanceCycles
  }
  /// An MSI whose LPI is pending already.
  func merged(reads: UInt64, lookups: Int, far: Bool) -> UInt64 {
    let cycles = [deviceLookupCycles, eventLookupCycles, collectionLookupCycles]
    return msiAcceptCycles + arbiterCycles + cycles.prefix(lookups).reduce(0, +)
      + reads * memoryLatencyCycles + message(far: far)
  }
  /// A command that reads `reads` entries; a SYNC goes to its target and back.
  func command(reads: UInt64, sync: Bool, far: Bool) -> UInt64 {
    let engine =
      (1 + reads) * memoryLatencyCycles + commandDecodeCycles + commandOperationCycles
      + commandRetireCycles
    guard sync else { return engine }
    // A SYNC is formatted while its operation runs.
    return engine + message(far: far) - linkFormatCycles + linkReturnCycles
      + (far ? crossChipCycles : 0)
  }
}
