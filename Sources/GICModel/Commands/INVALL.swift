import GICArch

extension Engine {
  /// INVALL: the redistributor of a collection reads its whole configuration table again.
  /// Work: one CTE lookup, one message.
  /// - Source: Arm IHI 0069, "INVALL".
  mutating func invall(_ n: ITSIndex, _ collection: ICID) throws(CommandFault) {
    try checkCollection(.invall, collection)
    let pe: PEIndex
    do throws(WalkFault) { pe = try walkCollection(n, collection) } catch {
      throw CommandFault(.invall, walk: error)
    }
    invalidateAll(pe)
  }
}
