// Requests that come through shared memory: one pair of rings for a PE (or a device) of a session.

import GICModel
import GICWire
import UVLoop

/// A pair of rings, and who serves it.
final class RingPort {
  unowned let session: Session
  /// The PE's Processor_Number, or the DeviceID that a device's connection begins with.
  let number: UInt32
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
  /// The session is done with it.
  var isClosed = false

  init(
    _ session: Session, number: UInt32, slotCount: UInt32, bell: Doorbell
  ) throws(UVError) {
    self.session = session
    self.number = number
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
    guard var room = ring.room else { return .broken }
    var done = 0
    // A reply must have a place before its request is taken.
    loop: while done < limit, room > 0, !isClosed {
      if let fence, session.requests < fence { break }
      fence = nil
      switch ring.take() {
      case .empty: break loop
      case .broken: return .broken
      case .slot(let words):
        switch session.carryOut(words, in: self) {
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
      }
    }
    guard done > 0 else { return .nothing }
    publish()
    return .something
  }

  func publish() { if ring.publish() { clientBell.ring() } }

  /// Requests after this one wait for the socket.
  func setFence(_ frames: UInt64) { fence = frames }

  /// Whether there is work that could be done now.
  var hasWork: Bool {
    guard !isClosed, !isBlocked, ring.hasMore, ring.room != 0 else { return false }
    return fence.map { session.requests >= $0 } ?? true
  }

  /// The outputs of the PE have changed: a client that sleeps sees it.
  func linesChanged() { if ring.peerIsAsleep { clientBell.ring() } }
}

/// Serves all rings of a daemon: looks at them for a while after work, then sleeps until a bell
/// rings.
final class RingServer {
  private var ports: [RingPort] = []
  private var turn: NextTurn?
  /// Pauses without work before the daemon sleeps.
  let spins: Int
  private static let requestsPerTurn = 256
  /// Tells the session that its client is not to be believed.
  private let onBroken: (RingPort) -> Void

  init(on loop: Loop, spins: Int, onBroken: @escaping (RingPort) -> Void) throws(UVError) {
    self.spins = spins
    self.onBroken = onBroken
    turn = try NextTurn(on: loop) { [unowned self] in run() }
  }

  func add(_ port: RingPort) {
    ports.append(port)
    port.ring.willSleep()
    wake()
  }

  func remove(_ port: RingPort) { ports.removeAll { $0 === port } }

  /// Somebody has rung, or what a port waited for has happened.
  func wake() { turn?.request() }

  private func run() {
    for port in ports { port.ring.didWake() }
    var (rest, idle) = (RingServer.requestsPerTurn, 0)
    while rest > 0 {
      let served = serveAll(rest)
      rest -= served
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
      wake()
      return
    }
    for port in ports { port.ring.willSleep() }
    if ports.contains(where: { $0.hasWork }) { wake() }
  }

  /// One look at every ring. Returns how many requests there were, roughly.
  private func serveAll(_ limit: Int) -> Int {
    var served = 0
    // A port may go while its requests are carried out.
    for port in ports where port.hasWork {
      let before = port.ring.takenCount
      switch port.serve(limit: min(limit, 64)) {
      case .nothing: break
      case .something:
        served += Int(port.ring.takenCount &- before)
        port.session.server.flushNotices(after: port.session)
      case .broken: onBroken(port)
      }
    }
    return served
  }
}
