// A request to slot and tail: what clients and tests do.

extension Request {
  /// Appends the request's frame to `bytes`.
  /// - Parameters:
  ///   - id: the sender's number, echoed by the reply.
  ///   - flags: `noReply` and `fence` as wanted; `timed` follows from `time`.
  ///   - time: the sender's now in picoseconds; nil lets the machine choose.
  public func append(
    to bytes: inout [UInt8], id: UInt32, flags: FrameFlags = [], time: UInt64? = nil
  ) {
    var slot = header(id: id, flags: flags, time: time)
    let tail = fill(&slot)
    slot.appendFrame(tail: tail, to: &bytes)
  }

  /// The request as a slot of a ring.
  /// - Returns: nil for one that may not stand there.
  public func slot(id: UInt32, flags: FrameFlags = [], time: UInt64? = nil) -> Slot? {
    guard fitsRing else { return nil }
    var slot = header(id: id, flags: flags, time: time)
    _ = fill(&slot)
    return slot
  }

  private func header(id: UInt32, flags: FrameFlags, time: UInt64?) -> Slot {
    var slot = Slot()
    slot.type = type.rawValue
    slot.id = id
    slot.flags = flags
    if let time {
      slot.flags.insert(.timed)
      slot.time = time
    }
    return slot
  }

  /// Sets this request's own fields of the slot, and returns its tail.
  private func fill(_ slot: inout Slot) -> [UInt8] {
    switch self {
    case .hello(let hello):
      (slot.a, slot.b) = (hello.magic, hello.version)
      return hello.capabilities.encoded()
    case .attach(let attach): return attach.encode(into: &slot)
    case .memoryMap(let address, let byteCount, let offset, let isShared):
      (slot.a, slot.b, slot.c) = (address, byteCount, offset)
      slot.descriptorCount = isShared ? 1 : 0
    case .memoryUnmap(let address): slot.a = address
    case .memoryRead(let address, let byteCount): (slot.a, slot.b) = (address, UInt64(byteCount))
    case .memoryWrite(let address, let bytes):
      slot.a = address
      return bytes
    case .memoryDirty(let address, let byteCount, let peeks):
      (slot.a, slot.b, slot.c) = (address, byteCount, peeks ? 1 : 0)
    case .mmioRead(let address, let size, let pe):
      slot.a = address
      slot.attributes.accessSize = size
      slot.act(for: pe)
    case .mmioWrite(let address, let size, let data, let pe):
      (slot.a, slot.b) = (address, data)
      slot.attributes.accessSize = size
      slot.act(for: pe)
    case .systemRegisterRead(let key, let pe):
      slot.a = key
      slot.act(for: pe)
    case .systemRegisterWrite(let key, let data, let pe):
      (slot.a, slot.b) = (key, data)
      slot.act(for: pe)
    case .msi(let device, let event, let address), .translate(let device, let event, let address),
      .explain(let device, let event, let address):
      (slot.a, slot.b, slot.source) = (address, UInt64(event), device)
      slot.attributes.sourceKind = .device
    case .inputLine(let intid, let level, let pe):
      (slot.a, slot.b) = (UInt64(intid), level ? 1 : 0)
      slot.act(for: pe)
    case .timeAdvance(let limit, let condition):
      slot.a = limit
      Request.fill(condition, &slot)
    case .events(let first, let limit): (slot.a, slot.b) = (first, UInt64(clamping: limit))
    case .tables(let address, let device, let limit):
      (slot.a, slot.b) = (address, UInt64(clamping: limit))
      if let device {
        slot.source = device
        slot.attributes.sourceKind = .device
      }
    case .registers(let pe), .portClose(let pe): slot.act(for: pe)
    case .trace(let request): request.fill(&slot)
    case .device(let device): device.fill(&slot)
    case .snapshot(let snapshot): return snapshot.fill(&slot)
    case .writeBatch(let writes): return Request.encode(writes)
    case .msiBatch(let msis): return Request.encode(msis)
    case .timePromise(let time): slot.a = time
    case .portOpen(let pe, let slotCount):
      slot.a = UInt64(slotCount)
      slot.act(for: pe)
    case .portFence(let pe, let count):
      slot.a = count
      slot.act(for: pe)
    case .bye, .list, .flush, .reset, .statistics, .linePage, .quiesce, .resume: break
    }
    return []
  }

  private static func fill(_ condition: AdvanceCondition, _ slot: inout Slot) {
    switch condition {
    case .limit: slot.b = 0
    case .lineRaised(let pe):
      slot.b = 1
      slot.act(for: pe)
    case .lineChange: slot.b = 2
    case .idle: slot.b = 3
    }
  }

  private static func encode(_ writes: [BatchedWrite]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(writes.count * 24)
    for write in writes {
      bytes.appendLittleEndian(write.address)
      bytes.appendLittleEndian(write.data)
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: write.size))
      bytes.appendLittleEndian(write.source)
    }
    return bytes
  }

  private static func encode(_ msis: [BatchedMSI]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(msis.count * 24)
    for msi in msis {
      bytes.appendLittleEndian(msi.time)
      bytes.appendLittleEndian(msi.address)
      bytes.appendLittleEndian(msi.device)
      bytes.appendLittleEndian(msi.event)
    }
    return bytes
  }
}

extension Slot {
  fileprivate mutating func act(for pe: UInt32) {
    source = pe
    attributes.sourceKind = .pe
  }
}
