import GICArch
import GICModel

/// What the rules say, without a cache, a bitmap or a search structure: dictionaries, sets and
/// scans. Written from the architecture's text, for the tests to hold against the engine.
struct ReferenceMachine {
  struct Mapping: Equatable {
    var intid: UInt32
    var collection: UInt16
  }
  struct ITS {
    var enabled = false
    var hasDevices = false
    var hasCollections = false
    /// Level-2 pages that exist; nil: the table is flat.
    var pages: Set<UInt32>?
    var devices: [UInt32: (itt: PhysicalAddress, bits: Int)] = [:]
    var collections: [UInt16: Int] = [:]
    var queueIsStalled = false
    var waiting: [ITSCommand] = []
  }

  let configuration: MachineConfiguration
  var its: [ITS]
  var pes: [ReferencePE]
  /// What lies in the ITTs, by the ITT's address: it outlives its device.
  var itts: [PhysicalAddress: [UInt32: Mapping]] = [:]
  /// Configuration bytes in RAM, and as they were last read, by table.
  var bytes: [[UInt32: UInt8]] = [[:], [:]]
  var known: [[UInt32: UInt8]] = [[:], [:]]
  var spis: [UInt32: ReferenceInterrupt] = [:]
  var group0 = false
  var group1 = false
  var errors: [String: UInt64] = [:]
  var drops: [MSIOutcome.Kind: UInt64] = [:]
  var merged: UInt64 = 0
  var delivered: UInt64 = 0

  init(_ configuration: MachineConfiguration) {
    self.configuration = configuration
    its = configuration.shape.itsBases.map { _ in ITS() }
    pes = configuration.shape.affinities.map {
      ReferencePE(affinity: $0, priorityBits: configuration.identity.priorityBits)
    }
    for intid in 32..<UInt32(min(32 * (configuration.identity.itLinesNumber + 1), 1020)) {
      spis[intid] = ReferenceInterrupt()
    }
  }

  // MARK: Translation

  /// Devices in a page of 4 KiB; the tables of the tests have such pages.
  static let perPage: UInt32 = 512

  private func device(
    _ n: Int, _ id: UInt32
  ) -> Result<(itt: PhysicalAddress, bits: Int), ReferenceFault> {
    if let fault = slot(n, id) { return .failure(fault) }
    guard let found = its[n].devices[id] else { return .failure(.deviceUnmapped) }
    return .success(found)
  }

  /// Why a device has no slot in the table.
  private func slot(_ n: Int, _ id: UInt32) -> ReferenceFault? {
    guard id < 1 << configuration.identity.deviceIDBits, its[n].hasDevices else {
      return .deviceOOR
    }
    guard let pages = its[n].pages else {
      return id < 2 * ReferenceMachine.perPage ? nil : .deviceOOR
    }
    return pages.contains(id / ReferenceMachine.perPage) ? nil : .deviceUnmapped
  }

  private func event(
    _ n: Int, _ id: UInt32, _ event: UInt32
  ) -> Result<(Mapping, PhysicalAddress), ReferenceFault> {
    switch device(n, id) {
    case .failure(let fault): return .failure(fault)
    case .success(let found):
      guard UInt64(event) < 1 << UInt64(found.bits) else { return .failure(.eventOOR) }
      guard let mapping = itts[found.itt]?[event] else { return .failure(.eventUnmapped) }
      return .success((mapping, found.itt))
    }
  }

  private func pe(_ n: Int, _ collection: UInt16) -> Result<Int, ReferenceFault> {
    guard its[n].hasCollections, let pe = its[n].collections[collection]
    else { return .failure(.collectionUnmapped) }
    return .success(pe)
  }

  private func route(
    _ n: Int, _ id: UInt32, _ event: UInt32
  ) -> Result<(Mapping, itt: PhysicalAddress, pe: Int), ReferenceFault> {
    self.event(n, id, event).flatMap { mapping, itt in
      pe(n, mapping.collection).map { (mapping, itt, $0) }
    }
  }

  mutating func msi(_ n: Int, _ id: UInt32, _ event: UInt32) -> MSIOutcome.Kind {
    guard its[n].enabled else { return drop(.itsDisabled) }
    switch route(n, id, event) {
    case .failure(let fault): return drop(fault.kind)
    case .success(let found): return signal(found.0.intid, at: found.pe)
    }
  }

  private mutating func drop(_ kind: MSIOutcome.Kind) -> MSIOutcome.Kind {
    drops[kind, default: 0] += 1
    return kind
  }

  private mutating func signal(_ intid: UInt32, at pe: Int) -> MSIOutcome.Kind {
    guard pes[pe].lpisEnabled else { return drop(.lpisDisabled) }
    guard pes[pe].has(intid) else { return drop(.intidOOR) }
    guard pes[pe].pending.insert(intid).inserted else {
      merged += 1
      return .merged
    }
    return .set
  }

  // MARK: Commands

  mutating func command(_ n: Int, _ commands: [ITSCommand]) {
    its[n].waiting += commands
    drain(n)
  }
  mutating func drain(_ n: Int) {
    while its[n].enabled, !its[n].queueIsStalled, let command = its[n].waiting.first {
      if let fault = execute(command, n) {
        let name = CommandError(command.opcode, fault.reason)?.name ?? "no such error"
        errors[name, default: 0] += 1
        if configuration.profile.commandErrors == .stall {
          its[n].queueIsStalled = true
          return
        }
      }
      its[n].waiting.removeFirst()
    }
  }

  private func fault<T>(_ result: Result<T, ReferenceFault>) -> ReferenceFault? {
    if case .failure(let fault) = result { return fault }
    return nil
  }

  private mutating func execute(_ command: ITSCommand, _ n: Int) -> ReferenceFault? {
    switch command {
    case .mapd(let id, let itt):
      if let itt, itt.eventIDBits > configuration.identity.eventIDBits { return .ittSizeOOR }
      guard slot(n, id.rawValue) == nil else { return .deviceOOR }
      its[n].devices[id.rawValue] = itt.map { ($0.base, $0.eventIDBits) }
    case .mapc(let collection, let target):
      if let target, target.rawValue >= pes.count { return .targetOOR }
      guard its[n].hasCollections, holds(collection), collection.rawValue < 512
      else { return .collectionOOR }
      its[n].collections[collection.rawValue] = target.map { Int($0.rawValue) }
    case .mapti(let id, let event, let intid, let collection):
      return map(n, id, event, intid.rawValue, collection)
    case .mapi(let id, let event, let collection):
      return map(n, id, event, event.rawValue, collection)
    case .movi(let id, let event, let collection): return movi(n, id, event, collection)
    case .movall(let from, let to):
      guard from.rawValue < pes.count, to.rawValue < pes.count else { return .targetOOR }
      for intid in pes[Int(from.rawValue)].pending {
        move(intid, from: Int(from.rawValue), to: Int(to.rawValue))
      }
    case .invall(let collection):
      guard holds(collection) else { return .collectionOOR }
      switch pe(n, collection.rawValue) {
      case .failure(let fault): return fault
      case .success(let pe):
        if pes[pe].lpisEnabled { known[pes[pe].table] = bytes[pes[pe].table] }
      }
    case .sync(let target): return target.rawValue < pes.count ? nil : .targetOOR
    case .discard(let id, let event), .clear(let id, let event), .int(let id, let event),
      .inv(let id, let event):
      return one(command, route(n, id.rawValue, event.rawValue), event.rawValue)
    }
    return nil
  }

  private func holds(_ collection: ICID) -> Bool {
    UInt64(collection.rawValue) < 1 << UInt64(configuration.identity.collectionIDBits)
  }

  private mutating func one(
    _ command: ITSCommand,
    _ route: Result<(Mapping, itt: PhysicalAddress, pe: Int), ReferenceFault>, _ event: UInt32
  ) -> ReferenceFault? {
    guard case .success(let (mapping, itt, pe)) = route else { return fault(route) }
    switch command {
    case .int: _ = signal(mapping.intid, at: pe)
    case .inv: reread(mapping.intid, at: pe)
    case .clear: pes[pe].pending.remove(mapping.intid)
    default:
      itts[itt]?[event] = nil
      pes[pe].pending.remove(mapping.intid)
    }
    return nil
  }

  private mutating func reread(_ intid: UInt32, at pe: Int) {
    guard pes[pe].lpisEnabled, pes[pe].has(intid) else { return }
    known[pes[pe].table][intid] = bytes[pes[pe].table][intid]
  }

  private mutating func map(
    _ n: Int, _ id: DeviceID, _ event: EventID, _ intid: UInt32, _ collection: ICID
  ) -> ReferenceFault? {
    switch device(n, id.rawValue) {
    case .failure(let fault): return fault
    case .success(let found):
      guard UInt64(event.rawValue) < 1 << UInt64(found.bits) else { return .eventOOR }
      guard intid >= 8192, intid < 65536 else { return .intidOOR }
      guard holds(collection) else { return .collectionOOR }
      itts[found.itt, default: [:]][event.rawValue] = Mapping(
        intid: intid, collection: collection.rawValue)
      if case .success(let pe) = pe(n, collection.rawValue) { reread(intid, at: pe) }
      return nil
    }
  }

  private mutating func movi(
    _ n: Int, _ id: DeviceID, _ event: EventID, _ collection: ICID
  ) -> ReferenceFault? {
    let route = route(n, id.rawValue, event.rawValue)
    guard case .success(let (mapping, itt, source)) = route else { return fault(route) }
    guard holds(collection) else { return .collectionOOR }
    guard case .success(let target) = pe(n, collection.rawValue) else { return .collectionUnmapped }
    itts[itt]?[event.rawValue]?.collection = collection.rawValue
    if pes[source].pending.contains(mapping.intid) { move(mapping.intid, from: source, to: target) }
    return nil
  }

  /// A PE that cannot take the LPI leaves it where it was.
  private mutating func move(_ intid: UInt32, from source: Int, to target: Int) {
    guard source != target, pes[target].lpisEnabled, pes[target].has(intid) else { return }
    pes[source].pending.remove(intid)
    if !pes[target].pending.insert(intid).inserted { merged += 1 }
  }
}

enum ReferenceFault: Error {
  case deviceOOR, deviceUnmapped, eventOOR, eventUnmapped, collectionUnmapped
  case targetOOR, ittSizeOOR, collectionOOR, intidOOR

  var kind: MSIOutcome.Kind {
    switch self {
    case .deviceOOR: .deviceOOR
    case .deviceUnmapped: .deviceUnmapped
    case .eventOOR: .eventOOR
    case .eventUnmapped: .eventUnmapped
    default: .collectionUnmapped
    }
  }
  var reason: CommandError.Reason {
    switch self {
    case .deviceOOR: .deviceOOR
    case .deviceUnmapped: .deviceUnmapped
    case .eventOOR: .eventOOR
    case .eventUnmapped: .interruptUnmapped
    case .collectionUnmapped: .collectionUnmapped
    case .targetOOR: .targetOOR
    case .ittSizeOOR: .ittSizeOOR
    case .collectionOOR: .collectionOOR
    case .intidOOR: .intidOOR
    }
  }
}
