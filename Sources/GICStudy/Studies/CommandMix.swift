// What commands vCPUs issue.

import GICArch
import GICModel

/// Commands of one operation, without the SYNC behind them.
enum CommandMix: String, CaseIterable, Sendable {
  case inv
  case mapti
  case movi
  /// DISCARD and MAPTI of the same event: a driver that is unbound and bound again.
  case discard
  case clear
  case int
  case invall
  /// SYNC alone: nothing but the round trip.
  case sync
  /// Of ten: four INV, three MOVI, one DISCARD and MAPTI, one CLEAR, one INT.
  case mixed

  static var names: [String] { allCases.map(\.rawValue) }

  /// Commands that are in one operation at most.
  var most: Int { self == .discard || self == .mixed ? 2 : 1 }

  /// Puts the commands of one operation on an event of a device.
  func put<Host>(
    _ guest: StudyGuest<Host>, device: Int, event: Int, home: Int, _ random: inout SeededGenerator,
    _ put: (ITSCommand) -> Void
  ) {
    let (id, number) = (guest.id(device), EventID(rawValue: UInt32(event)))
    switch self {
    case .inv: put(.inv(id, number))
    case .mapti: put(guest.map(device, event, to: home))
    case .movi: put(.movi(id, number, ICID(rawValue: UInt16(random.index(guest.shape.pes)))))
    case .discard:
      put(.discard(id, number))
      put(guest.map(device, event, to: home))
    case .clear: put(.clear(id, number))
    case .int: put(.int(id, number))
    case .invall: put(.invall(ICID(rawValue: UInt16(home))))
    case .sync: put(.sync(RDbase(rawValue: UInt64(home))))
    case .mixed:
      let kind: CommandMix
      switch random.index(10) {
      case 0..<4: kind = .inv
      case 4..<7: kind = .movi
      case 7: kind = .discard
      case 8: kind = .clear
      default: kind = .int
      }
      kind.put(guest, device: device, event: event, home: home, &random, put)
    }
  }
}
