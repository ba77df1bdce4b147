// MSIs through a machine's door.

import GICArch
import GICModel

/// `msi.translate_set.*`: MSIs of 64 devices of 32 events, 4 PEs; each is translated and finds its
/// LPI pending. `msi.set.*`: none is pending; each sets another LPI, and the best is chosen anew.
/// `msi.functional` and `msi.timed_warm`, `msi.timed_cold`: the PEs acknowledge between the rounds,
/// which is not counted; on the timed clock the time that the MSIs need until they are at the CPU
/// interface is let pass, and the caches of its ITS hold all, or next to nothing.
func msiSuite() -> [Benchmark] {
  [
    messageRow("msi.translate_set.1thread", repeats: 8, pending: true),
    messageRow("msi.set.1thread", repeats: 1, pending: false),
    Benchmark(name: "msi.functional") {
      let layout = Layout()
      let machine = FunctionalMachine(layout.configuration(.functional))
      let side = try ModelSide(machine, layout)
      _ = try Guest(side, layout)
      return { try acknowledged(side, layout, rounds: 500, spacing: 0) }
    },
    timedRow("msi.timed_warm", Layout(devices: 2), rounds: 2000),
    timedRow("msi.timed_cold", Layout(devices: 1024), rounds: 4),
  ]
}

/// MSIs of all events in an order that changes, ours and C's by turns.
private final class MessageBench {
  private let name: String
  private let ours: Guest
  private let other: Guest?
  private let undo: [QueueEntry]
  private var messages: [Message]
  private var random = SplitMix64(state: 32)
  private let expected: Int

  init(_ name: String, repeats: Int, pending: Bool, withC: Bool) throws {
    self.name = name
    let layout = Layout()
    ours = try Guest(
      ModelSide(FunctionalMachine(layout.configuration(.functional)), layout), layout)
    other = withC ? try Guest(CSide(layout, shared: false), layout) : nil
    messages = (0..<layout.events * repeats).map { layout.message($0 % layout.events) }
    let ints = (0..<layout.events).map { QueueEntry(layout.int($0)) }
    if pending {
      ours.issue(ints)
      other?.issue(ints)
    }
    undo = pending ? [] : (0..<layout.events).map { QueueEntry(layout.clear($0)) }
    expected = pending ? 0 : messages.count
  }

  private func time(_ guest: Guest) throws -> Double {
    let side = guest.side
    side.take(messages)
    let seconds = side.timeSignal()
    guard side.setCount == expected else {
      throw WrongWork(description: "\(name): not \(expected) LPIs were set")
    }
    side.settle()
    guest.issue(undo)
    return seconds * 1e9 / Double(messages.count)
  }

  func sample() throws -> (ours: Double, other: Double?) {
    messages.shuffle(using: &random)
    return (try time(ours), try other.map { try time($0) })
  }
  func pass() throws -> Int {
    messages.shuffle(using: &random)
    _ = try time(ours)
    return messages.count
  }
  func check() throws {
    guard let other, let found = ours.difference(from: other, tables: true) else { return }
    throw WrongWork(description: "\(name): not the same work: \(found)")
  }
}

private func messageRow(_ name: String, repeats: Int, pending: Bool) -> Benchmark {
  Benchmark(
    name: name,
    measure: { plan in
      let bench = try MessageBench(name, repeats: repeats, pending: pending, withC: true)
      _ = try (bench.sample(), bench.sample())
      try bench.check()
      let pairs = try plan.pairs { try bench.sample() }
      try bench.check()
      return Measured(pairs)
    },
    loop: {
      try MessageBench(name, repeats: repeats, pending: pending, withC: false).pass
    })
}

private func timedRow(_ name: String, _ layout: Layout, rounds: Int) -> Benchmark {
  Benchmark(name: name) {
    let side = try ModelSide(TimedMachine(layout.configuration(.timed)), layout)
    _ = try Guest(side, layout)
    return { try acknowledged(side, layout, rounds: rounds, spacing: 32) }
  }
}

/// MSIs of all events, then everything is acknowledged.
/// - Parameter spacing: cycles from one MSI to the next.
private func acknowledged<M: Machine>(
  _ side: ModelSide<M>, _ layout: Layout, rounds: Int, spacing: UInt64
) throws -> Sample {
  var seconds = 0.0
  let machine = side.machine
  for _ in 0..<rounds {
    seconds += Clock.time {
      var cycle = machine.cycle
      // From device to device, so that no two in a row have an entry in common.
      for event in 0..<UInt64(Layout.eventsPerDevice) {
        for device in 0..<UInt32(layout.devices) {
          _ = machine.perform(Access(.msi, source: device, data: event, cycle: cycle))
          cycle += spacing
        }
      }
      _ = machine.advance(to: .max, until: .idle)
    }
    let (expected, got) = (layout.events, side.acknowledgeAll())
    guard got == expected else {
      throw WrongWork(description: "\(expected) MSIs, but \(got) LPIs were acknowledged")
    }
  }
  return Sample(operations: rounds * layout.events, seconds: seconds)
}
