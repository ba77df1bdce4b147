import GICArch
import Synchronization
import Testing

@testable import GICModel

/// Something that is saved while a device goes on. It sends an MSI of event 0 and then one of event
/// 1: the image holds both, the first, or neither, but never the second alone; and the machine
/// itself loses nothing.
private struct SaveLitmus: Sendable {
  var name: String
  var profile = Profile()
  var save: @Sendable (LitmusStage) -> Void
}

private let saves: [SaveLitmus] = [
  SaveLitmus(name: "SAVE_PENDING_TABLES") { stage in
    #expect(stage.world.set(.vgic, DeviceAttribute(.savePendingTables)) == nil)
  },
  SaveLitmus(name: "SAVE_PENDING_TABLES, tables at save", profile: atSave) { stage in
    #expect(stage.world.set(.vgic, DeviceAttribute(.savePendingTables)) == nil)
  },
  SaveLitmus(name: "a flush") { $0.world.machine.flushPendingTables() },
  SaveLitmus(name: "QUIESCE") { stage in
    _ = stage.world.machine.advance(to: .max, until: .idle)
    stage.world.machine.flushPendingTables()
  },
]

private let atSave: Profile = {
  var profile = Profile()
  profile.tables = .atSave
  return profile
}()

/// What of two things that were done one after the other is in an image.
private func found(_ first: Bool, _ second: Bool) -> String {
  switch (first, second) {
  case (false, false): "neither"
  case (true, false): "the first"
  case (true, true): "both"
  case (false, true): "the second alone"
  }
}
private let allowed: Set = ["neither", "the first", "both"]

@Test(arguments: saves.indices)
func `pending tables are saved while MSIs arrive`(index: Int) {
  let row = saves[index]
  let stage = LitmusStage(profile: row.profile)
  let (first, second) = (INTID(rawValue: 8192), INTID(rawValue: 8193))
  var seen: [String: Int] = [:]
  stage.race(
    before: { _ in
      stage.acknowledgeAll()
      row.save(stage)
    },
    left: { _ in row.save(stage) },
    right: { _ in
      stage.msi(0)
      stage.msi(1)
    },
    after: { _ in
      let image = found(
        stage.world.isPendingInRAM(first, pe: 0), stage.world.isPendingInRAM(second, pe: 0))
      seen[image, default: 0] += 1
      if stage.places(first) != "PE0" || stage.places(second) != "PE0" {
        seen["lost", default: 0] += 1
      }
      if !stage.world.isConserved { seen["not conserved", default: 0] += 1 }
      // The next save has what this one was too early for.
      row.save(stage)
      if !stage.world.isPendingInRAM(second, pe: 0) { seen["still not saved", default: 0] += 1 }
    })
  #expect(seen.keys.allSatisfy(allowed.contains), "\(row.name): of \(seen)")
}

/// Where one thread tells another to put CWRITER.
private final class Offset: Sendable { let value = Atomic<UInt64>(0) }

/// SAVE_TABLES while another thread maps event 2 and then event 3, and sends an MSI in between:
/// what is saved is what the ITS was at one moment.
@Test func `tables are saved while events are mapped and MSIs arrive`() {
  let stage = LitmusStage(profile: atSave)
  let place = stage.world.base(.gits(0)) + UInt64(GITS.CWRITER.offset)
  let itt = World.itt(0, 1)
  let (firstEnd, secondEnd) = (Offset(), Offset())
  var seen: [String: Int] = [:]
  stage.world.command([stage.world.mapd(1, itt: 1), .mapti(1, 0, 8192, 0)])
  @Sendable func ring(_ offset: UInt64) {
    _ = stage.other.perform(Access(.write, size: 8, source: 0, address: place, data: offset))
  }
  stage.race(
    before: { round in
      stage.acknowledgeAll()
      if round > 0 { stage.world.command([.discard(1, 2), .discard(1, 3)]) }
      for event in 2..<4 as Range<UInt64> { stage.world.store(itt + event * 8, 0) }
      firstEnd.value.store(
        UInt64(stage.world.enqueue([QueueEntry(.mapti(1, 2, 8194, 0))])), ordering: .releasing)
      secondEnd.value.store(
        UInt64(stage.world.enqueue([QueueEntry(.mapti(1, 3, 8195, 0))])), ordering: .releasing)
    },
    left: { _ in #expect(stage.world.save() == nil) },
    right: { _ in
      ring(firstEnd.value.load(ordering: .acquiring))
      stage.msi(0)
      ring(secondEnd.value.load(ordering: .acquiring))
    },
    after: { _ in
      let image = found(
        stage.world.load(itt + 16) != 0, stage.world.load(itt + 24) != 0)
      seen[image, default: 0] += 1
      if stage.places(8192) != "PE0" { seen["lost", default: 0] += 1 }
      if stage.world.load(itt) == 0 { seen["the mapping before is missing", default: 0] += 1 }
      if !stage.world.isConserved { seen["not conserved", default: 0] += 1 }
      if !stage.world.errors.isEmpty { seen["rejected", default: 0] += 1 }
    })
  #expect(seen.keys.allSatisfy(allowed.contains), "of \(seen)")
}
