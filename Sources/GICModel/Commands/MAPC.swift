import GICArch

extension Engine {
  /// MAPC: gives a collection its target, or takes it away when `target` is nil. Whether LPIs that
  /// are pending at an old target stay there, and whether events outlive their collection, the
  /// profile says.
  /// Work: one CTE write.
  /// - Source: Arm IHI 0069, "MAPC".
  mutating func mapc(_ n: ITSIndex, _ collection: ICID, _ named: RDbase?) throws(CommandFault) {
    let isCut = profile.mapcTarget == .lower16 && !configuration.identity.ptaIsAddress
    let target = named.map { isCut ? RDbase(rawValue: $0.rawValue & 0xffff) : $0 }
    var pe: PEIndex?
    if let target {
      pe = self.pe(at: target)
      if pe == nil { throw CommandFault(.mapc, .targetOOR) }
    }
    try writeEntry(n, collection, target)
    let old = its[n].collections.target(collection)
    its[n].collections.set(collection, pe)
    listCollection(n, collection, isMapped: pe != nil)
    observer.observe(.collectionWritten(collection))
    // MOVALL must find what was on its way to the old target.
    if old != pe { awaitReaders() }
    if let pe {
      if profile.mapcRemap == .pendingMoves { moveEvents(n, collection, old, to: pe) }
    } else if profile.mapcUnmap == .orphans {
      for (device, event, word) in its[n].translations.events(of: collection) {
        its[n].translations.set(device, event, TranslationCache.orphan(word))
      }
    }
  }

  /// MAPC that changes nothing but an entry of a flat table.
  @inline(__always)
  mutating func mapcPlainly(_ n: ITSIndex, _ collection: ICID, _ named: RDbase?) -> Bool {
    var pe: PEIndex?
    if let named {
      pe = self.pe(at: named)
      if pe == nil { return false }
    }
    let its = its
    guard facts.remapsPlainly, fits(collection), its[n].collections.hasPlace(collection),
      let address = flatCTEAddress(n, collection),
      memory.store64(address, NativeFormat.encode(CTE(target: named)))
    else { return false }
    let old = hasLanes ? its[n].collections.target(collection) : pe
    its[n].collections.replace(collection, pe)
    observer.observe(.collectionWritten(collection))
    // MOVALL must find what was on its way to the old target.
    if old != pe { awaitReaders() }
    return true
  }

  /// Where the CTE lies in a flat table; nil for a collection without a place in one.
  @inline(__always)
  private func flatCTEAddress(_ n: ITSIndex, _ collection: ICID) -> PhysicalAddress? {
    let (its, index) = (its, Int(collection.rawValue))
    guard index >= facts.hardwareCollections, index < its[n].collectionShape.flatCapacity
    else { return nil }
    return its[n].collectionShape.base
      &+ UInt64(truncatingIfNeeded: index &* its[n].collectionShape.entryByteCount)
  }

  /// Writes the CTE. With tables in the ITS an unmapped collection needs no place in RAM: it goes
  /// from a list.
  private func writeEntry(
    _ n: ITSIndex, _ collection: ICID, _ target: RDbase?
  ) throws(CommandFault) {
    guard tablesAreInRAM || target != nil else { return }
    try checkCollection(.mapc, collection)
    do throws(WalkFault) {
      guard let address = try cteAddress(n, collection) else { return }
      guard storeEntry(address, NativeFormat.encode(CTE(target: target)))
      else { throw .unreachable }
    } catch {
      if case .collectionUnmapped = error { throw CommandFault(.mapc, .collectionOOR) }
      throw CommandFault(.mapc, walk: error)
    }
  }

  /// The LPIs of a collection's events go to its new target.
  private mutating func moveEvents(
    _ n: ITSIndex, _ collection: ICID, _ old: PEIndex?, to target: PEIndex
  ) {
    for (_, _, word) in its[n].translations.events(of: collection) {
      let intid = TranslationCache.intid(word)
      if lpisAreShared {
        retarget(intid, to: target, byMessage: false)
      } else if let old {
        movePending(intid, from: old, to: target)
      }
    }
  }

  /// Where the ITS holds its tables, a save must find the collections. One that is unmapped stays,
  /// unless its events have lost it for ever.
  func listCollection(_ n: ITSIndex, _ collection: ICID, isMapped: Bool) {
    guard !tablesAreInRAM, Int(collection.rawValue) >= configuration.identity.hardwareCollections
    else { return }
    if isMapped {
      its[n].collectionList.insert(collection)
    } else if configuration.profile.mapcUnmap == .orphans {
      its[n].collectionList.remove(collection)
    }
  }

  /// Whether an ICID fits the width that GITS_TYPER shows.
  @inline(__always) func fits(_ collection: ICID) -> Bool {
    Int(collection.rawValue) &>> facts.collectionIDBits == 0
  }

  /// An ICID must fit the width that GITS_TYPER shows.
  @inline(__always) func checkCollection(
    _ opcode: ITSCommand.Opcode, _ collection: ICID
  ) throws(CommandFault) {
    guard fits(collection) else { throw CommandFault(opcode, .collectionOOR) }
  }
}
