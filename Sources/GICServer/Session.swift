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
    case attached(MachineHost, Role, wantsLines: Bool)
    /// Said goodbye, or was sent away: nothing more is read.
    case ending
  }

  /// Counts up from 1 over the daemon's life.
  let number: Int
  let endpoint: Endpoint
  let server: Server
  let connection: Connection
  private(set) var state = State.greeting
  /// What the client calls itself.
  private(set) var clientName = ""
  private var frameLimit = WireProtocol.helloFrameLimit
  /// Bytes that a reply's tail may have.
  var agreedTailLimit: Int { frameLimit - Slot.byteCount }
  private(set) var requests: UInt64 = 0
  /// Requests without a reply that could not be carried out.
  private(set) var postedErrors: UInt64 = 0
  private var waitsForDrain = false
  private let log: Logger

  init(_ number: Int, _ connection: Connection, at endpoint: Endpoint, server: Server) {
    (self.number, self.connection, self.endpoint) = (number, connection, endpoint)
    self.server = server
    var log = server.log
    log[metadataKey: "client"] = "\(number)"
    self.log = log
    connection.delegate = self
  }

  var host: MachineHost? { if case .attached(let host, _, _) = state { host } else { nil } }
  var role: Role? { if case .attached(_, let role, _) = state { role } else { nil } }

  // MARK: Lines

  func listens(to pe: UInt32) -> Bool {
    guard case .attached(_, let role, wantsLines: true) = state else { return false }
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

  func flush() { connection.flush() }

  // MARK: Frames

  /// Whether another frame may be carried out in this turn; if not, sees to it that a later one is.
  private func mayGoOn(_ done: Int) -> Bool {
    let limits = server.options.limits
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
      server.resumeLater(self)
      return false
    }
    return true
  }

  private func handle(_ slot: Slot, _ frame: RawSpan) {
    requests += 1
    var reply: Reply
    do throws(WireError) {
      let descriptor = try takeDescriptor(slot)
      let request = try Request(decoding: slot, frame: frame)
      if descriptor != nil, request.type != .memoryMap {
        throw WireError(.einval, "\(request.type) takes no descriptor")
      }
      reply = try perform(request, slot, descriptor)
    } catch {
      log.debug("request refused", metadata: ["type": "\(slot.type)", "error": "\(error)"])
      if slot.flags.contains(.noReply) { postedErrors += 1 }
      reply = Reply(toRawType: slot.type, id: slot.id, error: error)
      if case .greeting = state {
        // Two who cannot agree on how to talk do not go on talking.
        if slot.type == MessageType.hello.rawValue { reply.carry(server.hello(for: self)) }
        send(reply, slot)
        end()
        return
      }
    }
    send(reply, slot)
    if case .ending = state { connection.closeWhenDrained() }
  }

  private func send(_ reply: Reply, _ slot: Slot) {
    guard !slot.flags.contains(.noReply) else { return }
    connection.write { reply.append(to: &$0) }
  }

  /// The descriptor that the frame brought. More than one are taken, and closed.
  private func takeDescriptor(_ slot: Slot) throws(WireError) -> OwnedDescriptor? {
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
  func leave() {
    let host = host
    state = .ending
    if let host { server.leave(host, self) }
  }

  /// Sends what is written, and closes.
  private func end() {
    leave()
    connection.closeWhenDrained()
  }

  func greet(_ client: Hello) throws(WireError) -> Hello {
    guard case .greeting = state else { throw WireError(.eproto, "HELLO comes once, and first") }
    let agreed = try server.hello(for: self).agreed(with: client)
    state = .greeted
    frameLimit = agreed.capabilities.frameLimit
    clientName = String(client.capabilities.name.prefix(64))
    log.debug("greeted", metadata: ["name": "\(clientName)"])
    return agreed
  }

  func attach(_ request: Attach) throws(WireError) -> (MachineHost, created: Bool) {
    guard case .greeted = state else { throw WireError(.eproto, "ATTACH comes once, after HELLO") }
    let (host, created) = try server.machine(for: request)
    state = .attached(host, request.role, wantsLines: request.wantsLines)
    host.attach(self)
    log.info("attached", metadata: ["machine": "\(host.name)", "role": "\(request.role)"])
    return (host, created)
  }
}

extension Session: ConnectionDelegate {
  func connection(_ connection: Connection, didReceive bytes: RawSpan) -> Int {
    var (offset, done) = (0, 0)
    defer { server.flush(after: self) }
    while offset < bytes.byteCount, mayGoOn(done) {
      if case .ending = state { return bytes.byteCount }
      let rest = bytes.extracting(droppingFirst: offset)
      switch FrameCut(rest, limit: frameLimit) {
      case .incomplete: return offset
      case .broken(let error):
        breakOff(rest, error)
        return bytes.byteCount
      case .frame(let byteCount):
        let frame = rest.extracting(first: byteCount)
        if let slot = Slot(decoding: frame) { handle(slot, frame) }
        offset += byteCount
        done += 1
      }
    }
    if offset == bytes.byteCount, connection.descriptorCount > 0 {
      connection.close(
        for: UVError(
          errno: 71, call: "\(connection.descriptorCount) descriptors that no frame named"))
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

  func connection(_ connection: Connection, didCloseFor reason: UVError?) {
    log.info("gone", metadata: reason.map { ["reason": "\($0)"] } ?? [:])
    leave()
    server.forget(self)
  }
}
