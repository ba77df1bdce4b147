// MSIs on the timed clock alone: statistics and histograms on, nobody who listens. Each MSI sets an
// LPI that was not pending; what the PEs do between the rounds is not counted.

import GICModel

/// `timed.msi_warm`: all cached. `timed.msi_cold`: four reads of memory for each. `timed.msi_8pe`
/// and `timed.msi_1024pe`: the same MSIs at the same rate, to the same 8 PEs; the others are idle.
func timedMSISuite() -> [Benchmark] {
  var cold = TimingParameters()
  cold.deviceCache.entries = 0
  cold.eventCache.entries = 0
  cold.collectionCache.entries = 0
  cold.lpiCache.entries = 0
  let rows: [(name: String, timing: TimingParameters, peCount: Int, spacing: UInt64)] = [
    ("timed.msi_warm", TimingParameters(), 4, 8), ("timed.msi_cold", cold, 4, 100),
    ("timed.msi_8pe", TimingParameters(), 8, 32),
    ("timed.msi_1024pe", TimingParameters(), 1024, 32),
  ]
  return rows.map { name, timing, peCount, spacing in
    Benchmark(name: name) {
      let guest = LawGuest(LawGuest.configuration(.timed, timing, pes: peCount))
      return { rounds(guest, count: 1_000, spacing: spacing) }
    }
  }
}

/// Rounds of one MSI for each event, that many cycles apart.
private func rounds(_ guest: LawGuest, count: Int, spacing: UInt64) -> Sample {
  let machine = guest.machine
  var time = Duration.zero
  var operations = 0
  for _ in 0..<count {
    let start = ContinuousClock.now
    var cycle = machine.cycle
    for event in 0..<LawGuest.eventCount {
      for device in 0..<LawGuest.deviceCount {
        _ = machine.perform(
          Access(.msi, source: device, address: 0, data: UInt64(event), cycle: cycle))
        cycle += spacing
        operations += 1
      }
    }
    _ = machine.advance(to: .max, until: .idle)
    time += ContinuousClock.now - start
    for pe in 0..<min(8, machine.configuration.shape.affinities.count) {
      while guest.acknowledge(pe) != 1023 {}
    }
    var changes: [LineChange] = []
    machine.drainLineChanges(into: &changes)
  }
  return Sample(operations: operations, seconds: time / .seconds(1))
}
