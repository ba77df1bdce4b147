// Work that takes longer than others should wait: it is done in steps, with the other clients'
// requests in between.

import GICWire
import Synchronization

/// A request that is being carried out in steps of some 10 us.
final class Job {
  let host: MachineHost
  /// - Returns: whether that was the last step.
  let step: () -> Bool
  /// They wait for it.
  var barriers: [Barrier] = []

  init(on host: MachineHost, step: @escaping () -> Bool) { (self.host, self.step) = (host, step) }
}

/// Lets somebody wait until whatever has been begun on a machine, at any station, has ended.
final class Barrier: @unchecked Sendable {
  private let missing = Atomic<Int>(1)
  /// Called once, on the thread of whoever passes last.
  private let whenPassed: @Sendable () -> Void

  /// It is missed by whoever makes it, to begin with.
  init(whenPassed: @escaping @Sendable () -> Void) { self.whenPassed = whenPassed }

  var isPassed: Bool { missing.load(ordering: .acquiring) == 0 }
  func await(_ count: Int) { missing.add(count, ordering: .acquiringAndReleasing) }
  func pass() {
    if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenPassed() }
  }
}

/// Where requests come from, one after the other: a socket, or a ring.
final class RequestSource {
  /// What the first request waits for.
  fileprivate var barrier: Barrier?
  /// Called at the source's station, once what was waited for has happened: its request is looked
  /// at soon, or at once.
  private let retry: (_ now: Bool) -> Void

  init(retry: @escaping (_ now: Bool) -> Void) { self.retry = retry }

  func goOn() { retry(false) }
  func goOnNow() { retry(true) }
}

extension MachineHost {
  /// Whether everything that was begun on the machine has ended; if not, the source is called when
  /// it has, and must ask again.
  func hasEnded(for source: RequestSource) -> Bool {
    if let barrier = source.barrier {
      guard barrier.isPassed else { return false }
      source.barrier = nil
      return true
    }
    let others = shared.otherStations(than: station.number)
    guard !jobs.isEmpty || !others.isEmpty else { return true }
    let (origin, box) = (station.mail, SourceBox(source))
    let barrier = Barrier { origin.post(.goOn(box)) }
    source.barrier = barrier
    barrier.await(others.count)
    for other in others { station.post(.barrier(barrier, shared), to: other) }
    awaitJobs(barrier)
    barrier.pass()
    return false
  }

  /// The barrier waits for what has been begun here.
  func awaitJobs(_ barrier: Barrier) {
    barrier.await(jobs.count)
    for job in jobs { job.barriers.append(barrier) }
  }
}

// A timed machine that is occupied is waited for.
extension MachineHost {
  /// The source's request is shown again when nobody occupies the machine any more.
  func waitForTurn(_ source: RequestSource) {
    if !queue.contains(where: { $0.source === source }) { queue.append(SourceBox(source)) }
  }

  /// Whoever waits has a turn before the one who has occupied the machine can ask again: until one
  /// of them occupies it.
  func giveTurns() {
    while !isOccupied, !queue.isEmpty { queue.removeFirst().source?.goOnNow() }
  }
}

/// Takes a source to other threads and back; only its own station's looks into it.
final class SourceBox: @unchecked Sendable {
  weak var source: RequestSource?
  init(_ source: RequestSource) { self.source = source }
}
