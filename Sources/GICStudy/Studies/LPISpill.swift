import GICModel
import GICReport

extension Study {
  /// More pending LPIs than the LPI unit holds.
  static let lpiSpill = Study(
    name: "lpi-spill", title: "Spill of pending LPIs",
    about: "What happens when more LPIs are pending than the LPI unit holds? Bursts of LPIs come "
      + "faster than PEs take them, each burst when the one before is handled.",
    parameters: [
      .axis(
        "ratio", "LPIs of a burst, as part of what the unit holds", .reals(0.05...16),
        "0.25,0.5,0.75,0.9,1,1.1,1.25,1.5,2,4,8", quick: "0.5,1,1.5,4"),
      .axis(
        "held", "pending LPIs that the unit holds", .integers(16...4_096), "64,256", quick: "64"),
      .axis(
        "handling", "a PE's time for one interrupt", unit: "cycles", .integers(0...100_000),
        "100,500"),
      .value("pes", "PEs", .integers(1...1_024), "16"),
      .value(
        "msis", "measured MSIs of a point", .integers(100...1_000_000_000), "200000",
        quick: "20000"),
    ],
    columns: [
      .init("ratio", "burst / held", .set), .init("held", "held", unit: "LPIs", .set),
      .init("handling", "handling", unit: "cycles", .set),
      .init("population", "burst", unit: "LPIs", .set),
      .init("accesses_per_lpi", "pending-table accesses an LPI", .measured),
      .init("pe_bound_per_second", "what the PEs allow", unit: "1/s", .bound),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      let most = (chosen.reals("ratio").max() ?? 1) * Double(chosen.integers("held").max() ?? 1)
      guard most <= 57_344 else {
        throw StudyError("--ratio times --held must be at most 57,344 LPIs, not \(Int(most))")
      }
      return combinations(chosen, ["held", "handling", "ratio"]).map { point in
        var point = point
        let population = point.real("ratio") * point.real("held")
        point.set("population", max(1, Int(population.rounded())))
        return point
      }
    },
    measure: { (point, context) throws(StudyError) in
      let (population, pes) = (point.integer("population"), context.chosen.integer("pes"))
      var traffic = Traffic(context, point, pes: pes, devices: (population + 15) / 16, events: 16)
      // Only the LPI unit is to be seen.
      let large = TimingParameters.CacheShape(entries: 1 << 16, ways: 8)
      traffic.configuration.timing.deviceCache = large
      (traffic.configuration.timing.eventCache, traffic.configuration.timing.lpiCache) = (
        large, large
      )
      traffic.configuration.timing.collectionCache = large
      traffic.configuration.timing.pendingEntries = point.integer("held")
      traffic.configuration.timing.peHandlingCycles = UInt64(point.integer("handling"))
      let rig = try traffic.makeRig()
      rig.burst(population, events: 16)
      let count = context.chosen.integer("msis")
      let measured = try rig.measure(Phases(warmup: count / 5, measured: count))
      point.setTraffic(measured)
      let accesses = measured.count("PENDING_READ") + measured.count("PENDING_WRITE")
      point.set("accesses_per_lpi", accesses / max(measured.msis, 1))
      point.set("pe_bound_per_second", measured.peBound)
      if measured.peBound < point.real("bound_per_second") {
        point.set("bound_per_second", measured.peBound)
        point.set("bound_unit", "PEs")
      }
      // A burst begins and ends: no unit is busy all the time.
      point.set("single_bottleneck", 0)
    },
    figures: { _ in
      let x = StudyFigure.Axis(
        "LPIs of a burst / LPIs that the unit holds", .logarithmic, key: "ratio")
      return [
        StudyFigure(
          "rate", title: "LPIs a second by size of the bursts",
          caption:
            "Dashed: the slower of the PEs and of the port to the pending tables, which every "
            + "LPI beyond the unit's capacity needs twice.",
          x: x, y: .init("LPIs per second"), series: ["held", "handling"],
          lines: [.init("msis_per_second"), .init("bound_per_second", "bound", isBound: true)]),
        StudyFigure(
          "accesses", title: "Pending-table accesses for each LPI",
          caption: "None while all fit; then a write when an LPI is spilled and a read when its PE "
            + "takes it.",
          x: x, y: .init("accesses"), series: ["held", "handling"],
          lines: [.init("accesses_per_lpi")]),
        StudyFigure(
          "latency", title: "99th percentile of MSI latency by size of the bursts",
          caption: "The last of a burst wait for all before them, and for the table.",
          x: x, y: .init("cycles", .logarithmic), series: ["held", "handling"],
          lines: [.init("latency_p99")]),
      ]
    },
    conclude: { document in
      let calm = document.points.filter { $0.real("ratio") < 0.9 }.map {
        $0.real("accesses_per_lpi")
      }
      let full = document.points.filter { $0.real("ratio") > 2 }.map { $0.real("accesses_per_lpi") }
      if let calm = calm.max(), let full = full.max() {
        document.findings.append(
          "Pending-table accesses for each LPI: \(readable(calm)) while all fit, up to "
            + "\(readable(full)) beyond twice the capacity.")
      }
    })
}
