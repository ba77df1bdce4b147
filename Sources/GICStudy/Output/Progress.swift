// How far a study has come, on a terminal only.

import Glibc

/// One line that is drawn over and over.
struct StudyProgress {
  private let total: Int
  private let start = ContinuousClock.now
  private let isTerminal = isatty(2) != 0

  init(total: Int) { self.total = total }

  /// - Parameter done: points that are measured since the beginning.
  func show(_ done: Int) {
    guard isTerminal, total > 0 else { return }
    let width = 24
    let filled = done * width / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    var text = "\r\u{1b}[K[\(bar)] \(done) of \(total) points"
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if done > 0, done < total {
      text += ", about \(StudyProgress.time(seconds / Double(done) * Double(total - done))) left"
    }
    fputs(text)
  }

  func clear() { if isTerminal { fputs("\r\u{1b}[K") } }

  private func fputs(_ text: String) {
    let bytes = Array(text.utf8)
    // A progress bar that cannot be drawn is no reason to stop.
    // SAFETY: the bytes are alive for the call.
    _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
  }

  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    return whole < 100 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
  }
}
