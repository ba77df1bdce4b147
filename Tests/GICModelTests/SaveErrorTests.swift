// Saves that cannot be done, and what they leave.

import GICArch
import Testing

@testable import GICModel

private let itt: UInt64 = 0x4080_0000

@Test(arguments: SavingProfile.allCases)
func `90: a device whose level-1 entry is gone cannot be saved`(profile: SavingProfile) {
  let world = World.savable(profile, devices: World.indirectDevices)
  world.store(World.deviceTable(0), 1 << 63 | World.levelTwo(0, page: 0))
  world.command(mapd(1, itt))
  #expect(world.save() == nil)
  world.store(World.deviceTable(0), 0)
  #expect(world.save() == .einval)
  #expect(world.mapped() == [1, 0, 0], "the ITS goes on as before")
}

@Test(arguments: SavingProfile.allCases)
func `91: a table whose GITS_BASER is not valid is left out`(profile: SavingProfile) {
  for table in 0..<2 {
    let world = World.savable(profile)
    world.command([mapc(0, 1), mapd(1, itt)])
    world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    world.write(.gits(0), GITS.BASER.offset(of: table), 0)
    var errno: DeviceErrno?
    let words = world.changes { errno = world.save() }
    #expect(errno == nil)
    #expect(words.count == 1, "only the other table is written")
  }
}

@Test(arguments: SavingProfile.allCases)
func `92: while a vCPU runs everything but the initialisation is EBUSY`(
  profile: SavingProfile
) throws {
  let world = World.savable(profile)
  world.command([mapc(0, 1), mapd(1, itt)])
  try world.machine.setVCPUsRun(true)
  for control in [DeviceControl.saveTables, .restoreTables, .reset] {
    #expect(world.set(.its(0), DeviceAttribute(control)) == .ebusy)
  }
  #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == .ebusy)
  #expect(world.set(.its(0), DeviceAttribute(.initialize)) == nil)
  #expect(world.mapped() == [1, 0, 1])
  try world.machine.setVCPUsRun(false)
  #expect(world.save() == nil)
}

@Test(arguments: SavingProfile.allCases)
func `92: an entry that cannot be written is EFAULT`(profile: SavingProfile) throws {
  let world = World.savable(profile)
  try world.showRAM(at: 0x9000_0000)
  world.command([mapc(0, 1), mapd(1, 0x9008_0000), mapti(1, 0, 8192, 0)])
  #expect(world.save() == nil)
  try world.machine.unmap(0x9000_0000)
  #expect(world.save() == .efault, "an ITE")
  #expect(world.mapped() == [1, 1, 1])
  try world.machine.unmap(World.ramBase)
  #expect(world.save() == .einval, "the DTE's slot is looked at first")
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.write(.gits(0), GITS.BASER.offset, 0)
  #expect(world.save() == .efault, "a CTE")
}

@Test func `a save with a mapped hardware collection is EACCES, and says why`() throws {
  for profile in SavingProfile.allCases {
    let world = World.savable(profile) { $0.identity.hardwareCollections = 1 }
    #expect(world.save() == nil)
    world.command(mapc(1, 0))
    #expect(world.save() == nil)
    world.command(mapc(0, 0))
    let error = try #require(throws: DeviceError.self) {
      try world.machine.setAttribute(DeviceAttribute(.saveTables), of: .its(0), to: nil)
    }
    #expect(error.errno == .eacces)
    #expect(error.reason.contains("hardware collection"))
    #expect(error.reason.contains("identity.hardware_collections 0"))
  }
}

@Test func `with tables in RAM a save has nothing to write, and a restore nothing to read`() {
  let world = World.booted()
  world.mapLPIs([0xa1, 0xa1])
  var saved: DeviceErrno?
  var restored: DeviceErrno?
  let words = world.changes {
    saved = world.save()
    restored = world.restore()
  }
  #expect(saved == nil && restored == nil && words.isEmpty)
  #expect(world.msi(1, 1).kind == .set)
}

// MARK: Pending tables

@Test func `93: bits of mapped LPIs are set and cleared, no others, and not the first KiB`() {
  let world = World.savable(.kvm)
  world.command([mapc(0, 0), mapc(1, 1), mapd(1, itt)])
  for lpi in UInt32(8192)..<8200 { world.configure(INTID(rawValue: lpi), 0xa1) }
  world.command((0..<8).map { mapti(1, $0, 8192 + $0, UInt16($0 % 2)) })
  for event: UInt32 in [0, 3] { world.msi(1, event) }
  // What the table says is otherwise: 8194 and 8195 are mapped at PEs 0 and 1, 8200 is not mapped.
  for lpi: INTID in [8194, 8200, 100] { world.setPendingInRAM(lpi, pe: 0) }
  let words = world.changes {
    #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == nil)
  }
  #expect(words == [World.pendingTable(0) + 0x400: 0x101, World.pendingTable(1) + 0x400: 0x08])
  #expect(world.isPendingInRAM(100, pe: 0) && world.isPendingInRAM(8200, pe: 0))
}

@Test func `93: without shared LPIs the table of a PE with LPIs is exact`() {
  let world = World.savable(.architecture)
  world.command([mapc(0, 0), mapd(1, itt), mapti(1, 0, 8192, 0), mapti(1, 1, 8300, 0)])
  world.msi(1, 1)
  world.setPendingInRAM(100, pe: 0)
  world.setPendingInRAM(9000, pe: 0)
  #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == nil)
  #expect(world.isPendingInRAM(8300, pe: 0) && !world.isPendingInRAM(8192, pe: 0))
  #expect(!world.isPendingInRAM(9000, pe: 0) && world.isPendingInRAM(100, pe: 0))
}

@Test(arguments: SavingProfile.allCases)
func `93: a pending table outside RAM is EFAULT`(profile: SavingProfile) throws {
  let world = World.savable(profile)
  world.command([mapc(0, 0), mapd(1, itt), mapti(1, 0, 8192, 0)])
  try world.machine.unmap(World.ramBase)
  #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == .efault)
}

@Test func `93: a GIC that is not initialised has nothing to save`() throws {
  var configuration = SavingProfile.kvm.configuration()
  configuration.shape.frames = .attributes
  let world = World(configuration)
  try world.machine.setVCPUsRun(false)
  #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == .enxio)
  #expect(world.set(.vgic, DeviceAttribute(.initialize)) == nil)
  #expect(world.set(.vgic, DeviceAttribute(.savePendingTables)) == nil)
}
