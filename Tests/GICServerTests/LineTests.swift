// Interrupt lines: in replies and as messages, in an order that cannot mislead.

import GICClient
import GICServer
import GICWire
import Testing

private let raise = Request.mmioWrite(
  address: FakeMachine.linesRegister, size: 4, data: 1, pe: 0)
private let lower = Request.mmioWrite(
  address: FakeMachine.linesRegister, size: 4, data: 0, pe: 0)

@Test func `a notice comes before the reply of the access that caused it`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.endpoint)
  peer.send(.attach(Attach(machine: "m", role: .control)))
  _ = try peer.reply()
  peer.send(raise, id: 5)
  guard case .line(let notice) = try peer.message() else {
    Issue.record("no notice first")
    return
  }
  #expect(notice.pe == 0)
  #expect(notice.interrupts == InterruptSummary(levels: 1, sequence: 1))
  let reply = try peer.reply()
  #expect(reply.id == 5)
  #expect(reply.interrupts == notice.interrupts)
}

@Test func `those who listen hear of it at once, each of its own PEs`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  func attached(_ attach: Attach) throws -> RawPeer {
    let peer = try RawPeer(daemon.endpoint)
    peer.send(.attach(attach))
    #expect(try peer.reply().errno == 0)
    return peer
  }
  let pe0 = try attached(Attach(machine: "m", role: .pe(0)))
  let pe1 = try attached(Attach(machine: "m", role: .pe(1)))
  let monitor = try attached(Attach(machine: "m", role: .monitor))
  let quiet = try attached(Attach(machine: "m", role: .control, wantsLines: false))
  _ = try controller.call(raise)
  for peer in [pe0, monitor] {
    // Nothing was asked: the notice comes on its own.
    guard case .line(let notice) = try peer.message() else {
      Issue.record("no notice")
      return
    }
    #expect(notice.pe == 0 && notice.interrupts.levels == 1)
  }
  for peer in [pe1, quiet] {
    peer.send(.statistics)
    guard case .reply = try peer.message() else {
      Issue.record("heard what was not for it")
      return
    }
  }
}

@Test func `a newcomer learns the lines that have moved`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  _ = try controller.call(raise)
  _ = try controller.call(lower)
  _ = try controller.call(raise)
  let newcomer = try daemon.client()
  try newcomer.attach(machine: "m", role: .monitor)
  #expect(
    newcomer.takeLineChanges().map(\.interrupts) == [InterruptSummary(levels: 1, sequence: 3)])
}

@Test func `a client drains line changes in order`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  for _ in 0..<3 {
    try controller.submit(raise)
    try controller.submit(lower)
  }
  _ = try controller.drain()
  let changes = controller.takeLineChanges()
  #expect(changes.map(\.interrupts.levels) == [1, 0, 1, 0, 1, 0])
  #expect(changes.map(\.interrupts.sequence) == [1, 2, 3, 4, 5, 6])
  #expect(controller.takeLineChanges().isEmpty)
}

@Test func `one who listens and does not read is cut, and nobody else notices`() throws {
  let daemon = try Daemon {
    $0.limits.sendByteCount = 256 << 10
    $0.patienceMilliseconds = 600_000
  }
  let controller = try daemon.controller()
  let deaf = try RawPeer(daemon.endpoint)
  deaf.send(.attach(Attach(machine: "m", role: .monitor)))
  _ = try deaf.reply()
  deaf.connection.pause()
  for _ in 0..<6000 {
    try controller.submit(raise)
    try controller.submit(lower)
  }
  #expect(try controller.drain().count == 12_000)
  #expect(controller.takeLineChanges().count == 12_000)
  deaf.connection.resume()
  // It learns why, once it reads.
  let closing = try deaf.closing()
  #expect(closing?.errno == 105)
  #expect(closing?.text.contains("reads too slowly") == true)
}

@Test func `a client may agree on a shorter queue`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  let deaf = try RawPeer(daemon.endpoint, greets: false)
  var hello = Hello()
  hello.capabilities.frameLimit = 4096
  hello.capabilities.queueLimit = 64 << 10
  deaf.send(.hello(hello))
  #expect(try deaf.reply().hello().capabilities.queueLimit == 64 << 10)
  deaf.send(.attach(Attach(machine: "m", role: .monitor)))
  _ = try deaf.reply()
  deaf.connection.pause()
  // Far less than the daemon's own limit, and more than the kernel takes by itself.
  for _ in 0..<8000 {
    try controller.submit(raise)
    try controller.submit(lower)
  }
  _ = try controller.drain()
  deaf.connection.resume()
  #expect(try deaf.closing()?.errno == 105)
}
