import GICModel
import Testing

@testable import GICReport

@Test func `a dump of one MSI, line for line`() throws {
  let sample = try TraceSample(TraceSample.msi(1, at: 1000), end: 2000)
  let parts = sample.vcd.text.split(separator: "$dumpvars\n")
  let head = try #require(parts.first)
  for line in [
    "$timescale 1 ps $end", "$comment configuration tiny, hash 0, GIC clock 1000000000 Hz $end",
    "$scope module its0 $end\n$var wire 16 ! outside [15:0] $end\n$var wire 16 \" ingress [15:0]",
    "$var wire 3 * command_state [2:0] $end", "$scope module lpi0 $end",
    "$scope module pe1 $end\n$var wire 1 1 presenting $end",
  ] {
    #expect(head.contains(line), "\(line)")
  }
  #expect(
    parts.last == """
      b0 !
      b0 "
      b0 #
      b0 $
      b0 %
      b0 &
      b0 '
      b0 (
      b100 )
      b0 *
      b0 +
      b0 ,
      b0 -
      b0 .
      b0 /
      00
      01
      $end
      #1000000
      b1 "
      #1002000
      b0 "
      #1003000
      b1 %
      #1088000
      b0 %
      11
      #1097000
      01
      #2000000

      """)
}

@Test func `a dump's times are those of the clock, and its signals do not overflow`() throws {
  let sample = try TraceSample(
    [
      .level(.ingress, unit: 0, value: 70_000, cycle: 4),
      .level(.executing, unit: 0, value: 5, cycle: 4),
      .level(.ingress, unit: 0, value: 2, cycle: 1 << 40),
    ], shape: TraceSample.shape(hertz: 800_000_000), end: 1 << 40)
  #expect(
    sample.vcd.text.hasSuffix(
      "#5000\nb1111111111111111 \"\nb101 *\n#1374389534720000\nb10 \"\n"))
}

@Test func `short names of signals count on`() {
  #expect([0, 93, 94, 95, 94 + 94 * 94].map(VCDWriter.code) == ["!", "~", "!!", "\"!", "!!!"])
  #expect(Set((0..<20_000).map(VCDWriter.code)).count == 20_000)
}

@Test func `the CSV has a line for each MSI when it ends, and one for each that does not`() throws {
  let taken: [TimingEvent] = [
    .began(serial: 9, .set, its: 0, device: 0, event: 0, cause: 8, cycle: 50),
    .routed(serial: 9, pe: 0, intid: 8200, merged: true),
    .spent(serial: 9, .msi(.link), start: 50, end: 55),
    .ended(serial: 9, .merged, cycle: 55),
    .began(serial: 10, .msi, its: 0, device: 3, event: 4, cause: 0, cycle: 60),
  ]
  let sample = try TraceSample(taken + TraceSample.msi(11, at: 1000), end: 2000)
  var lines = sample.csv.text.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(lines.removeLast() == "")
  #expect(
    lines[0]
      == "transaction,kind,its,device,event,intid,pe,result,start,granted,end,latency,"
      + MSIStage.allCases.map(\.name).joined(separator: ","))
  func row(_ head: String, _ stages: [MSIStage: Int]) -> String {
    head + MSIStage.allCases.map { ",\(stages[$0] ?? 0)" }.joined()
  }
  #expect(
    lines[1...] == [
      row("9,int,0,,,8200,0,merged,50,50,55,5", [.link: 5])[...],
      row(
        "11,msi,0,8,1,8193,1,presented,1000,1002,1097,97",
        [.accept: 2, .arbitration: 1, .tableMemory: 85, .downstream: 9])[...],
      row("10,msi,0,3,4,,,under_way,60,,,", [:])[...],
    ])
}

/// Column names with the cells of a row.
private func rows(_ text: String) -> [[String: String]] {
  let lines = text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
  return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
}

@Test func `epochs count what happened, and how full queues were`() throws {
  let events =
    TraceSample.msi(1, at: 1090) + TraceSample.msi(2, at: 1190, end: .merged)
    + TraceSample.clear(3, at: 5000)
  let sample = try TraceSample(events, end: 5200)
  let rows = rows(sample.epochs.text)
  #expect(rows.map { $0["cycle"] } == ["1000", "1100", "1200", "5000"])
  #expect(rows.map { $0["msis"] } == ["1", "1", "0", "0"])
  #expect(rows.map { $0["granted"] } == ["1", "1", "0", "0"])
  #expect(rows.map { $0["presented"] } == ["0", "1", "0", "0"])
  #expect(rows.map { $0["merged"] } == ["0", "0", "1", "0"])
  #expect(rows.map { $0["commands"] } == ["0", "0", "0", "1"])
  #expect(rows.map { $0["latency_mean"] } == ["0", "97", "97", "0"])
  #expect(rows.map { $0["latency_max"] } == ["0", "97", "97", "0"])
  // A slot reads from 1093 to 1178, and from 1193 to 1278.
  #expect(rows.map { $0["its0.translation_slots.mean"] } == ["0.070", "0.850", "0.780", "0"])
  #expect(rows.map { $0["its0.translation_slots.max"] } == ["1", "1", "1", "0"])
  #expect(rows.map { $0["its0.ingress.mean"] } == ["0.020", "0.020", "0", "0"])
  // Shown from 1178 to 1187, and from 1278 to 1287.
  #expect(rows.map { $0["pes.presenting.mean"] } == ["0", "0.090", "0.090", "0"])
  #expect(rows.map { $0["its0.command_engine.mean"] } == ["0", "0", "0", "0.040"])
  #expect(rows.map { $0["its0.credits_used.max"] } == ["0", "0", "0", "0"])
}

private struct Series: JSONDocument {
  var columns: [String]
  var epoch_cycles: UInt64
  var rows: [[Double]]
}

@Test func `the time series is the same as CSV and as JSON`() throws {
  let sample = try TraceSample(
    TraceSample.msi(1, at: 1090) + TraceSample.clear(3, at: 5000), end: 5200)
  let series = try Series(json: sample.series.bytes)
  let lines = sample.epochs.text.split(separator: "\n").map { $0.split(separator: ",") }
  #expect(series.columns == lines[0].map(String.init) && series.epoch_cycles == 100)
  #expect(series.rows == lines.dropFirst().map { $0.compactMap { Double($0) } })
  #expect(series.rows.count == 3)
}

@Test func `files of a machine that did nothing are whole`() throws {
  let sample = try TraceSample([], end: 10)
  #expect(sample.epochs.text.split(separator: "\n").count == 1)
  #expect(try Series(json: sample.series.bytes).rows.isEmpty)
  #expect(sample.csv.text.split(separator: "\n").count == 1)
  #expect(try #require(PerfettoReading(sample.perfetto.bytes)).slices.isEmpty)
}
