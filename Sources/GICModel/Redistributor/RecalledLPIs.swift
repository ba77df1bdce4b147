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
    counts.cleared &+= 1
    if place.element.shows(intid) {
      takeShown(pe, place, from: bits)
    } else {
      place.element.lpis.remove(intid, from: bits)
    }
  }

  /// ``movePending(_:from:to:)`` to another PE.
  @inline(always)
  mutating func moveRecalled(_ intid: INTID, from source: PEIndex, to target: PEIndex) {
    if hasLanes { return movePending(intid, from: source, to: target) }
    let (from, to) = (pes.place(source.index), pes.place(target.index))
    let bits = from.element.lpis.bits(around: intid)
    guard LPIPending.has(bits, intid), to.element.takesPlainly(intid) else { return }
    if from.element.shows(intid) {
      takeShown(source, from, from: bits)
    } else {
      from.element.lpis.remove(intid, from: bits)
    }
    let others = to.element.lpis.bits(around: intid)
    guard !LPIPending.has(others, intid) else {
      counts.merged &+= 1
      return
    }
    to.element.lpis.insert(intid, into: others)
    if to.element.considerPlainly(intid) { linesMayChange(target) }
  }

  /// The LPI that a PE is shown is pending no more.
  @inline(never) private mutating func takeShown(
    _ pe: PEIndex, _ place: SlabPlace<PEState>, from bits: UInt64
  ) {
    place.element.takeShown(from: bits)
    weighLines(pe, place)
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
