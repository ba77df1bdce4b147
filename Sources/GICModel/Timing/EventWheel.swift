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

extension EventUnit {
  /// - Parameter number: its raw value. Unlike the optional one this one is inlined.
  @inline(__always) init(number: Int) {
    switch number {
    case 0: self = .tableRead
    case 1: self = .tableWrite
    case 2: self = .propertyRead
    case 3: self = .pendingAccess
    case 4: self = .credit
    case 5: self = .fetch
    case 6: self = .command
    case 7: self = .lookup
    case 8: self = .message
    case 9: self = .link
    case 10: self = .lpiArrival
    case 11: self = .lpiBank
    case 12: self = .lpiLookup
    case 13: self = .select
    case 14: self = .accept
    default: self = .arbiter
    }
  }
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
  /// The further events of a list, if there are any.
  private struct Chain: BitwiseCopyable {
    var head: UInt32
    var tail: UInt32
  }
  /// What is found by a cycle's last 8 bits: every index below is less than its array's length by
  /// its making, and is not checked again.
  private struct Slots: BitwiseCopyable {
    /// One bit a slot.
    var occupied = InlineArray<4, UInt64>(repeating: 0)
    /// Of each slot: the units that have an event [15:0], and those that have several [31:16].
    var units = InlineArray<256, UInt32>(repeating: 0)
    /// The first event of each list: most often there is no other.
    var payloads = InlineArray<4096, UInt32>(repeating: 0)
  }

  private let storage = Slab(count: 1) { _ in Slots() }
  private let slots: SlabElement<Slots>
  /// The cycle of the last event taken, or to which time was moved since. Nothing is ever earlier.
  private(set) var now: UInt64 = 0

  private let chains: Slab<Chain>
  private var nodes: Slab<Node>
  private var freeNode: UInt32
  private var far = EventHeap()

  init() {
    slots = storage.element(0)
    chains = Slab(
      repeating: Chain(head: EventWheel.none, tail: EventWheel.none),
      count: Int(EventWheel.span) * EventWheel.lists)
    nodes = Slab(count: 0) { _ in Node(payload: 0, next: 0) }
    freeNode = EventWheel.none
  }
  deinit {
    storage.deallocate()
    chains.deallocate()
    nodes.deallocate()
  }

  /// Whether nothing is queued.
  @inline(__always) var isEmpty: Bool {
    let occupied = slots
    return occupied.value.occupied[0] | occupied.value.occupied[1] | occupied.value.occupied[2]
      | occupied.value.occupied[3] == 0 && far.isEmpty
  }

  /// Queues an event at `cycle`, which is now or later.
  @inline(__always)
  mutating func schedule(_ unit: EventUnit, at cycle: UInt64, payload: UInt32) {
    assert(cycle >= now, "the past cannot be changed")
    insert(unit.rawValue, at: cycle, payload: payload)
  }

  /// The cycle of the next event, if there is one.
  var nextCycle: UInt64? {
    if let cycle = nearestCycle() { return cycle }
    return far.first?.cycle
  }

  /// Moves time to the next event if its cycle is at most `limit`.
  @inline(__always) mutating func moveToNext(through limit: UInt64) -> Bool {
    let time = now
    guard hasNothingNow else { return time <= limit }
    let slots = slots
    let bits = slots.value.occupied[EventWheel.word(of: time)] &>> (time & 63)
    guard bits != 0 else { return moveFurther(through: limit) }
    let cycle = time &+ UInt64(truncatingIfNeeded: bits.trailingZeroBitCount)
    guard cycle <= limit else { return false }
    move(to: cycle)
    return true
  }

  /// The same, if it is not among the cycles of the same word.
  @inline(never) private mutating func moveFurther(through limit: UInt64) -> Bool {
    let next: UInt64
    if let cycle = nearestCycle() {
      next = cycle
    } else if let event = far.first {
      next = event.cycle
    } else {
      return false
    }
    guard next <= limit else { return false }
    move(to: next)
    return true
  }

  /// Takes the next event of the current cycle.
  @inline(__always) mutating func nextNow() -> Event? {
    let (slots, time) = (slots, now)
    let slot = EventWheel.slot(of: time)
    let mask = slots.value.units[slot]
    guard mask != 0 else { return nil }
    let raw = mask.trailingZeroBitCount & 15
    let list = slot &* EventWheel.lists &+ raw
    let payload = slots.value.payloads[list]
    if mask &>> UInt32(raw &+ 16) & 1 != 0 {
      advance(list, of: slot)
    } else {
      let rest = mask & (mask &- 1)
      slots.value.units[slot] = rest
      if rest == 0 { slots.value.occupied[EventWheel.word(of: time)] &= ~(1 &<< (time & 63)) }
    }
    return Event(cycle: time, unit: EventUnit(number: raw), payload: payload)
  }

  /// Whether no further event is queued for the current cycle.
  @inline(__always) var hasNothingNow: Bool {
    slots.value.units[EventWheel.slot(of: now)] == 0
  }

  /// Lets time pass to `cycle`. No event may be queued before it.
  @inline(__always) mutating func move(to cycle: UInt64) {
    assert(cycle >= now)
    now = cycle
    if !far.isEmpty { takeIn() }
  }

  @inline(__always) private static func slot(of cycle: UInt64) -> Int {
    Int(truncatingIfNeeded: cycle & 255)
  }
  @inline(__always) private static func word(of cycle: UInt64) -> Int {
    Int(truncatingIfNeeded: cycle &>> 6 & 3)
  }

  /// The first cycle of which the wheel holds an event.
  @inline(__always) private func nearestCycle() -> UInt64? {
    let start = EventWheel.slot(of: now)
    let bits = slots.value.occupied[start &>> 6] &>> UInt64(start & 63)
    if bits != 0 { return now &+ UInt64(truncatingIfNeeded: bits.trailingZeroBitCount) }
    // The first word is looked at again: its lower part comes last.
    for step in 1...4 {
      let word = (start &>> 6 &+ step) & 3
      let bits = slots.value.occupied[word]
      if bits != 0 {
        let slot = word &<< 6 &+ bits.trailingZeroBitCount
        return now &+ UInt64(truncatingIfNeeded: (slot &- start) & 255)
      }
    }
    return nil
  }

  private mutating func insert(_ unit: UInt8, at cycle: UInt64, payload: UInt32) {
    let slots = slots
    let slot = EventWheel.slot(of: cycle)
    let (mask, bit) = (slots.value.units[slot], 1 &<< UInt32(unit))
    guard cycle &- now < EventWheel.span, mask & bit == 0 else {
      return insertBehind(unit, at: cycle, payload: payload)
    }
    slots.value.payloads[slot &* EventWheel.lists &+ Int(unit & 15)] = payload
    slots.value.units[slot] = mask | bit
    slots.value.occupied[EventWheel.word(of: cycle)] |= 1 &<< (cycle & 63)
  }
}

// What is not the first of its list, or too far ahead.
extension EventWheel {
  @inline(never)
  private mutating func insertBehind(_ raw: UInt8, at cycle: UInt64, payload: UInt32) {
    guard cycle &- now < EventWheel.span else {
      guard let unit = EventUnit(rawValue: raw) else { return }
      return far.push(Event(cycle: cycle, unit: unit, payload: payload))
    }
    if freeNode == EventWheel.none { grow() }
    let index = freeNode
    freeNode = nodes[Int(index)].next
    nodes[Int(index)] = Node(payload: payload, next: EventWheel.none)
    let slot = EventWheel.slot(of: cycle)
    let list = slot &* EventWheel.lists &+ Int(raw)
    let bit: UInt32 = 1 &<< UInt32(raw &+ 16)
    if slots.value.units[slot] & bit == 0 {
      chains[list] = Chain(head: index, tail: index)
      slots.value.units[slot] |= bit
    } else {
      nodes[Int(chains[list].tail)].next = index
      chains[list].tail = index
    }
  }

  /// Takes back an event that is queued, within the wheel's cycles.
  @inline(never)
  mutating func remove(_ unit: EventUnit, at cycle: UInt64, payload: UInt32) {
    let slot = EventWheel.slot(of: cycle)
    let list = slot &* EventWheel.lists &+ Int(unit.rawValue)
    let several = slots.value.units[slot] &>> UInt32(unit.rawValue &+ 16) & 1 != 0
    if slots.value.payloads[list] != payload {
      if several { removeBehind(list, of: slot, payload: payload) }
    } else if several {
      advance(list, of: slot)
    } else {
      slots.value.units[slot] &= ~(1 &<< UInt32(unit.rawValue))
      if slots.value.units[slot] == 0 {
        slots.value.occupied[EventWheel.word(of: cycle)] &= ~(1 &<< (cycle & 63))
      }
    }
  }

  private mutating func removeBehind(_ list: Int, of slot: Int, payload: UInt32) {
    var (index, previous) = (chains[list].head, EventWheel.none)
    while index != EventWheel.none, nodes[Int(index)].payload != payload {
      (previous, index) = (index, nodes[Int(index)].next)
    }
    guard index != EventWheel.none else { return }
    let next = nodes[Int(index)].next
    if previous == EventWheel.none {
      chains[list].head = next
    } else {
      nodes[Int(previous)].next = next
    }
    if next == EventWheel.none { chains[list].tail = previous }
    if chains[list].head == EventWheel.none {
      slots.value.units[slot] &= ~(1 &<< UInt32(list % EventWheel.lists &+ 16))
    }
    nodes[Int(index)].next = freeNode
    freeNode = index
  }

  /// The first event of a list was taken: the next one takes its place.
  @inline(never) private mutating func advance(_ list: Int, of slot: Int) {
    let index = Int(chains[list].head)
    let (payload, next) = (nodes[index].payload, nodes[index].next)
    slots.value.payloads[list] = payload
    chains[list].head = next
    if next == EventWheel.none {
      slots.value.units[slot] &= ~(1 &<< UInt32(list % EventWheel.lists &+ 16))
    }
    nodes[index].next = freeNode
    freeNode = UInt32(truncatingIfNeeded: index)
  }

  /// Whatever the wheel now reaches moves in before anything else can be put beside it, so that the
  /// order of scheduling holds.
  @inline(never) private mutating func takeIn() {
    while let event = far.first, event.cycle &- now < EventWheel.span {
      far.removeFirst()
      insert(event.unit.rawValue, at: event.cycle, payload: event.payload)
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

extension EventWheel {
  /// Everything that is queued, in the order in which it will be taken.
  private var events: [Event] {
    var all: [Event] = []
    for step in 0..<EventWheel.span {
      let cycle = now &+ step
      let slot = EventWheel.slot(of: cycle)
      let units = slots.value.units[slot]
      for unit in EventUnit.allCases where units &>> UInt32(unit.rawValue) & 1 != 0 {
        let list = slot &* EventWheel.lists &+ Int(unit.rawValue)
        all.append(Event(cycle: cycle, unit: unit, payload: slots.value.payloads[list]))
        guard units &>> UInt32(unit.rawValue &+ 16) & 1 != 0 else { continue }
        var index = chains[list].head
        while index != EventWheel.none {
          let node = nodes[Int(index)]
          all.append(Event(cycle: cycle, unit: unit, payload: node.payload))
          index = node.next
        }
      }
    }
    return all + far.events
  }

  /// - Parameter isSound: whether an event names what there is.
  mutating func archive(
    _ archive: inout Archive, isSound: (Event) -> Bool
  ) throws(SnapshotError) {
    try archive.field("now", &now)
    var words = events.flatMap { [$0.cycle, UInt64($0.unit.rawValue) << 32 | UInt64($0.payload)] }
    try archive.field("events", &words)
    guard archive.isReading else { return }
    let time = now
    self = EventWheel()
    now = time
    guard words.count % 2 == 0 else { throw .field("events") }
    for place in stride(from: 0, to: words.count, by: 2) {
      guard let raw = UInt8(exactly: words[place + 1] >> 32), let unit = EventUnit(rawValue: raw)
      else { throw .field("the unit of an event") }
      let payload = UInt32(truncatingIfNeeded: words[place + 1])
      let event = Event(cycle: words[place], unit: unit, payload: payload)
      guard event.cycle >= now, isSound(event) else { throw .field("an event of \(unit)") }
      schedule(unit, at: event.cycle, payload: event.payload)
    }
  }
}
