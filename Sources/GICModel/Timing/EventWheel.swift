// The event queue of the timed clock. Time moves only when somebody asks for the next event, and
// then straight to it: idle cycles cost nothing.

/// What happens next, to whom. The raw value is the second key of the event order, so units are
/// listed in the order in which they act within one cycle: first what gives a resource back, last
/// the arbiter, which thereby sees everything that is free at that cycle.
enum EventUnit: UInt8, CaseIterable {
  /// A table read has returned. Payload: ITS in [31:16], translation slot in [15:0].
  case tableRead
  /// The posted table write of an ITS is done. Payload: ITS.
  case tableWrite
  /// A property read has returned. Payload: LPI unit in [31:16], slot in [15:0].
  case propertyRead
  /// A read or write of a pending table is done. Payload: PE, or bit 31 and LPI unit.
  case pendingAccess
  /// A link credit is back. Payload: ITS.
  case credit
  /// A command fetch has returned. Payload: transaction.
  case fetch
  /// The executing command has ended a phase. Payload: ITS.
  case command
  /// A lookup in one of the three translation caches has ended. Payload: transaction.
  case lookup
  /// A message that kept an LPI unit busy ends, or one that waited for an answer is made. Payload:
  /// transaction.
  case message
  /// The link of an ITS can take its next message.
  case link
  /// A message has come over the link to the LPI unit. Payload: transaction.
  case lpiArrival
  /// A bank can take its next message. Payload: LPI unit.
  case lpiBank
  /// The LPI unit has looked a message up. Payload: transaction.
  case lpiLookup
  /// A redistributor starts to choose. Payload: PE.
  case select
  /// The CPU interface accepts what it was sent. Payload: PE.
  case accept
  /// An ITS may grant.
  case arbiter
}

/// One event. Events are ordered by (cycle, unit, sequence of scheduling); an event that is
/// scheduled for the current cycle takes its place in that order among those not yet taken.
struct Event: Equatable, BitwiseCopyable {
  var cycle: UInt64
  var unit: EventUnit
  var payload: UInt32
}

/// A timing wheel of 256 cycles with an occupancy bitmap; what lies further ahead waits in a heap.
struct EventWheel: ~Copyable {
  private static var span: UInt64 { 256 }
  /// Lists a slot: one for each unit, first in first out. A power of two.
  private static var lists: Int { 16 }
  private static var none: UInt32 { .max }

  private struct Node: BitwiseCopyable {
    var payload: UInt32
    var next: UInt32
  }
  private struct List: BitwiseCopyable {
    var head: UInt32
    var tail: UInt32
  }

  /// One bit a slot. An address must come first: see ``Slab``.
  private let occupied = Slab<UInt64>(repeating: 0, count: 4)
  /// The cycle of the last event taken, or to which time was moved since. Nothing is ever earlier.
  private(set) var now: UInt64 = 0
  /// How many events are queued.
  private(set) var count = 0

  private var nodes: Slab<Node>
  private var freeNode: UInt32
  private let heads: Slab<List>
  private let units: Slab<UInt16>
  private var far = EventHeap()

  init() {
    nodes = Slab(count: 0) { _ in Node(payload: 0, next: 0) }
    freeNode = EventWheel.none
    heads = Slab(
      repeating: List(head: EventWheel.none, tail: EventWheel.none),
      count: Int(EventWheel.span) * EventWheel.lists)
    units = Slab(repeating: 0, count: Int(EventWheel.span))
  }
  deinit {
    nodes.deallocate()
    heads.deallocate()
    units.deallocate()
    occupied.deallocate()
  }

  /// Queues an event at `cycle`, which is now or later.
  mutating func schedule(_ unit: EventUnit, at cycle: UInt64, payload: UInt32) {
    assert(cycle >= now, "the past cannot be changed")
    count &+= 1
    if cycle &- now < EventWheel.span {
      insert(unit, at: cycle, payload: payload)
    } else {
      far.push(Event(cycle: cycle, unit: unit, payload: payload))
    }
  }

  /// The cycle of the next event, if there is one.
  var nextCycle: UInt64? {
    if let slotCycle = nearestCycle() { return slotCycle }
    return far.first?.cycle
  }

  /// Takes the next event if its cycle is at most `limit`, and moves time to it.
  mutating func next(through limit: UInt64) -> Event? {
    if now <= limit, let event = nextNow() { return event }
    guard let cycle = nextCycle, cycle <= limit else { return nil }
    move(to: cycle)
    return nextNow()
  }

  /// Takes the next event of the current cycle.
  @inline(__always) mutating func nextNow() -> Event? {
    let slot = Int(truncatingIfNeeded: now & (EventWheel.span &- 1))
    let mask = units[slot]
    guard mask != 0 else { return nil }
    let unit = mask.trailingZeroBitCount
    let list = slot &* EventWheel.lists &+ unit
    let index = Int(heads[list].head)
    let (payload, next) = (nodes[index].payload, nodes[index].next)
    heads[list].head = next
    if next == EventWheel.none {
      let rest = mask & (mask &- 1)
      units[slot] = rest
      if rest == 0 { occupied[slot &>> 6] &= ~(1 &<< UInt64(slot & 63)) }
    }
    nodes[index].next = freeNode
    freeNode = UInt32(truncatingIfNeeded: index)
    count &-= 1
    guard let unit = EventUnit(rawValue: UInt8(truncatingIfNeeded: unit)) else { return nil }
    return Event(cycle: now, unit: unit, payload: payload)
  }

  /// Lets time pass to `cycle`. No event may be queued before it.
  mutating func move(to cycle: UInt64) {
    assert(cycle >= now)
    now = cycle
    // Whatever the wheel now reaches moves in before anything else can be put beside it, so that
    // the order of scheduling holds.
    while let event = far.first, event.cycle &- now < EventWheel.span {
      far.removeFirst()
      insert(event.unit, at: event.cycle, payload: event.payload)
    }
  }

  private func nearestCycle() -> UInt64? {
    let start = Int(truncatingIfNeeded: now & (EventWheel.span &- 1))
    let word = start &>> 6
    // The first word is looked at twice: its upper part first, its lower part last.
    for step in 0...4 {
      let at = (word &+ step) & 3
      var bits = occupied[at]
      if step == 0 { bits &= .max &<< UInt64(start & 63) }
      if bits != 0 {
        let slot = at &<< 6 &+ bits.trailingZeroBitCount
        return now &+ UInt64(truncatingIfNeeded: (slot &- start) & 255)
      }
    }
    return nil
  }

  private mutating func insert(_ unit: EventUnit, at cycle: UInt64, payload: UInt32) {
    if freeNode == EventWheel.none { grow() }
    let index = freeNode
    freeNode = nodes[Int(index)].next
    nodes[Int(index)] = Node(payload: payload, next: EventWheel.none)
    let slot = Int(truncatingIfNeeded: cycle & (EventWheel.span &- 1))
    let list = slot &* EventWheel.lists &+ Int(unit.rawValue)
    let bit: UInt16 = 1 &<< UInt16(unit.rawValue)
    if units[slot] & bit == 0 {
      heads[list] = List(head: index, tail: index)
      units[slot] |= bit
      occupied[slot &>> 6] |= 1 &<< UInt64(slot & 63)
    } else {
      nodes[Int(heads[list].tail)].next = index
      heads[list].tail = index
    }
  }

  private mutating func grow() {
    let old = nodes
    let count = max(64, old.count * 2)
    nodes = Slab(count: count) { index in
      if index < old.count { return old[index] }
      return Node(payload: 0, next: index + 1 < count ? UInt32(index + 1) : EventWheel.none)
    }
    freeNode = UInt32(old.count)
    old.deallocate()
  }
}
