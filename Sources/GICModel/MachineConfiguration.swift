// What a machine is, before it runs. A configuration is a value: files, traces and clients make
// one.

import GICArch

/// The shape, the identity, the rules and the times of one machine.
public struct MachineConfiguration: Equatable, Sendable {
  public var shape = Shape()
  public var identity = Identity()
  public var profile = Profile()
  public var timing = TimingParameters()
  public var clock = MachineStatistics.Clock.functional
  /// What CWRITER writes of several lanes do when they meet. Functional clock only.
  public var queueWriters = QueueWriters.combining
  public init() {}

  /// How many PEs, and where the frames lie in the guest's physical address space.
  public struct Shape: Equatable, Sendable {
    /// Affinity of each PE, in the order of the redistributor frames; the count is the PEs'.
    public var affinities: [Affinity] = [Affinity(rawValue: 0)]
    public var gicdBase: PhysicalAddress = 0x0800_0000
    /// Control frame of each ITS; its translation frame follows 64 KiB above.
    public var itsBases: [PhysicalAddress] = [0x0808_0000]
    public var gicrBase: PhysicalAddress = 0x080a_0000
    /// Bytes from one redistributor to the next: 0x20000 (RD and SGI frame), GICv4 0x40000.
    public var gicrStride: UInt64 = 0x2_0000
    public init() {}
  }

  /// What the identification registers say.
  public struct Identity: Equatable, Sendable {
    /// 3 or 4: GICD_PIDR2.ArchRev and its like. 4 shows GICv4's register bits, nothing acts on
    /// them.
    public var gicVersion: Int = 3
    /// `GITS_IIDR`.
    public var iidr: UInt32 = 0x43b
    /// `GICD_IIDR`: KVM shows another revision there than in `GITS_IIDR`.
    public var distributorIIDR: UInt32 = 0x43b
    /// `GICR_IIDR`: KVM shows no revision there.
    public var redistributorIIDR: UInt32 = 0x43b
    /// Device and event widths in bits; collection 16.
    public var deviceIDBits: Int = 16
    public var eventIDBits: Int = 16
    public var collectionIDBits: Int = 16
    /// `GITS_TYPER.CIL`: whether CIDbits is shown.
    public var showsCollectionIDBits: Bool = true
    /// What GITS_TYPER.ITT_entry_size promises, in bytes; at least the layout's 8.
    public var ittEntryByteCount: Int = 8
    public var ptaIsAddress: Bool = false
    public var hardwareCollections: Int = 0
    public var serrorSupport: Bool = false
    public var dteByteCount: Int = 8
    public var cteByteCount: Int = 8
    /// Width of an INTID, `GICD_TYPER.IDbits` + 1.
    public var intidBits: Int = 16
    /// SPIs and below, in units of 32: `GICD_TYPER.ITLinesNumber`.
    public var itLinesNumber: Int = 7
    /// Priority bits implemented at the CPU interface, 4 through 8.
    public var priorityBits: Int = 5
    /// Width of an INTID in the ICC registers, 16 or 24: `ICC_CTLR_EL1.IDbits`.
    public var cpuInterfaceIDBits: Int = 24
    /// `GICD_TYPER.A3V`: whether the distributor shows that Affinity 3 may be other than 0.
    public var affinity3Valid: Bool = true
    public var oneOfNSupported: Bool = false
    public var commonLPIAffinity: Int = 1
    public var directLPI: Bool = false
    /// The SPI that tells of an unmapped MSI (``Profile/UnmappedMSIs/interrupt``).
    public var unmappedMSIINTID: Int = 32
    /// The greatest PARTID and PMG that `GITS_PARTIDR` and `GICR_PARTIDR` take, where they exist.
    public var maximumPARTID: Int = 63
    public var maximumPMG: Int = 1
    /// `GICR_TYPER.Processor_Number` of each PE, in the order of the redistributor frames; empty
    /// numbers them from 0. With `ptaIsAddress` 0 they are what commands name as targets.
    public var processorNumbers: [ProcessorNumber] = []
    public init() {}
  }
}
