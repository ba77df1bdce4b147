import GICArch

extension Engine {
  /// CLEAR: takes the pending state of an event's LPI away.
  /// Work: DTE, ITE and CTE lookups, one clear message.
  /// - Source: Arm IHI 0069, "CLEAR".
  mutating func clear(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (intid, pe) = try holder(
      n, .clear, device, event, unmapped: profile.clearUnmappedCollection)
    if let pe { clearPending(intid, at: pe) }
    if lpisAreShared { clearWaiting(intid) }
  }
}

extension Engine where Observer == NoTiming {
  /// CLEAR of an event that is remembered.
  @inline(always)
  mutating func clearRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID
  ) -> Bool {
    guard facts.movesPlainly, let (word, pe) = recall(view.its, device, event) else { return false }
    clearRecalled(TranslationCache.intid(word), at: pe)
    return true
  }
}
