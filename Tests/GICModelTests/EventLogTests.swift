// The event log, and the tables and registers as values.

import GICArch
import Testing

@testable import GICModel

private let device = DeviceID(rawValue: 3)
private let event = EventID(rawValue: 1)

private struct EventRow: Sendable, CustomStringConvertible {
  var name: String
  var command: QueueEntry
  var kind: LoggedEvent.Kind
  var entry: TableEntry?
  var description: String { name }
}

private func deviceEntry(_ id: UInt64, _ raw: UInt64, cached: UInt64? = nil) -> TableEntry {
  TableEntry(.device, address: WorldTables.devices + id * 8, raw: raw, cached: cached)
}

private let mapped = NativeFormat.encode(DTE(itt: TimedWorld.itt(3)))
private let eventRows: [EventRow] = [
  EventRow(
    name: "INV of an unmapped device", command: QueueEntry(.inv(DeviceID(rawValue: 5), event)),
    kind: .rejected(.invDeviceUnmapped), entry: deviceEntry(5, 0)),
  EventRow(
    name: "INT beyond the ITT", command: QueueEntry(.int(device, EventID(rawValue: 32))),
    kind: .rejected(.intIDOOR), entry: deviceEntry(3, mapped, cached: mapped)),
  EventRow(
    name: "MAPTI beyond the ITT",
    command: QueueEntry(
      .mapti(device, EventID(rawValue: 32), TimedWorld.intid(3, 1), ICID(rawValue: 0))),
    kind: .rejected(.maptiIDOOR), entry: deviceEntry(3, mapped)),
  EventRow(
    name: "CLEAR of an unmapped event", command: QueueEntry(.clear(device, EventID(rawValue: 9))),
    kind: .rejected(.clearUnmappedInterrupt),
    entry: TableEntry(.translation, address: TimedWorld.itt(3).base + 72, raw: 0)),
  EventRow(
    name: "INVALL of an unmapped collection", command: QueueEntry(.invall(ICID(rawValue: 9))),
    kind: .rejected(.invallUnmappedCollection),
    entry: TableEntry(.collection, address: WorldTables.collections + 72, raw: 0)),
  EventRow(
    name: "MAPTI of no LPI",
    command: QueueEntry(.mapti(device, event, INTID(rawValue: 100), ICID(rawValue: 0))),
    kind: .rejected(.maptiPhysicalIDOOR)),
  EventRow(
    name: "SYNC with no PE", command: QueueEntry(.sync(RDbase(rawValue: 77))),
    kind: .rejected(.syncTargetOOR)),
  EventRow(name: "opcode 0x7f", command: QueueEntry(0x7f, 1, 2, 3), kind: .unknownCommand),
]

@Test(arguments: eventRows)
private func `a rejected command is logged with its entry`(row: EventRow) throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 3..<4, events: 2)
  #expect(world.machine.events(from: 0, limit: 10).events == [])
  let slot = world.cwriter
  world.issue(entries: [row.command])
  world.settle()
  let batch = world.machine.events(from: 0, limit: 10)
  let logged = try #require(batch.events.first)
  #expect(batch.events.count == 1)
  #expect(batch.next == 1)
  #expect(logged.kind == row.kind)
  #expect(logged.entry == row.entry)
  #expect(logged.packet == row.command)
  #expect(logged.slot == slot)
  #expect(logged.its == 0)
  #expect(logged.cycle > 0 && logged.cycle <= world.now)
}

@Test func `what a command cannot write is logged with where it would lie`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  let itt = ITT(base: 0x9000_0000, eventIDBits: 5)
  world.issue([
    .mapd(device, itt), .mapti(device, event, TimedWorld.intid(3, 1), ICID(rawValue: 0)),
  ])
  world.settle()
  let logged = try #require(world.machine.events(from: 0, limit: 10).events.first)
  #expect(logged.kind == .entryUnreachable)
  #expect(logged.entry == TableEntry(.translation, address: 0x9000_0008, raw: nil))
}

@Test func `a dropped MSI is logged with its outcome, once each`() throws {
  let world = try TimedWorld(TimedWorld.configuration())
  world.map(devices: 3..<4, events: 2)
  world.msi(5, 0)
  world.msi(3, 1 << 32)
  world.settle()
  world.write(0x1000_0000 + UInt64(GICR.CTLR.offset), 0, size: 4)
  world.msi(3, 1)
  world.issue([.int(device, event)])
  world.settle()
  let batch = world.machine.events(from: 0, limit: 10)
  #expect(
    batch.events.map(\.kind)
      == [.eventOOR, .deviceUnmapped, .lpisDisabled, .lpisDisabled].map { .dropped($0) })
  #expect(batch.events.map(\.event) == [1 << 32, 0, 1, 1])
  #expect(batch.events.map(\.device?.rawValue) == [3, 5, 3, 3])
  #expect(batch.events[1].entry == deviceEntry(5, 0))
  #expect(batch.events[2].intid == TimedWorld.intid(3, 1))
  #expect(batch.events[2].target == ProcessorNumber(rawValue: 0))
  #expect(batch.events[2].entry == nil)
  #expect(batch.events.allSatisfy { $0.packet == nil })
  // What is logged is what is counted.
  let dropped = world.machine.statistics().dropped.filter { $0.key != "cleared" }
  #expect(dropped.values.reduce(0, +) == 4)
}

@Test func `the ring keeps the newest, and says what it has lost`() throws {
  let machine = FunctionalMachine(MachineConfiguration())
  let total = EventLog.capacity + 100
  for number in 0..<total {
    _ = machine.perform(Access(.msi, source: 1, data: UInt64(number)))
  }
  let all = machine.events(from: 0, limit: .max)
  #expect(all.events.count == EventLog.capacity)
  #expect(all.lost == 100)
  #expect(all.overwritten == 100)
  #expect(all.next == UInt64(total))
  #expect(all.events.map(\.sequence) == Array(100..<UInt64(total)))
  #expect(all.events.map(\.event) == (100..<UInt64(total)).map { $0 })
  let some = machine.events(from: 200, limit: 3)
  #expect(some.events.map(\.sequence) == [200, 201, 202])
  #expect(some.next == 203)
  #expect(some.lost == 0)
  let none = machine.events(from: .max, limit: 3)
  #expect(none.events == [])
  #expect(none.next == UInt64(total))
  #expect(machine.events(from: 0, limit: -1).events == [])
  machine.reset()
  #expect(machine.events(from: 0, limit: 9).events == [])
  #expect(machine.events(from: 0, limit: 9).next == UInt64(total))
  _ = machine.perform(Access(.msi, source: 1, data: 7))
  let after = machine.events(from: 0, limit: 9)
  #expect(after.events.map(\.sequence) == [UInt64(total)])
  #expect(after.lost == 0)
  #expect(after.overwritten == 0)
}

@Test(arguments: [false, true])
func `the tables are decoded from RAM`(indirect: Bool) throws {
  let world = try TimedWorld(TimedWorld.configuration(pes: 2), indirect: indirect)
  world.map(devices: 3..<5, events: 3)
  let dump = try #require(world.machine.tables(at: 0, device: nil, limit: 100))
  #expect(dump.isComplete)
  #expect(dump.devices.map(\.device.rawValue) == [3, 4])
  #expect(dump.devices.map(\.itt) == [TimedWorld.itt(3), TimedWorld.itt(4)])
  #expect(dump.devices.allSatisfy { $0.events.map(\.event.rawValue) == [0, 1, 2] })
  #expect(dump.devices[1].events[2].intid == TimedWorld.intid(4, 2))
  #expect(dump.devices[1].events[1].collection == ICID(rawValue: 1))
  #expect(dump.collections.map(\.pe?.rawValue) == [0, 1])
  let base = indirect ? WorldTables.pages : WorldTables.devices
  #expect(dump.devices[0].entry.address == base + 24)
  #expect(dump.devices[0].levelOne?.address == (indirect ? WorldTables.devices : nil))
  let one = try #require(world.machine.tables(at: 0, device: DeviceID(rawValue: 4), limit: 100))
  #expect(one.devices == [dump.devices[1]])
  #expect(one.collections == dump.collections)
  let short = try #require(world.machine.tables(at: 0, device: nil, limit: 4))
  #expect(!short.isComplete)
  #expect(short.devices.map(\.events.count) == [1])
}

@Test func `tables that a guest has filled with itself cost no more than their bound`() throws {
  let world = try TimedWorld(TimedWorld.configuration(), indirect: true)
  // Every level-1 entry names one page, every entry of which is a device with the widest ITT.
  for slot in 0..<UInt64(0x1_0000 / 8) {
    world.store(WorldTables.devices + slot * 8, 1 << 63 | WorldTables.pages)
    world.store(WorldTables.pages + slot * 8, 1 << 63 | WorldTables.pages | 31)
  }
  let dump = try #require(world.machine.tables(at: 0, device: nil, limit: 50))
  #expect(!dump.isComplete)
  #expect(dump.devices.count + dump.devices.map(\.events.count).reduce(0, +) <= 51)
}

@Test func `registers are read without effect, each with its value`() throws {
  let world = try TimedWorld(TimedWorld.configuration(pes: 2, its: 2))
  world.map(devices: 3..<4, events: 2)
  world.msi(3, 1, its: 0)
  world.settle()
  let rows = try #require(world.machine.registers(of: PEIndex(1)))
  func value(_ name: String, its: Int? = nil) -> UInt64? {
    rows.first { $0.name == name && $0.its == its }?.value
  }
  #expect(value("GITS_CWRITER", its: 0) == UInt64(world.cwriter))
  #expect(value("GITS_CWRITER", its: 1) == 0)
  #expect(value("GITS_BASER0", its: 0)?[63, 63] == 1)
  #expect(value("GICR_CTLR")?[0, 0] == 1)
  #expect(value("ICC_HPPIR1_EL1") == UInt64(TimedWorld.intid(3, 1).rawValue))
  #expect(value("ICC_PMR_EL1") == 0xf0)
  let acknowledge = try #require(rows.first { $0.name == "ICC_IAR1_EL1" })
  #expect(acknowledge.value == nil)
  let translater = try #require(rows.first { $0.name == "GITS_TRANSLATER" && $0.its == 1 })
  #expect(translater.address == world.itsBase(1) + 0x1_0040)
  #expect(translater.value == nil)
  // Every row with an address reads the same on the bus.
  for row in rows where row.frame != .cpuInterface && row.value != nil {
    let size = UInt8(row.byteCount)
    #expect(world.read(row.address, size: size, at: world.now) == row.value, "\(row.name)")
  }
  #expect(world.machine.registers(of: PEIndex(2)) == nil)
  #expect(world.acknowledge(pe: 1) == TimedWorld.intid(3, 1).rawValue)
}
