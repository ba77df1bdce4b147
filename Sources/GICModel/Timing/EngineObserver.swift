// What the rules tell whoever keeps the time. The rules know nothing of cycles: they report what
// they did, in the order they did it, and go on.

import GICArch

/// One thing that a transaction did. A new stage is a new case and one cost.
enum StageEvent: Equatable {
  /// The device table was consulted: one entry, or two when the table is indirect.
  case deviceLookup(DeviceID, levels: Int)
  case eventLookup(DeviceID, EventID)
  case collectionLookup(ICID)
  case deviceWritten(DeviceID)
  case eventWritten(DeviceID, EventID)
  case collectionWritten(ICID)
  /// A set message to the PE's redistributor. `merged`: it was pending already.
  case set(PEIndex, INTID, merged: Bool)
  /// A clear message. `wasPending`: there was something to clear.
  case clear(PEIndex, INTID, wasPending: Bool)
  /// INV: the PE's redistributor forgets and re-reads one property.
  case invalidate(PEIndex, INTID)
  case invalidateAll(PEIndex)
  case move(from: PEIndex, to: PEIndex, INTID, wasPending: Bool)
  case moveAll(from: PEIndex, to: PEIndex, count: Int)
  case synchronize(PEIndex)
  /// The PE has acknowledged the LPI.
  case taken(PEIndex, INTID)
  /// The PE's redistributor has given up LPIs, most often all of them.
  case forgotten(PEIndex)
  /// The set of LPIs that a PE could be offered has changed otherwise (enable, PMR, acknowledge
  /// ...).
  case candidatesChanged(PEIndex)
  /// A command was rejected, after the events before this one.
  case rejected(CommandError)
  /// A translation ended without an interrupt.
  case dropped(MSIOutcome.Kind)
}

/// Hears what the engine did. It returns nothing that the engine could branch on.
protocol EngineObserver {
  /// True: an LPI is offered to the CPU interface the moment it is pending (there is no time).
  /// False: whoever keeps the time calls ``Engine/arrive(_:at:)`` and ``Engine/offer(_:to:)``.
  static var offersAtOnce: Bool { get }
  mutating func observe(_ event: @autoclosure () -> StageEvent)
}

/// The functional clock's observer: zero-sized, and all of it disappears.
struct NoTiming: EngineObserver {
  static var offersAtOnce: Bool { true }
  @inline(__always) mutating func observe(_ event: @autoclosure () -> StageEvent) {}
}
