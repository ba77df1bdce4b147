// The choices about what the architecture leaves optional: who is told of a mistake, and whose
// memory accesses they are.

extension Profile {
  /// GITS_CTLR.ImDe, whose meaning is IMPLEMENTATION DEFINED.
  public enum ImDe: String, Sendable, CaseIterable {
    /// RAZ/WI.
    case absent
    /// Reads back what was written, and has no effect.
    case stored
  }

  /// GITS_STATUSR, GICR_STATUSR and GICD_STATUSR, but for what they say of unmapped MSIs.
  /// - Source: Arm IHI 0069, "GITS_STATUSR"; Linux, vgic-mmio-v3.c.
  public enum StatusRegisters: String, Sendable, CaseIterable {
    /// RAZ/WI.
    case absent
    /// RRD, WRD, RWOD and WROD are set by the frame's accesses, and cleared by a write of 1. An
    /// access of a width or alignment that a register does not take is one of a reserved location.
    case recorded
    /// GITS_STATUSR and GICR_STATUSR are RAZ/WI; GICD_STATUSR reads all ones, WI (KVM).
    case distributorReadsOnes = "distributor_reads_ones"
  }

  /// An MSI that reaches GITS_TRANSLATER of an enabled ITS and that its tables do not map. INT
  /// commands are never reported.
  /// - Source: Arm IHI 0069, "GITS_STATUSR", "GITS_UMSIR", "GITS_CTLR.UMSIirq".
  public enum UnmappedMSIs: String, Sendable, CaseIterable {
    /// GITS_UMSIR, GITS_STATUSR.UMSI and GITS_CTLR.UMSIirq are RAZ/WI, GITS_TYPER.UMSI is 0.
    case unreported
    /// The first is held in GITS_UMSIR and GITS_STATUSR (UMSI, Syndrome; Overflow says that more
    /// came) until software clears UMSI. UMSIirq is RAZ/WI.
    case reported
    /// As that, and while UMSIirq and UMSI are 1 the ITS drives the SPI
    /// ``MachineConfiguration/Identity/unmappedMSIINTID`` high; the ITSs of a machine share it.
    case interrupt
  }

  /// GITS_MPAMIDR, GITS_PARTIDR, GICR_MPAMIDR and GICR_PARTIDR.
  public enum MPAM: String, Sendable, CaseIterable {
    /// RAZ/WI; GITS_TYPER.MPAM and GICR_TYPER.MPAM are 0.
    case absent
    /// They are there, and PARTIDR keeps what is written. No bus here carries the label.
    case registers
  }
}
