// Who is attached to a machine at a station, the PEs that come and go with them, their RAM, and the
// attributes that a monitor sets.

import GICArch
import GICModel
import GICWire
import UVLoop

extension MachineHost {
  // MARK: Who is attached

  /// A session that is a member of the machine already.
  func attach(_ session: Session) {
    // Other stations tell of their changes by now; what they did before shows here.
    if shared.hasLanes { catchUp() }
    sessions.append(session)
    shared.lock.withLock {
      switch session.role {
      case .control:
        shared.controlLoss = nil
        shared.ram.adopt(by: session.number)
      case .pe(let pe): takeOnline(pe)
      default: break
      }
    }
    // What a newcomer would have heard: the lines that have moved.
    for (pe, summary) in lines.enumerated() where summary.sequence != 0 {
      session.notify(notice(UInt32(pe), summary, machine.cycle))
    }
  }

  /// The session is gone. The RAM that it mapped goes with it; but where control is lost, the
  /// machine keeps it and rests until control is back.
  /// - Parameters:
  ///   - role: what the session was.
  ///   - loss: nil after a goodbye; otherwise the so-manyeth loss in the daemon's life.
  func detach(_ session: Session, as role: Role, loss: Int?) {
    sessions.removeAll { $0 === session }
    notified.removeAll { $0 === session }
    endTrace(of: session.number)
    shared.lock.withLock {
      if case .pe(let pe) = role { takeOffline(pe) }
      shared.remove(session.number)
      if let loss, role == .control, !shared.hasControl {
        shared.isQuiesced.store(true, ordering: .releasing)
        settle()
        // What it throws is for who asked; here nobody did, and the machine rests in any case.
        try? setVCPUsRun(false)
        publishLines()
        shared.controlLoss = loss
        shared.ram.orphan(of: session.number)
        return
      }
      for address in shared.ram.addresses(ownedBy: session.number) {
        _ = try? unmapLocked(address)
      }
    }
  }

  // MARK: PEs that come and go

  private func wakerAddress(_ pe: UInt32) -> UInt64 {
    configuration.shape.gicrBase &+ UInt64(pe) &* configuration.shape.gicrStride
      &+ UInt64(GICR.WAKER.offset)
  }

  /// As firmware does before it takes a core's power: its redistributor sleeps. What is pending
  /// stays.
  private func takeOffline(_ pe: UInt32) {
    let now = machine.cycle
    let waker = machine.perform(
      Access(.read, source: pe, address: wakerAddress(pe), cycle: now))
    shared.offline[pe] = waker.value
    var asleep = GICR.WAKER(raw: waker.value)
    asleep.processorSleep = true
    _ = machine.perform(
      Access(.write, source: pe, address: wakerAddress(pe), data: asleep.raw, cycle: now))
    publishLines()
  }

  private func takeOnline(_ pe: UInt32) {
    guard let waker = shared.offline.removeValue(forKey: pe) else { return }
    _ = machine.perform(
      Access(
        .write, source: pe, address: wakerAddress(pe), data: waker, cycle: machine.cycle))
    publishLines()
  }

  func attachment(created: Bool, role: Role) -> Attachment {
    var attachment = Attachment()
    let shape = configuration.shape
    (attachment.created, attachment.quiesced) = (created, isQuiesced)
    shared.lock.withLock {
      attachment.restored = shared.continuation.expectedRAM != nil
      attachment.requestCount = shared.continuation.counter(role).count
    }
    attachment.isTimed = isTimed
    attachment.clockHertz = configuration.timing.clockHertz
    attachment.gicdBase = shape.gicdBase
    attachment.gicrBase = shape.gicrBase
    attachment.gicrStride = shape.gicrStride
    attachment.itsBases = shape.itsBases
    attachment.affinities = shape.affinities.map(\.rawValue)
    attachment.configurationHash = shared.configurationHash
    return attachment
  }

  // MARK: Device attributes

  func hasAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName
  ) throws(DeviceError) {
    try machine.hasAttribute(attribute, of: device)
  }
  func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?
  ) throws(DeviceError) -> UInt64 {
    defer { publishLines() }
    return try machine.attribute(attribute, of: device, value: value)
  }
  func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    defer { publishLines() }
    try machine.setAttribute(attribute, of: device, to: value)
  }

  // MARK: Memory

  /// Hands the machine a range of RAM.
  func map(_ memory: HeldMemory, at address: UInt64, owner: Int) throws(WireError) {
    try shared.lock.withLock { () throws(WireError) in
      try shared.ram.checkRoom()
      let mapping = memory.mapping
      do throws(MemoryError) {
        // SAFETY: `ram` keeps the mapping alive until the machine has unmapped it.
        try machine.map(
          unsafe GuestRAM(address: address, base: mapping.base, byteCount: mapping.byteCount))
      } catch {
        throw WireError(error, "RAM of \(mapping.byteCount) bytes at \(hex(address))")
      }
      shared.ram.insert(memory, at: address, owner: owner)
      shared.continuation.changes += 1
    }
  }

  /// - Throws: EPERM where it is another client's and this one is not control.
  func unmap(_ address: UInt64, for number: Int, as role: Role) throws(WireError) {
    try shared.lock.withLock { () throws(WireError) in
      if let owner = shared.ram.owner(at: address), owner != number, role != .control {
        throw WireError(.eperm, "client \(owner) mapped it: that client or control may unmap it")
      }
      try unmapLocked(address)
    }
  }

  private func unmapLocked(_ address: UInt64) throws(WireError) {
    do throws(MemoryError) { try machine.unmap(address) } catch {
      throw WireError(error, "RAM at \(hex(address))")
    }
    // Only now may the mapping end.
    shared.ram.remove(at: address)
    shared.continuation.changes += 1
    publishLines()
  }

  func read(_ address: UInt64, count: Int) throws(WireError) -> [UInt8] {
    try shared.lock.withLock { () throws(WireError) in
      try shared.ram.read(address, count: count)
    }
  }

  func write(_ bytes: [UInt8], to address: UInt64) throws(WireError) {
    try shared.lock.withLock { () throws(WireError) in
      try shared.ram.write(bytes, to: address)
      machine.markWritten(address, byteCount: bytes.count)
    }
  }
}

extension WireError {
  init(_ error: MemoryError, _ what: String) {
    switch error {
    case .overlaps: self.init(.eexist, "\(what) overlaps RAM that is mapped: unmap that first")
    case .wraps: self.init(.einval, "\(what) reaches past the end of the address space")
    case .misaligned: self.init(.einval, "\(what): address and size are multiples of 4 KiB")
    case .empty: self.init(.einval, "\(what) is empty")
    case .tooManyRanges: self.init(.enospc, "\(what): the machine takes no more ranges")
    case .notMapped: self.init(.enoent, "\(what): none is mapped with that first address")
    }
  }
}
