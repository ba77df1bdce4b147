// What requests do, and what replies carry.

import GICArch
import GICClient
import GICModel
import GICServer
import GICWire
import Testing

@Test func `an access without a frame behind it is a bus error and not an errno`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  #expect(try client.mmioRead(0x1000).busStatus == WireBusStatus.decodeError.rawValue)
  #expect(
    try client.mmioRead(0x0808_0000, pe: 2).busStatus == WireBusStatus.decodeError.rawValue)
  #expect(try client.mmioRead(0x0808_0000).busStatus == WireBusStatus.okay.rawValue)
}

@Test func `an MSI says what became of it`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  #expect(
    MSIOutcome(packed: try client.msi(device: 1, event: 5).value)
      == MSIOutcome(.set, intid: INTID(rawValue: 8197)))
  #expect(MSIOutcome(packed: try client.msi(device: 0, event: 5).value).kind == .deviceUnmapped)
  #expect(
    MSIOutcome(packed: try client.translate(device: 1, event: 6).value).intid.rawValue == 8198)
  let batch = try client.msiBatch([
    BatchedMSI(device: 1, event: 0), BatchedMSI(device: 0, event: 1),
    BatchedMSI(device: 2, event: 2),
  ])
  #expect(batch.map { MSIOutcome(packed: $0).kind } == [.set, .deviceUnmapped, .set])
  #expect(String(decoding: try client.statistics(), as: UTF8.self) == #"{"msis":5}"#)
}

@Test func `posted requests take effect before the next reply, and are never answered`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  for event in 0..<1000 { try client.postMSI(device: 1, event: UInt32(event)) }
  // One that is refused is not answered either.
  try client.submit(.memoryWrite(address: 0, bytes: [1]), flags: .noReply)
  #expect(try client.statistics() == Array(#"{"msis":1000}"#.utf8))
  #expect(try client.poll().isEmpty)
  #expect(String(decoding: try client.list(), as: UTF8.self).contains("\"postedErrors\":1"))
}

@Test func `a batch of writes says where the first bad one is`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let good = BatchedWrite(address: 0x0808_0000, data: 1, size: 4, source: 0)
  let bad = BatchedWrite(address: 0x10, data: 1, size: 4, source: 0)
  let last = BatchedWrite(address: 0x0808_0008, data: 9, size: 8, source: 1)
  #expect(try client.writeBatch([good, last]).value == 2)
  let reply = try client.writeBatch([good, bad, last, bad])
  #expect(reply.value == 1)
  #expect(reply.busStatus == WireBusStatus.decodeError.rawValue)
  #expect(try client.mmioRead(0x0808_0008, size: 8).value == 9)
  #expect(try client.writeBatch([]).value == 0)
}

@Test func `time goes in and latency comes out, in exact cycles`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller("timed")
  #expect(client.attachment?.isTimed == true)
  // At 3 GHz a cycle is no whole number of picoseconds.
  let reply = try client.mmioRead(0x0808_0000, at: 1000)
  #expect(reply.cycle == 1010)
  #expect(reply.latency == 10)
  #expect(reply.time == 336_667)
  // A stamp in the past counts from the machine's now.
  #expect(try client.mmioRead(0x0808_0000, at: 5).latency == 10)
  #expect(try client.mmioRead(0x0808_0000).latency == 10)
  #expect(try client.advance(to: 5000).cycle == 5000)
  #expect(try client.advance(to: nil, until: .idle).cycle == 5000)
  #expect(try client.advance(to: 7001, until: .lineRaised(1)).cycle == 7001)
  #expect(errno { try client.advance(to: 9000, until: .lineRaised(2)) } == 6)
  #expect(errno { try client.advance(to: nil) } == 22)
  let batch = [BatchedMSI(device: 1, event: 1, time: 3_000_000)]
  _ = try client.msiBatch(batch)
  #expect(try client.advance(to: 0).cycle == 9010)
}

@Test func `a fence lets everything end before the request`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller("timed")
  _ = try client.call(.flush)
  _ = try client.call(.flush, flags: .fence)
  #expect(daemon.memory.all == ["flush", "idle", "flush"])
}

@Test func `without time every latency is 0`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let untimed = try client.mmioRead(0x0808_0000)
  #expect((untimed.latency, untimed.cycle, untimed.time) == (0, 0, 0))
  let timed = try client.mmioRead(0x0808_0000, at: 77)
  #expect((timed.latency, timed.cycle) == (0, 77))
}

@Test func `replies to a pipeline come in order, whatever the window`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  for window in [1, 7, 100_000] {
    client.window = window
    var ids: [UInt32] = []
    for index in 0..<5000 {
      ids.append(
        try client.submit(
          index % 3 == 0
            ? .mmioWrite(address: 0x0808_0000, size: 8, data: UInt64(index), pe: 0)
            : .mmioRead(address: 0x0808_0000, size: 8, pe: 0)))
      #expect(client.outstanding <= window)
    }
    let replies = try client.drain()
    #expect(replies.map(\.id) == ids)
    let reads = replies.enumerated().filter { $0.offset % 3 != 0 }
    #expect(reads.allSatisfy { $0.element.value == UInt64($0.offset / 3 * 3) })
  }
}

@Test func `clients with long pipelines take turns`() throws {
  let daemon = try Daemon { $0.limits.framesPerTurn = 16 }
  let keeper = try daemon.controller()
  let peers = try (0..<2).map { pe in
    let peer = try RawPeer(daemon.endpoint)
    peer.send(.attach(Attach(machine: "m", role: .control)))
    #expect(try peer.reply().errno == 0)
    return (pe: UInt32(pe), peer: peer)
  }
  // The daemon is held until both pipelines have arrived whole.
  try keeper.submit(.mmioWrite(address: FakeMachine.gateRegister, size: 4, data: 0, pe: 0))
  _ = try keeper.poll()
  daemon.memory.atGate.wait()
  let count = 1000
  for (pe, peer) in peers {
    var pipeline: [UInt8] = []
    for id in 0..<count {
      Request.mmioRead(address: 0x0808_0000, size: 4, pe: pe).append(to: &pipeline, id: UInt32(id))
    }
    peer.send(raw: pipeline)
    #expect(peer.connection.queuedByteCount == 0)
  }
  daemon.memory.gate.signal()
  for (_, peer) in peers {
    for id in 0..<count { #expect(try peer.reply().id == UInt32(id)) }
  }
  // While both have frames left, nobody has more than two turns on end.
  var (run, last, seen, longest) = (0, UInt32.max, [0, 0], 0)
  for pe in daemon.memory.allReaders {
    run = pe == last ? run + 1 : 1
    last = pe
    seen[Int(pe)] += 1
    if seen.allSatisfy({ $0 < count }) { longest = max(longest, run) }
  }
  #expect(seen == [count, count])
  #expect(longest <= 32)
}

@Test func `a client that asks and does not read waits, and others do not`() throws {
  let daemon = try Daemon {
    $0.limits.replyHighWater = 64 << 10
    $0.limits.sendByteCount = 4 << 20
  }
  let controller = try daemon.controller()
  try controller.mapRemote(address: 0, byteCount: 1 << 20)
  let peer = try RawPeer(daemon.endpoint)
  peer.send(.attach(Attach(machine: "m", role: .control)))
  _ = try peer.reply()
  peer.connection.pause()
  // 64 MiB of replies: far over the limit at which a peer is cut, were they all made at once.
  for id in 0..<64 { peer.send(.memoryRead(address: 0, byteCount: 1 << 20), id: UInt32(id)) }
  for _ in 0..<100 { _ = try controller.mmioRead(0x0808_0000) }
  peer.connection.resume()
  for id in 0..<64 {
    let reply = try peer.reply()
    #expect(reply.id == UInt32(id) && reply.tail.count == 1 << 20)
  }
}

@Test func `everyone may look inside, and a machine that shows nothing says so`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  for role: Role in [.control, .pe(0), .device(first: 1, count: 1), .memory, .monitor] {
    let client = try daemon.client()
    try client.attach(machine: "m", role: role)
    let reply = try client.events(from: 0)
    #expect(String(decoding: reply.tail, as: UTF8.self).contains("\"events\":[]"))
    #expect(errno { _ = try client.explain(device: 1, event: 0) } == 95)
  }
  #expect(errno { _ = try controller.tables() } == 6)
  #expect(errno { _ = try controller.registers(pe: 0) } == 6)
  #expect(errno { _ = try daemon.client().events(from: 0) } == 71)
}
