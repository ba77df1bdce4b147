/// What a command can do wrong: the guest's mistake, never the host's. The raw value is the
/// architecture's number: 0x01, the command, the reason. They are data, reported by skip or stall.
///
/// The command's byte is its opcode, but for CLEAR, whose numbers the architecture prints with 0x05.
/// The reasons: 01 DeviceID out of range (MOVALL: target), 02 ITT size or target out of range,
/// 03 collection out of range, 04 device unmapped, 05 EventID out of range, 06 INTID out of range,
/// 07 interrupt unmapped, 09 collection unmapped. OOR = out of range.
/// - Source: Arm IHI 0069, "ITS command error encodings".
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
  case clearDeviceOOR = 0x01_05_01
  case clearDeviceUnmapped = 0x01_05_04
  case clearIDOOR = 0x01_05_05
  case clearUnmappedInterrupt = 0x01_05_07
  case clearUnmappedCollection = 0x01_05_09
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
  case invallCollectionOOR = 0x01_0d_03
  case invallUnmappedCollection = 0x01_0d_09
  case movallTargetOOR = 0x01_0e_01
  case discardDeviceOOR = 0x01_0f_01
  case discardDeviceUnmapped = 0x01_0f_04
  case discardIDOOR = 0x01_0f_05
  case discardUnmappedInterrupt = 0x01_0f_07
  case discardUnmappedCollection = 0x01_0f_09
  case syncTargetOOR = 0x01_05_02
}
