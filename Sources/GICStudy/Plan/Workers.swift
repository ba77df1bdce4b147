// Points are independent: as many threads as wanted take them one by one.

import Foundation
import GICReport
import Synchronization

/// Measures points on several threads.
final class Workers: Sendable {
  private struct State {
    var waiting: [Int]
    var done = 0
    var error: StudyError?
    var running: Int
  }
  private let state: Mutex<State>
  private let ended = DispatchSemaphore(value: 0)
  private let work: @Sendable (Int) throws(StudyError) -> Void

  /// - Parameter indices: of the points, in the order in which they are begun.
  init(_ indices: [Int], work: @escaping @Sendable (Int) throws(StudyError) -> Void) {
    state = Mutex(State(waiting: indices.reversed(), running: 0))
    self.work = work
  }

  /// Returns when all is measured, or something could not be: then nothing new is begun.
  /// - Throws: the first error.
  func run(jobs: Int, progress: (Int) -> Void) throws(StudyError) {
    let count = min(max(jobs, 1), state.withLock { $0.waiting.count })
    state.withLock { $0.running = count }
    for _ in 0..<count {
      let thread = Thread { [self] in serve() }
      thread.stackSize = 8 << 20
      thread.start()
    }
    while state.withLock({ $0.running > 0 }) {
      _ = ended.wait(timeout: .now() + .milliseconds(500))
      progress(state.withLock { $0.done })
    }
    if let error = state.withLock({ $0.error }) { throw error }
  }

  private func serve() {
    while let next = state.withLock({ $0.error == nil ? $0.waiting.popLast() : nil }) {
      do throws(StudyError) {
        try work(next)
        state.withLock { $0.done += 1 }
      } catch {
        state.withLock { state in if state.error == nil { state.error = error } }
      }
      ended.signal()
    }
    state.withLock { $0.running -= 1 }
    ended.signal()
  }
}
