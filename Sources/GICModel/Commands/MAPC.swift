import GICArch

extension Engine {
  /// MAPC: gives a collection its target, or takes it away when `target` is nil. LPIs that are
  /// pending at an old target stay there.
  /// Work: one CTE write.
  /// - Source: Arm IHI 0069, "MAPC".
  mutating func mapc(_ n: ITSIndex, _ collection: ICID, _ target: RDbase?) throws(CommandFault) {
    var pe: PEIndex?
    if let target {
      pe = self.pe(at: target)
      if pe == nil { throw CommandFault(.mapc, .targetOOR) }
    }
    try checkCollection(.mapc, collection)
    do throws(WalkFault) {
      if let address = try cteAddress(n, collection) {
        guard memory.store64(address, NativeFormat.encode(CTE(target: target)))
        else { throw .unreachable }
      }
    } catch {
      if case .collectionUnmapped = error { throw CommandFault(.mapc, .collectionOOR) }
      throw CommandFault(.mapc, walk: error)
    }
    its[n].collections.set(collection, pe)
    observer.observe(.collectionWritten(collection))
  }

  /// An ICID must fit the width that GITS_TYPER shows.
  func checkCollection(
    _ opcode: ITSCommand.Opcode, _ collection: ICID
  ) throws(CommandFault) {
    guard Int(collection.rawValue) >> configuration.identity.collectionIDBits == 0
    else { throw CommandFault(opcode, .collectionOOR) }
  }
}
