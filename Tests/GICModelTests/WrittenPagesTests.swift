// Which pages of guest RAM the machine says that it has written: all that it has, and no others.

import GICArch
import Glibc
import Testing

@testable import GICModel

extension World {
  /// First addresses of the pages that the machine says it has written since it was asked last.
  func takeWritten(taking: Bool = true) -> Set<PhysicalAddress> {
    let pages = World.ramByteCount / 4096
    let words = machine.writtenPages(from: World.ramBase, count: pages, taking: taking) ?? []
    return Set(
      (0..<pages).filter { words[$0 / 64][bit: $0 % 64] }.map { World.ramBase + UInt64($0) << 12 })
  }
  /// Pages whose content `work` has changed.
  func changedPages(_ work: () -> Void) -> Set<PhysicalAddress> {
    Set(changes(work).keys.map { $0 & ~0xfff })
  }
}

/// Something that writes, after something else; the pages are those that it writes.
private struct Row: Sendable, CustomTestStringConvertible {
  var name: String
  var profile: SavingProfile = .architecture
  /// Of the architecture's profile: tables in RAM.
  var tables = Profile.Tables.atSave
  var pendingTables: Profile.PendingTables?
  var before: @Sendable (World) -> Void = { _ in }
  var work: @Sendable (World) -> Void
  var pages: Set<PhysicalAddress>
  var testDescription: String { name }
}

private let devices = World.deviceTable(0)
private let collections = World.collectionTable(0)
private let itt: PhysicalAddress = 0x4080_0000
/// LPI 8192 has its pending bit at 1024, in the table's first page.
private func pending(_ pe: Int) -> PhysicalAddress { World.pendingTable(pe) }
@Sendable private func map(_ world: World) {
  world.command([mapd(1, itt), mapc(0, 0), mapti(1, 0, 8192, 0)])
}

private let rows: [Row] = [
  Row(
    name: "commands of an ITS that holds its tables write nothing", work: map, pages: []),
  Row(
    name: "MAPD, MAPC and MAPTI write their tables through", tables: .writeThrough, work: map,
    pages: [devices, collections, itt]),
  Row(
    name: "an MSI writes nothing", tables: .writeThrough, before: map, work: { $0.msi(1, 0) },
    pages: []),
  Row(
    name: "an MSI whose pending bit is written through", tables: .writeThrough,
    pendingTables: .writeThrough, before: map, work: { $0.msi(1, 0) }, pages: [pending(0)]),
  Row(
    name: "MOVI writes the ITE", tables: .writeThrough,
    before: {
      map($0)
      $0.command(mapc(1, 1))
    }, work: { $0.command(.movi(1, 0, 1)) }, pages: [itt]),
  Row(
    name: "DISCARD clears the ITE", profile: .kvm, before: map,
    work: { $0.command(.discard(1, 0)) }, pages: [itt]),
  Row(
    name: "MAPD V=0 clears the DTE", profile: .kvm, before: map,
    work: { $0.command(.mapd(1, nil)) }, pages: [devices]),
  Row(
    name: "MAPTI takes the pending bit out of the table", profile: .kvm,
    before: {
      $0.command([mapd(1, itt), mapc(0, 0)])
      $0.setPendingInRAM(8192, pe: 0)
    }, work: { $0.command(mapti(1, 0, 8192, 0)) }, pages: [pending(0)]),
  Row(
    name: "SAVE_TABLES", profile: .kvm, before: map, work: { #expect($0.save() == nil) },
    pages: [devices, collections, itt]),
  Row(
    name: "SAVE_TABLES of ITTs in two pages", profile: .kvm,
    before: { $0.command([mapd(1, itt, bits: 10), mapc(0, 0), mapti(1, 1023, 8192, 0)]) },
    work: { #expect($0.save() == nil) }, pages: [devices, collections, itt + 0x1000]),
  Row(
    name: "SAVE_PENDING_TABLES", profile: .kvm,
    before: {
      map($0)
      $0.set(.pmr, 0)
      $0.msi(1, 0)
    }, work: { #expect($0.set(.vgic, DeviceAttribute(.savePendingTables)) == nil) },
    pages: [pending(0)]),
  Row(
    name: "RESTORE_TABLES consumes pending bits", profile: .kvm,
    before: {
      map($0)
      #expect($0.save() == nil)
      #expect($0.set(.its(0), DeviceAttribute(.reset)) == nil)
      $0.write(.gits(0), GITS.BASER.offset, World.flatDevices)
      $0.write(.gits(0), GITS.BASER.offset + 8, World.flatCollections)
      $0.setPendingInRAM(8192, pe: 0)
    }, work: { #expect($0.restore() == nil) }, pages: [pending(0)]),
  Row(
    name: "EnableLPIs 1 to 0 flushes what is pending",
    before: {
      map($0)
      $0.set(.pmr, 0)
      $0.msi(1, 0)
    }, work: { $0.write(.gicr(0), GICR.CTLR.offset, 0, size: 4) }, pages: [pending(0)]),
]

@Test(arguments: rows)
private func `94: what the machine writes is told, once, and nothing else`(row: Row) {
  let world = World.savable(row.profile) {
    if row.profile == .architecture { $0.profile.tables = row.tables }
    if let pending = row.pendingTables { $0.profile.pendingTables = pending }
  }
  row.before(world)
  _ = world.takeWritten()
  row.work(world)
  #expect(world.takeWritten(taking: false) == row.pages, "looked at")
  #expect(world.takeWritten() == row.pages, "taken")
  #expect(world.takeWritten() == [], "taken before")
}

@Test(arguments: SavingProfile.allCases, [Profile.Tables.atSave, .writeThrough])
func `94: no page changes that is not told, whatever is done`(
  profile: SavingProfile, tables: Profile.Tables
) {
  guard profile == .architecture || tables == .atSave else { return }
  for seed in UInt64(1)...3 {
    let world = World.savable(profile) {
      if profile == .architecture { $0.profile.tables = tables }
    }
    var dice = Dice(seed: seed)
    world.command((0..<2).map { mapc($0, UInt64($0)) })
    for device in UInt32(1)..<4 { world.command(mapd(device, itt + UInt64(device) * 0x3000)) }
    for _ in 0..<60 {
      let device = UInt32(1 + dice.roll(3))
      let event = UInt32(dice.roll(32))
      let lpi = 8192 + device * 600 + event
      world.enqueue(
        [
          mapti(device, event, lpi, UInt16(dice.roll(2))), .movi(DeviceID(rawValue: device), 0, 1),
          .discard(DeviceID(rawValue: device), EventID(rawValue: event)),
          mapd(device, itt + UInt64(dice.roll(8)) * 0x3000),
        ].map { QueueEntry($0) })
      _ = world.takeWritten()
      let work: () -> Void = [
        { world.ring() }, { world.msi(device, event) }, { _ = world.save() },
        { _ = world.set(.vgic, DeviceAttribute(.savePendingTables)) },
        { world.machine.flushPendingTables() },
      ][dice.roll(5)]
      let changed = world.changedPages(work)
      let told = world.takeWritten()
      #expect(changed.isSubset(of: told), "\(changed.subtracting(told))")
      world.ring()
    }
  }
}

@Test func `a timed machine tells the same pages`() throws {
  let world = try TimedWorld(TimedWorld.configuration(pes: 1, its: 1))
  let pages = TimedWorld.ramByteCount / 4096
  _ = world.machine.writtenPages(from: TimedWorld.ramBase, count: pages, taking: true)
  world.issue([mapc(0, 0), .mapd(1, TimedWorld.itt(1, its: 0))])
  world.settle()
  let words = try #require(
    world.machine.writtenPages(from: TimedWorld.ramBase, count: pages, taking: true))
  #expect(words.reduce(0) { $0 + $1.nonzeroBitCount } == 2)
}

@Test func `pages that are no RAM take nothing; what a server writes counts`() throws {
  let world = World(World.configuration())
  let last = World.ramBase + UInt64(World.ramByteCount)
  world.machine.markWritten(last - 8, byteCount: 8)
  // Over the end, and where nothing is.
  #expect(world.machine.writtenPages(from: last - 4096, count: 2, taking: true) == nil)
  #expect(world.machine.writtenPages(from: 0, count: 1, taking: true) == nil)
  #expect(world.machine.writtenPages(from: .max - 4095, count: 2, taking: true) == nil)
  #expect(world.machine.writtenPages(from: last - 4096, count: 1, taking: true) == [1])
  world.machine.markWritten(World.ramBase + 4095, byteCount: 2)
  world.machine.markWritten(last, byteCount: 100)
  world.machine.markWritten(World.ramBase + 0x3000, byteCount: 0)
  #expect(world.takeWritten() == [World.ramBase, World.ramBase + 4096])
  // Neighbouring ranges are one, and each bit finds its place.
  try world.showRAM(at: last)
  world.machine.markWritten(last - 1, byteCount: 2)
  #expect(world.machine.writtenPages(from: last - 4096, count: 3, taking: true) == [3])
  #expect(world.machine.writtenPages(from: last, count: 65, taking: true) == [0, 0])
  world.machine.markWritten(last + 64 << 12, byteCount: 1)
  #expect(world.machine.writtenPages(from: last, count: 65, taking: true) == [0, 1])
}

@Test func `in a huge range a mark stands for several pages, and is taken whole`() throws {
  let machine = FunctionalMachine(World.configuration())
  // 64 GiB, of which nothing is touched: 4 pages a mark.
  let byteCount = 64 << 30
  let base = try unsafe #require(
    unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
  defer { unsafe munmap(base, byteCount) }
  // SAFETY: the mapping ends after the machine has forgotten it.
  try unsafe machine.map(GuestRAM(address: 1 << 40, base: base, byteCount: byteCount))
  defer { try? machine.unmap(1 << 40) }
  machine.markWritten(1 << 40 + 0x5008, byteCount: 1)
  #expect(machine.writtenPages(from: 1 << 40, count: 12, taking: false) == [0xf0])
  // Two of the four, which are told again, and then all of them.
  #expect(machine.writtenPages(from: 1 << 40 + 0x5000, count: 2, taking: true) == [3])
  #expect(machine.writtenPages(from: 1 << 40, count: 8, taking: true) == [0xf0])
  #expect(machine.writtenPages(from: 1 << 40, count: 8, taking: true) == [0])
}
