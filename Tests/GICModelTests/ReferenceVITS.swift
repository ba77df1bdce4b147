import GICArch
import GICModel

/// A device of KVM's ITS, with the events that MAPTI has made.
struct VITSDevice {
  struct Event {
    var intid: UInt32
    /// Nil once the collection was unmapped: the event is dead until MAPD.
    var collection: UInt16?
  }
  var itt: PhysicalAddress
  var bits: Int
  var events: [UInt32: Event] = [:]
}

/// An LPI of KVM: one for the machine, for as long as an event is mapped to it.
struct VITSInterrupt {
  var events = 1
  var target: Int?
  var byte: UInt8 = 0
  var pending = false
}

/// KVM's ITS, as Linux's documentation and sources describe it: tables are lists of its own, guest
/// RAM is looked at where it must be there, and no error is ever told.
extension ReferenceMachine {
  private func target(_ n: Int, _ collection: UInt16?) -> Int? {
    collection.flatMap { its[n].collections[$0] ?? nil }
  }

  mutating func msiVITS(_ n: Int, _ id: UInt32, _ event: UInt32) -> Answer {
    guard its[n].enabled else { return drop("busy") }
    guard let ite = its[n].devices[id]?.events[event], let pe = target(n, ite.collection)
    else { return drop("blocked") }
    guard pes[pe].lpisEnabled else { return drop("busy") }
    guard let lpi = lpis[ite.intid] else { return drop("no such LPI") }
    let answer = Answer(
      kind: lpi.pending ? "merged" : "set", intid: ite.intid, pe: lpi.target ?? pe)
    if lpi.pending { merged += 1 }
    lpis[ite.intid]?.pending = true
    return answer
  }

  mutating func executeVITS(_ command: ITSCommand, _ n: Int) -> ReferenceFault? {
    switch command {
    case .mapd(let id, let itt): return mapd(n, id.rawValue, itt)
    case .mapc(let collection, let target):
      return mapc(n, collection.rawValue, target?.rawValue)
    case .mapti(let id, let event, let intid, let collection):
      return map(n, id.rawValue, event.rawValue, intid.rawValue, collection.rawValue)
    case .mapi(let id, let event, let collection):
      return map(n, id.rawValue, event.rawValue, event.rawValue, collection.rawValue)
    case .movi(let id, let event, let collection):
      guard let ite = its[n].devices[id.rawValue]?.events[event.rawValue],
        target(n, ite.collection) != nil, let pe = target(n, collection.rawValue)
      else { return .refused }
      its[n].devices[id.rawValue]?.events[event.rawValue]?.collection = collection.rawValue
      lpis[ite.intid]?.target = pe
    case .movall(let from, let to):
      guard from.rawValue < pes.count, to.rawValue < pes.count else { return .refused }
      if from != to { for intid in lpis.keys { lpis[intid]?.target = Int(to.rawValue) } }
    case .invall(let collection):
      guard let pe = target(n, collection.rawValue) else { return .refused }
      rereadTargeted(pe)
    case .sync: break
    case .discard(let id, let event):
      guard let ite = its[n].devices[id.rawValue]?.events[event.rawValue],
        target(n, ite.collection) != nil
      else { return .refused }
      if let itt = its[n].devices[id.rawValue]?.itt { ram.itts[itt]?[event.rawValue] = nil }
      its[n].devices[id.rawValue]?.events[event.rawValue] = nil
      release(ite.intid)
    case .clear(let id, let event):
      guard let ite = its[n].devices[id.rawValue]?.events[event.rawValue] else { return .refused }
      lpis[ite.intid]?.pending = false
    case .inv(let id, let event):
      guard let ite = its[n].devices[id.rawValue]?.events[event.rawValue] else { return .refused }
      rereadShared(ite.intid)
    case .int(let id, let event):
      guard let ite = its[n].devices[id.rawValue]?.events[event.rawValue],
        target(n, ite.collection) != nil
      else { return .refused }
      _ = msiVITS(n, id.rawValue, event.rawValue)
    }
    return nil
  }

  private mutating func mapd(_ n: Int, _ id: UInt32, _ itt: ITT?) -> ReferenceFault? {
    guard slot(n, id) == nil, (itt?.eventIDBits ?? 0) <= 16 else { return .refused }
    freeEvents(n, id)
    its[n].devices[id] = itt.map { VITSDevice(itt: $0.base, bits: $0.eventIDBits) }
    if itt == nil { ram.devices[n][id] = nil }
    return nil
  }

  private mutating func mapc(_ n: Int, _ id: UInt16, _ target: UInt64?) -> ReferenceFault? {
    guard let target else {
      freeCollection(n, id)
      return nil
    }
    guard target < pes.count, its[n].collections[id] != nil || hasSlot(collection: id)
    else { return .refused }
    its[n].collections[id] = .some(Int(target))
    for device in its[n].devices.values {
      for ite in device.events.values where ite.collection == id {
        lpis[ite.intid]?.target = Int(target)
      }
    }
    return nil
  }

  private mutating func map(
    _ n: Int, _ id: UInt32, _ event: UInt32, _ intid: UInt32, _ collection: UInt16
  ) -> ReferenceFault? {
    guard let device = its[n].devices[id], UInt64(event) < 1 << UInt64(device.bits),
      device.itt < ReferenceRAM.nowhere,
      intid >= 8192, UInt64(intid) < 1 << UInt64(pes[0].properties.idBits)
    else { return .refused }
    if device.events[event] != nil { return nil }
    guard its[n].collections[collection] != nil || hasSlot(collection: collection)
    else { return .refused }
    let pe = target(n, collection)
    if lpis[intid] != nil {
      lpis[intid]?.events += 1
    } else {
      let table = pes[0].properties.table
      guard table < 2 else { return .refused }
      var lpi = VITSInterrupt(target: pe, byte: ram.bytes[table][intid] ?? 0)
      // A pending bit in RAM is taken over, and taken out.
      if let pe { lpi.pending = ram.pending[pes[pe].pendingTable].remove(intid) != nil }
      lpis[intid] = lpi
    }
    if its[n].collections[collection] == nil {
      its[n].collections[collection] = .some(nil)
    }
    its[n].devices[id]?.events[event] = VITSDevice.Event(intid: intid, collection: collection)
    return nil
  }

  // MARK: What goes

  private mutating func release(_ intid: UInt32) {
    lpis[intid]?.events -= 1
    if lpis[intid]?.events == 0 { lpis[intid] = nil }
  }
  private mutating func freeEvents(_ n: Int, _ id: UInt32) {
    for ite in its[n].devices[id]?.events.values.map(\.intid) ?? [] { release(ite) }
  }
  mutating func freeDevices(_ n: Int) {
    for id in its[n].devices.keys { freeEvents(n, id) }
    its[n].devices = [:]
  }
  mutating func freeCollections(_ n: Int) {
    for id in its[n].collections.keys { freeCollection(n, id) }
  }
  private mutating func freeCollection(_ n: Int, _ collection: UInt16) {
    its[n].collections[collection] = nil
    for (id, device) in its[n].devices {
      for (event, ite) in device.events where ite.collection == collection {
        its[n].devices[id]?.events[event]?.collection = nil
      }
    }
  }

  // MARK: Redistributors

  /// A byte that cannot be read leaves the LPI as it is.
  mutating func rereadShared(_ intid: UInt32) {
    let table = pes[0].properties.table
    if table < 2 { lpis[intid]?.byte = ram.bytes[table][intid] ?? 0 }
  }
  mutating func rereadTargeted(_ pe: Int) {
    for (intid, lpi) in lpis where lpi.target == pe { rereadShared(intid) }
  }

  /// EnableLPIs from 0 to 1: the pending table counts, unless PTZ. It keeps its bits.
  mutating func takePendingTable(_ pe: Int) {
    pes[pe].lpisEnabled = true
    guard !pes[pe].tableIsZero else { return }
    for (intid, lpi) in lpis where lpi.target == pe {
      lpis[intid]?.pending = ram.pending[pes[pe].pendingTable].contains(intid)
    }
  }

  /// KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: the bits of LPIs that are mapped and have a target.
  mutating func savePendingTables() {
    for (intid, lpi) in lpis {
      guard let pe = lpi.target else { continue }
      if lpi.pending {
        ram.pending[pes[pe].pendingTable].insert(intid)
      } else {
        ram.pending[pes[pe].pendingTable].remove(intid)
      }
    }
  }
}
