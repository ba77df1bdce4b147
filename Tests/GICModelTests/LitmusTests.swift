import GICArch
import Synchronization
import Testing

@testable import GICModel

/// What an MSI of event 0 met, and where LPI 8192 is pending afterwards: "set PE0". An MSI that was
/// left in an inbox is "accepted".
private struct Litmus: Sendable {
  var name: String
  /// Puts things right again before each round; nothing is pending.
  var before: @Sendable (LitmusStage) -> Void = { _ in }
  var race: @Sendable (LitmusStage) -> Void
  var allowed: Set<String>
  var profile = Profile()
}

private func commands(_ commands: ITSCommand...) -> @Sendable (LitmusStage) -> Void {
  { $0.world.command(commands) }
}
private let map = ITSCommand.mapti(1, 0, 8192, 0)

/// Every pair of an MSI and something that takes its mapping or its LPI away. Not allowed, whatever
/// the timing: an LPI that is lost, that is in two places, or that comes when the command is done.
private let litmus: [Litmus] = [
  Litmus(
    name: "DISCARD", before: commands(map), race: commands(.discard(1, 0)),
    allowed: ["set nowhere", "accepted nowhere", "eventUnmapped nowhere"]),
  Litmus(
    name: "MOVI", before: commands(map), race: commands(.movi(1, 0, 1)),
    allowed: ["set PE1", "accepted PE1"]),
  Litmus(
    name: "MOVI of one that is pending", before: commands(map, .int(1, 0)),
    race: commands(.movi(1, 0, 1)), allowed: ["set PE1", "merged PE1", "accepted PE1"]),
  Litmus(
    name: "MOVI to and fro", before: commands(map),
    race: commands(.movi(1, 0, 1), .movi(1, 0, 0), .movi(1, 0, 1), .movi(1, 0, 0)),
    allowed: ["set PE0", "accepted PE0"]),
  Litmus(
    name: "MAPD with V = 0", before: { $0.world.command([$0.world.mapd(1, itt: 1), map]) },
    race: commands(.mapd(1, nil)),
    allowed: ["set PE0", "accepted PE0", "deviceUnmapped nowhere"]),
  Litmus(
    name: "MAPD again", before: commands(map),
    race: { $0.world.command($0.world.mapd(1, itt: 1)) },
    allowed: ["set PE0", "accepted PE0"]),
  Litmus(
    name: "MAPTI to another LPI", before: commands(map),
    race: commands(.mapti(1, 0, 8193, 0), .mapti(1, 0, 8194, 0), .mapti(1, 0, 8193, 1)),
    allowed: ["set PE0", "set nowhere", "accepted PE0", "accepted nowhere"]),
  Litmus(
    name: "MAPC", before: commands(.mapc(0, 0), map), race: commands(.mapc(0, 1)),
    allowed: ["set PE0", "set PE1", "accepted PE0", "accepted PE1"]),
  Litmus(
    name: "MAPC, then MOVALL", before: commands(.mapc(0, 0), map),
    race: commands(.mapc(0, 1), .movall(from: 0, to: 1)), allowed: ["set PE1", "accepted PE1"]),
  Litmus(
    name: "MAPC with V = 0", before: commands(.mapc(0, 0), map), race: commands(.mapc(0, nil)),
    allowed: ["set PE0", "accepted PE0", "collectionUnmapped nowhere"]),
  Litmus(
    name: "MOVALL", before: commands(.mapc(0, 0), map), race: commands(.movall(from: 0, to: 1)),
    allowed: ["set PE0", "set PE1", "accepted PE0", "accepted PE1"]),
  Litmus(
    name: "CLEAR", before: commands(map), race: commands(.clear(1, 0)),
    allowed: ["set PE0", "set nowhere", "accepted PE0", "accepted nowhere"]),
  Litmus(
    name: "CLEAR of one that is pending", before: commands(map, .int(1, 0)),
    race: commands(.clear(1, 0)),
    allowed: ["set PE0", "merged nowhere", "accepted PE0", "accepted nowhere"]),
  Litmus(
    name: "INT", before: commands(map), race: commands(.int(1, 0)),
    allowed: ["set PE0", "merged PE0", "accepted PE0"]),
  Litmus(
    name: "an acknowledge", before: commands(map, .int(1, 0)),
    race: {
      #expect($0.world.get(.iar1) == 8192)
      $0.world.set(.eoir1, 8192)
    },
    allowed: ["merged nowhere", "set PE0", "accepted PE0", "accepted nowhere"]),
  Litmus(
    name: "EnableLPIs cleared and set", before: commands(map),
    race: {
      $0.world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
      $0.world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
    },
    allowed: ["set PE0", "accepted PE0", "lpisDisabled nowhere"]),
  Litmus(
    name: "a flush of the pending tables", before: commands(map),
    race: { $0.world.machine.flushPendingTables() }, allowed: ["set PE0", "accepted PE0"]),
  Litmus(
    name: "the ITS disabled and enabled", before: commands(map),
    race: {
      $0.world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
      $0.world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
    },
    allowed: ["set PE0", "accepted PE0", "itsDisabled nowhere"]),
  Litmus(
    name: "MAPD with V = 0 that frees the events, alone",
    before: { $0.world.command([$0.world.mapd(1, itt: 1), map]) }, race: commands(.mapd(1, nil)),
    allowed: ["set nowhere", "deviceUnmapped nowhere"], profile: freeing),
]

/// A choice with which lanes do everything one after the other.
private let freeing: Profile = {
  var profile = Profile()
  profile.mapdLiveDevice = .freesEvents
  return profile
}()

@Test(arguments: litmus.indices)
func `an MSI races`(index: Int) {
  let row = litmus[index]
  let stage = LitmusStage(profile: row.profile)
  let kind = Atomic<UInt8>(0)
  var seen: [String: Int] = [:]
  withExtendedLifetime(stage) {
    stage.race(
      before: { _ in
        stage.acknowledgeAll()
        stage.world.command(.clear(1, 0))
        row.before(stage)
      },
      left: { _ in row.race(stage) },
      right: { _ in kind.store(stage.msi(0).rawValue, ordering: .releasing) },
      after: { _ in
        let outcome = MSIOutcome.Kind(rawValue: kind.load(ordering: .acquiring))
        let line = (stage.world.lines(0).rawValue, stage.world.lines(1).rawValue)
        let places = stage.places(8192)
        seen["\(outcome.map { "\($0)" } ?? "?") \(places)", default: 0] += 1
        if !stage.world.isConserved { seen["not conserved", default: 0] += 1 }
        // Both LPIs are enabled: a line is high where one is pending.
        let pending = (stage.isAnyPending(0), stage.isAnyPending(1))
        if (line.0 != 0) != pending.0 || (line.1 != 0) != pending.1 {
          seen["line \(line) pending \(pending)", default: 0] += 1
        }
      })
  }
  let wrong = seen.filter { !row.allowed.contains($0.key) }
  #expect(wrong.isEmpty, "\(row.name): of \(seen)")
}

/// INV makes what is pending follow the configuration, whichever of the two comes first.
@Test(arguments: [0xa0, 0xa1] as [UInt8])
func `an MSI races INV`(last: UInt8) {
  let stage = LitmusStage()
  var wrong = 0
  stage.race(
    before: { _ in
      stage.world.configure(8192, last ^ 1)
      stage.world.command([.inv(1, 0), .clear(1, 0)])
      stage.world.configure(8192, last)
    },
    left: { _ in stage.world.command(.inv(1, 0)) },
    right: { _ in stage.msi(0) },
    after: { _ in
      if stage.places(8192) != "PE0" { wrong += 1 }
      if (stage.world.lines(0) == .irq) != (last & 1 == 1) { wrong += 1 }
      if !stage.world.isConserved { wrong += 1 }
    })
  #expect(wrong == 0)
}

/// A device writes its data, then its MSI. Whoever acknowledges and finds no data is interrupted
/// again.
@Test func `no MSI is merged into one whose handler has looked already`() {
  let stage = LitmusStage()
  var lost = 0
  var found = 0
  stage.race(
    before: { _ in
      stage.acknowledgeAll()
      stage.data.store(0, ordering: .sequentiallyConsistent)
      stage.world.command(.int(1, 0))
    },
    left: { _ in
      stage.world.get(.iar1)
      found = stage.data.load(ordering: .relaxed)
      stage.world.set(.eoir1, 8192)
    },
    right: { _ in
      stage.data.store(1, ordering: .relaxed)
      stage.msi(0)
    },
    after: { _ in if found == 0, stage.places(8192) != "PE0" { lost += 1 } })
  #expect(lost == 0)
}

/// A machine that outlives its test is a leak to LeakSanitizer, which cannot read the names of the
/// machine's blocks.
@Test func `a race that is over holds no machine`() {
  weak var held: LitmusStage?
  for _ in 0..<20 {
    do {
      let stage = LitmusStage()
      held = stage
      stage.race(rounds: 1, left: { _ in }, right: { _ in stage.msi(0) })
    }
    #expect(held == nil)
  }
}

extension LitmusStage {
  fileprivate func isAnyPending(_ pe: Int) -> Bool { world.machine.engine.pes[pe].lpis.count > 0 }
}
