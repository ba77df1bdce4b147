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
  #expect(document.creadrReads.checked == trace.events.count { $0.isProgressRead })
  #expect(document.acknowledges.checked == trace.lineCounts["iar"])
  #expect(document.lines.checked == trace.lineCounts["line"])
  #expect(document.endState.checked == trace.endState.count)
  #expect(document.merged == UInt64(merged))
  #expect(document.acknowledgedLPIs == lpis)
  #expect(document.pending == [.init(pe: pending.0, intid: pending.1)])
  #expect(document.statistics.conservation.holds)
}
