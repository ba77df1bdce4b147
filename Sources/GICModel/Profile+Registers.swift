// The choices about registers, redistributors and LPIs.

extension Profile {
  // MARK: ITS registers

  /// GITS_CTLR.Enabled written 1 with CBASER, BASER0 or BASER1 invalid: UNPREDICTABLE.
  public enum EnableWithoutTables: String, Sendable, CaseIterable {
    /// It enables; commands and translations that miss a table fail.
    case allowed
    /// The ITS stays disabled (KVM).
    case ignored
  }

  /// GITS_CTLR.Enabled written 0. With tables held in the ITS there is nothing to drop.
  public enum Disable: String, Sendable, CaseIterable {
    case keepsCaches = "keeps_caches"
    /// Translations are read anew once it is enabled again.
    case dropsCaches = "drops_caches"
  }

  /// GITS_CTLR.Quiescent.
  public enum Quiescent: String, Sendable, CaseIterable {
    /// No command is under way, and none waits that could run.
    case nothingRuns = "nothing_runs"
    /// CREADR equals CWRITER, enabled or not (KVM).
    case queueEmpty = "queue_empty"
    /// Always 1 (QEMU).
    case always
  }

  /// Memory attributes, page sizes and addresses of a table register.
  public enum AttributeWrites: String, Sendable, CaseIterable {
    /// Kept as written.
    case asWritten = "as_written"
    /// Shareability Outer becomes Inner; inner Device and non-cacheable become read-allocate
    /// write-back; outer cacheability other than non-cacheable becomes "same as inner". Tables have
    /// pages of 64 KiB and lie on 64 KiB, so does the queue (KVM).
    case sanitised
  }

  /// GITS_BASER.Indirect of the collection table.
  public enum CollectionIndirect: String, Sendable, CaseIterable {
    /// RAZ/WI: one level.
    case flat
    case twoLevels = "two_levels"
  }

  /// What a write of GITS_CBASER sets to zero.
  public enum QueueReset: String, Sendable, CaseIterable {
    case creadr
    case creadrAndCWRITER = "creadr_and_cwriter"
  }

  /// An offset written to GITS_CWRITER that is outside the queue.
  public enum CWRITERBeyondQueue: String, Sendable, CaseIterable {
    /// The write has no effect (KVM).
    case dropped
    /// It is stored and read back, and no command runs until it is inside again (QEMU).
    case stops
  }

  /// A write of GITS_CREADR, which is read-only to software.
  public enum CREADRWrites: String, Sendable, CaseIterable {
    case ignored
    /// With GICD_CTLR.DS = 1 it is stored (QEMU). An offset outside the queue is not.
    case taken
  }

  /// A PE's own store to GITS_TRANSLATER.
  public enum TRANSLATERStores: String, Sendable, CaseIterable {
    /// An MSI like a device's.
    case signal
    /// Nothing: MSIs come by the monitor's calls alone (KVM).
    case ignored
  }

  /// Which addresses of a message are a doorbell.
  public enum MSIAddresses: String, Sendable, CaseIterable {
    /// GITS_TRANSLATER alone; the control frame's first byte names the ITS as well, since a device
    /// can mean nothing else by it.
    case translater
    /// The whole 128 KiB of the ITS's two frames (KVM).
    case frames
  }

  /// PIDR and CIDR.
  public enum Identification: String, Sendable, CaseIterable {
    /// All words in every unit: GICD and GITS part 0x492, GICR 0x493, PIDR4 0x44.
    case complete
    /// GITS: part 0x492, PIDR4 0x40. GICD and GICR: PIDR2, everything else 0 (KVM).
    case kvm
  }

  // MARK: Redistributors

  /// What an LPI is.
  public enum LPIState: String, Sendable, CaseIterable {
    /// A bit in a redistributor: the same INTID at two PEs is pending twice.
    case perPE = "per_pe"
    /// One for the machine, while an event is mapped to it: a target, a configuration and a pending
    /// bit, shared by all events of all ITSs that name the INTID. The first MAPTI gives its target
    /// (KVM).
    case shared
  }

  /// When the pending table in RAM is written, and what is read from it.
  public enum PendingTables: String, Sendable, CaseIterable {
    /// Written at a clear of EnableLPIs and at a flush; read whole at a set, unless PTZ.
    case atDisable = "at_disable"
    /// As that, and written whenever a bit changes: RAM is always exact (QEMU).
    case writeThrough = "write_through"
    /// Written at a save alone. A clear of EnableLPIs keeps what is pending; a set overwrites it
    /// with the table's bits unless PTZ, for the LPIs that are mapped (KVM).
    case atSave = "at_save"
  }

  /// Whose GICR_PROPBASER is.
  public enum PropertyBase: String, Sendable, CaseIterable {
    case perPE = "per_pe"
    /// One register that every redistributor shows (KVM).
    case shared
  }

  /// GICR_CTLR.CES and IR.
  public enum RedistributorControl: String, Sendable, CaseIterable {
    /// CES is 1; IR is GICR_TYPER.DirectLPI.
    case directLPI = "direct_lpi"
    /// Both are 1 from revision 3 of the distributor's IIDR, 0 below (KVM).
    case revision
  }

  /// Where GICR_INVLPIR, INVALLR and SYNCR exist.
  public enum InvalidateRegisters: String, Sendable, CaseIterable {
    /// With GICR_TYPER.DirectLPI.
    case directLPI = "direct_lpi"
    case always
  }

  /// GICR_WAKER.
  public enum Waker: String, Sendable, CaseIterable {
    /// ChildrenAsleep follows ProcessorSleep; asleep after reset.
    case sleeps
    /// RAZ/WI: a PE is always awake (KVM).
    case absent
  }

  /// GICD_IROUTER.Interrupt_Routing_Mode, where GICD_TYPER.No1N is 0.
  public enum AnyPERouting: String, Sendable, CaseIterable {
    /// An SPI for any PE goes to one that participates: awake, the SPI's group enabled at its CPU
    /// interface, GICR_CTLR.DPGx 0. Each takes its turn: the next is the first, in the order of the
    /// redistributors, behind the one that took such an SPI last. PMR and running priorities do not
    /// count. Without a participant it waits. GICR_TYPER.DPGS is 1.
    case participating
    /// It goes to the first PE.
    case firstPE = "first_pe"
    /// The bit is RAZ/WI (KVM).
    case ignored
  }

  /// GICR_PENDBASER.PTZ.
  public enum PendbaserPTZ: String, Sendable, CaseIterable {
    /// Reads zero; a set of EnableLPIs with it reads no table.
    case readsZero = "reads_zero"
    /// Reads back, and means nothing (QEMU).
    case readsBack = "reads_back"
  }

  /// When an LPI's configuration byte is read, beside INV, INVALL and MAPTI.
  public enum PropertyReads: String, Sendable, CaseIterable {
    /// Not at all: a redistributor remembers it.
    case cached
    /// Also when the LPI becomes pending (QEMU).
    case whenSet = "when_set"
  }

  /// LPIs in a machine that has no ITS.
  public enum LPIsWithoutITS: String, Sendable, CaseIterable {
    case work
    /// There are none: GICR_TYPER.PLPIS and GICD_TYPER.LPIS are 0, INTIDs have 10 bits, and writes
    /// of GICR_CTLR are ignored (KVM).
    case absent
  }

  // MARK: Groups

  /// GICD_CTLR.EnableGrp0 and EnableGrp1.
  public enum GroupEnables: String, Sendable, CaseIterable {
    case each
    /// EnableGrp1 enables both; EnableGrp0 is RAZ/WI (KVM).
    case one
  }

  /// Which SGIs ICC_SGI1R_EL1 makes pending.
  public enum SGI1RGroups: String, Sendable, CaseIterable {
    /// Those that are in Group 1 at the target.
    case group1 = "group_1"
    /// Those of either group (KVM).
    case any
  }
}
