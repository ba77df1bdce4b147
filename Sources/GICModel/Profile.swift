// The choices that the architecture leaves open, or that another ITS is known to have made. A
// profile is data: each rule of the engine asks for its own choice, at one place, and there is no
// second path.
//
// GICD_CTLR.DS is always one (one Security state), so no choice speaks of NSACR or of Secure
// groups.

/// One value of every choice. ``init(base:)`` gives the sets that belong together.
public struct Profile: Equatable, Sendable {
  /// Whose behaviour the other choices begin with.
  public enum Base: String, Sendable, CaseIterable {
    /// Arm IHI 0069, and where it leaves a choice, the plainest reading.
    case architecture
    /// KVM's vGICv3 and vITS on arm64, quirks included.
    /// - Source: Linux, arch/arm64/kvm/vgic.
    case kvm
    /// QEMU's emulated GICv3 and ITS.
    /// - Source: QEMU 7.2.22, hw/intc/arm_gicv3_its.c.
    case qemu
  }
  public var base: Base

  // Commands and the queue
  public var commandErrors = ErrorPolicy.skip
  public var commandFetchFaults = ErrorPolicy.skip
  public var tableFaults = ErrorPolicy.skip
  public var tables = Tables.writeThrough
  public var mapdLiveDevice = LiveDevice.keepsEvents
  public var mapcUnmap = CollectionUnmap.revives
  public var mapcRemap = CollectionRemap.pendingStays
  public var maptiMappedEvent = MappedEvent.overwrites
  public var maptiCollection = CollectionBound.width
  public var maptiINTIDs = INTIDBound.distributor
  public var maptiLPITables = LPITableAccess.lenient
  public var clearUnmappedCollection = UnmappedCollection.error
  public var invUnmappedCollection = UnmappedCollection.error
  public var discardUnmappedCollection = UnmappedCollection.error
  public var invallUnmappedCollection = UnmappedCollection.error
  public var invallScope = InvalidateScope.table
  public var movallScope = MoveScope.source
  public var syncTarget = SyncTarget.checked
  public var mapcTarget = MAPCTarget.whole
  public var stallEnds = StallEnd.retry

  // ITS registers
  public var enableWithoutTables = EnableWithoutTables.allowed
  public var disable = Disable.keepsCaches
  public var quiescent = Quiescent.nothingRuns
  public var baserWrites = AttributeWrites.asWritten
  public var collectionIndirect = CollectionIndirect.flat
  public var cbaserWrites = AttributeWrites.asWritten
  public var cbaserWriteResets = QueueReset.creadrAndCWRITER
  public var cwriterBeyondQueue = CWRITERBeyondQueue.dropped
  public var creadrWrites = CREADRWrites.ignored
  public var translaterStores = TRANSLATERStores.signal
  public var msiAddresses = MSIAddresses.translater
  public var identification = Identification.complete
  public var imDe = ImDe.absent
  public var statusRegisters = StatusRegisters.absent
  public var unmappedMSIs = UnmappedMSIs.unreported
  public var mpam = MPAM.absent

  // Redistributors and distributor
  public var lpis = LPIState.perPE
  public var pendingTables = PendingTables.atDisable
  public var propbaser = PropertyBase.perPE
  public var lpiBaserWrites = AttributeWrites.asWritten
  public var redistributorControl = RedistributorControl.directLPI
  public var invalidateRegisters = InvalidateRegisters.directLPI
  public var waker = Waker.sleeps
  public var anyPERouting = AnyPERouting.participating
  public var pendbaserPTZ = PendbaserPTZ.readsZero
  public var propertyReads = PropertyReads.cached
  public var lpisWithoutITS = LPIsWithoutITS.work
  public var groupEnables = GroupEnables.each
  public var sgi1rGroups = SGI1RGroups.group1

  public init(base: Base = .architecture) {
    self.base = base
    switch base {
    case .architecture: return
    case .kvm: becomeKVM()
    case .qemu: becomeQEMU()
    }
  }

  /// - Source: Linux, arch/arm64/kvm/vgic: vgic-its.c, vgic-mmio-v3.c, vgic-v3.c.
  private mutating func becomeKVM() {
    tables = .atSave
    mapdLiveDevice = .freesEvents
    mapcUnmap = .orphans
    mapcRemap = .pendingMoves
    maptiMappedEvent = .keeps
    maptiCollection = .slot
    maptiINTIDs = .propbaser
    maptiLPITables = .required
    (clearUnmappedCollection, invUnmappedCollection) = (.works, .works)
    invallScope = .target
    movallScope = .everyLPI
    syncTarget = .ignored
    enableWithoutTables = .ignored
    disable = .dropsCaches
    quiescent = .queueEmpty
    (baserWrites, cbaserWrites, lpiBaserWrites) = (.sanitised, .sanitised, .sanitised)
    translaterStores = .ignored
    msiAddresses = .frames
    identification = .kvm
    lpis = .shared
    pendingTables = .atSave
    propbaser = .shared
    redistributorControl = .revision
    invalidateRegisters = .always
    waker = .absent
    anyPERouting = .ignored
    statusRegisters = .distributorReadsOnes
    lpisWithoutITS = .absent
    groupEnables = .one
    sgi1rGroups = .any
  }

  /// - Source: QEMU 7.2.22, hw/intc/arm_gicv3_its.c and arm_gicv3_redist.c.
  private mutating func becomeQEMU() {
    tableFaults = .stall
    stallEnds = .anyWrite
    mapcTarget = .lower16
    invallUnmappedCollection = .works
    invallScope = .everyPE
    syncTarget = .ignored
    disable = .dropsCaches
    quiescent = .always
    collectionIndirect = .twoLevels
    cbaserWriteResets = .creadr
    cwriterBeyondQueue = .stops
    creadrWrites = .taken
    msiAddresses = .frames
    pendingTables = .writeThrough
    pendbaserPTZ = .readsBack
    propertyReads = .whenSet
  }
}

// MARK: Commands and the queue

extension Profile {
  /// What a command costs that cannot be carried out.
  /// - Source: Arm IHI 0069, "ITS command errors"; Arm 101206, 4.15 stalls where told to; KVM and
  ///   QEMU skip.
  public enum ErrorPolicy: String, Sendable, CaseIterable {
    /// It has no effect, and the queue goes on.
    case skip
    /// CREADR.Stalled, and the queue waits at it for CWRITER.Retry.
    case stall
  }

  /// Where the device, collection and translation tables live.
  public enum Tables: String, Sendable, CaseIterable {
    /// In guest RAM; a command that changes an entry writes it, and what is not cached is read
    /// there.
    case writeThrough = "write_through"
    /// In the ITS, as with KVM: guest RAM is read only for level 1 of a device table, and written
    /// only at a save, but that DISCARD and MAPD with V = 0 zero their entry. An invalid BASER
    /// frees what the table had held.
    case atSave = "at_save"
  }

  /// MAPD of a device that has events.
  public enum LiveDevice: String, Sendable, CaseIterable {
    /// Its ITT is software's to zero: the same ITT mapped again has the same events. Pending LPIs
    /// stay.
    case keepsEvents = "keeps_events"
    /// All its events are gone, with what they had pending (KVM).
    case freesEvents = "frees_events"
  }

  /// MAPC with V = 0 of a collection that events name.
  public enum CollectionUnmap: String, Sendable, CaseIterable {
    /// The events keep the ICID: a new MAPC revives them.
    case revives
    /// The events lose their collection for ever; only MAPD ends that (KVM).
    case orphans
  }

  /// MAPC of a mapped collection to another redistributor.
  public enum CollectionRemap: String, Sendable, CaseIterable {
    /// What is pending stays at the old one: software uses MOVALL.
    case pendingStays = "pending_stays"
    /// The LPIs of the collection go along (KVM).
    case pendingMoves = "pending_moves"
  }

  /// MAPTI or MAPI of an event that is mapped: UNPREDICTABLE.
  public enum MappedEvent: String, Sendable, CaseIterable {
    /// The new mapping holds (QEMU).
    case overwrites
    /// The old mapping holds, and there is no error (KVM).
    case keeps
  }

  /// How far MAPTI looks at its ICID.
  public enum CollectionBound: String, Sendable, CaseIterable {
    /// It must fit the width that GITS_TYPER shows.
    case width
    /// The collection must be mapped, or its table must have a place for it (KVM).
    case slot
  }

  /// Which INTIDs MAPTI takes for LPIs.
  public enum INTIDBound: String, Sendable, CaseIterable {
    /// Those that GICD_TYPER.IDbits allows (QEMU). The redistributor drops what its own tables have
    /// no place for.
    case distributor
    /// Also those that GICR_PROPBASER.IDbits allows: the machine's if it is shared, else that of
    /// the collection's target while its LPIs are enabled.
    case propbaser
  }

  /// What MAPTI wants of the LPI tables.
  public enum LPITableAccess: String, Sendable, CaseIterable {
    /// The configuration byte is read if it can be.
    case lenient
    /// Unless an event has the LPI already: the configuration byte and the target's pending byte
    /// must be readable, and the pending bit is taken out of RAM (KVM).
    case required
  }

  /// A command that names a collection, by an event or itself, which is not mapped.
  public enum UnmappedCollection: String, Sendable, CaseIterable {
    case error
    /// It acts on what it can find: the LPI, or, for INVALL, every redistributor.
    case works
  }

  /// What INVALL and GICR_INVALLR read again.
  public enum InvalidateScope: String, Sendable, CaseIterable {
    /// The target's whole configuration table, for every PE that shares it.
    case table
    /// The bytes of the LPIs that are targeted at the PE, by whichever ITS (KVM).
    case target
    /// INVALL does not look at its collection: every PE's table is read again (QEMU).
    case everyPE = "every_pe"
  }

  /// Whether SYNC looks at its target.
  public enum SyncTarget: String, Sendable, CaseIterable {
    /// One that is no redistributor is an error.
    case checked
    /// Any will do: SYNC of a target that is not there does nothing, with success (KVM).
    case ignored
  }

  /// How much of RDbase MAPC looks at, where targets are Processor_Numbers.
  public enum MAPCTarget: String, Sendable, CaseIterable {
    /// All of it: a number above 16 bits is no PE's.
    case whole
    /// Its lower 16 bits (QEMU).
    case lower16
  }

  /// What lets a stalled queue go on.
  public enum StallEnd: String, Sendable, CaseIterable {
    /// GITS_CWRITER.Retry alone; Stalled then reads 0.
    case retry
    /// Any write of GITS_CWRITER, or of GITS_CTLR.Enabled 1. Stalled reads 1 until GITS_CBASER is
    /// written (QEMU).
    case anyWrite = "any_write"
  }

  /// What MOVALL moves.
  public enum MoveScope: String, Sendable, CaseIterable {
    /// What is pending at the source, and with shared LPIs all that are targeted at it.
    case source
    /// Every LPI of the machine, whatever its target (KVM since 6.9).
    case everyLPI = "every_lpi"
  }
}
