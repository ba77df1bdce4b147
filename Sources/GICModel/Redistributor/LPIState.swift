// How an LPI becomes pending, stops being so, and moves; how properties are read again.

import GICArch

extension Engine {
  /// Sets `intid` pending at `pe`. An LPI that is pending already is merged.
  mutating func setPending(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    guard intid.isLPI, pes[pe.index].lpisEnabled, intid.rawValue < pes[pe.index].lpiLimit
    else { return notSet(why: intid, at: pe) }
    if facts.settingIsLong { return setWithCare(intid, at: pe) }
    return setHere(intid, at: pe)
  }

  /// An LPI that is shared is set where it is; a byte is read again where the profile wants it.
  @inline(never)
  private mutating func setWithCare(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    var pe = pe
    if lpisAreShared {
      if let kind = setWaiting(intid) { return kind }
      pe = home(of: intid, else: pe)
    }
    if lpiTablesAreLive, profile.propertyReads == .whenSet, !isPending(intid, at: pe) {
      readProperty(of: intid, at: pe)
    }
    return setHere(intid, at: pe)
  }

  private mutating func setHere(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    let pes = pes
    guard !pes[pe.index].lpis.isPending(intid) else {
      observer.observe(.set(pe, intid, merged: true))
      counts.merged &+= 1
      return .merged
    }
    if hasLanes { return setBeside(intid, at: pe) }
    setNew(intid, at: pe)
    return .set
  }

  /// Sets an LPI beside other lanes, or leaves it with the PE's owner.
  @inline(never)
  mutating func setBeside(_ intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    if let elsewhere = ownOrPost(pe, intid) { return elsewhere }
    let isNew = setOwned(intid, at: pe)
    release(pe)
    return isNew ? .set : .merged
  }

  /// Sets an LPI of a PE that is owned.
  /// - Returns: whether it was not pending.
  @discardableResult mutating func setOwned(_ intid: INTID, at pe: PEIndex) -> Bool {
    // Another thread may have been here since anybody looked.
    if pes[pe.index].lpis.isPending(intid) {
      counts.merged &+= 1
      return false
    }
    setNew(intid, at: pe)
    return true
  }

  /// An LPI that was not pending becomes so.
  private mutating func setNew(_ intid: INTID, at pe: PEIndex) {
    observer.observe(.set(pe, intid, merged: false))
    let place = pes.element(pe.index)
    place.value.lpis.insert(intid, into: place.value.lpis.bits(around: intid))
    place.value.counts.lpisSet &+= 1
    pendingBitChanged(intid, at: pe)
    if Observer.offersAtOnce {
      // What goes before an LPI that has raised IRQ raises it too.
      if place.value.considerNew(intid), place.value.lines != .irq { linesMayChange(pe) }
    } else {
      place.value.lpis.setUnderWay(intid, true)
    }
  }

  /// ``updateLines(_:)``, out of the way of those who seldom need it.
  @inline(never) mutating func linesMayChange(_ pe: PEIndex) {
    weighLines(pe, pes.element(pe.index))
  }

  @inline(never)
  private mutating func notSet(why intid: INTID, at pe: PEIndex) -> MSIOutcome.Kind {
    let isLPI = intid.isLPI && intid.rawValue < facts.intidLimit
    // The pending table has no bit for an LPI beyond the limit.
    return notSet(isLPI && !pes[pe.index].lpisEnabled ? .lpisDisabled : .intidOOR)
  }

  private mutating func notSet(_ kind: MSIOutcome.Kind) -> MSIOutcome.Kind {
    counts.drop(kind)
    observer.observe(.dropped(kind))
    return kind
  }

  /// Clears `intid` at `pe`, because a command or register says so.
  @inline(never) mutating func clearPending(_ intid: INTID, at pe: PEIndex) {
    // With lanes it may be in the PE's inbox.
    guard hasLanes || pes[pe.index].lpis.isPending(intid) else {
      return observer.observe(.clear(pe, intid, wasPending: false))
    }
    own(pe)
    let wasPending = pes[pe.index].lpis.clear(intid)
    observer.observe(.clear(pe, intid, wasPending: wasPending))
    if wasPending {
      pendingBitChanged(intid, at: pe)
      counts.cleared &+= 1
      candidateGone(intid, from: pe)
    }
    release(pe)
  }

  /// An LPI is not pending any more. Without time that changes what is shown only if it was it.
  @inline(__always) private mutating func candidateGone(_ intid: INTID, from pe: PEIndex) {
    if Observer.offersAtOnce, !pes[pe.index].shows(intid) { return }
    candidatesChanged(pe)
  }

  /// Moves `intid` if it is pending at `source`, by messages of the ITS. A target that takes no
  /// LPIs takes none: then it stays.
  @inline(never)
  mutating func movePending(_ intid: INTID, from source: PEIndex, to target: PEIndex) {
    // With lanes it may be in the source's inbox.
    guard lpisAreShared || source != target && (hasLanes || isPending(intid, at: source)) else {
      return observer.observe(.move(from: source, to: target, intid, wasPending: false))
    }
    guard !lpisAreShared else {
      let wasPending = retarget(intid, to: target, byMessage: true)
      return observer.observe(.move(from: source, to: target, intid, wasPending: wasPending))
    }
    guard pes[target.index].lpisEnabled, intid.rawValue < pes[target.index].lpiLimit else {
      observer.observe(.move(from: source, to: target, intid, wasPending: false))
      return
    }
    own(source)
    let wasPending = pes[source.index].lpis.clear(intid)
    observer.observe(.move(from: source, to: target, intid, wasPending: wasPending))
    if wasPending {
      pendingBitChanged(intid, at: source)
      candidateGone(intid, from: source)
    }
    release(source)
    guard wasPending else { return }
    own(target)
    receive(intid, at: target, byMessage: true)
    if !Observer.offersAtOnce { candidatesChanged(target) }
    release(target)
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
    // Of two the lower one first.
    own(min(source, target))
    own(max(source, target))
    let moved = moveAllOwned(from: source, to: target)
    release(source)
    release(target)
    return moved
  }

  private mutating func moveAllOwned(from source: PEIndex, to target: PEIndex) -> Int {
    var moved = 0
    if pes[source.index].lpis.count > 0 {
      // The target has no bits for more.
      let first = Int(INTID.firstLPI.rawValue) / 64
      for word in first..<Swift.max(Int(pes[target.index].lpiLimit) / 64, first) {
        let bits = pes[source.index].lpis.bits(word)
        guard bits != 0 else { continue }
        moved += bits.nonzeroBitCount
        guard Observer.offersAtOnce else {
          moveByMessages(word, bits, from: source, to: target)
          continue
        }
        pes[source.index].lpis.load(word, 0)
        let merged = pes[target.index].lpis.receive(
          word, bits, pes[target.index].properties)
        counts.merged &+= UInt64(merged)
        if lpiTablesAreLive {
          pendingWordChanged(word, at: source)
          pendingWordChanged(word, at: target)
        }
      }
    }
    if moved > 0 {
      candidatesChanged(source)
      candidatesChanged(target)
    }
    return moved
  }

  /// With time: each of a word's pending LPIs is under way until its message arrives.
  private mutating func moveByMessages(
    _ word: Int, _ bits: UInt64, from source: PEIndex, to target: PEIndex
  ) {
    var bits = bits
    while bits != 0 {
      let intid = INTID(rawValue: UInt32(word &<< 6 &+ bits.trailingZeroBitCount))
      bits &= bits &- 1
      guard pes[source.index].lpis.clear(intid) else { continue }
      pendingBitChanged(intid, at: source)
      receive(intid, at: target, byMessage: true)
    }
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
    if Observer.offersAtOnce {
      if pes[pe.index].considerNew(intid) { updateLines(pe) }
    } else {
      pes[pe.index].lpis.consider(intid, pes[pe.index].properties.configuration(of: intid))
    }
  }

  /// A pending bit has been taken over from RAM.
  mutating func restorePending(_ intid: INTID, at pe: PEIndex) {
    guard pes[pe.index].lpis.set(intid) else { return }
    pendingBitChanged(intid, at: pe)
    counts.restored &+= 1
    let property = pes[pe.index].properties.configuration(of: intid)
    pes[pe.index].lpis.consider(intid, property)
    candidatesChanged(pe)
  }

  /// Something but a set message changed what the PE can be offered. Without time the best is
  /// offered at once; with time, one that cannot be taken any more is withdrawn and the rest is
  /// told.
  mutating func candidatesChanged(_ pe: PEIndex) {
    observer.observe(.candidatesChanged(pe))
    if Observer.offersAtOnce {
      let place = pes.element(pe.index)
      place.value.offerBest()
      weighLines(pe, place)
    } else if let offered = pes[pe.index].offered {
      offer(offered, to: pe)
    } else {
      updateLines(pe)
    }
  }

  /// INV: reads one configuration byte again. One outside RAM reads as disabled.
  mutating func invalidate(_ intid: INTID, at pe: PEIndex) {
    observer.observe(.invalidate(pe, intid))
    readProperty(of: intid, at: pe)
  }

  /// Reads one configuration byte again, if the PE takes LPIs at all. What it says now holds for
  /// every PE that shares the table, and for what is pending there.
  mutating func readProperty(of intid: INTID, at pe: PEIndex) {
    guard !lpisAreShared else { return readSharedProperty(of: intid, at: pe) }
    let pes = pes
    guard pes[pe.index].lpisEnabled else { return }
    let (properties, place) = (properties, pes[pe.index].propertyTable)
    let index = Int(intid.rawValue) &- Int(INTID.firstLPI.rawValue)
    guard index >= 0, index < properties[place].lpiCount else { return }
    let byte = memory.load8(properties[place].address &+ UInt64(index)) ?? 0
    if byte != properties[place].configuration(of: intid).raw {
      takeProperty(of: intid, at: pe)
    }
  }

  /// A shared LPI was mapped when there was a byte for it, and keeps what it had if there is none.
  @inline(never) private mutating func readSharedProperty(of intid: INTID, at pe: PEIndex) {
    let place = pes[pe.index].propertyTable
    pointSharedTable(at: pe)
    let index = Int(intid.rawValue) &- Int(INTID.firstLPI.rawValue)
    guard index >= 0, index < properties[place].capacity, let byte = propertyByte(index, place),
      byte != properties[place][index]
    else { return }
    takeProperty(of: intid, at: pe)
  }

  /// The byte in RAM is not the one that is remembered.
  @inline(never) mutating func takeProperty(of intid: INTID, at pe: PEIndex) {
    let place = pes[pe.index].propertyTable
    takeProperty(Int(intid.rawValue) &- Int(INTID.firstLPI.rawValue), place)
    guard properties[place].users > 1 else { return propertyChanged(intid, at: pe) }
    for index in 0..<pes.count where uses(place, PEIndex(index)) {
      propertyChanged(intid, at: PEIndex(index))
    }
  }

  /// What the byte in RAM says; nil if it means nothing.
  @inline(__always) private func propertyByte(_ index: Int, _ place: Int) -> UInt8? {
    let found = memory.load8(properties[place].address &+ UInt64(index))
    return found ?? (lpisAreShared ? nil : 0)
  }

  /// Takes a byte over. Of two threads that read it again at once, the second sees what the first
  /// has seen, or something newer.
  private func takeProperty(_ index: Int, _ place: Int) {
    lockProperties()
    if let byte = propertyByte(index, place) { properties[place][index] = byte }
    unlockProperties()
  }

  private func lockProperties() { if hasLanes { world[0].propertyLock.lock() } }
  private func unlockProperties() { if hasLanes { world[0].propertyLock.unlock() } }

  private mutating func propertyChanged(_ intid: INTID, at pe: PEIndex) {
    own(pe)
    if pes[pe.index].lpis.isPending(intid), !pes[pe.index].lpis.isUnderWay(intid) {
      let property = pes[pe.index].properties.configuration(of: intid)
      pes[pe.index].lpis.consider(intid, property)
      candidatesChanged(pe)
    }
    release(pe)
  }

  private func uses(_ place: Int, _ pe: PEIndex) -> Bool {
    pes[pe.index].lpisEnabled && pes[pe.index].propertyTable == place
  }

  /// INVALL: reads the PE's whole configuration table again, for every PE that shares it.
  mutating func invalidateAll(_ pe: PEIndex) {
    observer.observe(.invalidateAll(pe))
    if profile.invallScope == .target, lpisAreShared {
      for intid in sharedLPIs(at: pe) { readProperty(of: intid, at: pe) }
      return
    }
    guard pes[pe.index].lpisEnabled else { return }
    if lpisAreShared { pointSharedTable(at: pe) }
    refill(pes[pe.index].propertyTable)
  }

  /// INVALL of every PE. Without time a table that several share is read once; with time each
  /// redistributor reads it.
  mutating func invalidateAll() {
    guard Observer.offersAtOnce, !lpisAreShared else {
      for index in 0..<pes.count { invalidateAll(PEIndex(index)) }
      return
    }
    for place in 0..<properties.count where properties[place].users > 0 { refill(place) }
  }

  /// Reads a configuration table again, for every PE that uses it.
  private mutating func refill(_ place: Int) {
    lockProperties()
    let changed = properties[place].refill(from: memory)
    unlockProperties()
    var left = lpisAreShared ? pes.count : properties[place].users
    for index in 0..<pes.count where left > 0 && uses(place, PEIndex(index)) {
      left -= 1
      own(PEIndex(index))
      if pes[index].lpis.count > 0 {
        if changed { pes[index].lpis.considerAll(properties[place].bytes) }
        candidatesChanged(PEIndex(index))
      }
      release(PEIndex(index))
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
      GICR.PROPBASER(raw: pes[pe.index].propbaser).idBits, facts.intidBits)
    return max((1 << bits) - Int(INTID.firstLPI.rawValue), 0)
  }
}
