// KVM_DEV_ARM_ITS_RESTORE_TABLES: an ITS takes over what the tables in guest RAM say, in KVM's
// layout REV0. Whatever bytes lie there, the work is bounded and the end is success or an errno.

import GICArch

extension Engine {
  /// Reads the collections, then the devices with their events. A table whose GITS_BASER is not
  /// valid is left out. With shared LPIs the configuration byte and the pending bit of each LPI
  /// are read too, and the bit is taken out of RAM.
  ///
  /// With tables in RAM (``Profile/Tables/writeThrough``) the ITS forgets what it remembers and
  /// reads each entry when it is wanted.
  /// - Throws: EINVAL for what the tables cannot mean, EEXIST for what is there already, EFAULT
  ///   outside RAM, ENOMEM for more events than are taken. Then ITS `n` has no mappings at all.
  /// - Source: Linux, arch/arm64/kvm/vgic/vgic-its.c, `vgic_its_restore_tables_v0`.
  mutating func restoreTables(_ n: ITSIndex) throws(DeviceError) {
    guard !tablesAreInRAM else { return freeMappings(n) }
    if configuration.profile.restoreOverLive == .replaces { freeMappings(n) }
    var work = RestoreWork(steps: memory.byteCount / 8 + RestoreWork.slack, events: restoreLimit)
    do throws(DeviceError) {
      if its[n].collectionBASER.valid { try restoreCollections(n, &work) }
      if its[n].deviceBASER.valid { try restoreDevices(n, &work) }
    } catch {
      freeMappings(n)
      throw error
    }
  }

  /// All devices, events and collections of an ITS are gone, with what they alone had pending. No
  /// entry in RAM changes.
  mutating func freeMappings(_ n: ITSIndex) {
    if lpisAreShared {
      for intid in its[n].translations.intids() { releaseSilently(intid) }
    }
    its[n].translations.forgetAll()
    its[n].collections.forgetAll(from: 0)
    its[n].collectionList.removeAll()
  }

  // MARK: Collections

  /// A list: the first entry that is not valid ends it, and so does the end of the table.
  private mutating func restoreCollections(
    _ n: ITSIndex, _ work: inout RestoreWork
  ) throws(DeviceError) {
    let table = its[n].collectionBASER
    for index in 0..<table.capacity {
      try work.step()
      guard let address = slot(index, in: table), let raw = memory.load64(address) else {
        throw .outsideRAM("CTE \(index) of the collection table", table.physicalAddress)
      }
      let entry = KVMFormat.SavedCTE(raw: raw)
      guard entry.valid else { return }
      try restoreCollection(n, entry, at: address)
    }
  }

  private mutating func restoreCollection(
    _ n: ITSIndex, _ entry: KVMFormat.SavedCTE, at address: PhysicalAddress
  ) throws(DeviceError) {
    // Processor_Numbers are read as 32 bits, addresses whole.
    let rdbase = configuration.identity.ptaIsAddress ? entry.raw[51, 16] : entry.raw[47, 16]
    var pe: PEIndex?
    if rdbase != KVMFormat.unmappedRDBase {
      pe = self.pe(at: RDbase(rawValue: rdbase))
      guard pe != nil else { throw .entry("CTE", address, "RDBase \(hex(rdbase)) is no PE") }
    }
    guard !its[n].collectionList.contains(entry.collection) else {
      throw DeviceError(
        .eexist, "CTE at \(hex(address)): collection \(entry.collection) is there already")
    }
    guard isStorable(n, entry.collection) else {
      throw .entry("CTE", address, "the table has no place for collection \(entry.collection)")
    }
    its[n].collectionList.insert(entry.collection)
    its[n].collections.set(entry.collection, pe)
  }

  // MARK: Devices

  private mutating func restoreDevices(
    _ n: ITSIndex, _ work: inout RestoreWork
  ) throws(DeviceError) {
    let table = its[n].deviceBASER
    let perPage = table.pageByteCount / table.entryByteCount
    guard table.indirect else {
      _ = try restoreDevices(n, table.physicalAddress, 0, table.capacity, &work)
      return
    }
    for index in 0..<table.byteCount / LevelOneEntry.byteCount {
      try work.step()
      let address = table.physicalAddress &+ UInt64(index * LevelOneEntry.byteCount)
      guard let raw = memory.load64(address) else {
        throw .outsideRAM("level 1 of the device table", address)
      }
      guard let page = levelTwoPage(LevelOneEntry(raw: raw), table) else { continue }
      // The last device of all ends the scan; that of a page only the page.
      guard try restoreDevices(n, page, index * perPage, perPage, &work) else { return }
    }
  }

  /// Scans `count` DTEs from `base` on, the first of which is that of DeviceID `first`.
  /// - Returns: false where an entry says that it is the last one.
  private mutating func restoreDevices(
    _ n: ITSIndex, _ base: PhysicalAddress, _ first: Int, _ count: Int, _ work: inout RestoreWork
  ) throws(DeviceError) -> Bool {
    let entryByteCount = its[n].deviceBASER.entryByteCount
    var index = 0
    while index < count {
      try work.step()
      let address = base &+ UInt64(index * entryByteCount)
      guard let raw = memory.load64(address) else {
        throw .outsideRAM("DTE \(first + index)", address)
      }
      let entry = KVMFormat.SavedDTE(raw: raw)
      guard entry.valid else {
        index += 1
        continue
      }
      try restoreDevice(n, first + index, entry, at: address, &work)
      guard entry.next != 0 else { return false }
      index += entry.next
    }
    return true
  }

  private mutating func restoreDevice(
    _ n: ITSIndex, _ id: Int, _ entry: KVMFormat.SavedDTE, at address: PhysicalAddress,
    _ work: inout RestoreWork
  ) throws(DeviceError) {
    guard let itt = entry.entry.itt, let raw = UInt32(exactly: id),
      deviceSlot(n, DeviceID(rawValue: raw)) != nil
    else { throw .entry("DTE", address, "the table has no place for DeviceID \(hex(UInt64(id)))") }
    let device = DeviceID(rawValue: raw)
    let width = configuration.identity.eventIDBits
    if configuration.profile.restoredSizes == .checked, itt.eventIDBits > width {
      throw .entry("DTE", address, "EventIDs of \(itt.eventIDBits) bits; the ITS has \(width)")
    }
    guard its[n].translations.device(device) == nil else {
      throw DeviceError(.eexist, "DTE at \(hex(address)): device \(device) is there already")
    }
    its[n].translations.remember(
      device, ITT(base: itt.base, eventIDBits: min(itt.eventIDBits, width)))
    try restoreEvents(n, device, itt, &work)
  }

  // MARK: Events

  private mutating func restoreEvents(
    _ n: ITSIndex, _ device: DeviceID, _ itt: ITT, _ work: inout RestoreWork
  ) throws(DeviceError) {
    let declared = UInt64(1) << UInt64(itt.eventIDBits)
    let end = min(declared, 1 << UInt64(configuration.identity.eventIDBits))
    var event: UInt64 = 0
    while event < end {
      try work.step()
      let address = itt.base &+ event &* 8
      guard let raw = memory.load64(address) else {
        throw .outsideRAM("the ITE of device \(device), event \(hex(event))", address)
      }
      let entry = KVMFormat.SavedITE(raw: raw)
      guard let mapping = entry.entry.mapping else {
        event += 1
        continue
      }
      guard event + UInt64(entry.next) < declared else {
        throw .entry("ITE", address, "next \(entry.next) leaves the device's events")
      }
      try work.restored()
      try restoreEvent(n, device, EventID(rawValue: UInt32(event)), mapping, at: address)
      guard entry.next != 0 else { return }
      event += UInt64(entry.next)
    }
  }

  private mutating func restoreEvent(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID, _ mapping: ITE.Mapping,
    at address: PhysicalAddress
  ) throws(DeviceError) {
    let intid = mapping.intid
    guard intid.isLPI, intid.rawValue < configuration.intidLimit else {
      throw .entry("ITE", address, "INTID \(intid) is no LPI of this machine")
    }
    guard its[n].collectionList.contains(mapping.collection) else {
      throw .entry("ITE", address, "collection \(mapping.collection) is not in the table")
    }
    guard let known = its[n].translations.device(device), its[n].translations.hasRoom(known, event)
    else { throw DeviceError(.enomem, "device \(device), event \(event): no room to hold it") }
    its[n].translations.set(device, event, TranslationCache.word(intid, mapping.collection))
    guard lpisAreShared else { return }
    let target = its[n].collections.target(mapping.collection)
    let isNew = !isShared(intid)
    claim(intid, for: target)
    guard isNew else { return }
    do {
      let isRequired = configuration.profile.maptiLPITables == .required
      let wasPending = isRequired ? try takeFromLPITables(intid, target) : false
      readProperty(of: intid, at: target ?? PEIndex(0))
      if wasPending, let target { restorePending(intid, at: target) }
    } catch {
      throw DeviceError(
        .efault, "LPI \(intid): its configuration or pending table is not in guest RAM")
    }
  }

  private func hex(_ value: UInt64) -> String { DeviceError.hex(value) }
}

/// What a restore may still do, so that no table image makes it endless: RAM holds each entry once,
/// and only tables that lie over each other are read more often.
struct RestoreWork {
  /// Entries looked at beyond one for each doubleword of RAM.
  static var slack: UInt64 { 1 << 22 }
  var steps: UInt64
  var events: Int

  mutating func step() throws(DeviceError) {
    guard steps > 0 else {
      throw DeviceError(
        .einval, "the tables lie over each other: more entries than RAM has room for")
    }
    steps -= 1
  }
  mutating func restored() throws(DeviceError) {
    guard events > 0 else { throw DeviceError(.enomem, "more events than a restore takes") }
    events -= 1
  }
}

extension DeviceError {
  fileprivate static func entry(
    _ kind: String, _ address: PhysicalAddress, _ what: String
  ) -> DeviceError {
    DeviceError(.einval, "\(kind) at \(hex(address)): \(what)")
  }
}
