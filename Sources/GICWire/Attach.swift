// ATTACH: which machine, and as what.

/// What a client is to a machine. It decides what the client may do.
public enum Role: Hashable, Sendable {
  /// The whole machine: creates it, and may do everything.
  case control
  /// One PE, by Processor_Number: its accesses and its lines.
  case pe(UInt32)
  /// Devices: `count` DeviceIDs from `first` (0: all from there on). May send MSIs and drive SPIs.
  case device(first: UInt32, count: UInt32)
  /// Guest RAM only.
  case memory
  /// Looks, and changes nothing.
  case monitor

  /// Field `a` of ATTACH, and the bit in ``Capabilities/roles``.
  public var number: UInt64 {
    switch self {
    case .control: 0
    case .pe: 1
    case .device: 2
    case .memory: 3
    case .monitor: 4
    }
  }
}

/// How a client's time and the machine's go together: option bits [3:2] of ATTACH.
@frozen public enum TimeMode: UInt8, Hashable, Sendable, CaseIterable {
  /// The machine runs ahead: what has no time is answered once everything under way has ended.
  case free = 0
  /// The machine's time never passes the newest that a client has named.
  case paced = 1
  /// Requests of all such connections take effect in the order of their times: none before
  /// everybody else is known to have passed it.
  case conservative = 2
}

/// The request.
public struct Attach: Hashable, Sendable {
  /// 1 to 64 of `A-Z a-z 0-9 . _ -`.
  public var machine: String
  public var role: Role
  /// UTF-8 YAML, laid over the daemon's own configuration when this request creates the machine.
  public var configuration: String
  /// Option bit 0 clear: LINE messages are wanted.
  public var wantsLines: Bool
  /// Option bit 1: the machine stays when nobody is attached any more.
  public var keep: Bool
  /// Option bits [3:2].
  public var timeMode: TimeMode
  /// Option bit 4: a machine whose control was lost is ended, and made anew.
  public var fresh: Bool

  public init(
    machine: String, role: Role, configuration: String = "", wantsLines: Bool = true,
    keep: Bool = false, timeMode: TimeMode = .free, fresh: Bool = false
  ) {
    (self.machine, self.role, self.configuration) = (machine, role, configuration)
    (self.wantsLines, self.keep) = (wantsLines, keep)
    (self.timeMode, self.fresh) = (timeMode, fresh)
  }

  init(slot: Slot, tail: [UInt8]) throws(WireError) {
    switch slot.a {
    case 0: role = .control
    case 1: role = .pe(slot.source)
    case 2: role = .device(first: slot.source, count: UInt32(clamping: slot.c))
    case 3: role = .memory
    case 4: role = .monitor
    default: throw WireError(.einval, "ATTACH: there is no role \(slot.a)")
    }
    wantsLines = slot.d & 1 == 0
    keep = slot.d & 2 != 0
    fresh = slot.d & 16 != 0
    guard let mode = TimeMode(rawValue: UInt8(slot.d >> 2 & 3)) else {
      throw WireError(.einval, "ATTACH: there is no time mode 3")
    }
    timeMode = mode
    var cursor = ByteCursor(tail)
    machine = cursor.readText(count: Int(clamping: slot.b))
    configuration = cursor.readText(count: cursor.remaining)
    guard !cursor.failed else {
      throw WireError(
        .einval, "ATTACH: the tail is not a name of \(slot.b) bytes and YAML, both UTF-8")
    }
    guard Attach.isValid(name: machine) else {
      throw WireError(
        .einval, "ATTACH: a machine's name is 1 to 64 of A-Z a-z 0-9 . _ -")
    }
  }

  /// Whether a machine may have this name: 1 to 64 of `A-Z a-z 0-9 . _ -`.
  public static func isValid(name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  func encode(into slot: inout Slot) -> [UInt8] {
    slot.a = role.number
    switch role {
    case .pe(let number):
      slot.source = number
      slot.attributes.sourceKind = .pe
    case .device(let first, let count):
      slot.source = first
      slot.attributes.sourceKind = .device
      slot.c = UInt64(count)
    case .control, .memory, .monitor: break
    }
    slot.b = UInt64(machine.utf8.count)
    slot.d =
      (wantsLines ? 0 : 1) | (keep ? 2 : 0) | UInt64(timeMode.rawValue) << 2 | (fresh ? 16 : 0)
    return Array(machine.utf8) + Array(configuration.utf8)
  }
}

/// The tail of the reply to ATTACH: the machine's shape.
public struct Attachment: Equatable, Sendable {
  /// Whether this request created the machine: bit 0 of field `a` of the reply, not in the tail.
  public var created = false
  /// Whether the machine is quiesced, so that a RESUME must come first: bit 1 of field `a`.
  public var quiesced = false
  /// Whether the machine was restored from a file, and not resumed since: its guest RAM must be as
  /// it was when the file was written. Bit 2 of field `a`.
  public var restored = false
  /// Requests of the client's role that the machine has carried out, of those that count
  /// (``MessageType/counts``): field `b`. Whoever goes on after a loss asks again from the next one
  /// on.
  public var requestCount: UInt64 = 0
  /// Whether the machine keeps time; on the functional clock every cycle is 0.
  public var isTimed = false
  public var clockHertz: UInt64 = 1
  public var gicdBase: UInt64 = 0
  public var gicrBase: UInt64 = 0
  /// Bytes from one redistributor to the next.
  public var gicrStride: UInt64 = 0
  /// Control frame of each ITS; its translation frame follows 64 KiB above.
  public var itsBases: [UInt64] = []
  /// Aff3.Aff2.Aff1.Aff0 of each PE, by Processor_Number.
  public var affinities: [UInt32] = []
  /// Names the resolved configuration: equal configurations have equal ones.
  public var configurationHash = ""

  public init() {}
  public var peCount: Int { affinities.count }
  public var clock: ClockScale { ClockScale(hertz: clockHertz) }
  /// Field `a` of the reply.
  public var flags: UInt64 {
    get { (created ? 1 : 0) | (quiesced ? 2 : 0) | (restored ? 4 : 0) }
    set {
      (created, quiesced) = (newValue & 1 != 0, newValue & 2 != 0)
      restored = newValue & 4 != 0
    }
  }

  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt32(truncatingIfNeeded: affinities.count))
    bytes.appendLittleEndian(UInt32(truncatingIfNeeded: itsBases.count))
    bytes.appendLittleEndian(UInt32(isTimed ? 1 : 0))
    bytes.appendLittleEndian(UInt32(truncatingIfNeeded: configurationHash.utf8.count))
    for word in [clockHertz, gicdBase, gicrBase, gicrStride] + itsBases {
      bytes.appendLittleEndian(word)
    }
    for affinity in affinities { bytes.appendLittleEndian(affinity) }
    bytes += Array(configurationHash.utf8)
    return bytes
  }

  /// - Returns: nil when the tail is not an attachment's.
  public init?(decoding tail: [UInt8]) {
    var cursor = ByteCursor(tail)
    let peCount = Int(cursor.read(UInt32.self))
    let itsCount = Int(cursor.read(UInt32.self))
    isTimed = cursor.read(UInt32.self) & 1 != 0
    let hashCount = Int(cursor.read(UInt32.self))
    (clockHertz, gicdBase) = (cursor.read(), cursor.read())
    (gicrBase, gicrStride) = (cursor.read(), cursor.read())
    // The counts are the peer's word: no more is read than there is.
    guard itsCount <= cursor.remaining / 8, peCount <= cursor.remaining / 4 else { return nil }
    for _ in 0..<itsCount { itsBases.append(cursor.read()) }
    for _ in 0..<peCount { affinities.append(cursor.read()) }
    configurationHash = cursor.readText(count: hashCount)
    guard !cursor.failed else { return nil }
  }
}
