import GICArch

private let device = DeviceID(rawValue: 1)
private let event = EventID(rawValue: 0)
private let lpi = LawGuest.intid(1, 0)

private func randomCommand(_ random: inout SeededGenerator) -> ITSCommand {
  let number = UInt32.random(in: 0..<9, using: &random)
  let device = DeviceID(rawValue: number)
  let event = EventID(rawValue: UInt32.random(in: 0..<10, using: &random))
  let collection = ICID(rawValue: UInt16.random(in: 0..<3, using: &random))
  let target = RDbase(rawValue: UInt64.random(in: 0..<3, using: &random))
  return switch Int.random(in: 0..<13, using: &random) {
  case 0: .mapd(device, Bool.random(using: &random) ? LawGuest.itt(number) : nil)
  case 1: .mapc(collection, Bool.random(using: &random) ? target : nil)
  case 2, 3: .mapti(device, event, LawGuest.intid(number & 7, event.rawValue & 7), collection)
  case 4: .discard(device, event)
  case 5: .clear(device, event)
  case 6, 7: .int(device, event)
  case 8: .inv(device, event)
  case 9: .invall(collection)
  case 10: .movi(device, event, collection)
  case 11: .movall(from: target, to: RDbase(rawValue: 0))
  default: .sync(target)
  }
}

/// Everything of a run that does not depend on time.
private struct EndState: Equatable {
  var acknowledged: [UInt32]
  var digest: UInt64
  var counts: [UInt64]
  var commands: [String: UInt64]
  var errors: [String: UInt64]
  var dropped: [String: UInt64]
}

/// One random program of a guest that cannot wait, so that it does the same on either clock.
private func endState(
  _ clock: MachineStatistics.Clock, _ timing: TimingParameters, seed: UInt64, steps: Int
) -> EndState {
  let guest = LawGuest(LawGuest.configuration(clock, timing))
  var random = SeededGenerator(seed: seed)
  var acknowledged: [UInt32] = []
  for _ in 0..<steps {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4:
      guest.msi(
        UInt32.random(in: 0..<9, using: &random), UInt32.random(in: 0..<9, using: &random))
    case 4..<7:
      let count = Int.random(in: 1...4, using: &random)
      guest.issue((0..<count).map { _ in randomCommand(&random) })
    case 7:
      guest.configure(
        LawGuest.intid(UInt32.random(in: 0..<8, using: &random), 1),
        UInt8.random(in: 0...255, using: &random))
    default: acknowledged.append(guest.acknowledge(Int.random(in: 0...1, using: &random)))
    }
  }
  guest.machine.flushPendingTables()
  let statistics = guest.machine.statistics()
  return EndState(
    acknowledged: acknowledged, digest: guest.digest,
    counts: [
      statistics.msis, statistics.intCommands, statistics.delivered, statistics.merged,
      statistics.pending,
    ], commands: statistics.commands, errors: statistics.commandErrors,
    dropped: statistics.dropped.filter { $0.value > 0 })
}

extension TimingLaws {
  /// Time changes nothing that the architecture promises: a program of a guest that waits for
  /// everything ends in the same state with time and without.
  @Sendable static func equivalence(_ effort: Effort) -> TimingLaw {
    var slow = TimingParameters().uncached
    (slow.pendingEntries, slow.translationSlots, slow.linkCredits) = (2, 1, 1)
    (slow.lpiPerRedistributor, slow.invallRefetches) = (true, true)
    let rows = [("default", TimingParameters()), ("few of everything", slow)].flatMap {
      name, timing in
      (1...(effort == .short ? 2 : 12)).map { seed in
        let steps = effort == .short ? 150 : 2_000
        let timed = endState(.timed, timing, seed: UInt64(seed), steps: steps)
        let plain = endState(.functional, timing, seed: UInt64(seed), steps: steps)
        return TimingLaw.Row(
          "\(name), program \(seed) of \(steps) steps: differences of the end states",
          expected: 0, measured: timed == plain ? 0 : 1)
      }
    }
    return TimingLaw(
      9, "With time and without, programs end in the same state", condition: "no difference",
      rows: rows)
  }

  /// Races of an MSI against commands, at every distance of the two: only allowed outcomes.
  @Sendable static func litmus(_ effort: Effort) -> TimingLaw {
    let step: UInt64 = effort == .short ? 13 : 1
    let races: [(name: String, run: (UInt64) -> Outcome)] = [
      ("SYNC after INT: the LPI can be taken", syncVisibility),
      ("property disabled, INV, SYNC: nothing is shown after it", stalePropertyOutcome),
      ("MAPD V = 0 among MSIs: what was granted before it comes, the rest is dropped", unmap),
      ("MOVI against an MSI: one interrupt, at one of the two PEs", move),
      ("MOVALL against an MSI: one interrupt, at one of the two PEs", moveAll),
      ("CLEAR against an MSI: shown once or never", clear),
    ]
    let rows = races.map { name, run in
      var seen: [String: Int] = [:]
      var forbidden: UInt64 = 0
      for distance in stride(from: 0, through: 700, by: Int(step)) {
        let outcome = run(UInt64(distance))
        seen[outcome.name, default: 0] += 1
        if !outcome.isAllowed { forbidden += 1 }
      }
      let list = seen.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return TimingLaw.Row(
        "\(name) (\(list.joined(separator: ", "))): forbidden", expected: 0, measured: forbidden)
    }
    return TimingLaw(
      10, "Races under timing have allowed outcomes only", condition: "none forbidden", rows: rows)
  }

  private struct Outcome {
    var name: String
    var isAllowed: Bool
  }

  private static func guest() -> LawGuest {
    let guest = LawGuest(LawGuest.configuration(.timed, TimingParameters()))
    guest.settle()
    return guest
  }
  /// The PEs at which an LPI could be taken in the end.
  private static func taken(_ guest: LawGuest) -> [Int] {
    guest.settle()
    return (0..<2).filter { guest.acknowledge($0) != 1023 }
  }

  private static func syncVisibility(_ distance: UInt64) -> Outcome {
    let guest = guest()
    let start = guest.now + 10
    // Other traffic to the same PE, so that the INT is not alone.
    for number: UInt32 in 2..<6 { guest.msi(number, 1, at: start + distance) }
    guest.issue([.int(device, event), .sync(RDbase(rawValue: 0))], at: start + distance)
    let end = guest.cwriter
    while guest.creadr(at: guest.now) != end {
      _ = guest.machine.advance(to: guest.now + 1, until: .limit)
    }
    let timing = guest.machine.configuration.timing
    let choice = timing.hppiSelectCycles + timing.downstreamCycles + timing.acceptanceCycles
    _ = guest.machine.advance(to: guest.now + choice, until: .limit)
    let got = guest.acknowledge(0, at: guest.now)
    return Outcome(
      name: got == lpi.rawValue ? "taken" : "not there", isAllowed: got == lpi.rawValue)
  }

  private static func stalePropertyOutcome(_ distance: UInt64) -> Outcome {
    let guest = guest()
    let start = guest.now + 10
    guest.configure(lpi, 0xa0)  // disabled in RAM; the redistributor remembers otherwise
    guest.issue([.inv(device, event), .sync(RDbase(rawValue: 0))], at: start)
    let end = guest.cwriter
    _ = guest.machine.advance(to: start + distance, until: .limit)
    let isDone = guest.creadr(at: guest.now) == end
    guest.msi(1, 0, at: guest.now)
    let isShown = !taken(guest).isEmpty
    return Outcome(
      name: (isDone ? "after SYNC " : "before ") + (isShown ? "shown" : "hidden"),
      isAllowed: !(isDone && isShown))
  }

  private static func unmap(_ distance: UInt64) -> Outcome {
    let guest = guest()
    let start = guest.now + 1_000
    let unmapping = start + 350
    guest.issue([.mapd(device, nil)], at: unmapping - distance)
    for number: UInt32 in 0..<8 {
      guest.msi(1, number, at: max(guest.now, start + UInt64(number) * 9))
    }
    guest.settle()
    let statistics = guest.machine.statistics()
    let dropped = statistics.dropped["deviceUnmapped"] ?? 0
    // First come, first served: what came is the first of them.
    let pending = statistics.pending
    var came: Set<UInt32> = []
    for pe in 0..<2 {
      while case let intid = guest.acknowledge(pe), intid != 1023 { came.insert(intid) }
    }
    let first = Set((0..<UInt32(pending)).map { LawGuest.intid(1, $0).rawValue })
    return Outcome(
      name: "\(pending) came", isAllowed: pending + dropped == 8 && came == first)
  }

  private static func race(_ distance: UInt64, _ command: ITSCommand) -> [Int] {
    let guest = guest()
    let start = guest.now + 400
    guest.issue([command], at: start)
    // From long before the command's grant to long after it.
    guest.msi(1, 0, at: max(guest.now, start + distance))
    return taken(guest)
  }
  private static func move(_ distance: UInt64) -> Outcome {
    let pes = race(distance, .movi(device, event, ICID(rawValue: 1)))
    return Outcome(name: "at \(pes)", isAllowed: pes.count == 1)
  }
  private static func moveAll(_ distance: UInt64) -> Outcome {
    let pes = race(distance, .movall(from: RDbase(rawValue: 0), to: RDbase(rawValue: 1)))
    return Outcome(name: "at \(pes)", isAllowed: pes.count == 1)
  }
  private static func clear(_ distance: UInt64) -> Outcome {
    let pes = race(distance, .clear(device, event))
    return Outcome(name: pes.isEmpty ? "never" : "once", isAllowed: pes.isEmpty || pes == [0])
  }
}
