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

  /// An ICID must fit the width that GITS_TYPER shows.
  @inline(__always) func checkCollection(
    _ opcode: ITSCommand.Opcode, _ collection: ICID
  ) throws(CommandFault) {
    guard Int(collection.rawValue) &>> facts.collectionIDBits == 0
    else { throw CommandFault(opcode, .collectionOOR) }
  }
}
