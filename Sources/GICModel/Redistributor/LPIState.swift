// How an LPI becomes pending, stops being so, and moves; how properties are read again.

import GICArch

extension Engine {
  /// Sets `intid` pending at `pe`. An LPI that is pending already is merged.
  @inline(__always)
  mutating func setPending(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    guard intid.isLPI, intid.rawValue < configuration.intidLimit else {
      return notSet(.intidOOR)
    }
    guard pes[pe.index].lpisEnabled else { return notSet(.lpisDisabled) }
    // Its pending table has no bit for more.
    guard intid.rawValue < pes[pe.index].lpiLimit else { return notSet(.intidOOR) }
    if lpisAreShared, let kind = setWaiting(intid) { return kind }
    let pe = home(of: intid, else: pe)
    let isNew = pes[pe.index].lpis.set(intid)
    observer.observe(.set(pe, intid, merged: !isNew))
    guard isNew else {
      counts.merged &+= 1
      return .merged
    }
    pes[pe.index].counts.lpisSet &+= 1
    if lpiTablesAreLive {
      pendingBitChanged(intid, at: pe)
      if configuration.profile.propertyReads == .whenSet { readProperty(of: intid, at: pe) }
    }
    if Observer.offersAtOnce {
      let property = properties[pes[pe.index].propertyTable].configuration(of: intid)
      pes[pe.index].lpis.consider(intid, property)
      offerBest(pe)
    } else {
      pes[pe.index].lpis.setUnderWay(intid, true)
    }
    return .set
  }

  private mutating func notSet(_ kind: MSIOutcome.Kind) -> MSIOutcome.Kind {
    counts.drop(kind)
    observer.observe(.dropped(kind))
    return kind
  }

  /// Clears `intid` at `pe`, because a command or register says so.
  mutating func clearPending(_ intid: INTID, at pe: PEIndex) {
    let wasPending = pes[pe.index].lpis.clear(intid)
    observer.observe(.clear(pe, intid, wasPending: wasPending))
    if wasPending {
      pendingBitChanged(intid, at: pe)
      counts.cleared &+= 1
      candidatesChanged(pe)
    }
  }

  /// Moves `intid` if it is pending at `source`, by messages of the ITS. A target that takes no
  /// LPIs takes none: then it stays.
  mutating func movePending(_ intid: INTID, from source: PEIndex, to target: PEIndex) {
    guard !lpisAreShared else {
      let wasPending = retarget(intid, to: target, byMessage: true)
      return observer.observe(.move(from: source, to: target, intid, wasPending: wasPending))
    }
    guard source != target, pes[target.index].lpisEnabled,
      intid.rawValue < pes[target.index].lpiLimit
    else {
      observer.observe(.move(from: source, to: target, intid, wasPending: false))
      return
    }
    let wasPending = pes[source.index].lpis.clear(intid)
    observer.observe(.move(from: source, to: target, intid, wasPending: wasPending))
    guard wasPending else { return }
    pendingBitChanged(intid, at: source)
    receive(intid, at: target, byMessage: true)
    candidatesChanged(source)
    candidatesChanged(target)
  }

  /// Moves every pending LPI, and the targets of all that are shared. - Returns: how many moved.
  mutating func moveAllPending(from source: PEIndex, to target: PEIndex) -> Int {
    guard !lpisAreShared else {
      var moved = 0
      for intid in sharedLPIs(at: source)
      where retarget(intid, to: target, byMessage: true) { moved += 1 }
      return moved
    }
    guard source != target, pes[target.index].lpisEnabled else { return 0 }
    var moved = 0
    let words = pes[source.index].lpis.pending
    for word in 0..<words.count where words[word] != 0 {
      var bits = words[word]
      while bits != 0 {
        let intid = INTID(rawValue: UInt32(word &<< 6 &+ bits.trailingZeroBitCount))
        bits &= bits &- 1
        guard intid.rawValue < pes[target.index].lpiLimit else { break }
        if pes[source.index].lpis.clear(intid) {
          pendingBitChanged(intid, at: source)
          receive(intid, at: target, byMessage: true)
        }
        moved += 1
      }
    }
    if moved > 0 {
      candidatesChanged(source)
      candidatesChanged(target)
    }
    return moved
  }

  /// A moved LPI comes in. With time, one that comes by a message is under way until the message
  /// arrives (``arrive(_:at:)``).
  mutating func receive(_ intid: INTID, at pe: PEIndex, byMessage: Bool) {
    guard pes[pe.index].lpis.set(intid) else {
      counts.merged &+= 1
      return
    }
    pendingBitChanged(intid, at: pe)
    guard Observer.offersAtOnce || !byMessage else {
      return pes[pe.index].lpis.setUnderWay(intid, true)
    }
    let property = properties[pes[pe.index].propertyTable].configuration(of: intid)
    pes[pe.index].lpis.consider(intid, property)
  }

  /// A pending bit has been taken over from RAM.
  mutating func restorePending(_ intid: INTID, at pe: PEIndex) {
    guard pes[pe.index].lpis.set(intid) else { return }
    pendingBitChanged(intid, at: pe)
    counts.restored &+= 1
    let property = properties[pes[pe.index].propertyTable].configuration(of: intid)
    pes[pe.index].lpis.consider(intid, property)
    candidatesChanged(pe)
  }

  /// Something but a set message changed what the PE can be offered. Without time the best is
  /// offered at once; with time, one that cannot be taken any more is withdrawn and the rest is
  /// told.
  mutating func candidatesChanged(_ pe: PEIndex) {
    observer.observe(.candidatesChanged(pe))
    if Observer.offersAtOnce {
      offerBest(pe)
    } else if let offered = pes[pe.index].offered {
      offer(offered, to: pe)
    } else {
      updateLines(pe)
    }
  }

  @inline(__always) mutating func offerBest(_ pe: PEIndex) {
    if let best = selectedLPI(of: pe) {
      pes[pe.index].offered = best.intid
      pes[pe.index].offeredPriority = best.priority
    } else {
      pes[pe.index].offered = nil
    }
    updateLines(pe)
  }

  /// INV: reads one configuration byte again. One outside RAM reads as disabled.
  mutating func invalidate(_ intid: INTID, at pe: PEIndex) {
    observer.observe(.invalidate(pe, intid))
    readProperty(of: intid, at: pe)
  }

  /// Reads one configuration byte again, if the PE takes LPIs at all. What it says now holds for
  /// every PE that shares the table, and for what is pending there.
  mutating func readProperty(of intid: INTID, at pe: PEIndex) {
    guard pes[pe.index].lpisEnabled || lpisAreShared else { return }
    let place = pes[pe.index].propertyTable
    if lpisAreShared { pointSharedTable(at: pe) }
    let table = properties[place]
    let index = Int(intid.rawValue) - Int(INTID.firstLPI.rawValue)
    // A shared LPI was mapped when there was a byte for it, and keeps what it had if there is none.
    guard index >= 0, index < (lpisAreShared ? table.bytes.count : table.lpiCount) else { return }
    let found = memory.load8(table.address &+ UInt64(index))
    guard let byte = found ?? (lpisAreShared ? nil : 0) else { return }
    guard byte != table.bytes[index] else { return }
    table.bytes[index] = byte
    guard table.users > 1 else { return propertyChanged(intid, at: pe) }
    for index in 0..<pes.count where uses(place, pes[index]) {
      propertyChanged(intid, at: PEIndex(index))
    }
  }

  private mutating func propertyChanged(_ intid: INTID, at pe: PEIndex) {
    guard pes[pe.index].lpis.isPending(intid), !pes[pe.index].lpis.isUnderWay(intid)
    else { return }
    let property = properties[pes[pe.index].propertyTable].configuration(of: intid)
    pes[pe.index].lpis.consider(intid, property)
    candidatesChanged(pe)
  }

  private func uses(_ place: Int, _ pe: PEState) -> Bool {
    pe.lpisEnabled && pe.propertyTable == place
  }

  /// INVALL: reads the PE's whole configuration table again, for every PE that shares it.
  mutating func invalidateAll(_ pe: PEIndex) {
    observer.observe(.invalidateAll(pe))
    if configuration.profile.invallScope == .target, lpisAreShared {
      for intid in sharedLPIs(at: pe) { readProperty(of: intid, at: pe) }
      return
    }
    guard pes[pe.index].lpisEnabled else { return }
    if lpisAreShared { pointSharedTable(at: pe) }
    let place = pes[pe.index].propertyTable
    readProperties(place)
    for index in 0..<pes.count where uses(place, pes[index]) && pes[index].lpis.count > 0 {
      pes[index].lpis.considerAll(properties[place])
      candidatesChanged(PEIndex(index))
    }
  }

  /// Shared LPIs have one table of configurations, made once; where it is read is what PROPBASER
  /// says at that moment.
  private mutating func pointSharedTable(at pe: PEIndex) {
    properties[0].address = GICR.PROPBASER(raw: pes[pe.index].propbaser).physicalAddress
    properties[0].lpiCount = lpiCount(pe)
    properties[0].users = pes.count
  }

  /// How many LPIs PROPBASER.IDbits gives the PE, at most what the machine has.
  func lpiCount(_ pe: PEIndex) -> Int {
    let bits = min(
      GICR.PROPBASER(raw: pes[pe.index].propbaser).idBits, configuration.identity.intidBits)
    return max((1 << bits) - Int(INTID.firstLPI.rawValue), 0)
  }

  /// Reads a configuration table. What lies outside RAM reads as disabled.
  mutating func readProperties(_ place: Int) {
    let table = properties[place]
    if table.lpiCount == table.bytes.count, memory.load(table.address, into: table.bytes) { return }
    for index in 0..<table.bytes.count {
      table.bytes[index] =
        index < table.lpiCount ? memory.load8(table.address &+ UInt64(index)) ?? 0 : 0
    }
  }
}
