import GICArch

extension Engine {
  /// CLEAR: takes the pending state of an event's LPI away.
  /// Work: DTE, ITE and CTE lookups, one clear message.
  /// - Source: Arm IHI 0069, "CLEAR".
  mutating func clear(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (route, pe) = try route(n, .clear, device, event)
    clearPending(route.intid, at: pe)
  }
}
