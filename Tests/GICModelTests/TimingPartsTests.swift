import Testing

@testable import GICModel

/// A small generator of its own, so that a seed means the same on every host.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

extension EventWheel {
  /// Takes the next event if its cycle is at most `limit`.
  fileprivate mutating func next(through limit: UInt64) -> Event? {
    moveToNext(through: limit) ? nextNow() : nil
  }
}

@Test(arguments: [1, 2, 3] as [UInt64])
func `events come in the order of cycle, unit and sequence`(seed: UInt64) {
  var random = SplitMix64(state: seed)
  var wheel = EventWheel()
  var model: [(cycle: UInt64, unit: UInt8, sequence: UInt32)] = []
  var sequence: UInt32 = 0
  for _ in 0..<20_000 {
    if model.count < 300, Bool.random(using: &random) || model.isEmpty {
      // Mostly near, sometimes exactly at the wheel's rim, sometimes far beyond it.
      let ahead: UInt64 =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: UInt64.random(in: 0...3, using: &random)
        case 1: UInt64.random(in: 0...255, using: &random)
        case 2: UInt64.random(in: 254...258, using: &random)
        default: UInt64.random(in: 0...5000, using: &random)
        }
      let unit = EventUnit.allCases.randomElement(using: &random)!
      wheel.schedule(unit, at: wheel.now + ahead, payload: sequence)
      model.append((wheel.now + ahead, unit.rawValue, sequence))
      sequence += 1
    } else {
      let least = model.indices.min { model[$0] < model[$1] }!
      let expected = model.remove(at: least)
      if expected.cycle > wheel.now {
        let tooEarly = wheel.next(through: expected.cycle - 1)
        #expect(tooEarly == nil)
      }
      let event = wheel.next(through: expected.cycle)
      #expect(event?.cycle == expected.cycle)
      #expect(event?.unit.rawValue == expected.unit)
      #expect(event?.payload == expected.sequence)
    }
    let isEmpty = wheel.isEmpty
    #expect(isEmpty == model.isEmpty)
  }
}

/// Far more than there are places for the next ones, and then ever fewer of them; every payload is
/// the number of its scheduling.
@Test(arguments: [1, 2, 3, 4] as [UInt64])
func `events keep their order however many are queued`(seed: UInt64) {
  var random = SplitMix64(state: seed)
  var wheel = EventWheel()
  var model: [(cycle: UInt64, unit: UInt8, sequence: UInt32)] = []
  var sequence: UInt32 = 0
  for round in 0..<60 {
    // Bursts of a size that goes up and down; many of one cycle and unit.
    for _ in 0..<Int.random(in: 0...(round % 6 * 16), using: &random) {
      let ahead = UInt64.random(in: 0...[2, 40, 300, 2000][round % 4], using: &random)
      let unit: EventUnit = Bool.random(using: &random) ? .accept : .allCases[round % 16]
      wheel.schedule(unit, at: wheel.now + ahead, payload: sequence)
      model.append((wheel.now + ahead, unit.rawValue, sequence))
      sequence += 1
    }
    for _ in 0..<Int.random(in: 0...40, using: &random) where !model.isEmpty {
      let least = model.indices.min { model[$0] < model[$1] }!
      let expected = model.remove(at: least)
      let nextCycle = wheel.nextCycle
      let event = wheel.next(through: .max)
      #expect(nextCycle == expected.cycle)
      #expect(event?.payload == expected.sequence)
    }
    let isEmpty = wheel.isEmpty
    #expect(isEmpty == model.isEmpty)
  }
}

@Test func `time may pass without events, and what is far then comes near`() {
  var wheel = EventWheel()
  wheel.schedule(.lookup, at: 1000, payload: 1)
  wheel.move(to: 900)
  wheel.schedule(.lookup, at: 1000, payload: 2)
  let (first, second) = (wheel.next(through: .max), wheel.next(through: .max))
  #expect(first?.payload == 1)
  #expect(second?.payload == 2)
  #expect(second?.cycle == 1000)
}

@Test(arguments: [(8, 2), (8, 1), (4, 4), (12, 2), (7, 3)])
func `a cache keeps the most recently used lines of each set`(entries: Int, ways: Int) {
  var cache = TimingCache(.init(entries: entries, ways: ways))
  let sets = entries / ways
  // One set: keys that are equal modulo the number of sets.
  let keys = (0...ways).map { UInt64($0 * sets) }
  for key in keys.prefix(ways) { cache.fill(key) }
  let oldest = cache.lookup(keys[0])  // now the second is the oldest
  #expect(oldest)
  cache.fill(keys[ways])
  let victim = ways > 1 ? keys[1] : keys[0]
  for key in keys {
    let hit = cache.touch(key)
    #expect(hit == (key != victim))
  }
  let (hits, misses) = (cache.hits, cache.misses)
  #expect(hits == 1)
  #expect(misses == 0)
}

@Test func `a cache of no entries always misses`() {
  var cache = TimingCache(.init(entries: 0, ways: 2))
  cache.fill(1)
  let hit = cache.lookup(1)
  let misses = cache.misses
  #expect(!hit)
  #expect(misses == 1)
}

@Test func `forgetting a device forgets its events and no others`() {
  var cache = TimingCache(.init(entries: 64, ways: 2))
  for device: UInt32 in 0..<4 {
    for event: UInt32 in 0..<4 { cache.fill(TimingCache.key(device: device, event: event)) }
  }
  cache.forgetEvents(of: 2)
  for device: UInt32 in 0..<4 {
    for event: UInt32 in 0..<4 {
      let hit = cache.touch(TimingCache.key(device: device, event: event))
      #expect(hit == (device != 2))
    }
  }
  let valid = cache.validCount
  #expect(valid == 12)
  cache.forgetAll()
  let left = cache.validCount
  #expect(left == 0)
}

@Test func `a port issues one request in its time and answers after its latency`() {
  var timing = TimingParameters()
  timing.memoryRequestCycles = 3
  var port = MemoryPort(timing)
  let answers = [10, 10, 11, 100].map { port.request(.eventEntry, at: $0) }
  #expect(answers == [95, 98, 101, 185])
}

@Test(arguments: [1, 8, 16, 32])
func `a request keeps the port for its beats`(busBytes: Int) {
  var timing = TimingParameters()
  timing.memoryBusBytes = busBytes
  timing.memoryBeatCycles = 8
  var port = MemoryPort(timing)
  let beats = UInt64(32 / busBytes)
  _ = port.request(.command, at: 0)
  let second = port.request(.property, at: 0)
  #expect(second == 85 + 8 * beats)
  let third = port.request(.collectionEntry, at: 0)
  #expect(third == second + 8)
}

@Test func `a ring keeps the order when it grows and wraps`() {
  var ring = Ring<Int>(filler: 0)
  var random = SplitMix64(state: 7)
  var (next, expected) = (0, 0)
  for _ in 0..<5000 {
    if Int.random(in: 0..<5, using: &random) < 3 {
      ring.append(next)
      next += 1
    } else if expected < next {
      let first = ring.popFirst()
      #expect(first == expected)
      expected += 1
    }
  }
  let (count, last) = (ring.count, ring.last)
  #expect(count == next - expected)
  #expect(last == next - 1)
}

@Test func `the index of waiting LPIs agrees with a dictionary`() {
  struct Key: Hashable {
    var pe: UInt32
    var intid: UInt32
  }
  var index = WaitingIndex()
  var model: [Key: TransactionIndex] = [:]
  var random = SplitMix64(state: 11)
  for step in 0..<50_000 {
    let key = Key(
      pe: UInt32.random(in: 0..<4, using: &random),
      intid: UInt32.random(in: 8192..<8292, using: &random))
    if model[key] == nil {
      index.insert(
        pe: key.pe, intid: key.intid, .init(transaction: TransactionIndex(step)))
      model[key] = TransactionIndex(step)
    } else {
      let removed = index.remove(pe: key.pe, intid: key.intid)
      #expect(removed?.transaction == model.removeValue(forKey: key))
    }
    let other = Key(pe: key.pe, intid: UInt32.random(in: 8192..<8292, using: &random))
    let found = index.find(pe: other.pe, intid: other.intid)
    #expect(found?.transaction == model[other])
  }
  let places = (0..<index.capacity).compactMap { index.key(at: $0) }
  #expect(Set(places.map { Key(pe: $0.pe, intid: $0.intid) }) == Set(model.keys))
}

@Test func `the pending store keeps the order of arrival`() {
  var store = PendingStore(capacity: 40)
  var model: [(key: UInt64, slot: UInt32)] = []
  var random = SplitMix64(state: 5)
  for step: UInt64 in 1...5000 {
    let isFull = store.isFull
    #expect(isFull == (model.count == 40))
    if !isFull, Int.random(in: 0..<8, using: &random) < 5 {
      model.append((step, store.append(step)))
    } else if isFull, step % 2 == 0 {
      let oldest = store.removeOldest()
      #expect(oldest == model.removeFirst().key)
    } else if let place = model.indices.randomElement(using: &random) {
      store.remove(model.remove(at: place).slot)
    }
    let count = store.count
    #expect(count == model.count)
  }
  for entry in model {
    let oldest = store.removeOldest()
    #expect(oldest == entry.key)
  }
}

@Test func `a slot read is joined, kept once, and not kept when overtaken`() {
  var slots = MissSlots(count: 2)
  let first = slots.take(.event, TimingCache.key(device: 5, event: 1), reads: 1)
  let second = slots.take(.collection, 5, reads: 1)
  var free = slots.hasFree
  #expect(!free)
  let joined = slots.reading(.event, TimingCache.key(device: 5, event: 1))
  #expect(joined == first)
  let none = slots.reading(.device, 5)
  #expect(none == nil)
  slots.markStale(.device, 5)  // takes the device's events along, not a collection of that number
  let stale = slots.free(first).stale
  let fresh = slots.free(second).stale
  #expect(stale)
  #expect(!fresh)
  free = slots.hasFree
  #expect(free)
}

@Test func `the stage histograms count what took no time`() {
  var histograms = StageHistograms(stages: MSIStage.allCases.map(\.name))
  var pool = TransactionPool()
  for cycles: UInt64 in [0, 0, 70, 1000] {
    let index = pool.allocate(.msi, its: 0, at: 10)
    pool[index].spend(MSIStage.accept, until: 12)
    pool[index].spend(MSIStage.creditWait, until: 12 + cycles)
    histograms.record(pool.element(index))
  }
  let latency = histograms.latency()
  let wait = latency.stages[MSIStage.creditWait.rawValue]
  #expect(wait.name == "credit_wait")
  #expect(wait.histogram.count == 4)
  #expect(wait.histogram.counts[0] == 2)
  #expect(wait.histogram.min == 0)
  #expect(wait.histogram.max == 1000)
  #expect(wait.histogram.sum == 1070)
  #expect(latency.total.min == 2)
  #expect(latency.total.sum == 1078)
  var reference = LatencyHistogram()
  for cycles: UInt64 in [2, 2, 72, 1002] { reference.record(cycles) }
  #expect(latency.total == reference)
}
