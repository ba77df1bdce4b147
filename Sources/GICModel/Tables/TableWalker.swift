// Where the entries of the ITS tables lie in guest RAM, and the walk from a DeviceID and EventID to an
// INTID and a PE. The caches answer first; what they do not know is read here and remembered.

import GICArch

/// Why a walk ended. Commands and MSIs give it different names.
enum WalkFault: Error {
  case deviceOOR
  case deviceUnmapped
  case eventOOR
  case eventUnmapped
  case collectionUnmapped
  /// The entry's address is not in guest RAM.
  case unreachable
}

/// An event and where it goes.
struct Route {
  var intid: INTID
  var collection: ICID
}

extension Engine {
  /// Where the DTE lies, and after how many reads: 1 (flat) or 2 (indirect).
  /// - Throws: `.deviceOOR` beyond the table, `.deviceUnmapped` if level 1 has no page for it.
  func dteAddress(
    _ n: ITSIndex, _ device: DeviceID
  ) throws(WalkFault) -> (address: PhysicalAddress, levels: Int) {
    let table = its[n].deviceBASER
    guard UInt64(device.rawValue) >> UInt64(configuration.identity.deviceIDBits) == 0, table.valid
    else { throw .deviceOOR }
    let entry = table.entryByteCount
    let index = Int(device.rawValue)
    guard table.indirect else {
      guard index < table.byteCount / entry else { throw .deviceOOR }
      return (table.physicalAddress &+ UInt64(index &* entry), 1)
    }
    // Level 1 holds 8-byte entries, each a page of level-2 entries.
    let perPage = table.pageByteCount / entry
    let slot = index / perPage
    guard slot < table.byteCount / 8 else { throw .deviceOOR }
    guard let raw = memory.load64(table.physicalAddress &+ UInt64(slot &* 8))
    else { throw .unreachable }
    let levelOne = LevelOneEntry(raw: raw)
    guard levelOne.valid else { throw .deviceUnmapped }
    let page = levelOne.page & ~UInt64(table.pageByteCount &- 1)
    return (page &+ UInt64((index % perPage) &* entry), 2)
  }

  /// Where the CTE lies; nil for a collection that the ITS holds itself.
  func cteAddress(_ n: ITSIndex, _ collection: ICID) throws(WalkFault) -> PhysicalAddress? {
    let index = Int(collection.rawValue)
    if index < configuration.identity.hardwareCollections { return nil }
    let table = its[n].collectionBASER
    guard table.valid, index < table.byteCount / table.entryByteCount
    else { throw .collectionUnmapped }
    return table.physicalAddress &+ UInt64(index &* table.entryByteCount)
  }

  /// Where the ITE lies. The EventID was checked against the device.
  @inline(__always)
  func iteAddress(_ device: TranslationCache.Device, _ event: EventID) -> PhysicalAddress {
    device.itt &+ UInt64(event.rawValue) &* 8
  }

  @inline(__always)
  mutating func walkDevice(
    _ n: ITSIndex, _ device: DeviceID
  ) throws(WalkFault) -> TranslationCache.Device {
    guard UInt64(device.rawValue) >> UInt64(configuration.identity.deviceIDBits) == 0
    else { throw .deviceOOR }
    if let known = its[n].translations.device(device) {
      observer.observe(.deviceLookup(device, levels: its[n].deviceBASER.indirect ? 2 : 1))
      return known
    }
    return try readDevice(n, device)
  }

  private mutating func readDevice(
    _ n: ITSIndex, _ device: DeviceID
  ) throws(WalkFault) -> TranslationCache.Device {
    let (address, levels) = try dteAddress(n, device)
    observer.observe(.deviceLookup(device, levels: levels))
    guard let raw = memory.load64(address) else { throw .unreachable }
    guard var itt = NativeFormat.decodeDTE(raw).itt else { throw .deviceUnmapped }
    // MAPD never writes a wider one; a guest's own store may.
    itt.eventIDBits = min(itt.eventIDBits, configuration.identity.eventIDBits)
    its[n].translations.remember(device, itt)
    guard let known = its[n].translations.device(device) else { throw .deviceUnmapped }
    return known
  }

  /// DeviceID and EventID to INTID and collection.
  @inline(__always)
  mutating func walkEvent(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) throws(WalkFault) -> Route {
    let known = try walkDevice(n, device)
    guard UInt64(event.rawValue) >> UInt64(known.eventIDBits) == 0 else { throw .eventOOR }
    observer.observe(.eventLookup(device, event))
    var word = its[n].translations.word(known, event)
    if word == 0 {
      guard let raw = memory.load64(iteAddress(known, event)) else { throw .unreachable }
      guard let mapping = NativeFormat.decodeITE(raw).mapping,
        mapping.intid.rawValue < configuration.intidLimit, mapping.intid.isLPI
      else { throw .eventUnmapped }
      word = TranslationCache.word(mapping.intid, mapping.collection)
      its[n].translations.set(device, event, word)
    }
    return Route(
      intid: TranslationCache.intid(word), collection: TranslationCache.collection(word))
  }

  @inline(__always)
  mutating func walkCollection(
    _ n: ITSIndex, _ collection: ICID
  ) throws(WalkFault) -> PEIndex {
    if let pe = its[n].collections.target(collection) {
      observer.observe(.collectionLookup(collection))
      return pe
    }
    guard let address = try cteAddress(n, collection) else { throw .collectionUnmapped }
    observer.observe(.collectionLookup(collection))
    guard let raw = memory.load64(address) else { throw .unreachable }
    guard let target = NativeFormat.decodeCTE(raw).target, let pe = pe(at: target)
    else { throw .collectionUnmapped }
    its[n].collections.set(collection, pe)
    return pe
  }

  /// Where a collection goes now, for work that no lookup is due for. Nil if it is not mapped.
  func knownTarget(_ n: ITSIndex, _ collection: ICID) -> PEIndex? {
    if let pe = its[n].collections.target(collection) { return pe }
    guard let found = try? cteAddress(n, collection), let raw = memory.load64(found),
      let target = NativeFormat.decodeCTE(raw).target
    else { return nil }
    return pe(at: target)
  }

  /// The PE that an RDbase names: by Processor_Number, or by the address of its redistributor.
  func pe(at target: RDbase) -> PEIndex? {
    guard configuration.identity.ptaIsAddress else {
      return target.rawValue < UInt64(pes.count) ? PEIndex(Int(target.rawValue)) : nil
    }
    let shape = configuration.shape
    let address = (target.rawValue & .ones(35, 0)) &<< 16
    guard address >= shape.gicrBase else { return nil }
    let (index, rest) = (address - shape.gicrBase).quotientAndRemainder(
      dividingBy: shape.gicrStride)
    return rest == 0 && index < UInt64(pes.count) ? PEIndex(Int(index)) : nil
  }

  /// What an RDbase looks like for a PE; the inverse of ``pe(at:)``.
  func target(of pe: PEIndex) -> RDbase {
    guard configuration.identity.ptaIsAddress else { return RDbase(rawValue: UInt64(pe.rawValue)) }
    let shape = configuration.shape
    return RDbase(rawValue: (shape.gicrBase + UInt64(pe.rawValue) * shape.gicrStride) >> 16)
  }
}
