// Bytes as a file of counter readings. What is read is within the limits that the reader promises.

import FuzzDriver
import GICModel
import GICReplay

private func attempt(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let readings = try? CounterReadings(text: text, file: "fuzz.csv") else { return }
  precondition(!readings.runs.isEmpty)
  for run in readings.runs {
    let workload = run.workload
    precondition(!run.readings.isEmpty && !run.name.isEmpty)
    precondition((1...CounterWorkload.maximumPackets).contains(workload.packets))
    precondition((1...CounterWorkload.maximumDevices).contains(workload.devices))
    precondition((1...CounterWorkload.maximumEvents).contains(workload.events))
    precondition((1...CounterWorkload.maximumPEs).contains(workload.pes))
    precondition(
      workload.kind == .msi
        || workload.packets <= CounterWorkload.maximumCommands && workload.window == 0)
    for reading in run.readings {
      precondition(CounterWorkload.counters.contains { $0.name == reading.counter })
    }
  }
}

@main enum FuzzCounters {
  static func main() {
    unsafe runFuzzer { data, count in
      attempt(unsafe fuzzBytes(data, count))
      return 0
    }
  }
}
