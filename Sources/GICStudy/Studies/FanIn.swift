import GICModel
import GICReport

extension Study {
  /// Many ITSs at one LPI unit.
  static let fanIn = Study(
    name: "fan-in", title: "Fan-in of ITSs",
    about: "How many ITSs can one LPI unit serve, with how many banks, and how many credits does a "
      + "link need? Every ITS has MSIs waiting always.",
    parameters: [
      .axis("its", "ITSs", .integers(1...32), "1,2,4,8,16,32", quick: "1,4,16"),
      .axis("banks", "banks of the LPI unit, a power of two", .integers(1...16), "1,2,4"),
      .axis(
        "credits", "messages of an ITS that the LPI unit has not taken", .integers(1...64),
        "1,2,4,8,16", quick: "1,4,16"),
      .value(
        "bank-cycles", "a bank's time for one message", unit: "cycles", .integers(1...1_000), "4"),
      .value(
        "hops", "hops of a link beyond the first, where credits are compared", .integers(0...1_000),
        "16"),
      .value(
        "msis", "measured MSIs of a point", .integers(100...1_000_000_000), "200000",
        quick: "30000"),
    ],
    columns: [
      .init("part", "figure", .set), .init("its", "ITSs", .set), .init("banks", "banks", .set),
      .init("credits", "credits", .set),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      for banks in chosen.integers("banks") where banks & (banks - 1) != 0 {
        throw StudyError("--banks \(banks): expected a power of two")
      }
      return combinations(chosen, ["banks", "its"], fixed: ["part": .name("banks")])
        + combinations(chosen, ["its", "credits"], fixed: ["part": .name("credits")]).filter {
          $0.integer("its") <= 4
        }
    },
    measure: { (point, context) throws(StudyError) in
      let its = point.integer("its")
      var traffic = Traffic(context, point, pes: 256, devices: its * 4, events: 16)
      traffic.shape.its = its
      traffic.configuration.timing.lpiCache = .init(entries: 1 << 14, ways: 8)
      traffic.configuration.timing.collectionCache = .init(entries: 1_024, ways: 8)
      if point.name("part") == "banks" {
        traffic.configuration.timing.lpiBanks = point.integer("banks")
        traffic.configuration.timing.lpiBankCycles = UInt64(context.chosen.integer("bank-cycles"))
        // A link must not stand because the next message's bank is busy.
        traffic.configuration.timing.linkCredits = 64
      } else {
        traffic.configuration.timing.linkCredits = point.integer("credits")
        traffic.configuration.timing.linkHops = UInt64(context.chosen.integer("hops"))
      }
      let rig = try traffic.makeRig()
      rig.keep(64 * its, traffic.makePick())
      let count = context.chosen.integer("msis")
      point.setTraffic(try rig.measure(Phases(warmup: count / 5, measured: count)))
    },
    figures: { chosen in
      let bound = StudyFigure.Line("bound_per_second", "bound", isBound: true)
      return [
        StudyFigure(
          "by-its", title: "MSIs a second by number of ITSs",
          caption: "A bank takes a message every \(chosen.name("bank-cycles")) cycles. More ITSs "
            + "help until the banks are the slowest unit.",
          filter: ["part": .name("banks")], x: .init("ITSs", .logarithmic, key: "its"),
          y: .init("MSIs per second"), series: ["banks"],
          lines: [.init("msis_per_second"), bound]),
        StudyFigure(
          "latency-by-its", title: "Median MSI latency by number of ITSs",
          caption: "64 MSIs of each ITS are always under way: what is not served waits.",
          filter: ["part": .name("banks")], x: .init("ITSs", .logarithmic, key: "its"),
          y: .init("cycles", .logarithmic), series: ["banks"], lines: [.init("latency_p50")]),
        StudyFigure(
          "by-credits", title: "MSIs a second by credits of a link",
          caption: "\(chosen.name("hops")) hops. A message needs a credit for the way there and "
            + "back: credits / round trip is the bound, until the link itself is.",
          filter: ["part": .name("credits")],
          x: .init("credits", .logarithmic, key: "credits"), y: .init("MSIs per second"),
          series: ["its"], lines: [.init("msis_per_second"), bound]),
      ]
    },
    conclude: { document in
      document.check({ _ in true }, ["its", "banks", "credits"])
      document.note(best: "msis_per_second", "of all banks") { $0.name("part") == "banks" }
    })
}
