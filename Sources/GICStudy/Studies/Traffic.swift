import GICArch
import GICModel
import GICReport

/// MSIs to many PEs that are never the bottleneck: what most studies of the ITS itself need.
struct Traffic {
  var configuration: MachineConfiguration
  var shape = GuestShape()
  /// The PE of an event; nil deals events out to all PEs.
  var target: ((_ device: Int, _ event: Int) -> Int)?
  /// Zipf exponent over all events; 0: all alike.
  var skew = 0.0
  var seed: UInt64

  init(_ context: StudyContext, _ point: StudyPoint, pes: Int = 64, devices: Int, events: Int) {
    configuration = context.configuration
    seed = context.seed(point)
    (shape.pes, shape.devices, shape.events) = (pes, devices, events)
    // As many numbers as events, and at least the usual ones.
    while (1 << shape.intidBits) - 8_192 < devices * events { shape.intidBits += 1 }
    // PEs that handle interrupts in no time leave the ITS to be seen.
    configuration.timing.peHandlingCycles = 10
    configuration.timing.peHandlingDistribution = .constant
  }

  /// A machine with all events mapped, and nothing going on.
  func makeRig() throws(StudyError) -> Rig {
    let (pes, events) = (shape.pes, shape.events)
    return Rig(
      try TimedGuest(configuration, shape) { device, event in
        target?(device, event) ?? (device * events + event) % pes
      })
  }

  /// Draws events: the most frequent ones are scattered over the devices.
  func makePick() -> Rig.Pick {
    let (devices, events, count) = (shape.devices, shape.events, shape.devices * shape.events)
    var random = SeededGenerator(seed: seed ^ 0x5eed)
    guard skew > 0 else {
      return { _ in (random.index(devices), random.index(events)) }
    }
    let zipf = Zipf(count: count, exponent: skew)
    return { _ in
      let rank = zipf.draw(&random)
      return (rank % devices, rank / devices)
    }
  }
}

extension StudyPoint {
  /// What a run of MSIs shows whatever the study: rates, latencies, misses, and the bottleneck.
  mutating func setTraffic(_ measured: Measured) {
    set("msis_per_second", measured.msiRate)
    set("stable", measured.isStable ? 1 : 0)
    let msis = max(measured.msis, 1)
    set("device_misses", measured.count("DID_MISS") / max(measured.count("DID_LOOKUP"), 1))
    set("event_misses", measured.count("VID_MISS") / max(measured.count("VID_LOOKUP"), 1))
    set("collection_misses", measured.count("COL_MISS") / max(measured.count("COL_LOOKUP"), 1))
    set("reads_per_msi", measured.count("TABLE_READ") / msis)
    set("bound_per_second", measured.msiBound)
    set("bound_unit", measured.bottleneck.unit)
    set("single_bottleneck", measured.isSingleBottleneck ? 1 : 0)
    // What piles up has no latency.
    guard measured.isStable else { return }
    setSpread("latency", measured.msiLatency)
    set("latency_mean", measured.msiLatencyMean)
  }
}

extension StudyDocument.Column {
  /// The columns of ``StudyPoint/setTraffic(_:)``.
  static let traffic: [StudyDocument.Column] = [
    .init("msis_per_second", "MSIs", unit: "1/s", .measured),
    .init("latency_mean", "latency, mean", unit: "cycles", .measured),
    .init("latency_p50", "latency, median", unit: "cycles", .measured),
    .init("latency_p99", "latency, p99", unit: "cycles", .measured),
    .init("latency_p999", "latency, p99.9", unit: "cycles", .measured),
    .init("latency_max", "latency, longest", unit: "cycles", .measured),
    .init("device_misses", "misses of the device cache", .measured),
    .init("event_misses", "misses of the event cache", .measured),
    .init("collection_misses", "misses of the collection cache", .measured),
    .init("reads_per_msi", "table reads an MSI", .measured),
    .init("stable", "kept up with what came", .measured),
    .init("bound_per_second", "bound", unit: "1/s", .bound),
    .init("bound_unit", "bounded by", .bound),
    .init("single_bottleneck", "one unit alone bounds it", .bound),
  ]
}

extension StudyDocument {
  /// Saturated points against their bound.
  mutating func check(
    _ isSaturated: (StudyPoint) -> Bool, key: String = "msis_per_second", _ keys: [String]
  ) {
    for point in points where isSaturated(point) {
      checks.append(
        Check(
          name: keys.filter { point.values[$0] != nil }
            .map { "\(column(named: $0)) \(point.name($0))" }.joined(separator: ", "),
          unit: point.name("bound_unit"), measured: point.real(key),
          bound: point.real("bound_per_second"),
          isSingle: point.integer("single_bottleneck") == 1))
    }
  }
  private func column(named key: String) -> String {
    columns.first { $0.key == key }?.name ?? key
  }
}
