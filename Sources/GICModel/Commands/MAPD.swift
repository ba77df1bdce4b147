import GICArch

extension Engine {
  /// MAPD: binds a device to its interrupt translation table, or unbinds it when `itt` is nil. What
  /// the device's LPIs have pending stays pending.
  /// Work: one DTE write.
  /// - Source: Arm IHI 0069, "MAPD".
  mutating func mapd(_ n: ITSIndex, _ device: DeviceID, _ itt: ITT?) throws(CommandFault) {
    if let itt, itt.eventIDBits > configuration.identity.eventIDBits {
      throw CommandFault(.mapd, .ittSizeOOR)
    }
    do throws(WalkFault) {
      let address = try dteAddress(n, device).address
      guard memory.store64(address, NativeFormat.encode(DTE(itt: itt))) else { throw .unreachable }
    } catch {
      // Level 1 without a page for the device: there is no entry that could be written.
      if case .deviceUnmapped = error { throw CommandFault(.mapd, .deviceOOR) }
      throw CommandFault(.mapd, walk: error)
    }
    // A remapped device must not be translated through its old ITT.
    its[n].translations.forget(device)
    if let itt { its[n].translations.remember(device, itt) }
    observer.observe(.deviceWritten(device))
  }
}
