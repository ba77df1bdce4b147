// What a machine remembers of what went wrong: values, and no text.

import GICArch

/// One entry of an ITS table or of an LPI configuration table, where it lies and what it says.
public struct TableEntry: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// First level of an indirect device table.
    case deviceLevelOne = "device L1"
    case device = "device"
    case translation = "ITE"
    case collection = "CTE"
    /// A byte of the LPI configuration table.
    case property = "property"
  }
  public var kind: Kind
  /// First byte of the entry in guest RAM; nil for one that the ITS holds itself.
  public var address: PhysicalAddress?
  /// What lies there; nil where there is no RAM.
  public var raw: UInt64?
  /// What the ITS or redistributor remembers, laid out as it would lie in RAM, if it did not read
  /// RAM but used this.
  public var cached: UInt64?

  public init(
    _ kind: Kind, address: PhysicalAddress?, raw: UInt64?, cached: UInt64? = nil
  ) {
    (self.kind, self.address, self.raw, self.cached) = (kind, address, raw, cached)
  }

  /// Remembered, and RAM says something else by now.
  public var isStale: Bool { address != nil && cached != nil && cached != raw }
}

/// A rejected command or a dropped MSI.
public struct LoggedEvent: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case rejected(CommandError)
    /// The slot's opcode is no GICv3 command.
    case unknownCommand
    /// The slot lies outside guest RAM.
    case slotUnreachable
    /// A table entry that the command needs lies outside guest RAM: there is no number for it.
    case entryUnreachable
    /// An MSI, or an INT command, that ended without an interrupt.
    case dropped(MSIOutcome.Kind)
  }
  /// Rises by one with each event of the machine, and never goes back, not even by a reset.
  public var sequence: UInt64 = 0
  /// In cycles of the GIC clock; 0 on the functional clock.
  public var cycle: UInt64 = 0
  public var kind: Kind
  /// Which ITS, from 0; nil for an MSI that reached none.
  public var its: Int?
  /// Byte offset of the command in its queue.
  public var slot: Int?
  /// The command as it was fetched; nil for an MSI, and for a slot that could not be read.
  public var packet: QueueEntry?
  /// Of a dropped MSI.
  public var device: DeviceID?
  /// Of a dropped MSI, as it was sent: an EventID of more than 32 bits is dropped for that.
  public var event: UInt64?
  /// Of an MSI that was translated and then dropped.
  public var intid: INTID?
  /// Processor_Number of the PE that it was translated to.
  public var target: ProcessorNumber?
  /// The entry that decided it; nil where a register did, or the command alone.
  public var entry: TableEntry?

  public init(_ kind: Kind, its: Int?) { (self.kind, self.its) = (kind, its) }
}

/// A run of the event log.
public struct EventBatch: Equatable, Sendable {
  /// In the order of their sequence numbers.
  public var events: [LoggedEvent] = []
  /// Where to go on asking.
  public var next: UInt64 = 0
  /// Events between the one asked for and the first one given that the log has lost.
  public var lost: UInt64 = 0
  /// Events that the log has lost to newer ones since the machine's reset.
  public var overwritten: UInt64 = 0
  public init() {}
}
