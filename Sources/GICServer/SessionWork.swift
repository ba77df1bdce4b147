// What each request does.

import GICArch
import GICModel
import GICWire
import UVLoop

/// How far a request has got.
enum Performed {
  case reply(Reply)
  /// It goes on in steps, each of which takes some 10 us; the last one gives the reply.
  case steps(() -> Reply?)
  /// It must be asked for again, when its time has come or what it waits for has happened.
  case wait
}

extension Session {
  /// Carries a request out.
  /// - Parameters:
  ///   - port: where it came from, in conservative time.
  ///   - source: where it came from.
  func perform(
    _ request: Request, _ slot: Slot, _ descriptor: OwnedDescriptor?, _ port: TimePort?,
    _ source: RequestSource
  ) throws(WireError) -> Performed {
    var reply = Reply(to: request.type, id: slot.id)
    switch request {
    case .hello(let hello):
      reply.carry(try greet(hello))
      return .reply(reply)
    case .attach(let attach):
      guard let (host, created) = try self.attach(attach) else { return .wait }
      stamp(&reply, host)
      let attachment = host.attachment(created: created, role: attach.role)
      (reply.value, reply.latency) = (attachment.flags, attachment.requestCount)
      if case .pe(let pe) = attach.role { reply.interrupts = host.interrupts(of: pe) }
      reply.tail = attachment.encoded()
      return .reply(reply)
    default: break
    }
    if case .greeting = state {
      throw WireError(.eproto, "HELLO must come first")
    }
    if case .list = request {
      reply.tail = server.listing()
      return .reply(reply)
    }
    if let host, host.isOccupied {
      host.waitForTurn(source)
      return .wait
    }
    if case .bye = request {
      leave(orderly: true)
      return .reply(reply)
    }
    guard let host, let role else {
      throw WireError(.eproto, "\(request.type) needs a machine: ATTACH first")
    }
    try role.check(request)
    try host.check(request)
    guard try letOthersEnd(before: request, slot, host, source) else { return .wait }
    let finish = { [timeMode] (reply: inout Reply) in
      if reply.interrupts == nil, case .pe(let pe) = role {
        reply.interrupts = host.interrupts(of: pe)
      }
      if timeMode != .free { reply.horizon = host.horizon(after: reply.cycle, for: port) }
    }
    switch try carryOut(request, on: host, slot, descriptor, port, reply) {
    case .wait: return .wait
    case .reply(var reply):
      finish(&reply)
      return .reply(reply)
    case .steps(let steps):
      return .steps {
        guard var reply = steps() else { return nil }
        finish(&reply)
        return reply
      }
    }
  }

  /// What must not come before the end of what others have begun.
  /// - Returns: false while that lasts.
  private func letOthersEnd(
    before request: Request, _ slot: Slot, _ host: MachineHost, _ source: RequestSource
  ) throws(WireError) -> Bool {
    let isFenced = slot.flags.contains(.fence)
    if isFenced, timeMode == .conservative { throw Session.reachesTooFar("the flag fence") }
    switch request {
    case .quiesce:
      // From here on nobody begins anything; whoever has begun before that, at whatever station,
      // is waited for.
      host.shared.isQuiesced.store(true, ordering: .sequentiallyConsistent)
    case .device, .snapshot: break
    default: guard isFenced else { return true }
    }
    guard host.hasEnded(for: source) else { return false }
    if isFenced { _ = host.advance(to: WireProtocol.unlimited, until: .idle) }
    return true
  }

  private static func reachesTooFar(_ what: String) -> WireError {
    WireError(.einval, "\(what) reaches past what others have promised in conservative time")
  }

  private func carryOut(
    _ request: Request, on host: MachineHost, _ slot: Slot, _ descriptor: OwnedDescriptor?,
    _ port: TimePort?, _ reply: Reply
  ) throws(WireError) -> Performed {
    var (cycle, reply) = (
      slot.flags.contains(.timed) ? host.clock.cycle(atPicosecond: slot.time) : nil, reply
    )
    guard let port else {
      if case .timeAdvance = request, timeMode == .conservative {
        throw Session.reachesTooFar("TIME_ADVANCE beside the client's ports")
      }
      if timeMode != .free { cycle = cycle ?? host.cycle }
      return try carryOut(request, on: host, at: cycle, descriptor, reply)
    }
    defer { host.timeMoved() }
    switch request {
    case .timePromise(let time):
      _ = host.order.ask(port, at: host.clock.cycle(atPicosecond: time))
      stamp(&reply, host)
      return .reply(reply)
    case .timeAdvance(let limit, let condition):
      guard condition != .idle else { throw Session.reachesTooFar("the condition idle") }
      if !port.isAdvancing {
        guard case .go = host.turn(of: port, at: cycle ?? 0) else { return .wait }
      }
      let until = host.clock.cycle(atPicosecond: limit)
      guard let reached = host.advance(port, to: until, until: StopCondition(condition)) else {
        return .wait
      }
      finishAdvance(&reply, condition, host, reached)
      return .reply(reply)
    case .msiBatch(let msis) where msis.contains { $0.time != WireProtocol.unlimited }:
      throw WireError(.einval, "records of MSI_BATCH have the frame's time in conservative time")
    default:
      if request.isOrderedByTime {
        guard case .go(let turn) = host.turn(of: port, at: cycle ?? 0) else { return .wait }
        cycle = turn
      }
      return try carryOut(request, on: host, at: cycle, descriptor, reply)
    }
  }

  private func finishAdvance(
    _ reply: inout Reply, _ condition: AdvanceCondition, _ host: MachineHost, _ cycle: UInt64
  ) {
    stamp(&reply, host, cycle: cycle)
    reply.value = reply.time
    if case .lineRaised(let pe) = condition { reply.interrupts = host.interrupts(of: pe) }
  }

  private func carryOut(
    _ request: Request, on host: MachineHost, at cycle: UInt64?, _ descriptor: OwnedDescriptor?,
    _ reply: Reply
  ) throws(WireError) -> Performed {
    var reply = reply
    switch request {
    case .mmioRead, .mmioWrite, .systemRegisterRead, .systemRegisterWrite, .msi, .translate,
      .inputLine:
      return performAccess(request, on: host, at: cycle, reply)
    case .writeBatch(let writes): return performBatch(writes, on: host, at: cycle, reply)
    case .msiBatch(let msis): return performBatch(msis, on: host, at: cycle, reply)
    case .timeAdvance(let limit, let condition):
      if case .lineRaised(let pe) = condition, host.interrupts(of: pe) == nil {
        throw WireError(.enxio, "'\(host.name)' has PEs 0 to \(host.peCount - 1), and no \(pe)")
      }
      let advance = { [self] () -> Reply? in
        let until = StopCondition(condition)
        guard let reached = host.advanceSome(to: limit, until: until) else { return nil }
        finishAdvance(&reply, condition, host, reached)
        return reply
      }
      return advance().map(Performed.reply) ?? .steps(advance)
    case .flush, .reset, .timePromise, .quiesce, .resume:
      try host.control(request)
      stamp(&reply, host)
    case .device(let device):
      reply.value = try perform(device, on: host)
      stamp(&reply, host)
    case .snapshot(let snapshot):
      try perform(snapshot, on: host, &reply)
      stamp(&reply, host)
    case .statistics:
      reply.tail = try server.factory.report(host.statistics)
      try checkTail(reply)
      stamp(&reply, host)
    case .events, .explain, .tables, .registers:
      try inspect(request, host, &reply)
      try checkTail(reply)
      stamp(&reply, host)
    case .trace(let request):
      try host.trace(request, for: self, &reply)
      try checkTail(reply)
      stamp(&reply, host)
    case .portOpen, .portClose, .portFence, .linePage:
      stamp(&reply, host)
      guard try performPort(request, on: host, &reply) else { return .wait }
    default:
      try performMemory(request, on: host, descriptor, &reply)
      stamp(&reply, host)
    }
    return .reply(reply)
  }

  /// The access that a request is, and its PE if it has one.
  static func access(_ request: Request) -> (Access, pe: UInt32?) {
    switch request {
    case .mmioRead(let address, let size, let pe):
      (Access(.read, size: UInt8(size), source: pe, address: address), pe)
    case .mmioWrite(let address, let size, let data, let pe):
      (Access(.write, size: UInt8(size), source: pe, address: address, data: data), pe)
    case .systemRegisterRead(let key, let pe):
      (Access(.systemRegisterRead, size: 8, source: pe, address: key), pe)
    case .systemRegisterWrite(let key, let data, let pe):
      (Access(.systemRegisterWrite, size: 8, source: pe, address: key, data: data), pe)
    case .msi(let device, let event, let address):
      (Access(.msi, source: device, address: address, data: UInt64(event)), nil)
    case .translate(let device, let event, let address):
      (Access(.translate, source: device, address: address, data: UInt64(event)), nil)
    case .inputLine(let intid, let level, let pe):
      (Access(.inputLine, source: pe, address: UInt64(intid), data: level ? 1 : 0), pe)
    default: preconditionFailure("\(request.type) is not an access")
    }
  }

  private func performMemory(
    _ request: Request, on host: MachineHost, _ descriptor: OwnedDescriptor?, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .memoryMap(let address, let byteCount, let offset, _):
      let memory =
        if let descriptor {
          HeldMemory(
            try Session.translating { () throws(UVError) in
              try SharedMemory.map(descriptor, offset: offset, byteCount: byteCount)
            })
        } else {
          try server.privateMemory(byteCount: byteCount)
        }
      try host.map(memory, at: address, owner: number)
    case .memoryUnmap(let address):
      guard let role else { preconditionFailure("only who is attached unmaps") }
      try host.unmap(address, for: number, as: role)
    case .memoryRead(let address, let byteCount):
      let limit = agreedTailLimit
      guard byteCount <= limit else {
        throw WireError(.e2big, "\(byteCount) bytes at once; HELLO agreed on at most \(limit)")
      }
      reply.tail = try host.read(address, count: byteCount)
      reply.value = UInt64(byteCount)
    case .memoryWrite(let address, let bytes):
      try host.write(bytes, to: address)
      reply.value = UInt64(bytes.count)
    case .memoryDirty(let address, let byteCount, let peeks):
      (reply.tail, reply.value) = try host.writtenPages(
        address, byteCount, peeks: peeks, tailLimit: agreedTailLimit)
    default: preconditionFailure("\(request.type) is handled elsewhere")
    }
  }

  /// The host's trouble with a client's memory, as the client's errno.
  static func translating<R>(_ body: () throws(UVError) -> R) throws(WireError) -> R {
    do throws(UVError) { return try body() } catch {
      throw WireError(WireErrno(rawValue: UInt32(error.errno)) ?? .enomem, error.description)
    }
  }

  private func checkTail(_ reply: Reply) throws(WireError) {
    guard reply.tail.count <= agreedTailLimit else {
      throw WireError(
        .eoverflow,
        "the reply has \(reply.tail.count) bytes, HELLO agreed on \(agreedTailLimit): "
          + "ask for less, or agree on more")
    }
  }

  func fill(_ reply: inout Reply, _ outcome: MachineHost.Outcome, _ host: MachineHost) {
    reply.busStatus = outcome.response.status.rawValue
    reply.value = outcome.response.value
    reply.latency = outcome.latency
    stamp(&reply, host, cycle: outcome.cycle)
  }

  /// Says when: the given cycle, or the machine's now.
  func stamp(_ reply: inout Reply, _ host: MachineHost, cycle: UInt64? = nil) {
    reply.cycle = cycle ?? host.cycle
    reply.time = host.clock.picosecond(ofCycle: reply.cycle)
  }
}

extension StopCondition {
  init(_ condition: AdvanceCondition) {
    self =
      switch condition {
      case .limit: .limit
      case .lineRaised(let pe): .lineRaised(PEIndex(rawValue: pe))
      case .lineChange: .lineChange
      case .idle: .idle
      }
  }
}
