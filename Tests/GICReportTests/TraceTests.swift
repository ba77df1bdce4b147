import GICModel
import Testing

@testable import GICReport

@Test func `numbers are written in decimal`() throws {
  let bytes = Bytes()
  var output = TraceOutput(bytes.take)
  for value: UInt64 in [0, 9, 10, 12_345, .max] {
    output.append(decimal: value)
    output.append(UInt8(ascii: " "))
  }
  for value: UInt64 in [0, 5, 50, 1500, 12_000, 999] {
    output.append(thousandths: value)
    output.append(UInt8(ascii: " "))
  }
  try output.finish()
  #expect(bytes.text == "0 9 10 12345 18446744073709551615 0 0.005 0.050 1.500 12 0.999 ")
}

private struct DiskFull: Error, Equatable { var at: Int }

@Test func `an output is written in parts, and its first error is told at the end`() throws {
  var sizes: [Int] = []
  var good = TraceOutput { sizes.append($0.count) }
  for _ in 0..<3_000_000 { good.append(7) }
  try good.finish()
  #expect(sizes.count == 3 && sizes.reduce(0, +) == 3_000_000)
  var attempts = 0
  var full = TraceOutput { _ in
    attempts += 1
    throw DiskFull(at: attempts)
  }
  for _ in 0..<3_000_000 { full.append(7) }
  #expect(throws: DiskFull(at: 1)) { try full.finish() }
  #expect(attempts == 1)
}

@Test func `transactions under way are found by their serials, whatever went before`() {
  var live = LiveTransactions()
  var model: [UInt64: UInt32] = [:]
  var random: UInt64 = 7
  for serial: UInt64 in 1...20_000 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let place = live.insert(serial)
    live[place].intid = UInt32(random >> 40)
    model[serial] = UInt32(random >> 40)
    // Most leave soon; some stay to the end.
    let victim = serial &- random >> 33 % 300
    if random >> 20 % 10 != 0, model.removeValue(forKey: victim) != nil { live.remove(victim) }
    live.remove(serial + 1_000_000)
  }
  #expect(live.count == model.count && live.serials == model.keys.sorted())
  for serial: UInt64 in 0...20_001 {
    #expect(live.find(serial).map { live[$0].intid } == model[serial])
  }
}

@Test func `a Perfetto trace of one MSI, byte for byte`() throws {
  let sample = try TraceSample(TraceSample.msi(1, at: 1000), end: 2000)
  let packets = try #require(ProtoField.read(sample.perfetto.bytes[...]))
  // The names come first, and say that nothing was said before.
  let first = try #require(ProtoField.read(packets[0].bytes))
  #expect(first.value(13) == 3)
  let hex = packets[1...].map { packet in
    packet.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
  for (number, expected) in TraceSample.msiPackets.enumerated() {
    #expect(hex[number] == expected.hex, "\(expected.means)")
  }
}

@Test func `a Perfetto trace shows the way of an MSI`() throws {
  let sample = try TraceSample(TraceSample.msi(1, at: 1000), end: 2000)
  let reading = try #require(PerfettoReading(sample.perfetto.bytes))
  #expect(
    reading.slices.map { "\($0.track): \($0.name) \($0.start)-\($0.end) \($0.flows)" } == [
      "ITS 0/MSI ingress: accept 1000-1002 [1]", "ITS 0/arbiter: arbitration 1002-1003 [1]",
      "ITS 0/table memory: table memory 1003-1088 [1]",
      "PE 1/downstream: downstream 1088-1097 [1]",
    ])
  #expect(reading.slices[0].notes == ["transaction": 1, "DeviceID": 8, "EventID": 1])
  #expect(reading.slices[1].notes.isEmpty)
  #expect(reading.slices[2].notes == ["PE": 1, "INTID": 8193])
  #expect(reading.counters["ITS 0/ingress"] == [[0, 0], [1000, 1], [1002, 0]])
  #expect(reading.counters["ITS 0/translation slots"] == [[0, 0], [1003, 1], [1088, 0]])
  // What is back where it was at the end of its cycle has not moved.
  #expect(reading.counters["ITS 0/credits"] == nil)
}

@Test func `a command's stages lie inside it, and an arrow leaves for its message`() throws {
  let sample = try TraceSample(TraceSample.clear(5, at: 100), end: 400)
  let reading = try #require(PerfettoReading(sample.perfetto.bytes))
  #expect(
    reading.slices.map { "\($0.track): \($0.name) \($0.start)-\($0.end) \($0.flows)" } == [
      "ITS 0/command fetch: fetch 100-185 []", "ITS 0/command engine: CLEAR 185-189 []",
      "ITS 0/command engine: decode 185-188 []", "ITS 0/LPI link: link 188-193 [6]",
      "ITS 0/command engine: retire 188-189 []", "LPI unit 0/bank 0: lpi lookup 193-196 [6]",
    ])
  #expect(reading.instants.map(\.name) == ["send clear"])
  #expect(reading.instants[0].flows == [6] && reading.instants[0].start == 188)
  #expect(reading.slices[3].notes == ["transaction": 6, "PE": 0, "INTID": 8192])
}

@Test func `MSIs that overlap have lanes of one name, and their ends are shown`() throws {
  let merged = TraceSample.msi(2, at: 1001, event: 2, end: .merged)
  let sample = try TraceSample(
    TraceSample.msi(1, at: 1000) + merged + TraceSample.msi(3, at: 3000, end: .dropped),
    end: 4000)
  let reading = try #require(PerfettoReading(sample.perfetto.bytes))
  let ingress = reading.slices.filter { $0.track == "ITS 0/MSI ingress" }
  #expect(ingress.map(\.start) == [1000, 1001, 3000])
  #expect(ingress[0].uuid != ingress[1].uuid && ingress[0].uuid == ingress[2].uuid)
  #expect(
    reading.instants.map { "\($0.track): \($0.name) \($0.start)" } == [
      "LPI unit 0/bank 0: merged 1098", "ITS 0/arbiter: dropped 3097",
    ])
}

@Test func `after a reset time goes on, and arrows stay apart`() throws {
  let life = TraceSample.msi(1, at: 1000)
  let sample = try TraceSample(life, life, end: 1200)
  let reading = try #require(PerfettoReading(sample.perfetto.bytes))
  let ingress = reading.slices.filter { $0.track == "ITS 0/MSI ingress" }
  #expect(ingress.map(\.start) == [1000, 2097] && ingress.map(\.flows) == [[1], [2]])
  #expect(
    sample.csv.text.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",")[8...11].joined(separator: " ")
    } == ["1000 1002 1097 97", "2097 2099 2194 97"])
}

@Test func `banks and LPI units have their own tracks`() throws {
  let sample = try TraceSample(
    [
      .began(serial: 1, .clear, its: 0, device: 0, event: 0, cause: 9, cycle: 10),
      .routed(serial: 1, pe: 0, intid: 8195, merged: false),
      .spent(serial: 1, .msi(.lpiLookup), start: 10, end: 13),
      .level(.bankQueue, unit: 3, value: 2, cycle: 10),
    ], shape: TraceSample.shape(banks: 4), end: 20)
  let reading = try #require(PerfettoReading(sample.perfetto.bytes))
  #expect(reading.slices.map(\.track) == ["LPI unit 0/bank 3"])
  #expect(reading.counters["LPI unit 0/bank 3 queue"] == [[0, 0], [10, 2]])
  #expect(sample.vcd.text.contains("bank3_queue [15:0] $end"))
}

@Test func `a command that stands still leaves the engine, and comes back`() throws {
  let events: [TimingEvent] = [
    .began(serial: 5, .command, its: 0, device: 0, event: 0, cause: 0, cycle: 100),
    .granted(serial: 5, cycle: 100), .decoded(serial: 5, .mapd),
    .spent(serial: 5, .command(.decode), start: 100, end: 103),
    .spent(serial: 5, .command(.stall), start: 103, end: 500),
    .granted(serial: 5, cycle: 600), .decoded(serial: 5, .mapd),
    .spent(serial: 5, .command(.decode), start: 600, end: 603),
    .ended(serial: 5, .completed, cycle: 604),
  ]
  let reading = try #require(
    PerfettoReading(try TraceSample(events, end: 700).perfetto.bytes))
  #expect(
    reading.slices.map { "\($0.name) \($0.start)-\($0.end)" } == [
      "MAPD 100-103", "decode 100-103", "stall 103-500", "MAPD 600-604", "decode 600-603",
    ])
}
