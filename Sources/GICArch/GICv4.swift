// Where the vocabulary of GICv4 goes, and what of it is here already.
//
// Here: the identification bits (`GITS.TYPER.virtual`, `vmovp`, `vsgi`, `vmapp`, `svpet`;
// `GICR.TYPER.vlpis`, `dirty`, `rvpeID`; `GICD.TYPER.dvis`, `GICD.TYPER2`), since a GICv3 must be
// able to show that it lacks them; `VPEID`; `GITS.TableType.vpe`; the places of the frames
// (`GICR.vlpiFrame`, `GITS.virtualSGIFrame`) and the stride that follows from them.
//
// To come, each beside its physical kin:
// - `GICR+VLPI.swift`: `extension GICR.VLPI`, the registers at `GICR.vlpiFrame`.
// - `GITS+VSGI.swift`: `SGIR`, at `GITS.virtualSGIFrame` + 0x0020.
// - `ITSCommand`: cases VMAPP, VMAPTI, VMAPI, VMOVI, VMOVP, VINVALL, VSYNC, VSGI and INVDB; their
//   opcodes have bit 5 set. `CommandError`: their numbers, 0x01_2x_xx (VSYNC_VCPU_OOR 0x01_25_11).
// - `TableFormat`: a virtual case of `ITE.Mapping`, and the vPE table's entry, `VPE`.

extension ArchitectureVersion {
  /// Bytes from one redistributor to the next: its frames of 64 KiB, two in GICv3, four in GICv4.
  @inlinable public var redistributorStride: Int {
    switch self {
    case .gicv3: 0x2_0000
    case .gicv4: 0x4_0000
    }
  }
}
