import GICArch
import GICModel
import GICReport

/// One point of the contention study.
struct ContentionRun {
  private let rig: Rig
  private let vcpus: VCPUs
  private let options: VCPUs.Options
  private let transactions: Int
  private let batch: Int
  private let its: Int

  init(_ point: StudyPoint, _ context: StudyContext) throws(StudyError) {
    let chosen = context.chosen
    let configuration = context.configuration
    let (count, events) = (point.integer("vcpus"), chosen.integer("events"))
    let law = point.name("arrivals")
    batch = chosen.integer("batch")
    its = point.integer("its")
    transactions = chosen.integer("transactions")
    var shape = GuestShape()
    (shape.pes, shape.devices, shape.events) = (count, count, events)
    (shape.its, shape.queueByteCount) = (its, 0x2_0000)
    let guest = try TimedGuest(configuration, shape) { device, _ in device }
    var options = VCPUs.Options()
    options.count = count
    options.policy = QueuePolicy(rawValue: point.name("policy")) ?? .combining
    options.completion = CompletionLaw(rawValue: chosen.name("completion")) ?? .exact
    options.thinkCycles = chosen.real("think")
    options.pollCycles = max(1, configuration.timing.clockHertz / 1_000_000)
    options.handoverCycles = UInt64(chosen.integer("handover"))
    options.mostCommands = 2 * batch + 1
    options.seed = context.seed(point, "commands")
    self.options = options
    let mix = CommandMix(rawValue: point.name("mix")) ?? .mixed
    let zipf = Zipf(count: events, exponent: chosen.real("skew"))
    let batch = batch
    vcpus = VCPUs(guest, options) { vcpu, random, put in
      for _ in 0..<batch {
        mix.put(guest, device: vcpu, event: zipf.draw(&random), home: vcpu, &random, put)
      }
      put(.sync(RDbase(rawValue: UInt64(vcpu))))
    }
    rig = Rig(guest)
    var random = SeededGenerator(seed: context.seed(point, "events"))
    if law == "closed" {
      rig.setPick { (device: $0, event: zipf.draw(&random)) }
      var pause = SeededGenerator(seed: context.seed(point, "pauses"))
      let (ratio, think) = (chosen.integer("msis-per-command"), options.thinkCycles)
      vcpus.onIssue = { vcpu, commands, cycle, agenda in
        for _ in 0..<(commands * ratio) {
          let pause = UInt64(pause.unit() * max(think, 1_000))
          agenda.add(What.paced, vcpu, at: cycle &+ pause)
        }
      }
    } else {
      let mean = Double(configuration.timing.clockHertz) / chosen.real("msi-rate")
      let streams = (0..<count).map { stream in
        Arrivals(
          ArrivalLaw(rawValue: law) ?? .poisson, mean: mean,
          seed: context.seed(point, "arrivals \(stream)"), gaps: context.recording.gaps,
          place: stream * 977)
      }
      rig.send(streams) { (device: $0, event: zipf.draw(&random)) }
    }
    rig.play(vcpus)
  }

  func measure() throws(StudyError) -> Measured {
    // Before the queue is as long as it stays, each vCPU must have been in it a few times.
    let filled = 8 * options.count * (2 * batch + 2)
    return try rig.measure(
      Phases(warmup: max(transactions / 10, filled), measured: transactions))
  }

  /// Asymptotic bounds of a closed queueing network, with the demands that this run showed.
  /// - Source: E. D. Lazowska et al., "Quantitative System Performance", 1984, chapter 5.
  func bound(_ measured: Measured, _ point: inout StudyPoint) {
    let timing = measured.timing
    let operations = Double(max(measured.operations.reduce(0, &+), 1))
    let each = measured.commands / operations
    let memory = Double(timing.memoryLatencyCycles) / Double(max(1, timing.commandFetchDepth))
    let engine = Double(
      timing.commandDecodeCycles + timing.commandOperationCycles + timing.commandRetireCycles)
    let trip = Double(timing.linkBeats + timing.lpiLookupCycles + timing.linkReturnCycles)
    let alone =
      Double(timing.memoryLatencyCycles) + (each - 1) * max(memory, engine) + engine + trip
    let thinking =
      Double(vcpus.options.count) / (options.thinkCycles + alone) * each * measured.hertz
    let unit: (name: String, cycles: Double, isSingle: Bool)
    if options.policy == .serial {
      unit = ("the lock", Double(measured.heldCycles) / Double(its), true)
    } else {
      let fetch = measured.commands * memory / Double(its)
      let work = measured.engineCycles / Double(its)
      unit =
        work > fetch
        ? ("command engine", work, fetch < work / 2)
        : ("command fetch", fetch, work < fetch / 2)
    }
    let busiest = unit.cycles > 0 ? measured.commandsPerSecond * measured.cycles / unit.cycles : 0
    point.set("busy", unit.cycles / measured.cycles)
    point.set("bound_per_second", min(thinking, busiest))
    point.set("bound_unit", thinking < busiest ? "thinking" : unit.name)
    point.set("single_bottleneck", unit.isSingle && busiest <= thinking ? 1 : 0)
  }
}
