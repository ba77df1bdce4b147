import GICArch

extension Engine {
  /// MAPTI and MAPI: binds an event of a device to an LPI and a collection. The collection need not
  /// be mapped yet. What becomes of an event that is bound already the profile says.
  /// Work: one DTE lookup, one ITE write. The LPI's configuration byte is read again.
  /// - Source: Arm IHI 0069, "MAPTI", "MAPI".
  mutating func map(
    _ n: ITSIndex, _ opcode: ITSCommand.Opcode, _ device: DeviceID, _ event: EventID,
    _ intid: INTID, _ collection: ICID
  ) throws(CommandFault) {
    let known: TranslationCache.Device
    do throws(WalkFault) { known = try walkDevice(n, device) } catch {
      throw CommandFault(opcode, walk: error)
    }
    guard known.has(event) else { throw CommandFault(opcode, .eventOOR) }
    let target = knownTarget(n, collection)
    guard intid.isLPI, intid.rawValue < intidLimit(at: target)
    else { throw CommandFault(opcode, .intidOOR) }
    if profile.maptiMappedEvent == .keeps, isMapped(n, device, event) { return }
    try checkCollection(opcode, collection)
    if profile.maptiCollection == .slot, target == nil {
      try checkSlot(n, opcode, collection)
    }
    // A table that is written only when it is saved lives here alone: what finds no room is
    // refused.
    if profile.tables == .atSave {
      guard its[n].translations.hasRoom(known, event) else { throw .unreachable }
    }
    let address = iteAddress(known, event)
    let mapping = ITE.Mapping(intid: intid, collection: collection)
    let isNew = !isShared(intid)
    var wasPending = false
    if isNew, profile.maptiLPITables == .required {
      guard memory.contains(address, byteCount: 8) else { throw .unreachable }
      wasPending = try takeFromLPITables(intid, target)
    }
    guard storeEntry(address, NativeFormat.encode(ITE(mapping: mapping)))
    else { throw .unreachable }
    if lpisAreShared {
      let old = its[n].translations.word(known, event)
      claim(intid, for: target)
      if old != 0 { release(TranslationCache.intid(old)) }
    }
    let word = TranslationCache.word(intid, collection)
    let old = hasLanes ? its[n].translations.word(known, event) : 0
    its[n].translations.set(known, device, event, word)
    // The LPI that the event had does not become pending any more.
    if old != 0, old != word { awaitReaders() }
    listCollection(n, collection, isMapped: true)
    observer.observe(.eventWritten(device, event))
    if isNew, let pe = target ?? (lpisAreShared ? PEIndex(0) : nil) {
      readProperty(of: intid, at: pe)
    }
    if wasPending, let target { restorePending(intid, at: target) }
  }

  private mutating func isMapped(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) -> Bool {
    (try? walkEvent(n, device, event)) != nil
  }

  /// INTIDs of LPIs that an event may be mapped to are below this.
  @inline(__always) private func intidLimit(at target: PEIndex?) -> UInt32 {
    profile.maptiINTIDs == .distributor ? facts.intidLimit : propbaserLimit(at: target)
  }

  private func propbaserLimit(at target: PEIndex?) -> UInt32 {
    if profile.propbaser == .shared {
      return INTID.firstLPI.rawValue + UInt32(lpiCount(PEIndex(0)))
    }
    guard let target, pes[target.index].lpisEnabled else { return facts.intidLimit }
    return pes[target.index].lpiLimit
  }

  /// Its table must have a place for the collection.
  private func checkSlot(
    _ n: ITSIndex, _ opcode: ITSCommand.Opcode, _ collection: ICID
  ) throws(CommandFault) {
    guard let found = try? cteAddress(n, collection) else {
      if Int(collection.rawValue) < facts.hardwareCollections { return }
      throw CommandFault(opcode, .collectionOOR)
    }
    guard memory.contains(found, byteCount: 8) else { throw CommandFault(opcode, .collectionOOR) }
  }

  /// The configuration and pending tables must be there for a new LPI; its pending bit is taken
  /// out.
  /// - Returns: whether it was set.
  mutating func takeFromLPITables(
    _ intid: INTID, _ target: PEIndex?
  ) throws(CommandFault) -> Bool {
    let holder = (target ?? PEIndex(0)).index
    let properties = GICR.PROPBASER(raw: pes[holder].propbaser).physicalAddress
    guard memory.load8(properties &+ UInt64(intid.rawValue - INTID.firstLPI.rawValue)) != nil
    else { throw .unreachable }
    guard target != nil else { return false }
    let address =
      GICR.PENDBASER(raw: pes[holder].pendbaser).physicalAddress &+ UInt64(intid.rawValue / 64 * 8)
    guard let word = memory.load64(address) else { throw .unreachable }
    let bit: UInt64 = 1 << UInt64(intid.rawValue % 64)
    guard word & bit != 0 else { return false }
    guard memory.store64(address, word & ~bit) else { throw .unreachable }
    return true
  }
}

extension Engine where Observer == NoTiming {
  /// MAPTI of a device that is remembered and has a place for the event's word, to a collection
  /// that is, where the profile wants nothing more.
  @inline(always)
  mutating func mapRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID, _ intid: INTID, _ collection: ICID
  ) -> Bool {
    guard facts.mapsPlainly, let known = view.its.element.translations.found(device),
      known.has(event), known.words.contains(event.rawValue),
      intid.isLPI, intid.rawValue < facts.intidLimit, fits(collection),
      let pe = view.its.element.collections.target(collection)
    else { return false }
    let mapping = ITE.Mapping(intid: intid, collection: collection)
    guard
      view.memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: mapping)))
    else { return false }
    let word = TranslationCache.word(intid, collection)
    let old = hasLanes ? known.words.load(event.rawValue) : 0
    known.words.store(event.rawValue, word)
    // The LPI that the event had does not become pending any more.
    if old != 0, old != word { awaitReaders() }
    readPropertyAgain(of: intid, at: pe, view.memory)
    return true
  }
}
