// Replay of what a real kernel did, in this process: reading the file, and both clocks.

import Foundation
import GICConfig
import GICModel
import GICReplay

/// Traces that come with the project, and a longer one that may lie beside it.
private func tracePaths() -> [String] {
  ["Tests/Traces/linux-smp1", "Tests/Traces/linux-smp4", "../shared/traces/linux-smp8-io"]
    .map { "\(Place.root)/\($0).trace.xz" }
    .filter { FileManager.default.fileExists(atPath: $0) }
}

/// `replay.parse.*`: lines of the trace, decompressed and parsed. `replay.functional.*` and
/// `replay.timed.*`: events, each answer compared; the timed clock in a closed loop.
func replaySuite() -> [Benchmark] {
  tracePaths().flatMap { path in
    let name = URL(fileURLWithPath: path).lastPathComponent.prefix { $0 != "." }
    return [Benchmark(name: "replay.parse.\(name)") { { try parse(path) } }]
      + MachineStatistics.Clock.allCases.map { clock in
        Benchmark(name: "replay.\(clock.rawValue).\(name)") {
          var options = ReplayOptions()
          options.clock = clock
          let preset = try Presets.load("qemu-virt", among: [Place.root + "/Configs"])
          let run = try ReplayRun(Trace(contentsOf: path), options, base: preset)
          return { try replay(run) }
        }
      }
  }
}

private func parse(_ path: String) throws -> Sample {
  let start = ContinuousClock.now
  let trace = try Trace(contentsOf: path)
  return Sample(
    operations: trace.lineCount, seconds: (ContinuousClock.now - start) / .seconds(1))
}

private func replay(_ run: ReplayRun) throws -> Sample {
  let document = try run.run(on: makeMachine)
  guard document.passed else { throw WrongWork(description: "\(run.trace.file): answers differ") }
  return Sample(operations: document.trace.events, seconds: document.host.elapsedSeconds)
}
