// What the parameters allow: the slowest unit bounds the throughput, whatever waits for what.

import GICModel

/// A unit and how much of its time the transactions of a run need, at the least.
struct Demand: Equatable {
  var unit: String
  /// Cycles of that unit for all transactions together, shared by as many as there are of it.
  var cycles: Double
}

extension Measured {
  /// Each unit's demand: how often it was visited, times what a visit takes by the parameters, over
  /// how many can be served at once.
  /// - Source: P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models",
  ///   1978: utilisation law and bottleneck.
  func demands() -> [Demand] {
    let memory = Double(timing.memoryLatencyCycles)
    let its = Double(shape.its)
    let units = Double(timing.lpiPerRedistributor ? shape.pes : max(1, timing.chips))
    let messages = count("LPI") + commandMessages
    let lookups = [count("DID_LOOKUP"), count("VID_LOOKUP"), count("COL_LOOKUP")].max() ?? 0
    let engine = Double(
      timing.commandDecodeCycles + timing.commandOperationCycles + timing.commandRetireCycles)
    let synchronize = Double(
      timing.linkBeats + timing.linkHops * timing.hopCycles + timing.lpiLookupCycles
        + timing.linkReturnCycles)
    let credit = Double(
      timing.linkFormatCycles + timing.linkBeats + timing.linkHops * timing.hopCycles
        + timing.linkReturnCycles)
    return [
      Demand(
        unit: "command fetch",
        cycles: count("COMMAND_FETCH") * memory / Double(max(1, timing.commandFetchDepth)) / its),
      Demand(
        unit: "command engine",
        cycles: (commands * engine + opcode("SYNC") * synchronize
          + (msis == 0 ? count("TABLE_READ") * memory : 0)) / its),
      Demand(
        unit: "translation slots",
        cycles: count("TABLE_READ") * memory / Double(timing.translationSlots) / its),
      Demand(
        unit: "table writes",
        cycles: count("TABLE_WRITE") * memory / Double(timing.tableWritesInFlight) / its),
      Demand(
        unit: "arbiter", cycles: (count("LPI") + commands) * Double(timing.arbiterCycles) / its),
      Demand(unit: "lookup pipelines", cycles: lookups * Double(timing.lookupIntervalCycles) / its),
      Demand(unit: "link", cycles: messages * Double(timing.linkBeats) / its),
      Demand(unit: "link credits", cycles: messages * credit / Double(timing.linkCredits) / its),
      Demand(
        unit: "LPI banks",
        cycles: messages * Double(timing.lpiBankCycles) / Double(timing.lpiBanks) / units),
      Demand(
        unit: "property port",
        cycles: count("LPI_PROP") * memory / Double(timing.propertyReadsInFlight) / units),
      Demand(
        unit: "pending table port",
        cycles: (count("PENDING_READ") + count("PENDING_WRITE")) * memory
          / Double(timing.pendingAccessesInFlight) / units),
    ]
  }

  /// Messages that commands have sent to the LPI units, one each at the least.
  private var commandMessages: Double {
    ["INT", "CLEAR", "DISCARD", "INV", "INVALL", "SYNC"].reduce(0) { $0 + opcode($1) }
  }

  /// The unit with the greatest demand.
  var bottleneck: Demand {
    demands().max { $0.cycles < $1.cycles } ?? Demand(unit: "", cycles: 0)
  }

  /// Whether no other unit is needed half as much: then nothing but that unit makes anyone wait.
  var isSingleBottleneck: Bool {
    let sorted = demands().map(\.cycles).sorted()
    return sorted.count > 1 && sorted[sorted.count - 2] < sorted[sorted.count - 1] / 2
  }

  /// What a measured rate could be at most.
  func bound(of rate: Double) -> Double {
    let demand = bottleneck.cycles
    return demand > 0 ? rate * cycles / demand : 0
  }
  /// What the rate of MSIs could be at most: units are visited by what is granted, which is not
  /// quite what has ended in the same time.
  var msiBound: Double { bound(of: count("LPI") / cycles * hertz) }

  /// What the PEs can take: the next LPI comes while one is handled, so the slower of both counts.
  var peBound: Double {
    let presentation =
      timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
      + timing.upstreamCycles
    return Double(shape.pes) / Double(max(timing.peHandlingCycles, presentation, 1)) * hertz
  }
}

// Closed forms of a transaction with nothing else under way, from the parameters alone.
extension TimingParameters {
  /// An MSI, from its arrival to its acceptance by the CPU interface, after `reads` reads of memory
  /// one after the other.
  func aloneMSI(reads: Int) -> Double {
    Double(
      msiAcceptCycles + arbiterCycles + deviceLookupCycles + eventLookupCycles
        + collectionLookupCycles + UInt64(reads) * memoryLatencyCycles + linkFormatCycles
        + linkBeats + linkHops * hopCycles + lpiLookupCycles + hppiSelectCycles + downstreamCycles
        + acceptanceCycles)
  }

  /// A command from the write of GITS_CWRITER to its completion, after `reads` reads of entries.
  func aloneCommand(reads: Int) -> Double {
    Double(
      UInt64(1 + reads) * memoryLatencyCycles + commandDecodeCycles + commandOperationCycles
        + commandRetireCycles)
  }
}

/// The mean wait at one server of constant service where in each cycle one comes or none.
/// - Source: T. Meisling, "Discrete-time queuing theory", 1958: Geo/D/1.
func geoD1Wait(load: Double, service: Double) -> Double {
  load < 1 ? load * (service - 1) / (2 * (1 - load)) : .infinity
}
