import GICArch

@testable import GICModel

// The timed units a second time, as plainly as they can be said: every cycle is gone through, what
// takes time counts down, and whoever could do something is asked in every cycle. It shares with
// the real one its parameters, the names of its stages and the fake rules; and no other line.

/// A transaction.
final class NaiveJob {
  let serial: UInt64
  let kind: Transaction.Kind
  let its: Int
  var (device, event): (UInt32, UInt32)
  var (collection, intid, pe): (UInt32, UInt32, UInt32) = (0, 0, 0)
  var lookups: [Transaction.Table] = []
  var levels = 1
  var (hasTarget, merged, isTracked, hasArrived) = (false, false, false, false)
  var (isSource, isHeld) = (false, false)
  var (syncsBefore, generation, amount) = (0, 0, 0)
  var partner: NaiveJob?
  var mark: UInt64

  init(
    _ serial: UInt64, _ kind: Transaction.Kind, its: Int, device: UInt32, event: UInt32,
    start: UInt64
  ) {
    (self.serial, self.kind, self.its, self.device, self.event) = (serial, kind, its, device, event)
    mark = start
  }
}

/// A cache as lists of keys, the most recent last.
struct NaiveCache {
  var sets: [[UInt64]]
  let ways: Int

  init(_ shape: TimingParameters.CacheShape) {
    ways = max(1, min(shape.ways, shape.entries))
    sets = Array(repeating: [], count: max(0, shape.entries) / ways)
  }
  private func set(of key: UInt64) -> Int {
    // The low bits of the ID, and of an event those of its device, scattered.
    let scattered = UInt32(key >> 32) &* 0x9e37_79b1
    return Int(UInt32(key & 0xffff_ffff) &+ (scattered ^ scattered >> 16)) % sets.count
  }
  mutating func touch(_ key: UInt64) -> Bool {
    guard !sets.isEmpty, let place = sets[set(of: key)].firstIndex(of: key) else { return false }
    sets[set(of: key)].append(sets[set(of: key)].remove(at: place))
    return true
  }
  mutating func fill(_ key: UInt64) {
    guard !sets.isEmpty, !touch(key) else { return }
    sets[set(of: key)].append(key)
    if sets[set(of: key)].count > ways { sets[set(of: key)].removeFirst() }
  }
  mutating func forget(where isMeant: (UInt64) -> Bool) {
    for index in sets.indices { sets[index].removeAll(where: isMeant) }
  }
  var count: Int { sets.reduce(0) { $0 + $1.count } }
}

/// A line that is being read, and who waits for it.
struct NaiveRead {
  var table: Transaction.Table
  var key: UInt64
  var isStale = false
  var readsLeft: Int
  var waiters: [NaiveJob]
}

struct NaivePort {
  var free: UInt64 = 0
  /// - Returns: how long until the answer.
  mutating func request(bytes: Int, _ timing: TimingParameters, at now: UInt64) -> UInt64 {
    let beats = UInt64((bytes + timing.memoryBusBytes - 1) / timing.memoryBusBytes)
    let issue = max(now, free)
    free = issue + max(timing.memoryRequestCycles, beats * timing.memoryBeatCycles)
    return issue - now + timing.memoryLatencyCycles
  }
}

/// Something that counts down; what is due in one cycle is due in the order in which it began.
struct NaiveTimer {
  enum What {
    case job(NaiveJob)
    case its(Int)
    case read(Int, slot: Int)
    case pe(Int)
    /// A read for a PE, or a write, nil, of a unit's pending tables.
    case pending(unit: Int, pe: Int?)
  }
  var left: UInt64
  var what: What
}

final class NaiveEngine {
  let timing: TimingParameters
  var rules: FakeRules
  let recorder: Recorder
  var now: UInt64 = 0
  var log: [UInt64: [TimingEvent]] = [:]
  var began: UInt64 = 0
  var timers: [[NaiveTimer]] = EventUnit.allCases.map { _ in [] }
  var its: [NaiveITS]
  var units: [NaiveUnit]
  var pes: [NaivePE]
  /// What redistributors know of.
  var known: [FakeRules.LPI: NaiveKnown] = [:]
  /// Messages granted and not acknowledged, by ITS and PE.
  var outstanding: [[Int]]

  init(_ timing: TimingParameters, its count: Int, pes peCount: Int) {
    self.timing = timing
    recorder = Recorder(peCount: peCount)
    rules = FakeRules(recorder: recorder, peCount: peCount)
    its = (0..<count).map { _ in NaiveITS(timing) }
    let unitCount = timing.lpiPerRedistributor ? peCount : min(timing.chips, peCount)
    units = (0..<unitCount).map { _ in NaiveUnit(timing) }
    pes = Array(repeating: NaivePE(), count: peCount)
    outstanding = Array(repeating: Array(repeating: 0, count: peCount), count: count)
  }
  deinit { recorder.deallocate() }

  // MARK: Time

  /// Goes through every cycle up to `cycle`.
  func run(to cycle: UInt64) {
    work()
    while now < cycle {
      now += 1
      for unit in timers.indices {
        for index in timers[unit].indices { timers[unit][index].left -= 1 }
      }
      work()
    }
  }

  func count(down cycles: UInt64, _ unit: EventUnit, _ what: NaiveTimer.What) {
    timers[Int(unit.rawValue)].append(NaiveTimer(left: cycles, what: what))
  }

  /// Everything of this cycle: again and again the first unit, in their order, that has something.
  private func work() {
    rules.stamp = now
    while EventUnit.allCases.contains(where: act) {}
  }

  /// - Returns: whether the unit had something to do.
  private func act(_ unit: EventUnit) -> Bool {
    switch unit {
    case .link: return its.indices.contains(where: linkStarts)
    case .lpiBank: return units.indices.contains(where: bankTakes)
    case .arbiter: return its.indices.contains(where: grants)
    default: break
    }
    let list = Int(unit.rawValue)
    guard let due = timers[list].firstIndex(where: { $0.left == 0 }) else { return false }
    handle(unit, timers[list].remove(at: due).what)
    return true
  }

  private func handle(_ unit: EventUnit, _ what: NaiveTimer.What) {
    switch (unit, what) {
    case (.tableRead, .read(let n, let slot)): tableReadReturned(n, slot)
    case (.tableWrite, .its(let n)):
      its[n].writes -= 1
      advanceWrites(n)
    case (.propertyRead, .read(let unit, let slot)): propertyReadReturned(unit, slot)
    case (.pendingAccess, .pending(let unit, let pe)): pendingAccessReturned(unit, pe)
    case (.credit, .its(let n)):
      its[n].credits += 1
      startLink(n)
    case (.fetch, .job(let job)): fetchReturned(job)
    case (.command, .its(let n)): phaseEnded(n)
    case (.lookup, .job(let job)): lookupEnded(job)
    case (.message, .job(let job)): messageGoesOn(job)
    case (.lpiArrival, .job(let job)): arrived(job)
    case (.lpiLookup, .job(let job)): lpiLookupEnded(job)
    case (.select, .pe(let pe)): select(pe)
    case (.accept, .pe(let pe)): accept(pe)
    default: fatalError("no such event")
    }
  }

  // MARK: Transactions

  func begin(
    _ kind: Transaction.Kind, its n: Int, device: UInt32 = 0, event: UInt32 = 0,
    start: UInt64? = nil, cause: UInt64 = 0
  ) -> NaiveJob {
    began += 1
    let job = NaiveJob(
      began, kind, its: n, device: device, event: event, start: start ?? now)
    log[began] = [
      .began(
        serial: began, kind, its: n, device: device, event: event, cause: cause, cycle: job.mark)
    ]
    return job
  }
  func note(_ event: TimingEvent, of job: NaiveJob) { log[job.serial]?.append(event) }
  func spend(_ job: NaiveJob, _ stage: TimingStage, until cycle: UInt64) {
    if job.mark != cycle {
      note(.spent(serial: job.serial, stage, start: job.mark, end: cycle), of: job)
    }
    job.mark = cycle
  }
  func end(_ job: NaiveJob, _ how: TimingEnd) {
    note(.ended(serial: job.serial, how, cycle: now), of: job)
  }
  func route(_ job: NaiveJob) {
    note(
      .routed(serial: job.serial, pe: job.pe, intid: job.intid, merged: job.merged), of: job)
  }

  // MARK: Places

  func unit(of pe: UInt32) -> Int { timing.lpiPerRedistributor ? Int(pe) : chip(of: pe) }
  func chip(of pe: UInt32) -> Int { Int(pe) * min(timing.chips, pes.count) / pes.count }
  func isFar(_ n: Int, _ pe: UInt32) -> Bool {
    n * min(timing.chips, pes.count) / its.count != chip(of: pe)
  }
  func wayBack(_ n: Int, _ pe: UInt32) -> UInt64 {
    timing.linkReturnCycles + (isFar(n, pe) ? timing.crossChipCycles : 0)
  }
}
