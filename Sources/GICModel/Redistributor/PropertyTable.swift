import GICArch

/// The LPI configuration bytes that redistributors remember. Those whose GICR_PROPBASER names the
/// same table share one, as CommonLPIAff promises; a byte is read again by INV, INVALL and MAPTI
/// only.
struct PropertyTable: BitwiseCopyable {
  var address: PhysicalAddress = 0
  /// LPIs that the table has, as PROPBASER.IDbits says.
  var lpiCount = 0
  /// PEs with LPIs enabled that use it; 0 is a free place.
  var users = 0
  /// One byte an LPI, from INTID 8192.
  let bytes: Slab<UInt8>

  init(lpiCount: Int) { bytes = Slab(repeating: 0, count: lpiCount) }

  @inline(__always) func configuration(of intid: INTID) -> LPIConfiguration {
    let index = Int(intid.rawValue) &- Int(INTID.firstLPI.rawValue)
    return LPIConfiguration(raw: index >= 0 && index < bytes.count ? bytes[index] : 0)
  }
}
