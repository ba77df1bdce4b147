import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICStudy

/// Measures one point of a study with the default machine.
private func measure(
  _ name: String, _ values: [String: StudyValue], _ flags: [(String, String)]
) throws -> StudyPoint {
  let study = try Study.named(name)
  let chosen = try Chosen(study, flags: flags.map { (key: $0.0, text: $0.1) }, isQuick: true)
  var point = StudyPoint(values)
  try study.measure(
    &point, StudyContext(chosen: chosen, configuration: MachineConfiguration(), seed: 1))
  return point
}

@Test(arguments: ["inv", "mapti", "sync"])
func `a queue that is always full does what its slowest unit can`(mix: String) throws {
  let point = try measure(
    "cwriter-throughput",
    [
      "part": .name("fetch"), "mix": .name(mix), "batch": .number(2_000),
      "driver": .name("batched"), "fetch-depth": .number(1), "memory": .number(85),
    ], [("commands", "20000")])
  let part = point.real("commands_per_second") / point.real("bound_per_second")
  #expect(part > 0.98 && part <= 1.0005, "\(mix): \(part)")
}

@Test func `linux-poll does one operation a microsecond at most`() throws {
  let point = try measure(
    "cwriter-throughput",
    [
      "part": .name("batch"), "mix": .name("inv"), "batch": .number(1),
      "driver": .name("linux-poll"),
    ], [("commands", "1000")])
  #expect(abs(point.real("commands_per_second") / 1e6 - 1) < 0.01)
  #expect(point.real("batch_latency_p50") == 1_000)
}

private let loads: [(law: String, load: Double, low: Double, high: Double)] = [
  // Parts of what Geo/D/1 says.
  ("bernoulli", 0.5, 0.9, 1.1), ("periodic", 0.5, 0, 0), ("bursty", 0.5, 2, 1_000),
]
@Test(arguments: loads)
func `one slot waits as its arrivals make it`(
  law: String, load: Double, low: Double, high: Double
) throws {
  let point = try measure(
    "msi-load", ["part": .name("queue"), "arrivals": .name(law), "load": .number(load)],
    [("msis", "20000")])
  let part = point.real("wait_mean") / point.real("geo_d_1")
  #expect(point.real("geo_d_1") == 42 && part >= low && part <= high, "\(law): \(part)")
}

private let places: [(placement: String, hops: Int, cycles: Double)] = [
  ("local", 0, 26), ("remote", 0, 126), ("both", 0, 76), ("local", 16, 58),
]
@Test(arguments: places)
func `an MSI alone takes what its distance costs`(
  placement: String, hops: Int, cycles: Double
) throws {
  let point = try measure(
    "topology",
    ["part": .name("alone"), "placement": .name(placement), "hops": .number(Double(hops))],
    [("msis", "1000")])
  #expect(point.real("latency_mean") == cycles && point.real("closed_form") == cycles)
}

@Test func `the lock costs throughput, and neither policy exceeds its bound`() throws {
  func run(_ policy: String) throws -> StudyPoint {
    try measure(
      "vcpu-contention",
      [
        "vcpus": .number(64), "its": .number(1), "policy": .name(policy), "mix": .name("inv"),
        "arrivals": .name("closed"),
      ], [("transactions", "20000"), ("think", "2000")])
  }
  let (combining, serial) = (try run("combining"), try run("serial"))
  for point in [combining, serial] {
    #expect(point.real("commands_per_second") <= point.real("bound_per_second") * 1.0005)
    #expect(point.real("jain") > 0.98 && point.integer("stable") == 1)
  }
  #expect(serial.name("bound_unit") == "the lock" && serial.real("busy") > 0.99)
  #expect(combining.real("commands_per_second") > 1.2 * serial.real("commands_per_second"))
  #expect(serial.real("wait_p99") > combining.real("wait_p99"))
}

@Test func `weights share the arbiter as they say`() throws {
  let point = try measure(
    "command-interference",
    ["part": .name("share"), "storm": .name("inv"), "weight": .number(4)],
    [("transactions", "10000")])
  #expect(abs(point.real("msi_share") - 0.8) < 0.01)
}

@Test func `LPIs spill only where they do not fit`() throws {
  func accesses(_ ratio: Double) throws -> Double {
    try measure(
      "lpi-spill",
      [
        "ratio": .number(ratio), "held": .number(64), "handling": .number(500),
        "population": .number(64 * ratio),
      ], [("msis", "4000")]
    ).real("accesses_per_lpi")
  }
  #expect(try accesses(0.5) == 0)
  #expect(try accesses(4) > 0.3)
}

@Test func `saturation is found where it is`() throws {
  let found = try saturation(below: 1_000) { (rate) throws(StudyError) in rate <= 123 }
  #expect(found <= 123 && found > 121)
}
