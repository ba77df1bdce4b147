// explain, where the ITS holds its tables itself: guest RAM has them after a save only, so it is
// not asked.

import GICArch

extension Engine {
  /// An entry of a table that is not in RAM now.
  /// - Parameter word: what it says, laid out as in RAM.
  func heldEntry(_ kind: TableEntry.Kind, _ word: UInt64?) -> TableEntry {
    TableEntry(kind, address: nil, raw: nil, cached: word)
  }

  func explainHeldDevice(
    _ known: TranslationCache.Device?, _ device: DeviceID, _ story: inout Explanation
  ) -> (itt: ITT, words: TranslationCache.Device?)? {
    story.pass(
      .deviceTable, "the ITS holds its tables itself; guest RAM has them after a save only")
    guard let known else {
      return story.none(
        .device, "DeviceID \(device) is not mapped: the ITS, which holds its tables, has no entry",
        "no MAPD of this DeviceID has run, or one with V = 0 has")
    }
    let itt = EntryLayout.itt(known)
    story.pass(
      .device, "ITT at \(hex(itt.base)), EventIDs of \(itt.eventIDBits) bits",
      heldEntry(.device, EntryLayout.word(known)))
    return (itt, known)
  }

  func explainHeldCollection(
    _ n: ITSIndex, _ collection: ICID, _ story: inout Explanation
  ) -> PEIndex? {
    guard let pe = its[n].collections.target(collection) else {
      return story.none(
        .collection,
        "collection \(collection) is not mapped: the ITS, which holds its tables, has no entry",
        "no MAPC of this collection has run, or one with V = 0 has")
    }
    story.pass(
      .collection, "collection \(collection) goes to PE \(pe.rawValue)",
      heldEntry(.collection, EntryLayout.Format.encode(CTE(target: target(of: pe)))))
    return pe
  }
}
