// Several threads serve one machine: what each client sees must be what one thread would show.

import Foundation
import GICArch
import GICClient
import GICModel
import GICServer
import GICWire
import Synchronization
import Testing
import UVLoop

/// MSIs, or rounds, of each client: `ITSD_THREAD_ROUNDS`.
private let rounds = Int(ProcessInfo.processInfo.environment["ITSD_THREAD_ROUNDS"] ?? "") ?? 300

/// Runs each of the bodies on a thread of its own, and waits for all.
private func together(_ bodies: [@Sendable () throws -> Void]) {
  let group = DispatchGroup()
  for body in bodies {
    group.enter()
    Thread {
      do { try body() } catch { Issue.record("\(error)") }
      group.leave()
    }.start()
  }
  group.wait()
}

private let places: [(name: String, words: String, expected: [Int])] = [
  ("functional: one each", "", [0, 1, 2, 3, 0]),
  ("timed: where the machine is", "timed", [0, 0, 0, 0, 0]),
]
@Test(arguments: places)
func `clients are spread over the threads`(_: String, words: String, expected: [Int]) throws {
  let board = try GuestBoard(threads: 4, words)
  let others = [
    try board.join(.pe(0)), try board.join(.pe(1)), try board.join(.monitor),
    try board.join(.device(first: 1, count: 1)),
  ]
  #expect(try board.threads() == expected)
  for other in others { try other.leave() }
}

@Test func `who shares time with others is served where the machine is`() throws {
  let board = try GuestBoard(threads: 4)
  let clients = try [TimeMode.free, .paced, .conservative, .free].map { mode in
    let client = try board.daemon.client()
    try client.attach(machine: "m", role: .device(first: 1, count: 1), timeMode: mode)
    return client
  }
  #expect(try board.threads() == [0, 1, 0, 0, 2])
  withExtendedLifetime(clients) {}
}

@Test(arguments: [1, 4])
func `a line that one thread's client raises is shown to another's`(threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  let (pe, watcher) = (try board.join(.pe(1)), try board.join(.monitor))
  let device = try board.join(.device(first: 1, count: 1))
  let page = try watcher.linePage()
  for round in 0..<20 as Range<UInt32> {
    // Event 1 goes to PE 1.
    _ = try device.msi(device: 1, event: 1)
    // The device has its answer: from here on whoever asks sees the line, and nobody must ask.
    let now = page.line(of: 1)
    #expect(now.interrupts == InterruptSummary(levels: 1, sequence: 2 * round + 1))
    #expect(now.intid == 8193)
    #expect(try pe.mmioRead(0x0808_0000, pe: 1).interrupts == now.interrupts)
    #expect(try pe.systemRegisterRead(key(.iar1), pe: 1).value == 8193)
    try pe.systemRegisterWrite(key(.eoir1), 8193, pe: 1)
    #expect(page.line(of: 1).interrupts == InterruptSummary(levels: 0, sequence: 2 * round + 2))
  }
  var heard = watcher.takeLineChanges().map(\.interrupts.sequence)
  while heard.last != 40 {
    _ = try watcher.poll()
    heard += watcher.takeLineChanges().map(\.interrupts.sequence)
  }
  // One after the other, and none twice.
  #expect(heard == heard.sorted() && Set(heard).count == heard.count)
  let (told, answered) = (pe.takeLineChanges(), try pe.mmioRead(0x0808_0000, pe: 1))
  #expect(told.last?.interrupts == answered.interrupts)
}

@Test(arguments: [1, 4])
func `a newcomer hears how the lines are, whoever raised them`(threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  for event in 0..<2 as Range<UInt32> { _ = try board.control.msi(device: 1, event: event) }
  for _ in 0..<5 {
    let monitor = try board.join(.monitor)
    _ = try monitor.list()
    let heard = monitor.takeLineChanges()
    #expect(heard.map(\.pe) == [0, 1])
    #expect(heard.allSatisfy { $0.interrupts == InterruptSummary(levels: 1, sequence: 1) })
  }
}

/// A machine that is kept remembers its lines while nobody is there.
@Test(arguments: ["", "timed"], [1, 4])
func `whoever comes back hears how the lines are`(words: String, threads: Int) throws {
  let board = try GuestBoard(threads: threads, words)
  let keeper = try board.daemon.client()
  try keeper.attach(machine: "m", keep: true)
  _ = try keeper.msi(device: 1, event: 1)
  _ = try keeper.call(.timeAdvance(limit: 1 << 40, until: .limit))
  try keeper.leave()
  try board.control.leave()
  for role in [Role.monitor, .pe(1)] {
    let client = try board.join(role)
    #expect(client.attachment?.created == false)
    _ = try client.list()
    let heard = client.takeLineChanges()
    #expect(heard.map(\.pe) == [1])
    #expect(heard.map(\.interrupts) == [InterruptSummary(levels: 1, sequence: 1)])
    try client.leave()
  }
}

/// Devices send, PEs acknowledge, and one client maps and unmaps: every MSI is accounted for.
@Test(arguments: ["combining", "serial"], [1, 4])
func `a storm loses nothing`(policy: String, threads: Int) throws {
  let storm = Storm(try GuestBoard(threads: threads, pes: 2, policy))
  let devices = (1...2).map { (device: UInt32) in
    { @Sendable in try storm.send(from: device) }
  }
  let pes = (0..<2).map { (pe: UInt32) in
    { @Sendable in try storm.acknowledge(at: pe) }
  }
  together(devices + pes + [{ try storm.remap() }])
  #expect(try storm.board.isConserved())
  #expect(try storm.board.counts()[0] == storm.sent.load(ordering: .relaxed))
  let kept = try storm.board.counts()
  #expect(kept[1] > 0 && kept[2] > 0)
}

/// What the clients of a storm do, each on a thread of its own.
private final class Storm: @unchecked Sendable {
  /// Used by one thread at a time.
  let board: GuestBoard
  private let endpoint: Endpoint
  let sent = Atomic<Int>(0)
  private let silent = Atomic<Int>(0)

  init(_ board: GuestBoard) { (self.board, endpoint) = (board, board.daemon.endpoint) }

  private func client(_ role: Role) throws -> Client {
    let client = try Client(connectingTo: endpoint)
    try client.attach(machine: "m", role: role)
    return client
  }

  func send(from device: UInt32) throws {
    defer { silent.add(1, ordering: .sequentiallyConsistent) }
    let client = try client(.device(first: device, count: 1))
    for round in 0..<rounds {
      let batch = (0..<8).map {
        BatchedMSI(device: device, event: UInt32((round * 5 + $0) % 200))
      }
      _ = try client.msiBatch(batch)
      _ = try client.msi(device: device, event: UInt32(round % 200))
      sent.add(9, ordering: .relaxed)
    }
  }

  /// Until all devices are silent and nothing is pending any more.
  func acknowledge(at pe: UInt32) throws {
    let client = try client(.pe(pe))
    while true {
      let isLast = silent.load(ordering: .sequentiallyConsistent) == 2
      let intid = try client.systemRegisterRead(key(.iar1), pe: pe).value
      if intid != 1023 {
        try client.systemRegisterWrite(key(.eoir1), intid, pe: pe)
      } else if isLast {
        return
      }
    }
  }

  /// Device 2 comes and goes; an event of device 1 moves to and fro.
  func remap() throws {
    let (first, second) = (DeviceID(rawValue: 1), DeviceID(rawValue: 2))
    let moving = EventID(rawValue: 3)
    for _ in 0..<rounds / 10 {
      let maps = (0..<8).map { (event: UInt32) in board.mapti(2, event) }
      try board.issue(
        [board.mapd(2)] + maps + [
          .movi(first, moving, ICID(rawValue: 0)), .movi(first, moving, ICID(rawValue: 1)),
          .invall(ICID(rawValue: 0)), .mapd(second, nil),
        ])
    }
  }
}

/// A burst that is on its way before the daemon has decided who serves it: it moves with its
/// client, descriptors and all.
@Test(arguments: [1, 4])
func `what a client sends at once is carried out in order`(threads: Int) throws {
  let daemon = try Daemon(machines: realFactory()) { $0.threads = threads }
  let first = try daemon.controller()
  for round in 0..<20 as Range<UInt64> {
    let peer = try RawPeer(daemon.endpoint, greets: false)
    let memory = try SharedMemory.create(byteCount: 8192)
    memory.write([UInt8(round)], at: 5)
    peer.send(.hello(Hello()))
    peer.send(.attach(Attach(machine: "m", role: .control)), id: 2)
    let address = 0x4000_0000 + round << 16
    peer.send(
      .memoryMap(address: address, byteCount: 8192, offset: 0, isShared: true), id: 3,
      with: memory.descriptor)
    peer.send(.memoryRead(address: address, byteCount: 8), id: 4)
    for id in 1...3 as ClosedRange<UInt32> {
      let reply = try peer.reply()
      #expect(reply.id == id && reply.errno == 0)
    }
    #expect(try peer.reply().tail == [0, 0, 0, 0, 0, UInt8(round), 0, 0])
  }
  _ = try first.mmioRead(0x0808_0000)
}

/// Clients that are gone before they have found their place.
@Test(arguments: [1, 4])
func `a client that does not wait for its answers leaves nothing behind`(threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  for _ in 0..<50 {
    let peer = try RawPeer(board.daemon.endpoint, greets: false)
    peer.send(.hello(Hello()))
    peer.send(.attach(Attach(machine: "m", role: .monitor)), id: 2)
    peer.loop.close()
  }
  while try board.threads().count > 1 {}
  #expect(try board.join(.monitor).list().isEmpty == false)
}

/// Clients that come, do anything and go without a word, from several threads at once: the daemon
/// lives, and nothing of theirs stays.
@Test(arguments: [1, 4])
func `clients without manners leave nothing behind`(threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  let endpoint = board.daemon.endpoint
  together(
    (0..<4).map { (seed: UInt64) in
      {
        var dice = Dice(seed: seed)
        for _ in 0..<rounds / 10 { try misbehave(endpoint, &dice) }
      }
    })
  let listing = { String(decoding: try board.control.list(), as: UTF8.self) }
  while try listing().split(separator: "\"number\":").count > 2 {}
  #expect(try listing().split(separator: "\"address\":").count == 2)
  #expect(try board.isConserved())
  #expect(try board.control.msi(device: 1, event: 7).errno == 0)
  #expect(board.daemon.stop())
}

private func misbehave(_ endpoint: Endpoint, _ dice: inout Dice) throws {
  let client = try Client(connectingTo: endpoint)
  let pe = UInt32(dice.roll(2))
  let roles = [Role.control, .pe(pe), .device(first: 1, count: 1), .monitor, .memory]
  let role = roles[dice.roll(roles.count)]
  let mode = TimeMode.allCases[dice.roll(3)]
  guard (try? client.attach(machine: "m", role: role, timeMode: mode)) != nil else { return }
  for _ in 0..<dice.roll(30) {
    let requests: [GICWire.Request] = [
      .mmioRead(address: GuestBoard.its + UInt64(dice.roll(64)) * 8, size: 8, pe: pe),
      .msi(device: 1, event: UInt32(dice.roll(300)), address: 0),
      .systemRegisterRead(key: UInt64(SystemRegister.iar1.rawValue), pe: pe),
      .memoryMap(
        address: UInt64(dice.roll(64)) << 32, byteCount: 4096, offset: 0, isShared: false),
      .memoryUnmap(address: UInt64(dice.roll(64)) << 32), .statistics, .list, .flush,
      .events(from: 0, limit: 4), .portOpen(pe: pe, slotCount: 16), .linePage,
      .mmioWrite(
        address: GuestBoard.its + UInt64(GITS.CWRITER.offset), size: 8,
        data: UInt64(dice.roll(32_768)) * 32, pe: pe),
    ]
    let flags: FrameFlags = dice.roll(8) == 0 && mode != .conservative ? .fence : []
    try client.submit(requests[dice.roll(requests.count)], flags: flags)
  }
  // Goes in the middle of it, or not.
  if dice.roll(2) == 0, mode != .conservative {
    _ = try client.drain()
  } else {
    _ = try client.poll()
  }
  client.close()
}

/// Numbers that look random, and are the same each time.
private struct Dice {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  /// 0 up to `bound` - 1.
  mutating func roll(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}
