// Readings of counters become parameters: files that are wrong, and fits whose answer is known.

import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

private let header = "run,workload,packets,window,devices,events,pes,counter,value\n"

private let broken: [(name: String, text: String, says: String)] = [
  ("nothing at all", "", "b.csv: expected a header, run,workload,"),
  ("no reading", "# only a remark\n" + header, "b.csv: expected readings after the header"),
  (
    "a column that is none", "run,count,value\n", "b.csv:1: unknown column 'count'; there are: run,"
  ),
  ("a column twice", "run,run,counter,value\n", "b.csv:1: a column is there twice"),
  ("a column that is missing", "run,counter\n", "b.csv:1: the column value is missing"),
  (
    "too few fields", header + "a,msi,10,0,1,1,LPI,10\n",
    "b.csv:2: expected 9 fields as in the header, found 8"
  ),
  ("no name", header + ",msi,10,0,1,1,1,LPI,10\n", "b.csv:2: run: expected a name"),
  (
    "a workload that is none", header + "a,dma,10,0,1,1,1,LPI,10\n",
    "b.csv:2: workload: expected one of msi, int, clear, inv, sync, found 'dma'"
  ),
  (
    "a counter that is none", header + "a,msi,10,0,1,1,1,DN_MSG,10\n",
    "b.csv:2: counter: the model has no 'DN_MSG'; it has: CLK 0x0,"
  ),
  (
    "a value that is none", header + "a,msi,10,0,1,1,1,LPI,\n",
    "b.csv:2: value: expected a whole number from 0 through"
  ),
  ("a negative value", header + "a,msi,10,0,1,1,1,LPI,-1\n", "found '-1'"),
  ("a fraction", header + "a,msi,10,0,1,1,1,LPI,1.5\n", "found '1.5'"),
  (
    "no packets", header + "a,msi,0,0,1,1,1,LPI,1\n",
    "b.csv:2: packets: expected a whole number from 1 through 1000000, found '0'"
  ),
  ("commands beyond the queue", header + "a,inv,2001,,,,,CLK,1\n", "through 2000, found '2001'"),
  ("a window of commands", header + "a,inv,9,5,,,,CLK,1\n", "b.csv:2: window: commands wait"),
  ("devices beyond the LPIs", header + "a,msi,9,,1793,,,CLK,1\n", "through 1792, found '1793'"),
  (
    "a reading twice", header + "a,msi,9,,,,,CLK,1\na,,,,,,,0x0,2\n",
    "b.csv:3: CLK of run a is there twice"
  ),
  (
    "a run of two minds", header + "a,msi,9,,,,,CLK,1\na,msi,8,,,,,LPI,2\n",
    "b.csv:3: run a was described otherwise before"
  ),
  ("a gigantic number", header + "a,msi,9,,,,,CLK,99999999999999999999\n", "b.csv:2: value:"),
]

@Test(arguments: broken)
func `a file of readings that is wrong says where, what and the mend`(
  _: String, text: String, says: String
) {
  do {
    _ = try CounterReadings(text: text, file: "b.csv")
    Issue.record("it was taken")
  } catch {
    #expect(error.description.contains(says), "\(error)")
  }
}

@Test func `readings are read by name and by number, in any order of columns`() throws {
  let text = """
    # from board 7
    value, counter ,run,devices,packets
    12 , ITS_LAT,"warm",2,0x10\r

    3,0x24,warm,,
    4,COL_MISS,cold,,
    """
  let readings = try CounterReadings(text: text, file: "b.csv")
  #expect(readings.runs.map(\.name) == ["warm", "cold"])
  var workload = CounterWorkload()
  (workload.packets, workload.devices) = (16, 2)
  #expect(readings.runs[0].workload == workload)
  #expect(readings.runs[1].workload == CounterWorkload())
  #expect(readings.runs[0].readings.map(\.counter) == ["ITS_LAT", "DID_MISS"])
  #expect(readings.runs[0].readings.map(\.gicp) == [0x27, 0x24])
  #expect(readings.runs[0].readings.map(\.value) == [12, 3])
  #expect(readings.runs[0].readings.map(\.line) == [3, 5])
}

/// What the model's counters say of some runs, as a file.
private func readings(
  _ timing: TimingParameters, _ runs: [(name: String, workload: CounterWorkload)],
  _ counters: [String]
) throws -> CounterReadings {
  var text = header
  for (name, workload) in runs {
    let events = workload.readings(timing)
    for counter in counters {
      let count = try #require(events.first { $0.name == counter }?.count)
      text += "\(name),\(workload.kind),\(workload.packets),\(workload.window),"
      text += "\(workload.devices),\(workload.events),\(workload.pes),\(counter),\(count)\n"
    }
  }
  return try CounterReadings(text: text, file: "board.csv")
}

private func workload(_ change: (inout CounterWorkload) -> Void) -> CounterWorkload {
  var workload = CounterWorkload()
  workload.packets = 60
  change(&workload)
  return workload
}

/// One MSI at a time: all cached; devices that do not fit the cache; and all at once.
private let runs: [(name: String, workload: CounterWorkload)] = [
  ("warm", workload { $0.window = 60_000 }),
  ("wide", workload { ($0.window, $0.devices) = (60_000, 20) }),
  ("narrow", workload { ($0.window, $0.devices) = (60_000, 6) }),
  ("burst", workload { ($0.devices, $0.pes) = (20, 4) }),
  ("inv", workload { $0.kind = .inv }),
]
private let base = ConfigurationLayer(name: "base", text: "name: base\nclock: timed\n")

private struct Known: Sendable {
  var name: String
  var keys: [String]
  var values: [String: UInt64]
}
private let known = [
  Known(
    name: "how far memory is", keys: ["memory_latency_cycles", "msi_accept_cycles"],
    values: ["timing.memory_latency_cycles": 131, "timing.msi_accept_cycles": 9]),
  Known(
    name: "how large a cache is", keys: ["memory_latency_cycles", "device_cache_entries"],
    values: ["timing.device_cache_entries": 8, "timing.memory_latency_cycles": 60]),
  Known(
    name: "how commands work", keys: ["memory_latency_cycles", "command_operation_cycles"],
    values: ["timing.command_operation_cycles": 17, "timing.memory_latency_cycles": 99]),
]

@Test(arguments: known)
private func `what a known machine's counters read is fitted back to it`(_ known: Known) throws {
  var machine = try resolve([base]).machine
  for dial in TimingDial.all {
    if let value = known.values[dial.key] { dial.set(value, in: &machine) }
  }
  let counters = ["CLK", "DID_MISS", "VID_MISS", "COL_MISS", "ITS_LAT"]
  let readings = try readings(machine.timing, runs, counters)
  let document = try CounterFit(readings, base: base, keys: known.keys).run()
  #expect(document.residual == 0 && document.assumedResidual > 1)
  #expect(document.readings.allSatisfy { $0.residual == 0 && $0.fitted == $0.measured })
  #expect(document.readings.count == runs.count * counters.count)
  for (key, value) in known.values {
    let parameter = try #require(document.parameters.first { $0.key == key })
    #expect(parameter.value == value && parameter.state == .fitted, "\(key)")
  }
  // What comes out can be laid over the preset, and makes the known machine.
  let layer = ConfigurationLayer(name: "fit.yaml", text: document.layer())
  let resolved = try resolve([base, layer])
  #expect(resolved.machine.timing == machine.timing)
  for value in resolved.values where known.values[value.key] != nil {
    #expect(value.provenance == .measured)
    #expect(value.source.hasPrefix("fitted to board.csv: 25 readings, residual 0.00 %"))
  }
  #expect(try FitDocument(json: try document.json()) == document)
}

@Test func `of values that read the same the nearest is taken, and all are told`() throws {
  var machine = try resolve([base]).machine
  machine.timing.deviceCache.entries = 4
  // Twenty devices miss in eight entries as they do in two.
  let readings = try readings(machine.timing, [runs[1]], ["DID_MISS", "ITS_LAT"])
  let document = try CounterFit(readings, base: base, keys: ["device_cache_entries"]).run()
  let parameter = document.parameters[0]
  #expect(parameter.value == 8 && parameter.low == 2 && parameter.high == 8)
  #expect(document.text().contains("2 to 8 read the same"))
  #expect(document.layer().contains("; 2 to 8 read the same"))
}

@Test func `what readings cannot tell is left as it was, and named`() throws {
  var machine = try resolve([base]).machine
  machine.timing.deviceLookupCycles = 7
  // Everything is cached and nothing waits: only a sum of latencies shows.
  let readings = try readings(machine.timing, [runs[0]], ["ITS_LAT"])
  let keys = [
    "device_lookup_cycles", "event_lookup_cycles", "memory_latency_cycles", "upstream_cycles",
  ]
  let document = try CounterFit(readings, base: base, keys: keys).run()
  func parameter(_ name: String) throws -> FitDocument.Parameter {
    try #require(document.parameters.first { $0.key == "timing." + name })
  }
  let lookup = try parameter("device_lookup_cycles")
  #expect(lookup.state == .fitted && lookup.value == 7)
  #expect(lookup.with == ["timing.event_lookup_cycles"])
  let other = try parameter("event_lookup_cycles")
  #expect(other.state == .confounded && other.value == other.assumed)
  #expect(other.with == ["timing.device_lookup_cycles"])
  for name in ["memory_latency_cycles", "upstream_cycles"] {
    let idle = try parameter(name)
    #expect(idle.state == .unmoved && idle.value == idle.assumed)
  }
  #expect(document.residual == 0)
  #expect(document.text().contains("left as assumed, no reading tells: memory_latency_cycles"))
  #expect(document.layer().contains("with the assumed event_lookup_cycles"))
  #expect(throws: ReplayError.self) { try CounterFit(readings, base: base, keys: ["wibble"]) }
}

@Test func `readings that no machine gives leave a residual`() throws {
  let text = header + "a,msi,20,20000,1,1,1,ITS_LAT,200\na,,,,,,,LPI,40\n"
  let readings = try CounterReadings(text: text, file: "b.csv")
  let document = try CounterFit(readings, base: base, keys: ["msi_accept_cycles"]).run()
  // The latency can be met; 20 packets are not 40.
  #expect(document.readings[0].residual == 0)
  #expect(document.readings[1].residual == -20 && document.readings[1].percent == -50)
  #expect(document.residual > 35 && document.residual < 36)
}

private struct Hill: Sendable {
  var name: String
  var best: [Int]
  var errors: @Sendable ([Int]) -> [Double]
}
private let hills = [
  Hill(name: "one line", best: [700]) { [Double($0[0]) - 700] },
  Hill(name: "a valley askew", best: [300, 500]) {
    [Double($0[0] + $0[1]) - 800, 0.01 * (Double($0[0] - $0[1]) + 200)]
  },
  Hill(name: "steps", best: [64]) { [Double($0[0] / 16) - 4, $0[0] % 16 == 0 ? 0 : 0.001] },
  Hill(name: "at a bound", best: [999]) { [Double($0[0]) - 5_000] },
]

@Test(arguments: hills)
private func `a search finds the least squares`(_ hill: Hill) {
  var search = LeastSquares(counts: hill.best.map { _ in 1_000 }, errors: hill.errors)
  let start = hill.best.map { _ in 3 }
  let found = search.minimize(from: start, free: Array(start.indices))
  #expect(search.cost(found) <= search.cost(hill.best) + 1e-5)
  #expect(search.evaluations < 2_000)
}
