// What has been counted, as Prometheus collects it.

/// The text of an exposition: each metric with its help and type, then its samples.
/// - Source: Prometheus, "Exposition formats", text format 0.0.4.
struct MetricsText {
  private(set) var text = ""

  enum Kind: String { case counter, gauge, histogram, summary }

  /// Begins a metric; its samples follow before the next begins.
  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP itsd_\(name) \(help)\n# TYPE itsd_\(name) \(kind.rawValue)\n"
  }

  mutating func sample<Value: BinaryInteger>(
    _ name: String, _ labels: [(String, String)], _ value: Value
  ) {
    let list = labels.map { "\($0.0)=\"\(Self.quoted($0.1))\"" }.joined(separator: ",")
    text += "itsd_\(name)" + (list.isEmpty ? "" : "{\(list)}") + " \(value)\n"
  }

  private static func quoted(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": out += "\\\\"
      case "\"": out += "\\\""
      case "\n": out += "\\n"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }
}

extension LiveDocument {
  /// Counters start again when a machine is reset, as collectors expect of a restart.
  public func metrics(version: String) -> String {
    var text = MetricsText()
    text.begin("build_info", .gauge, "The daemon's version.")
    text.sample("build_info", [("version", version)], 1)
    text.begin("clients", .gauge, "Clients that are connected.")
    text.sample("clients", [], clients)
    text.begin("machines", .gauge, "Machines that there are.")
    text.sample("machines", [], machines.count)
    guard !machines.isEmpty else { return text.text }
    interrupts(&text)
    commands(&text)
    units(&text)
    pes(&text)
    latencies(&text)
    return text.text
  }

  /// A metric with one sample of each machine, or several.
  private func each(
    _ text: inout MetricsText, _ name: String, _ kind: MetricsText.Kind, _ help: String,
    _ samples: (StatisticsDocument) -> [(labels: [(String, String)], value: UInt64)]
  ) {
    let all = machines.map { ($0.name, samples($0.statistics)) }
    guard all.contains(where: { !$0.1.isEmpty }) else { return }
    text.begin(name, kind, help)
    for (machine, samples) in all {
      for sample in samples {
        text.sample(name, [("machine", machine)] + sample.labels, sample.value)
      }
    }
  }

  private func interrupts(_ text: inout MetricsText) {
    each(&text, "gic_cycles_total", .counter, "Cycles of the GIC clock.") { [([], $0.cycle)] }
    each(
      &text, "lpis_signalled_total", .counter, "LPIs signalled by MSIs, INT and restored tables."
    ) { [([], $0.conservation.msis)] }
    each(&text, "lpis_delivered_total", .counter, "LPIs acknowledged by PEs.") {
      [([], $0.conservation.delivered)]
    }
    each(&text, "lpis_merged_total", .counter, "LPIs signalled while they were pending.") {
      [([], $0.conservation.merged)]
    }
    each(&text, "lpis_pending", .gauge, "LPIs pending now or under way.") {
      [([], $0.conservation.pending)]
    }
    each(&text, "lpis_dropped_total", .counter, "MSIs without an interrupt, by reason.") {
      Self.labelled("reason", $0.conservation.dropped)
    }
  }

  private func commands(_ text: inout MetricsText) {
    each(&text, "commands_total", .counter, "ITS commands completed.") {
      Self.labelled("command", $0.commands)
    }
    each(&text, "command_errors_total", .counter, "ITS commands rejected, by error.") {
      Self.labelled("error", $0.commandErrors)
    }
    each(&text, "events_total", .counter, "Events with the names and numbers of Arm's GICP.") {
      $0.events.map { event in
        let number = event.gicp.map { "0x" + String($0, radix: 16) } ?? ""
        return ([("event", event.name), ("gicp", number)], event.count)
      }
    }
  }

  private static func labelled(
    _ label: String, _ counts: [String: UInt64]
  ) -> [(labels: [(String, String)], value: UInt64)] {
    counts.sorted { $0.key < $1.key }.map { ([(label, $0.key)], $0.value) }
  }

  private func units(_ text: inout MetricsText) {
    each(
      &text, "unit_occupancy_cycles_total", .counter,
      "Entries of a queue or unit, added up over all cycles."
    ) { $0.queues.map { ([("unit", $0.name)], $0.occupancyCycles) } }
    each(&text, "unit_occupancy_max_entries", .gauge, "The most entries of a queue or unit.") {
      $0.queues.map { ([("unit", $0.name)], $0.max) }
    }
    each(&text, "unit_capacity_entries", .gauge, "Entries that a queue or unit can have.") {
      $0.queues.compactMap { queue in
        queue.capacity.map { ([("unit", queue.name)], UInt64(clamping: $0)) }
      }
    }
    each(&text, "memory_requests_total", .counter, "Requests of the memory ports.") {
      $0.traffic.map { ([("kind", $0.name)], $0.requests) }
    }
    each(&text, "memory_bytes_total", .counter, "Bytes across the memory ports.") {
      $0.traffic.map { ([("kind", $0.name)], $0.bytes) }
    }
  }

  private func pes(_ text: inout MetricsText) {
    func byPE(
      _ statistics: StatisticsDocument, _ value: (StatisticsDocument.PE) -> UInt64
    ) -> [(labels: [(String, String)], value: UInt64)] {
      statistics.perPE.enumerated().map { ([("pe", "\($0.offset)")], value($0.element)) }
    }
    each(&text, "pe_lpis_acknowledged_total", .counter, "LPIs that a PE acknowledged.") {
      byPE($0, \.lpisAcknowledged)
    }
    each(&text, "pe_acknowledges_total", .counter, "Interrupts that a PE acknowledged.") {
      byPE($0, \.acknowledged)
    }
    each(&text, "pe_spurious_total", .counter, "Acknowledges that found no interrupt.") {
      byPE($0, \.spurious)
    }
  }

  private func latencies(_ text: inout MetricsText) {
    let classes: [(name: String, help: String, latency: (StatisticsDocument) -> LatencyDocument?)] =
      [
        ("msi", "An MSI, from arrival to acceptance or merge", { $0.latencyCycles.msi }),
        ("command", "A command, from its write to its completion", { $0.latencyCycles.command }),
      ]
    for (name, help, latency) in classes {
      let found = machines.compactMap { machine in
        latency(machine.statistics).map { (machine.name, $0) }
      }
      guard !found.isEmpty else { continue }
      text.begin("\(name)_latency_cycles", .histogram, "\(help), in cycles of the GIC clock.")
      for (machine, latency) in found {
        Self.histogram(&text, "\(name)_latency_cycles", machine, latency.total)
      }
      text.begin("\(name)_stage_cycles", .summary, "\(help), by stage, in cycles.")
      for (machine, latency) in found {
        for stage in latency.stages {
          let labels = [("machine", machine), ("stage", stage.name)]
          text.sample("\(name)_stage_cycles_sum", labels, stage.distribution.sum)
          text.sample("\(name)_stage_cycles_count", labels, stage.distribution.count)
        }
      }
    }
  }

  /// Buckets end below powers of two, where the log-linear ones do, so that their counts are exact.
  private static func histogram(
    _ text: inout MetricsText, _ name: String, _ machine: String, _ values: Distribution
  ) {
    var (count, next) = (UInt64(0), values.buckets.startIndex)
    for bit in 3...32 {
      let end = UInt64(1) << UInt64(bit)
      while next < values.buckets.endIndex, values.buckets[next].floor < end {
        count += values.buckets[next].count
        next += 1
      }
      text.sample("\(name)_bucket", [("machine", machine), ("le", "\(end - 1)")], count)
    }
    text.sample("\(name)_bucket", [("machine", machine), ("le", "+Inf")], values.count)
    text.sample("\(name)_sum", [("machine", machine)], values.sum)
    text.sample("\(name)_count", [("machine", machine)], values.count)
  }
}
