// Time modes: what a machine's time may pass, and that the host's order of arrival does not matter.

import GICArch
import GICClient
import GICServer
import GICWire
import Testing

/// PEs 0 and 1 of a timed machine, in conservative time, and the control that made it and stays.
private final class Board {
  let controller: Client
  let pes: [Client]

  init(_ daemon: Daemon) throws {
    controller = try daemon.controller("timed")
    pes = try (0..<2).map { pe in
      let client = try daemon.client()
      try client.attach(machine: "m", role: .pe(UInt32(pe)), timeMode: .conservative)
      return client
    }
  }
}

private func read(_ pe: UInt32) -> GICWire.Request {
  .mmioRead(address: 0x0808_0000, size: 4, pe: pe)
}

/// Cycles at which PE 0 and PE 1 read; the order that follows, by PE.
private struct Schedule: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var cycles: [[UInt64]]
  var order: [UInt32]
}
private let schedules = [
  Schedule(
    testDescription: "one after the other", cycles: [[100, 200], [300, 400]], order: [0, 0, 1, 1]),
  Schedule(
    testDescription: "in turns", cycles: [[100, 300, 500], [200, 400, 600]],
    order: [0, 1, 0, 1, 0, 1]),
  Schedule(
    testDescription: "at the same times", cycles: [[100, 200], [100, 200]], order: [0, 1, 0, 1]),
  Schedule(
    testDescription: "the second first", cycles: [[500], [100, 200, 300]], order: [1, 1, 1, 0]),
]

@Test(arguments: schedules, [false, true])
private func `requests take effect in the order of their times`(
  schedule: Schedule, swapped: Bool
) throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let (controller, pes) = (board.controller, board.pes)
  let all = Array(schedule.cycles.enumerated())
  // Whoever arrives first.
  var replies: [[GICWire.Reply]] = [[], []]
  for (pe, cycles) in swapped ? all.reversed() : all {
    for cycle in cycles { try pes[pe].submit(read(UInt32(pe)), at: cycle) }
    try pes[pe].submit(.timePromise(time: .max))
    replies[pe] += try pes[pe].poll()
    _ = try controller.list()
  }
  for (pe, cycles) in all {
    replies[pe] += try pes[pe].drain()
    #expect(replies[pe].count == cycles.count + 1)
    #expect(replies[pe].allSatisfy { $0.errno == 0 })
  }
  #expect(daemon.memory.allReaders == schedule.order)
}

@Test func `nothing happens before everybody has promised`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let (controller, pes) = (board.controller, board.pes)
  try pes[0].submit(read(0), at: 100)
  _ = try pes[0].poll()
  // The other may still ask for something earlier.
  try pes[1].promise(99)
  _ = try controller.list()
  #expect(daemon.memory.allReaders.isEmpty)
  let reply = try pes[1].promise(101)
  #expect(reply.errno == 0)
  #expect(try pes[0].drain().count == 1)
  #expect(daemon.memory.allReaders == [0])
  // A promise is not taken back: the request counts as of then.
  try pes[0].promise(1000)
  #expect(try pes[1].call(read(1), at: 50).cycle >= 101)
}

@Test func `who leaves holds nobody up`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let pes = board.pes
  try pes[0].submit(read(0), at: 100)
  _ = try pes[0].poll()
  pes[1].close()
  #expect(try pes[0].drain().count == 1)
}

@Test func `a PE that waits is woken by a line, at its time`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let pes = board.pes
  // PE 0 waits for an interrupt until 10,000; PE 1 reads at 500 and lowers nothing, then leaves the
  // field.
  try pes[0].submit(
    .timeAdvance(limit: 10_000_000, until: .lineRaised(0)), at: 10)
  _ = try pes[0].poll()
  _ = try pes[1].call(read(1), at: 500)
  // The fake's line of a PE follows its own write; another PE's interrupt input does it for PE 0.
  let device = try daemon.client()
  try device.attach(machine: "m", role: .device(first: 1, count: 1), timeMode: .conservative)
  try pes[1].submit(.timePromise(time: .max))
  _ = try pes[1].poll()
  _ = try device.call(.msi(device: 1, event: 0, address: 0), at: 700)
  try device.leave()
  let replies = try pes[0].drain()
  #expect(replies.count == 1)
  #expect(replies[0].interrupts?.levels == 1)
  #expect((700...720).contains(replies[0].cycle))
}

@Test func `a wait that nothing ends, ends at its limit`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let pes = board.pes
  try pes[1].submit(.timePromise(time: .max))
  _ = try pes[1].poll()
  let reply = try pes[0].call(.timeAdvance(limit: 3_000_000, until: .lineRaised(0)), at: 10)
  #expect(reply.cycle == 9000)
  #expect(reply.value == 3_000_000)
}

private let tooFar: [(name: String, request: GICWire.Request, flags: FrameFlags)] = [
  ("idle", .timeAdvance(limit: .max, until: .idle), []),
  ("a fence", read(0), .fence),
  ("records with times", .msiBatch([BatchedMSI(device: 1, event: 0, time: 5)]), []),
]

@Test(arguments: tooFar)
func `what would pass others is refused in conservative time`(
  _: String, request: GICWire.Request, flags: GICWire.FrameFlags
) throws {
  let daemon = try Daemon()
  let client = try daemon.client()
  try client.attach(machine: "m", configuration: "timed", timeMode: .conservative)
  #expect(errno { _ = try client.call(request, at: 5, flags: flags) } == 22)
}

@Test func `in paced time an access without a time happens now, and the horizon is told`() throws {
  let daemon = try Daemon()
  let client = try daemon.client()
  try client.attach(machine: "m", configuration: "timed", timeMode: .paced)
  let first = try client.mmioRead(0x0808_0000, at: 100)
  #expect(first.horizon == Reply.unlimitedHorizon)
  let second = try client.mmioRead(0x0808_0000)
  #expect(second.latency == 10)
  let msi = try client.msi(device: 1, event: 0)
  #expect(msi.interrupts == nil)
  #expect(msi.horizon == Reply.unlimitedHorizon)
  #expect(daemon.memory.untimed == 0)
  let free = try daemon.controller("timed")
  #expect(try free.mmioRead(0x0808_0000).horizon == 0)
  #expect(daemon.memory.untimed == 1)
}

@Test func `the horizon is no further than what others have promised`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon)
  defer { withExtendedLifetime(board) {} }
  let pes = board.pes
  try pes[1].promise(1000)
  let reply = try pes[0].call(read(0), at: 500)
  #expect(UInt64(reply.horizon) == 1000 - reply.cycle)
}

@Test func `a ring has a time of its own`() throws {
  let daemon = try Daemon()
  let client = try daemon.client()
  try client.attach(machine: "m", configuration: "timed", timeMode: .conservative)
  let ports = try [client.openPort(0, slotCount: 8), client.openPort(1, slotCount: 8)]
  // The connection's own time holds nobody up any more: it would be the ring that asks.
  try ports[0].submit(read(0), at: 300)
  ports[0].flush()
  try ports[1].submit(read(1), at: 200)
  try ports[1].submit(.timePromise(time: .max))
  ports[1].flush()
  _ = try ports[1].nextReply()
  _ = try ports[1].nextReply()
  _ = try ports[0].nextReply()
  #expect(daemon.memory.allReaders == [1, 0])
}

@Test func `with ports, nothing goes past others over the socket`() throws {
  let daemon = try Daemon()
  let client = try daemon.client()
  try client.attach(machine: "m", configuration: "timed", timeMode: .conservative)
  let port = try client.openPort(0, slotCount: 8)
  #expect(errno { _ = try client.advance(to: 5) } == 22)
  #expect(errno { _ = try client.call(read(0), flags: .fence) } == 22)
  #expect(try client.mmioRead(0x0808_0000).cycle == 10)
  #expect(try port.call(.timeAdvance(limit: 10_000, until: .limit)).cycle == 30)
}
