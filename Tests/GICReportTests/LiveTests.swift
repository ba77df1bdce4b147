// Rates between two looks, the screen that shows them, metrics, and the live page.

import GICModel
import Testing

@testable import GICReport

/// A look, and one a while later.
private func looks() -> (StatisticsDocument, StatisticsDocument) {
  let before = Sample.statistics()
  var after = before
  after.cycle += 1_000_000
  after.msis += 500
  after.delivered += 400
  after.merged += 100
  after.commands["SYNC", default: 0] += 50
  after.commandErrors["mapdDeviceOOR"] = 2
  after.queues[0].occupancyCycles += 4_000_000
  after.pes[1].lpisAcknowledged += 300
  after.pes[2].lpisAcknowledged += 100
  for _ in 0..<10 {
    after.msiLatency?.total.record(70)
    after.msiLatency?.stages[0].histogram.record(40)
    after.msiLatency?.stages[1].histogram.record(30)
  }
  return (StatisticsDocument(before), StatisticsDocument(after))
}

@Test func `rates are differences over the time between`() throws {
  let (before, after) = looks()
  let rates = LiveRates(from: before, to: after, seconds: 0.5)
  #expect(rates.msisPerSecond == 1_000 && rates.deliveredPerSecond == 800)
  #expect(rates.commandsPerSecond == 100 && rates.cyclesPerSecond == 2_000_000)
  #expect(rates.commandErrors == 2 && rates.dropped == 2 && rates.pending == 1)
  let msi = try #require(rates.msi)
  #expect(msi.count == 10 && msi.mean == 70)
  #expect(msi.stages.map(\.name) == ["ingress", "arbiter"] && msi.stages.map(\.mean) == [40, 30])
  #expect(rates.command?.count == 0 && rates.command?.mean == 0)
  #expect(rates.units.map(\.name) == ["its0.ingress"])
  #expect(rates.units[0].mean == 4 && rates.units[0].utilisation == 0.25)
  #expect(rates.perPE == [0, 300, 100, 0])
  #expect(try LiveRates(json: try rates.json()) == rates)
}

@Test func `the first look, and one after a reset, have no rates`() {
  let (before, after) = looks()
  for (old, new) in [(nil, after), (after, before)] as [(StatisticsDocument?, StatisticsDocument)] {
    let rates = LiveRates(from: old, to: new, seconds: 1)
    #expect(rates.msisPerSecond == 0 && rates.commandsPerSecond == 0 && rates.cyclesPerSecond == 0)
    #expect(rates.perPE.allSatisfy { $0 == 0 })
    #expect(rates.msi?.count == new.latencyCycles.msi?.total.count)
  }
}

@Test(arguments: [1, 20, 46, 80, 300], [1, 5, 24, 100])
func `a screen fits its window`(width: Int, height: Int) {
  let (before, after) = looks()
  let rates = LiveRates(from: before, to: after, seconds: 1)
  let screen = rates.screen(title: "board", width: width, height: height)
  let lines = screen.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  #expect(!lines.isEmpty && lines.count <= max(height - 1, 1))
  #expect(lines.allSatisfy { $0.count <= width })
  guard width == 80, height == 100 else { return }
  #expect(screen.contains("MSI latency in cycles: mean 70.0 of 10;"))
  #expect(screen.contains("  ingress                       40.0"))
  #expect(screen.contains("  its0.ingress                  4.00    16   25% ████████\n"))
  #expect(screen.contains("   █▃ \n") || screen.contains("   █▃\n"))
}

@Test func `a line for a pipe is one line`() {
  let (before, after) = looks()
  let line = LiveRates(from: before, to: after, seconds: 1).line()
  #expect(line.hasPrefix("cycle 4161000000  MSIs/s 500.0  delivered/s 400.0  commands/s 50.0  "))
  #expect(line.contains("MSI mean 70.0") && line.hasSuffix("busiest its0.ingress 25.0 %\n"))
  #expect(line.filter { $0 == "\n" }.count == 1)
}

private func live(_ names: [String]) -> LiveDocument {
  LiveDocument(
    seconds: 1.5, clients: 2,
    machines: names.map {
      LiveDocument.Machine(
        name: $0, clockHertz: 1_000_000_000, state: "runs", clients: 1, configuration: "0123",
        statistics: StatisticsDocument(Sample.statistics()))
    })
}

@Test func `metrics are told once each, typed, and their samples stand together`() throws {
  let text = live(["a", "b \"\\"]).metrics(version: "0.1")
  var types: [String: String] = [:]
  var current = ""
  for line in text.split(separator: "\n") {
    let words = line.split(separator: " ")
    if line.hasPrefix("# HELP ") {
      #expect(words.count > 3)
    } else if line.hasPrefix("# TYPE ") {
      current = String(words[2])
      #expect(types.updateValue(String(words[3]), forKey: current) == nil, "\(current) twice")
    } else {
      let name = String(line.prefix { $0 != "{" && $0 != " " })
      let suffixes =
        types[current] == "histogram"
        ? ["_bucket", "_sum", "_count"] : types[current] == "summary" ? ["_sum", "_count"] : [""]
      #expect(suffixes.contains { name == current + $0 }, "\(line)")
      #expect(types[current] != "counter" || name.hasSuffix("_total"), "\(line)")
      #expect(Double(words[words.count - 1]) != nil, "\(line)")
    }
  }
  #expect(types["itsd_msi_latency_cycles"] == "histogram" && types.count > 15)
  #expect(text.contains("itsd_lpis_signalled_total{machine=\"b \\\"\\\\\"} 20978\n"))
  #expect(text.contains("itsd_events_total{machine=\"a\",event=\"ITS_LPI\",gicp=\"0x22\"} 20000\n"))
  #expect(text.contains("itsd_unit_capacity_entries{machine=\"a\",unit=\"its0.ingress\"} 16\n"))
  #expect(!live([]).metrics(version: "0.1").contains("machine="))
}

@Test func `the buckets of a histogram are cumulative and exact`() throws {
  var statistics = MachineStatistics(clock: .timed)
  var total = LatencyHistogram()
  for value: UInt64 in [0, 7, 8, 15, 16, 127, 128, 4_095, 4_096, 1 << 35] { total.record(value) }
  statistics.msiLatency = .init(total: total, stages: [])
  let document = LiveDocument(
    seconds: 0, clients: 0,
    machines: [
      .init(
        name: "m", clockHertz: 1, state: "runs", clients: 0, configuration: "",
        statistics: StatisticsDocument(statistics))
    ])
  let text = document.metrics(version: "0")
  for (end, count) in [("7", 2), ("15", 4), ("127", 6), ("255", 7), ("4095", 8), ("8191", 9)] {
    let line = "itsd_msi_latency_cycles_bucket{machine=\"m\",le=\"\(end)\"} \(count)\n"
    #expect(text.contains(line), "\(end)")
  }
  #expect(text.contains("le=\"4294967295\"} 9\n") && text.contains("le=\"+Inf\"} 10\n"))
  #expect(text.contains("itsd_msi_latency_cycles_count{machine=\"m\"} 10\n"))
}

@Test func `a live document survives JSON, without its buckets`() throws {
  let document = live(["a"])
  #expect(try LiveDocument(json: try document.json()) == document)
  let headline = document.headline
  #expect(headline.machines[0].statistics.latencyCycles.msi?.total.buckets.isEmpty == true)
  #expect(try document.json().count > headline.json().count)
}

@Test func `the live page needs nothing else`() {
  let page = LivePage.markup
  #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
  for foreign in ["http://", "https://", "@import", "url(", "innerHTML", "document.write", "eval("]
  {
    #expect(!page.replacing("http://www.w3.org/2000/svg", with: "").contains(foreign), "\(foreign)")
  }
}
