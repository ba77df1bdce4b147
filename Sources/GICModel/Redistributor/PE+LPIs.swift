// What a PE's redistributor does with one LPI on its own, without time: it becomes pending, and is
// weighed against the one that the CPU interface is shown.

import GICArch

extension PEState {
  /// An LPI that was not pending becomes so.
  /// - Returns: whether the CPU interface is shown another one now, so that its lines may change.
  @inline(__always)
  mutating func setNew(_ intid: INTID, _ property: LPIConfiguration) -> Bool {
    lpis.insert(intid)
    counts.lpisSet &+= 1
    return considerNew(intid, property)
  }

  /// A pending LPI that was no candidate changes what is shown only if it goes before it.
  /// - Returns: whether it is what is shown now.
  @inline(__always)
  mutating func considerNew(_ intid: INTID, _ property: LPIConfiguration) -> Bool {
    guard property.enabled else { return false }
    lpis.consider(intid, property)
    guard lpisEnabled else { return false }
    if let offered {
      guard
        property.priority < offeredPriority
          || property.priority == offeredPriority
            && intid < offered
      else { return false }
    }
    (offered, offeredPriority) = (intid, property.priority)
    return true
  }

  /// The best LPI is shown.
  @inline(__always) mutating func offerBest(_ table: PropertyTable) {
    guard lpisEnabled, let best = lpis.best(table) else { return offered = nil }
    (offered, offeredPriority) = (best.intid, best.priority)
  }
}
