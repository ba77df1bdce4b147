// Bytes as the text of a trace. What is read must keep what the reader promises a replay.

import FuzzDriver
import GICReplay

private func attempt(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let trace = try? Trace(text: text, file: "fuzz.trace") else { return }
  precondition(trace.events.count <= trace.lineCount)
  precondition(zip(trace.events, trace.events.dropFirst()).allSatisfy { $0.time <= $1.time })
}

@main enum FuzzTrace {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
