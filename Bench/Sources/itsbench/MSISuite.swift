// MSIs through a machine's door, in rounds. Each MSI of a round sets another LPI that was not
// pending; between the rounds the PEs acknowledge them all, which is not counted.

import GICArch
import GICModel

/// `msi.functional`: 64 devices of 32 events, 4 PEs. `msi.timed_warm`: 8 devices of 8 events, so
/// that the caches of the timed clock hold all; the time that the MSIs need until they are at the
/// CPU interface is let pass.
func msiSuite() -> [Benchmark] {
  [
    Benchmark(name: "msi.functional") {
      let guest = try Guest(
        FunctionalMachine(Guest<FunctionalMachine>.configuration(.functional)), devices: 64,
        events: 32)
      return { try guest.sample(rounds: 500, spacing: 0) }
    },
    Benchmark(name: "msi.timed_warm") {
      let guest = try Guest(
        TimedMachine(Guest<TimedMachine>.configuration(.timed)), devices: 8, events: 8)
      return { try guest.sample(rounds: 2000, spacing: 32) }
    },
  ]
}

extension Guest {
  /// - Parameter spacing: cycles from one MSI to the next.
  func sample(rounds: Int, spacing: UInt64) throws -> Sample {
    var time = Duration.zero
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      var cycle = machine.cycle
      for event in 0..<events {
        for device in 0..<devices {
          let access = Access(
            .msi, source: device, address: 0, data: UInt64(event), cycle: cycle)
          _ = machine.perform(access)
          cycle += spacing
        }
      }
      _ = machine.advance(to: .max, until: .idle)
      time += ContinuousClock.now - start
      let (expected, got) = (Int(devices * events), acknowledgeAll())
      guard got == expected else {
        throw WrongWork(description: "\(expected) MSIs, but \(got) LPIs were acknowledged")
      }
    }
    return Sample(operations: rounds * Int(devices * events), seconds: time / .seconds(1))
  }
}
