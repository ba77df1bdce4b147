import GICArch

extension Engine {
  /// INVALL: the redistributor of a collection reads its whole configuration table again.
  /// Work: one CTE lookup, one message.
  /// - Source: Arm IHI 0069, "INVALL".
  mutating func invall(_ n: ITSIndex, _ collection: ICID) throws(CommandFault) {
    guard profile.invallScope != .everyPE else { return invalidateAll() }
    try checkCollection(.invall, collection)
    do throws(WalkFault) { invalidateAll(try walkCollection(n, collection)) } catch {
      guard case .collectionUnmapped = error,
        profile.invallUnmappedCollection == .works
      else { throw CommandFault(.invall, walk: error) }
      invalidateAll()
    }
  }
}
