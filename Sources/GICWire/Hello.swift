// HELLO: version and capabilities. Its layout never changes, so that any two versions can disagree
// in good order.

/// Version and limits of one end, or what both ends agreed on.
public struct Hello: Hashable, Sendable {
  public var magic = WireProtocol.magic
  public var major = WireProtocol.major
  public var minor = WireProtocol.minor
  public var capabilities = Capabilities()
  public init() {}

  /// `major` [31:16], `minor` [15:0]: field `b`.
  public var version: UInt64 {
    get { UInt64(major) << 16 | UInt64(minor) }
    set {
      major = UInt16(truncatingIfNeeded: newValue >> 16)
      minor = UInt16(truncatingIfNeeded: newValue)
    }
  }

  init(slot: Slot, tail: [UInt8]) throws(WireError) {
    magic = slot.a
    version = slot.b
    capabilities = try Capabilities(decoding: tail)
  }

  /// What the daemon answers: the lesser of both ends in everything.
  /// - Throws: EPROTO for another magic, EPROTONOSUPPORT for another major version.
  public func agreed(with client: Hello) throws(WireError) -> Hello {
    guard client.magic == magic else {
      throw WireError(.eproto, "HELLO does not carry the magic number \"ITSDWIRE\"")
    }
    guard client.major == major else {
      throw WireError(
        .eprotonosupport,
        "the client speaks protocol \(client.major).\(client.minor), "
          + "this daemon \(major).\(minor): use a client of major version \(major)")
    }
    var result = self
    result.minor = min(minor, client.minor)
    result.capabilities = try capabilities.agreed(with: client.capabilities)
    return result
  }
}

/// The limits that HELLO negotiates. In the tail: type u16, zero u16, length u32, then the value,
/// filled up to a multiple of 8. A receiver skips types that it does not know.
public struct Capabilities: Hashable, Sendable {
  /// Type 1, u64: the largest frame that this end takes, in bytes.
  public var frameLimit = Slot.byteCount + WireProtocol.defaultTailLimit
  /// Type 2, u64: descriptors that this end takes with one frame; 0 over TCP.
  public var descriptorLimit = WireProtocol.descriptorLimit
  /// Type 3, u64: roles that exist, one bit each by ``Role/number``.
  public var roles: UInt64 = 0x1f
  /// Type 4, u64: the granule of MEM_MAP in bytes.
  public var pageSize: UInt64 = 4096
  /// Type 5, UTF-8: who this is, for people.
  public var name = ""
  /// Type 6, u64: bytes that may wait for a client before it is cut; at least one frame.
  public var queueLimit = WireProtocol.defaultQueueLimit
  /// Type 7, u64: slots of a shared-memory ring; 0 where there are no rings.
  public var ringSlots = WireProtocol.ringSlotLimit
  /// Type 8, u64: time modes that exist, one bit each by ``TimeMode/rawValue``.
  public var timeModes: UInt64 = 0b111
  public init() {}

  init(decoding tail: [UInt8]) throws(WireError) {
    var cursor = ByteCursor(tail)
    while cursor.remaining > 0 {
      let type: UInt16 = cursor.read()
      _ = cursor.read(UInt16.self)
      let length = Int(cursor.read(UInt32.self))
      var value = ByteCursor(cursor.read(count: length))
      _ = cursor.read(count: min(-length & 7, cursor.remaining))
      if cursor.failed { break }
      switch type {
      case 1: frameLimit = Int(clamping: value.read(UInt64.self))
      case 2: descriptorLimit = Int(clamping: value.read(UInt64.self))
      case 3: roles = value.read()
      case 4: pageSize = value.read()
      case 5: name = value.readText(count: length)
      case 6: queueLimit = Int(clamping: value.read(UInt64.self))
      case 7: ringSlots = Int(clamping: value.read(UInt64.self))
      case 8: timeModes = value.read()
      default: continue
      }
      guard !value.failed, value.remaining == 0 else {
        throw WireError(.einval, "HELLO: capability \(type) has a value of \(length) bytes")
      }
    }
    guard !cursor.failed else {
      throw WireError(.einval, "HELLO: the capabilities end in the middle of one")
    }
  }

  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ type: UInt16, _ value: [UInt8]) {
      bytes.appendLittleEndian(type)
      bytes.appendLittleEndian(UInt16(0))
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: value.count))
      bytes += value
      bytes += [UInt8](repeating: 0, count: -value.count & 7)
    }
    let numbers: [(UInt16, UInt64)] = [
      (1, UInt64(frameLimit)), (2, UInt64(descriptorLimit)), (3, roles), (4, pageSize),
      (6, UInt64(queueLimit)), (7, UInt64(ringSlots)), (8, timeModes),
    ]
    for (type, number) in numbers {
      var value: [UInt8] = []
      value.appendLittleEndian(number)
      append(type, value)
    }
    if !name.isEmpty { append(5, Array(name.utf8.prefix(256))) }
    return bytes
  }

  func agreed(with other: Capabilities) throws(WireError) -> Capabilities {
    guard other.frameLimit >= WireProtocol.helloFrameLimit else {
      throw WireError(
        .einval,
        "HELLO: frames of \(other.frameLimit) bytes are too small; "
          + "take at least \(WireProtocol.helloFrameLimit)")
    }
    var result = self
    result.frameLimit = min(frameLimit, other.frameLimit)
    result.descriptorLimit = min(descriptorLimit, other.descriptorLimit)
    result.roles = roles & other.roles
    // One reply must always have room.
    result.queueLimit = max(min(queueLimit, other.queueLimit), result.frameLimit)
    result.ringSlots = min(ringSlots, other.ringSlots)
    result.timeModes = timeModes & other.timeModes
    return result
  }
}
