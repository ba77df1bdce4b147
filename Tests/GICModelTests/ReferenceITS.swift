import GICArch
import GICModel

/// The architecture's ITS: everything it knows lies in guest RAM, and LPIs are bits of PEs.
extension ReferenceMachine {
  // MARK: Translation

  private func device(_ n: Int, _ id: UInt32) -> Result<ReferenceRAM.Device, ReferenceFault> {
    if let fault = slot(n, id) { return .failure(fault) }
    guard var found = ram.devices[n][id] else { return .failure(.deviceUnmapped) }
    found.bits = min(found.bits, configuration.identity.eventIDBits)
    return .success(found)
  }

  private func event(
    _ n: Int, _ id: UInt32, _ event: UInt32
  ) -> Result<(ReferenceRAM.Mapping, itt: PhysicalAddress), ReferenceFault> {
    device(n, id).flatMap { found in
      guard UInt64(event) < 1 << UInt64(found.bits) else { return .failure(.eventOOR) }
      guard found.itt < ReferenceRAM.nowhere else { return .failure(.unreachable) }
      guard let mapping = ram.itts[found.itt]?[event], isLPI(mapping.intid)
      else { return .failure(.eventUnmapped) }
      return .success((mapping, found.itt))
    }
  }

  private func isLPI(_ intid: UInt32) -> Bool { intid >= 8192 && intid < 65536 }

  private func pe(_ n: Int, _ collection: UInt16) -> Result<Int, ReferenceFault> {
    guard its[n].hasCollections, hasSlot(collection: collection),
      let target = ram.collections[n][collection], target < pes.count
    else { return .failure(.collectionUnmapped) }
    return .success(Int(target))
  }

  func route(
    _ n: Int, _ id: UInt32, _ event: UInt32
  ) -> Result<(mapping: ReferenceRAM.Mapping, itt: PhysicalAddress, pe: Int), ReferenceFault> {
    self.event(n, id, event).flatMap { mapping, itt in
      pe(n, mapping.collection).map { (mapping, itt, $0) }
    }
  }

  mutating func signal(_ intid: UInt32, at pe: Int) -> Answer {
    guard pes[pe].lpisEnabled else { return drop("lpisDisabled") }
    guard pes[pe].has(intid) else { return drop("intidOOR") }
    guard pes[pe].pending.insert(intid).inserted else {
      merged += 1
      return Answer(kind: "merged", intid: intid, pe: pe)
    }
    // QEMU weighs an LPI that becomes pending by what the table says then.
    if isQEMU { reread(intid, at: pe) }
    return Answer(kind: "set", intid: intid, pe: pe)
  }

  // MARK: Commands

  private func fault<T>(_ result: Result<T, ReferenceFault>) -> ReferenceFault? {
    if case .failure(let fault) = result { return fault }
    return nil
  }

  mutating func execute(_ command: ITSCommand, _ n: Int) -> ReferenceFault? {
    switch command {
    case .mapd(let id, let itt):
      if let itt, itt.eventIDBits > configuration.identity.eventIDBits { return .ittSizeOOR }
      if let fault = slot(n, id.rawValue) {
        return fault == .unreachable ? .unreachable : .deviceOOR
      }
      ram.devices[n][id.rawValue] = itt.map {
        ReferenceRAM.Device(itt: $0.base, bits: $0.eventIDBits)
      }
    case .mapc(let collection, let named):
      // QEMU keeps 16 bits of it.
      let target = named.map { isQEMU ? $0.rawValue % 0x1_0000 : $0.rawValue }
      if let target, target >= pes.count { return .targetOOR }
      guard its[n].hasCollections, holds(collection), hasSlot(collection: collection.rawValue)
      else { return .collectionOOR }
      ram.collections[n][collection.rawValue] = target
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
    case .invall(let collection): return invall(n, collection)
    case .sync(let target): return isQEMU || target.rawValue < pes.count ? nil : .targetOOR
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
    _ route: Result<
      (mapping: ReferenceRAM.Mapping, itt: PhysicalAddress, pe: Int), ReferenceFault
    >, _ event: UInt32
  ) -> ReferenceFault? {
    guard case .success(let (mapping, itt, pe)) = route else { return fault(route) }
    switch command {
    case .int: _ = signal(mapping.intid, at: pe)
    case .inv: reread(mapping.intid, at: pe)
    case .clear: pes[pe].pending.remove(mapping.intid)
    default:
      ram.itts[itt]?[event] = nil
      pes[pe].pending.remove(mapping.intid)
    }
    return nil
  }

  /// QEMU has INVALL reach every redistributor, whatever collection it names.
  private mutating func invall(_ n: Int, _ collection: ICID) -> ReferenceFault? {
    if isQEMU {
      for pe in pes.indices { rereadAll(at: pe) }
      return nil
    }
    guard holds(collection) else { return .collectionOOR }
    let target = pe(n, collection.rawValue)
    guard case .success(let pe) = target else { return fault(target) }
    rereadAll(at: pe)
    return nil
  }

  mutating func reread(_ intid: UInt32, at pe: Int) {
    guard pes[pe].lpisEnabled, pes[pe].has(intid) else { return }
    known[pes[pe].properties]?[intid] = ram.bytes[pes[pe].properties.table][intid]
  }
  mutating func rereadAll(at pe: Int) {
    guard pes[pe].lpisEnabled else { return }
    known[pes[pe].properties] = ram.bytes[pes[pe].properties.table]
  }

  private mutating func map(
    _ n: Int, _ id: DeviceID, _ event: EventID, _ intid: UInt32, _ collection: ICID
  ) -> ReferenceFault? {
    switch device(n, id.rawValue) {
    case .failure(let fault): return fault
    case .success(let found):
      guard UInt64(event.rawValue) < 1 << UInt64(found.bits) else { return .eventOOR }
      guard isLPI(intid) else { return .intidOOR }
      guard holds(collection) else { return .collectionOOR }
      guard found.itt < ReferenceRAM.nowhere else { return .unreachable }
      ram.itts[found.itt, default: [:]][event.rawValue] = ReferenceRAM.Mapping(
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
    ram.itts[itt]?[event.rawValue]?.collection = collection.rawValue
    if pes[source].pending.contains(mapping.intid) { move(mapping.intid, from: source, to: target) }
    return nil
  }

  /// A PE that cannot take the LPI leaves it where it was.
  private mutating func move(_ intid: UInt32, from source: Int, to target: Int) {
    guard source != target, pes[target].lpisEnabled, pes[target].has(intid) else { return }
    pes[source].pending.remove(intid)
    if !pes[target].pending.insert(intid).inserted { merged += 1 }
  }

  // MARK: EnableLPIs

  /// PTZ means nothing to QEMU, which keeps it as it was written.
  mutating func enableLPIs(_ pe: Int) {
    let base = pes[pe].properties
    // The first PE that uses a table reads it; the others share what it read.
    if !pes.contains(where: { $0.lpisEnabled && $0.properties == base }) {
      known[base] = ram.bytes[base.table]
    }
    let isEmpty = pes[pe].tableIsZero && !isQEMU
    pes[pe].pending = isEmpty ? [] : ram.pending[pes[pe].pendingTable].filter(pes[pe].has)
    pes[pe].lpisEnabled = true
    pes[pe].tableIsZero = false
  }
  mutating func disableLPIs(_ pe: Int) {
    flush(pe)
    pes[pe].lpisEnabled = false
    pes[pe].pending = []
  }
  /// QEMU has no pending bits but those in RAM.
  mutating func writeThrough() {
    if isQEMU { for pe in pes.indices { flush(pe) } }
  }
  mutating func flush(_ pe: Int) {
    guard pes[pe].lpisEnabled else { return }
    let place = pes[pe].pendingTable
    ram.pending[place] = ram.pending[place].filter { !pes[pe].has($0) }.union(pes[pe].pending)
  }
}
