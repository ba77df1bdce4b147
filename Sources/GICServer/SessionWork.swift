// What each request does.

import GICArch
import GICModel
import GICWire
import UVLoop

extension Session {
  /// Carries a request out.
  /// - Parameter port: where it came from, in conservative time.
  /// - Returns: nil when it must wait for its time, and be asked for again then.
  func perform(
    _ request: Request, _ slot: Slot, _ descriptor: OwnedDescriptor?, _ port: TimePort?
  ) throws(WireError) -> Reply? {
    var reply = Reply(to: request.type, id: slot.id)
    switch request {
    case .hello(let hello):
      reply.carry(try greet(hello))
      return reply
    case .attach(let attach):
      let (host, created) = try self.attach(attach)
      stamp(&reply, host)
      let attachment = host.attachment(created: created, role: attach.role)
      (reply.value, reply.latency) = (attachment.flags, attachment.requestCount)
      if case .pe(let pe) = attach.role { reply.interrupts = host.interrupts(of: pe) }
      reply.tail = attachment.encoded()
      return reply
    default: break
    }
    if case .greeting = state {
      throw WireError(.eproto, "HELLO must come first")
    }
    switch request {
    case .bye:
      leave(orderly: true)
      return reply
    case .list:
      reply.tail = server.listing()
      return reply
    default: break
    }
    guard let host, let role else {
      throw WireError(.eproto, "\(request.type) needs a machine: ATTACH first")
    }
    try role.check(request)
    try host.check(request)
    if slot.flags.contains(.fence) {
      guard timeMode != .conservative else { throw Session.reachesTooFar("the flag fence") }
      _ = host.advance(to: WireProtocol.unlimited, until: .idle)
    }
    guard try carryOut(request, on: host, slot, descriptor, port, &reply) else { return nil }
    if reply.interrupts == nil, case .pe(let pe) = role {
      reply.interrupts = host.interrupts(of: pe)
    }
    if timeMode != .free { reply.horizon = host.horizon(after: reply.cycle, for: port) }
    return reply
  }

  private static func reachesTooFar(_ what: String) -> WireError {
    WireError(.einval, "\(what) reaches past what others have promised in conservative time")
  }

  /// - Returns: false when the request must wait.
  private func carryOut(
    _ request: Request, on host: MachineHost, _ slot: Slot, _ descriptor: OwnedDescriptor?,
    _ port: TimePort?, _ reply: inout Reply
  ) throws(WireError) -> Bool {
    var cycle = slot.flags.contains(.timed) ? host.clock.cycle(atPicosecond: slot.time) : nil
    guard let port else {
      if case .timeAdvance = request, timeMode == .conservative {
        throw Session.reachesTooFar("TIME_ADVANCE beside the client's ports")
      }
      if timeMode != .free { cycle = cycle ?? host.cycle }
      try carryOut(request, on: host, at: cycle, descriptor, &reply)
      return true
    }
    defer { host.timeMoved() }
    switch request {
    case .timePromise(let time):
      _ = host.order.ask(port, at: host.clock.cycle(atPicosecond: time))
      stamp(&reply, host)
      return true
    case .timeAdvance(let limit, let condition):
      guard condition != .idle else { throw Session.reachesTooFar("the condition idle") }
      if !port.isAdvancing {
        guard case .go = host.turn(of: port, at: cycle ?? 0) else { return false }
      }
      let until = host.clock.cycle(atPicosecond: limit)
      guard let reached = host.advance(port, to: until, until: StopCondition(condition)) else {
        return false
      }
      finishAdvance(&reply, condition, host, reached)
      return true
    case .msiBatch(let msis) where msis.contains { $0.time != WireProtocol.unlimited }:
      throw WireError(.einval, "records of MSI_BATCH have the frame's time in conservative time")
    default:
      if request.isOrderedByTime {
        guard case .go(let turn) = host.turn(of: port, at: cycle ?? 0) else { return false }
        cycle = turn
      }
      try carryOut(request, on: host, at: cycle, descriptor, &reply)
      return true
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
    _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .mmioRead, .mmioWrite, .systemRegisterRead, .systemRegisterWrite, .msi, .translate,
      .inputLine:
      let (access, pe) = Session.access(request)
      fill(&reply, host.perform(access, at: cycle), host)
      reply.interrupts = pe.flatMap(host.interrupts(of:))
      if let pe, host.isTimed { host.showOnPage(pe, cycle: reply.cycle) }
    case .writeBatch(let writes): performBatch(writes, on: host, at: cycle, &reply)
    case .msiBatch(let msis): performBatch(msis, on: host, at: cycle, &reply)
    case .timeAdvance(let limit, let condition):
      if case .lineRaised(let pe) = condition, host.interrupts(of: pe) == nil {
        throw WireError(.enxio, "'\(host.name)' has PEs 0 to \(host.peCount - 1), and no \(pe)")
      }
      finishAdvance(
        &reply, condition, host, host.advance(to: limit, until: StopCondition(condition)))
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
    case .portOpen, .portClose, .portFence, .linePage:
      stamp(&reply, host)
      try performPort(request, on: host, &reply)
    default:
      try performMemory(request, on: host, descriptor, &reply)
      stamp(&reply, host)
    }
  }

  /// The access that a request is, and its PE if it has one.
  private static func access(_ request: Request) -> (Access, pe: UInt32?) {
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

  private func performBatch(
    _ writes: [BatchedWrite], on host: MachineHost, at cycle: UInt64?, _ reply: inout Reply
  ) {
    stamp(&reply, host)
    var firstBad: Int?
    for (index, write) in writes.enumerated() {
      let access = Access(
        .write, size: UInt8(write.size), source: write.source, address: write.address,
        data: write.data)
      let outcome = host.perform(access, at: cycle)
      let status = firstBad == nil ? outcome.response.status.rawValue : reply.busStatus
      fill(&reply, outcome, host)
      reply.busStatus = status
      if status != 0, firstBad == nil { firstBad = index }
    }
    reply.value = UInt64(firstBad ?? writes.count)
    reply.interrupts = writes.last.flatMap { host.interrupts(of: $0.source) }
  }

  private func performBatch(
    _ msis: [BatchedMSI], on host: MachineHost, at cycle: UInt64?, _ reply: inout Reply
  ) {
    stamp(&reply, host)
    var outcomes: [UInt8] = []
    outcomes.reserveCapacity(msis.count * 8)
    for msi in msis {
      let access = Access(.msi, source: msi.device, address: msi.address, data: UInt64(msi.event))
      let outcome = host.perform(
        access,
        at: msi.time == WireProtocol.unlimited ? cycle : host.clock.cycle(atPicosecond: msi.time))
      fill(&reply, outcome, host)
      outcomes.appendLittleEndian(outcome.response.value)
    }
    reply.value = UInt64(msis.count)
    reply.busStatus = 0
    reply.tail = outcomes
  }

  private func performMemory(
    _ request: Request, on host: MachineHost, _ descriptor: OwnedDescriptor?, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .memoryMap(let address, let byteCount, let offset, _):
      let memory =
        if let descriptor {
          try Session.translating { () throws(UVError) in
            try SharedMemory.map(descriptor, offset: offset, byteCount: byteCount)
          }
        } else {
          try server.privateMemory(byteCount: byteCount)
        }
      try host.map(memory, at: address, owner: number)
    case .memoryUnmap(let address):
      if let owner = host.ram.owner(at: address), owner != number, role != .control {
        throw WireError(.eperm, "client \(owner) mapped it: that client or control may unmap it")
      }
      try host.unmap(address)
    case .memoryRead(let address, let byteCount):
      let limit = agreedTailLimit
      guard byteCount <= limit else {
        throw WireError(.e2big, "\(byteCount) bytes at once; HELLO agreed on at most \(limit)")
      }
      reply.tail = try host.ram.read(address, count: byteCount)
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

  private func fill(_ reply: inout Reply, _ outcome: MachineHost.Outcome, _ host: MachineHost) {
    reply.busStatus = outcome.response.status.rawValue
    reply.value = outcome.response.value
    reply.latency = outcome.latency
    stamp(&reply, host, cycle: outcome.cycle)
  }

  /// Says when: the given cycle, or the machine's now.
  private func stamp(_ reply: inout Reply, _ host: MachineHost, cycle: UInt64? = nil) {
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
