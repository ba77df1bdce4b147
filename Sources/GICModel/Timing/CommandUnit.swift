import GICArch

// Unit 2 and the command engine of an ITS. Commands run strictly in order, one at a time.
//
// Fetch: one read of 32 bytes for each command, `commandFetchDepth` places for commands that are
// being read or wait for their grant. A place is free at the grant, so that with one place the next
// fetch runs beside the execution. Fetches share the table memory port's bandwidth, not the
// translation slots.
//
// Execution: granted; decoded for `commandDecodeCycles`; each entry that the rules looked up is
// read if its cache does not hold it, one after the other; `commandOperationCycles`, cached lookups
// included; table writes are posted, each waiting only for its turn among `tableWritesInFlight`,
// and forget the cached entry; messages are put on the link; `commandRetireCycles` later CREADR
// moves. SYNC retires only after its message has been to the LPI unit, every effect on its target
// that was granted before that message was made is acknowledged, and the acknowledge has come back
// (`linkReturnCycles`). A rejected command ends after the reads that it made: it retires, or the
// queue stalls and CREADR does not move. When the guest retries, the command is fetched again: the
// time that it stood is a stage of its own.
extension TimedCore where Rules: ~Copyable {
  /// The guest may have changed the queue: whatever can run now and was not known becomes visible.
  mutating func commandsChanged(_ n: ITSIndex) {
    let visible = rules.waitingCommands(n)
    if visible < its[n].fetching + its[n].fetched.count { discardFetched(n) }
    let held = its[n].fetching + its[n].fetched.count
    while its[n].unfetched + held > visible, var last = its[n].arrivals.last {
      let excess = min(last.count, its[n].unfetched + held - visible)
      its[n].unfetched -= excess
      last.count -= excess
      if last.count == 0 { its[n].arrivals.removeLast() } else { its[n].arrivals.last = last }
    }
    let new = visible - held - its[n].unfetched
    if new > 0 {
      its[n].arrivals.append(CommandArrival(count: new, cycle: now))
      its[n].unfetched += new
    }
    if its[n].execution.standing != .max, !rules.isStalled(n) {
      resume(n, hasCommands: visible > 0)
    }
    fetchCommands(n)
  }

  /// The guest has retried the rejected command, or thrown it away.
  private mutating func resume(_ n: ITSIndex, hasCommands: Bool) {
    let index = its[n].execution.standing
    its[n].execution.standing = .max
    restingCount &-= 1
    spend(index, CommandStage.stall, until: now)
    if hasCommands { its[n].execution.resumed = index } else { end(index, .abandoned) }
  }

  private mutating func discardFetched(_ n: ITSIndex) {
    its[n].fetchEpoch &+= 1
    its[n].fetching = 0
    while let index = its[n].fetched.popFirst(in: pool) { end(index, .abandoned) }
    trace(.fetching, n, 0)
    trace(.fetched, n, 0)
  }

  private mutating func fetchCommands(_ n: ITSIndex) {
    let depth = max(1, timing.commandFetchDepth)
    let unit = its.element(n)
    while unit.value.unfetched > 0, unit.value.fetching &+ unit.value.fetched.count < depth {
      guard var arrival = unit.value.arrivals.first else { return }
      let index: TransactionIndex
      if unit.value.execution.resumed == .max {
        index = begin(.command, its: n, at: arrival.cycle)
      } else {
        index = unit.value.execution.resumed
        unit.value.execution.resumed = .max
      }
      pool.element(index).value.epoch = unit.value.fetchEpoch
      spend(index, CommandStage.queueWait, until: now)
      arrival.count &-= 1
      if arrival.count == 0 {
        _ = unit.value.arrivals.popFirst()
      } else {
        unit.value.arrivals.replaceFirst(arrival)
      }
      unit.value.unfetched &-= 1
      unit.value.fetching &+= 1
      counters.fetches &+= 1
      let answer = unit.value.port.request(.command, at: now)
      wheel.schedule(.fetch, at: answer, payload: index)
      trace(.fetching, n, unit.value.fetching)
    }
  }

  mutating func fetchReturned(_ index: TransactionIndex) {
    let n = Int(pool[index].its)
    let unit = its.element(n)
    guard pool[index].epoch == unit.value.fetchEpoch else {
      end(index, .abandoned)
      return
    }
    spend(index, CommandStage.fetch, until: now)
    unit.value.fetching &-= 1
    unit.value.fetched.append(index, in: pool)
    trace(.fetching, n, unit.value.fetching)
    trace(.fetched, n, unit.value.fetched.count)
    wakeArbiterLast(n)
  }

  /// The grant of the oldest fetched command: its effect is now.
  mutating func grantCommand(_ n: ITSIndex) {
    let unit = its.element(n)
    guard let index = unit.value.fetched.popFirst(in: pool) else { return }
    if pool[index].mark < unit.value.execution.ended {
      spend(index, CommandStage.queueWait, until: unit.value.execution.ended)
    }
    spend(index, CommandStage.arbitration, until: now)
    traceGrant(index)
    trace(.fetched, n, unit.value.fetched.count)
    recorder.clear()
    let command = rules.executeCommand(n)
    traceCommand(index, command)
    unit.value.execution.transaction = index
    unit.value.execution.keep(recorder)
    unit.value.execution.stalled = rules.isStalled(n)
    if command == nil || unit.value.execution.stalled { unit.value.execution.rejected = true }
    enter(.decode, its: n)
    wheel.schedule(
      .command, at: now &+ timing.commandDecodeCycles, payload: UInt32(truncatingIfNeeded: n))
    takeEffects()
    if unit.value.execution.stalled { commandsChanged(n) } else { fetchCommands(n) }
  }

  mutating func commandPhaseEnded(_ n: ITSIndex) {
    let unit = its.element(n)
    let index = unit.value.execution.transaction
    switch unit.value.execution.phase {
    case .decode:
      spend(index, CommandStage.decode, until: now)
      enter(.reads, its: n)
      advanceReads(n)
    case .operation:
      spend(index, CommandStage.operation, until: now)
      enter(.writes, its: n)
      unit.value.execution.cursor = 0
      advanceWrites(n)
    case .acknowledge:
      spend(index, CommandStage.acknowledge, until: now)
      retire(n)
    case .retire:
      spend(index, CommandStage.retire, until: now)
      commandLatency.recordEach(pool.element(index))
      recorder.clear()
      rules.retireCommand(n)
      takeEffects()
      endCommand(n)
    case .idle, .reads, .writes, .synchronize: break  // these end by another unit's event
    }
  }

  /// The table read that the command waited for is done.
  mutating func commandEntryRead(_ n: ITSIndex) { advanceReads(n) }

  private mutating func advanceReads(_ n: ITSIndex) {
    let unit = its.element(n)
    let index = unit.value.execution.transaction
    let transaction = pool.element(index)
    while let at = unit.value.execution.nextRead() {
      switch unit.value.execution.events[at] {
      case .deviceLookup(let device, let levels):
        transaction.value.table = .device
        transaction.value.device = device.rawValue
        transaction.value.levels = UInt8(clamping: max(1, levels))
        if lookup(.device, UInt64(device.rawValue), its: n) { continue }
      case .eventLookup(let device, let event):
        transaction.value.table = .event
        (transaction.value.device, transaction.value.event) = (device.rawValue, event.rawValue)
        let key = TimingCache.key(device: device.rawValue, event: event.rawValue)
        if lookup(.event, key, its: n) { continue }
      case .collectionLookup(let collection):
        transaction.value.table = .collection
        transaction.value.collection = collection.rawValue
        if lookup(.collection, UInt64(collection.rawValue), its: n) { continue }
      case .deviceWritten, .eventWritten, .collectionWritten, .set, .clear, .invalidate,
        .invalidateAll, .move, .moveAll, .synchronize, .taken, .forgotten, .candidatesChanged,
        .rejected, .dropped:
        continue
      }
      miss(index, its: n)
      return
    }
    endReads(n)
  }

  private mutating func endReads(_ n: ITSIndex) {
    let unit = its.element(n)
    if unit.value.execution.stalled {
      // A guest that has retried already did not let it stand.
      if rules.isStalled(n) {
        unit.value.execution.standing = unit.value.execution.transaction
        restingCount &+= 1
      } else {
        end(unit.value.execution.transaction, .abandoned)
      }
      endExecution(n)
    } else if unit.value.execution.rejected {
      retire(n)
    } else {
      enter(.operation, its: n)
      wheel.schedule(
        .command, at: now &+ timing.commandOperationCycles,
        payload: UInt32(truncatingIfNeeded: n))
    }
  }

  mutating func tableWriteReturned(_ n: ITSIndex) {
    its[n].writesInFlight &-= 1
    trace(.tableWrites, n, its[n].writesInFlight)
    if its[n].execution.phase == .writes { advanceWrites(n) }
  }

  private mutating func advanceWrites(_ n: ITSIndex) {
    let unit = its.element(n)
    let index = unit.value.execution.transaction
    while let at = unit.value.execution.nextWrite() {
      if let (table, key, request) = unit.value.execution.events[at].written {
        guard unit.value.writesInFlight < max(1, timing.tableWritesInFlight) else {
          unit.value.execution.cursor = at
          return
        }
        unit.value.writesInFlight &+= 1
        counters.tableWrites &+= 1
        trace(.tableWrites, n, unit.value.writesInFlight)
        let answer = unit.value.port.request(request, at: now)
        wheel.schedule(.tableWrite, at: answer, payload: UInt32(truncatingIfNeeded: n))
        forget(table, key, its: n)
      }
    }
    spend(index, CommandStage.tableMemory, until: now)
    unit.value.execution.phase = .idle
    if unit.value.execution.sends { sendMessages(n) }
    if unit.value.execution.phase != .synchronize { retire(n) }
  }

  @inline(__always) mutating func enter(_ phase: CommandExecution.Phase, its n: ITSIndex) {
    its[n].execution.phase = phase
    // A meter asks only when it begins to work and when it is idle.
    if Tracer.isOn || phase == .decode || phase == .idle {
      trace(.executing, n, Int(phase.rawValue))
    }
  }

  private mutating func retire(_ n: ITSIndex) {
    enter(.retire, its: n)
    wheel.schedule(
      .command, at: now &+ timing.commandRetireCycles, payload: UInt32(truncatingIfNeeded: n))
  }

  private mutating func endCommand(_ n: ITSIndex) {
    end(its[n].execution.transaction, .completed)
    endExecution(n, isLast: true)
  }

  /// - Parameter isLast: the event that did it does nothing more.
  @inline(__always) private mutating func endExecution(_ n: ITSIndex, isLast: Bool = false) {
    let unit = its.element(n)
    enter(.idle, its: n)
    unit.value.execution.ended = now
    guard !unit.value.fetched.isEmpty else { return }
    if isLast { wakeArbiterLast(n) } else { wakeArbiter(n, at: now) }
  }
}

extension StageEvent {
  /// The table entry that was written, as its cache names it.
  fileprivate var written: (Transaction.Table, UInt64, MemoryPort.Request)? {
    switch self {
    case .deviceWritten(let device): (.device, UInt64(device.rawValue), .deviceEntry)
    case .eventWritten(let device, let event):
      (.event, TimingCache.key(device: device.rawValue, event: event.rawValue), .eventEntry)
    case .collectionWritten(let collection):
      (.collection, UInt64(collection.rawValue), .collectionEntry)
    case .deviceLookup, .eventLookup, .collectionLookup, .set, .clear, .invalidate,
      .invalidateAll, .move, .moveAll, .synchronize, .taken, .forgotten, .candidatesChanged,
      .rejected, .dropped:
      nil
    }
  }
}
