// Linux boots that are interrupted: what goes on afterwards is the same to the last bit.

import GICArch
import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

private struct Boot {
  var machine: RestoredMachine
  var document: ReplayDocument
}

/// A boot whose machine is put together anew before each of the calls in `points`.
private func boot(
  _ trace: Trace, _ clock: MachineStatistics.Clock, _ preset: String, before points: Set<Int>
) throws -> Boot {
  let configs = TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path
  var options = ReplayOptions()
  options.clock = clock
  let run = try ReplayRun(trace, options, base: try Presets.load(preset, among: [configs]))
  var machine: RestoredMachine?
  let document = try run.run {
    let made = RestoredMachine($0, before: points)
    machine = made
    return made
  }
  return Boot(machine: try #require(machine), document: document)
}

private struct Row: Sendable, CustomTestStringConvertible {
  var clock: MachineStatistics.Clock
  var preset: String
  var points: Int
  var testDescription: String { "\(clock.rawValue), \(preset), \(points) points" }
}
private let rows = [
  Row(clock: .functional, preset: "qemu-virt", points: 50),
  Row(clock: .functional, preset: "kvm", points: 50),
  Row(clock: .timed, preset: "qemu-virt", points: 100),
]

@Test(arguments: rows)
private func `a Linux boot out of files, at random points, is the same to the last bit`(
  row: Row
) throws {
  guard let path = TraceFiles.path("linux-smp1") else {
    try Test.cancel("linux-smp1.trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let trace = try Trace(contentsOf: path)
  let plain = try boot(trace, row.clock, row.preset, before: [])
  var dice = Dice(state: 11)
  var points: Set<Int> = []
  while points.count < row.points { points.insert(dice.roll(plain.machine.calls)) }
  let broken = try boot(trace, row.clock, row.preset, before: points)
  #expect(broken.machine.failure == nil)
  // An advance whose condition comes true before its middle is not interrupted.
  #expect(broken.machine.restores > row.points * 3 / 4)
  #expect(row.clock == .functional || broken.machine.busyRestores > 0)
  let first = zip(plain.machine.log, broken.machine.log).enumerated().first { $0.1.0 != $0.1.1 }
  #expect(first == nil && plain.machine.log.count == broken.machine.log.count)
  #expect(try comparable(plain.document) == comparable(broken.document))
  #expect(plain.document.passed)
}
