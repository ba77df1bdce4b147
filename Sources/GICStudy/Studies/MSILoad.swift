import GICModel
import GICReport

extension Study {
  /// Latency against load.
  static let msiLoad = Study(
    name: "msi-load", title: "MSI latency against load",
    about: "How long do MSIs take when more and more of them come, evenly, at random or in bursts, "
      + "and where does the ITS stop keeping up? One part is a queue that theory knows: one "
      + "translation slot, one table read for every MSI.",
    parameters: [
      .axis(
        "arrivals", "how MSIs are spread in time; trace replays --trace at each rate",
        .names(ArrivalLaw.allCases.map(\.rawValue)), "periodic,bernoulli,poisson,bursty"),
      .axis(
        "rate", "MSIs that come", unit: "million a second", .reals(0.001...1_000),
        "0.1,0.5,1,2,4,6,8,10,12,14,16,20,30,50", quick: "0.5,2,6,10,14,20"),
      .axis(
        "load", "part of what one slot can do", .reals(0.01...0.99),
        "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.95", quick: "0.2,0.4,0.6,0.8"),
      .value("devices", "devices that send MSIs", .integers(1...4_096), "128"),
      .value("events", "events of each device", .integers(1...64), "16"),
      .value(
        "msis", "measured MSIs of a point", .integers(100...1_000_000_000), "400000",
        quick: "20000"),
      .value("trace", "a recorded run, for the arrivals trace", .text, ""),
    ],
    columns: [
      .init("part", "figure", .set), .init("arrivals", "arrivals", .set),
      .init("rate", "offered", unit: "million/s", .set), .init("load", "load", .set),
      .init("wait_mean", "wait, mean", unit: "cycles", .measured),
      .init("offered_per_second", "offered", unit: "1/s", .set),
      .init("saturation_per_second", "greatest rate kept up with", unit: "1/s", .measured),
      .init("geo_d_1", "Geo/D/1", unit: "cycles", .bound),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      guard !chosen.names("arrivals").contains("trace") || !chosen.name("trace").isEmpty else {
        throw StudyError("--arrivals trace needs --trace FILE")
      }
      return combinations(chosen, ["arrivals", "load"], fixed: ["part": .name("queue")])
        + combinations(chosen, ["arrivals", "rate"], fixed: ["part": .name("machine")])
        + combinations(chosen, ["arrivals"], fixed: ["part": .name("saturation")])
    },
    measure: measureLoad, figures: { _ in loadFigures },
    conclude: { document in
      document.check({ $0.name("part") == "saturation" }, ["arrivals"])
      for point in document.points where point.name("part") == "saturation" {
        document.findings.append(
          "\(point.name("arrivals")): keeps up with "
            + "\(readable(point.real("saturation_per_second"))) MSIs a second; with MSIs always "
            + "waiting it does \(readable(point.real("msis_per_second"))) "
            + "(bound \(readable(point.real("bound_per_second"))), \(point.name("bound_unit"))).")
      }
      let queue = document.points.filter {
        $0.name("part") == "queue" && $0.name("arrivals") == "bernoulli" && $0.real("load") <= 0.6
      }
      let errors = queue.map { abs($0.real("wait_mean") / max($0.real("geo_d_1"), 1e-9) - 1) }
      if let worst = errors.max() {
        document.findings.append(
          "Bernoulli arrivals at one slot, load to 0.6: mean waits are within "
            + "\(readable(worst * 100)) % of Geo/D/1.")
      }
    })

  private static let loadFigures: [StudyFigure] = [
    StudyFigure(
      "wait-by-load", title: "Mean wait at one translation slot",
      caption:
        "The wait beyond an MSI alone. Dashed: Geo/D/1, which Bernoulli arrivals must follow; "
        + "evenly spaced MSIs do not wait (0 is at the foot), bursts wait before the load is high.",
      filter: ["part": .name("queue")], x: .init("load of the slot", key: "load"),
      y: .init("cycles", .logarithmic), series: ["arrivals"],
      lines: [.init("wait_mean"), .init("geo_d_1", "Geo/D/1", isBound: true)]),
    StudyFigure(
      "latency-by-rate", title: "99th percentile of MSI latency by offered rate",
      caption: "The preset as it is. A curve ends where the ITS does not keep up.",
      filter: ["part": .name("machine")],
      x: .init("million MSIs a second", .logarithmic, key: "rate"),
      y: .init("cycles", .logarithmic), series: ["arrivals"], lines: [.init("latency_p99")]),
    StudyFigure(
      "median-by-rate", title: "Median of MSI latency by offered rate",
      caption: "Half of the MSIs take at most so long.", filter: ["part": .name("machine")],
      x: .init("million MSIs a second", .logarithmic, key: "rate"),
      y: .init("cycles", .logarithmic), series: ["arrivals"], lines: [.init("latency_p50")]),
    StudyFigure(
      "delivered", title: "MSIs delivered by MSIs offered",
      caption: "Up to its bound an ITS delivers what comes; dashed: the slowest unit.",
      filter: ["part": .name("machine")],
      x: .init("million MSIs a second", .logarithmic, key: "rate"),
      y: .init("MSIs per second", .logarithmic), series: ["arrivals"],
      lines: [.init("msis_per_second"), .init("bound_per_second", "bound", isBound: true)]),
    StudyFigure(
      "saturation", title: "The greatest rate that the ITS keeps up with",
      caption: "Found by bisection. Dashed: the slowest unit.",
      filter: ["part": .name("saturation")],
      x: .init("arrivals", .names, key: "arrivals"), y: .init("MSIs per second"),
      lines: [.init("saturation_per_second"), .init("bound_per_second", "bound", isBound: true)]),
  ]

  private static func measureLoad(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let law = ArrivalLaw(rawValue: point.name("arrivals")) ?? .poisson
    let count = context.chosen.integer("msis")
    let hertz = Double(context.configuration.timing.clockHertz)
    switch point.name("part") {
    case "queue":
      let traffic = Traffic.oneSlot(context, point)
      let service = Double(traffic.configuration.timing.memoryLatencyCycles)
      let load = point.real("load")
      let run = try traffic.run(law, mean: service / load, context, count: count)
      point.set("offered_per_second", hertz * load / service)
      point.set("geo_d_1", geoD1Wait(load: load, service: service))
      point.setTraffic(run)
      let alone = traffic.configuration.timing.aloneMSI(reads: 1)
      let mean = run.msiLatencyMean
      // Something to see where nobody waits: a logarithmic axis has no 0.
      point.set("wait_mean", Estimate(mean: max(mean.mean - alone, 0), half: mean.half))
    case "machine":
      let traffic = Traffic.preset(context, point)
      point.set("offered_per_second", point.real("rate") * 1e6)
      point.setTraffic(
        try traffic.run(law, mean: hertz / (point.real("rate") * 1e6), context, count: count))
    default:
      let traffic = Traffic.preset(context, point)
      let rig = try traffic.makeRig()
      rig.keep(
        512,
        law == .trace
          ? traffic.makePick(of: context.recording, takesTurns: true) : traffic.makePick())
      let most = try rig.measure(Phases(warmup: count / 10, measured: count))
      point.setTraffic(most)
      point.set(
        "saturation_per_second",
        try saturation(below: most.msisPerSecond * 1.2) { (rate) throws(StudyError) in
          let run = try traffic.run(law, mean: hertz / rate, context, count: count / 4)
          return run.isStable && run.msis >= Double(run.sent) * 0.99
        })
    }
  }
}

/// The greatest rate that a machine keeps up with, within 1 %.
/// - Parameters:
///   - below: a rate that is too high.
///   - keepsUp: whether it does with a rate.
func saturation(
  below: Double, keepsUp: (Double) throws(StudyError) -> Bool
) throws(StudyError) -> Double {
  var (low, high) = (0.0, below)
  while high - low > high * 0.01 {
    let middle = (low + high) / 2
    if try keepsUp(middle) { low = middle } else { high = middle }
  }
  return low
}

extension Traffic {
  /// A queue with one server: each MSI reads the device table, everything else is cached.
  fileprivate static func oneSlot(_ context: StudyContext, _ point: StudyPoint) -> Traffic {
    var traffic = Traffic(context, point, devices: 1_024, events: 1)
    let large = TimingParameters.CacheShape(entries: 1 << 14, ways: 16)
    traffic.configuration.timing.deviceCache.entries = 0
    (traffic.configuration.timing.eventCache, traffic.configuration.timing.lpiCache) = (
      large, large
    )
    traffic.configuration.timing.collectionCache = large
    (traffic.configuration.timing.translationSlots, traffic.configuration.timing.linkCredits) = (
      1, 64
    )
    return traffic
  }

  fileprivate static func preset(_ context: StudyContext, _ point: StudyPoint) -> Traffic {
    let recorded = point.name("arrivals") == "trace"
    let copies = 16
    return Traffic(
      context, point,
      devices: recorded
        ? context.recording.deviceCount * copies : context.chosen.integer("devices"),
      events: recorded ? context.recording.eventCount : context.chosen.integer("events"))
  }

  /// Open arrivals of one stream; of a recording, of as many copies as devices hold, each with
  /// DeviceIDs of its own.
  fileprivate func run(
    _ law: ArrivalLaw, mean: Double, _ context: StudyContext, count: Int
  ) throws(StudyError) -> Measured {
    let rig = try makeRig()
    guard law == .trace else {
      // Neighbours are of different devices, so that no two share a read.
      var next = 0
      let (devices, isQueue) = (shape.devices, shape.events == 1)
      let pick = makePick()
      if isQueue { rig.touch() }
      rig.send([Arrivals(law, mean: mean, seed: seed)]) { stream in
        next = (next + 1) % devices
        return isQueue ? (next, 0) : pick(stream)
      }
      return try rig.measure(Phases(warmup: count / 10, measured: count))
    }
    let recording = context.recording
    let places = places(in: recording)
    rig.send(
      places.map { place in
        Arrivals(
          .trace, mean: mean * Double(places.count), seed: seed, gaps: recording.gaps,
          place: place)
      }, makePick(of: recording, takesTurns: false))
    return try rig.measure(Phases(warmup: count / 10, measured: count))
  }

  /// Where in the recording each copy begins: as far from the others as possible.
  private func places(in recording: Recording) -> [Int] {
    let copies = max(1, shape.devices / recording.deviceCount)
    return (0..<copies).map { $0 * recording.gaps.count / copies }
  }

  /// The recorded MSIs, each copy with DeviceIDs of its own.
  /// - Parameter takesTurns: one stream is all copies, one after the other.
  fileprivate func makePick(of recording: Recording, takesTurns: Bool) -> Rig.Pick {
    var next = places(in: recording)
    var turn = 0
    return { stream in
      turn = (turn + 1) % next.count
      let copy = takesTurns ? turn : stream
      let at = next[copy]
      next[copy] = (at + 1) % recording.devices.count
      return (copy * recording.deviceCount + recording.devices[at], recording.events[at])
    }
  }
}
