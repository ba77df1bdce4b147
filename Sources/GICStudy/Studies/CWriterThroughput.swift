import GICArch
import GICModel
import GICReport

extension Study {
  /// How many commands a second one queue does.
  static let cwriterThroughput = Study(
    name: "cwriter-throughput", title: "CWRITER throughput",
    about: "How many commands a second does one ITS do, and what does it cost software to wait for "
      + "them? One vCPU writes batches and waits for each; with linux-poll it puts a SYNC behind "
      + "each batch, and reads GITS_CREADR at once and then every microsecond.",
    parameters: [
      .axis(
        "batch", "commands with one write of GITS_CWRITER", unit: "commands", .integers(1...2_048),
        "1,2,4,8,16,32,64,128,256,512,1024,2048", quick: "1,8,64,512,2048"),
      .axis(
        "mix", "what the commands are", .names(CommandMix.names), "inv,sync,mapti,movi,mixed",
        quick: "inv,mapti,mixed"),
      .axis(
        "driver", "how software waits", .names(["batched", "linux-poll"]), "batched,linux-poll"),
      .axis(
        "fetch-depth", "commands that the ITS fetches ahead", unit: "commands",
        .integers(1...32), "1,2,4"),
      .axis(
        "memory", "latency of a read of memory", unit: "cycles", .integers(1...100_000), "40,85,200"
      ),
      .value("devices", "devices whose events the commands are about", .integers(1...4_096), "8"),
      .value("events", "events of each device", .integers(1...64), "8"),
      .value(
        "commands", "measured commands of a point", .integers(100...1_000_000_000), "200000",
        quick: "20000"),
    ],
    columns: [
      .init("part", "figure", .set), .init("batch", "batch", unit: "commands", .set),
      .init("mix", "mix", .set), .init("driver", "driver", .set),
      .init("fetch-depth", "fetch depth", .set), .init("memory", "memory", unit: "cycles", .set),
      .init("commands_per_second", "commands", unit: "1/s", .measured),
      .init("command_latency_mean", "command latency", unit: "cycles", .measured),
      .init("batch_latency_p50", "batch, median", unit: "cycles", .measured),
      .init("batch_latency_p99", "batch, p99", unit: "cycles", .measured),
      .init("reads_per_command", "table reads a command", .measured),
      .init("bound_per_second", "bound", unit: "1/s", .bound),
      .init("bound_unit", "bounded by", .bound),
      .init("single_bottleneck", "one unit alone bounds it", .bound),
    ],
    plan: { (chosen) throws(StudyError) in
      let batches = combinations(
        chosen, ["mix", "driver", "batch"], fixed: ["part": .name("batch")])
      let largest = chosen.integers("batch").max() ?? 1
      let fetches = combinations(
        chosen, ["mix", "memory", "fetch-depth"],
        fixed: [
          "part": .name("fetch"), "driver": .name("batched"), "batch": .number(Double(largest)),
        ])
      return batches + fetches
    },
    measure: measureCWriter,
    figures: { chosen in
      [
        StudyFigure(
          "throughput-by-batch", title: "Commands a second by batch size: \(chosen.name("mix"))",
          caption:
            "Batched software pays the latency of a whole queue once a batch; linux-poll also "
            + "pays a microsecond whenever its first look is too early. Dashed: the slowest unit.",
          filter: ["part": .name("batch"), "mix": .name(chosen.name("mix"))],
          x: .init("commands in a batch", .logarithmic, key: "batch"),
          y: .init("commands per second", .logarithmic), series: ["driver"],
          lines: [
            .init("commands_per_second"), .init("bound_per_second", "bound", isBound: true),
          ]),
        StudyFigure(
          "throughput-by-fetch",
          title: "Commands a second by fetch depth and memory latency: \(chosen.name("mix"))",
          caption:
            "With one fetch under way a command costs at least a memory latency; more fetches "
            + "help until the engine, the table writes or the table reads are slower.",
          filter: ["part": .name("fetch"), "mix": .name(chosen.name("mix"))],
          x: .init("commands fetched ahead", .logarithmic, key: "fetch-depth"),
          y: .init("commands per second"), series: ["memory"],
          lines: [
            .init("commands_per_second"), .init("bound_per_second", "bound", isBound: true),
          ]),
        StudyFigure(
          "throughput-by-mix", title: "Commands a second by what they are",
          caption:
            "At the largest batch, one command fetched ahead or several. What writes a table "
            + "entry is bounded by the one write in flight, what misses the caches by its reads.",
          filter: [
            "part": .name("fetch"),
            "memory": chosen.all("memory").last { $0 == .number(85) }
              ?? chosen.all("memory")[0],
          ],
          x: .init("commands", .names, key: "mix"), y: .init("commands per second"),
          series: ["fetch-depth"],
          lines: [
            .init("commands_per_second"), .init("bound_per_second", "bound", isBound: true),
          ]),
      ]
    },
    conclude: { document in
      // A batch begins with an empty ITS: only a long one shows what the ITS can do.
      for point in document.points
      where point.integer("batch") >= 1_024 && point.name("driver") == "batched" {
        let memory = point.values["memory"].map { ", memory \($0)" } ?? ""
        let depth = point.values["fetch-depth"].map { ", depth \($0)" } ?? ""
        document.checks.append(
          .init(
            name: "\(point.name("mix")), batch \(point.name("batch"))\(memory)\(depth)",
            unit: point.name("bound_unit"), measured: point.real("commands_per_second"),
            bound: point.real("bound_per_second"),
            isSingle: point.integer("single_bottleneck") == 1))
      }
      document.note(
        best: "commands_per_second", "batched", of: { $0.name("driver") == "batched" })
    })

  private static func measureCWriter(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let chosen = context.chosen
    let seed = context.seed(point)
    var configuration = context.configuration
    if let depth = point.values["fetch-depth"]?.integer {
      configuration.timing.commandFetchDepth = depth
    }
    if let memory = point.values["memory"]?.integer {
      configuration.timing.memoryLatencyCycles = UInt64(memory)
    }
    guard let mix = CommandMix(rawValue: point.name("mix")) else { return }
    let (batch, polls) = (point.integer("batch"), point.name("driver") == "linux-poll")
    var shape = GuestShape()
    (shape.devices, shape.events) = (chosen.integer("devices"), chosen.integer("events"))
    (shape.pes, shape.queueByteCount) = (4, 0x4_0000)
    let (devices, events) = (shape.devices, shape.events)
    let guest = try TimedGuest(configuration, shape) { device, event in (device + event) % 4 }
    var options = VCPUs.Options()
    (options.mostCommands, options.seed) = (batch + 3, seed)
    options.completion = polls ? .poll : .exact
    options.pollCycles = max(1, configuration.timing.clockHertz / 1_000_000)
    let rig = Rig(guest)
    let vcpus = VCPUs(guest, options) { _, random, put in
      var count = 0
      while count < batch {
        let (device, event) = (random.index(devices), random.index(events))
        // DISCARD and its MAPTI stay together, so a batch may have one more.
        mix.put(guest, device: device, event: event, home: (device + event) % 4, &random) {
          put($0)
          count += 1
        }
      }
      if polls { put(.sync(RDbase(rawValue: 0))) }
    }
    rig.play(vcpus)
    let count = max(chosen.integer("commands"), batch * 20)
    let measured = try rig.measure(Phases(warmup: count / 10, measured: count))
    // The SYNC behind a batch is the driver's, not the work's.
    let part = polls ? Double(batch) / Double(batch + 1) : 1
    let rate = measured.commandRate
    point.set("commands_per_second", Estimate(mean: rate.mean * part, half: rate.half * part))
    let latency = Distribution(measured.commandLatency)
    let waits = Distribution(measured.waits)
    point.set("command_latency_mean", latency.mean)
    point.set("batch_latency_p50", Double(waits.p50))
    point.set("batch_latency_p99", Double(waits.p99))
    point.set("reads_per_command", measured.count("TABLE_READ") / max(measured.commands, 1))
    let allowed = measured.bound(of: measured.commandsPerSecond) * part
    let quantum = measured.hertz / Double(options.pollCycles) * Double(batch)
    point.set("bound_per_second", polls ? min(allowed, quantum) : allowed)
    point.set(
      "bound_unit", polls && quantum < allowed ? "1 us between reads" : measured.bottleneck.unit)
    // A command that misses a cache makes the engine the slower one, if only now and then.
    let hits = measured.count("TABLE_READ") < measured.commands / 1_000
    point.set("single_bottleneck", measured.isSingleBottleneck && hits ? 1 : 0)
  }
}
