// A session's rings and its line page.

import GICModel
import GICWire
import UVLoop

/// What became of a slot of a ring.
enum RingAnswer {
  case reply([8 of UInt64])
  /// It is being carried out in steps.
  case begun
  /// It was posted.
  case nothing
  /// It stays where it is: its time has not come, or the socket's has.
  case wait
}

extension Session {
  /// Carries out one slot of a ring that is no plain access.
  func carryOut(_ slot: Slot, in port: RingPort) -> RingAnswer {
    let words = slot.words
    var reply: Reply
    do throws(WireError) {
      guard slot.size == Slot.byteCount, slot.descriptorCount == 0 else {
        throw WireError(.einval, "a slot in a ring has neither tail nor descriptors")
      }
      // SAFETY: all bytes of the words are initialised, and they outlive the span.
      let request = try Request(decoding: slot, frame: unsafe words.span.bytes)
      guard request.fitsRing else {
        throw WireError(.eopnotsupp, "\(request.type) goes over the socket, not through a ring")
      }
      if case .portFence(_, let count) = request {
        guard requests >= count else {
          port.setFence(count)
          return .wait
        }
        reply = Reply(to: .portFence, id: slot.id)
        reply.value = requests
      } else {
        switch try perform(request, slot, nil, port.timePort, port.source) {
        case .reply(let answer): reply = answer
        case .wait: return .wait
        case .steps(let steps):
          port.work {
            guard let reply = steps() else { return nil }
            self.count(slot)
            return slot.flags.contains(.noReply) ? slot : reply.slot
          }
          return .begun
        }
      }
    } catch {
      log.debug("slot refused", metadata: ["type": "\(slot.type)", "error": "\(error)"])
      if slot.flags.contains(.noReply) { record.postedErrors.value += 1 }
      reply = Reply(toRawType: slot.type, id: slot.id)
      // The sentence has no room here.
      reply.errno = error.errno.rawValue
    }
    count(slot)
    return slot.flags.contains(.noReply) ? .nothing : .reply(reply.slot.words)
  }

  /// PORT_OPEN, PORT_CLOSE, PORT_FENCE and LINE_PAGE.
  /// - Returns: false when it must wait for what the port is doing.
  func performPort(
    _ request: Request, on host: MachineHost, _ reply: inout Reply
  ) throws(WireError) -> Bool {
    switch request {
    case .portOpen(let number, let slotCount):
      let port = try openPort(number, slotCount, on: host)
      reply.value = UInt64(slotCount)
      reply.latency = UInt64(port.ring.memory.byteCount)
      guard let memory = port.ring.memory.descriptor else {
        preconditionFailure("a ring lies in a memfd")
      }
      descriptorsToSend = [memory, port.bell.descriptor, port.clientBell]
    case .portClose(let number):
      let port = try port(number)
      // What was put before this frame was sent is carried out.
      port.serveAll()
      if port.isWorking { return false }
      close(port, host)
    case .portFence(let number, let count):
      let port = try port(number)
      func missing() -> Int32 {
        Int32(bitPattern: UInt32(truncatingIfNeeded: count) &- port.ring.takenCount)
      }
      if missing() > 0 { port.serveAll(limit: Int(missing())) }
      if port.isWorking { return false }
      guard missing() <= 0 else {
        throw WireError(
          .ebusy,
          "the ring of \(number) is carried out up to slot \(port.ring.takenCount) and not to "
            + "\(count): put what is missing, take replies, and ask again")
      }
      reply.value = UInt64(port.ring.takenCount)
    case .linePage:
      try requireDescriptors(1)
      let page = try Session.translating { () throws(UVError) in try host.sharedLines() }
      guard let memory = page.memory.descriptor else { preconditionFailure("a page is a memfd") }
      reply.value = UInt64(page.memory.byteCount)
      reply.latency = UInt64(SharedRecords.stride)
      descriptorsToSend = [memory]
    default: preconditionFailure("\(request.type) is not about ports")
    }
    return true
  }

  private func requireDescriptors(_ count: Int) throws(WireError) {
    guard connection.isPipe, capabilities.descriptorLimit >= count else {
      throw WireError(
        .eopnotsupp, "shared memory needs a Unix socket, and \(count) descriptors with a reply")
    }
  }

  private func port(_ number: UInt32) throws(WireError) -> RingPort {
    guard let port = ports.first(where: { $0.number == number }) else {
      throw WireError(.enxio, "this connection has no port \(number)")
    }
    return port
  }

  private func openPort(
    _ number: UInt32, _ slotCount: UInt32, on host: MachineHost
  ) throws(WireError) -> RingPort {
    try requireDescriptors(3)
    guard Int(slotCount) <= capabilities.ringSlots else {
      throw WireError(
        .e2big, "a ring of \(slotCount) slots; HELLO agreed on \(capabilities.ringSlots)")
    }
    guard let attached else { preconditionFailure("only who is attached opens ports") }
    let isDevice = if case .device = attached.role { true } else { false }
    guard isDevice || host.interrupts(of: number) != nil else {
      throw WireError(.enxio, "'\(host.name)' has PEs 0 to \(host.peCount - 1), and no \(number)")
    }
    let isFree = host.shared.lock.withLock { host.shared.claimPort(number, isDevice: isDevice) }
    guard isFree else { throw WireError(.ebusy, "'\(host.name)' has a port \(number) already") }
    let port: RingPort
    do throws(WireError) {
      port = try Session.translating { () throws(UVError) in
        try station.makePort(self, attached, number, slotCount)
      }
    } catch {
      host.shared.lock.withLock { host.shared.releasePort(number, isDevice: isDevice) }
      throw error
    }
    if timeMode == .conservative, let order = role?.timeOrder(self.number, port: number) {
      leaveTimeOrder()
      let rings = station.rings
      port.timePort = TimePort(order: order, promise: host.cycle) { [unowned port] in
        port.unblock()
        rings?.wake(port)
      }
    }
    port.timePort.map { host.order.add($0) }
    ports.append(port)
    host.add(port)
    describePorts()
    return port
  }

  private func close(_ port: RingPort, _ host: MachineHost?) {
    ports.removeAll { $0 === port }
    describePorts()
    port.isClosed = true
    station.rings?.remove(port)
    port.bell.close()
    if let timePort = port.timePort { host?.order.remove(timePort) }
    host?.remove(port)
    // A client that sleeps finds that nobody is there any more.
    port.clientBell.ring()
  }

  private func describePorts() {
    let numbers = ports.map(\.number)
    server.describe(self) { $0.ports = numbers }
  }

  func closePorts(_ host: MachineHost?) {
    for port in ports { close(port, host) }
  }
}

extension Role {
  /// Where requests of the same time stand; nil for who asks for nothing that has a time.
  /// - Parameters:
  ///   - session: its number.
  ///   - port: the PE of a ring, of a client that is more than one PE.
  func timeOrder(_ session: Int, port: UInt32? = nil) -> TimePort.Order? {
    switch self {
    case .control:
      TimePort.Order(role: port == nil ? 0 : 1, number: port ?? 0, session: session)
    case .pe(let number): TimePort.Order(role: 1, number: number, session: session)
    case .device(let first, _): TimePort.Order(role: 2, number: first, session: session)
    case .memory, .monitor: nil
    }
  }
}
