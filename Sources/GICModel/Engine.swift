// The functional machine: owns every room and knows the order of the day. Time is laid over it by
// an observer; no rule here reads a cycle.

import GICArch
import Synchronization

/// Which ITS of a machine, from 0.
typealias ITSIndex = Int

/// All architectural state of one machine, and the rules that move it.
struct Engine<Observer: EngineObserver>: ~Copyable {
  let configuration: MachineConfiguration
  /// The configuration's; here because every command asks for it.
  let profile: Profile
  let facts: Facts
  var observer: Observer
  let memory: GuestMemory
  let its: Slab<ITSState>
  /// Where the frames of each ITS lie: looked at by any lane before it is inside.
  let places: Slab<ITSPlace>
  let pes: Slab<PEState>
  let properties: Slab<PropertyTable>
  /// One an LPI, from INTID 8192, where LPIs are shared by the machine; else none.
  let homes: Slab<LPIHome>
  /// PE of each Processor_Number where the configuration numbers them; else none.
  private(set) var numbered: [ProcessorNumber: PEIndex] = [:]
  let distributor: Distributor
  var counts = EngineCounts()
  /// One element, so that all lanes see the same.
  let devices: Slab<DeviceState>
  /// The table entry at which the walk that failed last ended, until the failure is logged.
  var lastEntry: TableEntry?
  let world: Slab<World>
  /// Which lane this is, from 0. The first one's engine owns the storage.
  let lane: Int
  /// There are others.
  var hasLanes = false
  /// What the lane's announcement was last, without the mode. It is an atomic so that the engine
  /// is a value that stays where it is: else the compiler moves all of it to and fro.
  private let number = Atomic<UInt64>(0)
  var workNumber: UInt64 {
    @inline(__always) get { number.load(ordering: .relaxed) }
    @inline(__always) nonmutating set { number.store(newValue, ordering: .relaxed) }
  }
  /// Guarded by ``World/logLock``.
  let log: Slab<EventLog>
  /// The ITS to which an access has brought work; -1 for none. Only without time.
  var woken: ITSIndex = -1
  /// Changes of the PEs' lines that nobody has fetched yet.
  var outbox = LineOutbox()
  /// What line changes are stamped with; kept by whoever keeps the time.
  var stamp: UInt64 = 0

  init(configuration: MachineConfiguration, observer: Observer) {
    self.configuration = configuration
    profile = configuration.profile
    facts = Facts(configuration)
    self.observer = observer
    let shape = configuration.shape
    let identity = configuration.identity
    its = Slab(count: shape.itsBases.count) { _ in ITSState(configuration: configuration) }
    places = Slab(count: shape.itsBases.count) {
      ITSPlace(base: shape.itsBases[$0], isPlaced: shape.frames == .configured)
    }
    // Tables are made when they are first used, so the places cost nothing. Shared LPIs have one.
    let lpis = Int(configuration.intidLimit - INTID.firstLPI.rawValue)
    let isShared = configuration.profile.lpis == .shared
    properties = Slab(count: shape.affinities.count) {
      PropertyTable(lpiCount: isShared && $0 == 0 ? lpis : 0)
    }
    let properties = properties
    pes = Slab(count: shape.affinities.count) {
      PEState(
        affinity: shape.affinities[$0], configuration: configuration,
        tracksArrival: !Observer.offersAtOnce, properties: properties[0].bytes)
    }
    homes = Slab(repeating: LPIHome(), count: isShared ? lpis : 0)
    for (index, number) in identity.processorNumbers.enumerated().prefix(shape.affinities.count) {
      numbered[number] = PEIndex(index)
    }
    distributor = Distributor(
      identity: identity,
      capacity: shape.frames == .attributes ? 32 : identity.itLinesNumber + 1)
    devices = Slab(count: 1) { _ in DeviceState(configuration) }
    world = Slab(count: 1) { _ in World() }
    log = Slab(count: 1) { _ in EventLog() }
    lane = 0
    memory = GuestMemory()
  }

  /// A further lane of the same machine, whose first engine lives as long.
  init(beside first: borrowing Engine, observer: Observer, lane: Int) {
    configuration = first.configuration
    (profile, facts) = (first.profile, first.facts)
    self.observer = observer
    (memory, its, pes) = (first.memory, first.its, first.pes)
    places = first.places
    (properties, homes, numbered) = (first.properties, first.homes, first.numbered)
    (distributor, world, log) = (first.distributor, first.world, first.log)
    devices = first.devices
    self.lane = lane
    hasLanes = true
  }

  deinit {
    counts.deallocate()
    outbox.deallocate()
    guard lane == 0 else { return }
    for n in 0..<its.count { its[n].deallocate() }
    its.deallocate()
    places.deallocate()
    for index in 0..<pes.count { pes[index].lpis.deallocate() }
    pes.deallocate()
    for index in 0..<properties.count { properties[index].deallocate() }
    properties.deallocate()
    homes.deallocate()
    distributor.deallocate()
    world[0].deallocate()
    world.deallocate()
    log[0].deallocate()
    devices.deallocate()
    log.deallocate()
    memory.deallocate()
  }

  /// Everything as after power-on; guest RAM stays mapped and as it is.
  mutating func reset() {
    for n in 0..<its.count {
      let written = its[n].queue.written
      its[n].deallocate()
      its[n] = ITSState(configuration: configuration)
      its[n].queue.goOn(after: written)
    }
    for index in 0..<pes.count {
      let (affinity, sequence) = (pes[index].affinity, pes[index].lineSequence)
      let raised = pes[index].lines != []
      pes[index].lpis.deallocate()
      pes[index] = PEState(
        affinity: affinity, configuration: configuration, tracksArrival: !Observer.offersAtOnce,
        properties: properties[0].bytes)
      pes[index].publish([], sequence: sequence)
      if raised { lineChanged(PEIndex(index), to: []) }
    }
    for index in 0..<properties.count { properties[index].users = 0 }
    homes.fill(LPIHome())
    distributor.reset()
    counts.reset()
    log[0].reset()
    lastEntry = nil
  }
}

// The engine's doors for whoever keeps the time.
extension Engine {
  /// Grant of an MSI: translates and sets pending.
  mutating func signal(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome {
    counts.msis &+= 1
    guard n >= 0, n < its.count else { return dropped(.noITS, its: n, device, event) }
    guard its[n].enabled else { return dropped(.itsDisabled, its: n, device, event) }
    let (route, pe): (Route, PEIndex)
    do throws(WalkFault) {
      route = try walkEvent(n, device, event)
      pe = try walkTarget(n, route)
    } catch {
      return dropped(error.outcome, its: n, device, event)
    }
    let kind = setPending(route.intid, at: pe)
    if kind.isDrop {
      logDropped(
        kind, its: n, device, event: UInt64(event.rawValue), intid: route.intid, target: pe)
    }
    return MSIOutcome(
      kind, intid: route.intid, collection: route.collection, pe: home(of: route.intid, else: pe))
  }

  /// What ``signal(_:_:its:)`` would do now. It may fill caches, and changes nothing else.
  mutating func translate(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome {
    guard n >= 0, n < its.count else { return MSIOutcome(.noITS) }
    guard its[n].enabled else { return MSIOutcome(.itsDisabled) }
    do throws(WalkFault) {
      let route = try walkEvent(n, device, event)
      let target = try walkTarget(n, route)
      let pe = home(of: route.intid, else: target)
      let kind: MSIOutcome.Kind =
        !pes[target.index].lpisEnabled
        ? .lpisDisabled
        : route.intid.rawValue >= pes[target.index].lpiLimit
          ? .intidOOR
          : pes[pe.index].lpis.isPending(route.intid) || isWaiting(route.intid) ? .merged : .set
      return MSIOutcome(kind, intid: route.intid, collection: route.collection, pe: pe)
    } catch {
      lastEntry = nil
      return MSIOutcome(error.outcome)
    }
  }

  private mutating func dropped(
    _ kind: MSIOutcome.Kind, its n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) -> MSIOutcome {
    counts.drop(kind)
    logDropped(kind, its: n, device, event: UInt64(event.rawValue))
    if profile.unmappedMSIs != .unreported {
      reportUnmapped(kind, its: n, device, event)
    }
    observer.observe(.dropped(kind))
    return MSIOutcome(kind)
  }

  /// A set message has reached the PE's redistributor: from now on `intid` can be selected.
  /// Nothing happens if it is no longer pending there.
  mutating func arrive(_ intid: INTID, at pe: PEIndex) {
    pes[pe.index].lpis.setUnderWay(intid, false)
    guard pes[pe.index].lpis.isPending(intid), pes[pe.index].lpisEnabled else { return }
    let property = pes[pe.index].properties.configuration(of: intid)
    pes[pe.index].lpis.consider(intid, property)
    observer.observe(.candidatesChanged(pe))
  }

  /// The least LPI above `intid` that is pending at the PE and whose message has not arrived.
  func nextUnderWay(after intid: INTID, at pe: PEIndex) -> INTID? {
    pes[pe.index].lpis.nextUnderWay(after: intid)
  }

  func isPending(_ intid: INTID, at pe: PEIndex) -> Bool { pes[pe.index].lpis.isPending(intid) }

  /// Of one PE.
  var pendingTableByteCount: Int { Int(configuration.intidLimit) / 8 }

  /// The best LPI that has arrived at the PE's redistributor, pending and enabled.
  @inline(__always) func selectedLPI(of pe: PEIndex) -> (intid: INTID, priority: UInt8)? {
    let pes = pes
    guard pes[pe.index].lpisEnabled else { return nil }
    return pes[pe.index].lpis.best(
      pes[pe.index].properties, inTime: !Observer.offersAtOnce)
  }

  /// Shows the CPU interface an LPI (nil: none), and updates the PE's lines. One that is no longer
  /// pending and enabled is not shown.
  mutating func offer(_ intid: INTID?, to pe: PEIndex) {
    pes[pe.index].showNothing()
    if let intid, pes[pe.index].lpisEnabled, pes[pe.index].lpis.isPending(intid) {
      let property = pes[pe.index].properties.configuration(of: intid)
      if property.enabled {
        pes[pe.index].show(intid, property.priority)
      }
    }
    updateLines(pe)
  }

  /// What the CPU interface is being shown now.
  func offeredLPI(of pe: PEIndex) -> INTID? { pes[pe.index].offered }
}

extension WalkFault {
  var outcome: MSIOutcome.Kind {
    switch self {
    case .deviceOOR: .deviceOOR
    case .deviceUnmapped: .deviceUnmapped
    case .eventOOR: .eventOOR
    case .eventUnmapped: .eventUnmapped
    case .collectionUnmapped: .collectionUnmapped
    case .unreachable: .memoryFault
    }
  }
}

extension Engine {
  mutating func drainLineChanges(into changes: inout [LineChange]) {
    outbox.drain(into: &changes)
  }

  func report(into statistics: inout MachineStatistics) {
    counts.report(into: &statistics)
    reportPEs(into: &statistics)
  }

  func reportPEs(into statistics: inout MachineStatistics) {
    for index in 0..<pes.count {
      statistics.pes.append(pes[index].counts)
      statistics.pending += UInt64(pes[index].lpis.count) + pes[index].parked
    }
  }
}
