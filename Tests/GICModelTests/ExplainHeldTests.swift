// explain and the table dump of an ITS that holds its tables itself: RAM is not asked, whatever
// lies there.

import GICArch
import Testing

@testable import GICModel

private struct Situation: Sendable, CustomTestStringConvertible {
  var name: String
  var event: UInt32 = 0
  var device: UInt32 = 1
  var change: @Sendable (World) -> Void = { _ in }
  var stage: ExplanationStep.Stage?
  var says: String
  var testDescription: String { name }
}

/// Device 1 has LPIs 8192 and 8193 at PE 0.
private let situations: [Situation] = [
  Situation(name: "all is well", says: "raises IRQ"),
  Situation(
    name: "a device that RAM alone has", device: 2,
    change: { $0.store(World.deviceTable(0) + 16, 1 << 63 | World.itt(0, 2) | 4) },
    stage: .device, says: "the ITS, which holds its tables, has no entry"),
  Situation(
    name: "an event that RAM alone has", event: 5,
    change: {
      let mapping = ITE.Mapping(intid: 8200, collection: 0)
      $0.store(World.itt(0, 1) + 40, NativeFormat.encode(ITE(mapping: mapping)))
    }, stage: .translation, says: "the ITS, which holds its tables, has no entry"),
  Situation(
    name: "a collection that RAM alone has", event: 5,
    change: {
      $0.command(.mapti(1, 5, 8200, 9))
      $0.store(World.collectionTable(0) + 72, 1 << 63)
    }, stage: .collection, says: "the ITS, which holds its tables, has no entry"),
  Situation(
    name: "RAM full of other entries",
    change: {
      $0.store(World.deviceTable(0) + 8, .max)
      $0.store(World.itt(0, 1), .max)
      $0.store(World.collectionTable(0), .max)
    }, says: "raises IRQ"),
  Situation(
    name: "an event that lost its collection",
    change: { $0.command([.mapc(0, nil), .mapc(0, 0)]) }, stage: .collection,
    says: "has lost collection 0x0"),
  Situation(
    name: "an LPI that has gone to another PE by MOVALL",
    change: {
      $0.command(.movall(from: 0, to: 1))
      $0.set(.pmr, 0, pe: 1)
    }, stage: .priority, says: "ICC_PMR_EL1"),
]

@Test(arguments: situations)
private func `explain asks the ITS, not RAM`(situation: Situation) throws {
  let world = profiled(.kvm)
  situation.change(world)
  let outcome = world.translate(situation.device, situation.event)
  let story = try #require(
    world.machine.explain(
      DeviceID(rawValue: situation.device), EventID(rawValue: situation.event), at: 0))
  #expect(story.stage == situation.stage)
  #expect(story.text.contains(situation.says), "\(story.text)")
  #expect((story.verdict == .dropped) == outcome.kind.isDrop)
  #expect(story.steps.contains { $0.text.contains("RAM has them after a save only") })
  for entry in story.steps.compactMap(\.entry) where entry.kind != .property {
    #expect(entry.address == nil && entry.raw == nil && !entry.isStale)
  }
}

@Test func `the table dump has the ITS's own mappings`() throws {
  let world = profiled(.kvm)
  world.command([world.mapd(700, itt: 3), .mapti(700, 4, 8300, 2)])
  // RAM says something else.
  world.store(World.deviceTable(0) + 8, 0)
  world.store(World.deviceTable(0) + 24, 1 << 63 | World.itt(0, 5) | 3)
  world.store(World.collectionTable(0) + 72, 1 << 63)
  let dump = try #require(world.machine.tables(at: 0, device: nil, limit: 100))
  #expect(dump.isHeld && dump.isComplete)
  #expect(dump.collections.map(\.collection.rawValue) == [0, 1, 2])
  #expect(dump.collections.map { $0.pe?.rawValue } == [0, 1, 2])
  #expect(dump.devices.map(\.device.rawValue) == [1, 700])
  #expect(dump.devices.map(\.itt.base) == [World.itt(0, 1), World.itt(0, 3)])
  #expect(dump.devices.map { $0.events.map(\.event.rawValue) } == [[0, 1], [4]])
  #expect(dump.devices[1].events.map(\.intid) == [8300])
  #expect(dump.devices[1].events.map(\.collection) == [2])
  let one = try #require(world.machine.tables(at: 0, device: DeviceID(rawValue: 700), limit: 100))
  #expect(one.devices == [dump.devices[1]])
  let none = try #require(world.machine.tables(at: 0, device: DeviceID(rawValue: 3), limit: 100))
  #expect(none.devices.isEmpty)
  let short = try #require(world.machine.tables(at: 0, device: nil, limit: 4))
  #expect(!short.isComplete && short.devices.count == 1)
  let inRAM = profiled(.architecture)
  #expect(try #require(inRAM.machine.tables(at: 0, device: nil, limit: 9)).isHeld == false)
}

@Test func `devices of both ends of the DeviceID space are found`() throws {
  for bits in [4, 8, 9, 16, 20] {
    let world = profiled(.kvm, mapped: 0) { $0.identity.deviceIDBits = bits }
    let devices: [UInt32] = [0, min(1 << UInt32(bits), 1024) - 1]
    for (index, device) in devices.enumerated() { world.command(world.mapd(device, itt: index)) }
    let dump = try #require(world.machine.tables(at: 0, device: nil, limit: 100))
    #expect(dump.devices.map(\.device.rawValue) == devices, "\(bits) bits")
  }
}
