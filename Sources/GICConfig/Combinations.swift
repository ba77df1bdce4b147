// Values that fit alone and not together. An error points at the first key of its rule that a layer
// set (the defaults fit together, so at least one was set).

import GICModel

extension Resolver {
  /// - Throws: ``ConfigurationError`` for the first combination that no machine can have.
  func checkCombinations() throws(ConfigurationError) {
    try checkCaches()
    try checkIdentity()
    try checkProfile()
    try checkFrames()
  }

  private func checkCaches() throws(ConfigurationError) {
    let timing = machine.timing
    let caches = [
      ("device", timing.deviceCache), ("event", timing.eventCache),
      ("collection", timing.collectionCache), ("lpi", timing.lpiCache),
    ]
    for (name, cache) in caches {
      let keys = ["timing.\(name)_cache_entries", "timing.\(name)_cache_ways"]
      try require(
        cache.entries % cache.ways == 0, keys,
        "expected a multiple of \(keys[1]), which is \(cache.ways), not \(cache.entries)")
      let sets = cache.entries / cache.ways
      try require(
        sets & (sets - 1) == 0, keys,
        "expected \(keys[1]), which is \(cache.ways), times a power of two, not \(cache.entries)")
    }
    let (banks, sets) = (timing.lpiBanks, timing.lpiCache.entries / timing.lpiCache.ways)
    try require(
      banks & (banks - 1) == 0 && banks <= sets,
      ["timing.lpi_banks", "timing.lpi_cache_entries", "timing.lpi_cache_ways"],
      "expected a power of two up to the \(sets) sets of the LPI cache, not \(banks)")
    let pes = machine.shape.affinities.count
    try require(
      timing.chips <= pes, ["timing.chips", "machine.pes", "machine.affinities"],
      "expected at most the number of PEs, which is \(pes), not \(timing.chips)")
  }

  private func checkIdentity() throws(ConfigurationError) {
    let identity = machine.identity
    try require(
      identity.showsCollectionIDBits || identity.collectionIDBits == 16,
      ["identity.collection_id_bits", "identity.shows_collection_id_bits"],
      "expected 16 while identity.shows_collection_id_bits is false, "
        + "not \(identity.collectionIDBits)"
    )
    try require(
      identity.cpuInterfaceIDBits == 16 || identity.cpuInterfaceIDBits == 24,
      ["identity.cpu_interface_id_bits"], "expected 16 or 24, not \(identity.cpuInterfaceIDBits)")
    try require(
      identity.gicVersion == 3 || machine.shape.gicrStride >= 0x4_0000,
      ["machine.gicr_stride", "identity.gic_version"],
      "expected at least 0x40000 with identity.gic_version 4, whose redistributors have four frames"
    )
    try require(
      identity.affinity3Valid || machine.shape.affinities.allSatisfy { $0.rawValue >> 24 == 0 },
      ["machine.affinities", "identity.affinity3_valid"],
      "expected Aff3 0 in every affinity while identity.affinity3_valid is false")
  }

  /// Some choices lean on each other.
  private func checkProfile() throws(ConfigurationError) {
    let profile = machine.profile
    let wants: [(key: String, isSet: Bool)] = [
      ("profile.mapd_live_device", profile.mapdLiveDevice == .freesEvents),
      ("profile.mapc_unmap", profile.mapcUnmap == .orphans),
      ("profile.lpis", profile.lpis == .shared),
    ]
    for (key, isSet) in wants {
      try require(
        !isSet || profile.tables == .atSave, [key, "profile.tables", "profile.base"],
        "\(Settings.profile.first { $0.key == key }?.read(machine) ?? "") expects profile.tables "
          + "at_save: what an ITS reads from RAM it cannot own")
    }
    try require(
      profile.lpis == .shared || profile.pendingTables != .atSave,
      ["profile.pending_tables", "profile.lpis", "profile.base"],
      "at_save expects profile.lpis shared")
    let spis = min(32 * (machine.identity.itLinesNumber + 1), 1020)
    try require(
      profile.unmappedMSIs != .interrupt || machine.identity.unmappedMSIINTID < spis,
      [
        "identity.unmapped_msi_intid", "identity.it_lines_number", "profile.unmapped_msis",
        "profile.base",
      ],
      "expected an SPI of the machine, below \(spis), not \(machine.identity.unmappedMSIINTID)")
    let (numbers, pes) = (machine.identity.processorNumbers, machine.shape.affinities.count)
    try require(
      numbers.isEmpty || numbers.count == pes,
      ["identity.processor_numbers", "machine.pes", "machine.affinities"],
      "expected \(pes) numbers, one a PE, not \(numbers.count)")
  }

  private func checkFrames() throws(ConfigurationError) {
    let shape = machine.shape
    let frames =
      [(key: "machine.gicd_base", base: shape.gicdBase, byteCount: UInt64(0x1_0000))]
      + shape.itsBases.map { (key: "machine.its_bases", base: $0, byteCount: UInt64(0x2_0000)) }
      + [
        (
          key: "machine.gicr_base", base: shape.gicrBase,
          byteCount: shape.gicrStride * UInt64(shape.affinities.count)
        )
      ]
    try require(
      shape.gicrStride % 0x1_0000 == 0, ["machine.gicr_stride"],
      "expected a multiple of 0x10000, not \(hexadecimal(shape.gicrStride))")
    for frame in frames {
      try require(
        frame.base % 0x1_0000 == 0, [frame.key],
        "expected a multiple of 0x10000, not \(hexadecimal(frame.base))")
      try require(
        frame.base + frame.byteCount <= 1 << 52, [frame.key, "machine.gicr_stride", "machine.pes"],
        "\(range(frame.base, frame.byteCount)) ends above 52 bits of address")
    }
    for (index, frame) in frames.enumerated() {
      for other in frames[..<index]
      where frame.base < other.base + other.byteCount && other.base < frame.base + frame.byteCount {
        let keys = [
          frame.key, other.key, "machine.gicr_stride", "machine.pes", "machine.affinities",
        ]
        try require(
          false, keys,
          "\(frame.key) \(range(frame.base, frame.byteCount)) overlaps \(other.key) "
            + range(other.base, other.byteCount), namesKey: false)
      }
    }
  }

  /// - Parameter keys: what the rule is about, the key to blame first.
  private func require(
    _ holds: Bool, _ keys: [String], _ message: @autoclosure () -> String, namesKey: Bool = true
  ) throws(ConfigurationError) {
    guard !holds else { return }
    let text = namesKey ? "\(keys[0]): \(message())" : message()
    guard let origin = keys.lazy.compactMap({ origins[$0] }).first else {
      throw ConfigurationError(file: "default", message: text, key: keys[0])
    }
    throw ConfigurationError(
      file: origin.layer, line: origin.line, column: origin.column, message: text, key: keys[0])
  }

  private func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
  private func range(_ base: UInt64, _ byteCount: UInt64) -> String {
    "\(hexadecimal(base))...\(hexadecimal(base + byteCount - 1))"
  }
}
