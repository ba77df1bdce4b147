// Slot and tail to a request. What a client cannot mean has no case; what it may not mean has an
// errno.

extension Request {
  /// Reads one whole frame whose slot is `slot`.
  /// - Throws: ENOSYS for an unknown type, EINVAL for fields that make no sense.
  public init(decoding slot: Slot, frame: RawSpan) throws(WireError) {
    guard let type = MessageType(rawValue: slot.type), !type.isNotice else {
      throw WireError(.enosys, "message type 0x\(String(slot.type, radix: 16)) is unknown here")
    }
    guard !slot.flags.contains(.reply) else {
      throw WireError(.eproto, "a client may not send replies")
    }
    self = try Request.decode(type, slot, tail: slot.tail(of: frame))
    guard !slot.flags.contains(.noReply) || mayBePosted else {
      throw WireError(.einval, "\(type) cannot be posted: clear the no-reply flag")
    }
  }

  private static func decode(
    _ type: MessageType, _ slot: Slot, tail: [UInt8]
  ) throws(WireError) -> Request {
    switch type {
    case .hello: .hello(try Hello(slot: slot, tail: tail))
    case .attach: .attach(try Attach(slot: slot, tail: tail))
    case .memoryWrite: .memoryWrite(address: slot.a, bytes: tail)
    case .snapshotWrite: .snapshot(.write(offset: slot.a, byteCount: slot.b, bytes: tail))
    case .writeBatch: .writeBatch(try writes(in: tail))
    case .msiBatch: .msiBatch(try msis(in: tail))
    default: try decodeTailless(type, slot, tailCount: tail.count)
    }
  }

  private static func decodeTailless(
    _ type: MessageType, _ slot: Slot, tailCount: Int
  ) throws(WireError) -> Request {
    guard tailCount == 0 else { throw WireError(.einval, "\(type) has no tail") }
    let size = slot.attributes.accessSize
    switch type {
    case .bye: return .bye
    case .list: return .list
    case .memoryMap:
      guard slot.descriptorCount <= 1 else {
        throw WireError(.einval, "MEM_MAP takes one memfd, not \(slot.descriptorCount)")
      }
      return .memoryMap(
        address: slot.a, byteCount: slot.b, offset: slot.c, isShared: slot.descriptorCount == 1)
    case .memoryUnmap: return .memoryUnmap(address: slot.a)
    case .memoryRead: return .memoryRead(address: slot.a, byteCount: Int(clamping: slot.b))
    case .memoryDirty:
      guard slot.c <= 1 else {
        throw WireError(.einval, "MEM_DIRTY: field c is 0 or 1, not \(slot.c)")
      }
      return .memoryDirty(address: slot.a, byteCount: slot.b, peeks: slot.c == 1)
    case .mmioRead: return .mmioRead(address: slot.a, size: size, pe: slot.source)
    case .mmioWrite: return .mmioWrite(address: slot.a, size: size, data: slot.b, pe: slot.source)
    case .systemRegisterRead: return .systemRegisterRead(key: slot.a, pe: slot.source)
    case .systemRegisterWrite:
      return .systemRegisterWrite(key: slot.a, data: slot.b, pe: slot.source)
    case .msi: return .msi(device: slot.source, event: try event(slot), address: slot.a)
    case .translate: return .translate(device: slot.source, event: try event(slot), address: slot.a)
    case .inputLine:
      guard let intid = UInt32(exactly: slot.a), slot.b <= 1 else {
        throw WireError(
          .einval, "INPUT_LINE: INTID \(slot.a) and level \(slot.b); a level is 0 or 1")
      }
      return .inputLine(intid: intid, level: slot.b == 1, pe: slot.source)
    case .timeAdvance: return .timeAdvance(limit: slot.a, until: try condition(slot))
    case .flush: return .flush
    case .reset:
      guard slot.a == 0 else { throw WireError(.einval, "RESET: only kind 0 (cold) exists") }
      return .reset
    case .statistics:
      guard slot.a == 0 else { throw WireError(.einval, "STATS: only format 0 (JSON) exists") }
      return .statistics
    case .events: return .events(from: slot.a, limit: Int(clamping: slot.b))
    case .explain: return .explain(device: slot.source, event: try event(slot), address: slot.a)
    case .tables:
      let device = slot.attributes.sourceKind == .device ? slot.source : nil
      return .tables(address: slot.a, device: device, limit: Int(clamping: slot.b))
    case .registers: return .registers(pe: slot.source)
    case .trace: return .trace(try TraceRequest(slot))
    case .deviceHas: return .device(try DeviceRequest(.has, slot))
    case .deviceGet: return .device(try DeviceRequest(.get, slot))
    case .deviceSet: return .device(try DeviceRequest(.set, slot))
    default: return try decodePort(type, slot)
    }
  }

  private static func decodePort(_ type: MessageType, _ slot: Slot) throws(WireError) -> Request {
    switch type {
    case .timePromise: return .timePromise(time: slot.a)
    case .portOpen:
      guard let count = UInt32(exactly: slot.a), count >= 2, count & (count - 1) == 0,
        count <= UInt32(WireProtocol.ringSlotLimit)
      else {
        throw WireError(
          .einval,
          "PORT_OPEN: \(slot.a) slots; a power of two from 2 to \(WireProtocol.ringSlotLimit)")
      }
      return .portOpen(pe: slot.source, slotCount: count)
    case .portClose: return .portClose(pe: slot.source)
    case .portFence: return .portFence(pe: slot.source, count: slot.a)
    case .linePage: return .linePage
    case .quiesce: return .quiesce
    case .resume: return .resume
    case .snapshotSave: return .snapshot(.save)
    case .snapshotRead:
      return .snapshot(.read(offset: slot.a, byteCount: Int(clamping: slot.b)))
    case .snapshotRestore: return .snapshot(.restore)
    case .checkpoint: return .snapshot(.checkpoint)
    default: throw WireError(.enosys, "\(type) is not a request without a tail")
    }
  }

  private static func event(_ slot: Slot) throws(WireError) -> UInt32 {
    guard let event = UInt32(exactly: slot.b) else {
      throw WireError(.einval, "an EventID has 32 bits, not 0x\(String(slot.b, radix: 16))")
    }
    return event
  }

  private static func condition(_ slot: Slot) throws(WireError) -> AdvanceCondition {
    let condition: AdvanceCondition
    switch slot.b {
    case 0: condition = .limit
    case 1: condition = .lineRaised(slot.source)
    case 2: condition = .lineChange
    case 3: return .idle
    default: throw WireError(.einval, "TIME_ADVANCE: there is no stop condition \(slot.b)")
    }
    // Time must end somewhere even if nothing ever happens again.
    guard slot.a != WireProtocol.unlimited else {
      throw WireError(.einval, "TIME_ADVANCE: only the condition idle may go without a limit")
    }
    return condition
  }

  private static let recordByteCount = 24

  private static func records<Record>(
    in tail: [UInt8], _ read: (inout ByteCursor) throws(WireError) -> Record
  ) throws(WireError) -> [Record] {
    guard tail.count % recordByteCount == 0 else {
      throw WireError(.einval, "a tail of \(tail.count) bytes; records have \(recordByteCount)")
    }
    var cursor = ByteCursor(tail)
    var records: [Record] = []
    records.reserveCapacity(tail.count / recordByteCount)
    while cursor.remaining > 0 { records.append(try read(&cursor)) }
    return records
  }

  private static func writes(in tail: [UInt8]) throws(WireError) -> [BatchedWrite] {
    try records(in: tail) { cursor throws(WireError) in
      let (address, data): (UInt64, UInt64) = (cursor.read(), cursor.read())
      let (size, source): (UInt32, UInt32) = (cursor.read(), cursor.read())
      guard [1, 2, 4, 8].contains(size) else {
        throw WireError(.einval, "WRITE_BATCH: an access of \(size) bytes; 1, 2, 4 or 8 exist")
      }
      return BatchedWrite(address: address, data: data, size: Int(size), source: source)
    }
  }

  private static func msis(in tail: [UInt8]) throws(WireError) -> [BatchedMSI] {
    try records(in: tail) { cursor throws(WireError) in
      let (time, address): (UInt64, UInt64) = (cursor.read(), cursor.read())
      return BatchedMSI(
        device: cursor.read(), event: cursor.read(), address: address, time: time)
    }
  }
}
