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

extension Route {
  @inline(__always) init(_ word: TranslationCache.Word) {
    intid = TranslationCache.intid(word)
    collection = TranslationCache.collection(word)
    isOrphan = TranslationCache.isOrphan(word)
  }
}

extension Engine {
  /// Where the DTE lies, and after how many reads: 1 (flat) or 2 (indirect).
  /// - Throws: `.deviceOOR` beyond the table, `.deviceUnmapped` if level 1 has no page for it.
  mutating func dteAddress(
    _ n: ITSIndex, _ device: DeviceID
  ) throws(WalkFault) -> (address: PhysicalAddress, levels: Int) {
    guard UInt64(device.rawValue) < facts.deviceLimit else { throw .deviceOOR }
    do throws(WalkFault) {
      return try entryAddress(
        its[n].devices, Int(device.rawValue), beyond: .deviceOOR, hole: .deviceUnmapped)
    } catch {
      if case .deviceOOR = error { throw error }
      let place = its[n].devices.levelOneAddress(Int(device.rawValue))
      decided(by: .deviceLevelOne, at: place, memory.load64(place))
      throw error
    }
  }

  /// Where entry `index` of a table lies, and after how many reads.
  /// - Throws: `beyond` outside the table, `hole` if level 1 has no page for it.
  @inline(__always) private func entryAddress(
    _ table: TableShape, _ index: Int, beyond: WalkFault, hole: WalkFault
  ) throws(WalkFault) -> (address: PhysicalAddress, levels: Int) {
    if index < table.flatCapacity {
      return (table.address(index), 1)
    }
    return (try levelTwoAddress(table, index, beyond: beyond, hole: hole), 2)
  }

  /// Level 1 holds 8-byte entries, each a page of level-2 entries.
  @inline(never)
  private func levelTwoAddress(
    _ table: TableShape, _ index: Int, beyond: WalkFault, hole: WalkFault
  ) throws(WalkFault) -> PhysicalAddress {
    guard table.valid, table.indirect, index < table.capacity else { throw beyond }
    let perPage = table.pageByteCount / table.entryByteCount
    guard let raw = memory.load64(table.levelOneAddress(index)) else { throw .unreachable }
    let levelOne = LevelOneEntry(raw: raw)
    guard levelOne.valid else { throw hole }
    let page = levelOne.page & ~UInt64(table.pageByteCount &- 1)
    return page &+ UInt64((index % perPage) &* table.entryByteCount)
  }

  /// Where the CTE lies; nil for a collection that the ITS holds itself.
  @inline(__always)
  func cteAddress(_ n: ITSIndex, _ collection: ICID) throws(WalkFault) -> PhysicalAddress? {
    let index = Int(collection.rawValue)
    if index < facts.hardwareCollections { return nil }
    return try entryAddress(
      its[n].collectionShape, index, beyond: .collectionUnmapped, hole: .collectionUnmapped
    ).address
  }

  /// Stores an entry, or with tables in the ITS looks whether it could be stored.
  @inline(__always) func storeEntry(_ address: PhysicalAddress, _ raw: @autoclosure () -> UInt64)
    -> Bool
  {
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
    guard UInt64(device.rawValue) < facts.deviceLimit else { throw .deviceOOR }
    if let known = its[n].translations.device(device) {
      observer.observe(.deviceLookup(device, levels: its[n].devices.indirect ? 2 : 1))
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
    itt.eventIDBits = min(itt.eventIDBits, facts.eventIDBits)
    its[n].translations.remember(device, itt)
    guard let known = its[n].translations.device(device) else { throw .deviceUnmapped }
    return known
  }

  /// DeviceID and EventID to INTID and collection.
  @inline(__always)
  mutating func walkEvent(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) throws(WalkFault) -> Route {
    guard UInt64(device.rawValue) < facts.deviceLimit else { throw .deviceOOR }
    // One that is remembered was checked when it was.
    let word = its[n].translations.word(device, event)
    guard word != 0 else { return try readEvent(n, device, event) }
    observer.observe(.deviceLookup(device, levels: its[n].devices.indirect ? 2 : 1))
    observer.observe(.eventLookup(device, event))
    return Route(word)
  }

  /// The walk of an event that is not remembered.
  @inline(never)
  private mutating func readEvent(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) throws(WalkFault) -> Route {
    let known = try walkDevice(n, device)
    guard UInt64(event.rawValue) &>> UInt64(known.eventIDBits) == 0 else {
      decided(by: device, known, its: n)
      throw .eventOOR
    }
    observer.observe(.eventLookup(device, event))
    guard tablesAreInRAM else { throw .eventUnmapped }
    let address = iteAddress(known, event)
    guard let raw = memory.load64(address) else {
      decided(by: .translation, at: address, nil)
      throw .unreachable
    }
    guard let mapping = NativeFormat.decodeITE(raw).mapping,
      mapping.intid.rawValue < facts.intidLimit, mapping.intid.isLPI
    else {
      decided(by: .translation, at: address, raw)
      throw .eventUnmapped
    }
    let word = TranslationCache.word(mapping.intid, mapping.collection)
    its[n].translations.set(device, event, word)
    return Route(word)
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
    return try readCollection(n, collection)
  }

  @inline(never)
  private mutating func readCollection(
    _ n: ITSIndex, _ collection: ICID
  ) throws(WalkFault) -> PEIndex {
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
  @inline(__always) func knownTarget(_ n: ITSIndex, _ collection: ICID) -> PEIndex? {
    its[n].collections.target(collection) ?? storedTarget(n, collection)
  }

  @inline(never) private func storedTarget(_ n: ITSIndex, _ collection: ICID) -> PEIndex? {
    guard tablesAreInRAM, let found = try? cteAddress(n, collection),
      let raw = memory.load64(found),
      let target = NativeFormat.decodeCTE(raw).target
    else { return nil }
    return pe(at: target)
  }

  /// The PE that an RDbase names: by Processor_Number, or by the address of its redistributor.
  @inline(__always) func pe(at target: RDbase) -> PEIndex? {
    guard targetsAreIndices else { return namedPE(at: target) }
    return target.rawValue < UInt64(pes.count) ? PEIndex(Int(target.rawValue)) : nil
  }

  private func namedPE(at target: RDbase) -> PEIndex? {
    guard configuration.identity.ptaIsAddress else {
      return UInt16(exactly: target.rawValue).flatMap { numbered[ProcessorNumber(rawValue: $0)] }
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

extension Engine where Observer == NoTiming {
  /// Where an event goes, if that and its collection's target are remembered: what most commands
  /// and MSIs find.
  @inline(always)
  func recall(
    _ its: SlabPlace<ITSState>, _ device: DeviceID, _ event: EventID
  ) -> (word: TranslationCache.Word, pe: PEIndex)? {
    let word = its.element.translations.peek(device, event)
    guard TranslationCache.isWhole(word),
      let pe = its.element.collections.target(TranslationCache.collection(word))
    else { return nil }
    return (word, pe)
  }

  /// As ``recall(_:_:_:)``, with the device, for commands that write the event's entry.
  @inline(always)
  func recallEntry(
    _ view: QueueView, _ device: DeviceID, _ event: EventID
  ) -> (known: TranslationCache.Device, word: TranslationCache.Word, pe: PEIndex)? {
    guard let known = view.its.element.translations.found(device) else { return nil }
    let word = view.its.element.translations.word(known, event)
    guard TranslationCache.isWhole(word),
      let pe = view.its.element.collections.target(TranslationCache.collection(word))
    else { return nil }
    return (known, word, pe)
  }
}
