// Who owns a PE, and what others have left for the owner.

import GICArch
import Synchronization

/// The ownership of one PE, and its inbox: INTIDs of LPIs that other threads found no way to set
/// themselves, each in the place that its lowest bits name. The same INTID twice is one LPI.
struct PEDoor: ~Copyable {
  static var places: Int { 64 }
  let lock = SpinLock()
  /// Bit n: place n was filled.
  let filled = Atomic<UInt64>(0)
  private let inbox = InlineArray<64, Atomic<UInt32>> { _ in Atomic(0) }

  enum Post {
    case left
    /// It is there already.
    case merged
    /// Another LPI is in its place.
    case full
  }

  func post(_ intid: INTID) -> Post {
    let place = Int(intid.rawValue & 63)
    let (done, found) = inbox[place].compareExchange(
      expected: 0, desired: intid.rawValue, ordering: .sequentiallyConsistent)
    guard done else { return found == intid.rawValue ? .merged : .full }
    let bit: UInt64 = 1 &<< UInt64(place)
    if filled.load(ordering: .sequentiallyConsistent) & bit == 0 {
      filled.bitwiseOr(bit, ordering: .sequentiallyConsistent)
    }
    return .left
  }

  /// The places to look into, which are taken as empty from now on.
  func takeFilled() -> UInt64 { filled.exchange(0, ordering: .sequentiallyConsistent) }

  /// What lies in a place; nil for nothing.
  func take(_ place: Int) -> INTID? {
    let intid = inbox[place].exchange(0, ordering: .sequentiallyConsistent)
    return intid == 0 ? nil : INTID(rawValue: intid)
  }
}

extension Engine {
  /// Becomes the owner of a PE. Nothing is waited for while it is owned.
  @inline(__always) mutating func own(_ pe: PEIndex) {
    if hasLanes {
      pes[pe.index].door.lock.lock()
      takeInbox(pe)
    }
  }

  /// Becomes the owner, or else leaves `intid` with the one there is.
  /// - Returns: nil for the owner; else what has become of the LPI.
  @inline(__always) mutating func ownOrPost(_ pe: PEIndex, _ intid: INTID) -> MSIOutcome.Kind? {
    guard hasLanes else { return nil }
    if pes[pe.index].door.lock.tryLock() {
      takeInbox(pe)
      return nil
    }
    return post(intid, to: pe)
  }

  @inline(never) private mutating func post(_ intid: INTID, to pe: PEIndex) -> MSIOutcome.Kind? {
    switch pes[pe.index].door.post(intid) {
    case .left:
      // Whoever was the owner may have looked into the inbox before.
      if pes[pe.index].door.lock.tryLock() {
        takeInbox(pe)
        release(pe)
      }
      return .accepted
    case .merged:
      counts.merged &+= 1
      return .merged
    case .full:
      own(pe)
      return nil
    }
  }

  /// Lets go of a PE, once nothing is in its inbox any more.
  @inline(__always) mutating func release(_ pe: PEIndex) {
    if hasLanes { releaseShared(pe) }
  }

  private mutating func releaseShared(_ pe: PEIndex) {
    repeat {
      takeInbox(pe)
      pes[pe.index].door.lock.unlock()
      // Who left something since has found the PE owned: it is ours to look again, or the next
      // owner's.
      guard pes[pe.index].door.filled.load(ordering: .sequentiallyConsistent) != 0 else { return }
    } while pes[pe.index].door.lock.tryLock()
  }

  @inline(__always) private mutating func takeInbox(_ pe: PEIndex) {
    if pes[pe.index].door.filled.load(ordering: .relaxed) != 0 { takeAll(pe) }
  }

  @inline(never) private mutating func takeAll(_ pe: PEIndex) {
    var places = pes[pe.index].door.takeFilled()
    while places != 0 {
      if let intid = pes[pe.index].door.take(places.trailingZeroBitCount) {
        setOwned(intid, at: pe)
      }
      places &= places &- 1
    }
  }
}
