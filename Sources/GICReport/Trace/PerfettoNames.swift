import GICArch
import GICModel

/// Names that packets refer to by a number, one byte each.
/// - Source: perfetto_trace.proto, `InternedData`; 0 is no number.
enum PerfettoNames {
  static func number(_ stage: MSIStage) -> UInt8 { UInt8(1 + stage.rawValue) }
  static func number(_ stage: CommandStage) -> UInt8 { UInt8(32 + stage.rawValue) }
  /// - Parameter opcode: 0 for a slot without a command.
  static func number(opcode: UInt8) -> UInt8 { 48 + opcode }
  static func number(_ end: TimingEnd) -> UInt8 { 64 + end.rawValue }
  /// Of the message that a command sends.
  static func number(_ kind: TransactionKind) -> UInt8 { 80 + kind.rawValue }

  static let events: [(number: UInt8, name: String)] =
    MSIStage.allCases.map { (number($0), Format.words($0.name)) }
    + CommandStage.allCases.map { (number($0), Format.words($0.name)) }
    + [(number(opcode: 0), "no command")]
    + ITSCommand.Opcode.allCases.map { (number(opcode: $0.rawValue), $0.name) }
    + TimingEnd.allCases.map { (number($0), $0.text) }
    + TransactionKind.messages.map { (number($0), "send " + $0.text) }

  /// What stands beside a slice.
  enum Note: UInt8, CaseIterable {
    case serial = 1
    case device, event, pe, intid

    var name: String {
      switch self {
      case .serial: "transaction"
      case .device: "DeviceID"
      case .event: "EventID"
      case .pe: "PE"
      case .intid: "INTID"
      }
    }
  }
}

extension TransactionKind {
  /// What commands send to redistributors.
  static var messages: [TransactionKind] {
    [.set, .moved, .clear, .invalidate, .invalidateAll, .moveAll, .synchronize]
  }

  /// As files spell it.
  var text: String {
    switch self {
    case .free: "free"
    case .msi: "msi"
    case .command: "command"
    case .set: "set"
    case .moved: "moved"
    case .clear: "clear"
    case .invalidate: "invalidate"
    case .invalidateAll: "invalidate_all"
    case .moveAll: "move_all"
    case .synchronize: "synchronize"
    }
  }
}

extension TimingEnd {
  /// As files spell it.
  var text: String {
    switch self {
    case .presented: "presented"
    case .merged: "merged"
    case .dropped: "dropped"
    case .taken: "taken"
    case .acknowledged: "acknowledged"
    case .completed: "completed"
    case .abandoned: "abandoned"
    }
  }
}
