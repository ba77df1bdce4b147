// What a run showed between its warm-up and its drain.

import GICModel
import GICReport

/// The difference of two looks at a machine, and the batches between them.
struct Measured {
  /// How far everything was at the end of a batch.
  struct Mark {
    var cycle: UInt64
    var msis: UInt64
    var msiCycles: UInt64
    var commands: UInt64
    var operations: UInt64
  }
  let first: MachineStatistics
  let last: MachineStatistics
  let marks: [Mark]
  /// Whether the machine kept up with what came.
  let isStable: Bool
  let timing: TimingParameters
  let shape: GuestShape
  var waits = LatencyHistogram()
  /// Done by each vCPU.
  var operations: [UInt64] = []
  var heldCycles: UInt64 = 0
  /// MSIs that came.
  var sent: UInt64 = 0
  /// Interrupts ended, by PE.
  var handled: [UInt64] = []

  var cycles: Double { Double(max(last.cycle - first.cycle, 1)) }
  /// Transactions of the whole measured time.
  var msis: Double { Double((marks.last?.msis ?? 0) - (marks.first?.msis ?? 0)) }
  var commands: Double { Double((marks.last?.commands ?? 0) - (marks.first?.commands ?? 0)) }

  /// Cycles a second.
  var hertz: Double { Double(timing.clockHertz) }
  var msisPerSecond: Double { msis / cycles * hertz }
  var commandsPerSecond: Double { commands / cycles * hertz }

  /// A named event of the machine's counters.
  func count(_ name: String) -> Double {
    func value(_ statistics: MachineStatistics) -> UInt64 {
      statistics.events.first { $0.name == name }?.count ?? 0
    }
    return Double(value(last) &- value(first))
  }

  func opcode(_ name: String) -> Double {
    Double((last.commands[name] ?? 0) - (first.commands[name] ?? 0))
  }

  /// Mean over time of a queue or unit.
  func occupancy(_ name: String) -> Double {
    func value(_ statistics: MachineStatistics) -> UInt64 {
      statistics.queues.first { $0.name == name }?.occupancyCycles ?? 0
    }
    return Double(value(last) &- value(first)) / cycles
  }

  /// Latency of MSIs, from arrival to acceptance by the CPU interface or to their merge.
  var msiLatency: LatencyHistogram {
    guard let last = last.msiLatency, let first = first.msiLatency else {
      return LatencyHistogram()
    }
    return last.total.since(first.total)
  }
  /// From the GITS_CWRITER write to completion.
  var commandLatency: LatencyHistogram {
    guard let last = last.commandLatency, let first = first.commandLatency else {
      return LatencyHistogram()
    }
    return last.total.since(first.total)
  }

  /// Cycles of all transactions of a class in one stage.
  func stage(_ name: String, ofCommands: Bool) -> Double {
    func sum(_ statistics: MachineStatistics) -> UInt64 {
      let latency = ofCommands ? statistics.commandLatency : statistics.msiLatency
      return latency?.stages.first { $0.name == name }?.histogram.sum ?? 0
    }
    return Double(sum(last) &- sum(first))
  }

  /// Cycles in which the command engines of all ITSs were at work, waits for shared units included.
  var engineCycles: Double {
    ["decode", "table_memory", "operation", "link", "lpi_unit", "acknowledge", "retire"]
      .reduce(0) { $0 + stage($1, ofCommands: true) }
  }

  // MARK: Batches

  private func estimate(_ value: (Mark, Mark) -> Double?) -> Estimate {
    Estimate(batches: zip(marks, marks.dropFirst()).compactMap(value))
  }
  var msiLatencyMean: Estimate {
    estimate { a, b in
      b.msis == a.msis ? nil : Double(b.msiCycles - a.msiCycles) / Double(b.msis - a.msis)
    }
  }
  /// The rate of the whole measured time, with the confidence that its batches give.
  private func rate(_ count: @escaping (Mark) -> UInt64) -> Estimate {
    let batches = estimate { a, b in
      Double(count(b) - count(a)) / Double(max(b.cycle - a.cycle, 1)) * hertz
    }
    guard let first = marks.first, let last = marks.last else { return batches }
    return Estimate(
      mean: Double(count(last) - count(first)) / cycles * hertz, half: batches.half)
  }
  var msiRate: Estimate { rate(\.msis) }
  var commandRate: Estimate { rate(\.commands) }
  var operationRate: Estimate { rate(\.operations) }
}

extension StudyPoint {
  /// A mean with its confidence.
  mutating func set(_ key: String, _ estimate: Estimate) {
    values[key] = .number(rounded(estimate.mean))
    values[key + "_ci95"] = .number(rounded(estimate.half))
  }
  mutating func set(_ key: String, _ number: Double) { values[key] = .number(rounded(number)) }
  mutating func set(_ key: String, _ name: String) { values[key] = .name(name) }
  mutating func set(_ key: String, _ number: Int) { values[key] = .number(Double(number)) }
}

/// To nine significant digits: more than anything here is worth, and the same text everywhere.
func rounded(_ value: Double) -> Double {
  guard value != 0, value.isFinite else { return value.isFinite ? value : 0 }
  var scale = 1.0
  let size = abs(value)
  while size * scale < 1e8 { scale *= 10 }
  if scale > 1 { return (value * scale).rounded() / scale }
  while size / scale >= 1e9 { scale *= 10 }
  return (value / scale).rounded() * scale
}
