// Looking at the tables without touching anything: where an entry lies, what it says, and what is
// remembered of it. Nothing here fills a cache, counts, or tells an observer.

import GICArch

/// The layout of this machine's tables, and what the caches hold, in that layout.
enum EntryLayout {
  typealias Format = NativeFormat
  static let iteByteCount = 8

  static func word(_ known: TranslationCache.Device) -> UInt64 {
    Format.encode(DTE(itt: itt(known)))
  }
  static func itt(_ known: TranslationCache.Device) -> ITT {
    ITT(base: known.itt, eventIDBits: Int(known.eventIDBits))
  }
  /// A remembered event; nil for the word of one that is not.
  static func word(_ word: TranslationCache.Word) -> UInt64? {
    guard word != 0 else { return nil }
    return Format.encode(
      ITE(
        mapping: ITE.Mapping(
          intid: TranslationCache.intid(word), collection: TranslationCache.collection(word))))
  }
}

extension TranslationCache {
  /// As ``device(_:)``, for a DeviceID of any width.
  func device(checked device: DeviceID, _ identity: MachineConfiguration.Identity) -> Device? {
    UInt64(device.rawValue) >> UInt64(identity.deviceIDBits) == 0 ? self.device(device) : nil
  }
}

extension Engine {
  /// The level-1 entry of an indirect device table that covers `device`, and how many devices one
  /// covers; nil if the table is flat or does not reach so far.
  func levelOneEntry(_ n: ITSIndex, _ device: DeviceID) -> (entry: TableEntry, perPage: Int)? {
    let table = its[n].deviceBASER
    let perPage = table.pageByteCount / table.entryByteCount
    let slot = Int(device.rawValue) / perPage
    guard table.valid, table.indirect, slot < table.byteCount / LevelOneEntry.byteCount
    else { return nil }
    let address = table.physicalAddress &+ UInt64(slot &* LevelOneEntry.byteCount)
    return (
      TableEntry(.deviceLevelOne, address: address, raw: memory.load64(address)), perPage
    )
  }

  /// The device's entry as it lies in RAM now; nil if the table has no place for it.
  func deviceEntry(_ n: ITSIndex, _ device: DeviceID) -> TableEntry? {
    let table = its[n].deviceBASER
    let index = Int(device.rawValue)
    let size = table.entryByteCount
    let address: PhysicalAddress
    if table.indirect {
      guard let (levelOne, perPage) = levelOneEntry(n, device), let raw = levelOne.raw,
        LevelOneEntry(raw: raw).valid
      else { return nil }
      let page = LevelOneEntry(raw: raw).page & ~UInt64(table.pageByteCount &- 1)
      address = page &+ UInt64(index % perPage &* size)
    } else {
      guard table.valid, index < table.byteCount / size else { return nil }
      address = table.physicalAddress &+ UInt64(index &* size)
    }
    return TableEntry(.device, address: address, raw: memory.load64(address))
  }

  /// The entry of an event of the ITT at `base`, as it lies in RAM now.
  func translationEntry(_ base: PhysicalAddress, _ event: EventID) -> TableEntry {
    let address = base &+ UInt64(event.rawValue) &* UInt64(EntryLayout.iteByteCount)
    return TableEntry(.translation, address: address, raw: memory.load64(address))
  }

  /// The collection's entry as it lies in RAM now, or what the ITS holds itself; nil if the table
  /// has no place for it.
  func collectionEntry(_ n: ITSIndex, _ collection: ICID) -> TableEntry? {
    let index = Int(collection.rawValue)
    if index < configuration.identity.hardwareCollections {
      return TableEntry(.collection, address: nil, raw: nil)
    }
    let table = its[n].collectionBASER
    guard table.valid, index < table.byteCount / table.entryByteCount else { return nil }
    let address = table.physicalAddress &+ UInt64(index &* table.entryByteCount)
    return TableEntry(.collection, address: address, raw: memory.load64(address))
  }
}
