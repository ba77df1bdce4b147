// explain names the step at which an MSI ends, and the entry, in every situation; and changes
// nothing.

import GICArch
import Testing

@testable import GICModel

/// Where ``TimedWorld`` puts its tables.
enum WorldTables {
  static let devices = TimedWorld.ramBase + 0x10_0000
  static let collections = TimedWorld.ramBase + 0x20_0000
  static let pages = TimedWorld.ramBase + 0x30_0000
  static let properties = TimedWorld.ramBase + 0xc0_0000
  static func property(_ intid: INTID) -> PhysicalAddress {
    properties + UInt64(intid.rawValue) - 8192
  }
}

struct ExplainRow: Sendable, CustomStringConvertible {
  var name: String
  var device: UInt32 = 3
  var event: UInt32 = 1
  var indirect = false
  /// What is done to a world whose device 3 has events 0 through 3 on two PEs.
  var change: @Sendable (TimedWorld) -> Void
  var verdict: Explanation.Verdict
  var stage: ExplanationStep.Stage?
  var entry: TableEntry?
  /// A word of the verdict's sentence.
  var says: String
  var description: String { name }
}

private let lpi = TimedWorld.intid(3, 1)
private let itt = TimedWorld.itt(3)
private let dte = TableEntry(
  .device, address: WorldTables.devices + 24, raw: NativeFormat.encode(DTE(itt: itt)),
  cached: NativeFormat.encode(DTE(itt: itt)))

private let explainRows: [ExplainRow] = [
  ExplainRow(
    name: "unmapped device", device: 5, change: { _ in }, verdict: .dropped, stage: .device,
    entry: TableEntry(.device, address: WorldTables.devices + 40, raw: 0), says: "MAPD"),
  ExplainRow(
    name: "event beyond the ITT", event: 40, change: { _ in }, verdict: .dropped,
    stage: .eventID, entry: dte, says: "0x1f"),
  ExplainRow(
    name: "unmapped collection",
    change: {
      $0.issue([.mapti(DeviceID(rawValue: 3), EventID(rawValue: 1), lpi, ICID(rawValue: 9))])
      $0.settle()
    }, verdict: .dropped, stage: .collection,
    entry: TableEntry(.collection, address: WorldTables.collections + 72, raw: 0), says: "MAPC"),
  ExplainRow(
    name: "disabled LPI",
    change: {
      $0.store(lpi, 0xa0)
      $0.issue([.inv(DeviceID(rawValue: 3), EventID(rawValue: 1))])
      $0.settle()
    }, verdict: .blocked, stage: .property,
    entry: TableEntry(
      .property, address: WorldTables.property(lpi), raw: 0xa0, cached: 0xa0), says: "bit 0"),
  ExplainRow(
    name: "LPIs off on the target",
    change: { $0.write(0x1002_0000 + UInt64(GICR.CTLR.offset), 0, size: 4) },
    verdict: .dropped, stage: .redistributor, says: "EnableLPIs"),
  ExplainRow(
    name: "LPI beyond the target's tables",
    change: {
      $0.write(0x1002_0000 + UInt64(GICR.CTLR.offset), 0, size: 4)
      $0.write(0x1002_0000 + UInt64(GICR.PROPBASER.offset), WorldTables.properties | 12)
      $0.write(0x1002_0000 + UInt64(GICR.CTLR.offset), 1, size: 4)
    }, verdict: .dropped, stage: .redistributor, says: "below 8192 only"),
  ExplainRow(
    name: "masked PMR", change: { $0.set(.pmr, 0xa0, pe: 1) }, verdict: .blocked,
    stage: .priority, says: "ICC_PMR_EL1"),
  ExplainRow(
    name: "disabled LPI, enabled in RAM without INV",
    change: {
      $0.store(lpi, 0xa0)
      $0.issue([.inv(DeviceID(rawValue: 3), EventID(rawValue: 1))])
      $0.settle()
      $0.store(lpi, 0xa1)
    }, verdict: .blocked, stage: .property,
    entry: TableEntry(
      .property, address: WorldTables.property(lpi), raw: 0xa1, cached: 0xa0), says: "INV"),
  ExplainRow(
    name: "a hole in level 1", device: 0x8000, indirect: true, change: { _ in },
    verdict: .dropped, stage: .levelOne,
    entry: TableEntry(.deviceLevelOne, address: WorldTables.devices + 32, raw: 0),
    says: "level-1"),
  ExplainRow(
    name: "level 1 outside RAM", device: 0x8000, indirect: true,
    change: { $0.store(WorldTables.devices + 32, 1 << 63 | 0x9000_0000) },
    verdict: .dropped, stage: .device,
    entry: TableEntry(.device, address: 0x9000_0000, raw: nil), says: "outside"),
  ExplainRow(
    name: "event that is not mapped", event: 9, change: { _ in }, verdict: .dropped,
    stage: .translation, entry: TableEntry(.translation, address: itt.base + 72, raw: 0),
    says: "MAPTI"),
  ExplainRow(
    name: "DeviceID too wide", device: 0x1_0003, change: { _ in }, verdict: .dropped,
    stage: .deviceID, says: "16 bits"),
  ExplainRow(
    name: "disabled ITS", change: { $0.write($0.itsBase(0), 0, size: 4) }, verdict: .dropped,
    stage: .its, says: "GITS_CTLR"),
  ExplainRow(
    name: "group 1 off in the distributor",
    change: { $0.write($0.machine.configuration.shape.gicdBase, 0, size: 4) },
    verdict: .blocked, stage: .group, says: "EnableGrp1"),
  ExplainRow(
    name: "group 1 off at the PE", change: { $0.set(.igrpen1, 0, pe: 1) }, verdict: .blocked,
    stage: .cpuInterface, says: "ICC_IGRPEN1"),
  ExplainRow(
    name: "pending, and masked",
    change: {
      $0.set(.pmr, 0xa0, pe: 1)
      $0.msi(3, 1)
      $0.settle()
    }, verdict: .blocked, stage: .priority, says: "ICC_PMR_EL1"),
  ExplainRow(
    name: "behind another", event: 3,
    change: {
      $0.msi(3, 1)
      $0.msi(3, 3)
      $0.settle()
    }, verdict: .blocked, stage: .pending, says: "behind INTID \(lpi)"),
  ExplainRow(
    name: "something active",
    change: {
      $0.msi(3, 3)
      $0.settle()
      _ = $0.machine.perform(
        Access(
          .systemRegisterRead, source: 1, address: UInt64(SystemRegister.iar1.rawValue),
          cycle: $0.now))
    }, verdict: .blocked, stage: .priority, says: "ICC_EOIR"),
  ExplainRow(
    name: "delivered",
    change: {
      $0.msi(3, 1)
      $0.settle()
    }, verdict: .delivered, says: "acknowledged"),
  ExplainRow(name: "all is well", change: { _ in }, verdict: .clear, says: "raises IRQ"),
]

@Test(arguments: explainRows)
func `explain names the step and the entry`(row: ExplainRow) throws {
  let world = try TimedWorld(TimedWorld.configuration(pes: 2), indirect: row.indirect)
  world.map(devices: 3..<4, events: 4)
  row.change(world)
  let before = world.machine.statistics()
  let registers = world.machine.registers(of: PEIndex(1))
  let story = try #require(
    world.machine.explain(
      DeviceID(rawValue: row.device), EventID(rawValue: row.event), at: 0))
  #expect(story.verdict == row.verdict)
  #expect(story.stage == row.stage)
  #expect(story.text.contains(row.says), "\(story.text)")
  let last = story.steps.first { $0.stage == row.stage && $0.result != .passed }
  #expect(last?.entry == row.entry)
  #expect(row.stage == nil || last != nil)
  // What is dropped ends there; what would be pending is followed to the end.
  if row.verdict == .dropped { #expect(story.steps.last == last) }
  #expect(world.machine.statistics() == before)
  #expect(world.machine.registers(of: PEIndex(1)) == registers)
  #expect(world.machine.explain(story.device, story.event, at: 0) == story)
}

@Test func `explain fills no cache`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 3..<4, events: 2)
  _ = world.machine.explain(DeviceID(rawValue: 3), EventID(rawValue: 1), at: 0)
  // The event has not been looked up since its device was mapped again: RAM is what counts.
  let other = TimedWorld.intid(3, 7)
  let mapping = ITE.Mapping(intid: other, collection: ICID(rawValue: 0))
  world.store(other, 0xa1)
  world.store(itt.base + 8, NativeFormat.encode(ITE(mapping: mapping)))
  world.issue([.invall(ICID(rawValue: 0))])
  world.settle()
  world.msi(3, 1)
  world.settle()
  #expect(world.acknowledge() == other.rawValue)
}

@Test func `explain uses what is remembered, and says that RAM differs`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 3..<4, events: 2)
  world.msi(3, 1)
  world.settle()
  world.store(itt.base + 8, 0)
  let story = try #require(
    world.machine.explain(DeviceID(rawValue: 3), EventID(rawValue: 1), at: 0))
  let step = try #require(story.steps.first { $0.stage == .translation })
  #expect(step.result == .passed)
  #expect(step.text.contains("RAM differs"))
  #expect(step.entry?.raw == 0)
  #expect(story.verdict == .delivered)
}

@Test func `an address without an ITS is said, with those that there are`() throws {
  let world = try TimedWorld(TimedWorld.configuration(its: 2))
  for address: UInt64 in [0, 0x900_0000] {
    let story = try #require(
      world.machine.explain(DeviceID(rawValue: 3), EventID(rawValue: 1), at: address))
    #expect(story.stage == .its)
    #expect(story.text.contains("0xa000000, 0xa020000"))
    #expect(world.machine.tables(at: address, device: nil, limit: 10) == nil)
  }
}
