// LPIs that the machine has once, whichever events name them: with Profile.LPIState.shared an LPI
// exists while an event is mapped to it, and its target is the LPI's, not the collection's.

import GICArch

/// One shared LPI: how many events of all ITSs are mapped to it, and at which PE it is, if at any.
struct LPIHome: BitwiseCopyable {
  var events: UInt32 = 0
  /// PE index + 1; 0 is none: the first event's collection has not been mapped yet.
  private var place: UInt32 = 0
  /// Pending, with no PE to be pending at: another event's collection was mapped already.
  var waits = false
  var pe: PEIndex? {
    get { place == 0 ? nil : PEIndex(rawValue: place - 1) }
    set { place = newValue.map { $0.rawValue + 1 } ?? 0 }
  }
}

extension Engine {
  /// Where `intid` is when it is pending: at `pe`, to which its collection goes, unless LPIs are
  /// shared.
  @inline(__always) func home(of intid: INTID, else pe: PEIndex) -> PEIndex {
    guard lpisAreShared else { return pe }
    return sharedHome(of: intid) ?? pe
  }

  private func index(of intid: INTID) -> Int? {
    let index = Int(intid.rawValue) - Int(INTID.firstLPI.rawValue)
    return index >= 0 && index < homes.count ? index : nil
  }

  /// The PE that a shared LPI is targeted at; nil if nothing is mapped to it, or no target known.
  func sharedHome(of intid: INTID) -> PEIndex? {
    guard let index = index(of: intid), homes[index].events > 0 else { return nil }
    return homes[index].pe
  }

  /// Whether an event is mapped to the LPI.
  func isShared(_ intid: INTID) -> Bool {
    lpisAreShared && (index(of: intid).map { homes[$0].events > 0 } ?? false)
  }

  /// Sets a shared LPI pending that has no target yet; it is shown to the one that it will get.
  /// - Returns: nil if it has a target, or is not shared.
  mutating func setWaiting(_ intid: INTID) -> MSIOutcome.Kind? {
    guard let index = index(of: intid), homes[index].events > 0, homes[index].pe == nil
    else { return nil }
    guard !homes[index].waits else {
      counts.merged &+= 1
      return .merged
    }
    homes[index].waits = true
    counts.waiting &+= 1
    return .set
  }
  func isWaiting(_ intid: INTID) -> Bool { index(of: intid).map { homes[$0].waits } ?? false }

  /// - Returns: whether it was pending without a target.
  private mutating func takeWaiting(_ index: Int) -> Bool {
    guard homes[index].waits else { return false }
    homes[index].waits = false
    counts.waiting &-= 1
    return true
  }
  mutating func clearWaiting(_ intid: INTID) {
    if let index = index(of: intid), takeWaiting(index) { counts.cleared &+= 1 }
  }

  /// The shared LPIs that are targeted at a PE.
  func sharedLPIs(at pe: PEIndex) -> [INTID] {
    var found: [INTID] = []
    for index in 0..<homes.count where homes[index].events > 0 && homes[index].pe == pe {
      found.append(INTID(rawValue: INTID.firstLPI.rawValue + UInt32(index)))
    }
    return found
  }

  /// An event is mapped to the LPI. The first one gives it its target.
  mutating func claim(_ intid: INTID, for pe: PEIndex?) {
    guard let index = index(of: intid) else { return }
    if homes[index].events == 0 { homes[index].pe = pe }
    homes[index].events += 1
  }

  /// An event is mapped to the LPI no longer. With the last one what is pending goes.
  mutating func release(_ intid: INTID) {
    guard let index = index(of: intid), homes[index].events > 0 else { return }
    if homes[index].events == 1, let pe = homes[index].pe { clearPending(intid, at: pe) }
    homes[index].events -= 1
    if homes[index].events == 0 {
      clearWaiting(intid)
      homes[index].pe = nil
    }
  }

  /// Gives a shared LPI another target; what is pending goes along, whether the target takes LPIs
  /// or not.
  /// - Parameter byMessage: as in ``receive(_:at:byMessage:)``.
  /// - Returns: whether it was pending.
  @discardableResult
  mutating func retarget(_ intid: INTID, to target: PEIndex, byMessage: Bool) -> Bool {
    guard let index = index(of: intid), homes[index].events > 0 else { return false }
    let source = homes[index].pe
    homes[index].pe = target
    if takeWaiting(index) {
      receive(intid, at: target, byMessage: byMessage)
      candidatesChanged(target)
      return true
    }
    guard let source, source != target, pes[source.index].lpis.clear(intid) else { return false }
    pendingBitChanged(intid, at: source)
    if !byMessage { observer.observe(.clear(source, intid, wasPending: true)) }
    receive(intid, at: target, byMessage: byMessage)
    candidatesChanged(source)
    candidatesChanged(target)
    return true
  }

  /// Gives every shared LPI the same target, also those that had none.
  /// - Returns: how many were pending, and moved.
  mutating func retargetAll(to target: PEIndex) -> Int {
    var moved = 0
    for index in 0..<homes.count where homes[index].events > 0 {
      let intid = INTID(rawValue: INTID.firstLPI.rawValue + UInt32(index))
      if retarget(intid, to: target, byMessage: true) { moved += 1 }
    }
    return moved
  }
}
