// One line of a trace as a value of fixed size. What does not fit (memory contents, console text)
// lies in the trace's side buffers.

import GICArch

/// What a line of a trace says was done or observed. The raw value has no meaning outside the
/// process.
/// - Source: FORMAT.md of the traces, "Stimuli" and "Observed".
@frozen public enum TraceOperation: UInt8, CaseIterable, BitwiseCopyable, Sendable {
  // Most frequent first: a name is looked up in this order.
  case line, msi, translation, acknowledge, endOfInterrupt, itsRead, sgi, ppi, itsWrite, command
  case systemRegisterWrite, systemRegisterRead
  case redistributorWrite, redistributorRead, distributorWrite, distributorRead
  case memory, fill, spi, console, failedTranslation

  /// The name in the file.
  public var name: String {
    switch self {
    case .fill: "fill"
    case .memory: "mem"
    case .command: "q"
    case .itsWrite: "iw"
    case .itsRead: "ir"
    case .redistributorWrite: "rw"
    case .redistributorRead: "rr"
    case .distributorWrite: "dw"
    case .distributorRead: "dr"
    case .msi: "msi"
    case .acknowledge: "iar"
    case .endOfInterrupt: "eoi"
    case .systemRegisterWrite: "cw"
    case .systemRegisterRead: "cr"
    case .sgi: "sgi"
    case .ppi: "ppi"
    case .spi: "spi"
    case .translation: "x"
    case .failedTranslation: "xf"
    case .line: "line"
    case .console: "con"
    }
  }

  /// Whether the file may say `bad` behind the name: an access to a frame.
  public var mayBeBad: Bool {
    switch self {
    case .itsWrite, .itsRead, .redistributorWrite, .redistributorRead, .distributorWrite,
      .distributorRead:
      true
    default: false
    }
  }

  /// Whether it was seen, not done: nothing for a replay to apply.
  public var isObservation: Bool {
    switch self {
    case .translation, .failedTranslation, .line, .console: true
    default: false
    }
  }

  /// Whether it is guest memory that changes before the next event.
  public var isMemory: Bool {
    switch self {
    case .fill, .memory, .command: true
    default: false
    }
  }

  /// Whether a PE's interrupt outputs can change through it.
  public var canMoveLines: Bool {
    switch self {
    case .itsWrite, .redistributorWrite, .distributorWrite, .msi, .acknowledge, .endOfInterrupt,
      .systemRegisterWrite, .sgi, .ppi, .spi:
      true
    default: false
    }
  }

  /// Whether it changes state that PEs share otherwise than by an MSI: a guest's locks keep such
  /// events in order among all PEs, whatever time does to them.
  public var keepsOrder: Bool {
    switch self {
    case .fill, .memory, .command, .itsWrite, .redistributorWrite, .distributorWrite,
      .systemRegisterWrite, .sgi, .ppi, .spi:
      true
    default: false
    }
  }
}

/// One event, 40 bytes. `a`, `b` and `c` mean:
///
/// | operation | a | b | c |
/// |---|---|---|---|
/// | fill | address | length | byte |
/// | mem, q | address | start in ``Trace/bytes`` | length |
/// | iw ir rw rr dw dr | offset in the frame | value | |
/// | msi | DeviceID | EventID | |
/// | iar, eoi | INTID | | |
/// | cw, cr | system register | value | |
/// | sgi | value of ICC_SGI1R | | |
/// | ppi, spi | INTID | level | |
/// | x | DeviceID [63:32], EventID | ``MSIOutcome/packed`` without kind | |
/// | xf | DeviceID [63:32], EventID | 0 DTE, 1 ITE, 2 CTE | |
/// | line | PE | ``LineLevels`` | |
/// | con | | start in ``Trace/texts`` | length |
public struct TraceEvent: BitwiseCopyable, Equatable, Sendable {
  /// ns of the trace's clock.
  public var time: UInt64 = 0
  public var a: UInt64 = 0
  public var b: UInt64 = 0
  public var c: UInt32 = 0
  /// Line in the file, from 1.
  public var line: UInt32 = 0
  /// Index of the PE that acts; -1 is a device.
  public var who: Int16 = -1
  /// The redistributor, for rw, rr and ppi.
  public var rd: UInt16 = 0
  public var operation: TraceOperation
  /// Width of an access in bytes.
  public var size: UInt8 = 0
  /// The machine traced did not implement the access.
  public var isBad = false

  public init(_ operation: TraceOperation) { self.operation = operation }

  /// A poll of GITS_CREADR.
  var isProgressRead: Bool { operation == .itsRead && a == UInt64(GITS.CREADR.offset) && !isBad }
  /// A write of GITS_CWRITER.
  var isDoorbell: Bool { operation == .itsWrite && a == UInt64(GITS.CWRITER.offset) && !isBad }
}

/// A statement about the end of the run: an `E` line.
/// - Source: FORMAT.md of the traces, "End state".
public struct EndStatement: Equatable, Sendable {
  public enum Claim: Equatable, Sendable {
    /// How many MSIs there were.
    case msi(DeviceID, EventID, Int)
    /// How often a PE acknowledged an INTID.
    case acknowledged(pe: Int, INTID, Int)
    case lpis(pe: Int, Int)
    case pending(pe: Int, INTID)
    case pendingTotal(pe: Int, Int)
    case enabled(INTID, UInt8)
    /// A row of /proc/interrupts at a snapshot: counts per PE.
    case interrupts(snapshot: String, DeviceID, EventID, [Int])
    /// How many lines of an operation, with `bad` behind its name where the file has it.
    case count(String, Int)
  }
  public var claim: Claim
  public var line: UInt32
}
