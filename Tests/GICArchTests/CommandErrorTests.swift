import GICArch
import Testing

/// The numbers and names that public documents print, with who prints them: "L" Linux's ITS header,
/// "T" the GIC-600AE manual, table 4-15, "Q" QNX's ITS header.
private let documented: [(number: UInt32, name: String, by: String, error: CommandError)] = [
  (0x010101, "MOVI_DEVICE_OOR", "T", .moviDeviceOOR),
  (0x010103, "MOVI_COLLECTION_OOR", "T", .moviCollectionOOR),
  (0x010104, "MOVI_UNMAPPED_DEVICE", "T", .moviDeviceUnmapped),
  (0x010105, "MOVI_ID_OOR", "T", .moviIDOOR),
  (0x010107, "MOVI_UNMAPPED_INTERRUPT", "LT", .moviUnmappedInterrupt),
  (0x010109, "MOVI_UNMAPPED_COLLECTION", "LT", .moviUnmappedCollection),
  (0x010301, "INT_DEVICE_OOR", "T", .intDeviceOOR),
  (0x010304, "INT_UNMAPPED_DEVICE", "T", .intDeviceUnmapped),
  (0x010305, "INT_ID_OOR", "TQ", .intIDOOR),
  (0x010307, "INT_UNMAPPED_INTERRUPT", "LTQ", .intUnmappedInterrupt),
  (0x010310, "INT_ITE_INVALID", "TQ", .intITEInvalid),
  (0x010501, "CLEAR_DEVICE_OOR", "TQ", .clearDeviceOOR),
  (0x010504, "CLEAR_UNMAPPED_DEVICE", "T", .clearDeviceUnmapped),
  (0x010505, "CLEAR_ID_OOR", "TQ", .clearIDOOR),
  (0x010507, "CLEAR_UNMAPPED_INTERRUPT", "LTQ", .clearUnmappedInterrupt),
  (0x010510, "CLEAR_ITE_INVALID", "TQ", .clearITEInvalid),
  (0x010801, "MAPD_DEVICE_OOR", "LT", .mapdDeviceOOR),
  (0x010802, "MAPD_ITTSIZE_OOR", "LT", .mapdITTSizeOOR),
  (0x010902, "MAPC_PROCNUM_OOR", "L", .mapcTargetOOR),
  (0x010903, "MAPC_COLLECTION_OOR", "LT", .mapcCollectionOOR),
  (0x010a04, "MAPTI_UNMAPPED_DEVICE", "L", .maptiDeviceUnmapped),
  (0x010a05, "MAPTI_ID_OOR", "L", .maptiIDOOR),
  (0x010a06, "MAPTI_PHYSICALID_OOR", "LT", .maptiPhysicalIDOOR),
  (0x010b01, "MAPI_DEVICE_OOR", "T", .mapiDeviceOOR),
  (0x010b03, "MAPI_COLLECTION_OOR", "T", .mapiCollectionOOR),
  (0x010b04, "MAPI_UNMAPPED_DEVICE", "T", .mapiDeviceUnmapped),
  (0x010b05, "MAPI_ID_OOR", "T", .mapiIDOOR),
  (0x010c01, "INV_DEVICE_OOR", "TQ", .invDeviceOOR),
  (0x010c04, "INV_UNMAPPED_DEVICE", "TQ", .invDeviceUnmapped),
  (0x010c05, "INV_ID_OOR", "Q", .invIDOOR),
  (0x010c07, "INV_UNMAPPED_INTERRUPT", "LQ", .invUnmappedInterrupt),
  (0x010c10, "INV_ITE_INVALID", "Q", .invITEInvalid),
  (0x010d03, "INVALL_COLLECTION_OOR", "TQ", .invallCollectionOOR),
  (0x010d09, "INVALL_UNMAPPED_COLLECTION", "LT", .invallUnmappedCollection),
  (0x010e01, "MOVALL_PROCNUM_OOR", "L", .movallTargetOOR),
  (0x010f07, "DISCARD_UNMAPPED_INTERRUPT", "LT", .discardUnmappedInterrupt),
  (0x010f10, "DISCARD_ITE_INVALID", "T", .discardITEInvalid),
]

/// Formed by the same rule; no public document was found that prints them.
private let derived: [(number: UInt32, name: String, error: CommandError)] = [
  (0x010309, "INT_UNMAPPED_COLLECTION", .intUnmappedCollection),
  (0x010502, "SYNC_PROCNUM_OOR", .syncTargetOOR),
  (0x010509, "CLEAR_UNMAPPED_COLLECTION", .clearUnmappedCollection),
  (0x010a01, "MAPTI_DEVICE_OOR", .maptiDeviceOOR),
  (0x010a03, "MAPTI_COLLECTION_OOR", .maptiCollectionOOR),
  (0x010b06, "MAPI_PHYSICALID_OOR", .mapiPhysicalIDOOR),
  (0x010c09, "INV_UNMAPPED_COLLECTION", .invUnmappedCollection),
  (0x010f01, "DISCARD_DEVICE_OOR", .discardDeviceOOR),
  (0x010f04, "DISCARD_UNMAPPED_DEVICE", .discardDeviceUnmapped),
  (0x010f05, "DISCARD_ID_OOR", .discardIDOOR),
  (0x010f09, "DISCARD_UNMAPPED_COLLECTION", .discardUnmappedCollection),
]

@Test(arguments: documented)
func `error numbers are those of public documents`(
  number: UInt32, name: String, _: String, error: CommandError
) {
  #expect(error.rawValue == number)
  #expect(error.name == name)
}

@Test(arguments: derived)
func `other error numbers follow the same rule`(number: UInt32, name: String, error: CommandError) {
  #expect(error.rawValue == number)
  #expect(error.name == name)
}

@Test func `every error is documented or derived`() {
  let listed = documented.map(\.error) + derived.map(\.error)
  #expect(Set(listed) == Set(CommandError.allCases))
  #expect(listed.count == CommandError.allCases.count)
}

@Test(arguments: CommandError.allCases)
func `an error's command and reason give the error back`(error: CommandError) {
  #expect(CommandError(error.opcode, error.reason) == error)
  // All but CLEAR's carry their opcode.
  let byte: UInt8 = error.opcode == .clear ? 0x05 : error.opcode.rawValue
  #expect(UInt8(truncatingIfNeeded: error.rawValue >> 8) == byte)
  #expect(error.description.hasPrefix(error.opcode.name + ": "))
}

@Test func `a command and a reason it cannot have give no error`() {
  var made: [CommandError] = []
  for opcode in ITSCommand.Opcode.allCases {
    for reason in CommandError.Reason.allCases {
      if let error = CommandError(opcode, reason) {
        #expect(error.opcode == opcode && error.reason == reason)
        made.append(error)
      }
    }
  }
  #expect(made.count == CommandError.allCases.count)
  #expect(CommandError(.clear, .targetOOR) == nil)
  #expect(CommandError(.sync, .deviceOOR) == nil)
  #expect(CommandError(.mapd, .targetOOR) == nil)
  #expect(CommandError(.movall, .deviceOOR) == nil)
}
