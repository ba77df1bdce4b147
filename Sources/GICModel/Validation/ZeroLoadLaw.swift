import GICArch

/// Parameters that no two terms of a closed form could be exchanged in.
private var unequal: TimingParameters {
  var timing = TimingParameters()
  (timing.msiAcceptCycles, timing.arbiterCycles) = (3, 2)
  (timing.deviceLookupCycles, timing.eventLookupCycles) = (5, 7)
  (timing.collectionLookupCycles, timing.linkFormatCycles) = (11, 13)
  (timing.linkBeats, timing.linkHops, timing.hopCycles) = (17, 3, 19)
  (timing.lpiLookupCycles, timing.hppiSelectCycles) = (23, 29)
  (timing.downstreamCycles, timing.acceptanceCycles) = (31, 37)
  (timing.memoryLatencyCycles, timing.commandDecodeCycles) = (401, 41)
  (timing.commandOperationCycles, timing.commandRetireCycles) = (43, 47)
  (timing.linkReturnCycles, timing.crossChipCycles) = (53, 1009)
  return timing
}

private let sets: [(name: String, timing: TimingParameters)] = [
  ("default", TimingParameters()), ("unequal", unequal),
]

/// A command as what it does, and how many table reads that needs with nothing cached. A write of
/// an entry that the command also reads makes the next one read it again.
private struct Form {
  var name: String
  var does: [StageEvent]
  var coldReads: UInt64
  var warmReads: UInt64 = 0
  var readsDevice = true
  var isSync = false
}

private func forms(levels: Int, pe: PEIndex) -> [Form] {
  let (device, event) = (DeviceID(rawValue: 3), EventID(rawValue: UInt32(pe.rawValue)))
  let collection = ICID(rawValue: UInt16(pe.rawValue))
  let lpi = TheoryRules.intid(3, event.rawValue)
  let lookup: StageEvent = .deviceLookup(device, levels: levels)
  let walk: [StageEvent] = [
    lookup, .eventLookup(device, event), .collectionLookup(collection),
  ]
  return [
    Form(name: "MAPD", does: [.deviceWritten(device)], coldReads: 0, readsDevice: false),
    Form(name: "MAPC", does: [.collectionWritten(collection)], coldReads: 0, readsDevice: false),
    Form(name: "MAPTI", does: [lookup, .eventWritten(device, event)], coldReads: 1),
    Form(
      name: "MOVI",
      does: walk + [
        .collectionLookup(ICID(rawValue: 9)), .eventWritten(device, event),
        .move(from: pe, to: pe, lpi, wasPending: false),
      ], coldReads: 4, warmReads: 1),
    Form(
      name: "DISCARD",
      does: walk + [.eventWritten(device, event), .clear(pe, lpi, wasPending: false)],
      coldReads: 3, warmReads: 1),
    Form(name: "CLEAR", does: walk + [.clear(pe, lpi, wasPending: false)], coldReads: 3),
    Form(name: "INT", does: walk + [.set(pe, lpi, merged: true)], coldReads: 3),
    Form(name: "INV", does: walk + [.invalidate(pe, lpi)], coldReads: 3),
    Form(
      name: "INVALL", does: [.collectionLookup(collection), .invalidateAll(pe)], coldReads: 1,
      readsDevice: false),
    Form(
      name: "MOVALL", does: [.moveAll(from: pe, to: pe, count: 0)], coldReads: 0,
      readsDevice: false),
    Form(
      name: "SYNC", does: [.synchronize(pe)], coldReads: 0, readsDevice: false, isSync: true),
  ]
}

extension TimingLaws {
  /// One transaction alone, for every command and MSI, hit and miss, flat and two-level table, own
  /// and other chip: to the cycle.
  @Sendable static func zeroLoad(_ effort: Effort) -> TimingLaw {
    var rows: [TimingLaw.Row] = []
    for (set, timing) in sets {
      for levels in 1...2 {
        for far in [false, true] {
          let name = "\(set), \(levels == 1 ? "flat" : "two-level"), \(far ? "other" : "own") chip"
          var timing = timing
          timing.chips = 2
          rows += messages(timing, levels: levels, far: far, name)
          rows += commands(timing, levels: levels, far: far, name)
        }
      }
    }
    return TimingLaw(
      2, "A transaction alone takes its closed form", condition: "equal, to the cycle", rows: rows)
  }

  /// Each of the four lines cached or not.
  private static func messages(
    _ timing: TimingParameters, levels: Int, far: Bool, _ name: String
  ) -> [TimingLaw.Row] {
    (0..<16).map { misses in
      var core = TimedCore<TheoryRules, NoTrace>.theory(timing, its: 2, pes: 2, tracer: NoTrace())
      core.rules.merges = false
      core.rules.levels = levels
      let event: UInt32 = far ? 1 : 0
      core.submit(3, event)
      core.finish()
      var reads: UInt64 = 0
      for (bit, cost) in [levels, 1, 1, 1].enumerated() where misses >> bit & 1 != 0 {
        reads += UInt64(cost)
        core.forget(bit, device: 3, event: event)
      }
      let start = core.now
      core.submit(3, event)
      while core.rules.shown.isEmpty, core.runCycle(through: .max) != nil {}
      let tables = zip([1, 2, 4, 8], ["DID", "VID", "COL", "property"])
        .filter { misses & $0.0 != 0 }.map(\.1).joined(separator: " ")
      return TimingLaw.Row(
        "\(name): MSI, misses \(tables.isEmpty ? "nothing" : tables)",
        expected: timing.presented(reads: reads, far: far), measured: core.now - start)
    }
  }

  private static func commands(
    _ timing: TimingParameters, levels: Int, far: Bool, _ name: String
  ) -> [TimingLaw.Row] {
    var rows: [TimingLaw.Row] = []
    for form in forms(levels: levels, pe: PEIndex(far ? 1 : 0)) {
      var core = TimedCore<TheoryRules, NoTrace>.theory(timing, its: 2, pes: 2, tracer: NoTrace())
      core.rules.script = form.does
      for (state, reads) in [("cold", form.coldReads), ("warm", form.warmReads)] {
        let more = state == "cold" && form.readsDevice ? UInt64(levels - 1) : 0
        let (start, before) = (core.now, core.rules.retired)
        core.write(1)
        while core.rules.retired == before, core.runCycle(through: .max) != nil {}
        rows.append(
          TimingLaw.Row(
            "\(name): \(form.name), \(state)",
            expected: timing.command(reads: reads + more, sync: form.isSync, far: far),
            measured: core.now - start))
        core.finish()
      }
    }
    return rows
  }
}

extension TimedCore {
  /// Forgets one of the four lines of an event's way: device, event, collection, property.
  fileprivate func forget(_ line: Int, device: UInt32, event: UInt32) {
    switch line {
    case 0: its[0].deviceCache.forget(UInt64(device))
    case 1: its[0].eventCache.forget(TimingCache.key(device: device, event: event))
    case 2: its[0].collectionCache.forget(UInt64(event))
    default:
      let unit = topology.unit(ofPE: Int(event))
      lpis[unit].properties.forget(UInt64(TheoryRules.intid(device, event).rawValue))
    }
  }
}
