// Requests that come through shared memory: one pair of rings for a PE (or a device) of a session.

import GICModel
import GICWire
import UVLoop

/// A pair of rings, and who serves it.
final class RingPort {
  unowned let session: Session
  /// Most requests need no more than this.
  private let attached: Attached
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
  /// Frames of the socket that must have been carried out first.
  private var fence: UInt64?
  /// Its first slot waits for its time, or for the socket.
  private(set) var isBlocked = false
  /// Slots that were taken.
  private(set) var requests: UInt64 = 0
  /// The session is done with it.
  var isClosed = false
  /// ``RingServer`` looks at it without being rung.
  var isAwake = false

  init(
    _ session: Session, _ attached: Attached, number: UInt32, slotCount: UInt32, bell: Doorbell
  ) throws(UVError) {
    self.session = session
    self.attached = attached
    self.number = number
    isDevice = if case .device = attached.role { true } else { false }
    self.bell = bell
    ring = try RingEnd.create(slotCount: slotCount)
    clientBell = try makeEventDescriptor()
  }

  enum Served {
    case nothing
    case something
    /// The client's index makes no sense.
    case broken
  }

  /// What it waited for may have happened.
  func unblock() { isBlocked = false }

  /// Carries out at most `limit` requests.
  func serve(limit: Int) -> Served {
    guard !isClosed else { return .nothing }
    isBlocked = false
    guard var room = ring.knownRoom else { return .broken }
    var done = 0
    // A reply must have a place before its request is taken.
    loop: while done < limit, room > 0, !isClosed {
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
        case .nothing: break
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
    requests += UInt64(done)
    publish()
    return .something
  }

  private func carryOut(_ words: [8 of UInt64]) -> RingAnswer {
    let slot = Slot(words: words)
    guard let answer = attached.access(slot) else { return session.carryOut(slot, in: self) }
    return slot.flags.contains(.noReply) ? .nothing : .reply(answer.words)
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
      guard serve(limit: rest) == .something else { return }
      rest -= Int(ring.takenCount &- before)
    }
  }

  /// Requests after this one wait for the socket.
  func setFence(_ frames: UInt64) { fence = frames }

  /// Whether there is work that could be done now.
  var hasWork: Bool {
    guard !isClosed, !isBlocked, ring.hasMore, ring.knownRoom != 0 else { return false }
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

  func remove(_ port: RingPort) {
    awake.removeAll { $0 === port }
    hasChanged = true
  }

  private func run() {
    var (rest, idle) = (RingServer.requestsPerTurn, 0)
    var ports = awake
    hasChanged = false
    while rest > 0, !ports.isEmpty {
      let served = serve(ports, rest)
      rest -= served
      if hasChanged {
        ports = awake
        hasChanged = false
      }
      if served > 0 {
        idle = 0
      } else {
        guard idle < spins else { break }
        idle += 1
        spinPause()
      }
    }
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

  /// One look at every ring. Returns how many requests there were.
  private func serve(_ ports: [RingPort], _ limit: Int) -> Int {
    var served = 0
    // A port may go while its requests are carried out: then it has no work.
    for port in ports where port.hasWork {
      let before = port.ring.takenCount
      switch port.serve(limit: min(limit, 64)) {
      case .nothing: break
      case .something:
        served += Int(port.ring.takenCount &- before)
        port.flushNotices()
      case .broken: onBroken(port)
      }
    }
    return served
  }
}
