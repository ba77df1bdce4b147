// Where the entries of a saved table lie. It is asked of RAM as it is now: level 1 of a table may
// have changed since the entry was made.

import GICArch

extension Engine {
  /// Where entry `index` of a table lies, as long as RAM has a place for it; nil beyond the table,
  /// below a level-1 entry that is not valid, and outside RAM.
  func slot(_ index: Int, in table: GITS.BASER) -> PhysicalAddress? {
    guard index < table.capacity else { return nil }
    let entry = table.entryByteCount
    var address = table.physicalAddress &+ UInt64(index &* entry)
    if table.indirect {
      let perPage = table.pageByteCount / entry
      let levelOne = UInt64(index / perPage &* LevelOneEntry.byteCount)
      guard let raw = memory.load64(table.physicalAddress &+ levelOne),
        let page = levelTwoPage(LevelOneEntry(raw: raw), table)
      else { return nil }
      address = page &+ UInt64(index % perPage &* entry)
    }
    return memory.contains(address, byteCount: 8) ? address : nil
  }

  /// First byte of the page that a level-1 entry names; nil if it is not valid.
  func levelTwoPage(_ entry: LevelOneEntry, _ table: GITS.BASER) -> PhysicalAddress? {
    entry.valid ? entry.page & ~UInt64(table.pageByteCount &- 1) : nil
  }

  /// A DTE, or why there cannot be one.
  func deviceSlot(_ n: ITSIndex, _ device: DeviceID) -> PhysicalAddress? {
    guard UInt64(device.rawValue) >> UInt64(configuration.identity.deviceIDBits) == 0
    else { return nil }
    return slot(Int(device.rawValue), in: its[n].deviceBASER)
  }

  /// Whether the collection table has a place for one with this ICID. The ITS's own have none.
  func isStorable(_ n: ITSIndex, _ collection: ICID) -> Bool {
    let index = Int(collection.rawValue)
    guard index >= configuration.identity.hardwareCollections,
      index >> configuration.identity.collectionIDBits == 0
    else { return false }
    return slot(index, in: its[n].collectionBASER) != nil
  }
}
