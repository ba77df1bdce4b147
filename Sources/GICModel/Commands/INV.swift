import GICArch

extension Engine {
  /// INV: the redistributor of an event's LPI reads the LPI's configuration byte again.
  /// Work: DTE, ITE and CTE lookups, one message.
  /// - Source: Arm IHI 0069, "INV".
  mutating func inv(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (intid, pe) = try holder(
      n, .inv, device, event, unmapped: profile.invUnmappedCollection)
    // A shared LPI without a target has a configuration all the same.
    if let pe = pe ?? (lpisAreShared ? PEIndex(0) : nil) { invalidate(intid, at: pe) }
  }
}

extension Engine where Observer == NoTiming {
  /// INV of an event that is remembered.
  @inline(always)
  mutating func invRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID
  ) -> Bool {
    guard !lpisAreShared, let (word, pe) = recall(view.its, device, event) else { return false }
    readPropertyAgain(of: TranslationCache.intid(word), at: pe, view.memory)
    return true
  }
}
