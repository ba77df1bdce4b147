// Selection on its own, without the ITS before it and the CPU interface behind it: a door for
// whoever measures it.

import GICArch

extension FunctionalMachine {
  /// Of each INTID: sets it pending at `pe`, finds the highest-priority pending LPI, and takes that
  /// one. An LPI beyond the PE's table, or of a PE without LPIs, is left out.
  /// - Returns: the sum of the INTIDs that were taken.
  public func cycleLPIs(_ intids: [INTID], at pe: PEIndex) -> UInt64 {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.cycleLPIs(intids, at: pe)
  }

  /// Finds the highest-priority pending LPI of `pe`, `count` times.
  /// - Returns: the sum of the INTIDs found.
  public func findLPI(of pe: PEIndex, count: Int) -> UInt64 {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    guard engine.has(pe), engine.pes[pe.index].lpisEnabled else { return 0 }
    let place = engine.pes.place(pe.index)
    var sum: UInt64 = 0
    for _ in 0..<count { sum &+= UInt64(place.element.findLPI()) }
    return sum
  }
}

extension Engine where Observer == NoTiming {
  /// What is set counts as restored, and what is taken as cleared.
  fileprivate mutating func cycleLPIs(_ intids: [INTID], at pe: PEIndex) -> UInt64 {
    var (sum, set, taken): (UInt64, UInt64, UInt64) = (0, 0, 0)
    guard pe.index < pes.count, pes[pe.index].lpisEnabled else { return 0 }
    let place = pes.place(pe.index)
    for intid in intids where intid.isLPI && intid.rawValue < place.element.lpiLimit {
      let bits = place.element.lpis.bits(around: intid)
      if !LPIPending.has(bits, intid) {
        place.element.lpis.insert(intid, into: bits)
        _ = place.element.considerNew(intid)
        set &+= 1
      }
      guard let best = place.element.offered else { continue }
      place.element.takeShown(from: place.element.lpis.bits(around: best))
      sum &+= UInt64(best.rawValue)
      taken &+= 1
    }
    counts.restored &+= set
    counts.cleared &+= taken
    updateLines(pe)
    return sum
  }
}

extension PEState {
  /// Not inlined: nothing that is found may be kept from one call to the next.
  @inline(never) fileprivate mutating func findLPI() -> UInt32 {
    lpis.best(properties, inTime: false)?.intid.rawValue ?? 0
  }
}
