// Where the entries of the ITS tables lie in guest RAM, and the walk from a DeviceID and EventID to
// an INTID and a PE. The caches answer first; what they do not know is read here and remembered.

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
  /// The event has lost its collection, though it still knows the name.
  var isOrphan = false
}

extension Engine {
  /// Where the DTE lies, and after how many reads: 1 (flat) or 2 (indirect).
  /// - Throws: `.deviceOOR` beyond the table, `.deviceUnmapped` if level 1 has no page for it.
  mutating func dteAddress(
    _ n: ITSIndex, _ device: DeviceID
  ) throws(WalkFault) -> (address: PhysicalAddress, levels: Int) {
    guard UInt64(device.rawValue) >> UInt64(configuration.identity.deviceIDBits) == 0
    else { throw .deviceOOR }
    let table = its[n].deviceBASER
    do throws(WalkFault) {
      return try entryAddress(
        table, Int(device.rawValue), beyond: .deviceOOR, hole: .deviceUnmapped)
    } catch {
      if case .deviceOOR = error { throw error }
      let place = levelOneAddress(table, Int(device.rawValue))
      decided(by: .deviceLevelOne, at: place, memory.load64(place))
      throw error
    }
  }

  /// Where entry `index` of a table lies, and after how many reads.
  /// - Throws: `beyond` outside the table, `hole` if level 1 has no page for it.
  private func entryAddress(
    _ table: GITS.BASER, _ index: Int, beyond: WalkFault, hole: WalkFault
  ) throws(WalkFault) -> (address: PhysicalAddress, levels: Int) {
    guard table.valid, index < table.capacity else { throw beyond }
    let entry = table.entryByteCount
    guard table.indirect else {
      return (table.physicalAddress &+ UInt64(index &* entry), 1)
    }
    // Level 1 holds 8-byte entries, each a page of level-2 entries.
    let perPage = table.pageByteCount / entry
    guard let raw = memory.load64(levelOneAddress(table, index))
    else { throw .unreachable }
    let levelOne = LevelOneEntry(raw: raw)
    guard levelOne.valid else { throw hole }
    let page = levelOne.page & ~UInt64(table.pageByteCount &- 1)
    return (page &+ UInt64((index % perPage) &* entry), 2)
  }

  /// Where the level-1 entry of entry `index` lies.
  private func levelOneAddress(_ table: GITS.BASER, _ index: Int) -> PhysicalAddress {
    let slot = index / (table.pageByteCount / table.entryByteCount)
    return table.physicalAddress &+ UInt64(slot &* LevelOneEntry.byteCount)
  }

  /// Where the CTE lies; nil for a collection that the ITS holds itself.
  func cteAddress(_ n: ITSIndex, _ collection: ICID) throws(WalkFault) -> PhysicalAddress? {
    let index = Int(collection.rawValue)
    if index < configuration.identity.hardwareCollections { return nil }
    return try entryAddress(
      its[n].collectionBASER, index, beyond: .collectionUnmapped, hole: .collectionUnmapped
    ).address
  }

  /// Whether RAM backs up what is cached: a miss is read there, and a change written. Else the ITS
  /// holds its tables itself, and only the entries' places matter.
  @inline(__always) var tablesAreInRAM: Bool { configuration.profile.tables == .writeThrough }

  /// Stores an entry, or with tables in the ITS looks whether it could be stored.
  func storeEntry(_ address: PhysicalAddress, _ raw: @autoclosure () -> UInt64) -> Bool {
    tablesAreInRAM ? memory.store64(address, raw()) : memory.contains(address, byteCount: 8)
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
    guard tablesAreInRAM else { throw .deviceUnmapped }
    guard let raw = memory.load64(address) else {
      decided(by: .device, at: address, nil)
      throw .unreachable
    }
    guard var itt = NativeFormat.decodeDTE(raw).itt else {
      decided(by: .device, at: address, raw)
      throw .deviceUnmapped
    }
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
    guard UInt64(event.rawValue) >> UInt64(known.eventIDBits) == 0 else {
      decided(by: device, known, its: n)
      throw .eventOOR
    }
    observer.observe(.eventLookup(device, event))
    var word = its[n].translations.word(known, event)
    if word == 0 {
      guard tablesAreInRAM else { throw .eventUnmapped }
      let address = iteAddress(known, event)
      guard let raw = memory.load64(address) else {
        decided(by: .translation, at: address, nil)
        throw .unreachable
      }
      guard let mapping = NativeFormat.decodeITE(raw).mapping,
        mapping.intid.rawValue < configuration.intidLimit, mapping.intid.isLPI
      else {
        decided(by: .translation, at: address, raw)
        throw .eventUnmapped
      }
      word = TranslationCache.word(mapping.intid, mapping.collection)
      its[n].translations.set(device, event, word)
    }
    return Route(
      intid: TranslationCache.intid(word), collection: TranslationCache.collection(word),
      isOrphan: TranslationCache.isOrphan(word))
  }

  /// The PE to which an event's collection goes.
  @inline(__always)
  mutating func walkTarget(_ n: ITSIndex, _ route: Route) throws(WalkFault) -> PEIndex {
    guard !route.isOrphan else { throw .collectionUnmapped }
    return try walkCollection(n, route.collection)
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
    guard tablesAreInRAM else { throw .collectionUnmapped }
    guard let raw = memory.load64(address) else {
      decided(by: .collection, at: address, nil)
      throw .unreachable
    }
    guard let target = NativeFormat.decodeCTE(raw).target, let pe = pe(at: target)
    else {
      decided(by: .collection, at: address, raw)
      throw .collectionUnmapped
    }
    its[n].collections.set(collection, pe)
    return pe
  }

  /// Where a collection goes now, for work that no lookup is due for. Nil if it is not mapped.
  func knownTarget(_ n: ITSIndex, _ collection: ICID) -> PEIndex? {
    if let pe = its[n].collections.target(collection) { return pe }
    guard tablesAreInRAM, let found = try? cteAddress(n, collection),
      let raw = memory.load64(found),
      let target = NativeFormat.decodeCTE(raw).target
    else { return nil }
    return pe(at: target)
  }

  /// The PE that an RDbase names: by Processor_Number, or by the address of its redistributor.
  func pe(at target: RDbase) -> PEIndex? {
    guard configuration.identity.ptaIsAddress else {
      guard numbered.isEmpty else {
        return UInt16(exactly: target.rawValue).flatMap { numbered[ProcessorNumber(rawValue: $0)] }
      }
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
    guard configuration.identity.ptaIsAddress else {
      return RDbase(rawValue: UInt64(processorNumber(of: pe).rawValue))
    }
    let shape = configuration.shape
    return RDbase(rawValue: (shape.gicrBase + UInt64(pe.rawValue) * shape.gicrStride) >> 16)
  }

  /// GICR_TYPER.Processor_Number.
  func processorNumber(of pe: PEIndex) -> ProcessorNumber {
    let numbers = configuration.identity.processorNumbers
    guard pe.index < numbers.count else {
      return ProcessorNumber(rawValue: UInt16(truncatingIfNeeded: pe.rawValue))
    }
    return numbers[pe.index]
  }
}
