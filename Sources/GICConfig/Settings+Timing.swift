// The timing model's parameters with their provenance. "Assumed" is said of whatever no document
// states: no vendor publishes a latency inside an ITS.

import GICModel

extension Settings {
  /// Longer latencies than this many cycles are mistakes.
  static let longest: UInt64 = 1 << 31

  private static let guess = Setting.Origin(.assumed, "no public figure")
  private static let workload = Setting.Origin(.assumed, "a workload's parameter")
  private static let ranges = "Arm 101206, table 3-9: range"
  private static let agilex = Setting.Origin(
    .documented, "Intel Agilex 5 register map, GITS_CFGID; ways: Arm 101206, 4.9")

  private static func cycles(
    _ key: String, _ path: Setting.Path<UInt64>, _ origin: Setting.Origin = guess
  ) -> Setting {
    .integer("timing." + key, path, 0...longest, unit: "cycles", origin)
  }
  private static func count(
    _ key: String, _ path: Setting.Path<Int>, _ range: ClosedRange<UInt64>, _ unit: String,
    _ origin: Setting.Origin = guess
  ) -> Setting {
    .integer("timing." + key, path, range, unit: unit, origin)
  }
  private static func cache(
    _ name: String, _ entries: Setting.Path<Int>, _ ways: Setting.Path<Int>,
    _ origin: Setting.Origin
  ) -> [Setting] {
    [
      count(name + "_cache_entries", entries, 1...1_048_576, "entries", origin),
      count(name + "_cache_ways", ways, 1...1_048_576, "ways", origin),
    ]
  }

  static let timing: [Setting] = front + caches + ports + back

  /// The clock, MSI ingress, command fetch and the arbiter.
  private static let front: [Setting] = [
    .integer(
      "timing.clock_hertz", \.timing.clockHertz, 1_000...1_000_000_000_000, unit: "Hz",
      (.documented, "SCP-firmware b34e5ceb: SGI-575, RD-N1-Edge, RD-V1, RD-N2, RD-Fremont")),
    cycles("msi_accept_cycles", \.timing.msiAcceptCycles),
    count("msi_fifo_entries", \.timing.msiFIFODepth, 1...65_536, "entries"),
    count(
      "command_fetch_entries", \.timing.commandFetchDepth, 1...32, "entries",
      (.documented, "Arm 101206, 3.3; Arm 102666: one 256-bit command read in flight")),
    cycles("command_decode_cycles", \.timing.commandDecodeCycles),
    cycles("command_operation_cycles", \.timing.commandOperationCycles),
    cycles("command_retire_cycles", \.timing.commandRetireCycles),
    cycles("arbiter_cycles", \.timing.arbiterCycles),
    count("arbiter_msi_weight", \.timing.arbiterWeightMSI, 1...1_000, "weight"),
    count("arbiter_command_weight", \.timing.arbiterWeightCommand, 1...1_000, "weight"),
  ]

  private static let caches: [Setting] =
    [
      cycles("lookup_interval_cycles", \.timing.lookupIntervalCycles),
      cycles("device_lookup_cycles", \.timing.deviceLookupCycles),
      cycles("event_lookup_cycles", \.timing.eventLookupCycles),
      cycles("collection_lookup_cycles", \.timing.collectionLookupCycles),
    ]
    + cache("device", \.timing.deviceCache.entries, \.timing.deviceCache.ways, agilex)
    + cache("event", \.timing.eventCache.entries, \.timing.eventCache.ways, agilex)
    + cache("collection", \.timing.collectionCache.entries, \.timing.collectionCache.ways, agilex)

  /// Translation, table memory and the LPI link.
  private static let ports: [Setting] = [
    count(
      "translation_slots", \.timing.translationSlots, 1...4_096, "slots",
      (.assumed, "Arm 101206, 3.3 states 5 reads; 4 and the command read is an inference")),
    count(
      "table_writes_in_flight", \.timing.tableWritesInFlight, 1...4_096, "writes",
      (.documented, "Arm 101206, 3.3")),
    cycles(
      "memory_latency_cycles", \.timing.memoryLatencyCycles,
      (.documented, "81 ns measured, 83 ns published for Graviton2 (AnandTech 15578), rounded up")),
    cycles("memory_request_cycles", \.timing.memoryRequestCycles),
    count(
      "memory_bus_bytes", \.timing.memoryBusBytes, 1...4_096, "bytes",
      (.assumed, "Arm 101206, 3.3: 64 to 256 bits wide, value assumed")),
    cycles("memory_beat_cycles", \.timing.memoryBeatCycles),
    cycles("link_format_cycles", \.timing.linkFormatCycles),
    .integer(
      "timing.link_beats", \.timing.linkBeats, 0...longest, unit: "beats",
      (.assumed, "Arm 101206, table 3-9: 16-bit stream; a 64-bit message is assumed")),
    count(
      "link_credits", \.timing.linkCredits, 1...4_096, "credits",
      (.assumed, ranges + " 1 to 16, value assumed")),
    cycles("link_return_cycles", \.timing.linkReturnCycles),
    .integer(
      "timing.link_hops", \.timing.linkHops, 0...1_024, unit: "hops",
      (.assumed, "the ITS beside its distributor")),
    cycles("hop_cycles", \.timing.hopCycles),
    count("chips", \.timing.chips, 1...64, "chips", (.assumed, "one chip")),
    cycles(
      "cross_chip_cycles", \.timing.crossChipCycles,
      (.documented, "Linux f1a3fac4095c: 100 ns an access to the other socket, Huawei")),
  ]

  /// The LPI unit, the redistributor, the CPU interface and the PE.
  private static let back: [Setting] =
    [
      .boolean(
        "timing.lpi_per_redistributor", \.timing.lpiPerRedistributor,
        (.documented, "Arm 100336, 2.1.7: one LPI cache a chip")),
      cycles("lpi_lookup_cycles", \.timing.lpiLookupCycles),
      cycles("lpi_bank_cycles", \.timing.lpiBankCycles),
    ]
    + cache(
      "lpi", \.timing.lpiCache.entries, \.timing.lpiCache.ways,
      (.assumed, "Arm 101206, table 3-5: range 16 to 1024, two-way; value assumed"))
    + [
      count(
        "lpi_banks", \.timing.lpiBanks, 1...64, "banks",
        (.documented, "Arm 100336, 2.1.7: one LPI cache a chip")),
      count(
        "property_reads_in_flight", \.timing.propertyReadsInFlight, 1...4_096, "reads",
        (.documented, "Arm 100336, table 2-4")),
      count(
        "lpi_pending_entries", \.timing.pendingEntries, 1...1_048_576, "entries",
        (.assumed, "Arm 101206, table 3-5: range 16 to 1024; value assumed")),
      count(
        "pending_accesses_in_flight", \.timing.pendingAccessesInFlight, 1...4_096, "accesses",
        (.documented, "Arm 100336, table 2-4: 256-bit pending-table accesses")),
      .boolean("timing.invall_refetches", \.timing.invallRefetches, guess),
      .boolean("timing.movall_sweeps_table", \.timing.movallSweepsTable, guess),
      cycles("hppi_select_cycles", \.timing.hppiSelectCycles),
      cycles(
        "downstream_cycles", \.timing.downstreamCycles,
        (.assumed, "DDI 0516: 16-bit stream; a 64-bit message is assumed")),
      cycles("acceptance_cycles", \.timing.acceptanceCycles),
      cycles(
        "upstream_cycles", \.timing.upstreamCycles,
        (.assumed, "DDI 0516: 16-bit stream; a 64-bit message is assumed")),
      cycles("pe_handling_cycles", \.timing.peHandlingCycles, workload),
      .choice("timing.pe_handling_distribution", \.timing.peHandlingDistribution, workload),
      .integer("timing.pe_handling_seed", \.timing.peHandlingSeed, 0...UInt64.max, workload),
    ]
}
