import GICArch
import Testing

/// Every field of the memory-mapped registers. The masks are written from the manual's figures.
private let itsFields: [FieldRow] = [
  FieldRow("GITS_CTLR.Enabled", \GITS.CTLR.enabled, 0x0000_0001),
  FieldRow("GITS_CTLR.ImDe", \GITS.CTLR.imDe, 0x0000_0002),
  FieldRow("GITS_CTLR.ITS_Number", \GITS.CTLR.itsNumber, 0x0000_00f0),
  FieldRow("GITS_CTLR.UMSIirq", \GITS.CTLR.umsiIRQ, 0x0000_0100),
  FieldRow("GITS_CTLR.Quiescent", \GITS.CTLR.quiescent, 0x8000_0000),
  FieldRow("GITS_IIDR.ProductID", \GITS.IIDR.productID, number: 0xff00_0000),
  FieldRow("GITS_IIDR.Variant", \GITS.IIDR.variant, number: 0x000f_0000),
  FieldRow("GITS_IIDR.Revision", \GITS.IIDR.revision, number: 0x0000_f000),
  FieldRow("GITS_IIDR.Implementer", \GITS.IIDR.implementer, number: 0x0000_0fff),
  FieldRow("GITS_TYPER.Physical", \GITS.TYPER.physical, 0x1),
  FieldRow("GITS_TYPER.Virtual", \GITS.TYPER.virtual, 0x2),
  FieldRow("GITS_TYPER.CCT", \GITS.TYPER.cct, 0x4),
  FieldRow("GITS_TYPER.ITT_entry_size", \GITS.TYPER.ittEntryByteCount, 0xf0, bias: 1),
  FieldRow("GITS_TYPER.ID_bits", \GITS.TYPER.eventIDBits, 0x1f00, bias: 1),
  FieldRow("GITS_TYPER.Devbits", \GITS.TYPER.deviceIDBits, 0x0003_e000, bias: 1),
  FieldRow("GITS_TYPER.SEIS", \GITS.TYPER.seis, 0x0004_0000),
  FieldRow("GITS_TYPER.PTA", \GITS.TYPER.pta, 0x0008_0000),
  FieldRow("GITS_TYPER.HCC", \GITS.TYPER.hcc, 0xff00_0000),
  FieldRow("GITS_TYPER.CIDbits", \GITS.TYPER.collectionIDBits, 0x000f_0000_0000, bias: 1),
  FieldRow("GITS_TYPER.CIL", \GITS.TYPER.cil, 0x0010_0000_0000),
  FieldRow("GITS_TYPER.VMOVP", \GITS.TYPER.vmovp, 0x0020_0000_0000),
  FieldRow("GITS_TYPER.MPAM", \GITS.TYPER.mpam, 0x0040_0000_0000),
  FieldRow("GITS_TYPER.VSGI", \GITS.TYPER.vsgi, 0x0080_0000_0000),
  FieldRow("GITS_TYPER.VMAPP", \GITS.TYPER.vmapp, 0x0100_0000_0000),
  FieldRow("GITS_TYPER.SVPET", \GITS.TYPER.svpet, 0x0600_0000_0000),
  FieldRow("GITS_TYPER.nID", \GITS.TYPER.nID, 0x0800_0000_0000),
  FieldRow("GITS_TYPER.UMSI", \GITS.TYPER.umsi, 0x1000_0000_0000),
  FieldRow("GITS_TYPER.UMSIirq", \GITS.TYPER.umsiIRQ, 0x2000_0000_0000),
  FieldRow("GITS_TYPER.INV", \GITS.TYPER.inv, 0x4000_0000_0000),
  FieldRow("GITS_MPAMIDR.PARTIDmax", \GITS.MPAMIDR.maximumPARTID, number: 0x0000_ffff),
  FieldRow("GITS_MPAMIDR.PMGmax", \GITS.MPAMIDR.maximumPMG, number: 0x00ff_0000),
  FieldRow("GITS_PARTIDR.PARTID", \GITS.PARTIDR.partID, number: 0x0000_ffff),
  FieldRow("GITS_PARTIDR.PMG", \GITS.PARTIDR.pmg, number: 0x00ff_0000),
  FieldRow("GITS_MPIDR.Affinity", \GITS.MPIDR.sharedAffinity, number: 0xffff_ff00),
  FieldRow("GITS_STATUSR.RRD", \GITS.STATUSR.readOfReserved, 0x1),
  FieldRow("GITS_STATUSR.WRD", \GITS.STATUSR.writeOfReserved, 0x2),
  FieldRow("GITS_STATUSR.RWOD", \GITS.STATUSR.readOfWriteOnly, 0x4),
  FieldRow("GITS_STATUSR.WROD", \GITS.STATUSR.writeOfReadOnly, 0x8),
  FieldRow("GITS_STATUSR.UMSI", \GITS.STATUSR.umsi, 0x10),
  FieldRow("GITS_STATUSR.Overflow", \GITS.STATUSR.overflow, 0x20),
  FieldRow("GITS_STATUSR.Syndrome", \GITS.STATUSR.syndrome, 0x3c0),
  FieldRow("GITS_UMSIR.EventID", \GITS.UMSIR.eventID.rawValue, number: 0xffff_ffff),
  FieldRow("GITS_UMSIR.DeviceID", \GITS.UMSIR.deviceID, number: 0xffff_ffff_0000_0000),
  FieldRow("GITS_TRANSLATER.EventID", \GITS.TRANSLATER.eventID.rawValue, number: 0xffff_ffff),
]

private let itsQueueAndTableFields: [FieldRow] = [
  FieldRow("GITS_CBASER.Valid", \GITS.CBASER.valid, 0x8000_0000_0000_0000),
  FieldRow("GITS_CBASER.InnerCache", \GITS.CBASER.innerCache, 0x3800_0000_0000_0000),
  FieldRow("GITS_CBASER.OuterCache", \GITS.CBASER.outerCache, 0x00e0_0000_0000_0000),
  FieldRow(
    "GITS_CBASER.Physical_Address", \GITS.CBASER.physicalAddress, address: 0x000f_ffff_ffff_f000),
  FieldRow("GITS_CBASER.Shareability", \GITS.CBASER.shareability, 0xc00),
  FieldRow("GITS_CBASER.Size", \GITS.CBASER.pageCount, 0xff, bias: 1),
  FieldRow("GITS_CWRITER.Retry", \GITS.CWRITER.retry, 0x1),
  FieldRow("GITS_CWRITER.Offset", \GITS.CWRITER.queueOffset, inPlace: 0x000f_ffe0),
  FieldRow("GITS_CREADR.Stalled", \GITS.CREADR.stalled, 0x1),
  FieldRow("GITS_CREADR.Offset", \GITS.CREADR.queueOffset, inPlace: 0x000f_ffe0),
  FieldRow("GITS_BASER.Valid", \GITS.BASER.valid, 0x8000_0000_0000_0000),
  FieldRow("GITS_BASER.Indirect", \GITS.BASER.indirect, 0x4000_0000_0000_0000),
  FieldRow("GITS_BASER.InnerCache", \GITS.BASER.innerCache, 0x3800_0000_0000_0000),
  FieldRow("GITS_BASER.OuterCache", \GITS.BASER.outerCache, 0x00e0_0000_0000_0000),
  FieldRow("GITS_BASER.Entry_Size", \GITS.BASER.entryByteCount, 0x001f_0000_0000_0000, bias: 1),
  FieldRow("GITS_BASER.Shareability", \GITS.BASER.shareability, 0xc00),
  FieldRow("GITS_BASER.Page_Size", \GITS.BASER.pageSize, 0x300),
  FieldRow("GITS_BASER.Size", \GITS.BASER.pageCount, 0xff, bias: 1),
]

private let redistributorFields: [FieldRow] = [
  FieldRow("GICR_CTLR.EnableLPIs", \GICR.CTLR.enableLPIs, 0x0000_0001),
  FieldRow("GICR_CTLR.CES", \GICR.CTLR.ces, 0x0000_0002),
  FieldRow("GICR_CTLR.IR", \GICR.CTLR.ir, 0x0000_0004),
  FieldRow("GICR_CTLR.RWP", \GICR.CTLR.rwp, 0x0000_0008),
  FieldRow("GICR_CTLR.DPG0", \GICR.CTLR.dpg0, 0x0100_0000),
  FieldRow("GICR_CTLR.DPG1NS", \GICR.CTLR.dpg1NS, 0x0200_0000),
  FieldRow("GICR_CTLR.DPG1S", \GICR.CTLR.dpg1S, 0x0400_0000),
  FieldRow("GICR_CTLR.UWP", \GICR.CTLR.uwp, 0x8000_0000),
  FieldRow("GICR_IIDR.ProductID", \GICR.IIDR.productID, number: 0xff00_0000),
  FieldRow("GICR_IIDR.Variant", \GICR.IIDR.variant, number: 0x000f_0000),
  FieldRow("GICR_IIDR.Revision", \GICR.IIDR.revision, number: 0x0000_f000),
  FieldRow("GICR_IIDR.Implementer", \GICR.IIDR.implementer, number: 0x0000_0fff),
  FieldRow("GICR_TYPER.PLPIS", \GICR.TYPER.plpis, 0x01),
  FieldRow("GICR_TYPER.VLPIS", \GICR.TYPER.vlpis, 0x02),
  FieldRow("GICR_TYPER.Dirty", \GICR.TYPER.dirty, 0x04),
  FieldRow("GICR_TYPER.DirectLPI", \GICR.TYPER.directLPI, 0x08),
  FieldRow("GICR_TYPER.Last", \GICR.TYPER.last, 0x10),
  FieldRow("GICR_TYPER.DPGS", \GICR.TYPER.dpgs, 0x20),
  FieldRow("GICR_TYPER.MPAM", \GICR.TYPER.mpam, 0x40),
  FieldRow("GICR_TYPER.RVPEID", \GICR.TYPER.rvpeID, 0x80),
  FieldRow(
    "GICR_TYPER.Processor_Number", \GICR.TYPER.processorNumber.rawValue, number: 0x00ff_ff00),
  FieldRow("GICR_TYPER.CommonLPIAff", \GICR.TYPER.commonLPIAff, 0x0300_0000),
  FieldRow("GICR_TYPER.VSGI", \GICR.TYPER.vsgi, 0x0400_0000),
  FieldRow("GICR_TYPER.PPInum", \GICR.TYPER.ppiNum, 0xf800_0000),
  FieldRow(
    "GICR_TYPER.Affinity_Value", \GICR.TYPER.affinity.rawValue, number: 0xffff_ffff_0000_0000),
  FieldRow("GICR_STATUSR.RRD", \GICR.STATUSR.readOfReserved, 0x1),
  FieldRow("GICR_STATUSR.WRD", \GICR.STATUSR.writeOfReserved, 0x2),
  FieldRow("GICR_STATUSR.RWOD", \GICR.STATUSR.readOfWriteOnly, 0x4),
  FieldRow("GICR_STATUSR.WROD", \GICR.STATUSR.writeOfReadOnly, 0x8),
  FieldRow("GICR_WAKER.ProcessorSleep", \GICR.WAKER.processorSleep, 0x2),
  FieldRow("GICR_WAKER.ChildrenAsleep", \GICR.WAKER.childrenAsleep, 0x4),
  FieldRow("GICR_MPAMIDR.PARTIDmax", \GICR.MPAMIDR.maximumPARTID, number: 0x0000_ffff),
  FieldRow("GICR_MPAMIDR.PMGmax", \GICR.MPAMIDR.maximumPMG, number: 0x00ff_0000),
  FieldRow("GICR_PARTIDR.PARTID", \GICR.PARTIDR.partID, number: 0x0000_ffff),
  FieldRow("GICR_PARTIDR.PMG", \GICR.PARTIDR.pmg, number: 0x00ff_0000),
  FieldRow("GICR_SETLPIR.pINTID", \GICR.SETLPIR.intid.rawValue, number: 0xffff_ffff),
  FieldRow("GICR_CLRLPIR.pINTID", \GICR.CLRLPIR.intid.rawValue, number: 0xffff_ffff),
  FieldRow("GICR_PROPBASER.IDbits", \GICR.PROPBASER.idBits, 0x1f, bias: 1),
  FieldRow("GICR_PROPBASER.InnerCache", \GICR.PROPBASER.innerCache, 0x380),
  FieldRow("GICR_PROPBASER.Shareability", \GICR.PROPBASER.shareability, 0xc00),
  FieldRow(
    "GICR_PROPBASER.Physical_Address", \GICR.PROPBASER.physicalAddress,
    address: 0x000f_ffff_ffff_f000),
  FieldRow("GICR_PROPBASER.OuterCache", \GICR.PROPBASER.outerCache, 0x0700_0000_0000_0000),
  FieldRow("GICR_PENDBASER.InnerCache", \GICR.PENDBASER.innerCache, 0x380),
  FieldRow("GICR_PENDBASER.Shareability", \GICR.PENDBASER.shareability, 0xc00),
  FieldRow(
    "GICR_PENDBASER.Physical_Address", \GICR.PENDBASER.physicalAddress,
    address: 0x000f_ffff_ffff_0000),
  FieldRow("GICR_PENDBASER.OuterCache", \GICR.PENDBASER.outerCache, 0x0700_0000_0000_0000),
  FieldRow("GICR_PENDBASER.PTZ", \GICR.PENDBASER.ptz, 0x4000_0000_0000_0000),
  FieldRow("GICR_INVLPIR.INTID", \GICR.INVLPIR.intid.rawValue, number: 0xffff_ffff),
  FieldRow("GICR_INVLPIR.vPEID", \GICR.INVLPIR.vpe.rawValue, number: 0x0000_ffff_0000_0000),
  FieldRow("GICR_INVLPIR.V", \GICR.INVLPIR.virtual, 0x8000_0000_0000_0000),
  FieldRow("GICR_INVALLR.vPEID", \GICR.INVALLR.vpe.rawValue, number: 0x0000_ffff_0000_0000),
  FieldRow("GICR_INVALLR.V", \GICR.INVALLR.virtual, 0x8000_0000_0000_0000),
  FieldRow("GICR_SYNCR.Busy", \GICR.SYNCR.busy, 0x1),
]

private let distributorFields: [FieldRow] = [
  FieldRow("GICD_CTLR.EnableGrp0", \GICD.CTLR.enableGrp0, 0x0000_0001),
  FieldRow("GICD_CTLR.EnableGrp1", \GICD.CTLR.enableGrp1, 0x0000_0002),
  FieldRow("GICD_CTLR.ARE", \GICD.CTLR.are, 0x0000_0010),
  FieldRow("GICD_CTLR.DS", \GICD.CTLR.ds, 0x0000_0040),
  FieldRow("GICD_CTLR.E1NWF", \GICD.CTLR.e1nwf, 0x0000_0080),
  FieldRow("GICD_CTLR.nASSGIreq", \GICD.CTLR.nASSGIreq, 0x0000_0100),
  FieldRow("GICD_CTLR.RWP", \GICD.CTLR.rwp, 0x8000_0000),
  FieldRow("GICD_TYPER.ITLinesNumber", \GICD.TYPER.itLinesNumber, 0x1f),
  FieldRow("GICD_TYPER.CPUNumber", \GICD.TYPER.cpuNumber, 0xe0),
  FieldRow("GICD_TYPER.ESPI", \GICD.TYPER.espi, 0x100),
  FieldRow("GICD_TYPER.NMI", \GICD.TYPER.nmi, 0x200),
  FieldRow("GICD_TYPER.SecurityExtn", \GICD.TYPER.securityExtn, 0x400),
  FieldRow("GICD_TYPER.num_LPIs", \GICD.TYPER.numLPIs, 0xf800),
  FieldRow("GICD_TYPER.MBIS", \GICD.TYPER.mbis, 0x0001_0000),
  FieldRow("GICD_TYPER.LPIS", \GICD.TYPER.lpis, 0x0002_0000),
  FieldRow("GICD_TYPER.DVIS", \GICD.TYPER.dvis, 0x0004_0000),
  FieldRow("GICD_TYPER.IDbits", \GICD.TYPER.idBits, 0x00f8_0000, bias: 1),
  FieldRow("GICD_TYPER.A3V", \GICD.TYPER.a3v, 0x0100_0000),
  FieldRow("GICD_TYPER.No1N", \GICD.TYPER.no1N, 0x0200_0000),
  FieldRow("GICD_TYPER.RSS", \GICD.TYPER.rss, 0x0400_0000),
  FieldRow("GICD_TYPER.ESPI_range", \GICD.TYPER.espiRange, 0xf800_0000),
  FieldRow("GICD_IIDR.ProductID", \GICD.IIDR.productID, number: 0xff00_0000),
  FieldRow("GICD_IIDR.Variant", \GICD.IIDR.variant, number: 0x000f_0000),
  FieldRow("GICD_IIDR.Revision", \GICD.IIDR.revision, number: 0x0000_f000),
  FieldRow("GICD_IIDR.Implementer", \GICD.IIDR.implementer, number: 0x0000_0fff),
  FieldRow("GICD_TYPER2.VID", \GICD.TYPER2.vid, 0x1f),
  FieldRow("GICD_TYPER2.VIL", \GICD.TYPER2.vil, 0x80),
  FieldRow("GICD_TYPER2.nASSGIcap", \GICD.TYPER2.nASSGIcap, 0x100),
  FieldRow("GICD_STATUSR.RRD", \GICD.STATUSR.readOfReserved, 0x1),
  FieldRow("GICD_STATUSR.WRD", \GICD.STATUSR.writeOfReserved, 0x2),
  FieldRow("GICD_STATUSR.RWOD", \GICD.STATUSR.readOfWriteOnly, 0x4),
  FieldRow("GICD_STATUSR.WROD", \GICD.STATUSR.writeOfReadOnly, 0x8),
  FieldRow("GICD_SETSPI_NSR.INTID", \GICD.SETSPI_NSR.intid.rawValue, number: 0x1fff),
  FieldRow("GICD_CLRSPI_NSR.INTID", \GICD.CLRSPI_NSR.intid.rawValue, number: 0x1fff),
  FieldRow("GICD_SETSPI_SR.INTID", \GICD.SETSPI_SR.intid.rawValue, number: 0x1fff),
  FieldRow("GICD_CLRSPI_SR.INTID", \GICD.CLRSPI_SR.intid.rawValue, number: 0x1fff),
  FieldRow("GICD_SGIR.INTID", \GICD.SGIR.intid.rawValue, number: 0xf),
  FieldRow("GICD_SGIR.CPUTargetList", \GICD.SGIR.targetList, number: 0x00ff_0000),
  FieldRow("GICD_SGIR.TargetListFilter", \GICD.SGIR.targetListFilter, 0x0300_0000),
  FieldRow("GICD_IROUTER.Interrupt_Routing_Mode", \GICD.IROUTER.anyPE, 0x8000_0000),
  FieldRow(
    "GICD_IROUTER.Aff3 to Aff0", \GICD.IROUTER.affinity, 0x00ff_00ff_ffff,
    ones: Affinity(rawValue: 0xffff_ffff), zeros: Affinity(rawValue: 0)),
]

@Test(arguments: itsFields + itsQueueAndTableFields + redistributorFields + distributorFields)
func `a field is the manual's bits and no others`(field: FieldRow) {
  #expect(field.written == field.bits)
  if field.name.hasPrefix("GICD_IROUTER.Aff") {
    // The affinity's setter clears RES0 bits too; what it must keep is the routing mode.
    #expect(field.erased == 0x8000_0000)
  } else {
    #expect(field.erased == ~field.bits)
  }
  #expect(field.reads)
}

private let baserAddresses: [(pageSize: Int, raw: UInt64, address: PhysicalAddress)] = [
  (0, 0x0000_ffff_ffff_f000, 0xffff_ffff_f000),
  (1, 0x0000_ffff_ffff_c100, 0xffff_ffff_c000),
  (2, 0x0000_ffff_ffff_0200, 0xffff_ffff_0000),
  (2, 0x0000_0000_0000_f200, 0x000f_0000_0000_0000),
  (2, 0x0000_4000_4251_a200, 0x000a_4000_4251_0000),
  (3, 0x0000_0000_0001_1300, 0x0001_0000_0001_0000),
]

@Test(arguments: baserAddresses)
func `a table's address has 48 bits, or 52 with pages of 64 KiB`(
  pageSize: Int, raw: UInt64, address: PhysicalAddress
) {
  #expect(GITS.BASER(raw: raw).physicalAddress == address)
  var register = GITS.BASER(raw: UInt64(pageSize) << 8)
  register.physicalAddress = address
  #expect(register.raw == raw)
}

private let tableTypes: [(raw: UInt64, type: GITS.TableType)] = [
  (0, .none), (0x0100_0000_0000_0000, .device), (0x0200_0000_0000_0000, .vpe),
  (0x0300_0000_0000_0000, .none), (0x0400_0000_0000_0000, .collection),
  (0x0700_0000_0000_0000, .none),
]

@Test(arguments: tableTypes)
func `a reserved table type is none`(raw: UInt64, type: GITS.TableType) {
  #expect(GITS.BASER(raw: raw).type == type)
  var register = GITS.BASER(raw: .max)
  register.type = type
  #expect(register.raw == 0xf8ff_ffff_ffff_ffff | UInt64(type.rawValue) << 56)
}
