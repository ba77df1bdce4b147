// One client's connection: frames in, in order; replies out, in order.

import GICModel
import GICWire
import Logging
import UVLoop

/// The state machine of one connection: HELLO, then ATTACH, then work.
final class Session {
  enum State {
    case greeting
    case greeted
    case attached
    /// Said goodbye, or was sent away: nothing more is read.
    case ending
  }

  /// Counts up from 1 over the daemon's life.
  let number: Int
  let server: Server
  /// What others may know of it.
  let record: SessionRecord
  /// Whose thread it belongs to.
  private(set) var station: Station
  private(set) var connection: Connection
  private(set) var state = State.greeting
  private(set) var attached: Attached?
  private var wantsLines = false
  private var frameLimit = WireProtocol.helloFrameLimit
  private(set) var capabilities = Capabilities()
  /// Bytes that a reply's tail may have.
  var agreedTailLimit: Int { frameLimit - Slot.byteCount }
  /// Frames of the socket that have been carried out.
  private(set) var requests: UInt64 = 0
  private var waitsForDrain = false
  /// The last frame that was taken is being carried out in steps.
  var isWorking = false
  /// It goes on at another station, which will look at its first frame again.
  private var isMoving = false
  /// Came with a frame that waits.
  private var heldDescriptor: OwnedDescriptor?
  /// This connection in conservative time.
  private(set) var timePort: TimePort?
  var ports: [RingPort] = []
  /// Snapshots on their way.
  private(set) lazy var transfer = SnapshotTransfer(server.snapshotBudget)
  /// Sent with the reply that is being made.
  var descriptorsToSend: [OwnedDescriptor] = []
  private(set) lazy var source = RequestSource { [unowned self] now in
    if now { connection.resume() } else { station.resumeLater(self) }
  }
  let log: Logger
  private let limits: ServerOptions.Limits

  init(_ record: SessionRecord, _ connection: Connection, at station: Station) {
    (self.record, self.connection, self.station) = (record, connection, station)
    (number, server) = (record.number, station.server)
    limits = station.server.options.limits
    var log = server.log
    log[metadataKey: "client"] = "\(number)"
    self.log = log
    connection.delegate = self
  }

  var host: MachineHost? { attached?.host }
  var role: Role? { attached?.role }
  var timeMode: TimeMode { attached?.timeMode ?? .free }

  // MARK: Lines

  func listens(to pe: UInt32) -> Bool {
    guard wantsLines, let role else { return false }
    // Who has a ring for the PE sees its lines there, and need not read the socket.
    if ports.contains(where: { $0.number == pe }) { return false }
    return switch role {
    case .control, .monitor: true
    case .pe(let own): own == pe
    case .device, .memory: false
    }
  }

  func notify(_ notice: LineNotice) {
    guard listens(to: notice.pe) else { return }
    connection.write { notice.append(to: &$0) }
  }

  func flush() {
    connection.flush()
    record.queuedBytes.value = UInt64(connection.queuedByteCount)
  }

  // MARK: Stations

  /// Asks for its place at another station.
  func move(to other: Int) {
    isMoving = true
    station.move(self, to: other)
  }

  /// It could not be moved yet: it asks again once what was written has been sent.
  func staysForNow() {
    isMoving = false
    // Nothing can be sent to a peer that takes nothing any more: it is gone, or nearly so.
    if connection.queuedByteCount > 0 { waitsForDrain = true } else { connection.close(for: nil) }
  }

  /// Goes on here.
  func settle(at station: Station, _ connection: Connection) {
    (self.station, self.connection, isMoving) = (station, connection, false)
    connection.delegate = self
    connection.resume()
  }

  // MARK: Frames

  /// Commands may cost as much as so many other frames.
  private static let queueWriteWeight = 64

  /// Whether another frame may be carried out in this turn; if not, sees to it that a later one is.
  private func mayGoOn(_ done: Int) -> Bool {
    guard !isWorking, !isMoving else {
      connection.pause()
      return false
    }
    if connection.queuedByteCount >= limits.replyHighWater {
      connection.flush()
      if connection.queuedByteCount >= limits.replyHighWater {
        // The client must read before it may ask for more.
        waitsForDrain = true
        connection.pause()
        return false
      }
    }
    guard done < limits.framesPerTurn else {
      connection.pause()
      station.resumeLater(self)
      return false
    }
    return true
  }

  /// What became of a frame.
  private enum Handled {
    case done
    /// It is being carried out in steps.
    case begun
    /// It is shown again.
    case mustWait
  }

  private func handle(_ slot: Slot, _ frame: RawSpan) -> Handled {
    switch attached?.begin(slot) {
    case .done(let answer)?:
      finish(answer, slot)
      return .done
    case .working(let begun, let isPE)?:
      work(begun, slot, isPE: isPE)
      return .begun
    case nil: break
    }
    var reply: Reply
    do throws(WireError) {
      let descriptor = try takeDescriptor(slot)
      let request = try Request(decoding: slot, frame: frame)
      if descriptor != nil, request.type != .memoryMap {
        throw WireError(.einval, "\(request.type) takes no descriptor")
      }
      switch try perform(request, slot, descriptor, timePort, source) {
      case .reply(let answer): reply = answer
      case .steps(let steps):
        work(steps, slot)
        return .begun
      case .wait:
        heldDescriptor = descriptor
        return .mustWait
      }
    } catch {
      log.debug("request refused", metadata: ["type": "\(slot.type)", "error": "\(error)"])
      if slot.flags.contains(.noReply) { record.postedErrors.value += 1 }
      reply = Reply(toRawType: slot.type, id: slot.id, error: error)
      if case .greeting = state {
        // Two who cannot agree on how to talk do not go on talking.
        if slot.type == MessageType.hello.rawValue { reply.carry(server.hello(for: self)) }
        send(reply, slot)
        end()
        return .done
      }
    }
    finish(reply, slot)
    return .done
  }

  private func countRequest() {
    requests += 1
    record.requests.value += 1
  }

  func finish(_ answer: Slot, _ slot: Slot) {
    countRequest()
    if !slot.flags.contains(.noReply) { connection.write(answer.words) }
  }

  func finish(_ reply: Reply, _ slot: Slot) {
    countRequest()
    count(slot)
    send(reply, slot)
    if case .ending = state { connection.closeWhenDrained() }
  }

  /// Counts a request that was carried out, or refused, if its kind counts. What a machine that
  /// rests has refused will be asked again.
  func count(_ slot: Slot) {
    guard let attached, MessageType(rawValue: slot.type)?.counts == true else { return }
    attached.countSlow(slot)
  }

  private func send(_ reply: Reply, _ slot: Slot) {
    guard !slot.flags.contains(.noReply) else { return }
    guard descriptorsToSend.isEmpty else {
      var reply = reply
      reply.descriptorCount = UInt8(descriptorsToSend.count)
      connection.send(descriptorsToSend) { reply.append(to: &$0) }
      descriptorsToSend.removeAll()
      return
    }
    connection.write { reply.append(to: &$0) }
  }

  /// The descriptor that the frame brought. More than one are taken, and closed.
  private func takeDescriptor(_ slot: Slot) throws(WireError) -> OwnedDescriptor? {
    if let held = heldDescriptor {
      heldDescriptor = nil
      return held
    }
    guard slot.descriptorCount > 0 else { return nil }
    let taken = (0..<slot.descriptorCount).compactMap { _ in connection.takeDescriptor() }
    guard taken.count == slot.descriptorCount else {
      throw WireError(
        .ebadf,
        connection.isPipe
          ? "the frame names \(slot.descriptorCount) descriptors and brought \(taken.count)"
          : "TCP carries no descriptors: map without one, and the daemon holds the RAM")
    }
    return taken[0]
  }

  // MARK: States

  /// Leaves the machine, at once.
  /// - Parameter orderly: the client said goodbye.
  func leave(orderly: Bool) {
    let (host, role) = (host, role)
    leaveTimeOrder()
    state = .ending
    (attached, wantsLines) = (nil, false)
    closePorts(host)
    guard let host, let role else { return }
    server.leave(host, self, as: role, orderly: orderly)
    host.timeMoved()
    station.release(host)
  }

  /// From its first port on, a client's times are its ports'.
  func leaveTimeOrder() {
    guard let timePort, let host else { return }
    host.order.remove(timePort)
    self.timePort = nil
  }

  /// Tells the client why this is the end, and ends it: soon, whether it reads that or not.
  func cut(_ error: WireError, for reason: UVError? = nil) {
    log.info("cut", metadata: ["reason": "\(error)"])
    leave(orderly: false)
    connection.close(
      for: reason, saying: { ClosingNotice(error).append(to: &$0) },
      milliseconds: server.options.patienceMilliseconds)
  }

  /// Sends what is written, and closes.
  private func end() {
    leave(orderly: false)
    connection.closeWhenDrained()
  }

  func greet(_ client: Hello) throws(WireError) -> Hello {
    guard case .greeting = state else { throw WireError(.eproto, "HELLO comes once, and first") }
    let agreed = try server.hello(for: self).agreed(with: client)
    state = .greeted
    capabilities = agreed.capabilities
    frameLimit = capabilities.frameLimit
    connection.sendByteLimit = min(
      capabilities.queueLimit, server.options.limits.sendByteCount)
    let name = String(client.capabilities.name.prefix(64))
    server.describe(self) { $0.name = name }
    log.debug("greeted", metadata: ["name": "\(name)"])
    return agreed
  }

  /// - Returns: nil when another station must do it.
  func attach(_ request: Attach) throws(WireError) -> (MachineHost, created: Bool)? {
    guard case .greeted = state else { throw WireError(.eproto, "ATTACH comes once, after HELLO") }
    let place = server.station(for: request, of: self)
    guard place == station.number else {
      move(to: place)
      return nil
    }
    let (machine, created) = try server.join(self, request)
    let host = station.host(of: machine)
    state = .attached
    attached = Attached(host, request.role, request.timeMode)
    wantsLines = request.wantsLines
    if request.timeMode == .conservative, let order = request.role.timeOrder(number) {
      let port = TimePort(order: order, promise: host.cycle) { [unowned self] in
        station.resumeLater(self)
      }
      timePort = port
      host.order.add(port)
    }
    host.attach(self)
    log.info("attached", metadata: ["machine": "\(host.name)", "role": "\(request.role)"])
    return (host, created)
  }
}

extension Session: ConnectionDelegate {
  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int {
    var (offset, done) = (0, 0)
    let queueWrites = host?.queueWrites ?? 0
    defer { station.flush(after: self) }
    while offset < bytes.byteCount {
      let written = (host?.queueWrites ?? 0) - queueWrites
      guard mayGoOn(done + max(written, 0) * Session.queueWriteWeight) else { return offset }
      if case .ending = state { return bytes.byteCount }
      let rest = bytes.extracting(droppingFirst: offset)
      switch FrameCut(rest, limit: frameLimit) {
      case .incomplete: return offset
      case .broken(let error):
        breakOff(rest, error)
        return bytes.byteCount
      case .frame(let byteCount):
        let frame = rest.extracting(first: byteCount)
        if let slot = Slot(decoding: frame) {
          switch handle(slot, frame) {
          case .done, .begun: break
          case .mustWait:
            // Its time has not come; the bytes behind it wait with it.
            connection.pause()
            return offset
          }
        }
        offset += byteCount
        done += 1
      }
    }
    if offset == bytes.byteCount, connection.descriptorCount > 0 {
      cut(WireError(.eproto, "\(connection.descriptorCount) descriptors that no frame named"))
    }
    return offset
  }

  /// No frame begins here: says so if the slot is there to be answered, and closes.
  private func breakOff(_ bytes: RawSpan, _ error: WireError) {
    log.info("framing lost", metadata: ["error": "\(error)"])
    if let slot = Slot(decoding: bytes) {
      send(Reply(toRawType: slot.type, id: slot.id, error: error), slot)
    }
    end()
  }

  func connectionDidDrain(_ connection: Connection) {
    guard waitsForDrain else { return }
    waitsForDrain = false
    connection.resume()
  }

  func connectionIsTooSlow(_ connection: Connection, for reason: UVError) {
    cut(WireError(.enobufs, reason.call), for: reason)
  }

  func connection(_ connection: Connection, didCloseFor reason: UVError?) {
    log.info("gone", metadata: reason.map { ["reason": "\($0)"] } ?? [:])
    leave(orderly: false)
    server.forget(self)
  }
}
