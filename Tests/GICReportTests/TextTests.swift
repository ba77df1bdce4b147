import GICModel
import Testing

@testable import GICReport

private let numbers: [(made: String, expected: String)] = [
  (Format.grouped(0), "0"), (Format.grouped(999), "999"), (Format.grouped(1000), "1,000"),
  (Format.grouped(-1_234_567), "-1,234,567"),
  (Format.grouped(UInt64.max), "18,446,744,073,709,551,615"),
  (Format.fixed(2.345, 1), "2.3"), (Format.fixed(0.05, 1), "0.1"), (Format.fixed(-0.01, 1), "0.0"),
  (Format.fixed(9.999, 2), "10.00"), (Format.fixed(1e300, 1), "1e+300"),
  (Format.short(0.125), "0.13"), (Format.short(4.16), "4.16"), (Format.short(26), "26"),
  (Format.short(85.04), "85"), (Format.short(1350.4), "1,350"), (Format.short(-.infinity), "-inf"),
  (Format.scaled(150_000), "150,000"), (Format.scaled(20e6), "20 M"),
  (Format.scaled(1.5e9), "1.5 G"),
  (Format.time(nanoseconds: 26), "26 ns"), (Format.time(nanoseconds: 1350), "1.35 µs"),
  (Format.time(nanoseconds: 20e6), "20 ms"), (Format.time(nanoseconds: 4.16e9), "4.16 s"),
  (Format.frequency(hertz: 1e9), "1 GHz"), (Format.frequency(hertz: 800e6), "800 MHz"),
  (Format.mebibytes(38_273_024), "36.5 MiB"), (Format.words("creadr_reads"), "creadr reads"),
]

@Test(arguments: numbers)
func `numbers read as people write them`(made: String, expected: String) {
  #expect(made == expected)
}

@Test func `a table is aligned`() {
  var table = TextTable(["name", "n", ""])
  table.add(["a", "1,000", "x"])
  table.add(["longer", "1", ""])
  #expect(table.text == "name        n\na       1,000  x\nlonger      1\n")
}

@Test func `the text tells what was replayed and what it cost`() {
  let text = Sample.document().text()
  for part in [
    "linux-smp4: 4 CPUs, 163,699 events, 4.16 s of guest time\n",
    "replayed on the timed clock, closed loop, configuration gic600: as the trace says\n",
    "conservation: 20,978 signalled (3 by INT, 0 restored) = 20,849 delivered + 126 merged "
      + "+ 1 pending + 2 dropped (cleared 2): holds\n",
    "\ncommands: INV 54, MAPD 15, MAPTI 32, MOVI 902, SYNC 1,022\n", "whole, ns at 1 GHz",
    "\nits0.ingress           16  2.000000    9    12.5000 %\n",
    "\nits0.link_queue         -  0.001000    3            -\n",
    "\ncommands      130,000,000  4,160,000,000     1.000000  1000.000\n",
    "\n0x8       20,000          26.0        1,234\n0x108        975         100.0          300\n",
    "\nITS_LPI      0x22  20,000\n", "\nCREDIT_WAIT     -       9\n",
    "Not calibrated to silicon: of 3 timing parameters, 2 documented, 0 measured and 1 assumed.",
    "configuration gic600, hash 0123456789abcdef\n",
  ] {
    #expect(text.contains(part), "\(part)")
  }
  #expect(!text.contains("its0.outside") && !text.contains("pending tables"))
  #expect(!text.contains("\u{1b}"))
  #expect(!text.split(separator: "\n").contains { $0.hasSuffix(" ") })
}

@Test func `colour only on request`() {
  #expect(Sample.document().text(colored: true).contains("\u{1b}[32mequal\u{1b}[0m"))
}

@Test func `a difference is said in the headline, in its row and by example`() {
  var document = Sample.document()
  document.lines.record(false, "line 99: CPU 0 IRQ 1, not 0")
  document.registerReads.notModelled = 12
  let text = document.text()
  #expect(!document.passed)
  #expect(text.contains("configuration gic600: DIFFERS from the trace\n"))
  #expect(text.contains("lines                     52,672           1  DIFFERS\n"))
  #expect(text.contains("  lines: line 99: CPU 0 IRQ 1, not 0\n"))
  #expect(text.contains("equal, 12 not modelled\n"))
}

@Test func `without time there is no latency and no claim about it`() {
  let text = Sample.document(statistics: MachineStatistics(clock: .functional)).text()
  #expect(!text.contains("latency") && !text.contains("calibrated"))
}

@Test func `of many PEs the busiest are shown`() {
  var statistics = Sample.statistics(peCount: 40)
  statistics.pes[33].lpisAcknowledged += 1
  let text = Sample.document(peCount: 40, statistics: statistics).text()
  #expect(text.contains("\n33  ") && text.contains("and 24 PEs that acknowledged fewer LPIs\n"))
}

@Test func `rejected commands are said`() {
  var statistics = MachineStatistics(clock: .functional)
  statistics.commandErrors = ["mapdDeviceOOR": 2, "intUnmappedInterrupt": 0]
  let text = StatisticsDocument(statistics).text(clockHertz: nil)
  #expect(text.hasSuffix("\nrejected: mapdDeviceOOR 2\n"))
}

@Test func `a rate without time is 0`() throws {
  let host = ReplayDocument.Host(
    mode: "in-process", elapsedSeconds: 0, eventsPerSecond: .infinity, parseLinesPerSecond: .nan,
    residentBytes: 0, toolVersion: "0")
  #expect(host.eventsPerSecond == 0 && host.parseLinesPerSecond == 0)
}
