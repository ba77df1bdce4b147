// A document that looks like a replay of a small boot, made by hand.

import GICModel

@testable import GICReport

/// A small linear congruential generator: the same numbers everywhere.
private struct Numbers {
  var state: UInt64 = 42
  mutating func next(below limit: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % limit
  }
}

enum Sample {
  /// MSIs from 26 cycles up, commands from 93; conservation holds.
  static func statistics(peCount: Int = 4, msiCount: Int = 20_975) -> MachineStatistics {
    var numbers = Numbers()
    var statistics = MachineStatistics(clock: .timed)
    statistics.cycle = 4_160_000_000
    statistics.msis = UInt64(msiCount)
    statistics.intCommands = 3
    statistics.merged = 126
    statistics.pending = 1
    statistics.dropped = ["cleared": 2, "eventUnmapped": 0]
    statistics.delivered = UInt64(msiCount) - 126
    statistics.commands = ["MAPD": 15, "MAPTI": 32, "MOVI": 902, "INV": 54, "SYNC": 1022]
    statistics.pes = (0..<peCount).map { _ in
      var pe = MachineStatistics.PE()
      pe.lpisAcknowledged = statistics.delivered / UInt64(peCount)
      pe.lpisSet = pe.lpisAcknowledged
      pe.acknowledged = pe.lpisAcknowledged + 1500
      return pe
    }
    statistics.events = [
      .init(name: "ITS_LPI", gicp: 0x22, count: 20_000),
      .init(name: "CREDIT_WAIT", gicp: nil, count: 9),
    ]
    statistics.queues = [
      .init(name: "its0.ingress", capacity: 16, occupancyCycles: 8_320_000_000, max: 9),
      .init(name: "its0.outside", capacity: nil, occupancyCycles: 0, max: 0),
      .init(name: "its0.link_queue", capacity: nil, occupancyCycles: 4_160_000, max: 3),
    ]
    statistics.traffic = [
      .init(name: "commands", requests: 130_000_000, bytes: 4_160_000_000),
      .init(name: "pending_tables", requests: 0, bytes: 0),
    ]
    statistics.devices = [
      .init(device: 8, msis: 20_000, latencySum: 520_000, latencyMax: 1_234),
      .init(device: 0x108, msis: 975, latencySum: 97_500, latencyMax: 300),
    ]
    statistics.msiLatency = latency(
      [
        ("ingress", 2), ("arbiter", 1), ("device_lookup", 2), ("event_lookup", 2),
        ("collection_lookup", 2), ("table_memory", 0), ("link", 5), ("lpi_unit", 3), ("hppi", 2),
        ("downstream", 4), ("acceptance", 3),
      ], memory: 5, count: msiCount, &numbers)
    statistics.commandLatency = latency(
      [
        ("queue_wait", 0), ("fetch", 85), ("decode", 3), ("table_memory", 0), ("operation", 4),
        ("sync_wait", 0), ("retire", 1),
      ], memory: 3, count: 2059, &numbers)
    return statistics
  }

  /// Fixed stages; one of ten transactions waits, one of thirty misses.
  private static func latency(
    _ stages: [(String, UInt64)], memory: Int, count: Int, _ numbers: inout Numbers
  ) -> MachineStatistics.Latency {
    var total = LatencyHistogram()
    var histograms = stages.map { (name: $0.0, histogram: LatencyHistogram()) }
    for _ in 0..<count {
      var sum: UInt64 = 0
      for (index, stage) in stages.enumerated() {
        var cycles = stage.1
        if index == 0, numbers.next(below: 10) == 0 { cycles += numbers.next(below: 40) }
        if index == memory, numbers.next(below: 30) == 0 {
          cycles += 85 * (1 + numbers.next(below: 4))
        }
        if index == memory, numbers.next(below: 900) == 0 { cycles += numbers.next(below: 2000) }
        histograms[index].histogram.record(cycles)
        sum += cycles
      }
      total.record(sum)
    }
    return .init(total: total, stages: histograms)
  }

  static func document(
    peCount: Int = 4, statistics: MachineStatistics = Sample.statistics()
  ) -> ReplayDocument {
    var numbers = Numbers(state: 7)
    var timeline = Timeline(startNs: 0, endNs: 4_160_000_000, peCount: peCount)
    var acknowledged = [Int](repeating: 0, count: peCount)
    for index in 0..<20_975 {
      // Quiet boot, then bursts.
      let ns = 1_200_000_000 + UInt64(index) * 137_000 + numbers.next(below: 90_000_000)
      timeline.countMSI(at: ns)
      if index % 10 == 0 { timeline.countCommand(at: ns + numbers.next(below: 200_000_000)) }
      let pe = numbers.next(below: 5) == 0 ? 0 : Int(ns / 300_000_000) % peCount
      timeline.countAcknowledge(by: pe, at: ns)
      acknowledged[pe] += 1
    }
    var document = ReplayDocument(
      trace: .init(
        name: "linux-smp4", file: "linux-smp4.trace.xz", cpus: peCount, events: 163_699,
        durationNs: 4_160_000_000),
      clock: statistics.clock.rawValue, loop: "closed", configuration: configuration,
      statistics: StatisticsDocument(statistics), timeline: timeline, host: host)
    document.translations.checked = 20_975
    document.creadrReads.checked = 4_000
    document.acknowledges.checked = 26_334
    document.lines.checked = 52_671
    document.endState.checked = 311
    document.registerReads.checked = 400
    document.acknowledgedLPIs = acknowledged
    document.pending = [.init(pe: 0, intid: 8209)]
    return document
  }

  static let host = ReplayDocument.Host(
    mode: "in-process", elapsedSeconds: 0.125, eventsPerSecond: 1_310_000,
    parseLinesPerSecond: 2_400_000, residentBytes: 38_200_000, toolVersion: "0.1.0")

  static let configuration = ConfigurationDocument(
    name: "gic600", hash: "0123456789abcdef",
    values: [
      .init(
        key: "timing.clock_hertz", value: "1000000000", unit: "Hz", provenance: "documented",
        source: "SCP-firmware b34e5ceb: SGI-575, RD-N1-Edge, RD-V1, RD-N2, RD-Fremont"),
      .init(
        key: "timing.msi_accept_cycles", value: "2", unit: "cycles", provenance: "assumed",
        source: "no public figure"),
      .init(
        key: "timing.memory_latency_cycles", value: "85", unit: "cycles", provenance: "documented",
        source: "81 ns measured, 83 ns published for Graviton2 (AnandTech 15578), rounded up"),
      .init(
        key: "machine.pes", value: "4", unit: "PEs", provenance: "chosen", source: "trace header"),
    ])
}
