// The 64-byte slot that every frame begins with: the same on a stream socket, on TCP and in a
// shared-memory ring. This file knows where each field lies, and nothing of what it means.

/// The fixed part of a frame. `Protocol.md` in this module's documentation gives it byte for byte.
@frozen public struct Slot: Equatable, Sendable {
  /// Bytes of a slot, and so the size of the smallest frame.
  @inlinable public static var byteCount: Int { 64 }

  /// Bytes of the whole frame, slot and tail: at least 64 and a multiple of 8.
  public var size: UInt32 = 64
  /// ``MessageType/rawValue``.
  public var type: UInt16 = 0
  public var flags: FrameFlags = []
  /// How many file descriptors travel with this frame.
  public var descriptorCount: UInt8 = 0
  /// The sender's number for a request; its reply carries the same.
  public var id: UInt32 = 0
  /// A Linux errno in replies, 0 for success; 0 in requests.
  public var errno: UInt32 = 0
  /// Picoseconds of simulated time.
  public var time: UInt64 = 0
  /// A Processor_Number or a DeviceID, as ``FrameAttributes/sourceKind`` says.
  public var source: UInt32 = 0
  public var attributes = FrameAttributes()
  public var a: UInt64 = 0
  public var b: UInt64 = 0
  public var c: UInt64 = 0
  public var d: UInt64 = 0

  @inlinable public init() {}

  /// Takes the slot from eight little-endian words. No value of any field is refused here.
  @inlinable public init(words: [8 of UInt64]) {
    let head = UInt64(littleEndian: words[0])
    size = UInt32(truncatingIfNeeded: head)
    type = UInt16(truncatingIfNeeded: head >> 32)
    flags = FrameFlags(rawValue: UInt8(truncatingIfNeeded: head >> 48))
    descriptorCount = UInt8(truncatingIfNeeded: head >> 56)
    let identity = UInt64(littleEndian: words[1])
    id = UInt32(truncatingIfNeeded: identity)
    errno = UInt32(truncatingIfNeeded: identity >> 32)
    time = UInt64(littleEndian: words[2])
    let origin = UInt64(littleEndian: words[3])
    source = UInt32(truncatingIfNeeded: origin)
    attributes = FrameAttributes(rawValue: UInt32(truncatingIfNeeded: origin >> 32))
    (a, b) = (UInt64(littleEndian: words[4]), UInt64(littleEndian: words[5]))
    (c, d) = (UInt64(littleEndian: words[6]), UInt64(littleEndian: words[7]))
  }

  /// Takes the slot from the first 64 bytes of `bytes`.
  /// - Returns: nil when there are fewer.
  public init?(decoding bytes: RawSpan) {
    guard bytes.byteCount >= Slot.byteCount else { return nil }
    // SAFETY: every bit pattern is eight integers, and the length was checked.
    self.init(words: unsafe bytes.unsafeLoadUnaligned(as: [8 of UInt64].self))
  }

  /// The 64 bytes, as eight little-endian words.
  @inlinable public var words: [8 of UInt64] {
    [
      (UInt64(size) | UInt64(type) << 32 | UInt64(flags.rawValue) << 48
        | UInt64(descriptorCount) << 56).littleEndian,
      (UInt64(id) | UInt64(errno) << 32).littleEndian,
      time.littleEndian,
      (UInt64(source) | UInt64(attributes.rawValue) << 32).littleEndian,
      a.littleEndian, b.littleEndian, c.littleEndian, d.littleEndian,
    ]
  }

  /// Puts the 64 bytes at the end of `bytes`.
  public func append(to bytes: inout [UInt8]) {
    // SAFETY: the buffer is read inside the closure only, and every byte of the words is
    // initialised.
    unsafe withUnsafeBytes(of: words) { unsafe bytes.append(contentsOf: $0) }
  }
}

/// The bits of the byte at offset 6.
@frozen public struct FrameFlags: OptionSet, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// From the daemon, in answer to a request.
  @inlinable public static var reply: FrameFlags { FrameFlags(rawValue: 1 << 0) }
  /// The sender wants no reply, not even of an error: a posted request.
  @inlinable public static var noReply: FrameFlags { FrameFlags(rawValue: 1 << 1) }
  /// A reply whose errno is not 0.
  @inlinable public static var error: FrameFlags { FrameFlags(rawValue: 1 << 2) }
  /// Carry this out only when everything the machine was given before has ended.
  @inlinable public static var fence: FrameFlags { FrameFlags(rawValue: 1 << 3) }
  /// The time field of this request counts; otherwise the machine chooses the time.
  @inlinable public static var timed: FrameFlags { FrameFlags(rawValue: 1 << 4) }
  /// `c` is an ``InterruptSummary``.
  @inlinable public static var interruptsValid: FrameFlags { FrameFlags(rawValue: 1 << 5) }
}

/// Who a request acts for.
@frozen public enum SourceKind: UInt8, Sendable, CaseIterable {
  case none = 0
  /// ``Slot/source`` is a Processor_Number.
  case pe = 1
  /// ``Slot/source`` is a DeviceID.
  case device = 2
  /// Whoever looks from outside. Reserved: treated as `none`.
  case debugger = 3
}

/// The 32 bits at offset 28. Bits not named here are 0 in what is sent and ignored in what is
/// received.
@frozen public struct FrameAttributes: Equatable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32 = 0) { self.rawValue = rawValue }

  /// Width of the access in bytes, 1 to 8, kept as its logarithm in [1:0].
  @inlinable public var accessSize: Int {
    get { 1 << Int(rawValue & 3) }
    set { rawValue = rawValue & ~3 | UInt32(truncatingIfNeeded: newValue.trailingZeroBitCount) & 3 }
  }
  /// [5:4].
  @inlinable public var sourceKind: SourceKind {
    get { SourceKind(rawValue: UInt8(truncatingIfNeeded: rawValue >> 4 & 3)) ?? .none }
    set { rawValue = rawValue & ~0x30 | UInt32(newValue.rawValue) << 4 }
  }
  /// [23:16], in replies: a ``WireBusStatus``.
  @inlinable public var busStatus: UInt8 {
    get { UInt8(truncatingIfNeeded: rawValue >> 16) }
    set { rawValue = rawValue & ~0xff_0000 | UInt32(newValue) << 16 }
  }
  /// [30:28]: how many of the frame's last bytes only fill it up to a multiple of 8.
  @inlinable public var padding: Int {
    get { Int(rawValue >> 28 & 7) }
    set { rawValue = rawValue & ~0x7000_0000 | UInt32(truncatingIfNeeded: newValue & 7) << 28 }
  }
}

/// How the bus answered an access, apart from any errno.
@frozen public enum WireBusStatus: UInt8, Sendable, CaseIterable {
  case okay = 0
  /// Inside a frame, but nothing there answers: reads 0, writes are ignored.
  case reserved = 1
  /// Nothing at that address, no such PE, or no such system register.
  case decodeError = 2
}

/// The interrupt outputs of one PE, and how often they have changed: the newest sequence wins.
@frozen public struct InterruptSummary: Hashable, Sendable {
  /// IRQ is bit 0, FIQ bit 1; vIRQ and vFIQ will be bits 2 and 3.
  public var levels: UInt8
  /// Rises by one with each change of this PE's outputs, and wraps.
  public var sequence: UInt32
  @inlinable public init(levels: UInt8 = 0, sequence: UInt32 = 0) {
    (self.levels, self.sequence) = (levels, sequence)
  }
  /// Levels [7:0], sequence [63:32].
  @inlinable public var packed: UInt64 { UInt64(levels) | UInt64(sequence) << 32 }
  @inlinable public init(packed: UInt64) {
    levels = UInt8(truncatingIfNeeded: packed)
    sequence = UInt32(truncatingIfNeeded: packed >> 32)
  }
}
