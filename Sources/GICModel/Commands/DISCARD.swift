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
    forget(n, device, known, event)
    if lpisAreShared {
      release(intid)
    } else if let pe {
      clearPending(intid, at: pe)
    }
  }

  private mutating func forget(
    _ n: ITSIndex, _ device: DeviceID, _ known: TranslationCache.Device, _ event: EventID
  ) {
    its[n].translations.set(known, event, 0)
    observer.observe(.eventWritten(device, event))
    awaitReaders()
  }
}

extension Engine where Observer == NoTiming {
  /// DISCARD of an event that is remembered.
  @inline(always)
  mutating func discardRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID
  ) -> Bool {
    guard facts.movesPlainly, let (known, word, pe) = recallEntry(view, device, event),
      view.memory.store64(iteAddress(known, event), NativeFormat.encode(ITE(mapping: nil)))
    else { return false }
    known.words.store(event.rawValue, 0)
    awaitReaders()
    clearRecalled(TranslationCache.intid(word), at: pe)
    return true
  }
}
