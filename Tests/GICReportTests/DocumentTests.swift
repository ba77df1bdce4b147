import Foundation
import GICModel
import Testing

@testable import GICReport

private func histogram(_ values: some Sequence<UInt64>) -> LatencyHistogram {
  var histogram = LatencyHistogram()
  for value in values { histogram.record(value) }
  return histogram
}

/// Computed by hand: below 128 exact; above, the last value of a bucket that is 1/64 of its power
/// of two wide (500 lies in 500...503, 900 in 896...903, 990 in 984...991, 999 in 992...999).
private let percentiles: [(name: String, values: [UInt64], expected: [UInt64])] = [
  ("1 through 100", Array(1...100), [50, 90, 99, 100]),
  ("1 through 1000", Array(1...1000), [503, 903, 991, 999]),
  ("one value", [26], [26, 26, 26, 26]),
  ("one value inside a bucket", [501], [501, 501, 501, 501]),
  ("nine and one", Array(repeating: 26, count: 9) + [366], [26, 26, 366, 366]),
  ("zeros", [0, 0, 0], [0, 0, 0, 0]),
  ("nothing", [], [0, 0, 0, 0]),
  ("beyond the last bucket", [1 << 50], [1 << 50, 1 << 50, 1 << 50, 1 << 50]),
]

@Test(arguments: percentiles)
func `percentiles are those computed by hand`(_: String, values: [UInt64], expected: [UInt64]) {
  let spread = Distribution(histogram(values))
  #expect([spread.p50, spread.p90, spread.p99, spread.p999] == expected)
}

@Test func `count, sum, extremes and mean are exact`() {
  let spread = Distribution(histogram([501, 502, 100_003]))
  #expect(spread.count == 3 && spread.sum == 101_006)
  #expect(spread.min == 501 && spread.max == 100_003)
  #expect(spread.mean == 101_006.0 / 3)
  #expect(
    spread.buckets == [.init(floor: 500, count: 2), .init(floor: 99_328, count: 1)])
  let none = Distribution(LatencyHistogram())
  #expect(none.min == 0 && none.max == 0 && none.mean == 0 && none.buckets.isEmpty)
}

@Test func `statistics survive JSON, and equal ones are equal bytes`() throws {
  let document = StatisticsDocument(Sample.statistics())
  let bytes = try document.json()
  #expect(try StatisticsDocument(json: bytes) == document)
  #expect(try StatisticsDocument(Sample.statistics()).json() == bytes)
  #expect(try StatisticsDocument(json: bytes).json() == bytes)
  let indented = try document.json(.indented)
  #expect(try StatisticsDocument(json: indented) == document)
}

@Test func `a functional machine has no latencies`() throws {
  let document = StatisticsDocument(MachineStatistics(clock: .functional))
  #expect(document.latencyCycles == .init(msi: nil, command: nil))
  #expect(document.conservation.holds)
  #expect(try StatisticsDocument(json: document.json()) == document)
}

@Test func `stages keep the path's order through JSON`() throws {
  let document = StatisticsDocument(Sample.statistics())
  let read = try StatisticsDocument(json: document.json())
  let names = try #require(read.latencyCycles.command).stages.map(\.name)
  #expect(
    names == ["queue_wait", "fetch", "decode", "table_memory", "operation", "sync_wait", "retire"])
}

@Test func `one interrupt too few breaks conservation`() {
  var statistics = Sample.statistics()
  #expect(StatisticsDocument(statistics).conservation.holds)
  statistics.dropped["cleared"] = 1
  #expect(!StatisticsDocument(statistics).conservation.holds)
}

@Test func `a replay survives JSON`() throws {
  var document = Sample.document()
  document.translations.record(false, "line 7: INTID 8192, not 8193")
  document.registerReads.notModelled = 3
  let bytes = try document.json()
  #expect(try ReplayDocument(json: bytes) == document)
  #expect(try ReplayDocument(json: bytes).json() == bytes)
}

/// The names that scripts rely on, with a value where the sample has a known one.
private let keys: [(path: String, value: String?)] = [
  ("trace.name", "linux-smp4"), ("trace.file", "linux-smp4.trace.xz"), ("trace.cpus", "4"),
  ("trace.events", "163699"), ("trace.duration_ns", "4160000000"), ("clock", "timed"),
  ("loop", "closed"), ("configuration.name", "gic600"), ("configuration.hash", nil),
  ("configuration.values", nil), ("translations.checked", "20975"),
  ("translations.mismatched", "0"), ("translations.examples", nil),
  ("creadr_reads.mismatched", "0"), ("acknowledges.mismatched", "0"), ("lines.mismatched", "0"),
  ("end_state.mismatched", "0"), ("register_reads.mismatched", "0"),
  ("register_reads.not_modelled", "0"), ("merged", "126"), ("pending", nil),
  ("acknowledged_lpis", nil), ("conservation.msis", "20978"), ("conservation.int_commands", "3"),
  ("conservation.delivered", "20849"), ("conservation.merged", "126"),
  ("conservation.pending", "1"), ("conservation.dropped.cleared", "2"),
  ("conservation.holds", nil), ("latency_cycles.msi.count", "20975"),
  ("latency_cycles.msi.min", "26"), ("latency_cycles.msi.mean", nil),
  ("latency_cycles.msi.p50", "26"), ("latency_cycles.msi.p90", nil),
  ("latency_cycles.msi.p99", nil), ("latency_cycles.msi.p999", nil),
  ("latency_cycles.msi.max", nil), ("latency_cycles.msi.stages.link.mean", "5"),
  ("latency_cycles.msi.stages.link.order", "6"), ("latency_cycles.command.stages.fetch.p50", "85"),
  ("per_pe", nil), ("statistics.latency_cycles.msi.buckets", nil), ("statistics.events", nil),
  ("statistics.commands.MAPD", "15"), ("timeline.bin_ns", "20000000"), ("timeline.start_ns", "0"),
  ("timeline.msis", nil), ("timeline.commands", nil), ("timeline.acknowledges_per_pe", nil),
  ("host.mode", "in-process"), ("host.elapsed_seconds", nil), ("host.events_per_second", nil),
  ("host.parse_lines_per_second", nil), ("host.resident_bytes", "38200000"),
  ("host.tool_version", "0.1.0"),
]

@Test func `the JSON keys are the promised ones`() throws {
  let bytes = try Sample.document().json()
  let root = try JSONSerialization.jsonObject(with: Data(bytes))
  for (path, expected) in keys {
    var value: Any? = root
    for key in path.split(separator: ".") { value = (value as? [String: Any])?[String(key)] }
    let found = try #require(value, "\(path)")
    if let expected { #expect("\(found)" == expected, "\(path)") }
  }
}

@Test func `only the host tells two runs apart`() throws {
  let first = Sample.document()
  var second = Sample.document()
  second.host.elapsedSeconds = 9
  second.host.mode = "unix:/run/itsd.sock"
  #expect(try first.json() != second.json())
  second.host = first.host
  #expect(try first.json() == second.json())
}

@Test func `a check counts all and describes the first few`() {
  var check = Check()
  for index in 0..<20 { check.record(index % 2 == 0, "number \(index)") }
  #expect(check.checked == 20 && check.mismatched == 10)
  #expect(check.examples.count == Check.maximumExamples && check.examples[0] == "number 1")
}

private let layouts: [(compact: String, indented: String)] = [
  ("{}", "{}\n"), ("[]", "[]\n"), (#"{"a":[]}"#, "{\n  \"a\": []\n}\n"),
  (#"{"a":[1,[2,3]],"b":"x,[{:\""}"#, "{\n  \"a\": [1, [2, 3]],\n  \"b\": \"x,[{:\\\"\"\n}\n"),
  (#"[{"a":1},{}]"#, "[\n  {\n    \"a\": 1\n  },\n  {}\n]\n"),
  (#"{"a":["x",1]}"#, "{\n  \"a\": [\n    \"x\",\n    1\n  ]\n}\n"),
  (#"{"a":[[1,2],[3,4]],"b":2}"#, "{\n  \"a\": [[1, 2], [3, 4]],\n  \"b\": 2\n}\n"),
]

@Test(arguments: layouts)
func `indenting moves blanks only`(compact: String, indented: String) {
  let bytes = JSONIndenter.indent(Array(compact.utf8))
  #expect(String(decoding: bytes, as: UTF8.self) == indented)
}

private let timelines: [(end: UInt64, bins: Int, width: UInt64)] = [
  (0, 1, 1), (239, 240, 1), (240, 121, 2), (480, 97, 5), (4_160_000_000, 209, 20_000_000),
]

@Test(arguments: timelines)
func `a timeline's bins are 1, 2 or 5 times a power of ten`(end: UInt64, bins: Int, width: UInt64) {
  let timeline = Timeline(startNs: 0, endNs: end, peCount: 2)
  #expect(timeline.binNs == width)
  #expect(timeline.msis.count == bins && timeline.commands.count == bins)
  #expect(timeline.acknowledgesPerPE.map(\.count) == [bins, bins])
  #expect(timeline.bin(at: end) == bins - 1)
}

@Test func `times outside a timeline belong to its ends`() {
  var timeline = Timeline(startNs: 1_000, endNs: 1_100, peCount: 1)
  timeline.countMSI(at: 0)
  timeline.countMSI(at: 1_000)
  timeline.countCommand(at: 1_050)
  timeline.countAcknowledge(by: 0, at: .max)
  timeline.countAcknowledge(by: 7, at: 1_000)
  #expect(timeline.msis[0] == 2 && timeline.msis.reduce(0, +) == 2)
  #expect(timeline.commands[50] == 1)
  #expect(timeline.acknowledgesPerPE[0].last == 1)
}

@Test func `occupancies, traffic and devices are parts of the cycles`() throws {
  let document = StatisticsDocument(Sample.statistics())
  #expect(document.queues.map(\.mean) == [2, 0, 0.001])
  #expect(document.queues.map(\.utilisation) == [0.125, nil, nil])
  #expect(document.traffic.map(\.bytesPerCycle) == [1, 0])
  #expect(document.perDevice.map(\.latencyMean) == [26, 100])
  #expect(try StatisticsDocument(json: document.json()) == document)
  let json = String(decoding: try document.json(), as: UTF8.self)
  for part in [
    #""per_device":[{"device":8,"latency_max":1234,"latency_mean":26,"msis":20000}"#,
    #"{"capacity":16,"max":9,"mean":2,"name":"its0.ingress","occupancy_cycles":8320000000,"#,
    #""utilisation":0.125}"#,
    #"{"bytes":4160000000,"bytes_per_cycle":1,"name":"commands","requests":130000000}"#,
  ] {
    #expect(json.contains(part), "\(part)")
  }
  var still = Sample.statistics()
  still.cycle = 0
  #expect(StatisticsDocument(still).queues.allSatisfy { $0.mean == 0 })
}
