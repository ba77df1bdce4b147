// Threads that begin at the same time, each timed by itself.

import Foundation
import Synchronization

/// What a thread came to.
struct ThreadTime {
  var seconds: Double
  /// How much of its time the thread had a processor.
  var share: Double
}

enum Together {
  /// Runs `body` on as many threads, with their numbers.
  static func run(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) -> [ThreadTime] {
    let meeting = Meeting(threads)
    for number in 0..<threads {
      Thread {
        meeting.arrive()
        let cpu = cpuSeconds()
        let seconds = Clock.time { body(number) }
        meeting.leave(number, ThreadTime(seconds: seconds, share: (cpuSeconds() - cpu) / seconds))
      }.start()
    }
    return meeting.times()
  }

  private static func cpuSeconds() -> Double {
    var time = timespec()
    unsafe _ = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Holds threads until all are there, and gathers what they come to.
private final class Meeting: Sendable {
  private let missing: Atomic<Int>
  private let left: Mutex<[Int: ThreadTime]> = Mutex([:])
  private let departures = DispatchSemaphore(value: 0)
  private let count: Int

  init(_ count: Int) {
    self.count = count
    missing = Atomic(count)
  }
  func arrive() {
    missing.subtract(1, ordering: .sequentiallyConsistent)
    while missing.load(ordering: .acquiring) > 0 { sched_yield() }
  }
  func leave(_ thread: Int, _ time: ThreadTime) {
    left.withLock { $0[thread] = time }
    departures.signal()
  }
  /// Waits until all have left.
  func times() -> [ThreadTime] {
    for _ in 0..<count { departures.wait() }
    return left.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
  }
}
