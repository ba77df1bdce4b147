import GICArch
import GICModel
import GICReport

extension Study {
  /// How many vCPUs one ITS serves, and how.
  static let vcpuContention = Study(
    name: "vcpu-contention", title: "vCPU contention",
    about: "What happens to command throughput, to waiting times and to MSIs when 1 to 1,024 vCPUs "
      + "share one or several ITSs? Each thinks, issues commands and a SYNC, and waits for them, "
      + "while its device sends it MSIs.",
    parameters: contentionParameters, columns: contentionColumns,
    plan: { (chosen) throws(StudyError) in
      let (most, its) = (chosen.integers("vcpus").max() ?? 1, chosen.integers("its").max() ?? 1)
      guard most * chosen.integer("events") <= 57_344 else {
        throw StudyError(
          "--vcpus \(most) with --events \(chosen.integer("events")): \(most) devices of that many "
            + "events need more than the 57,344 LPIs that 16 bits number")
      }
      guard !chosen.names("arrivals").contains("trace") || !chosen.name("trace").isEmpty else {
        throw StudyError("--arrivals trace needs --trace FILE")
      }
      let fewest = chosen.integers("vcpus").min() ?? 1
      guard its <= 1 || fewest >= 1 else { throw StudyError("--its \(its): nobody would use them") }
      return combinations(chosen, ["its", "mix", "arrivals", "policy", "vcpus"]).filter {
        // An ITS without a vCPU is another study's point.
        $0.integer("its") <= $0.integer("vcpus") || $0.integer("its") == 1
      }
    },
    measure: measureContention,
    figures: { _ in contentionFigures }, conclude: concludeContention)

  private static let contentionParameters: [Parameter] = [
    .axis(
      "vcpus", "vCPUs, each with a device of its own", .integers(1...1_024),
      "1,2,4,8,16,32,64,128,256,512,1024", quick: "1,8,32,128,1024"),
    .axis("its", "ITSs that the vCPUs are dealt out to", .integers(1...32), "1,4", quick: "1"),
    .axis(
      "policy",
      "combining: who writes GITS_CWRITER leaves the work to whoever is at it; serial: "
        + "who writes holds a lock until its commands are done",
      .names(QueuePolicy.allCases.map(\.rawValue)), "combining,serial"),
    .axis("mix", "what the commands are", .names(CommandMix.names), "mixed"),
    .axis(
      "arrivals", "when MSIs come; closed: with each command so many as --msis-per-command",
      .names(["closed"] + ArrivalLaw.allCases.map(\.rawValue)), "closed"),
    .value("batch", "commands before each SYNC", .integers(1...256), "1"),
    .value(
      "think", "from the end of an operation to the next, on average", unit: "cycles",
      .integers(0...1_000_000_000), "20000"),
    .value(
      "completion", "how a vCPU sees that it is done", .names(["exact", "poll"]), "exact"),
    .value(
      "handover", "from one holder of the lock to the next", unit: "cycles",
      .integers(0...1_000_000), "100"),
    .value("msis-per-command", "MSIs of a vCPU's device", .integers(0...64), "1"),
    .value(
      "msi-rate", "MSIs a second of each device, where arrivals are not closed", unit: "1/s",
      .reals(1...1e9), "10000"),
    .value("events", "events of each device", .integers(1...64), "32"),
    .value(
      "skew", "Zipf exponent of the events; 0: all alike", .reals(0...3), "0"),
    .value("trace", "a recorded run, for the arrivals trace", .text, ""),
    .value(
      "transactions", "measured commands and MSIs of a point", .integers(1_000...1_000_000_000),
      "1000000", quick: "200000"),
  ]

  private static let contentionColumns: [StudyDocument.Column] = [
    .init("vcpus", "vCPUs", .set), .init("its", "ITSs", .set), .init("policy", "policy", .set),
    .init("mix", "mix", .set), .init("arrivals", "arrivals", .set),
    .init("commands_per_second", "commands", unit: "1/s", .measured),
    .init("operations_per_second", "operations", unit: "1/s", .measured),
    .init("msis_per_second", "MSIs", unit: "1/s", .measured),
    .init("wait_mean", "wait, mean", unit: "cycles", .measured),
    .init("wait_p50", "wait, median", unit: "cycles", .measured),
    .init("wait_p99", "wait, p99", unit: "cycles", .measured),
    .init("wait_p999", "wait, p99.9", unit: "cycles", .measured),
    .init("wait_max", "wait, longest", unit: "cycles", .measured),
    .init("jain", "Jain's index of operations", .measured),
    .init("msi_latency_mean", "MSI latency, mean", unit: "cycles", .measured),
    .init("msi_latency_p50", "MSI latency, median", unit: "cycles", .measured),
    .init("msi_latency_p99", "MSI latency, p99", unit: "cycles", .measured),
    .init("msi_latency_p999", "MSI latency, p99.9", unit: "cycles", .measured),
    .init("busy", "queue busy, part of the time", .measured),
    .init("msis_dropped", "MSIs dropped (between DISCARD and MAPTI)", .measured),
    .init("stable", "kept up with what came", .measured),
    .init("bound_per_second", "bound of commands", unit: "1/s", .bound),
    .init("bound_unit", "bounded by", .bound),
    .init("single_bottleneck", "one unit alone bounds it", .bound),
  ]

  private static let contentionFigures: [StudyFigure] = {
    let x = StudyFigure.Axis("vCPUs", .logarithmic, key: "vcpus")
    let series = ["its", "mix", "arrivals", "policy"]
    return [
      StudyFigure(
        "throughput", title: "Commands a second by number of vCPUs",
        caption: "Dashed: what thinking allows on average, vCPUs / (think + an operation alone), "
          + "up to what the busiest unit allows. Where the curve leaves the slope, vCPUs wait for "
          + "each other.",
        x: x, y: .init("commands per second", .logarithmic), series: series,
        lines: [.init("commands_per_second"), .init("bound_per_second", "bound", isBound: true)]),
      StudyFigure(
        "wait", title: "How long an operation takes, from the wish to its completion",
        caption: "Median and 99.9th percentile of a batch of commands and its SYNC, the wait for "
          + "the queue included.",
        x: x, y: .init("cycles", .logarithmic), series: series,
        lines: [.init("wait_p50", "p50"), .init("wait_p999", "p99.9")]),
      StudyFigure(
        "msi-latency", title: "MSI latency while vCPUs issue commands",
        caption: "From the arrival at the ITS to the CPU interface: commands and MSIs share "
          + "caches, memory and the link.",
        x: x, y: .init("cycles", .logarithmic), series: series,
        lines: [.init("msi_latency_p50", "p50"), .init("msi_latency_p99", "p99")]),
      StudyFigure(
        "fairness", title: "Fairness of the operations done",
        caption: "Jain's index: 1 is all vCPUs alike, 1 / vCPUs is one that has everything. Few "
          + "operations a vCPU lower it by chance.",
        x: x, y: .init("Jain's index"), series: series, lines: [.init("jain")]),
    ]
  }()

  private static func measureContention(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let run = try ContentionRun(point, context)
    let measured = try run.measure()
    point.set("commands_per_second", measured.commandRate)
    point.set("operations_per_second", measured.operationRate)
    point.set("msis_per_second", measured.msiRate)
    point.setSpread("wait", measured.waits)
    point.set("jain", jainIndex(measured.operations.map { Double($0) }))
    point.setSpread("msi_latency", measured.msiLatency)
    point.set("msi_latency_mean", measured.msiLatencyMean)
    let dropped = measured.last.dropped["event_unmapped"] ?? measured.last.dropped["eventUnmapped"]
    point.set("msis_dropped", Double(dropped ?? 0))
    point.set("stable", measured.isStable ? 1 : 0)
    run.bound(measured, &point)
  }

  private static func concludeContention(_ document: inout StudyDocument) {
    for point in document.points where point.real("busy") > 0.9 {
      document.checks.append(
        .init(
          name: "\(point.name("vcpus")) vCPUs, \(point.name("its")) ITS, \(point.name("policy")), "
            + point.name("mix"),
          unit: point.name("bound_unit"), measured: point.real("commands_per_second"),
          bound: point.real("bound_per_second"),
          isSingle: point.integer("single_bottleneck") == 1))
    }
    for policy in QueuePolicy.allCases.map(\.rawValue) {
      document.note(best: "commands_per_second", policy) { $0.name("policy") == policy }
    }
    // Both policies at the same, largest point.
    let most = document.points.map { $0.integer("vcpus") }.max() ?? 0
    let pair = QueuePolicy.allCases.compactMap { policy in
      document.points.first {
        $0.integer("vcpus") == most && $0.name("policy") == policy.rawValue
      }
    }
    guard pair.count == 2, pair[1].real("commands_per_second") > 0, pair[0].real("wait_p99") > 0
    else { return }
    let gain = pair[0].real("commands_per_second") / pair[1].real("commands_per_second")
    let wait = pair[1].real("wait_p99") / pair[0].real("wait_p99")
    document.findings.append(
      "\(most) vCPUs: combining does \(readable(gain)) times the commands of serial, and 99 % of "
        + "the operations take up to \(readable(wait)) times as long with serial "
        + "(p99 \(readable(pair[1].real("wait_p99"))) against "
        + "\(readable(pair[0].real("wait_p99"))) cycles).")
  }
}

extension StudyPoint {
  /// Percentiles of a histogram, as `KEY_mean`, `KEY_p50` and so on.
  mutating func setSpread(_ key: String, _ histogram: LatencyHistogram) {
    let spread = Distribution(histogram)
    set(key + "_mean", spread.mean)
    set(key + "_p50", Double(spread.p50))
    set(key + "_p99", Double(spread.p99))
    set(key + "_p999", Double(spread.p999))
    set(key + "_max", Double(spread.max))
  }
}
