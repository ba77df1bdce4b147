// MSIs by two threads at once, each on a lane of its own.

import CKernel
import GICArch
import GICModel

/// `msi.translate_set.2threads`: every MSI finds its LPI pending; the threads' events go to
/// different PEs. `.2threads_same_pe`: to the same ones. `.2threads_remap`: to different ones, and
/// every microsecond the first thread has one of its events moved to another PE, by a MOVI in the
/// queue; the time is the second thread's. A time is of one MSI of one thread, ops/s are of both.
func threadSuite() -> [Benchmark] {
  [
    threadRow("msi.translate_set.2threads", samePE: false, remaps: false),
    threadRow("msi.translate_set.2threads_same_pe", samePE: true, remaps: false),
    threadRow("msi.translate_set.2threads_remap", samePE: false, remaps: true),
  ]
}

private func threadRow(_ name: String, samePE: Bool, remaps: Bool) -> Benchmark {
  Benchmark(
    name: name,
    measure: { plan in
      let bench = try ThreadBench(name, samePE: samePE, remaps: remaps)
      _ = try bench.trial()
      var trials: [Trial] = []
      let start = ContinuousClock.now
      // Of a busy machine many trials are needed until some had both its processors.
      while trials.count < plan.samples
        || trials.filter({ $0.share > 0.9 }).count < plan.samples
          && ContinuousClock.now - start < .seconds(5)
      {
        trials.append(try bench.trial())
      }
      trials.sort { $0.share > $1.share }
      var measured = Measured(trials.prefix(plan.samples).map { ($0.ours, $0.other) })
      measured.threads = Double(ThreadBench.threads)
      return measured
    })
}

/// Nanoseconds an MSI of one thread, and the least share of a processor that any thread had.
private struct Trial {
  var ours: Double
  var other: Double
  var share: Double
}

private final class ThreadBench {
  static let threads = 2
  /// Of one thread, and how often it sends them all.
  private static let messages = 1 << 14
  private static let rounds = 16
  private let name: String
  private let layout = Layout()
  private let ours: Guest
  private let lanes: [FunctionalMachine]
  private let other: Guest
  private let kernel: CSide
  private let samePE: Bool
  private let remaps: Bool
  private var random = SplitMix64(state: 2)

  init(_ name: String, samePE: Bool, remaps: Bool) throws {
    (self.name, self.samePE, self.remaps) = (name, samePE, remaps)
    let machine = FunctionalMachine(layout.configuration(.functional))
    ours = try Guest(ModelSide(machine, layout), layout)
    kernel = try CSide(layout, shared: true)
    other = try Guest(kernel, layout)
    lanes = [machine] + (1..<ThreadBench.threads).map { _ in machine.makeLane() }
    let ints = (0..<layout.events).map { QueueEntry(layout.int($0)) }
    ours.issue(ints)
    other.issue(ints)
  }

  /// Those of every other PE, or all, over and over in another order.
  private func events(_ thread: Int) -> [Int] {
    let all = (0..<layout.events).filter {
      samePE || $0 % layout.pes % ThreadBench.threads == thread
    }
    return (0..<ThreadBench.messages / all.count).flatMap { _ in all.shuffled(using: &random) }
  }

  func trial() throws -> Trial {
    let messages = (0..<ThreadBench.threads).map { events($0).map(layout.message) }
    let mine = run(ours, modelSenders(messages))
    let its = run(other, kernelSenders(messages))
    guard mine.dropped == 0, its.dropped == 0 else {
      throw WrongWork(description: "\(name): \(mine.dropped) and \(its.dropped) MSIs were dropped")
    }
    // How many MOVIs there are depends on the time that they take.
    if !remaps, let found = ours.difference(from: other, tables: true) {
      throw WrongWork(description: "\(name): not the same work: \(found)")
    }
    return Trial(ours: mine.ns, other: its.ns, share: min(mine.share, its.share))
  }

  private func run(
    _ guest: Guest, _ senders: [Sender]
  ) -> (ns: Double, share: Double, dropped: Int) {
    let remapper = remaps ? Remapper(guest, layout) : nil
    let times = Together.run(senders.count) { thread in
      for _ in 0..<Self.rounds {
        guard thread == 0, let remapper else {
          senders[thread].sendAll()
          continue
        }
        remapper.run(senders[thread])
      }
    }
    remapper?.putBack()
    guest.side.settle()
    let measured = remaps ? Array(times.dropFirst()) : times
    let count = measured.count * Self.messages * Self.rounds
    let ns = measured.reduce(0) { $0 + $1.seconds } * 1e9 / Double(count)
    return (ns, times.map(\.share).min() ?? 0, senders.reduce(0) { $0 + $1.dropped })
  }

  private func modelSenders(_ messages: [[Message]]) -> [Sender] {
    zip(lanes, messages).map { ModelSender($0, $1.map(\.access)) }
  }
  private func kernelSenders(_ messages: [[Message]]) -> [Sender] {
    messages.enumerated().map { KernelSender(kernel, lane: $0, $1.map(\.forC)) }
  }
}

/// One thread's messages. One thread at a time uses it: the one that has it.
private class Sender: @unchecked Sendable {
  /// Messages in one call; a trial's are a multiple of it.
  static let stretch = 1024
  final let count: Int
  final var outcomes = [UInt64](repeating: 0, count: Sender.stretch)
  final private(set) var dropped = 0
  init(_ count: Int) { self.count = count }

  /// Sends one stretch, from `start` on.
  func send(from start: Int) {}
  final func sendAndCount(from start: Int) {
    send(from: start)
    for outcome in outcomes where outcome >> 56 >= 16 { dropped += 1 }
  }
  final func sendAll() {
    for start in stride(from: 0, to: count, by: Sender.stretch) { sendAndCount(from: start) }
  }
}

private final class ModelSender: Sender, @unchecked Sendable {
  private let lane: FunctionalMachine
  private let messages: [Access]
  init(_ lane: FunctionalMachine, _ messages: [Access]) {
    (self.lane, self.messages) = (lane, messages)
    super.init(messages.count)
  }
  override func send(from start: Int) {
    let messages = messages
    var outcomes: [UInt64] = []
    swap(&outcomes, &self.outcomes)
    var span = outcomes.mutableSpan
    lane.signal(messages.span.extracting(start..<start + Sender.stretch), outcomes: &span)
    swap(&outcomes, &self.outcomes)
  }
}

private final class KernelSender: Sender, @unchecked Sendable {
  private let kernel: CSide
  private let lane: Int
  private let messages: [its_access]
  init(_ kernel: CSide, lane: Int, _ messages: [its_access]) {
    (self.kernel, self.lane, self.messages) = (kernel, lane, messages)
    super.init(messages.count)
  }
  override func send(from start: Int) {
    kernel.signal(messages, from: start, lane: lane, outcomes: &outcomes)
  }
}

/// Sends messages, and every microsecond moves an event. Used by one thread.
private final class Remapper: @unchecked Sendable {
  private let guest: Guest
  /// MOVIs of the first thread's events to its other PE, and back.
  private let moves: [QueueEntry]
  private var next = 0

  init(_ guest: Guest, _ layout: Layout) {
    self.guest = guest
    let events = (0..<layout.events).filter { $0 % layout.pes == 0 }
    moves = [2, 0].flatMap { target in
      events.map { event in
        QueueEntry(
          .movi(layout.device(event), layout.eventID(event), ICID(rawValue: UInt16(target))))
      }
    }
  }

  /// After each stretch as many MOVIs as there were microseconds, within reason.
  func run(_ sender: Sender) {
    var due = ContinuousClock.now
    for start in stride(from: 0, to: sender.count, by: Sender.stretch) {
      sender.sendAndCount(from: start)
      var left = 32
      while left > 0, ContinuousClock.now >= due {
        due += .microseconds(1)
        left -= 1
        move()
      }
      if left == 0 { due = ContinuousClock.now }
    }
  }

  /// Everything goes back to where it was.
  func putBack() {
    while next != 0 { move() }
  }

  private func move() {
    guest.side.runQueue(to: guest.load(CollectionOfOne(moves[next])))
    next = (next + 1) % moves.count
  }
}
