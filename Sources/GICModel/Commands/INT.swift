import GICArch

extension Engine {
  /// INT: what an MSI of the device would do.
  /// Work: DTE, ITE and CTE lookups, one set message.
  /// - Source: Arm IHI 0069, "INT".
  mutating func int(_ n: ITSIndex, _ device: DeviceID, _ event: EventID) throws(CommandFault) {
    let (route, pe) = try route(n, .int, device, event)
    counts.intCommands &+= 1
    let kind = setPending(route.intid, at: pe)
    if kind.isDrop {
      logDropped(
        kind, its: n, device, event: UInt64(event.rawValue), intid: route.intid, target: pe)
    }
  }
}
