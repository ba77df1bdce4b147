import GICArch
import GICConfig
import GICReport
import Testing

@testable import GICModel
@testable import GICReplay

/// What the traces' README says: per trace the translations, MSIs that met a pending LPI, LPIs
/// acknowledged per PE, and what is pending at the end.
let linuxTraces:
  [(name: String, translations: Int, merged: Int, lpis: [Int], pending: (Int, UInt32))] = [
    ("linux-smp1", 5013, 1, [5011], (0, 0x2005)),
    ("linux-smp4", 20975, 126, [5946, 5050, 4923, 4929], (0, 0x2011)),
    ("linux-smp8-io", 53756, 947, [9012, 6405, 6418, 6024, 6025, 6223, 6413, 6288], (2, 0x2033)),
    ("linux-smp4-mttcg", 12155, 316, [3374, 2830, 2670, 2964], (0, 0x2011)),
    ("linux-smp2-gicv4", 3642, 3, [1716, 1922], (0, 0x2009)),
  ]

@Test(arguments: linuxTraces.indices)
func `a Linux trace agrees with the plain rules`(row: Int) throws {
  let (name, translations, merged, lpis, pending) = linuxTraces[row]
  guard let path = TraceFiles.path(name) else {
    try Test.cancel("\(name).trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let trace = try Trace(contentsOf: path)
  let run = try ReplayRun(
    trace, ReplayOptions(), base: ConfigurationLayer(name: "none", text: ""))
  let document = try run.run(on: ReferenceMachine.init)
  for (kind, check) in document.checks where kind != "register_reads" {
    #expect(check.mismatched == 0, "\(kind): \(check.examples)")
  }
  #expect(document.translations.checked == translations)
  #expect(document.creadrReads.checked == trace.progressReadCount)
  #expect(document.acknowledges.checked == trace.lineCounts["iar"])
  #expect(document.lines.checked == trace.lineCounts["line"])
  #expect(document.endState.checked == trace.endState.count)
  #expect(document.merged == UInt64(merged))
  #expect(document.acknowledgedLPIs == lpis)
  #expect(document.pending == [.init(pe: pending.0, intid: pending.1)])
  #expect(document.statistics.conservation.holds)
}

// The model without optimisation takes half a minute for all of them.
#if DEBUG
  private let modelRows = [0, 4]
#else
  private let modelRows = Array(linuxTraces.indices)
#endif

/// The same with the model, and with every register read compared.
@Test(arguments: modelRows)
func `a Linux trace agrees with the model`(row: Int) throws {
  let (name, translations, merged, lpis, pending) = linuxTraces[row]
  guard let path = TraceFiles.path(name) else {
    try Test.cancel("\(name).trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let configs = TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path
  let run = try ReplayRun(
    try Trace(contentsOf: path), ReplayOptions(),
    base: try Presets.load("qemu-virt", among: [configs]))
  let document = try run.run(on: makeMachine)
  for (kind, check) in document.checks {
    #expect(check.mismatched == 0, "\(kind): \(check.examples)")
    #expect(check.checked > 0, "\(kind)")
  }
  #expect(document.passed)
  #expect(document.translations.checked == translations)
  #expect(document.registerReads.notModelled == (run.trace.header.gicVersion == 4 ? 11 : 0))
  #expect(document.merged == UInt64(merged))
  #expect(document.acknowledgedLPIs == lpis)
  #expect(document.pending == [.init(pe: pending.0, intid: pending.1)])
}

/// KVM is another machine than QEMU's, but for a guest that was booted on either nothing does not
/// stick.
@Test func `a Linux trace agrees with the kvm profile, apart from who it is`() throws {
  guard let path = TraceFiles.path("linux-smp1") else {
    try Test.cancel("linux-smp1.trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let configs = TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path
  let run = try ReplayRun(
    try Trace(contentsOf: path), ReplayOptions(), base: try Presets.load("kvm", among: [configs]))
  let document = try run.run(on: makeMachine)
  for (kind, check) in document.checks {
    #expect(check.mismatched == 0, "\(kind): \(check.examples)")
    #expect(check.checked > 0, "\(kind)")
  }
  #expect(document.passed)
  #expect((document.registerReads.otherMachine ?? 0) > 0)
  #expect(document.acknowledgedLPIs == [5011])
}

/// Latencies in cycles of 1 ns, and how many of a thousand acknowledges may find nothing in a
/// closed loop. 40 us is longer than interrupts are apart, so many merge that did not.
private let delays: [(trace: String, msi: UInt64, command: UInt64, perMille: Int)] = [
  ("linux-smp1", 1, 1, 0), ("linux-smp1", 300, 700, 0), ("linux-smp1", 40_000, 5_000, 100),
  ("linux-smp4", 300, 700, 5), ("linux-smp2-gicv4", 300, 700, 5),
]

@Test(arguments: delays.indices, ReplayOptions.Loop.allCases)
func `with time, a Linux trace ends and loses nothing`(
  row: Int, loop: ReplayOptions.Loop
) throws {
  let (name, msi, command, perMille) = delays[row]
  guard let path = TraceFiles.path(name) else {
    try Test.cancel("\(name).trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  let trace = try Trace(contentsOf: path)
  var options = ReplayOptions()
  (options.clock, options.loop) = (.timed, loop)
  let run = try ReplayRun(trace, options, base: ConfigurationLayer(name: "none", text: ""))
  let document = try run.run {
    DelayedMachine($0, msiLatency: msi, commandLatency: command)
  }
  #expect(document.statistics.conservation.holds)
  #expect(document.statistics.conservation.msis == UInt64(trace.lineCounts["msi"] ?? 0))
  #expect(document.creadrReads.mismatched == 0)
  #expect(document.creadrReads.checked == (loop == .open ? 0 : trace.progressReadCount))
  #expect(document.acknowledges.mismatched == 0, "\(document.acknowledges.examples)")
  #expect(document.acknowledges.checked == trace.header.cpuCount)
  #expect(document.endState.mismatched == 0, "\(document.endState.examples)")
  #expect(document.endState.checked > 0)
  let unsatisfied = try #require(document.acknowledges.unsatisfied)
  if loop == .closed {
    #expect(unsatisfied * 1000 <= perMille * (trace.lineCounts["iar"] ?? 0))
  }
  if msi == 1 {
    // So short that nothing comes out differently.
    #expect(document.merged == 1)
    #expect(document.acknowledgedLPIs == [5011])
  }
}

extension Trace {
  fileprivate var progressReadCount: Int { events.count { $0.isProgressRead } }
}
