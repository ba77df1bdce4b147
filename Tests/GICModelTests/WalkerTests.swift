import GICArch
import GICModel
import Testing

/// Page size: the BASER field, and its bytes.
private let pageSizes: [(name: String, field: UInt64, byteCount: UInt64)] = [
  ("4 KiB", 0, 0x1000), ("16 KiB", 1, 0x4000), ("64 KiB", 2, 0x1_0000),
  ("reserved, which acts as 64 KiB", 3, 0x1_0000),
]

@Test(arguments: pageSizes)
func `a flat device table ends where its pages end`(_: String, field: UInt64, byteCount: UInt64) {
  let world = World.booted(
    deviceBASER: 1 << 63 | World.deviceTable(0) | field << 8 | 1)
  #expect(world.read(.gits(0), GITS.BASER.offset)[9, 8] == field)
  let last = UInt32(2 * byteCount / 8 - 1)
  let address = World.deviceTable(0) + UInt64(last) * 8
  world.command([world.mapd(last, itt: 3), world.mapd(last + 1, itt: 4)])
  #expect(world.errors == ["MAPD_DEVICE_OOR": 1])
  #expect(
    NativeFormat.decodeDTE(world.load(address)).itt
      == ITT(base: World.itt(0, 3), eventIDBits: 5))
  #expect(world.load(address + 8) == 0)
  #expect(world.translate(last, 0).kind == .eventUnmapped)
  #expect(world.translate(last + 1, 0).kind == .deviceOOR)
}

@Test(arguments: pageSizes)
func `a two-level device table has holes, which stores fill later`(
  _: String, field: UInt64, byteCount: UInt64
) {
  let world = World.booted(
    deviceBASER: 1 << 63 | 1 << 62 | World.deviceTable(0) | field << 8)
  let perPage = UInt32(byteCount / 8)
  world.store(World.deviceTable(0), 1 << 63 | World.levelTwo(0, page: 0))
  let device = perPage + 3
  world.command([world.mapd(perPage - 1, itt: 1), world.mapd(device, itt: 2)])
  #expect(world.errors == ["MAPD_DEVICE_OOR": 1], "level 1 has a hole")
  #expect(world.translate(device, 0).kind == .deviceUnmapped)
  #expect(NativeFormat.decodeDTE(world.load(World.levelTwo(0, page: 0) + byteCount - 8)).itt != nil)
  world.store(World.deviceTable(0) + 8, 1 << 63 | World.levelTwo(0, page: 1))
  #expect(world.translate(device, 0).kind == .deviceUnmapped)
  world.command([world.mapd(device, itt: 2), .mapti(DeviceID(rawValue: device), 0, 8192, 1)])
  #expect(world.errors == ["MAPD_DEVICE_OOR": 1])
  #expect(
    NativeFormat.decodeDTE(world.load(World.levelTwo(0, page: 1) + 24)).itt?.base
      == World.itt(0, 2))
  #expect(world.translate(device, 0).pe == PEIndex(1))
}

@Test func `level 1 ends too, and its pages are aligned`() {
  var configuration = World.configuration()
  configuration.identity.deviceIDBits = 20
  let world = World.booted(configuration, deviceBASER: 1 << 63 | 1 << 62 | World.deviceTable(0))
  // 512 entries of level 1, each 512 devices. Bits of an entry below the page size are ignored.
  world.store(World.deviceTable(0) + 511 * 8, 1 << 63 | World.levelTwo(0, page: 1) | 0xfff)
  world.command([world.mapd(0x3_ffff, itt: 1), world.mapd(0x4_0000, itt: 2)])
  #expect(world.errors == ["MAPD_DEVICE_OOR": 1])
  #expect(NativeFormat.decodeDTE(world.load(World.levelTwo(0, page: 1) + 4088)).itt != nil)
  #expect(world.translate(0x3_ffff, 0).kind == .eventUnmapped)
  #expect(world.translate(0x4_0000, 0).kind == .deviceOOR)
}

@Test func `a table at the end of RAM is used to its last entry`() {
  let end = World.ramBase + UInt64(World.ramByteCount)
  let world = World.booted(deviceBASER: 1 << 63 | (end - 4096) | 1)
  world.command([world.mapd(511, itt: 1), world.mapd(512, itt: 2)])
  #expect(world.errors == ["UNREACHABLE_ENTRY": 1])
  #expect(world.msi(511, 0).kind == .eventUnmapped)
  #expect(world.msi(512, 0).kind == .memoryFault)
  #expect(world.isConserved)
}

@Test func `a page of level 2 outside RAM is unreachable`() {
  let world = World.booted(deviceBASER: 1 << 63 | 1 << 62 | World.deviceTable(0))
  world.store(World.deviceTable(0), 1 << 63 | 0x9_0000_0000)
  world.command(world.mapd(1, itt: 1))
  #expect(world.errors == ["UNREACHABLE_ENTRY": 1])
  #expect(world.msi(1, 0).kind == .memoryFault)
}

/// - Source: Arm IHI 0069, "GITS_BASER<n>.Physical_Address": with 64 KiB pages [15:12] are [51:48].
@Test func `a 64 KiB page's address has 52 bits`() throws {
  let world = World()
  let high: PhysicalAddress = 0xd_0000_0000_0000
  let ram = UnsafeMutableRawPointer.allocate(byteCount: 0x1_0000, alignment: 4096)
  unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: 0x1_0000)
  defer { unsafe ram.deallocate() }
  // SAFETY: unmapped before it is given back.
  try unsafe world.machine.map(GuestRAM(address: high, base: ram, byteCount: 0x1_0000))
  world.setUpTables(0, deviceBASER: 1 << 63 | 0xd000 | 2 << 8)
  world.setUpQueue(0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.command(world.mapd(2, itt: 1))
  #expect(unsafe ram.load(fromByteOffset: 16, as: UInt64.self) == 1 << 63 | World.itt(0, 1) | 4)
  try world.machine.unmap(high)
  world.command(world.mapd(3, itt: 1))
  #expect(world.errors == ["UNREACHABLE_ENTRY": 1])
}

private let writes: [(name: String, command: ITSCommand, address: PhysicalAddress, value: UInt64)] =
  [
    (
      "MAPD", .mapd(7, ITT(base: World.itt(0, 7), eventIDBits: 6)), World.deviceTable(0) + 56,
      1 << 63 | World.itt(0, 7) | 5
    ),
    ("MAPD with V = 0", .mapd(1, nil), World.deviceTable(0) + 8, 0),
    ("MAPC", .mapc(9, 1), World.collectionTable(0) + 72, 1 << 63 | 1 << 16),
    ("MAPC with V = 0", .mapc(1, nil), World.collectionTable(0) + 8, 0),
    ("MAPTI", .mapti(1, 3, 8195, 1), World.itt(0, 1) + 24, 1 << 63 | 1 << 32 | 8195),
    ("MAPI", .mapi(2, 8200, 1), World.itt(0, 2) + 8200 * 8, 1 << 63 | 1 << 32 | 8200),
    ("MOVI", .movi(1, 0, 1), World.itt(0, 1), 1 << 63 | 1 << 32 | 8192),
    ("DISCARD", .discard(1, 0), World.itt(0, 1), 0),
  ]

@Test(arguments: writes)
func `a command writes its entry and nothing else`(
  _: String, command: ITSCommand, address: PhysicalAddress, value: UInt64
) {
  let world = World.booted()
  world.mapLPIs([0xa1])
  world.command(.mapd(2, ITT(base: World.itt(0, 2), eventIDBits: 16)))
  world.enqueue([QueueEntry(command)])
  #expect(world.changes { world.ring() } == [address: value])
  #expect(world.errors == [:])
}

@Test(
  arguments: [.int(1, 0), .clear(1, 0), .inv(1, 0), .invall(0), .sync(0), .movall(from: 0, to: 1)]
    as [ITSCommand])
func `a command without an entry writes nothing`(command: ITSCommand) {
  let world = World.booted()
  world.mapLPIs([0xa1])
  world.enqueue([QueueEntry(command)])
  #expect(world.changes { world.ring() } == [:])
  #expect(world.errors == [:])
}

@Test func `a new BASER forgets what was remembered of the table`() {
  let world = World.booted()
  world.mapLPIs([0xa1])
  world.write(.gits(0), GITS.BASER.offset, 0)
  #expect(world.read(.gits(0), GITS.BASER.offset)[63, 63] == 1, "ignored while enabled")
  #expect(world.translate(1, 0).kind == .set)
  func rewrite(_ index: Int, _ value: UInt64) {
    world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
    world.write(.gits(0), GITS.BASER.offset + 8 * index, value)
    world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  }
  rewrite(0, 0)
  #expect(world.translate(1, 0).kind == .deviceOOR)
  rewrite(0, 1 << 63 | World.deviceTable(1))
  #expect(world.translate(1, 0).kind == .deviceUnmapped)
  rewrite(0, 1 << 63 | World.deviceTable(0))
  #expect(world.translate(1, 0).kind == .set, "it is still in RAM")
  rewrite(1, 0)
  #expect(world.translate(1, 0).kind == .collectionUnmapped)
  world.command(.mapc(0, 0))
  #expect(world.errors == ["MAPC_COLLECTION_OOR": 1])
  rewrite(1, 1 << 63 | World.collectionTable(0))
  // MAPTI reads the configuration byte though its collection is not remembered any more.
  world.configure(8192, 0)
  world.command([.mapti(1, 0, 8192, 0), .int(1, 0)])
  #expect(world.lines() == [])
  #expect(world.translate(1, 0).kind == .merged)
}

@Test func `collections that the ITS holds need no table, and outlive it`() {
  var configuration = World.configuration()
  configuration.identity.hardwareCollections = 2
  let world = World.booted(configuration)
  #expect(world.load(World.collectionTable(0)) == 0)
  world.mapLPIs([0xa1])
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.write(.gits(0), GITS.BASER.offset + 8, 0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.translate(1, 0).kind == .set)
  world.command(.mapc(2, 0))
  #expect(world.errors == ["MAPC_COLLECTION_OOR": 1])
  world.command(.mapc(0, nil))
  #expect(world.translate(1, 0).kind == .collectionUnmapped)
}

@Test func `a target may be a redistributor's address`() {
  var configuration = World.configuration()
  configuration.identity.ptaIsAddress = true
  let world = World.booted(configuration)
  world.mapLPIs([0xa1], pe: 1)
  #expect(world.translate(1, 0).pe == PEIndex(1))
  #expect(world.load(World.collectionTable(0) + 8) == UInt64(1) << 63 | 0x1002_0000)
  for target: RDbase in [0x1001, 0x1004, 0, 0x0ffe] { world.command(.mapc(5, target)) }
  #expect(world.errors == ["MAPC_PROCNUM_OOR": 4])
}

@Test func `what the guest stores into the tables is read, as far as it means something`() {
  let world = World.booted()
  world.store(World.deviceTable(0) + 8 * 4, 1 << 63 | World.itt(0, 4) | 31)
  #expect(world.msi(4, 0xffff).kind == .eventUnmapped)
  #expect(world.msi(4, 0x1_0000).kind == .eventOOR, "no wider than the machine")
  for (event, word) in [
    (0, 1 << 63 | 8191), (1, 1 << 63 | 65536), (2, 8192), (3, 1 << 63 | 9 << 32 | 8192),
  ] as [(UInt64, UInt64)] {
    world.store(World.itt(0, 4) + event * 8, word)
  }
  #expect(world.msi(4, 0).kind == .eventUnmapped)
  #expect(world.msi(4, 1).kind == .eventUnmapped)
  #expect(world.msi(4, 2).kind == .eventUnmapped)
  #expect(world.msi(4, 3).kind == .collectionUnmapped)
  world.store(World.collectionTable(0) + 72, 1 << 63 | 7 << 16)
  #expect(world.msi(4, 3).kind == .collectionUnmapped, "no such PE")
  world.store(World.collectionTable(0) + 72, 1 << 63 | 1 << 16)
  #expect(world.msi(4, 3).kind == .set, "nothing remembers a miss")
}
