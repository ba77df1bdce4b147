// What a PE does with an interrupt: acknowledge, priority drop, deactivation.

import GICArch

extension Engine {
  /// A read of ICC_IAR0 or ICC_IAR1: takes the highest-priority pending interrupt of that group.
  /// - Returns: its INTID, or 1023 when none can be taken now.
  mutating func acknowledge(_ pe: PEIndex, group0: Bool) -> INTID {
    guard let candidate = highestPending(pe), candidate.isGroup0 == group0,
      canPreempt(candidate, pe)
    else {
      pes[pe.index].counts.spurious &+= 1
      return .spurious
    }
    activatePriority(candidate, pe)
    activate(candidate.intid, pe)
    pes[pe.index].counts.acknowledged &+= 1
    return candidate.intid
  }

  private mutating func activatePriority(_ candidate: Candidate, _ pe: PEIndex) {
    let priority = candidate.priority & groupPriorityMask(pe, group0: candidate.isGroup0)
    let bit = Int(priority) &>> aprShift
    if candidate.isGroup0 {
      pes[pe.index].apr0[bit &>> 5] |= 1 &<< UInt32(bit & 31)
    } else {
      pes[pe.index].apr1[bit &>> 5] |= 1 &<< UInt32(bit & 31)
    }
  }

  /// The interrupt becomes active and stops pending; an LPI has no active state.
  private mutating func activate(_ intid: INTID, _ pe: PEIndex) {
    if intid.isLPI {
      takeShown(intid, pe)
    } else if intid.isPrivate {
      pes[pe.index].active[bit: Int(intid.rawValue)] = true
      pes[pe.index].latched[bit: Int(intid.rawValue)] = false
      updateLines(pe)
    } else {
      let word = Int(intid.rawValue >> 5)
      distributor.active[word][bit: Int(intid.rawValue & 31)] = true
      distributor.latched[word][bit: Int(intid.rawValue & 31)] = false
      turnEnded(intid, at: pe)
      distributorChanged()
    }
  }

  /// The LPI that the PE is shown is taken.
  private mutating func takeShown(_ intid: INTID, _ pe: PEIndex) {
    let place = pes.place(pe.index)
    if Observer.offersAtOnce {
      place.element.takeShown(from: place.element.lpis.bits(around: intid))
    } else {
      _ = place.element.lpis.clear(intid)
      place.element.showNothing()
    }
    pendingBitChanged(intid, at: pe)
    observer.observe(.taken(pe, intid))
    place.element.counts.lpisAcknowledged &+= 1
    counts.delivered &+= 1
    counts.deliveries.count(intid)
    if Observer.offersAtOnce {
      weighLines(pe, place)
    } else {
      candidatesChanged(pe)
    }
  }

  /// A write of ICC_EOIR0 or ICC_EOIR1: priority drop, and with EOImode 0 deactivation.
  mutating func endOfInterrupt(_ intid: INTID, _ pe: PEIndex, group0: Bool) {
    // A special INTID says that nothing was acknowledged.
    guard !intid.isSpecial, exists(intid) else { return }
    dropPriority(pe, group0: group0)
    if !pes[pe.index].eoiMode { deactivate(intid, pe) }
    updateLines(pe)
  }

  /// A write of ICC_DIR: deactivation, in EOImode 1 only.
  mutating func deactivateInterrupt(_ intid: INTID, _ pe: PEIndex) {
    guard pes[pe.index].eoiMode, exists(intid) else { return }
    deactivate(intid, pe)
    updateLines(pe)
  }

  private func exists(_ intid: INTID) -> Bool {
    intid.isPrivate || distributor.holds(intid)
      || (intid.isLPI && intid.rawValue < facts.intidLimit)
  }

  private mutating func dropPriority(_ pe: PEIndex, group0: Bool) {
    for word in 0..<4 {
      let bits = group0 ? pes[pe.index].apr0[word] : pes[pe.index].apr1[word]
      guard bits != 0 else { continue }
      if group0 {
        pes[pe.index].apr0[word] = bits & (bits &- 1)
      } else {
        pes[pe.index].apr1[word] = bits & (bits &- 1)
      }
      return
    }
  }

  private mutating func deactivate(_ intid: INTID, _ pe: PEIndex) {
    if intid.isPrivate {
      pes[pe.index].active[bit: Int(intid.rawValue)] = false
    } else if distributor.holds(intid) {
      let word = Int(intid.rawValue >> 5)
      guard distributor.active[word][bit: Int(intid.rawValue & 31)] else { return }
      distributor.active[word][bit: Int(intid.rawValue & 31)] = false
      distributorChanged()
    }
  }
}
