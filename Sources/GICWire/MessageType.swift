// The numbers of the messages, and the places that are kept.

/// What a frame is. The number stands at offset 4.
///
/// Kept free for what comes later; a daemon that does not know them answers ENOSYS:
/// - 0x0064 to 0x006f: ports.
/// - 0x0077 to 0x007f: snapshots.
/// - 0x0083 to 0x008f: device attributes.
/// - 0x0090 to 0x009f: TRACE_SUBSCRIBE.
/// - 0x8000 to 0xffff: never given out; for experiments.
@frozen public enum MessageType: UInt16, Sendable, CaseIterable {
  case hello = 0x0001
  case attach = 0x0002
  case bye = 0x0003
  case list = 0x0004
  /// Daemon to client, never a reply: the last thing a connection hears, and why.
  case closing = 0x0005

  case memoryMap = 0x0010
  case memoryUnmap = 0x0011
  case memoryRead = 0x0012
  case memoryWrite = 0x0013
  case memoryDirty = 0x0014

  case mmioRead = 0x0020
  case mmioWrite = 0x0021
  case writeBatch = 0x0022
  case systemRegisterRead = 0x0023
  case systemRegisterWrite = 0x0024

  case msi = 0x0030
  case msiBatch = 0x0031
  case inputLine = 0x0032
  case translate = 0x0033
  /// Daemon to client, never a reply.
  case line = 0x0034

  case timeAdvance = 0x0040
  case flush = 0x0041
  case reset = 0x0042
  case timePromise = 0x0043

  case statistics = 0x0050
  case events = 0x0051
  case explain = 0x0052
  case tables = 0x0053
  case registers = 0x0054

  case portOpen = 0x0060
  case portClose = 0x0061
  case portFence = 0x0062
  case linePage = 0x0063

  case quiesce = 0x0070
  case resume = 0x0071
  case snapshotSave = 0x0072
  case snapshotRead = 0x0073
  case snapshotWrite = 0x0074
  case snapshotRestore = 0x0075
  case checkpoint = 0x0076

  case deviceHas = 0x0080
  case deviceGet = 0x0081
  case deviceSet = 0x0082

  case trace = 0x0090

  /// Whether only a daemon sends it.
  public var isNotice: Bool { self == .line || self == .closing }

  /// Whether a machine that is quiesced refuses it.
  @inlinable public var isHeldByQuiesce: Bool { counts && self != .flush && self != .deviceSet }

  /// Whether requests of this type count: a client that finds its machine as it was some time ago
  /// asks again for those that came since.
  @inlinable public var counts: Bool {
    switch self {
    case .mmioRead, .mmioWrite, .writeBatch, .systemRegisterRead, .systemRegisterWrite, .msi,
      .msiBatch, .inputLine, .timeAdvance, .flush, .reset, .deviceSet:
      true
    default: false
    }
  }
}

/// The numbers that both ends must agree on before anything else.
public enum WireProtocol {
  /// The eight bytes "ITSDWIRE", read as a little-endian integer: field `a` of HELLO.
  public static let magic: UInt64 = 0x4552_4957_4453_5449
  /// Another major version is another protocol; a minor version only adds.
  public static let major: UInt16 = 1
  public static let minor: UInt16 = 2
  /// Frames before the HELLO reply may not be larger than this, in bytes.
  public static let helloFrameLimit = 4096
  /// The tail that a daemon offers unless told otherwise, in bytes.
  public static let defaultTailLimit = 1 << 20
  /// Descriptors that one frame may carry.
  public static let descriptorLimit = 8
  /// Slots of a shared-memory ring, a power of two.
  public static let ringSlotLimit = 1024
  /// Bytes that may wait for a client before it is cut.
  public static let defaultQueueLimit = 16 << 20
  /// "No time", "no limit": all ones.
  public static let unlimited = UInt64.max
}
