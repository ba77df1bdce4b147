// vCPUs that issue commands: who may write to a queue, when, and when they see that it is done.

import GICArch
import GICModel

/// What a vCPU does when another one's commands are still in the queue.
enum QueuePolicy: String, CaseIterable, Sendable {
  /// It puts its own behind them and writes GITS_CWRITER; the ITS goes on to them by itself.
  case combining
  /// It waits for a lock that is held until all commands of whoever holds it have completed.
  case serial
}

/// How a vCPU learns that its commands have completed.
enum CompletionLaw: String, CaseIterable, Sendable {
  /// At the very cycle.
  case exact
  /// As Linux: it reads GITS_CREADR at once, and then after each microsecond.
  case poll
}

/// Operations on ITS queues: each a few commands, written with one GITS_CWRITER.
final class VCPUs {
  /// What one does next: commands, at an ITS.
  typealias Work = (_ vcpu: Int, _ random: inout SeededGenerator, _ put: (ITSCommand) -> Void) ->
    Void

  struct Options {
    var count = 1
    var policy = QueuePolicy.combining
    var completion = CompletionLaw.exact
    /// From the end of one operation to the wish for the next; exponential, 0 is at once.
    var thinkCycles = 0.0
    /// From one GITS_CREADR read to the next.
    var pollCycles: UInt64 = 1_000
    /// From the end of who held the lock to the first command of the next.
    var handoverCycles: UInt64 = 0
    /// Commands of the largest operation.
    var mostCommands = 2
    var seed: UInt64 = 1
  }

  private struct VCPU {
    var its = 0
    /// When it wished for the operation under way.
    var wished: UInt64 = 0
    /// Commands that its ITS must have completed.
    var target: UInt64 = 0
    var done: UInt64 = 0
  }

  let options: Options
  private let guest: TimedGuest
  private let work: Work
  private var vcpus: [VCPU]
  private var random: SeededGenerator
  private var commands: [ITSCommand] = []
  /// By ITS, first come first served: who waits for the lock or for room, and who for completion.
  private var waiting: [FIFO]
  private var working: [FIFO]
  private var isLocked: [Bool]
  /// From the wish to its completion, in cycles.
  private(set) var waits = LatencyHistogram()
  /// Cycles in which locks were held that are free again, and by ITS since when it is held.
  private var heldBefore: UInt64 = 0
  private var heldSince: [UInt64]
  private(set) var operations: UInt64 = 0
  private var endedBefore: UInt64 = 0
  /// Told of each operation that begins: how many commands it has.
  var onIssue: ((_ vcpu: Int, _ commands: Int, _ cycle: UInt64, inout Agenda) -> Void)?

  init(_ guest: TimedGuest, _ options: Options, work: @escaping Work) {
    (self.guest, self.options, self.work) = (guest, options, work)
    random = SeededGenerator(seed: options.seed)
    vcpus = (0..<options.count).map { VCPU(its: $0 % guest.shape.its) }
    waiting = Array(repeating: FIFO(), count: guest.shape.its)
    working = waiting
    isLocked = Array(repeating: false, count: guest.shape.its)
    heldSince = Array(repeating: 0, count: guest.shape.its)
  }

  /// Operations done, by vCPU.
  var done: [UInt64] { vcpus.map(\.done) }

  /// The first wishes, spread over one thinking time.
  func begin(at cycle: UInt64, _ agenda: inout Agenda) {
    for vcpu in vcpus.indices {
      agenda.add(What.wish, vcpu, at: cycle &+ UInt64(options.thinkCycles * random.unit()))
    }
  }

  func wish(_ vcpu: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    vcpus[vcpu].wished = cycle
    let n = vcpus[vcpu].its
    waiting[n].append(vcpu)
    serve(n, at: cycle, &agenda)
  }

  /// Lets those in who can write now.
  private func serve(_ n: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    while let vcpu = waiting[n].first {
      if options.policy == .serial, isLocked[n] { return }
      // A queue that is full lets nobody in before something has completed.
      guard guest.outstanding(n) + options.mostCommands <= guest.queueCapacity else { return }
      waiting[n].removeFirst()
      if options.policy == .serial { (isLocked[n], heldSince[n]) = (true, cycle) }
      issue(vcpu, at: cycle, &agenda)
    }
  }

  private func issue(_ vcpu: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    let n = vcpus[vcpu].its
    commands.removeAll(keepingCapacity: true)
    work(vcpu, &random) { commands.append($0) }
    for command in commands { guest.put(command, its: n) }
    guest.ring(n, at: cycle)
    vcpus[vcpu].target = guest.issued[n]
    onIssue?(vcpu, commands.count, cycle, &agenda)
    switch options.completion {
    case .exact: working[n].append(vcpu)
    case .poll: agenda.add(What.poll, vcpu, at: cycle &+ options.pollCycles)
    }
  }

  /// Commands may have completed.
  func look(at cycle: UInt64, _ agenda: inout Agenda) {
    guard guest.machine.endedCommands != endedBefore else { return }
    endedBefore = guest.machine.endedCommands
    for n in 0..<working.count {
      let completed = guest.issued[n] - UInt64(guest.outstanding(n))
      while let vcpu = working[n].first, vcpus[vcpu].target <= completed {
        working[n].removeFirst()
        finish(vcpu, at: cycle, &agenda)
      }
      if !waiting[n].isEmpty { serve(n, at: cycle, &agenda) }
    }
  }

  /// It reads GITS_CREADR.
  func poll(_ vcpu: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    let n = vcpus[vcpu].its
    guard guest.issued[n] - UInt64(guest.outstanding(n)) >= vcpus[vcpu].target else {
      agenda.add(What.poll, vcpu, at: cycle &+ options.pollCycles)
      return
    }
    finish(vcpu, at: cycle, &agenda)
  }

  /// The lock of an ITS is free for the next.
  func unlock(_ n: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    isLocked[n] = false
    heldBefore += cycle - heldSince[n]
    serve(n, at: cycle, &agenda)
  }

  /// Cycles in which locks were held so far, of all ITSs together.
  func heldCycles(at cycle: UInt64) -> UInt64 {
    heldBefore
      + isLocked.indices.reduce(0) { isLocked[$1] ? $0 + (cycle - heldSince[$1]) : $0 }
  }

  private func finish(_ vcpu: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    let n = vcpus[vcpu].its
    waits.record(cycle &- vcpus[vcpu].wished)
    vcpus[vcpu].done += 1
    operations += 1
    let think = options.thinkCycles == 0 ? 0 : options.thinkCycles * random.exponential()
    agenda.add(What.wish, vcpu, at: cycle &+ UInt64(think))
    guard options.policy == .serial else { return }
    agenda.add(What.unlock, n, at: cycle &+ options.handoverCycles)
  }
}

/// A line of numbers, first in first out.
struct FIFO {
  private var numbers: [Int] = []
  private var head = 0
  var isEmpty: Bool { head == numbers.count }
  var first: Int? { isEmpty ? nil : numbers[head] }
  mutating func append(_ number: Int) { numbers.append(number) }
  mutating func removeFirst() {
    head += 1
    if head == numbers.count {
      numbers.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 4_096, head * 2 > numbers.count {
      numbers.removeFirst(head)
      head = 0
    }
  }
}
