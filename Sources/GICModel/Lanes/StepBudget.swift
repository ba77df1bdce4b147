// How much is done before others have their turn: what commands are known to cost, and, since some
// cost far more than they look, what they turn out to cost.

import GICArch

/// What one step may take.
enum StepBudget {
  /// A step ends at the first look at the host's clock that finds it as old as this.
  static var time: Duration { .microseconds(10) }
  /// What commands cost between two looks, in units of ``QueueCost``: one that is dear, or so many.
  static var look: Int { 64 }
  /// Events of a step at most, on the timed clock, however fast the host is; a command has several.
  static var events: Int { 1024 }
  /// Of these, between two looks at the clock.
  static var eventsPerLook: Int { 16 }
  /// Most accesses have no more of them: then nobody looks at the clock.
  static var firstEvents: Int { 64 }
}

extension Engine where Observer == NoTiming {
  /// Executes commands of ITS `n`, which is owned, until they have cost ``QueueCost/batch``, or
  /// have taken as long as a step may: what a guest has made dear (devices of 65,536 events come
  /// and go, say) shows only when it is done.
  mutating func runStep(_ n: ITSIndex) {
    guard waitingCommands(n) > StepBudget.look else {
      _ = runSome(n, cost: QueueCost.batch)
      return
    }
    let start = ContinuousClock.now
    var left = QueueCost.batch
    while left > 0 {
      let waiting = waitingCommands(n)
      guard runSome(n, cost: StepBudget.look) else { return }
      // Whoever has stopped earlier has met one that costs more than all of them.
      let done = waiting &- waitingCommands(n)
      left &-= done < StepBudget.look ? QueueCost.wholeTable : StepBudget.look
      if ContinuousClock.now - start >= StepBudget.time { return }
    }
  }
}
