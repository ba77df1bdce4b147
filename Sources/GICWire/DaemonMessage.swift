// Daemon to client: replies, interrupt lines that change on their own, and the end.

/// The answer to a request.
public struct Reply: Equatable, Sendable {
  /// The request's type, which may be one that the daemon does not know.
  public var rawType: UInt16
  public var id: UInt32
  /// A Linux errno, 0 for success; then `tail` is a sentence in UTF-8.
  public var errno: UInt32 = 0
  /// A ``WireBusStatus``.
  public var busStatus: UInt8 = 0
  /// Outputs of the request's PE once the request has taken effect, if it has a PE.
  public var interrupts: InterruptSummary?
  /// Field `a`: the datum read, a packed MSI outcome, a count.
  public var value: UInt64 = 0
  /// Field `b`: cycles of the GIC clock from the request to its visible result; HELLO: the version.
  public var latency: UInt64 = 0
  /// Completion in picoseconds, rounded up from `cycle`.
  public var time: UInt64 = 0
  /// Field `d`: completion in cycles, exact.
  public var cycle: UInt64 = 0
  /// Bits [31:8] of field `c`, with ``interrupts`` or without: so many cycles after `cycle` all
  /// outputs stay as they are unless somebody asks for something. 0 says nothing;
  /// ``unlimitedHorizon`` is "that many or more".
  public var horizon: UInt32 = 0
  /// Descriptors that travel with this reply.
  public var descriptorCount: UInt8 = 0
  public var tail: [UInt8] = []
  public static var unlimitedHorizon: UInt32 { 0xff_ffff }

  public init(to type: MessageType, id: UInt32) { self.init(toRawType: type.rawValue, id: id) }

  public init(toRawType rawType: UInt16, id: UInt32) { (self.rawType, self.id) = (rawType, id) }

  public init(toRawType rawType: UInt16, id: UInt32, error: WireError) {
    self.init(toRawType: rawType, id: id)
    errno = error.errno.rawValue
    tail = Array(error.text.utf8)
  }

  /// The sentence of an error.
  public var errorText: String { errno == 0 ? "" : String(decoding: tail, as: UTF8.self) }

  /// The reply's slot: all of it but the tail.
  public var slot: Slot {
    var slot = Slot()
    slot.type = rawType
    slot.flags = errno == 0 ? .reply : [.reply, .error]
    slot.descriptorCount = descriptorCount
    (slot.id, slot.errno, slot.time) = (id, errno, time)
    slot.attributes.busStatus = busStatus
    (slot.a, slot.b, slot.d) = (value, latency, cycle)
    slot.c = UInt64(min(horizon, Reply.unlimitedHorizon)) << 8
    if let interrupts {
      slot.flags.insert(.interruptsValid)
      slot.c |= interrupts.packed
    }
    return slot
  }

  /// A reply's fields from its slot; the tail is somewhere else, if there is one.
  public init(_ slot: Slot) {
    self.init(toRawType: slot.type, id: slot.id)
    (errno, time) = (slot.errno, slot.time)
    busStatus = slot.attributes.busStatus
    descriptorCount = slot.descriptorCount
    (value, latency, cycle) = (slot.a, slot.b, slot.d)
    horizon = UInt32(truncatingIfNeeded: slot.c >> 8) & Reply.unlimitedHorizon
    if slot.flags.contains(.interruptsValid) { interrupts = InterruptSummary(packed: slot.c) }
  }

  public func append(to bytes: inout [UInt8]) { slot.appendFrame(tail: tail, to: &bytes) }

  /// The version and limits in a reply to HELLO.
  public func hello() throws(WireError) -> Hello {
    var hello = Hello()
    (hello.magic, hello.version) = (value, latency)
    if errno == 0 { hello.capabilities = try Capabilities(decoding: tail) }
    return hello
  }

  /// Makes this the reply that carries `hello`.
  public mutating func carry(_ hello: Hello) {
    (value, latency) = (hello.magic, hello.version)
    if errno == 0 { tail = hello.capabilities.encoded() }
  }
}

/// LINE: the outputs of one PE have changed.
public struct LineNotice: Hashable, Sendable {
  /// Processor_Number.
  public var pe: UInt32
  public var interrupts: InterruptSummary
  /// Picoseconds, rounded up from `cycle`.
  public var time: UInt64
  public var cycle: UInt64
  public init(pe: UInt32, interrupts: InterruptSummary, time: UInt64, cycle: UInt64) {
    (self.pe, self.interrupts, self.time, self.cycle) = (pe, interrupts, time, cycle)
  }

  public func append(to bytes: inout [UInt8]) {
    var slot = Slot()
    slot.type = MessageType.line.rawValue
    slot.flags = .interruptsValid
    slot.time = time
    slot.source = pe
    slot.attributes.sourceKind = .pe
    slot.a = UInt64(interrupts.levels)
    slot.c = interrupts.packed
    slot.d = cycle
    slot.append(to: &bytes)
  }
}

/// CLOSING: the daemon ends this connection, and why. Nothing comes after it.
public struct ClosingNotice: Hashable, Sendable {
  /// A Linux errno.
  public var errno: UInt32
  /// A sentence.
  public var text: String
  public init(_ error: WireError) { (errno, text) = (error.errno.rawValue, error.text) }

  init(errno: UInt32, tail: [UInt8]) {
    self.errno = errno
    text = String(decoding: tail, as: UTF8.self)
  }

  public func append(to bytes: inout [UInt8]) {
    var slot = Slot()
    slot.type = MessageType.closing.rawValue
    slot.flags = .error
    slot.errno = errno
    slot.appendFrame(tail: Array(text.utf8), to: &bytes)
  }
}

/// What a daemon sends.
public enum DaemonMessage: Equatable, Sendable {
  case reply(Reply)
  case line(LineNotice)
  case closing(ClosingNotice)
  /// None of these, and not an error: a newer daemon's message, to be skipped.
  case unknown(UInt16)

  /// Reads one whole frame whose slot is `slot`.
  /// - Throws: EINVAL when the tail is shorter than its padding.
  public init(decoding slot: Slot, frame: RawSpan) throws(WireError) {
    if slot.flags.contains(.reply) {
      var reply = Reply(slot)
      reply.tail = try slot.tail(of: frame)
      self = .reply(reply)
    } else if slot.type == MessageType.line.rawValue {
      self = .line(
        LineNotice(
          pe: slot.source, interrupts: InterruptSummary(packed: slot.c), time: slot.time,
          cycle: slot.d))
    } else if slot.type == MessageType.closing.rawValue {
      self = .closing(ClosingNotice(errno: slot.errno, tail: try slot.tail(of: frame)))
    } else {
      self = .unknown(slot.type)
    }
  }
}
