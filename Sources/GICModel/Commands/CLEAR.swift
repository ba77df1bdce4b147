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

  /// CLEAR of an event that is remembered.
  @inline(__always)
  mutating func clearRecalled(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) -> Bool {
    guard !lpisAreShared, let (word, pe) = recall(n, device, event) else { return false }
    clearPending(TranslationCache.intid(word), at: pe)
    return true
  }
}
