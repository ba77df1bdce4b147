// A PE's or device's requests through shared memory: no system call while the daemon is awake.

import GICWire
import UVLoop

/// A pair of rings to the daemon. Used from the thread that uses its ``Client``.
public final class ClientPort {
  /// A Processor_Number, or the first DeviceID of a device's client.
  public let number: UInt32
  private unowned let client: Client
  private let ring: RingEnd
  private let daemonBell: OwnedDescriptor
  private let ownBell: OwnedDescriptor
  private var lastID: UInt32 = 0
  /// Requests that have not been answered.
  public private(set) var outstanding = 0
  /// Pauses before this end sleeps; 0 sleeps at once.
  public var spins = availableCPUCount() > 1 ? 200 : 0
  private var isClosed = false

  init(
    _ client: Client, number: UInt32, _ ring: RingEnd, daemonBell: OwnedDescriptor,
    ownBell: OwnedDescriptor
  ) {
    (self.client, self.number, self.ring) = (client, number, ring)
    (self.daemonBell, self.ownBell) = (daemonBell, ownBell)
  }

  /// Slots of each ring.
  public var slotCount: Int { Int(ring.slotCount) }

  /// Puts a request; nothing is seen of it before ``flush()``. Waits only while the ring is full.
  /// - Parameter flags: `noReply` posts it.
  /// - Returns: the number that its reply will carry.
  @discardableResult
  public func submit(
    _ request: Request, at cycle: UInt64? = nil, flags: FrameFlags = []
  ) throws(ClientError) -> UInt32 {
    guard let slot = request.slot(id: lastID &+ 1, flags: flags, time: client.picoseconds(cycle))
    else {
      throw ClientError(
        errno: 22, text: "\(request.type) has a tail or descriptors",
        advice: "send it over the socket: Client.call")
    }
    if !flags.contains(.noReply), outstanding >= slotCount {
      throw ClientError(
        errno: 11, text: "\(outstanding) replies wait in the ring", advice: "take them first")
    }
    while try room() == 0 {
      flush()
      // A ring that is full is being worked on: room comes soon.
      try wait(spins: 10 * spins) { $0.room != 0 }
    }
    lastID &+= 1
    ring.put(slot.words)
    if !flags.contains(.noReply) { outstanding += 1 }
    return lastID
  }

  private func room() throws(ClientError) -> Int {
    guard !isClosed else { throw ClientError(errno: 107, text: "the port was closed") }
    guard let room = ring.knownRoom else { throw ClientPort.nonsense }
    return room
  }

  private static var nonsense: ClientError {
    ClientError(errno: 71, text: "the daemon's index in the ring makes no sense")
  }

  /// Shows the daemon what was put, and wakes it if it sleeps.
  public func flush() { if ring.publish() { daemonBell.ring() } }

  /// The next reply, waited for. Replies come in the order of the requests.
  public func nextReply() throws(ClientError) -> Reply {
    flush()
    while true {
      switch ring.take() {
      case .slot(let words):
        outstanding -= 1
        // A daemon that waits for room for its replies is told of it with the next flush.
        return Reply(Slot(words: words))
      case .broken: throw ClientPort.nonsense
      case .empty:
        guard outstanding > 0 else { throw ClientError(errno: 11, text: "nothing was asked") }
        try wait(spins: spins) { $0.hasMore }
      }
    }
  }

  /// Asks and waits for the answer. Everything asked before must have been answered.
  /// - Throws: the daemon's errno; its log has the sentence.
  public func call(
    _ request: Request, at cycle: UInt64? = nil, flags: FrameFlags = []
  ) throws(ClientError) -> Reply {
    precondition(outstanding == 0, "take the replies to earlier requests first")
    try submit(request, at: cycle, flags: flags.subtracting(.noReply))
    let reply = try nextReply()
    guard reply.errno == 0 else {
      throw ClientError(errno: reply.errno, text: "\(request.type) was refused")
    }
    return reply
  }

  /// Spins for a while, then sleeps until `condition` holds or the connection ends.
  private func wait(
    spins: Int, until condition: (RingEnd) -> Bool
  ) throws(ClientError) {
    for _ in 0..<spins {
      if condition(ring) { return }
      spinPause()
    }
    while true {
      ring.willSleep()
      if condition(ring) { break }
      // Now and then a look at the socket: a daemon that is gone rings no bell.
      ownBell.waitForRing(milliseconds: 100)
      ring.didWake()
      if condition(ring) { break }
      try client.checkAlive()
    }
    ring.didWake()
  }

  /// Waits until `condition` holds, looking again whenever the PE's outputs change.
  /// - Returns: false when the time was over first.
  public func waitForLine(
    milliseconds: Int32, until condition: () -> Bool
  ) throws(ClientError) -> Bool {
    flush()
    ring.willSleep()
    defer { ring.didWake() }
    while !condition() {
      guard ownBell.waitForRing(milliseconds: milliseconds) else { return condition() }
      try client.checkAlive()
    }
    return true
  }

  /// Everything put here is carried out before what is sent over the socket afterwards.
  public func fenceSocket() throws(ClientError) {
    flush()
    _ = try client.call(.portFence(pe: number, count: UInt64(ring.putCount)))
  }

  /// Everything sent over the socket before is carried out before what is put here afterwards.
  public func fenceRing() throws(ClientError) {
    client.flush()
    try submit(
      .portFence(pe: number, count: client.framesSent), flags: .noReply)
  }

  /// Ends the port. What was put is carried out; replies that were not taken are lost.
  public func close() throws(ClientError) {
    guard !isClosed else { return }
    flush()
    isClosed = true
    _ = try client.call(.portClose(pe: number))
  }
}

/// What the line page says of one PE.
public struct SharedLine: Equatable, Sendable {
  public var interrupts: InterruptSummary
  /// When this was written.
  public var cycle: UInt64
  /// The same in picoseconds.
  public var time: UInt64
  /// Picoseconds: nothing changes before, unless somebody asks for something. All ones: never.
  public var horizon: UInt64
  /// The highest-priority pending interrupt of enabled groups; 1023: none.
  public var intid: UInt32
  public var priority: UInt8
}

/// The outputs of all PEs, in memory that the daemon writes.
public final class LinePage {
  private let records: SharedRecords
  init(_ records: SharedRecords) { self.records = records }

  /// - Parameter pe: below the machine's count of PEs.
  public func line(of pe: UInt32) -> SharedLine {
    let words = records.read(at: Int(pe))
    return SharedLine(
      interrupts: InterruptSummary(packed: words[0]), cycle: words[1], time: words[2],
      horizon: words[3], intid: UInt32(truncatingIfNeeded: words[4]),
      priority: UInt8(truncatingIfNeeded: words[4] >> 32))
  }
}

extension Client {
  /// Opens rings for a PE, or for a device's client. Unix sockets only.
  /// - Parameter slotCount: a power of two from 2 to 1024.
  public func openPort(
    _ number: UInt32, slotCount: UInt32 = 1024
  ) throws(ClientError) -> ClientPort {
    let (_, descriptors) = try callForDescriptors(
      .portOpen(pe: number, slotCount: slotCount), count: 3)
    do throws(UVError) {
      return ClientPort(
        self, number: number, try RingEnd.map(descriptors[0], slotCount: slotCount),
        daemonBell: descriptors[1], ownBell: descriptors[2])
    } catch { throw ClientError(errno: UInt32(error.errno), text: error.description) }
  }

  /// The outputs of all PEs, to be read without asking. Unix sockets only.
  public func linePage() throws(ClientError) -> LinePage {
    let (_, descriptors) = try callForDescriptors(.linePage, count: 1)
    do throws(UVError) {
      return LinePage(
        try SharedRecords.map(descriptors[0], recordCount: attachment?.peCount ?? 0))
    } catch { throw ClientError(errno: UInt32(error.errno), text: error.description) }
  }

  /// Lets everything under way end, makes the tables in RAM exact and holds the machine until
  /// ``resume()``.
  public func quiesce() throws(ClientError) { _ = try call(.quiesce) }
  public func resume() throws(ClientError) { _ = try call(.resume) }

  /// Promises to ask for nothing before `cycle`, in conservative time.
  @discardableResult
  public func promise(_ cycle: UInt64) throws(ClientError) -> Reply {
    try call(.timePromise(time: clock.picosecond(ofCycle: cycle)))
  }

  func picoseconds(_ cycle: UInt64?) -> UInt64? { cycle.map { clock.picosecond(ofCycle: $0) } }
}
