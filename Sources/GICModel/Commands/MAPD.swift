import GICArch

extension Engine {
  /// MAPD: binds a device to its interrupt translation table, or unbinds it when `itt` is nil. What
  /// becomes of the device's events the profile says.
  /// Work: one DTE write.
  /// - Source: Arm IHI 0069, "MAPD".
  mutating func mapd(_ n: ITSIndex, _ device: DeviceID, _ itt: ITT?) throws(CommandFault) {
    if let itt, itt.eventIDBits > facts.eventIDBits {
      throw CommandFault(.mapd, .ittSizeOOR)
    }
    do throws(WalkFault) {
      let address = try dteAddress(n, device).address
      // With V = 0 the entry is zeroed even with tables in the ITS: no restore must find it.
      guard storeEntry(address, NativeFormat.encode(DTE(itt: itt))),
        itt != nil || tablesAreInRAM || memory.store64(address, 0)
      else { throw .unreachable }
    } catch {
      // Level 1 without a page for the device: there is no entry that could be written.
      if case .deviceUnmapped = error { throw CommandFault(.mapd, .deviceOOR) }
      throw CommandFault(.mapd, walk: error)
    }
    if profile.mapdLiveDevice == .freesEvents { freeEvents(n, device) }
    remap(n, device, itt)
  }

  /// A remapped device must not be translated through its old ITT.
  private mutating func remap(_ n: ITSIndex, _ device: DeviceID, _ itt: ITT?) {
    if let itt {
      its[n].translations.remember(device, itt)
    } else {
      its[n].translations.forget(device)
    }
    awaitReaders()
    observer.observe(.deviceWritten(device))
  }

  /// The events of a device go, with what they have pending.
  private mutating func freeEvents(_ n: ITSIndex, _ device: DeviceID) {
    if lpisAreShared {
      for intid in its[n].translations.intids(of: device) { release(intid) }
      return
    }
    for word in its[n].translations.words(of: device) where !TranslationCache.isOrphan(word) {
      if let pe = its[n].collections.target(TranslationCache.collection(word)) {
        clearPending(TranslationCache.intid(word), at: pe)
      }
    }
  }
}

extension Engine where Observer == NoTiming {
  /// MAPD that changes nothing but an entry of a flat table.
  @inline(always)
  mutating func mapdRecalled(_ view: QueueView, _ device: DeviceID, _ itt: ITT?) -> Bool {
    let index = Int(device.rawValue)
    guard facts.remapsPlainly, UInt64(device.rawValue) < facts.deviceLimit,
      index < view.its.element.devices.flatCapacity,
      (itt?.eventIDBits ?? 0) <= facts.eventIDBits,
      view.memory.store64(
        view.its.element.devices.address(index), NativeFormat.encode(DTE(itt: itt)))
    else { return false }
    if let itt {
      view.its.element.translations.remember(device, itt)
    } else {
      view.its.element.translations.forget(device)
    }
    awaitReaders()
    return true
  }
}
