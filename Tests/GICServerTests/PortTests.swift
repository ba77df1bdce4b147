// Requests through shared memory: the same as over the socket, in order with it, and no client can
// hurt with it.

import GICClient
import GICServer
import GICWire
import Testing
import UVLoop

private let raise = Request.mmioWrite(
  address: FakeMachine.linesRegister, size: 4, data: 1, pe: 1)

@Test(arguments: [2, 64, 1024] as [UInt32], [true, false])
func `requests through a ring are answered in order`(slotCount: UInt32, spins: Bool) throws {
  let daemon = try Daemon { $0.spins = spins }
  let client = try daemon.controller()
  let port = try client.openPort(1, slotCount: slotCount)
  if !spins { port.spins = 0 }
  for value in 0..<500 as Range<UInt64> {
    _ = try port.call(.mmioWrite(address: 0x0808_0000, size: 8, data: value, pe: 1))
    #expect(try port.call(.mmioRead(address: 0x0808_0000, size: 8, pe: 1)).value == value)
  }
  // As many at once as fit.
  var ids: [UInt32] = []
  for _ in 0..<20 {
    for _ in 0..<slotCount {
      ids.append(try port.submit(.mmioRead(address: 0x0808_0000, size: 8, pe: 1)))
    }
    for id in ids {
      let reply = try port.nextReply()
      #expect(reply.id == id && reply.value == 499)
    }
    ids.removeAll()
  }
  #expect(errno { _ = try port.nextReply() } == 11)
  try port.close()
  #expect(errno { _ = try port.call(.flush) } == 107)
  _ = try client.openPort(1).close()
}

@Test func `posted slots are carried out, however many, before the next reply`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let port = try client.openPort(0, slotCount: 16)
  for event in 0..<5000 as Range<UInt32> {
    try port.submit(.msi(device: 1, event: event, address: 0), flags: .noReply)
  }
  _ = try port.call(.flush)
  #expect(String(decoding: try client.statistics(), as: UTF8.self) == #"{"msis":5000}"#)
  #expect(port.outstanding == 0)
}

@Test func `fences order the ring and the socket`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let port = try client.openPort(1, slotCount: 64)
  for round in 0..<200 as Range<UInt64> {
    try port.submit(
      .mmioWrite(address: 0x0808_0000, size: 8, data: round, pe: 1), flags: .noReply)
    try port.fenceSocket()
    #expect(try client.mmioRead(0x0808_0000, size: 8).value == round)
    try client.submit(
      .mmioWrite(address: 0x0808_0008, size: 8, data: round, pe: 0), flags: .noReply)
    try port.fenceRing()
    #expect(try port.call(.mmioRead(address: 0x0808_0008, size: 8, pe: 1)).value == round)
  }
  // Of slots that were never put nothing can be waited for.
  #expect(errno { _ = try client.call(.portFence(pe: 1, count: 1 << 20)) } == 16)
}

private func misfit(_ change: (inout Slot) -> Void) -> Slot {
  var slot = Slot()
  slot.type = MessageType.flush.rawValue
  slot.id = 5
  change(&slot)
  return slot
}

private let misfits: [(name: String, slot: Slot, errno: UInt32)] = [
  ("a tail", misfit { $0.size = 72 }, 22),
  ("a descriptor", misfit { $0.descriptorCount = 1 }, 22),
  ("an unknown type", misfit { $0.type = 0x7777 }, 38),
  ("QUIESCE", misfit { $0.type = MessageType.quiesce.rawValue }, 95),
  ("MEM_READ", misfit { $0.type = MessageType.memoryRead.rawValue }, 95),
  ("a reply", misfit { $0.flags = .reply }, 71),
]

@Test(arguments: misfits)
func `a slot that does not belong in a ring is refused there`(
  _: String, slot: Slot, errno number: UInt32
) throws {
  let daemon = try Daemon()
  let rig = try RingRig(daemon)
  rig.ring.put(slot.words)
  let reply = try rig.reply()
  #expect(reply.errno == number)
  #expect(reply.id == 5)
  // It goes on.
  rig.ring.put(misfit { $0.id = 6 }.words)
  #expect(try rig.reply().errno == 0)
}

@Test func `a role holds for its ring too`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  let client = try daemon.client()
  try client.attach(machine: "m", role: .pe(1))
  #expect(errno { _ = try client.openPort(0) } == 1)
  let port = try client.openPort(1)
  #expect(errno { _ = try controller.openPort(1) } == 16)
  #expect(errno { _ = try controller.openPort(2) } == 6)
  #expect(errno { _ = try port.call(.mmioRead(address: 0x0808_0000, size: 4, pe: 0)) } == 1)
  _ = try port.call(.mmioRead(address: 0x0808_0000, size: 4, pe: 1))
  let device = try daemon.client()
  try device.attach(machine: "m", role: .device(first: 0x100, count: 4))
  let devicePort = try device.openPort(0x100)
  _ = try devicePort.call(.msi(device: 0x103, event: 0, address: 0))
  #expect(errno { _ = try devicePort.call(.msi(device: 0x104, event: 0, address: 0)) } == 1)
  // A DeviceID may be what a PE's number is.
  let first = try daemon.client()
  try first.attach(machine: "m", role: .device(first: 1, count: 1))
  _ = try first.openPort(1).call(.msi(device: 1, event: 0, address: 0))
}

@Test func `there are no rings over TCP`() throws {
  let daemon = try Daemon()
  let client = try Client(connectingTo: daemon.tcp)
  try client.attach(machine: "m")
  #expect(client.hello.capabilities.ringSlots == 0)
  #expect(errno { _ = try client.openPort(0) } == 95)
  #expect(errno { _ = try client.linePage() } == 95)
}

@Test func `reply, message and page carry one sequence number`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller("timed")
  let monitor = try daemon.client()
  try monitor.attach(machine: "m", role: .monitor)
  let page = try client.linePage()
  #expect(page.line(of: 1).interrupts == InterruptSummary())
  let port = try client.openPort(1)
  let reply = try port.call(raise)
  #expect(reply.interrupts == InterruptSummary(levels: 1, sequence: 1))
  #expect(page.line(of: 1).interrupts == reply.interrupts)
  #expect(page.line(of: 1).cycle == reply.cycle)
  #expect(page.line(of: 1).time == reply.time)
  #expect(page.line(of: 1).horizon == .max)
  #expect(page.line(of: 0).interrupts == InterruptSummary())
  // The ring's client is not told over the socket as well; the monitor is.
  #expect(client.takeLineChanges().isEmpty)
  _ = try monitor.list()
  #expect(monitor.takeLineChanges().map(\.interrupts) == [reply.interrupts])
}

@Test func `a client that sleeps is woken by its line`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  let (port, page) = (try pe.openPort(1), try pe.linePage())
  #expect(try !port.waitForLine(milliseconds: 0) { page.line(of: 1).interrupts.levels != 0 })
  try client.submit(raise, flags: .noReply)
  _ = try client.poll()
  #expect(try port.waitForLine(milliseconds: -1) { page.line(of: 1).interrupts.levels != 0 })
}

/// Whoever is woken finds the page written: again and again, since the two are only moments apart.
@Test(arguments: [1, 4])
func `the page says what the bell rang for`(threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  let pe = try board.join(.pe(1))
  let device = try board.join(.device(first: 1, count: 1))
  let (port, page) = (try pe.openPort(1), try pe.linePage())
  for _ in 0..<200 {
    try device.postMSI(device: 1, event: 1)
    _ = try device.poll()
    #expect(try port.waitForLine(milliseconds: 5_000) { page.line(of: 1).interrupts.levels != 0 })
    let iar = GICWire.Request.systemRegisterRead(key: key(.iar1), pe: 1)
    #expect(try port.call(iar).value == 8193)
    let eoi = GICWire.Request.systemRegisterWrite(key: key(.eoir1), data: 8193, pe: 1)
    #expect(try port.call(eoi).errno == 0)
  }
}

/// A ring held by hand, for what no client of ours would do.
private final class RingRig {
  let peer: RawPeer
  let ring: RingEnd
  let bell: OwnedDescriptor

  init(_ daemon: Daemon, slotCount: UInt32 = 8) throws {
    let peer = try RawPeer(daemon.endpoint)
    self.peer = peer
    peer.send(.attach(Attach(machine: "m", role: .control)))
    #expect(try peer.reply().errno == 0)
    peer.send(.portOpen(pe: 0, slotCount: slotCount))
    #expect(try peer.reply().errno == 0)
    let descriptors = (0..<3).compactMap { _ in peer.connection.takeDescriptor() }
    try #require(descriptors.count == 3)
    ring = try RingEnd.map(descriptors[0], slotCount: slotCount)
    bell = descriptors[1]
  }

  func reply() throws -> Reply {
    if ring.publish() { bell.ring() }
    while true {
      if case .slot(let words) = ring.take() { return Reply(Slot(words: words)) }
      if peer.isClosed { throw UVError(errno: 104, call: "the daemon closed") }
      peer.loop.run(.noWait)
    }
  }

  /// Writes a word of the shared memory.
  func set(_ offset: Int, _ value: UInt32) {
    // SAFETY: the offsets given are inside the ring's first page.
    unsafe ring.memory.base.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
  }
}

private let indices: [(name: String, offset: Int, value: UInt32)] = [
  ("more requests than slots", RingLayout.requestHead, 9),
  ("requests taken back", RingLayout.requestHead, .max),
  ("half of all numbers", RingLayout.requestHead, 0x8000_0000),
]

@Test(arguments: indices)
func `a client whose index makes no sense is cut, and nobody else`(
  _: String, offset: Int, value: UInt32
) throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  let rig = try RingRig(daemon)
  rig.set(offset, value)
  rig.bell.ring()
  let closing = try rig.peer.closing()
  #expect(closing?.errno == 71)
  #expect(closing?.text.contains("port 0") == true)
  #expect(try bystander.mmioRead(0x0808_0000).value == 0)
  _ = try bystander.openPort(0)
}

@Test func `anything in a ring leaves the daemon standing`() throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  var random = SystemRandomNumberGenerator()
  for _ in 0..<40 {
    let rig = try RingRig(daemon)
    for _ in 0..<20 {
      // Slots of any content, half of them with a head that is a slot's; indices of any value.
      var words: [8 of UInt64] = .init(repeating: 0)
      for index in 0..<8 { words[index] = random.next() }
      if Bool.random() { words[0] = 64 | UInt64.random(in: 0..<0x100) << 32 }
      rig.ring.put(words)
      if Bool.random(using: &random) { _ = rig.ring.publish() }
      if Int.random(in: 0..<6, using: &random) == 0 {
        rig.set(0x40 * Int.random(in: 0..<8, using: &random), UInt32.random(in: 0...16))
      }
      rig.bell.ring()
    }
    rig.peer.loop.run(.noWait)
  }
  #expect(try bystander.mmioRead(0x1000).busStatus == 2)
}

@Test func `rings go with their client, and leave nothing behind`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  for _ in 0..<50 {
    let client = try daemon.client()
    try client.attach(machine: "m", role: .pe(1))
    let port = try client.openPort(1)
    try port.submit(.mmioRead(address: 0x0808_0000, size: 4, pe: 1))
    port.flush()
    client.close()
    while try String(decoding: controller.list(), as: UTF8.self).contains("\"ports\":[1]") {}
  }
}
