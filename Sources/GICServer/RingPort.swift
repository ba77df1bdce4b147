// Requests that come through shared memory: one pair of rings for a PE (or a device) of a session.

import GICModel
import GICWire
import UVLoop

/// A pair of rings, and who serves it.
final class RingPort {
  unowned let session: Session
  /// Most requests need no more than these two.
  private let attached: Attached
  private let record: SessionRecord
  /// The PE's Processor_Number, or the DeviceID that a device's connection begins with.
  let number: UInt32
  /// Its number is a DeviceID.
  let isDevice: Bool
  let ring: RingEnd
  /// Rung by the client.
  let bell: Doorbell
  /// Rung for the client.
  let clientBell: OwnedDescriptor
  var timePort: TimePort?
  private(set) lazy var source = RequestSource { [unowned self] now in
    unblock()
    if now { session.station.rings?.serve(self) }
    session.station.rings?.wake(self)
  }
  /// Frames of the socket that must have been carried out first.
  private var fence: UInt64?
  /// Its first slot waits for its time, or for the socket.
  private(set) var isBlocked = false
  /// The slot that was taken last is being carried out in steps; its reply has its place.
  private(set) var isWorking = false
  /// The session is done with it.
  var isClosed = false
  /// ``RingServer`` looks at it without being rung.
  var isAwake = false

  init(
    _ session: Session, _ attached: Attached, number: UInt32, slotCount: UInt32, bell: Doorbell
  ) throws(UVError) {
    self.session = session
    (self.attached, record) = (attached, session.record)
    self.number = number
    isDevice = if case .device = attached.role { true } else { false }
    self.bell = bell
    ring = try RingEnd.create(slotCount: slotCount)
    clientBell = try makeEventDescriptor()
  }

  enum Served {
    case nothing
    /// What it has cost, in requests of the usual kind.
    case something(Int)
    /// The client's index makes no sense.
    case broken
  }
  /// A write of CWRITER may cost as much as so many other requests.
  private static let queueWriteWeight = 16

  /// What it waited for may have happened.
  func unblock() { isBlocked = false }

  /// Carries out requests that cost at most `limit`, or one.
  func serve(limit: Int) -> Served {
    guard !isClosed, !isWorking else { return .nothing }
    isBlocked = false
    guard var room = ring.knownRoom else { return .broken }
    var done = 0
    let queueWrites = attached.host.queueWrites
    var cost: Int {
      done &+ (attached.host.queueWrites &- queueWrites) &* RingPort.queueWriteWeight
    }
    // A reply must have a place before its request is taken.
    loop: while cost < limit, room > 0, !isClosed, !isWorking {
      if let fence {
        if session.requests < fence { break }
        self.fence = nil
      }
      switch ring.take() {
      case .empty: break loop
      case .broken: return .broken
      case .slot(let words):
        switch carryOut(words) {
        case .reply(let reply):
          ring.put(reply)
          room -= 1
        case .nothing, .begun: break
        case .wait:
          ring.untake()
          isBlocked = fence == nil
          break loop
        }
        done += 1
        // Who waits for room or for a reply sees it before the whole batch is done.
        if done % 16 == 0 { publish() }
      }
    }
    guard done > 0 else { return .nothing }
    record.requests.value += UInt64(done)
    publish()
    return .something(cost)
  }

  private func carryOut(_ words: [8 of UInt64]) -> RingAnswer {
    let slot = Slot(words: words)
    switch attached.begin(slot) {
    case .done(let answer)?:
      return slot.flags.contains(.noReply) ? .nothing : .reply(answer.words)
    case .working(let begun, let isPE)?:
      var begun = begun
      work { [attached] in
        guard let outcome = attached.host.resume(&begun) else { return nil }
        return attached.answer(slot, outcome, isPE: isPE)
      }
      return .begun
    case nil: return session.carryOut(slot, in: self)
    }
  }

  /// Carries a slot out in steps; no other is taken until the last one has given the reply.
  func work(_ step: @escaping () -> Slot?) {
    isWorking = true
    session.station.begin(
      Job(on: attached.host) { [self] in
        guard let reply = step() else { return false }
        isWorking = false
        guard !isClosed else { return true }
        if !reply.flags.contains(.noReply) {
          ring.put(reply.words)
          publish()
        }
        session.station.rings?.wake(self)
        // Who fences the ring, or closes it, has waited for this.
        session.station.resumeLater(session)
        return true
      })
  }

  func publish() { if ring.publish() { clientBell.ring() } }

  /// Sends what the requests had to tell others. Replies went through the ring.
  func flushNotices() { if attached.host.hasNotices { attached.host.flushNotices() } }

  /// Carries out what the ring holds now, and not what is put meanwhile.
  /// - Parameter count: of that, how many at most.
  func serveAll(limit count: Int = .max) {
    var rest = min(count, Int(ring.slotCount))
    while rest > 0, hasWork {
      let before = ring.takenCount
      guard case .something = serve(limit: rest) else { return }
      rest -= Int(ring.takenCount &- before)
    }
  }

  /// Requests after this one wait for the socket.
  func setFence(_ frames: UInt64) { fence = frames }

  /// Whether there is work that could be done now.
  var hasWork: Bool {
    guard !isClosed, !isBlocked, !isWorking, ring.hasMore, ring.knownRoom != 0 else { return false }
    return fence.map { session.requests >= $0 } ?? true
  }

  /// The outputs of the PE have changed: a client that sleeps sees it.
  func linesChanged() { if ring.peerIsAsleep { clientBell.ring() } }
}

/// Serves the rings of a daemon. A ring that was rung is looked at for a while after its last
/// request; then it sleeps until it is rung again, and costs nothing.
final class RingServer {
  /// Rings that are looked at.
  private var awake: [RingPort] = []
  /// There are others now than when the last look began.
  private var hasChanged = false
  private var turn: NextTurn?
  /// Looks without work before the rings sleep.
  let spins: Int
  private static let requestsPerTurn = 256
  /// Tells the session that its client is not to be believed.
  private let onBroken: (RingPort) -> Void

  init(on loop: Loop, spins: Int, onBroken: @escaping (RingPort) -> Void) throws(UVError) {
    self.spins = spins
    self.onBroken = onBroken
    turn = try NextTurn(on: loop) { [unowned self] in run() }
  }

  /// The ring was rung, or what it waited for has happened.
  func wake(_ port: RingPort) {
    guard !port.isClosed else { return }
    if !port.isAwake {
      port.isAwake = true
      port.ring.didWake()
      awake.append(port)
      hasChanged = true
    }
    turn?.request()
  }

  /// A ring's requests have waited for this moment.
  func serve(_ port: RingPort) { _ = serve([port], RingServer.requestsPerTurn) }

  func remove(_ port: RingPort) {
    awake.removeAll { $0 === port }
    hasChanged = true
  }

  private func run() {
    var rest = RingServer.requestsPerTurn
    repeat {
      hasChanged = false
      if awake.count == 1 { serveAlone(awake[0], &rest) } else { serveMany(awake, &rest) }
    } while hasChanged && rest > 0
    if rest <= 0 {
      // The sockets have their turn.
      turn?.request()
      return
    }
    let tired = awake
    awake.removeAll(keepingCapacity: true)
    for port in tired {
      port.isAwake = false
      port.ring.willSleep()
      // What came between the last look and the word that it sleeps rang no bell.
      if port.hasWork { wake(port) }
    }
  }

  /// Serves the only ring that is awake until it has been idle for a while, or there are others.
  private func serveAlone(_ port: RingPort, _ rest: inout Int) {
    while rest > 0, !hasChanged {
      switch port.serve(limit: min(rest, 64)) {
      case .nothing:
        // A look at one ring takes half as long as one at several.
        guard port.ring.awaitMore(looks: 2 * spins), port.hasWork else { return }
      case .something(let cost):
        rest -= cost
        port.flushNotices()
      case .broken: return onBroken(port)
      }
    }
  }

  private func serveMany(_ ports: [RingPort], _ rest: inout Int) {
    var idle = 0
    while rest > 0, !ports.isEmpty, !hasChanged {
      let served = serve(ports, rest)
      rest -= served
      guard served == 0 else {
        idle = 0
        continue
      }
      guard idle < spins else { return }
      idle += 1
      spinPause()
    }
  }

  /// One look at every ring. Returns what the requests have cost.
  private func serve(_ ports: [RingPort], _ limit: Int) -> Int {
    var served = 0
    // A port may go while its requests are carried out: then it has no work.
    for port in ports where port.hasWork {
      switch port.serve(limit: min(limit, 64)) {
      case .nothing: break
      case .something(let cost):
        served += cost
        port.flushNotices()
      case .broken: onBroken(port)
      }
    }
    return served
  }
}
