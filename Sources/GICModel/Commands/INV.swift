import GICArch

extension Engine {
  /// INV: the redistributor of an event's LPI reads the LPI's configuration byte again.
  /// Work: DTE, ITE and CTE lookups, one message.
  /// - Source: Arm IHI 0069, "INV".
  mutating func inv(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (route, pe) = try route(n, .inv, device, event)
    invalidate(route.intid, at: pe)
  }
}
