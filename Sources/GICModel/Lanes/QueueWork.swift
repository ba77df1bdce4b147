import GICArch

/// What becomes of a CWRITER write while another one's commands are executed: only where a machine
/// has several lanes.
public enum QueueWriters: String, Sendable, CaseIterable {
  /// It is published, and whoever executes commands executes these too.
  case combining
  /// It waits until the other one's are done.
  case serial
}

/// An access that is not done: on the functional clock commands that it has brought are not all
/// executed. Whoever has it calls ``FunctionalMachine/resume(_:)`` of the same lane until there is
/// an answer, even if nobody wants it any more, and may do other work of that lane in between. On
/// the timed clock what is under way has not ended, and no other access may come in between.
public struct QueueWork: Sendable {
  let its: Int
  let access: Access
  /// Which write of CWRITER must be carried out; nil while it waits for its turn. On the timed
  /// clock: nil until it has taken effect.
  var number: UInt64?
  var hasTurn = false
  /// Since when it has waited for somebody else: ``HostTime``.
  var waitsSince: Duration?
  /// What the access was answered with, but for the lines.
  var response = Response()
}

/// The host's time. An instant of a clock has no size that is known when this is built, and makes
/// whatever holds one slow to copy.
enum HostTime {
  private static let start = ContinuousClock.now
  /// Since somebody asked first.
  static var now: Duration { ContinuousClock.now - start }
}

/// How far an access has got.
public enum AccessProgress: Sendable {
  case done(Response)
  case working(QueueWork)
}

/// How long the CWRITER writes of one lane have waited for those of others, in the host's time.
public struct QueueWaits: Equatable, Sendable {
  public var count: UInt64 = 0
  public var nanoseconds: UInt64 = 0
  public init() {}
}

extension FunctionalMachine {
  /// Begins an access. Commands that it brings are executed for about 10 us; an access that has
  /// brought more than that, or must wait for another one's, goes on with ``resume(_:)``. Nothing
  /// waits in here but for other lanes to be outside, so that the caller can serve others.
  ///
  /// While a lane has a write that is not finished and has its turn (``QueueWriters/serial``), it
  /// must not do another one of CWRITER with ``perform(_:)``, which would wait for it.
  public func begin(_ access: Access) -> AccessProgress {
    if engine.hasLanes, configuration.queueWriters == .serial, let n = engine.queue(of: access) {
      return progress(of: QueueWork(its: n, access: access))
    }
    let response = engine.hasLanes ? engine.accessBeside(access) : engine.access(access)
    guard let n = engine.takeWoken() else { return .done(response) }
    return progress(
      of: QueueWork(
        its: n, access: access, number: engine.writeToCarryOut(n), response: response))
  }

  private func progress(of work: QueueWork) -> AccessProgress {
    var work = work
    if let response = resume(&work) { return .done(response) }
    return .working(work)
  }

  /// Goes on with an access, for about 10 us.
  /// - Returns: the answer, once all its commands are executed; CREADR has reached what it wrote
  ///   then, or the queue has stopped.
  public func resume(_ work: inout QueueWork) -> Response? {
    guard work.number != nil || takeTurn(&work) else { return nil }
    guard let number = work.number else { return work.response }
    let isElsewhere = engine.runBeside(work.its, until: number)
    if isElsewhere, work.waitsSince == nil { work.waitsSince = HostTime.now }
    guard engine.its[work.its].queue.isFinished(number) else { return nil }
    if work.hasTurn { engine.its[work.its].queue.turn.unlock() }
    countWait(&work)
    work.response.lines = engine.lines(of: work.access.source)
    return work.response
  }

  /// Writes CWRITER, if nobody else's write is being carried out.
  /// - Returns: whether it was written; one that wrote nothing has no number.
  private func takeTurn(_ work: inout QueueWork) -> Bool {
    guard engine.its[work.its].queue.turn.tryLock() else {
      if work.waitsSince == nil { work.waitsSince = HostTime.now }
      return false
    }
    countWait(&work)
    work.response = engine.accessBeside(work.access)
    if engine.takeWoken() == nil {
      engine.its[work.its].queue.turn.unlock()
    } else {
      work.hasTurn = true
      work.number = engine.writeToCarryOut(work.its)
    }
    return true
  }

  private func countWait(_ work: inout QueueWork) {
    guard let since = work.waitsSince else { return }
    let waited = (HostTime.now - since) / .nanoseconds(1)
    engine.counts.waits.count &+= 1
    engine.counts.waits.nanoseconds &+= UInt64(Swift.max(waited, 0))
    work.waitsSince = nil
  }
}

extension Engine {
  /// The ITS whose CWRITER an access writes; nil for any other access.
  fileprivate func queue(of access: Access) -> ITSIndex? {
    guard access.operation == .write, case .its(let n, let offset)? = frame(at: access.address),
      offset == GITS.CWRITER.offset
    else { return nil }
    return n
  }

  mutating func takeWoken() -> ITSIndex? {
    guard woken >= 0 else { return nil }
    defer { woken = -1 }
    return woken
  }

  fileprivate func lastWrite(_ n: ITSIndex) -> UInt64 { QueueState.number(its[n].queue.written) }

  /// The write of CWRITER that an access which woke ITS `n` waits for. Where the ITS was enabled,
  /// or goes on after a stall, what was written before counts as carried out: it counts anew.
  fileprivate func writeToCarryOut(_ n: ITSIndex) -> UInt64 {
    let number = lastWrite(n)
    guard its[n].queue.isFinished(number), waitingCommands(n) > 0 else { return number }
    return its[n].queue.publishAgain()
  }
}
