import GICArch
import Testing

@testable import GICModel

private func world(_ hardwareCollections: Int, its: Int = 1) -> World {
  var configuration = World.configuration(pes: 2, its: its)
  configuration.identity.hardwareCollections = hardwareCollections
  return World.booted(configuration)
}

/// World.booted maps collections 0 and 1 of each ITS.
@Test func `a machine whose collections all have table entries can be saved`() {
  #expect(world(0).machine.saveRefusal() == nil)
}

@Test func `a mapped hardware collection refuses a save, and says why`() throws {
  let world = world(1)
  let refusal = try #require(world.machine.saveRefusal())
  #expect(refusal == .hardwareCollection(ICID(rawValue: 0), its: 0))
  #expect(
    "\(refusal)"
      == "collection 0 of ITS 0 is a hardware collection: it has no table entry in guest RAM, so a "
      + "save would lose it; identity.hardware_collections 0 lets all be saved")
  world.command(.mapc(0, nil))
  #expect(world.machine.saveRefusal() == nil, "nothing is lost that is not mapped")
  world.command(.mapc(0, 1))
  #expect(world.machine.saveRefusal() == refusal)
  world.machine.reset()
  #expect(world.machine.saveRefusal() == nil)
}

@Test func `the refusal names the ITS and the first collection`() {
  let world = world(2, its: 2)
  for collection: ICID in [0, 1] { world.command(.mapc(collection, nil), its: 0) }
  world.command(.mapc(0, nil), its: 1)
  #expect(world.machine.saveRefusal() == .hardwareCollection(ICID(rawValue: 1), its: 1))
}

@Test func `a timed machine answers alike`() throws {
  var configuration = TimedWorld.configuration(pes: 2)
  configuration.identity.hardwareCollections = 4
  let timed = try TimedWorld(configuration)
  timed.map(devices: 3..<4, events: 1)
  #expect(timed.machine.saveRefusal() == .hardwareCollection(ICID(rawValue: 0), its: 0))
}
