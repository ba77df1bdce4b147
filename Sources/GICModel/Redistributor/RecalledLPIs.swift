// What commands and MSIs without time do to one LPI, where the machine has one lane and what is
// known is enough: the short ways of LPIState.swift, which has the rules. Each does the same as the
// long way, to which it leaves everything else.

import GICArch

extension Engine where Observer == NoTiming {
  /// ``setPending(_:at:)``.
  @inline(always)
  mutating func setRecalled(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    let place = pes.place(pe.index)
    guard place.element.takesPlainly(intid) else { return setLater(intid, at: pe) }
    let bits = place.element.lpis.bits(around: intid)
    guard !LPIPending.has(bits, intid) else {
      counts.merged &+= 1
      return .merged
    }
    if hasLanes { return setBeside(intid, at: pe) }
    place.element.lpis.insert(intid, into: bits)
    place.element.counts.lpisSet &+= 1
    if place.element.considerPlainly(intid) { linesMayChange(pe) }
    return .set
  }

  @inline(never)
  private mutating func setLater(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    setPending(intid, at: pe)
  }

  /// ``clearPending(_:at:)``.
  @inline(always)
  mutating func clearRecalled(_ intid: INTID, at pe: PEIndex) {
    // With lanes it may be in the PE's inbox.
    if hasLanes { return clearPending(intid, at: pe) }
    let place = pes.place(pe.index)
    let bits = place.element.lpis.bits(around: intid)
    guard LPIPending.has(bits, intid) else { return }
    place.element.lpis.remove(intid, from: bits)
    counts.cleared &+= 1
    if place.element.shows(intid) { candidatesChanged(pe) }
  }

  /// ``movePending(_:from:to:)`` to another PE.
  @inline(always)
  mutating func moveRecalled(_ intid: INTID, from source: PEIndex, to target: PEIndex) {
    if hasLanes { return movePending(intid, from: source, to: target) }
    let (from, to) = (pes.place(source.index), pes.place(target.index))
    let bits = from.element.lpis.bits(around: intid)
    guard LPIPending.has(bits, intid), to.element.takesPlainly(intid) else { return }
    from.element.lpis.remove(intid, from: bits)
    if from.element.shows(intid) { candidatesChanged(source) }
    let others = to.element.lpis.bits(around: intid)
    guard !LPIPending.has(others, intid) else {
      counts.merged &+= 1
      return
    }
    to.element.lpis.insert(intid, into: others)
    if to.element.considerPlainly(intid) { linesMayChange(target) }
  }

  /// ``readProperty(of:at:)``.
  @inline(always)
  mutating func readPropertyAgain(of intid: INTID, at pe: PEIndex, _ memory: NearMemory) {
    let place = pes.place(pe.index)
    guard place.element.takesPlainly(intid) else { return readPropertyLater(of: intid, at: pe) }
    let index = UInt64(intid.rawValue &- INTID.firstLPI.rawValue)
    let byte = memory.load8(place.element.propertyAddress &+ index) ?? 0
    if byte != place.element.properties.configuration(of: intid).raw {
      takeProperty(of: intid, at: pe)
    }
  }

  @inline(never) private mutating func readPropertyLater(of intid: INTID, at pe: PEIndex) {
    readProperty(of: intid, at: pe)
  }
}
