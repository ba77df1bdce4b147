/// What a command can do wrong: the guest's mistake, never the host's. The raw value is the
/// architecture's number: 0x01, the command, the reason. They are data, reported by skip or stall.
///
/// The command's byte is its opcode, but for CLEAR, whose numbers the architecture prints with
/// 0x05. OOR = out of range.
///
/// Which numbers public sources confirm: all but those listed here are in the GIC-600AE manual's
/// table of architectural errors, in Linux's ITS header or in that of QNX. Formed by the same rule,
/// and neither confirmed nor contradicted there: DEVICE_OOR and COLLECTION_OOR of MAPTI,
/// PHYSICALID_OOR of MAPI, DEVICE_OOR, UNMAPPED_DEVICE and ID_OOR of DISCARD, UNMAPPED_COLLECTION
/// of INT, CLEAR, INV and DISCARD, PROCNUM_OOR of SYNC. Real parts report an unknown target with
/// numbers of their own (GIC-600AE: reasons 0x20 and above).
/// - Source: Arm IHI 0069, "ITS command error encodings"; Arm 101206, table 4-15.
@frozen public enum CommandError: UInt32, Error, CaseIterable, Sendable {
  case moviDeviceOOR = 0x01_01_01
  case moviCollectionOOR = 0x01_01_03
  case moviDeviceUnmapped = 0x01_01_04
  case moviIDOOR = 0x01_01_05
  case moviUnmappedInterrupt = 0x01_01_07
  case moviUnmappedCollection = 0x01_01_09
  case intDeviceOOR = 0x01_03_01
  case intDeviceUnmapped = 0x01_03_04
  case intIDOOR = 0x01_03_05
  case intUnmappedInterrupt = 0x01_03_07
  case intUnmappedCollection = 0x01_03_09
  case intITEInvalid = 0x01_03_10
  case clearDeviceOOR = 0x01_05_01
  case syncTargetOOR = 0x01_05_02
  case clearDeviceUnmapped = 0x01_05_04
  case clearIDOOR = 0x01_05_05
  case clearUnmappedInterrupt = 0x01_05_07
  case clearUnmappedCollection = 0x01_05_09
  case clearITEInvalid = 0x01_05_10
  case mapdDeviceOOR = 0x01_08_01
  case mapdITTSizeOOR = 0x01_08_02
  case mapcTargetOOR = 0x01_09_02
  case mapcCollectionOOR = 0x01_09_03
  case maptiDeviceOOR = 0x01_0a_01
  case maptiCollectionOOR = 0x01_0a_03
  case maptiDeviceUnmapped = 0x01_0a_04
  case maptiIDOOR = 0x01_0a_05
  case maptiPhysicalIDOOR = 0x01_0a_06
  case mapiDeviceOOR = 0x01_0b_01
  case mapiCollectionOOR = 0x01_0b_03
  case mapiDeviceUnmapped = 0x01_0b_04
  case mapiIDOOR = 0x01_0b_05
  case mapiPhysicalIDOOR = 0x01_0b_06
  case invDeviceOOR = 0x01_0c_01
  case invDeviceUnmapped = 0x01_0c_04
  case invIDOOR = 0x01_0c_05
  case invUnmappedInterrupt = 0x01_0c_07
  case invUnmappedCollection = 0x01_0c_09
  case invITEInvalid = 0x01_0c_10
  case invallCollectionOOR = 0x01_0d_03
  case invallUnmappedCollection = 0x01_0d_09
  case movallTargetOOR = 0x01_0e_01
  case discardDeviceOOR = 0x01_0f_01
  case discardDeviceUnmapped = 0x01_0f_04
  case discardIDOOR = 0x01_0f_05
  case discardUnmappedInterrupt = 0x01_0f_07
  case discardUnmappedCollection = 0x01_0f_09
  case discardITEInvalid = 0x01_0f_10
}

extension CommandError {
  /// What is wrong, whichever the command. The raw value is the second half of the error's name.
  @frozen public enum Reason: String, CaseIterable, Sendable {
    case deviceOOR = "DEVICE_OOR"
    case targetOOR = "PROCNUM_OOR"
    case ittSizeOOR = "ITTSIZE_OOR"
    case collectionOOR = "COLLECTION_OOR"
    case deviceUnmapped = "UNMAPPED_DEVICE"
    case eventOOR = "ID_OOR"
    case intidOOR = "PHYSICALID_OOR"
    case interruptUnmapped = "UNMAPPED_INTERRUPT"
    case collectionUnmapped = "UNMAPPED_COLLECTION"
    case iteInvalid = "ITE_INVALID"

    /// The number's last byte, which depends on the command for `targetOOR` alone.
    @inlinable func code(in opcode: ITSCommand.Opcode) -> UInt32 {
      switch self {
      case .deviceOOR: 0x01
      case .targetOOR: opcode == .movall ? 0x01 : 0x02
      case .ittSizeOOR: 0x02
      case .collectionOOR: 0x03
      case .deviceUnmapped: 0x04
      case .eventOOR: 0x05
      case .intidOOR: 0x06
      case .interruptUnmapped: 0x07
      case .collectionUnmapped: 0x09
      case .iteInvalid: 0x10
      }
    }
  }

  /// The error of `opcode` for `reason`; nil where the command cannot fail so.
  @inlinable public init?(_ opcode: ITSCommand.Opcode, _ reason: Reason) {
    let command: UInt32 = opcode == .clear ? 0x05 : UInt32(opcode.rawValue)
    self.init(rawValue: 0x01_00_00 | command &<< 8 | reason.code(in: opcode))
    // Numbers are shared: 0x02 and 0x01 have two meanings, and 0x05 two commands.
    guard self.opcode == opcode, self.reason == reason else { return nil }
  }

  /// The command that failed.
  @inlinable public var opcode: ITSCommand.Opcode {
    switch rawValue &>> 8 & 0xff {
    case 0x01: .movi
    case 0x03: .int
    case 0x05: self == .syncTargetOOR ? .sync : .clear
    case 0x08: .mapd
    case 0x09: .mapc
    case 0x0a: .mapti
    case 0x0b: .mapi
    case 0x0c: .inv
    case 0x0d: .invall
    case 0x0e: .movall
    default: .discard
    }
  }

  @inlinable public var reason: Reason {
    switch rawValue & 0xff {
    case 0x01: self == .movallTargetOOR ? .targetOOR : .deviceOOR
    case 0x02: self == .mapdITTSizeOOR ? .ittSizeOOR : .targetOOR
    case 0x03: .collectionOOR
    case 0x04: .deviceUnmapped
    case 0x05: .eventOOR
    case 0x06: .intidOOR
    case 0x07: .interruptUnmapped
    case 0x09: .collectionUnmapped
    default: .iteInvalid
    }
  }

  /// The architecture's name: "MAPD_DEVICE_OOR" and its like.
  public var name: String { "\(opcode.name)_\(reason.rawValue)" }
}

extension CommandError: CustomStringConvertible {
  /// A sentence for people: which command, and what was wrong with it.
  public var description: String {
    let what =
      switch reason {
      case .deviceOOR: "the DeviceID is outside what the ITS or its device table supports"
      case .targetOOR: "the target is no redistributor of this GIC"
      case .ittSizeOOR: "the ITT holds wider EventIDs than the ITS supports"
      case .collectionOOR: "the collection is outside what the ITS or its table supports"
      case .deviceUnmapped: "the DeviceID is not mapped"
      case .eventOOR: "the EventID is outside the device's ITT"
      case .intidOOR: "the INTID is no LPI that the redistributors support"
      case .interruptUnmapped: "the EventID is not mapped to an interrupt"
      case .collectionUnmapped: "the collection is not mapped to a redistributor"
      case .iteInvalid: "the translation entry is not valid"
      }
    return "\(opcode.name): \(what)"
  }
}
