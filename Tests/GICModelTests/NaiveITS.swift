import GICArch

@testable import GICModel

/// What one ITS holds.
struct NaiveITS {
  var outside: [(device: UInt32, event: UInt32, cycle: UInt64)] = []
  var ingress: [NaiveJob] = []
  /// By command that is visible and not being fetched: since when.
  var visible: [UInt64] = []
  var fetching = 0
  var fetched: [NaiveJob] = []
  var generation = 0
  var resumed: NaiveJob?
  var standing: NaiveJob?
  // The arbiter.
  var nextGrant: UInt64 = 0
  var turnIsMSI = true
  var left: Int
  // Translation.
  var caches: [NaiveCache]
  var nextLookup: [UInt64] = [0, 0, 0]
  var reads: [NaiveRead?]
  var queue: [NaiveJob] = []
  var port = NaivePort()
  var writes = 0
  // The link.
  var messages: [NaiveJob] = []
  var credits: Int
  var linkFree: UInt64 = 0
  var syncs = 0
  // The command that executes.
  var job: NaiveJob?
  var phase = CommandExecution.Phase.idle
  var does: [StageEvent] = []
  var toDo: [StageEvent] = []
  var (isRejected, isStalled) = (false, false)
  var ended: UInt64 = 0
  var sync: (pe: UInt32, open: Int, isThere: Bool) = (0, 0, false)

  init(_ timing: TimingParameters) {
    caches = [timing.deviceCache, timing.eventCache, timing.collectionCache].map(NaiveCache.init)
    reads = Array(repeating: nil, count: timing.translationSlots)
    credits = timing.linkCredits
    left = timing.arbiterWeightMSI
  }
}

extension NaiveEngine {
  // MARK: Ingress and arbiter

  func submit(_ device: UInt32, _ event: UInt32, its n: Int) {
    its[n].outside.append((device, event, now))
    admit(n)
  }
  private func admit(_ n: Int) {
    guard its[n].ingress.count < timing.msiFIFODepth, !its[n].outside.isEmpty else { return }
    let msi = its[n].outside.removeFirst()
    let job = begin(.msi, its: n, device: msi.device, event: msi.event, start: msi.cycle)
    spend(job, .msi(.ingressWait), until: now)
    spend(job, .msi(.accept), until: now + timing.msiAcceptCycles)
    its[n].ingress.append(job)
  }

  /// - Returns: whether the ITS has granted something.
  func grants(_ n: Int) -> Bool {
    guard now >= its[n].nextGrant, its[n].messages.count < timing.linkCredits else { return false }
    let msi = its[n].queue.isEmpty && its[n].ingress.first.map { $0.mark <= now } ?? false
    let command = its[n].phase == .idle && !its[n].fetched.isEmpty
    guard msi || command else { return false }
    let turn = its[n].turnIsMSI
    let takesMSI = msi && command ? (its[n].left > 0 ? turn : !turn) : msi
    if takesMSI == turn {
      its[n].left = max(0, its[n].left - 1)
    } else {
      its[n].turnIsMSI = takesMSI
      its[n].left = (takesMSI ? timing.arbiterWeightMSI : timing.arbiterWeightCommand) - 1
    }
    its[n].nextGrant = now + timing.arbiterCycles
    if takesMSI { grantMSI(n) } else { grantCommand(n) }
    return true
  }

  private func grantMSI(_ n: Int) {
    let job = its[n].ingress.removeFirst()
    admit(n)
    recorder.clear()
    _ = rules.signal(DeviceID(rawValue: job.device), EventID(rawValue: job.event), its: n)
    for at in 0..<recorder.count {
      switch recorder[at] {
      case .deviceLookup(_, let levels):
        job.lookups.append(.device)
        job.levels = levels
      case .eventLookup: job.lookups.append(.event)
      case .collectionLookup(let collection):
        job.lookups.append(.collection)
        job.collection = UInt32(collection.rawValue)
      case .set(let pe, let intid, let merged):
        (job.pe, job.intid, job.merged) = (pe.rawValue, intid.rawValue, merged)
        job.hasTarget = true
      default: break
      }
    }
    note(.granted(serial: job.serial, cycle: now), of: job)
    spend(job, .msi(.arbitration), until: now + timing.arbiterCycles)
    job.syncsBefore = its[n].syncs
    if job.hasTarget {
      route(job)
      outstanding[n][Int(job.pe)] += 1
      if !job.merged { track(job) }
    }
    settle()
    nextLookup(job)
  }

  // MARK: Translation

  private func nextLookup(_ job: NaiveJob) {
    let n = job.its
    guard let table = job.lookups.first else {
      if job.hasTarget { send(job) } else { end(job, .dropped) }
      return
    }
    let cycles = [
      timing.deviceLookupCycles, timing.eventLookupCycles, timing.collectionLookupCycles,
    ][Int(table.rawValue)]
    let start = max(job.mark, its[n].nextLookup[Int(table.rawValue)])
    its[n].nextLookup[Int(table.rawValue)] = start + timing.lookupIntervalCycles
    count(down: start + cycles - now, .lookup, .job(job))
  }

  private func key(_ job: NaiveJob) -> UInt64 {
    switch job.lookups[0] {
    case .device: UInt64(job.device)
    case .event: UInt64(job.device) << 32 | UInt64(job.event)
    case .collection: UInt64(job.collection)
    }
  }

  func lookupEnded(_ job: NaiveJob) {
    let stages: [MSIStage] = [.deviceLookup, .eventLookup, .collectionLookup]
    spend(job, .msi(stages[Int(job.lookups[0].rawValue)]), until: now)
    lookUp(job)
  }
  private func lookUp(_ job: NaiveJob) {
    if its[job.its].caches[Int(job.lookups[0].rawValue)].touch(key(job)) {
      found(job)
    } else {
      miss(job)
    }
  }
  private func found(_ job: NaiveJob) {
    job.lookups.removeFirst()
    if job.kind == .command { advanceReads(job.its) } else { nextLookup(job) }
  }
  private func miss(_ job: NaiveJob) {
    let (n, table, key) = (job.its, job.lookups[0], key(job))
    let same = its[n].reads.firstIndex {
      $0.map { $0.table == table && $0.key == key && !$0.isStale } ?? false
    }
    if let same {
      its[n].reads[same]?.waiters.append(job)
    } else if let free = its[n].reads.firstIndex(where: { $0 == nil }) {
      let reads = table == .device ? job.levels : 1
      its[n].reads[free] = NaiveRead(table: table, key: key, readsLeft: reads, waiters: [job])
      read(n, free)
    } else {
      its[n].queue.append(job)
    }
  }
  private func read(_ n: Int, _ slot: Int) {
    guard let table = its[n].reads[slot]?.table else { return }
    its[n].reads[slot]?.readsLeft -= 1
    let bytes = [8, 4, 2][Int(table.rawValue)]
    let answer = its[n].port.request(bytes: bytes, timing, at: now)
    count(down: answer, .tableRead, .read(n, slot: slot))
  }
  func tableReadReturned(_ n: Int, _ slot: Int) {
    guard let line = its[n].reads[slot] else { return }
    if line.readsLeft > 0 { return read(n, slot) }
    its[n].reads[slot] = nil
    if !line.isStale { its[n].caches[Int(line.table.rawValue)].fill(line.key) }
    for job in line.waiters { resume(job) }
    while its[n].reads.contains(where: { $0 == nil }), !its[n].queue.isEmpty {
      let job = its[n].queue.removeFirst()
      if its[n].caches[Int(job.lookups[0].rawValue)].touch(key(job)) {
        resume(job)
      } else {
        miss(job)
      }
    }
  }
  private func resume(_ job: NaiveJob) {
    spend(job, job.kind == .command ? .command(.tableMemory) : .msi(.tableMemory), until: now)
    found(job)
  }

  // MARK: Commands

  func commandsChanged(_ n: Int) {
    let waiting = rules.waitingCommands(n)
    if waiting < its[n].fetching + its[n].fetched.count {
      its[n].generation += 1
      its[n].fetching = 0
      for job in its[n].fetched { end(job, .abandoned) }
      its[n].fetched = []
    }
    let held = its[n].fetching + its[n].fetched.count
    while its[n].visible.count + held > waiting { its[n].visible.removeLast() }
    while its[n].visible.count + held < waiting { its[n].visible.append(now) }
    if let job = its[n].standing, !rules.isStalled(n) {
      its[n].standing = nil
      spend(job, .command(.stall), until: now)
      if waiting > 0 { its[n].resumed = job } else { end(job, .abandoned) }
    }
    fetch(n)
  }
  private func fetch(_ n: Int) {
    while !its[n].visible.isEmpty,
      its[n].fetching + its[n].fetched.count < timing.commandFetchDepth
    {
      let since = its[n].visible.removeFirst()
      let job = its[n].resumed ?? begin(.command, its: n, start: since)
      its[n].resumed = nil
      job.generation = its[n].generation
      spend(job, .command(.queueWait), until: now)
      its[n].fetching += 1
      count(down: its[n].port.request(bytes: 32, timing, at: now), .fetch, .job(job))
    }
  }
  func fetchReturned(_ job: NaiveJob) {
    guard job.generation == its[job.its].generation else { return end(job, .abandoned) }
    spend(job, .command(.fetch), until: now)
    its[job.its].fetching -= 1
    its[job.its].fetched.append(job)
  }

  private func grantCommand(_ n: Int) {
    let job = its[n].fetched.removeFirst()
    its[n].job = job
    if job.mark < its[n].ended { spend(job, .command(.queueWait), until: its[n].ended) }
    spend(job, .command(.arbitration), until: now)
    note(.granted(serial: job.serial, cycle: now), of: job)
    recorder.clear()
    let command = rules.executeCommand(n)
    its[n].does = (0..<recorder.count).map { recorder[$0] }
    its[n].isStalled = rules.isStalled(n)
    its[n].isRejected = command == nil
    its[n].phase = .decode
    its[n].toDo = its[n].does
    count(down: timing.commandDecodeCycles, .command, .its(n))
    takeEffects()
    commandsChanged(n)
  }

  func phaseEnded(_ n: Int) {
    guard let job = its[n].job else { return }
    switch its[n].phase {
    case .decode:
      spend(job, .command(.decode), until: now)
      its[n].phase = .reads
      advanceReads(n)
    case .operation:
      spend(job, .command(.operation), until: now)
      its[n].phase = .writes
      its[n].toDo = its[n].does
      advanceWrites(n)
    case .acknowledge:
      spend(job, .command(.acknowledge), until: now)
      retire(n)
    case .retire:
      spend(job, .command(.retire), until: now)
      recorder.clear()
      rules.retireCommand(n)
      takeEffects()
      end(job, .completed)
      its[n].phase = .idle
      its[n].ended = now
    default: fatalError("no such phase has an end")
    }
  }
  private func retire(_ n: Int) {
    its[n].phase = .retire
    count(down: timing.commandRetireCycles, .command, .its(n))
  }

  private func advanceReads(_ n: Int) {
    guard let job = its[n].job else { return }
    while !its[n].toDo.isEmpty {
      switch its[n].toDo.removeFirst() {
      case .deviceLookup(let device, let levels):
        (job.device, job.levels, job.lookups) = (device.rawValue, levels, [.device])
      case .eventLookup(let device, let event):
        (job.device, job.event, job.lookups) = (device.rawValue, event.rawValue, [.event])
      case .collectionLookup(let collection):
        (job.collection, job.lookups) = (UInt32(collection.rawValue), [.collection])
      default: continue
      }
      return lookUp(job)
    }
    if its[n].isStalled {
      if rules.isStalled(n) { its[n].standing = job } else { end(job, .abandoned) }
      its[n].phase = .idle
      its[n].ended = now
    } else if its[n].isRejected {
      retire(n)
    } else {
      its[n].phase = .operation
      count(down: timing.commandOperationCycles, .command, .its(n))
    }
  }

  func advanceWrites(_ n: Int) {
    guard its[n].phase == .writes, let job = its[n].job else { return }
    while let event = its[n].toDo.first {
      let entry: (table: Transaction.Table, key: UInt64, bytes: Int)?
      switch event {
      case .deviceWritten(let device): entry = (.device, UInt64(device.rawValue), 8)
      case .eventWritten(let device, let event):
        entry = (.event, UInt64(device.rawValue) << 32 | UInt64(event.rawValue), 4)
      case .collectionWritten(let collection): entry = (.collection, UInt64(collection.rawValue), 2)
      default: entry = nil
      }
      if let entry {
        guard its[n].writes < timing.tableWritesInFlight else { return }
        its[n].writes += 1
        let answer = its[n].port.request(bytes: entry.bytes, timing, at: now)
        count(down: answer, .tableWrite, .its(n))
        forget(entry.table, entry.key, n)
      }
      its[n].toDo.removeFirst()
    }
    spend(job, .command(.tableMemory), until: now)
    its[n].phase = .idle
    sendMessages(n, job)
    if its[n].phase != .synchronize { retire(n) }
  }

  private func forget(_ table: Transaction.Table, _ key: UInt64, _ n: Int) {
    its[n].caches[Int(table.rawValue)].forget { $0 == key }
    if table == .device { its[n].caches[1].forget { $0 >> 32 == key } }
    for slot in its[n].reads.indices {
      guard let read = its[n].reads[slot] else { continue }
      let isChild = table == .device && read.table == .event && read.key >> 32 == key
      if isChild || (read.table == table && read.key == key) { its[n].reads[slot]?.isStale = true }
    }
  }
}
