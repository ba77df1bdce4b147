// What a PE's redistributor does with one LPI on its own, without time: it becomes pending, and is
// weighed against the one that the CPU interface is shown.

import GICArch

extension PEState {
  /// A pending LPI that was no candidate changes what is shown only if it goes before it.
  /// - Returns: whether it is what is shown now.
  @inline(__always) mutating func considerNew(_ intid: INTID) -> Bool {
    let property = properties.configuration(of: intid)
    guard property.enabled else { return false }
    lpis.consider(intid, property)
    guard lpisEnabled else { return false }
    return showIfFirst(intid, property.priority)
  }

  /// ``considerNew(_:)``, of an LPI that the PE takes plainly.
  /// - Returns: whether its lines may change: what goes before an LPI that has raised IRQ raises it
  ///   too.
  @inline(always) mutating func considerPlainly(_ intid: INTID) -> Bool {
    let property = properties.configuration(of: intid)
    guard property.enabled else { return false }
    lpis.consider(intid, property)
    return showIfFirst(intid, property.priority) && lines != .irq
  }

  /// The best LPI is shown.
  @inline(__always) mutating func offerBest() {
    guard lpisEnabled, lpis.count != 0, let best = lpis.best(properties, inTime: false)
    else { return showNothing() }
    show(best.intid, best.priority)
  }

  /// The LPI that is shown is pending no more; the next best is shown.
  /// - Parameter bits: ``LPIPending/bits(around:)`` it.
  @inline(always) mutating func takeShown(from bits: UInt64) {
    let (intid, priority) = (shown.intid, shown.priority)
    lpis.remove(intid, from: bits)
    guard lpis.count != 0, lpisEnabled, let best = lpis.best(after: intid, priority, properties)
    else { return showNothing() }
    show(best.intid, best.priority)
  }
}
