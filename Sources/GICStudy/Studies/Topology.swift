import GICModel
import GICReport

extension Study {
  /// What distance costs.
  static let topology = Study(
    name: "topology", title: "Topology",
    about:
      "What do hops of a mesh and a second chip cost an MSI, alone and under load? ITS 0 is on "
      + "the first chip; its MSIs go to PEs of the same chip, of the other, or of both.",
    parameters: [
      .axis(
        "hops", "hops from an ITS to the LPI unit, beyond the first", .integers(0...1_000),
        "0,1,2,4,8,16,32", quick: "0,4,16"),
      .axis(
        "placement", "PEs that the MSIs go to", .names(["local", "remote", "both"]),
        "local,remote,both"),
      .axis("credits", "credits of a link", .integers(1...64), "1,4,16", quick: "4,16"),
      .value(
        "cross", "to the other chip", unit: "cycles", .integers(0...1_000_000), "100"),
      .value(
        "msis", "measured MSIs of a point", .integers(100...1_000_000_000), "50000",
        quick: "5000"),
    ],
    columns: [
      .init("part", "figure", .set), .init("hops", "hops", .set),
      .init("placement", "placement", .set), .init("credits", "credits", .set),
      .init("closed_form", "closed form", unit: "cycles", .bound),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      combinations(chosen, ["placement", "hops"], fixed: ["part": .name("alone")])
        + combinations(chosen, ["placement", "credits", "hops"], fixed: ["part": .name("load")])
        .filter { $0.name("placement") != "both" }
    },
    measure: measureTopology,
    figures: { _ in
      [
        StudyFigure(
          "alone", title: "Latency of an MSI alone by hops",
          caption: "Dashed: the closed form. Another chip costs what is configured, once.",
          filter: ["part": .name("alone")], x: .init("hops", key: "hops"), y: .init("cycles"),
          series: ["placement"],
          lines: [.init("latency_mean"), .init("closed_form", "closed form", isBound: true)]),
        StudyFigure(
          "load-local", title: "MSIs a second by hops: PEs of the same chip",
          caption: "Distance costs throughput only where credits are few: credits / round trip.",
          filter: ["part": .name("load"), "placement": .name("local")],
          x: .init("hops", key: "hops"), y: .init("MSIs per second"), series: ["credits"],
          lines: [.init("msis_per_second"), .init("bound_per_second", "bound", isBound: true)]),
        StudyFigure(
          "load-remote", title: "MSIs a second by hops: PEs of the other chip",
          caption: "The way there and the credit's way back cross chips.",
          filter: ["part": .name("load"), "placement": .name("remote")],
          x: .init("hops", key: "hops"), y: .init("MSIs per second"), series: ["credits"],
          lines: [.init("msis_per_second"), .init("bound_per_second", "bound", isBound: true)]),
      ]
    },
    conclude: { document in
      document.check({ $0.name("part") == "load" }, ["placement", "hops", "credits"])
      let alone = document.points.filter { $0.name("part") == "alone" }
      let exact = alone.count { $0.real("latency_mean") == $0.real("closed_form") }
      document.findings.append(
        "\(exact) of \(alone.count) latencies of an MSI alone are the closed form to the cycle.")
      for local in alone where local.name("placement") == "local" {
        guard local.integer("hops") == (alone.map { $0.integer("hops") }.min() ?? 0),
          let remote = alone.first(where: {
            $0.name("placement") == "remote" && $0.integer("hops") == local.integer("hops")
          })
        else { continue }
        document.findings.append(
          "Another chip adds "
            + "\(readable(remote.real("latency_mean") - local.real("latency_mean"))) cycles.")
      }
    })

  private static func measureTopology(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let chosen = context.chosen
    // Devices of ITS 0 only: the even ones; the others are there so that chip 1 has an ITS.
    var traffic = Traffic(context, point, pes: 64, devices: 8, events: 8)
    traffic.shape.its = 2
    traffic.configuration.timing.chips = 2
    traffic.configuration.timing.crossChipCycles = UInt64(chosen.integer("cross"))
    traffic.configuration.timing.linkHops = UInt64(point.integer("hops"))
    let large = TimingParameters.CacheShape(entries: 4_096, ways: 8)
    (traffic.configuration.timing.eventCache, traffic.configuration.timing.lpiCache) = (
      large, large
    )
    (traffic.configuration.timing.deviceCache, traffic.configuration.timing.collectionCache) =
      (large, large)
    if let credits = point.values["credits"]?.integer {
      traffic.configuration.timing.linkCredits = credits
    }
    let placement = point.name("placement")
    traffic.target = { device, event in
      let number = (device / 2 * 8 + event) % 32
      switch placement {
      case "local": return number
      case "remote": return 32 + number
      default: return event % 2 * 32 + number
      }
    }
    let rig = try traffic.makeRig()
    let count = chosen.integer("msis")
    var next = 0
    let pick: Rig.Pick = { _ in
      next += 1
      return (next / 8 % 4 * 2, next % 8)
    }
    let timing = traffic.configuration.timing
    let cross = placement == "local" ? 0.0 : placement == "remote" ? 1 : 0.5
    point.set(
      "closed_form", timing.aloneMSI(reads: 0) + cross * Double(timing.crossChipCycles))
    if point.name("part") == "alone" {
      rig.send([Arrivals(.periodic, mean: 4_000, seed: traffic.seed)], pick)
      // Batches of whole rounds: each event as often as any other.
      point.setTraffic(
        try rig.measure(Phases(warmup: 128, batches: 20, measured: (count / 640 + 1) * 640)))
    } else {
      rig.keep(256, pick)
      let measured = try rig.measure(Phases(warmup: count / 5, measured: count))
      point.setTraffic(measured)
      // One ITS sends, and its credits also cross chips.
      let far = placement == "remote" ? 2 * Double(timing.crossChipCycles) : 0
      let trip =
        Double(
          timing.linkFormatCycles + timing.linkBeats + timing.linkHops * timing.hopCycles
            + timing.linkReturnCycles) + far
      let demands = [
        Demand(unit: "link credits", cycles: trip / Double(timing.linkCredits)),
        Demand(unit: "link", cycles: Double(timing.linkBeats)),
      ].sorted { $0.cycles > $1.cycles }
      point.set("bound_per_second", measured.hertz / demands[0].cycles)
      point.set("bound_unit", demands[0].unit)
      point.set("single_bottleneck", demands[1].cycles < demands[0].cycles / 2 ? 1 : 0)
    }
  }
}
