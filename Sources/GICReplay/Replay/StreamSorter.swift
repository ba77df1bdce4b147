import GICArch
import GICModel

/// Deals a trace's events out to the streams of a closed loop, and finds what they will wait for.
struct StreamSorter {
  private let trace: Trace
  /// The PEs' own, the devices' MSIs for each PE, and what else devices do.
  private(set) var perStream: [[UInt32]]
  /// By index of the event; -1 for an observation.
  private(set) var streamOf: [Int32]
  private(set) var serial: [UInt32] = []
  private(set) var doorbells: [UInt32] = []
  private(set) var msis: [UInt32] = []
  /// How far the queue was at each read of GITS_CREADR.
  private(set) var targets: [Int: UInt64] = [:]

  init(_ trace: Trace, count: Int) {
    self.trace = trace
    perStream = Array(repeating: [], count: trace.header.cpuCount * 2 + 1)
    streamOf = Array(repeating: -1, count: count)
  }

  mutating func sort() {
    var progress = QueueProgress()
    for index in streamOf.indices {
      let event = trace.events[index]
      guard !event.operation.isObservation else { continue }
      let stream = stream(index, event)
      perStream[stream].append(UInt32(index))
      streamOf[index] = Int32(stream)
      if event.operation.keepsOrder { serial.append(UInt32(index)) }
      if event.isDoorbell { doorbells.append(UInt32(index)) }
      if event.operation == .msi { msis.append(UInt32(index)) }
      if event.isQueueBase { progress.restart(event.b) }
      if event.isProgressRead { targets[index] = progress.read(event.b) }
    }
  }

  private func stream(_ index: Int, _ event: TraceEvent) -> Int {
    guard event.who < 0 else { return Int(event.who) }
    let cpus = trace.header.cpuCount
    guard event.operation == .msi, let found = trace.translation(after: index),
      found.operation == .translation
    else { return cpus * 2 }
    return cpus + MSIOutcome(packed: found.b).pe.index
  }
}

extension Trace {
  /// What became of the MSI at `index`: the `x` or `xf` before the next stimulus.
  func translation(after index: Int) -> TraceEvent? {
    for event in events[(index + 1)...] {
      if event.operation == .translation || event.operation == .failedTranslation { return event }
      guard event.operation.isObservation else { return nil }
    }
    return nil
  }
}
