// What takes the host long on the timed clock, a while at a time, so that whoever serves a machine
// can serve others in between. The cycles are the same as at one go.

import GICArch

extension TimedCore where Rules: MachineRules & ~Copyable {
  mutating func begin(_ access: Access) -> AccessProgress {
    var work = QueueWork(its: 0, access: access)
    return goOn(&work).map(AccessProgress.done) ?? .working(work)
  }

  /// Begins an access, or goes on with it: first with what is under way before it, then, if it is
  /// untimed, with what it has caused.
  /// - Returns: its answer, as of ``perform(_:)``; nil while it lasts. Nobody else may do anything
  ///   to the machine until then.
  mutating func goOn(_ work: inout QueueWork) -> Response? {
    let isUntimed = work.access.cycle == Access.untimed
    if work.number == nil {
      guard runSome(through: work.access.cycle) else { return nil }
      var access = work.access
      if isUntimed {
        watch(at: .max)
        access.cycle = now
      }
      work.response = perform(access)
      work.number = 0
    }
    guard isUntimed else { return work.response }
    guard runSome(through: .max) else { return nil }
    watch(at: .max)
    switch work.access.operation {
    case .msi, .translate: break
    default: work.response.lines = rules.lines(of: PEIndex(rawValue: work.access.source))
    }
    work.response.cycle = now
    return work.response
  }

  /// Lets time pass as ``advance(to:until:)`` does.
  /// - Returns: the cycle reached; nil if neither the limit nor the condition is.
  mutating func advanceSome(to limit: UInt64, until condition: StopCondition) -> UInt64? {
    var pace = Pace()
    while true {
      // The condition is looked at between cycles.
      while isInCycle {
        isInCycle = runEventNow()
        if isInCycle, pace.isOver() { return nil }
      }
      if holds(condition) { break }
      guard runEvent(through: limit) else {
        if limit == .max { watch(at: .max) } else { run(to: limit) }
        break
      }
      isInCycle = true
      if pace.isOver() { return nil }
    }
    return now
  }

  /// Handles events up to `limit`.
  /// - Returns: whether there is none left.
  private mutating func runSome(through limit: UInt64) -> Bool {
    var pace = Pace()
    while runEvent(through: limit) {
      if pace.isOver() { return false }
    }
    return true
  }
}

/// How long a step of a timed machine has taken.
private struct Pace {
  private var rest = StepBudget.firstEvents
  private var left = StepBudget.events &- StepBudget.firstEvents
  private var start: ContinuousClock.Instant?

  /// An event has been handled.
  /// - Returns: whether that was enough.
  @inline(__always) mutating func isOver() -> Bool {
    rest &-= 1
    return rest == 0 && look()
  }

  @inline(never) private mutating func look() -> Bool {
    guard left > 0 else { return true }
    rest = StepBudget.eventsPerLook
    left &-= rest
    let now = ContinuousClock.now
    guard let start else {
      start = now
      return false
    }
    return now - start >= StepBudget.time
  }
}

extension TimedMachine {
  public func begin(_ access: Access) -> AccessProgress { core.begin(access) }
  public func resume(_ work: inout QueueWork) -> Response? { core.goOn(&work) }
  public func advanceSome(to cycle: UInt64, until condition: StopCondition) -> UInt64? {
    core.advanceSome(to: cycle, until: condition)
  }
}

extension TracedMachine {
  public func begin(_ access: Access) -> AccessProgress { core.begin(access) }
  public func resume(_ work: inout QueueWork) -> Response? { core.goOn(&work) }
  public func advanceSome(to cycle: UInt64, until condition: StopCondition) -> UInt64? {
    core.advanceSome(to: cycle, until: condition)
  }
}
