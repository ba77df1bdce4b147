// The event log as a document.

import GICArch
import GICModel

/// A run of the event log: what went wrong, oldest first.
public struct EventsDocument: JSONDocument, Equatable, Sendable {
  public var events: [Event]
  /// Where to go on asking.
  public var next: UInt64
  /// Of those asked for, before the first: gone.
  public var lost: UInt64
  /// Gone since the machine's reset, whoever asked.
  public var overwritten: UInt64

  /// A rejected command or a dropped MSI.
  public struct Event: JSONDocument, Equatable, Sendable {
    public var sequence: UInt64
    public var cycle: UInt64
    /// `rejected`, `unknown_command`, `slot_unreachable`, `entry_unreachable` or `dropped`.
    public var kind: String
    /// The architecture's name and number, of a rejected command.
    public var error: String?
    public var number: String?
    /// Of a dropped MSI: a ``MSIOutcome/Kind``.
    public var outcome: String?
    /// What was wrong, in a sentence.
    public var text: String
    public var its: Int?
    /// Byte offset in the command queue.
    public var slot: Int?
    public var command: CommandDocument?
    public var device: UInt32?
    public var event: String?
    public var intid: UInt32?
    /// Processor_Number.
    public var pe: Int?
    /// The table entry that decided it.
    public var entry: EntryDocument?
  }

  public init(_ batch: EventBatch) {
    events = batch.events.map(Event.init)
    (next, lost, overwritten) = (batch.next, batch.lost, batch.overwritten)
  }

  /// For people: two or three lines an event.
  public func text() -> String {
    (lost > 0 ? "\(lost) older events are lost\n" : "") + events.map(\.lines).joined()
  }
}

extension EventsDocument.Event {
  public init(_ logged: LoggedEvent) {
    (sequence, cycle) = (logged.sequence, logged.cycle)
    switch logged.kind {
    case .rejected(let error):
      (kind, text) = ("rejected", error.description)
      self.error = error.name
      let digits = String(error.rawValue, radix: 16)
      number = "0x" + String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    case .unknownCommand: (kind, text) = ("unknown_command", "no GICv3 command has this opcode")
    case .slotUnreachable:
      (kind, text) = ("slot_unreachable", "the queue's slot lies outside guest RAM")
    case .entryUnreachable:
      (kind, text) = ("entry_unreachable", "a table entry lies outside guest RAM")
    case .dropped(let outcome):
      (kind, text) = ("dropped", outcome.sentence)
      self.outcome = String(describing: outcome)
    }
    (its, slot) = (logged.its, logged.slot)
    command = logged.packet.map(CommandDocument.init)
    device = logged.device?.rawValue
    event = logged.event.map(hexadecimal)
    intid = logged.intid?.rawValue
    pe = logged.target.map { Int($0.rawValue) }
    entry = logged.entry.map(EntryDocument.init)
  }

  fileprivate var lines: String {
    var head = "#\(sequence) cycle \(Format.grouped(cycle))"
    if let its { head += " ITS \(its)" }
    if let slot { head += " slot \(hexadecimal(slot))" }
    if let error, let number { head += " \(error) (\(number))" }
    if let outcome { head += " MSI dropped: \(outcome)" }
    head += "\n"
    if let command {
      head += "   \(command.sentence)\n   \(command.packet.joined(separator: " "))\n"
    } else if let device, let event {
      let place = intid.flatMap { intid in pe.map { ", LPI \(intid) of PE \($0)" } } ?? ""
      head += "   DeviceID \(hexadecimal(device)), EventID \(event)\(place)\n"
    }
    return head + "   \(text)\n" + (entry.map { "   \($0.text)\n" } ?? "")
  }
}

extension MSIOutcome.Kind {
  /// What became of the MSI, for people.
  var sentence: String {
    switch self {
    case .set: "the LPI is pending"
    case .merged: "the LPI was pending already"
    case .accepted: "taken in; what becomes of it shows later"
    case .itsDisabled: "the ITS is disabled"
    case .deviceOOR: "the DeviceID is outside what the ITS or its device table supports"
    case .deviceUnmapped: "the DeviceID is not mapped"
    case .eventOOR: "the EventID is outside the device's ITT"
    case .eventUnmapped: "the EventID is not mapped to an interrupt"
    case .collectionUnmapped: "the collection is not mapped to a redistributor"
    case .intidOOR: "the INTID is no LPI that the redistributors support"
    case .lpisDisabled: "the redistributor takes no LPIs: GICR_CTLR.EnableLPIs is 0"
    case .memoryFault: "a table entry lies outside guest RAM"
    case .noITS: "no ITS has its frames at that address"
    }
  }
}
