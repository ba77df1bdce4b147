import GICArch

extension Engine {
  /// INT: what an MSI of the device would do.
  /// Work: DTE, ITE and CTE lookups, one set message.
  /// - Source: Arm IHI 0069, "INT".
  mutating func int(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (route, pe) = try route(n, .int, device, event)
    interrupt(n, device, event, route.intid, at: pe)
  }

  private mutating func interrupt(
    _ n: ITSIndex, _ device: DeviceID, _ event: EventID, _ intid: INTID, at pe: PEIndex
  ) {
    counts.intCommands &+= 1
    let kind = setPending(intid, at: pe)
    if kind.isDrop {
      logDropped(kind, its: n, device, event: UInt64(event.rawValue), intid: intid, target: pe)
    }
  }
}

extension Engine where Observer == NoTiming {
  /// INT of an event that is remembered.
  @inline(always)
  mutating func intRecalled(
    _ view: QueueView, _ device: DeviceID, _ event: EventID
  ) -> Bool {
    guard let (word, pe) = recall(view.its, device, event) else { return false }
    counts.intCommands &+= 1
    let intid = TranslationCache.intid(word)
    let kind = setRecalled(intid, at: pe)
    if kind.isDrop {
      logDropped(
        kind, its: view.n, device, event: UInt64(event.rawValue), intid: intid, target: pe)
    }
    return true
  }
}
