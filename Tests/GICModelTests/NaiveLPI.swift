import GICArch

@testable import GICModel

/// What one LPI unit holds.
struct NaiveUnit {
  var banks: [(queue: [NaiveJob], free: UInt64)]
  var properties: NaiveCache
  var reads: [NaiveRead?]
  var queue: [NaiveJob] = []
  var port = NaivePort()
  /// The oldest first.
  var held: [FakeRules.LPI] = []
  /// Accesses to pending tables that wait: for a PE, or, nil, a write.
  var accesses: [Int?] = []
  var accessing = 0

  init(_ timing: TimingParameters) {
    banks = Array(repeating: ([], 0), count: timing.lpiBanks)
    properties = NaiveCache(timing.lpiCache)
    reads = Array(repeating: nil, count: timing.propertyReadsInFlight)
  }
}

/// What is known of an LPI: who brought it, unless it has been shown.
struct NaiveKnown {
  var job: NaiveJob?
}

extension NaiveEngine {
  // MARK: What redistributors know

  private func lpi(_ job: NaiveJob) -> FakeRules.LPI {
    FakeRules.LPI(pe: PEIndex(rawValue: job.pe), intid: INTID(rawValue: job.intid))
  }
  func track(_ job: NaiveJob) {
    forget(lpi(job))
    job.isTracked = true
    known[lpi(job)] = NaiveKnown(job: job)
  }
  private func forget(_ lpi: FakeRules.LPI) {
    guard let gone = known.removeValue(forKey: lpi) else { return }
    for unit in units.indices { units[unit].held.removeAll { $0 == lpi } }
    if let job = gone.job { take(job) }
  }
  func take(_ job: NaiveJob) {
    job.isTracked = false
    if job.hasArrived { end(job, .taken) }
  }

  func takeEffects(direct: Bool = false) {
    for at in 0..<recorder.count {
      switch recorder[at] {
      case .set(let pe, let intid, false):
        let lpi = FakeRules.LPI(pe: pe, intid: intid)
        known[lpi] = known[lpi] ?? NaiveKnown()
        if direct { hold(lpi) }
      case .clear(let pe, let intid, let wasPending):
        if wasPending { forget(FakeRules.LPI(pe: pe, intid: intid)) }
        recorder.note(pe)
      case .taken(let pe, let intid):
        forget(FakeRules.LPI(pe: pe, intid: intid))
        pes[pe.index].free = now + timing.upstreamCycles
      case .move(let from, let to, let intid, let wasPending):
        if wasPending {
          forget(FakeRules.LPI(pe: from, intid: intid))
          let lpi = FakeRules.LPI(pe: to, intid: intid)
          known[lpi] = known[lpi] ?? NaiveKnown()
        }
        recorder.note(from)
        recorder.note(to)
      case .moveAll(let from, let to, _):
        for lpi in known.keys where lpi.pe == from && !rules.pending.contains(lpi) {
          forget(lpi)
        }
        recorder.note(from)
        recorder.note(to)
      case .invalidate(let pe, _), .invalidateAll(let pe): recorder.note(pe)
      default: break
      }
    }
    settle()
  }
  func settle() { while let pe = recorder.nextChangedPE() { candidatesChanged(pe.index) } }

  // MARK: Messages and the link

  func sendMessages(_ n: Int, _ command: NaiveJob) {
    for event in its[n].does {
      switch event {
      case .set(let pe, let intid, let merged):
        let job = message(.set, pe, intid, n, command)
        job.merged = merged
        if !merged { attach(job) }
        send(job)
      case .clear(let pe, let intid, _): send(message(.clear, pe, intid, n, command))
      case .invalidate(let pe, let intid): send(message(.invalidate, pe, intid, n, command))
      case .invalidateAll(let pe): send(message(.invalidateAll, pe, nil, n, command))
      case .move(let from, let to, let intid, let wasPending):
        let leaving = message(.clear, from, intid, n, command)
        if wasPending {
          leaving.partner = message(.moved, to, intid, n, command)
          leaving.partner.map(attach)
        }
        send(leaving)
      case .moveAll(let from, let to, let count):
        let leaving = message(.moveAll, from, nil, n, command)
        (leaving.isSource, leaving.amount) = (true, count)
        if count > 0 {
          leaving.partner = message(.moveAll, to, nil, n, command)
          leaving.partner?.amount = count
        }
        send(leaving)
      case .synchronize(let pe):
        its[n].sync = (pe.rawValue, outstanding[n][pe.index], false)
        its[n].phase = .synchronize
        its[n].syncs += 1
        let job = begin(.synchronize, its: n, cause: command.serial)
        job.pe = pe.rawValue
        send(job)
      default: break
      }
    }
  }
  private func message(
    _ kind: Transaction.Kind, _ pe: PEIndex, _ intid: INTID?, _ n: Int, _ command: NaiveJob
  ) -> NaiveJob {
    let job = begin(kind, its: n, cause: command.serial)
    (job.pe, job.intid, job.syncsBefore) = (pe.rawValue, intid?.rawValue ?? 0, its[n].syncs)
    route(job)
    outstanding[n][pe.index] += 1
    return job
  }
  private func attach(_ job: NaiveJob) {
    guard let there = known[lpi(job)], there.job == nil else { return }
    known[lpi(job)]?.job = job
    job.isTracked = true
  }

  func send(_ job: NaiveJob) {
    its[job.its].messages.append(job)
    startLink(job.its)
  }
  /// The head of the queue leaves if it can leave now.
  func startLink(_ n: Int) { while linkStarts(n) {} }
  func linkStarts(_ n: Int) -> Bool {
    guard its[n].credits > 0, let job = its[n].messages.first else { return false }
    let format = job.kind == .synchronize ? 0 : timing.linkFormatCycles
    guard now + format >= its[n].linkFree else { return false }
    its[n].messages.removeFirst()
    its[n].credits -= 1
    its[n].linkFree = now + format + timing.linkBeats
    let far = isFar(n, job.pe) ? timing.crossChipCycles : 0
    let arrival = its[n].linkFree + timing.linkHops * timing.hopCycles + far
    if job.kind == .synchronize {
      if let command = its[n].job { spend(command, .command(.link), until: arrival) }
    } else {
      spend(job, .msi(.creditWait), until: now)
      spend(job, .msi(.link), until: arrival)
    }
    count(down: arrival - now, .lpiArrival, .job(job))
    return true
  }

  private func acknowledged(_ job: NaiveJob) {
    outstanding[job.its][Int(job.pe)] -= 1
    guard its[job.its].phase == .synchronize, its[job.its].sync.pe == job.pe,
      job.syncsBefore < its[job.its].syncs
    else { return }
    its[job.its].sync.open -= 1
    synchronizeIfDone(job.its)
  }
  private func synchronizeIfDone(_ n: Int) {
    guard its[n].phase == .synchronize, its[n].sync.isThere, its[n].sync.open == 0,
      let command = its[n].job
    else { return }
    spend(command, .command(.lpiUnit), until: now)
    its[n].phase = .acknowledge
    count(down: wayBack(n, its[n].sync.pe), .command, .its(n))
  }

  // MARK: LPI unit

  func arrived(_ job: NaiveJob) {
    let (unit, bank) = (unit(of: job.pe), Int(job.intid) % timing.lpiBanks)
    units[unit].banks[bank].queue.append(job)
    if units[unit].banks[bank].queue.count == 1 { while takes(unit, bank) {} }
  }
  func bankTakes(_ unit: Int) -> Bool {
    units[unit].banks.indices.contains { takes(unit, $0) }
  }
  private func takes(_ unit: Int, _ bank: Int) -> Bool {
    guard units[unit].queue.isEmpty, !units[unit].accesses.contains(nil),
      units[unit].banks[bank].free <= now, let job = units[unit].banks[bank].queue.first
    else { return false }
    units[unit].banks[bank].queue.removeFirst()
    units[unit].banks[bank].free = now + timing.lpiBankCycles
    count(down: wayBack(job.its, job.pe), .credit, .its(job.its))
    count(down: timing.lpiLookupCycles, .lpiLookup, .job(job))
    return true
  }

  func lpiLookupEnded(_ job: NaiveJob) {
    let unit = unit(of: job.pe)
    if job.kind != .synchronize { spend(job, .msi(.lpiLookup), until: now) }
    switch job.kind {
    case .msi where job.merged, .set where job.merged: endAtUnit(job, .merged)
    case .msi, .set, .moved:
      if units[unit].properties.touch(UInt64(job.intid)) {
        propertyKnown(job)
      } else {
        readProperty(job, unit)
      }
    case .invalidate:
      units[unit].properties.forget { $0 == UInt64(job.intid) }
      for slot in units[unit].reads.indices
      where units[unit].reads[slot]?.key == UInt64(job.intid) {
        units[unit].reads[slot]?.isStale = true
      }
      let isPending = rules.isPending(
        INTID(rawValue: job.intid), at: PEIndex(rawValue: job.pe))
      if isPending { readProperty(job, unit) } else { endAtUnit(job, .acknowledged) }
    case .invalidateAll:
      for slot in units[unit].reads.indices { units[unit].reads[slot]?.isStale = true }
      let valid = units[unit].properties.count
      guard timing.invallRefetches else {
        units[unit].properties.forget { _ in true }
        let sets = UInt64(units[unit].properties.sets.count)
        return keepBusy(job, unit, sets * timing.lpiBankCycles)
      }
      keepBusy(job, unit, rounds(valid, timing.propertyReadsInFlight))
    case .moveAll:
      let sweep = job.isSource && timing.movallSweepsTable
      let reads =
        sweep ? rounds(rules.pendingTableByteCount / 32, timing.pendingAccessesInFlight) : 0
      keepBusy(job, unit, UInt64(job.amount) * timing.lpiBankCycles + reads)
    case .synchronize:
      end(job, .acknowledged)
      its[job.its].sync.isThere = true
      synchronizeIfDone(job.its)
    case .clear, .command, .free: endAtUnit(job, .acknowledged)
    }
  }
  /// So many reads, so many at a time.
  private func rounds(_ reads: Int, _ atATime: Int) -> UInt64 {
    UInt64((reads + atATime - 1) / atATime) * timing.memoryLatencyCycles
  }
  private func endAtUnit(_ job: NaiveJob, _ how: TimingEnd) {
    acknowledged(job)
    if let partner = job.partner {
      count(down: wayBack(job.its, job.pe), .message, .job(partner))
    }
    end(job, how)
  }
  private func keepBusy(_ job: NaiveJob, _ unit: Int, _ cycles: UInt64) {
    for bank in units[unit].banks.indices {
      units[unit].banks[bank].free = max(units[unit].banks[bank].free, now) + cycles
    }
    job.isHeld = true
    let last = units[unit].banks.map(\.free).max() ?? now
    count(down: last - now, .message, .job(job))
  }
  func messageGoesOn(_ job: NaiveJob) {
    guard job.isHeld else { return send(job) }
    spend(job, .msi(.lpiLookup), until: now)
    endAtUnit(job, .acknowledged)
    guard job.kind == .moveAll, !job.isSource else { return }
    let there = rules.pending.filter { $0.pe.rawValue == job.pe && !rules.arrived.contains($0) }
    for lpi in there.sorted(by: { $0.intid < $1.intid }) where known[lpi] == nil { arrive(lpi) }
  }

  private func readProperty(_ job: NaiveJob, _ unit: Int) {
    let key = UInt64(job.intid)
    let same = units[unit].reads.firstIndex { $0.map { $0.key == key && !$0.isStale } ?? false }
    if let same {
      units[unit].reads[same]?.waiters.append(job)
    } else if let free = units[unit].reads.firstIndex(where: { $0 == nil }) {
      units[unit].reads[free] = NaiveRead(table: .device, key: key, readsLeft: 0, waiters: [job])
      let answer = units[unit].port.request(bytes: 1, timing, at: now)
      count(down: answer, .propertyRead, .read(unit, slot: free))
    } else {
      units[unit].queue.append(job)
    }
  }
  func propertyReadReturned(_ unit: Int, _ slot: Int) {
    guard let read = units[unit].reads[slot] else { return }
    units[unit].reads[slot] = nil
    if !read.isStale { units[unit].properties.fill(read.key) }
    for job in read.waiters { propertyKnown(job) }
    while units[unit].reads.contains(where: { $0 == nil }), !units[unit].queue.isEmpty {
      let job = units[unit].queue.removeFirst()
      if units[unit].properties.touch(UInt64(job.intid)) {
        propertyKnown(job)
      } else {
        readProperty(job, unit)
      }
    }
    while bankTakes(unit) {}
  }
  private func propertyKnown(_ job: NaiveJob) {
    spend(job, .msi(.propertyMemory), until: now)
    if job.kind == .invalidate { return endAtUnit(job, .acknowledged) }
    acknowledged(job)
    guard job.isTracked else { return end(job, .taken) }
    job.hasArrived = true
    hold(lpi(job))
    arrive(lpi(job))
  }
  private func arrive(_ lpi: FakeRules.LPI) {
    rules.arrive(lpi.intid, at: lpi.pe)
    kick(lpi.pe.index)
    while let pe = recorder.nextChangedPE() { kick(pe.index) }
  }
}
