import GICArch
import GICModel
import GICReport

extension Study {
  /// What commands cost MSIs.
  static let commandInterference = Study(
    name: "command-interference", title: "MSIs against commands",
    about: "What do MSIs suffer while vCPUs storm the command queue, and what does the arbiter's "
      + "weight guarantee to either? Four vCPUs issue commands without a pause.",
    parameters: [
      .axis(
        "storm", "what the commands are; none is for comparison",
        .names(["none"] + CommandMix.names), "none,inv,mapti,movi,invall,mixed",
        quick: "none,inv,mapti,invall"),
      .axis(
        "rate", "MSIs that come", unit: "million a second", .reals(0.001...1_000),
        "0.5,1,2,4,6,8,10,12,14", quick: "1,4,8,12"),
      .axis("weight", "grants of MSIs for one of a command", .integers(1...64), "1,2,4,8,16"),
      .value("devices", "devices that send MSIs", .integers(1...4_096), "16"),
      .value("events", "events of each device", .integers(1...64), "16"),
      .value("batch", "commands before each SYNC", .integers(1...1_024), "16"),
      .value(
        "arbiter", "from one grant to the next, where weights are compared", unit: "cycles",
        .integers(9...1_000), "32"),
      .value(
        "transactions", "measured MSIs and commands of a point", .integers(100...1_000_000_000),
        "300000", quick: "30000"),
    ],
    columns: [
      .init("part", "figure", .set), .init("storm", "storm", .set),
      .init("rate", "offered", unit: "million/s", .set), .init("weight", "weight", .set),
      .init("commands_per_second", "commands", unit: "1/s", .measured),
      .init("msi_share", "MSIs' share of the grants", .measured),
      .init("share_bound", "share that the weight gives", .bound),
    ] + StudyDocument.Column.traffic,
    plan: { (chosen) throws(StudyError) in
      combinations(chosen, ["storm", "rate"], fixed: ["part": .name("latency")])
        + combinations(
          chosen, ["weight"], fixed: ["part": .name("share"), "storm": .name("inv")])
    },
    measure: measureInterference,
    figures: { _ in
      let rate = StudyFigure.Axis("million MSIs a second", .logarithmic, key: "rate")
      return [
        StudyFigure(
          "p99", title: "99th percentile of MSI latency during command storms",
          caption: "Commands take table reads, cached entries and the link from MSIs; INVALL keeps "
            + "the LPI unit itself. A curve ends where the ITS does not keep up.",
          filter: ["part": .name("latency")], x: rate, y: .init("cycles", .logarithmic),
          series: ["storm"], lines: [.init("latency_p99")]),
        StudyFigure(
          "mean", title: "Mean MSI latency during command storms",
          caption: "With its 95 % confidence interval.", filter: ["part": .name("latency")],
          x: rate,
          y: .init("cycles", .logarithmic), series: ["storm"], lines: [.init("latency_mean")]),
        StudyFigure(
          "commands", title: "Commands a second beside MSIs",
          caption: "What is left to the storm while MSIs come.",
          filter: ["part": .name("latency")], x: rate, y: .init("commands per second"),
          series: ["storm"], lines: [.init("commands_per_second")]),
        StudyFigure(
          "share", title: "MSIs' share of the arbiter's grants",
          caption: "Both sides always wait, and the arbiter is the slowest unit. Dashed: "
            + "weight / (weight + 1).",
          filter: ["part": .name("share")], x: .init("weight of MSIs", .logarithmic, key: "weight"),
          y: .init("share"),
          lines: [
            .init("msi_share", "measured"),
            .init("share_bound", "what the weight gives", isBound: true),
          ]),
      ]
    },
    conclude: { document in
      document.check({ $0.name("part") == "share" }, key: "grants_per_second", ["weight"])
      let shares = document.points.filter { $0.name("part") == "share" }
      if let worst = shares.map({ abs($0.real("msi_share") - $0.real("share_bound")) }).max() {
        document.findings.append(
          "The arbiter gives MSIs what their weight says, within \(readable(worst * 100)) "
            + "percentage points.")
      }
      let top = document.points.filter { $0.name("part") == "latency" && $0.integer("stable") == 1 }
      let common = Set(top.map { $0.real("rate") }).filter { rate in
        top.contains { $0.real("rate") == rate && $0.name("storm") == "none" }
      }
      guard let rate = common.max(),
        let calm = top.first(where: { $0.real("rate") == rate && $0.name("storm") == "none" })
      else { return }
      for point in top where point.real("rate") == rate && point.name("storm") != "none" {
        document.findings.append(
          "At \(readable(rate)) million MSIs a second a storm of \(point.name("storm")) raises p99 "
            + "from \(readable(calm.real("latency_p99"))) to "
            + "\(readable(point.real("latency_p99"))) cycles.")
      }
    })

  private static func measureInterference(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let chosen = context.chosen
    let isShare = point.name("part") == "share"
    var traffic = Traffic(
      context, point, devices: chosen.integer("devices"), events: chosen.integer("events"))
    if isShare {
      traffic.configuration.timing.arbiterCycles = UInt64(chosen.integer("arbiter"))
      traffic.configuration.timing.arbiterWeightMSI = point.integer("weight")
      traffic.configuration.timing.commandFetchDepth = 32
      // Nothing but the arbiter may be slow.
      traffic.configuration.timing.eventCache = .init(entries: 8_192, ways: 8)
      traffic.configuration.timing.collectionCache = .init(entries: 1_024, ways: 8)
      traffic.configuration.timing.deviceCache = .init(entries: 8_192, ways: 8)
      traffic.configuration.timing.lpiCache = .init(entries: 8_192, ways: 8)
    }
    traffic.shape.queueByteCount = 0x4_0000
    let rig = try traffic.makeRig()
    let pick = traffic.makePick()
    if isShare {
      rig.keep(64, pick)
    } else {
      let mean = Double(context.configuration.timing.clockHertz) / (point.real("rate") * 1e6)
      rig.send([Arrivals(.poisson, mean: mean, seed: traffic.seed)], pick)
    }
    if let mix = CommandMix(rawValue: point.name("storm")) {
      rig.play(storm(mix, rig.guest, traffic, batch: chosen.integer("batch"), syncs: !isShare))
    }
    let count = chosen.integer("transactions")
    let measured = try rig.measure(Phases(warmup: count / 10, measured: count))
    point.setTraffic(measured)
    point.set("commands_per_second", measured.commandRate)
    guard isShare else { return }
    let grants = measured.msis + measured.commands
    point.set("msi_share", measured.msis / grants)
    let weight = point.real("weight")
    point.set("share_bound", weight / (weight + 1))
    let rate = grants / measured.cycles * measured.hertz
    point.set("grants_per_second", rate)
    point.set("bound_per_second", measured.bound(of: rate))
  }

  /// Four vCPUs that never think.
  private static func storm(
    _ mix: CommandMix, _ guest: TimedGuest, _ traffic: Traffic, batch: Int, syncs: Bool
  ) -> VCPUs {
    var options = VCPUs.Options()
    (options.count, options.mostCommands, options.seed) = (4, 2 * batch + 1, traffic.seed ^ 0xc0)
    let shape = traffic.shape
    return VCPUs(guest, options) { vcpu, random, put in
      for _ in 0..<batch {
        let (device, event) = (random.index(shape.devices), random.index(shape.events))
        let home = (device * shape.events + event) % shape.pes
        mix.put(guest, device: device, event: event, home: home, &random, put)
      }
      if syncs { put(.sync(RDbase(rawValue: UInt64(vcpu % shape.pes)))) }
    }
  }
}
