// One method per message, each waiting for its answer.

import GICWire
import UVLoop

extension Client {
  // MARK: Memory

  /// Shares memory with the daemon: it is the guest's RAM at `address`. The memory must outlive the
  /// mapping on this side; the daemon keeps its own.
  public func map(_ memory: SharedMemory, at address: UInt64) throws(ClientError) {
    guard let descriptor = memory.descriptor else {
      throw ClientError(
        errno: 22, text: "memory of this process alone cannot be shared",
        advice: "make it with SharedMemory.create")
    }
    _ = try call(
      .memoryMap(
        address: address, byteCount: UInt64(memory.byteCount), offset: 0, isShared: true),
      carrying: descriptor)
  }

  /// Makes the daemon hold RAM at `address`: for TCP, which carries no descriptors.
  public func mapRemote(address: UInt64, byteCount: UInt64) throws(ClientError) {
    _ = try call(
      .memoryMap(address: address, byteCount: byteCount, offset: 0, isShared: false))
  }

  public func unmap(address: UInt64) throws(ClientError) {
    _ = try call(.memoryUnmap(address: address))
  }

  /// Reads guest RAM through the daemon, in as many frames as it takes.
  public func read(address: UInt64, count: Int) throws(ClientError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let piece = min(count - bytes.count, tailLimit)
      let reply = try call(
        .memoryRead(address: address &+ UInt64(bytes.count), byteCount: piece))
      guard reply.tail.count == piece else {
        throw ClientError(
          errno: 71, text: "asked for \(piece) bytes and got \(reply.tail.count)")
      }
      bytes += reply.tail
    }
    return bytes
  }

  /// Writes guest RAM through the daemon, in as many frames as it takes.
  public func write(_ bytes: [UInt8], to address: UInt64) throws(ClientError) {
    var done = 0
    while done < bytes.count {
      let piece = min(bytes.count - done, tailLimit)
      _ = try call(
        .memoryWrite(
          address: address &+ UInt64(done), bytes: Array(bytes[done..<done + piece])))
      done += piece
    }
  }

  // MARK: Accesses

  /// `pe` is a Processor_Number, `size` in bytes. The reply's `value` is what was read.
  public func mmioRead(
    _ address: UInt64, size: Int = 4, pe: UInt32 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.mmioRead(address: address, size: size, pe: pe), at: cycle)
  }

  @discardableResult
  public func mmioWrite(
    _ address: UInt64, _ data: UInt64, size: Int = 4, pe: UInt32 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.mmioWrite(address: address, size: size, data: data, pe: pe), at: cycle)
  }

  /// The reply's `value` is the index of the first write that the bus did not answer okay, or the
  /// count.
  @discardableResult
  public func writeBatch(
    _ writes: [BatchedWrite], at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.writeBatch(writes), at: cycle)
  }

  /// `key` is op0:op1:CRn:CRm:op2, as `GICArch` packs it.
  public func systemRegisterRead(
    _ key: UInt64, pe: UInt32 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.systemRegisterRead(key: key, pe: pe), at: cycle)
  }

  @discardableResult
  public func systemRegisterWrite(
    _ key: UInt64, _ data: UInt64, pe: UInt32 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.systemRegisterWrite(key: key, data: data, pe: pe), at: cycle)
  }

  // MARK: Interrupts

  /// Sends an MSI and waits until it is taken in. The reply's `value` is a packed `MSIOutcome`.
  /// - Parameter address: inside the frame of the ITS meant; 0 for the only one.
  @discardableResult
  public func msi(
    device: UInt32, event: UInt32, address: UInt64 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.msi(device: device, event: event, address: address), at: cycle)
  }

  /// Sends an MSI and does not wait; it leaves with the next request or ``poll()``.
  public func postMSI(
    device: UInt32, event: UInt32, address: UInt64 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) {
    try submit(
      .msi(device: device, event: event, address: address), at: cycle, flags: .noReply)
  }

  /// Sends MSIs in one frame. Returns a packed `MSIOutcome` for each.
  public func msiBatch(_ msis: [BatchedMSI]) throws(ClientError) -> [UInt64] {
    let reply = try call(.msiBatch(msis))
    guard reply.tail.count == msis.count * 8 else {
      throw ClientError(errno: 71, text: "the daemon's answer to MSI_BATCH makes no sense")
    }
    var cursor = ByteCursor(reply.tail)
    return msis.map { _ in cursor.read() }
  }

  /// Drives a PPI of `pe`, or an SPI.
  @discardableResult
  public func inputLine(
    _ intid: UInt32, level: Bool, pe: UInt32 = 0, at cycle: UInt64? = nil
  ) throws(ClientError) -> Reply {
    try call(.inputLine(intid: intid, level: level, pe: pe), at: cycle)
  }

  /// What an MSI would do now. The reply's `value` is a packed `MSIOutcome`; nothing changes.
  public func translate(
    device: UInt32, event: UInt32, address: UInt64 = 0
  ) throws(ClientError) -> Reply {
    try call(.translate(device: device, event: event, address: address))
  }

  // MARK: Time and the machine

  /// Lets time pass to `cycle` or until the condition holds. The reply's `cycle` is the one
  /// reached.
  /// - Parameter cycle: nil is no limit, which only the condition idle may have.
  @discardableResult
  public func advance(
    to cycle: UInt64?, until condition: AdvanceCondition = .limit
  ) throws(ClientError) -> Reply {
    let limit = cycle.map(clock.picosecond(ofCycle:)) ?? WireProtocol.unlimited
    return try call(.timeAdvance(limit: limit, until: condition))
  }

  /// Makes the pending tables in guest RAM exact.
  public func flushPendingTables() throws(ClientError) { _ = try call(.flush) }

  public func reset() throws(ClientError) { _ = try call(.reset) }

  /// The machine's statistics as JSON.
  public func statistics() throws(ClientError) -> [UInt8] { try call(.statistics).tail }

  // MARK: Looking inside

  /// Rejected commands and dropped MSIs as JSON, from a sequence number on; the reply's `value` is
  /// where to go on.
  public func events(from first: UInt64, limit: Int = 1024) throws(ClientError) -> Reply {
    try call(.events(from: first, limit: limit))
  }

  /// The way of an MSI, step by step, as JSON. Changes nothing; the reply's `value` is 1 if nothing
  /// holds the MSI.
  public func explain(
    device: UInt32, event: UInt32, address: UInt64 = 0
  ) throws(ClientError) -> Reply {
    try call(.explain(device: device, event: event, address: address))
  }

  /// The tables of an ITS, decoded, as JSON; of one device if it is named. The reply's `value` is 1
  /// if all of it is there.
  /// - Parameter address: inside the frames of the ITS meant; 0 for the only one.
  public func tables(
    address: UInt64 = 0, device: UInt32? = nil, limit: Int = 4096
  ) throws(ClientError) -> Reply {
    try call(.tables(address: address, device: device, limit: limit))
  }

  /// All registers of the distributor, of one PE and of the ITSs as JSON, read without effect.
  public func registers(pe: UInt32) throws(ClientError) -> Reply {
    try call(.registers(pe: pe))
  }

  /// What the machine's units do. BEGIN's reply has the machine's YAML as its tail; that of records
  /// has the sequence number of the first as its `value`.
  public func trace(_ request: TraceRequest) throws(ClientError) -> Reply {
    try call(.trace(request))
  }

  /// The daemon's machines and clients as JSON.
  public func list() throws(ClientError) -> [UInt8] { try call(.list).tail }
}
