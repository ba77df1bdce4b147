// The choices of a profile. `profile.base` sets them all; those beside it say otherwise.

import GICModel

extension Settings {
  static let profile: [Setting] =
    [profileBase] + commandChoices + registerChoices + redistributorChoices

  /// Setting the base sets every choice.
  private static let profileBase: Setting = {
    var setting = Setting.choice("profile.base", \.profile.base, (.chosen, "default"))
    let write = setting.write
    setting.write = { (machine, raw) throws(Unfit) in
      try write(&machine, raw)
      machine.profile = Profile(base: machine.profile.base)
    }
    return setting
  }()

  /// Where the values come from that a base sets.
  static func source(of base: Profile.Base) -> String {
    switch base {
    case .architecture: "profile.base architecture: Arm IHI 0069, and its plainest reading"
    case .kvm: "profile.base kvm: Linux arch/arm64/kvm/vgic"
    case .qemu: "profile.base qemu: QEMU 7.2.22 hw/intc/arm_gicv3_its.c"
    }
  }

  private static func choice<Value>(_ key: String, _ path: Setting.Path<Value>) -> Setting
  where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    .choice("profile." + key, path, (.documented, source(of: .architecture)))
  }

  private static let commandChoices: [Setting] = [
    choice("command_errors", \.profile.commandErrors),
    choice("command_fetch_faults", \.profile.commandFetchFaults),
    choice("table_faults", \.profile.tableFaults),
    choice("tables", \.profile.tables),
    choice("mapd_live_device", \.profile.mapdLiveDevice),
    choice("mapc_unmap", \.profile.mapcUnmap),
    choice("mapc_remap", \.profile.mapcRemap),
    choice("mapti_mapped_event", \.profile.maptiMappedEvent),
    choice("mapti_collection", \.profile.maptiCollection),
    choice("mapti_intids", \.profile.maptiINTIDs),
    choice("mapti_lpi_tables", \.profile.maptiLPITables),
    choice("clear_unmapped_collection", \.profile.clearUnmappedCollection),
    choice("inv_unmapped_collection", \.profile.invUnmappedCollection),
    choice("discard_unmapped_collection", \.profile.discardUnmappedCollection),
    choice("invall_unmapped_collection", \.profile.invallUnmappedCollection),
    choice("invall_scope", \.profile.invallScope),
    choice("movall_scope", \.profile.movallScope),
    choice("sync_target", \.profile.syncTarget),
    choice("mapc_target", \.profile.mapcTarget),
    choice("stall_ends", \.profile.stallEnds),
  ]

  private static let registerChoices: [Setting] = [
    choice("enable_without_tables", \.profile.enableWithoutTables),
    choice("disable", \.profile.disable),
    choice("quiescent", \.profile.quiescent),
    choice("baser_writes", \.profile.baserWrites),
    choice("collection_indirect", \.profile.collectionIndirect),
    choice("cbaser_writes", \.profile.cbaserWrites),
    choice("cbaser_write_resets", \.profile.cbaserWriteResets),
    choice("cwriter_beyond_queue", \.profile.cwriterBeyondQueue),
    choice("creadr_writes", \.profile.creadrWrites),
    choice("translater_stores", \.profile.translaterStores),
    choice("msi_addresses", \.profile.msiAddresses),
    choice("identification", \.profile.identification),
    choice("imde", \.profile.imDe),
    choice("status_registers", \.profile.statusRegisters),
    choice("unmapped_msis", \.profile.unmappedMSIs),
    choice("mpam", \.profile.mpam),
  ]

  private static let redistributorChoices: [Setting] = [
    choice("lpis", \.profile.lpis),
    choice("pending_tables", \.profile.pendingTables),
    choice("propbaser", \.profile.propbaser),
    choice("lpi_baser_writes", \.profile.lpiBaserWrites),
    choice("redistributor_control", \.profile.redistributorControl),
    choice("invalidate_registers", \.profile.invalidateRegisters),
    choice("waker", \.profile.waker),
    choice("any_pe_routing", \.profile.anyPERouting),
    choice("pendbaser_ptz", \.profile.pendbaserPTZ),
    choice("property_reads", \.profile.propertyReads),
    choice("lpis_without_its", \.profile.lpisWithoutITS),
    choice("group_enables", \.profile.groupEnables),
    choice("sgi1r_groups", \.profile.sgi1rGroups),
  ]
}
