// Requests, client to daemon: a closed set. Decoding is total: every frame is one of these or an
// errno.

/// When TIME_ADVANCE may stop before its limit. The number is field `b`.
@frozen public enum AdvanceCondition: Hashable, Sendable {
  case limit
  /// As soon as an output of the PE (Processor_Number) is high.
  case lineRaised(UInt32)
  case lineChange
  /// As soon as nothing is under way.
  case idle
}

/// One record of WRITE_BATCH, 24 bytes: address u64, data u64, size u32 (bytes), source u32.
@frozen public struct BatchedWrite: Hashable, Sendable {
  public var address: UInt64
  public var data: UInt64
  public var size: Int
  public var source: UInt32
  @inlinable public init(address: UInt64, data: UInt64, size: Int, source: UInt32) {
    (self.address, self.data, self.size, self.source) = (address, data, size, source)
  }
}

/// One record of MSI_BATCH, 24 bytes: time u64 (ps, all ones: untimed), address u64, device u32,
/// event u32.
@frozen public struct BatchedMSI: Hashable, Sendable {
  /// Picoseconds, or ``WireProtocol/unlimited`` for no time.
  public var time: UInt64
  /// Inside the frame of the ITS meant; 0: the only ITS.
  public var address: UInt64
  public var device: UInt32
  public var event: UInt32
  @inlinable public init(
    device: UInt32, event: UInt32, address: UInt64 = 0, time: UInt64 = WireProtocol.unlimited
  ) {
    (self.time, self.address, self.device, self.event) = (time, address, device, event)
  }
}

/// What a client asks for. Addresses are guest physical, sizes and counts in bytes.
public enum Request: Hashable, Sendable {
  case hello(Hello)
  case attach(Attach)
  case bye
  /// The daemon's machines and clients; the reply's tail is JSON.
  case list

  /// `isShared`: a memfd comes with the frame and `offset` is into it; otherwise the daemon itself
  /// holds this RAM.
  case memoryMap(address: UInt64, byteCount: UInt64, offset: UInt64, isShared: Bool)
  case memoryUnmap(address: UInt64)
  case memoryRead(address: UInt64, byteCount: Int)
  case memoryWrite(address: UInt64, bytes: [UInt8])
  /// Which pages of 4 KiB the daemon has written since they were last taken. `peeks`: they are not
  /// taken now.
  case memoryDirty(address: UInt64, byteCount: UInt64, peeks: Bool)

  case mmioRead(address: UInt64, size: Int, pe: UInt32)
  case mmioWrite(address: UInt64, size: Int, data: UInt64, pe: UInt32)
  case writeBatch([BatchedWrite])
  case systemRegisterRead(key: UInt64, pe: UInt32)
  case systemRegisterWrite(key: UInt64, data: UInt64, pe: UInt32)

  case msi(device: UInt32, event: UInt32, address: UInt64)
  case msiBatch([BatchedMSI])
  /// A PPI of `pe` or an SPI.
  case inputLine(intid: UInt32, level: Bool, pe: UInt32)
  case translate(device: UInt32, event: UInt32, address: UInt64)

  /// `limit` in picoseconds, or ``WireProtocol/unlimited``.
  case timeAdvance(limit: UInt64, until: AdvanceCondition)
  case flush
  case reset
  /// The sender asks for nothing at a time before `time` (picoseconds) any more.
  case timePromise(time: UInt64)
  case statistics

  /// Rejected commands and dropped MSIs from sequence number `from` on; the reply's tail is JSON.
  case events(from: UInt64, limit: Int)
  /// The way of an MSI, step by step, as JSON. Changes nothing.
  case explain(device: UInt32, event: UInt32, address: UInt64)
  /// The tables of the ITS whose frames hold `address` (0: the only one), decoded, as JSON; of one
  /// device if it is named.
  case tables(address: UInt64, device: UInt32?, limit: Int)
  /// All registers of the distributor, the PE and the ITSs, as JSON, read without effect.
  case registers(pe: UInt32)
  /// What the machine's units do, as records of 48 bytes.
  case trace(TraceRequest)

  /// Rings in shared memory for requests of a PE.
  case portOpen(pe: UInt32, slotCount: UInt32)
  case portClose(pe: UInt32)
  /// On the socket: what the PE's ring held up to `count` slots comes first. In the ring: what came
  /// over the socket, up to `count` frames, does.
  case portFence(pe: UInt32, count: UInt64)
  /// The outputs of all PEs in shared memory.
  case linePage
  /// Nothing changes the machine until RESUME.
  case quiesce
  case resume
  /// Part of a machine in a file.
  case snapshot(SnapshotRequest)
  /// A device attribute of KVM's.
  case device(DeviceRequest)

  public var type: MessageType {
    switch self {
    case .device(let device): device.type
    case .snapshot(let snapshot): snapshot.type
    case .hello: .hello
    case .attach: .attach
    case .bye: .bye
    case .list: .list
    case .memoryMap: .memoryMap
    case .memoryUnmap: .memoryUnmap
    case .memoryRead: .memoryRead
    case .memoryWrite: .memoryWrite
    case .memoryDirty: .memoryDirty
    case .mmioRead: .mmioRead
    case .mmioWrite: .mmioWrite
    case .writeBatch: .writeBatch
    case .systemRegisterRead: .systemRegisterRead
    case .systemRegisterWrite: .systemRegisterWrite
    case .msi: .msi
    case .msiBatch: .msiBatch
    case .inputLine: .inputLine
    case .translate: .translate
    case .timeAdvance: .timeAdvance
    case .flush: .flush
    case .reset: .reset
    case .statistics: .statistics
    case .events: .events
    case .explain: .explain
    case .tables: .tables
    case .registers: .registers
    case .trace: .trace
    case .timePromise: .timePromise
    case .portOpen: .portOpen
    case .portClose: .portClose
    case .portFence: .portFence
    case .linePage: .linePage
    case .quiesce: .quiesce
    case .resume: .resume
    }
  }

  /// Whether a client may ask for it without a reply.
  public var mayBePosted: Bool {
    switch self {
    case .memoryWrite, .mmioWrite, .writeBatch, .systemRegisterWrite, .msi, .msiBatch, .inputLine,
      .bye, .timePromise, .portFence:
      true
    default: false
    }
  }

  /// Whether its place among the requests of others is given by its time.
  public var isOrderedByTime: Bool {
    switch self {
    case .mmioRead, .mmioWrite, .writeBatch, .systemRegisterRead, .systemRegisterWrite, .msi,
      .msiBatch, .inputLine, .translate, .timeAdvance:
      true
    default: false
    }
  }

  /// Whether it may change what a guest sees. Not so for RAM, which is the guest's own.
  public var changesMachine: Bool {
    switch self {
    case .translate: false
    case .reset: true
    default: isOrderedByTime
    }
  }

  /// Whether it may stand in a ring: slots there have no tail, and neither have their replies.
  public var fitsRing: Bool {
    switch self {
    case .mmioRead, .mmioWrite, .systemRegisterRead, .systemRegisterWrite, .msi, .inputLine,
      .translate, .timeAdvance, .timePromise, .flush, .portFence:
      true
    default: false
    }
  }
}
