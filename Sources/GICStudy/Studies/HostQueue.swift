import Foundation
import GICArch
import GICModel
import GICReport
import Synchronization

extension Study {
  /// What the software's own queue costs when threads meet at it.
  static let hostQueue = Study(
    name: "host-queue", title: "Threads at one command queue",
    about: "What do threads of this host lose when they meet at one ITS of a machine without "
      + "simulated time? Each writes a batch under the guest's lock and waits until its commands "
      + "are done: outside the lock with combining, inside with serial.",
    clock: .host,
    parameters: [
      .axis(
        "threads", "threads, each on a lane of its own", .integers(1...62), "1,2,4,8,16",
        quick: "1,2,4"),
      .axis(
        "policy", "what a write of GITS_CWRITER does while another one's commands are executed",
        .names(QueuePolicy.allCases.map(\.rawValue)), "combining,serial"),
      .axis("batch", "commands with one write", .integers(1...256), "1,16,256", quick: "16"),
      .value("mix", "what the commands are", .names(CommandMix.names), "mapti"),
      .value(
        "milliseconds", "measured time of a point", .integers(10...600_000), "1000",
        quick: "200"),
    ],
    columns: [
      .init("threads", "threads", .set), .init("policy", "policy", .set),
      .init("batch", "batch", unit: "commands", .set),
      .init("commands_per_second", "commands", unit: "1/s", .measured),
      .init("wait_mean", "batch, mean", unit: "ns", .measured),
      .init("wait_p50", "batch, median", unit: "ns", .measured),
      .init("wait_p99", "batch, p99", unit: "ns", .measured),
      .init("wait_p999", "batch, p99.9", unit: "ns", .measured),
      .init("wait_max", "batch, longest", unit: "ns", .measured),
      .init("jain", "Jain's index of batches", .measured),
      .init("processors", "processors of this host", .measured),
    ],
    plan: { (chosen) throws(StudyError) in combinations(chosen, ["batch", "policy", "threads"]) },
    measure: measureHostQueue,
    figures: { _ in
      let x = StudyFigure.Axis("threads", .logarithmic, key: "threads")
      return [
        StudyFigure(
          "throughput", title: "Commands a second by threads (host time)",
          caption: "One drainer at a time: more threads cannot do more, they can only lose less.",
          x: x, y: .init("commands per second", .logarithmic), series: ["batch", "policy"],
          lines: [.init("commands_per_second")]),
        StudyFigure(
          "wait", title: "How long a batch takes (host time)",
          caption: "From the wish for the guest's lock to the completion. Beyond the processors of "
            + "the host, threads also wait for those.",
          x: x, y: .init("ns", .logarithmic), series: ["batch", "policy"],
          lines: [.init("wait_p50", "p50"), .init("wait_p99", "p99")]),
      ]
    },
    conclude: { document in
      for policy in QueuePolicy.allCases.map(\.rawValue) {
        document.note(best: "commands_per_second", policy) { $0.name("policy") == policy }
      }
    })

  private static func measureHostQueue(
    _ point: inout StudyPoint, _ context: StudyContext
  ) throws(StudyError) {
    let crowd = try QueueCrowd(point, context)
    let results = crowd.run(milliseconds: context.chosen.integer("milliseconds"))
    let seconds = results.seconds
    let batches = results.waits.reduce(0) { $0 + $1.count }
    point.set("commands_per_second", Double(batches * UInt64(point.integer("batch"))) / seconds)
    var all = LatencyHistogram()
    for wait in results.waits { all.add(wait) }
    point.setSpread("wait", all)
    point.set("jain", jainIndex(results.waits.map { Double($0.count) }))
    point.set("processors", ProcessInfo.processInfo.activeProcessorCount)
  }
}

/// Threads that write to one queue of one machine.
private final class QueueCrowd: @unchecked Sendable {
  // Unchecked: the guest is used under `lock` alone, a lane by its thread alone.
  private let guest: StudyGuest<FunctionalMachine>
  private let lanes: [FunctionalMachine]
  private let policy: QueuePolicy
  private let mix: CommandMix
  private let batch: Int
  private let lock = NSLock()
  private let isOver = Atomic<Bool>(false)
  private let results: Mutex<[LatencyHistogram]>

  init(_ point: StudyPoint, _ context: StudyContext) throws(StudyError) {
    var shape = GuestShape()
    (shape.pes, shape.devices, shape.events, shape.queueByteCount) = (4, 16, 16, 0x10_0000)
    var configuration = context.configuration
    configuration.clock = .functional
    policy = QueuePolicy(rawValue: point.name("policy")) ?? .combining
    configuration.queueWriters = policy == .combining ? .combining : .serial
    guest = try StudyGuest(
      configuration, shape, make: { FunctionalMachine($0) },
      readOffset: { machine, _ in
        Int(
          machine.perform(
            Access(
              .read, size: 8, source: 0,
              address: machine.configuration.shape.itsBases[0] + UInt64(GITS.CREADR.offset))
          ).value & 0xf_ffe0)
      }, target: { device, event in (device + event) % 4 })
    mix = CommandMix(rawValue: context.chosen.name("mix")) ?? .mapti
    batch = point.integer("batch")
    let machine = guest.machine
    // The first lane is the guest's, for whoever has the lock.
    lanes = (0..<point.integer("threads")).map { _ in machine.makeLane() }
    results = Mutex([])
  }

  func run(milliseconds: Int) -> (waits: [LatencyHistogram], seconds: Double) {
    let done = DispatchSemaphore(value: 0)
    let start = ContinuousClock.now
    for thread in lanes.indices {
      Thread { [self] in
        let waits = work(thread)
        results.withLock { $0.append(waits) }
        done.signal()
      }.start()
    }
    Thread.sleep(forTimeInterval: Double(milliseconds) / 1_000)
    isOver.store(true, ordering: .relaxed)
    for _ in lanes { done.wait() }
    return (results.withLock { $0 }, (ContinuousClock.now - start) / .seconds(1))
  }

  private func work(_ thread: Int) -> LatencyHistogram {
    let lane = lanes[thread]
    var random = SeededGenerator(seed: UInt64(thread) + 1)
    var waits = LatencyHistogram()
    while !isOver.load(ordering: .relaxed) {
      let start = ContinuousClock.now
      lock.lock()
      for _ in 0..<batch {
        let (device, event) = (random.index(16), random.index(16))
        mix.put(guest, device: device, event: event, home: (device + event) % 4, &random) {
          guest.put($0, its: 0)
        }
      }
      let access = guest.doorbell(0)
      switch policy {
      case .serial:
        _ = lane.perform(access)
        lock.unlock()
      case .combining:
        let progress = lane.begin(access)
        lock.unlock()
        if case .working(var work) = progress { while lane.resume(&work) == nil { sched_yield() } }
      }
      waits.record(UInt64(max((ContinuousClock.now - start) / .nanoseconds(1), 0)))
    }
    return waits
  }
}
