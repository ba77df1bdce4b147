// Save and restore on the timed clock: what is under way ends first, nothing is lost, and no entry
// of a table that has changed is taken from a cache.

import GICArch
import Testing

@testable import GICModel

private func started(_ profile: SavingProfile) throws -> TimedWorld {
  var configuration = TimedWorld.configuration(pes: 2)
  configuration.profile = profile.profile
  let world = try TimedWorld(configuration)
  var commands: [ITSCommand] = [mapc(0, 0), mapc(1, 1)]
  for device in UInt32(3)..<5 {
    commands.append(.mapd(DeviceID(rawValue: device), TimedWorld.itt(device)))
    for event in UInt32(0)..<4 {
      let lpi = TimedWorld.intid(device, event)
      world.store(lpi, 0xa1)
      commands.append(mapti(device, event, lpi.rawValue, UInt16(event % 2)))
    }
  }
  world.issue(commands)
  world.settle()
  return world
}

@Test(arguments: SavingProfile.allCases)
func `a save ends what was under way, and the machine goes on`(profile: SavingProfile) throws {
  let world = try started(profile)
  let machine = world.machine
  let start = machine.cycle
  for event in 0..<4 {
    _ = machine.perform(
      Access(.msi, source: 3, address: 0, data: UInt64(event), cycle: start + 1))
  }
  let image = try machine.saveAttributes()
  #expect(machine.cycle > start + 1)
  let statistics = machine.statistics()
  #expect(statistics.pending + statistics.delivered + statistics.merged == statistics.msis)
  #expect(!image.entries.isEmpty)
  #expect(try machine.saveAttributes() == image, "a second save is the same")
}

@Test func `a restore forgets the cached entries of the tables`() throws {
  let world = try started(.kvm)
  let machine = world.machine
  func misses() -> UInt64 {
    machine.statistics().events.first { $0.name == "DID_MISS" }?.count ?? 0
  }
  func msi() { _ = machine.perform(Access(.msi, source: 3, address: 0, data: 0)) }
  msi()
  _ = machine.advance(to: .max, until: .idle)
  let warm = misses()
  msi()
  _ = machine.advance(to: .max, until: .idle)
  #expect(misses() == warm)
  let image = try machine.saveAttributes()
  try machine.setAttribute(DeviceAttribute(.reset), of: .its(0), to: nil)
  try machine.restore(image)
  msi()
  _ = machine.advance(to: .max, until: .idle)
  #expect(misses() == warm + 1)
}

@Test func `a RESET with LPIs that wait to be presented leaves none of them`() throws {
  let world = try started(.kvm)
  let machine = world.machine
  for pe in 0..<2 {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(SystemRegister.pmr.rawValue),
        data: 0))
  }
  for device in UInt32(3)..<5 {
    for event in 0..<4 {
      _ = machine.perform(Access(.msi, source: device, address: 0, data: UInt64(event)))
    }
  }
  _ = machine.advance(to: .max, until: .idle)
  #expect(machine.statistics().pending == 8)
  try machine.setAttribute(DeviceAttribute(.reset), of: .its(0), to: nil)
  let statistics = machine.statistics()
  #expect(statistics.pending == 0 && statistics.dropped["cleared"] == 8)
  #expect(
    machine.core.waiting.count == 0 || machine.core.pool.liveCount == machine.core.waiting.count)
}
