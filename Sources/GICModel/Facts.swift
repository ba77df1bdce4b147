import GICArch

/// What the rules ask of the configuration for every command and MSI, worked out once.
struct Facts: BitwiseCopyable {
  /// DeviceIDs are below this.
  let deviceLimit: UInt64
  let eventIDBits: Int
  let collectionIDBits: Int
  let hardwareCollections: Int
  let intidBits: Int
  /// INTIDs are below this.
  let intidLimit: UInt32
  /// Least binary point that the implemented priority bits allow.
  let minimumBPR0: UInt8
  let gicdBase: PhysicalAddress
  let gicrBase: PhysicalAddress
  let gicrStride: UInt64
  /// Whether RAM backs up what is cached: a miss is read there, and a change written. Else the ITS
  /// holds its tables itself, and only the entries' places matter.
  let tablesAreInRAM: Bool
  /// Whether the machine has an LPI once, whichever events name it.
  let lpisAreShared: Bool
  /// Whether the LPI tables in RAM are looked at, or written, whenever an LPI becomes pending.
  let lpiTablesAreLive: Bool
  /// Whether one of these two makes setting an LPI longer.
  let settingIsLong: Bool
  /// Whether lanes can work beside each other: the choices whose commands change nothing but one
  /// entry, and what one LPI has pending.
  let runsBeside: Bool
  /// Whether MAPTI has nothing to look at but its own fields and the device's entry.
  let mapsPlainly: Bool
  /// Whether MAPC and MAPD change nothing but one entry, and an RDbase is the index of its PE.
  let remapsPlainly: Bool
  /// Whether MOVI, DISCARD and CLEAR change nothing but one entry and one LPI.
  let movesPlainly: Bool
  /// Whether an RDbase is the index of its PE.
  let targetsAreIndices: Bool

  init(_ configuration: MachineConfiguration) {
    let identity = configuration.identity
    deviceLimit = 1 << UInt64(identity.deviceIDBits)
    (eventIDBits, collectionIDBits) = (identity.eventIDBits, identity.collectionIDBits)
    (hardwareCollections, intidBits) = (identity.hardwareCollections, identity.intidBits)
    intidLimit = configuration.intidLimit
    minimumBPR0 = configuration.minimumBPR0
    let shape = configuration.shape
    (gicdBase, gicrBase, gicrStride) = (shape.gicdBase, shape.gicrBase, shape.gicrStride)
    tablesAreInRAM = configuration.profile.tables == .writeThrough
    lpisAreShared = configuration.profile.lpis == .shared
    let profile = configuration.profile
    targetsAreIndices = !identity.ptaIsAddress && identity.processorNumbers.isEmpty
    lpiTablesAreLive =
      profile.pendingTables == .writeThrough || profile.propertyReads == .whenSet
    settingIsLong = lpisAreShared || lpiTablesAreLive
    mapsPlainly =
      !lpisAreShared && tablesAreInRAM && profile.maptiINTIDs == .distributor
      && profile.maptiMappedEvent == .overwrites && profile.maptiCollection == .width
      && profile.maptiLPITables == .lenient
    remapsPlainly =
      !lpisAreShared && tablesAreInRAM && profile.mapcRemap == .pendingStays
      && profile.mapcUnmap == .revives && profile.mapcTarget == .whole
      && profile.mapdLiveDevice == .keepsEvents && targetsAreIndices
    movesPlainly = tablesAreInRAM && !settingIsLong
    runsBeside =
      profile.lpis == .perPE && profile.tables == .writeThrough
      && profile.mapdLiveDevice == .keepsEvents && profile.mapcUnmap == .revives
      && profile.mapcRemap == .pendingStays && profile.movallScope == .source
      && profile.propbaser == .perPE && profile.maptiLPITables == .lenient
      && profile.statusRegisters != .recorded && profile.unmappedMSIs == .unreported
      && profile.stallEnds == .retry && !lpiTablesAreLive
  }
}

extension Engine {
  @inline(__always) var tablesAreInRAM: Bool { facts.tablesAreInRAM }
  @inline(__always) var lpisAreShared: Bool { facts.lpisAreShared }
  @inline(__always) var targetsAreIndices: Bool { facts.targetsAreIndices }
}
