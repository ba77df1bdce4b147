// KVM_DEV_ARM_ITS_SAVE_TABLES: what an ITS holds goes to the tables in guest RAM, in KVM's layout
// REV0. The ITS goes on as before.

import GICArch

extension Engine {
  /// Writes the entries of all that is mapped: for each device, lowest DeviceID first, its ITEs and
  /// then its DTE; then the collections in the order of their creation, and one entry of zeros
  /// unless the table is full. Nothing else in the tables changes. A table whose GITS_BASER is not
  /// valid is left out.
  ///
  /// With tables in RAM (``Profile/Tables/writeThrough``) everything is there already, in the
  /// ITS's own layout.
  /// - Throws: EACCES for what no table can hold, EINVAL where an entry has lost its place, EFAULT
  ///   outside RAM, ENOMEM for more events than a restore would take. What was written stays.
  /// - Source: Linux, Documentation/virt/kvm/devices/arm-vgic-its.rst.
  func saveTables(_ n: ITSIndex) throws(DeviceError) {
    try refuseHardwareCollections(n)
    guard !tablesAreInRAM else { return }
    if its[n].deviceBASER.valid { try saveDevices(n) }
    if its[n].collectionBASER.valid { try saveCollections(n) }
  }

  /// No register and no table shows a collection that the ITS holds itself, so it cannot be saved.
  private func refuseHardwareCollections(_ n: ITSIndex) throws(DeviceError) {
    for index in 0..<configuration.identity.hardwareCollections {
      let collection = ICID(rawValue: UInt16(truncatingIfNeeded: index))
      guard its[n].collections.target(collection) == nil else {
        throw .held(collection, its: n)
      }
    }
  }

  private func saveDevices(_ n: ITSIndex) throws(DeviceError) {
    var saved = 0
    var device = its[n].translations.firstDevice(from: 0)
    while let current = device {
      let next = its[n].translations.firstDevice(from: UInt64(current.rawValue) + 1)
      guard let address = deviceSlot(n, current),
        let known = its[n].translations.device(current)
      else {
        throw DeviceError(
          .einval, "the device table of ITS \(n) has no place for DeviceID \(current) any more")
      }
      saved += try saveEvents(n, known)
      guard saved <= restoreLimit else {
        throw DeviceError(
          .enomem, "ITS \(n) has more than \(restoreLimit) events, which a restore would not take")
      }
      let itt = ITT(base: known.itt, eventIDBits: Int(known.eventIDBits))
      let entry = KVMFormat.SavedDTE(
        DTE(itt: itt), distance: next.map { UInt64($0.rawValue - current.rawValue) } ?? 0)
      guard memory.store64(address, entry.raw) else { throw .outsideRAM("a DTE", address) }
      device = next
    }
  }

  /// - Returns: how many ITEs the device has. An event that lost its collection is none: there is
  ///   nothing that could name it.
  private func saveEvents(
    _ n: ITSIndex, _ device: TranslationCache.Device
  ) throws(DeviceError) -> Int {
    var count = 0
    var last: (event: EventID, mapping: ITE.Mapping)?
    for index in 0..<device.words.count {
      let event = EventID(rawValue: UInt32(truncatingIfNeeded: index))
      let word = its[n].translations.word(device, event)
      guard word != 0, !TranslationCache.isOrphan(word) else { continue }
      if let last { try save(last, distance: event.rawValue - last.event.rawValue, device) }
      let collection = TranslationCache.collection(word)
      guard Int(collection.rawValue) >= configuration.identity.hardwareCollections else {
        throw .held(collection, its: n)
      }
      last = (event, ITE.Mapping(intid: TranslationCache.intid(word), collection: collection))
      count += 1
    }
    if let last { try save(last, distance: 0, device) }
    return count
  }

  private func save(
    _ entry: (event: EventID, mapping: ITE.Mapping), distance: UInt32,
    _ device: TranslationCache.Device
  ) throws(DeviceError) {
    let address = iteAddress(device, entry.event)
    let saved = KVMFormat.SavedITE(ITE(mapping: entry.mapping), distance: UInt64(distance))
    guard memory.store64(address, saved.raw) else { throw .outsideRAM("an ITE", address) }
  }

  private func saveCollections(_ n: ITSIndex) throws(DeviceError) {
    let table = its[n].collectionBASER
    let collections = its[n].collectionList.inOrder
    guard collections.count <= table.capacity else {
      throw DeviceError(
        .einval,
        "the collection table of ITS \(n) has \(table.capacity) entries for "
          + "\(collections.count) collections")
    }
    for (index, collection) in collections.enumerated() {
      let target = its[n].collections.target(collection).map { self.target(of: $0) }
      try saveCollectionEntry(index, table, KVMFormat.SavedCTE(collection, CTE(target: target)).raw)
    }
    if collections.count < table.capacity {
      try saveCollectionEntry(collections.count, table, 0)
    }
  }

  private func saveCollectionEntry(
    _ index: Int, _ table: GITS.BASER, _ raw: UInt64
  ) throws(DeviceError) {
    guard let address = slot(index, in: table), memory.store64(address, raw) else {
      throw .outsideRAM("CTE \(index) of the collection table", table.physicalAddress)
    }
  }

  /// Events that one restore takes at most: twice what the machine has LPIs for, and never so few
  /// that a table of shared LPIs does not fit.
  var restoreLimit: Int { Swift.max(2 << configuration.identity.intidBits, 1 << 21) }
}

extension DeviceError {
  fileprivate static func held(_ collection: ICID, its n: ITSIndex) -> DeviceError {
    DeviceError(.eacces, "\(SaveRefusal.hardwareCollection(collection, its: n))")
  }
}
