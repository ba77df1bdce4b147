import GICArch

extension Engine {
  /// DISCARD: unbinds an event and clears the LPI.
  /// Work: DTE, ITE and CTE lookups, one ITE write, one clear message.
  /// - Source: Arm IHI 0069, "DISCARD".
  mutating func discard(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID
  ) throws(CommandFault) {
    let (intid, pe) = try holder(
      n, .discard, device, event, unmapped: profile.discardUnmappedCollection)
    // Also with tables in the ITS: a later restore must not find the event.
    guard let known = its[n].translations.device(device),
      memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: nil)))
        || !tablesAreInRAM
    else { throw .unreachable }
    its[n].translations.set(device, event, 0)
    observer.observe(.eventWritten(device, event))
    awaitReaders()
    if lpisAreShared {
      release(intid)
    } else if let pe {
      clearPending(intid, at: pe)
    }
  }
}
