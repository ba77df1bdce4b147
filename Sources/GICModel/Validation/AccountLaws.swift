import GICArch

/// Few of everything, so that everything runs out.
private func narrow(_ index: Int) -> TimingParameters {
  var timing = TimingParameters()
  timing.msiFIFODepth = 2 + index
  timing.translationSlots = 1 + index % 3
  timing.linkCredits = 1 + index
  timing.lpiBanks = 1 << index % 3
  timing.propertyReadsInFlight = 1 + index % 2
  timing.pendingEntries = 8
  timing.pendingAccessesInFlight = 1 + index % 2
  timing.deviceCache = .init(entries: 8, ways: 2)
  timing.eventCache = .init(entries: 16, ways: 2)
  timing.lpiCache = .init(entries: 32, ways: 2)
  timing.commandFetchDepth = 1 + index
  timing.invallRefetches = index % 2 == 0
  return timing
}

private func account(
  _ index: Int, _ effort: TimingLaws.Effort, merges: Bool = false, syncs: Bool = true
) -> AccountedCore {
  var timing = narrow(index)
  if !syncs { (timing.memoryRequestCycles, timing.memoryBeatCycles) = (0, 0) }
  var core = AccountedCore.theory(timing, pes: 4, tracer: AccountTracer())
  core.rules.merges = merges
  // Several of an LPI at a time would be set twice, which no rules do.
  core.randomTraffic(
    seed: UInt64(index + 1), count: effort == .short ? 200 : 4_000, syncs: syncs)
  return core
}

extension TimingLaws {
  /// The stages of a transaction are the whole of its time.
  @Sendable static func stageSums(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    for index in 0..<4 {
      for merges in [false, true] {
        let core = account(index, effort, merges: merges)
        let count = core.tracer.ended.reduce(0, +)
        rows.append(
          TimingLaw.Row(
            "configuration \(index), \(merges ? "merging" : "presented"): transactions of "
              + "\(count) whose stages are not their time", expected: 0,
            measured: UInt64(core.tracer.broken)))
      }
    }
    return TimingLaw(
      1, "The stages of every transaction add up to its time", condition: "equal, in cycles",
      rows: rows)
  }

  /// Little's law, utilisation and forced flow, as identities between integers.
  @Sendable static func operationalLaws(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    for index in 0..<4 {
      let core = account(index, effort, merges: true, syncs: false)
      let (tracer, timing) = (core.tracer, core.timing)
      func stage(_ stage: MSIStage) -> UInt64 { tracer.stages[stage.rawValue] }
      func row(_ what: String, _ expected: UInt64, _ measured: UInt64) {
        rows.append(
          TimingLaw.Row("configuration \(index), \(what)", expected: expected, measured: measured))
      }
      row(
        "outside the ingress: sojourns, integral", stage(.ingressWait), tracer.integral(.outside))
      row("ingress FIFO: sojourns, integral", tracer.ingressCycles, tracer.integral(.ingress))
      row("queue of the link: sojourns, integral", stage(.creditWait), tracer.integral(.linkQueue))
      row(
        "queues of the banks: sojourns, integral",
        stage(.lpiLookup) - tracer.messagesTaken * timing.lpiLookupCycles,
        tracer.integral(.bankQueue))
      let latency = timing.memoryLatencyCycles
      row(
        "translation slots: reads x service, busy cycles", core.counters.tableReads * latency,
        tracer.integral(.translationSlots))
      row(
        "table writes: writes x service, busy cycles", core.counters.tableWrites * latency,
        tracer.integral(.tableWrites))
      row(
        "property slots: reads x service, busy cycles", core.counters.propertyReads * latency,
        tracer.integral(.propertySlots))
      row(
        "command fetch: fetches x service, busy cycles", core.counters.fetches * latency,
        tracer.integral(.fetching))
      row(
        "forced flow: messages made, taken by the LPI unit",
        core.counters.msisGranted + UInt64(core.rules.retired) - unsent(tracer),
        tracer.messagesTaken)
    }
    return TimingLaw(
      4, "Little's law, utilisation and forced flow hold exactly",
      condition: "equal, in cycles or messages", rows: rows)
  }

  /// Commands that send no message: what began and is neither an MSI nor a command is a message.
  private static func unsent(_ tracer: AccountTracer) -> UInt64 {
    let (msi, command) = (
      tracer.began[Int(Transaction.Kind.msi.rawValue)],
      tracer.began[Int(Transaction.Kind.command.rawValue)]
    )
    return command - (tracer.began.reduce(0, +) - msi - command)
  }

  /// Nothing is lost, nothing is made, nothing stays behind.
  @Sendable static func conservation(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    for index in 0..<4 {
      let core = account(index, effort, merges: index % 2 == 1)
      let (tracer, counters) = (core.tracer, core.counters)
      func row(_ what: String, _ expected: UInt64, _ measured: UInt64) {
        rows.append(
          TimingLaw.Row("configuration \(index), \(what)", expected: expected, measured: measured))
      }
      let msis = tracer.began[Int(Transaction.Kind.msi.rawValue)]
      row("MSIs accepted, granted", msis, counters.msisGranted)
      row(
        "MSIs granted, shown + merged + dropped + taken", counters.msisGranted,
        counters.direct + counters.merged + counters.dropped + counters.cleared)
      row(
        "commands fetched, completed", counters.fetches,
        tracer.ended[Int(TimingEnd.completed.rawValue)])
      row("commands completed, retired", core.commandLatency.count, UInt64(core.rules.retired))
      let caches = cacheCounts(core)
      row(
        "MSIs' lookups in the device cache, and commands'", counters.msisGranted + walks(core),
        caches.deviceLookups)
      row("transactions under way at the end", 0, UInt64(core.pool.liveCount))
      row("transactions told of and not ended", 0, UInt64(tracer.openCount))
      row("credits free, of", UInt64(core.timing.linkCredits), UInt64(core.its[0].credits))
      row("slots busy at the end", 0, caches.busySlots)
      row("messages not acknowledged at the end", 0, UInt64(core.outstanding[0]))
      row("deadlocks", 0, core.deadlock == nil ? 0 : 1)
    }
    return TimingLaw(
      6, "Nothing is lost, made or left behind", condition: "equal", rows: rows)
  }

  private static func cacheCounts(
    _ core: borrowing AccountedCore
  ) -> (deviceLookups: UInt64, busySlots: UInt64) {
    (
      core.its[0].deviceCache.hits + core.its[0].deviceCache.misses,
      UInt64(core.its[0].slots.busyCount + core.lpis[0].slots.busyCount)
    )
  }

  /// How many commands looked a device up.
  private static func walks(_ core: borrowing AccountedCore) -> UInt64 { core.rules.walks }
}
