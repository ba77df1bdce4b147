import Foundation
import GICConfig
import GICReport
import Testing

@testable import GICModel
@testable import GICReplay

private func preset(_ name: String) throws -> ConfigurationLayer {
  let configs = TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path
  return try Presets.load(name, among: [configs])
}

// The model without optimisation takes half a minute for all of them.
#if DEBUG
  private let rows = ["linux-smp1"]
#else
  private let rows = linuxTraces.map(\.name)
#endif

@Test(arguments: rows)
func `an ideal machine adds no cycle, and does what one without time does`(name: String) throws {
  guard let path = TraceFiles.path(name) else {
    try Test.cancel("\(name).trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let trace = try Trace(contentsOf: path)
  var options = ReplayOptions()
  let plain = try ReplayRun(trace, options, base: try preset("ideal")).run(on: makeMachine)
  (options.clock, options.loop) = (.timed, .open)
  let ideal = try ReplayRun(trace, options, base: try preset("ideal")).run(on: makeMachine)
  #expect(ideal.acknowledgedLPIs == plain.acknowledgedLPIs)
  #expect(ideal.merged == plain.merged && ideal.pending == plain.pending)
  #expect(ideal.statistics.commands == plain.statistics.commands)
  #expect(ideal.statistics.conservation == plain.statistics.conservation)
  // The traces were taken on QEMU, whose identity is another.
  for (kind, check) in ideal.checks where kind != "register_reads" {
    #expect(check.mismatched == 0, "\(kind): \(check.examples)")
  }
  let msi = try #require(ideal.statistics.latencyCycles.msi)
  let command = try #require(ideal.statistics.latencyCycles.command)
  #expect(msi.total.count > 1_000 && command.total.count > 100)
  for stage in msi.stages + command.stages where stage.name != "hppi_wait" {
    #expect(stage.distribution.max == 0, "\(stage.name)")
  }
}
