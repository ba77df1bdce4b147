// MSIs on the timed clock alone: statistics and histograms on, nobody who listens but where the row
// says so. Each MSI sets an LPI that was not pending; what the PEs do between the rounds is not
// counted.

import GICModel

/// `timed.msi_warm`: all cached, each to a PE that has nothing else to do, so that each goes the
/// whole way and is in the histograms. `timed.msi_cold`: the same, and four reads of memory for
/// each. `timed.msi_traced`: as warm, and a Perfetto trace of it all is written into a file.
/// `timed.msi_8pe` and `timed.msi_1024pe`: the same MSIs at the same rate, to the same 8 PEs; the
/// others are idle.
func timedMSISuite() -> [Benchmark] {
  var (warm, cold) = (TimingParameters(), TimingParameters())
  // There are as many collections as PEs.
  warm.collectionCache.entries = 1024
  cold.deviceCache.entries = 0
  cold.eventCache.entries = 0
  cold.collectionCache.entries = 0
  cold.lpiCache.entries = 0
  return [
    timedRow("timed.msi_warm") { [warm] in try spread(warm, spacing: 8) },
    timedRow("timed.msi_cold") { [cold] in try spread(cold, spacing: 100) },
    // The files' writers are no part of the machine, and its loop is not held to its rules.
    timedRow("timed.msi_traced", isCounted: false) { [warm] in
      let file = try TraceFile(TimingShape(configuration(warm)))
      let machine = TracedMachine(configuration(warm), sink: file.trace)
      return try spread(machine, spacing: 8) {
        machine.flushTrace()
        file.rewind()
      }
    },
    timedRow("timed.msi_8pe") { fewPEs(of: 8) },
    timedRow("timed.msi_1024pe") { fewPEs(of: 1024) },
  ]
}

private func timedRow(
  _ name: String, isCounted: Bool = true, _ make: @escaping () throws -> TimedRounds
) -> Benchmark {
  func sample(_ rounds: TimedRounds, _ count: Int) throws -> Sample {
    var sample = Sample(operations: 0, seconds: 0)
    for _ in 0..<count {
      sample.seconds += try rounds.round()
      sample.operations += rounds.messages.count
    }
    return sample
  }
  return Benchmark(
    name: name,
    measure: { plan in
      let rounds = try make()
      _ = try sample(rounds, 200)
      let times = try (0..<plan.samples).map { _ in
        let one = try sample(rounds, 500)
        return one.seconds * 1e9 / Double(one.operations)
      }
      return Measured(ns: median(times))
    },
    loop: isCounted
      ? {
        let rounds = try make()
        return { try sample(rounds, 16).operations }
      } : nil)
}

/// One MSI for each event, some cycles apart, until nothing is under way; then the PEs take them.
private final class TimedRounds {
  private let machine: any Machine
  private let spacing: UInt64
  /// At the end of a round's time.
  private let atEnd: () -> Void
  /// Every PE takes what is pending at it. It returns how many LPIs that were.
  private let acknowledge: () -> Int
  let messages: [(device: UInt32, event: UInt64)]

  init(
    _ machine: any Machine, devices: Int, events: Int, spacing: UInt64,
    atEnd: @escaping () -> Void = {}, acknowledge: @escaping () -> Int
  ) {
    (self.machine, self.spacing) = (machine, spacing)
    (self.atEnd, self.acknowledge) = (atEnd, acknowledge)
    // From device to device, so that no two in a row have an entry of it in common.
    messages = (0..<events).flatMap { event in
      (0..<devices).map { (UInt32($0), UInt64(event)) }
    }
  }

  /// - Returns: seconds.
  func round() throws -> Double {
    let (machine, messages, spacing) = (machine, messages, spacing)
    let seconds = Clock.time {
      var cycle = machine.cycle
      for message in messages {
        _ = machine.perform(
          Access(.msi, source: message.device, address: 0, data: message.event, cycle: cycle))
        cycle += spacing
      }
      _ = machine.advance(to: .max, until: .idle)
      atEnd()
    }
    let taken = acknowledge()
    guard taken == messages.count else {
      throw WrongWork(description: "\(messages.count) MSIs, but \(taken) LPIs were taken")
    }
    return seconds
  }
}

/// As many PEs as events.
private let layout = Layout(devices: 2, pes: 64)

private func configuration(_ timing: TimingParameters) -> MachineConfiguration {
  var configuration = layout.configuration(.timed)
  configuration.timing = timing
  return configuration
}

private func spread(_ timing: TimingParameters, spacing: UInt64) throws -> TimedRounds {
  try spread(TimedMachine(configuration(timing)), spacing: spacing)
}
private func spread(
  _ machine: some Machine, spacing: UInt64, atEnd: @escaping () -> Void = {}
) throws -> TimedRounds {
  let side = try ModelSide(machine, layout)
  _ = try Guest(side, layout)
  return TimedRounds(
    machine, devices: layout.devices, events: Layout.eventsPerDevice, spacing: spacing,
    atEnd: atEnd, acknowledge: { side.acknowledgeAll() })
}

/// A machine of so many PEs, of which 8 get all MSIs.
private func fewPEs(of count: Int) -> TimedRounds {
  let guest = LawGuest(LawGuest.configuration(.timed, TimingParameters(), pes: count))
  return TimedRounds(
    guest.machine, devices: Int(LawGuest.deviceCount), events: Int(LawGuest.eventCount),
    spacing: 32,
    acknowledge: {
      var taken = 0
      for pe in 0..<8 { while guest.acknowledge(pe) != 1023 { taken += 1 } }
      var changes: [LineChange] = []
      guest.machine.drainLineChanges(into: &changes)
      return taken
    })
}
