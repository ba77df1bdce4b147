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

extension Engine where Observer == NoTiming {
  /// MAPC that changes nothing but an entry of a flat table.
  @inline(always)
  mutating func mapcRecalled(
    _ view: QueueView, _ collection: ICID, _ named: RDbase?
  ) -> Bool {
    let index = Int(collection.rawValue)
    guard facts.remapsPlainly, (named?.rawValue ?? 0) < UInt64(pes.count), fits(collection),
      index >= facts.hardwareCollections,
      index < view.its.element.collectionShape.flatCapacity,
      view.memory.store64(
        view.its.element.collectionShape.address(index), NativeFormat.encode(CTE(target: named)))
    else { return false }
    let pe = named.map { PEIndex(rawValue: UInt32(truncatingIfNeeded: $0.rawValue)) }
    let old = hasLanes ? view.its.element.collections.target(collection) : pe
    view.its.element.collections.set(collection, pe)
    // MOVALL must find what was on its way to the old target.
    if hasLanes, old != pe { awaitReaders() }
    return true
  }
}
