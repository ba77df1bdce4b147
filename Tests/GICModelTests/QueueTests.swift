import GICArch
import GICModel
import Testing

private let sync = QueueEntry(.sync(0))
private func creadr(_ world: World) -> UInt64 { world.read(.gits(0), GITS.CREADR.offset) }

/// - Source: Arm IHI 0069, "GITS_CBASER.Size": 1 through 256 pages of 4 KiB.
@Test(arguments: [1, 2, 16, 256])
func `a queue wraps at its end`(pages: Int) {
  let world = World(queuePages: pages)
  world.setUpTables(0)
  world.setUpQueue(0)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  let slots = pages * 128
  // All slots but one, then over the end and on.
  for batch in [slots - 1, 1, 1, slots - 1, slots / 2] {
    let cwriter = world.enqueue(Array(repeating: sync, count: batch))
    world.ring()
    #expect(creadr(world) == UInt64(cwriter))
  }
  #expect(world.machine.statistics().commands == ["SYNC": UInt64(2 * slots + slots / 2)])
  // The commands after the wrap lie at the queue's begin, not behind its end.
  #expect(world.errors == [:])
}

@Test func `the queue stands while the ITS is disabled, and runs when it is enabled`() {
  let world = World()
  world.setUpTables(0)
  world.setUpQueue(0)
  world.enqueue([QueueEntry(.mapc(0, 1)), QueueEntry(world.mapd(1, itt: 1))])
  world.ring()
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == 64)
  #expect(creadr(world) == 0)
  #expect(world.read(.gits(0), GITS.CTLR.offset, size: 4) == 0x8000_0000, "nothing is under way")
  #expect(world.msi(1, 0).kind == .itsDisabled)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(creadr(world) == 64)
  #expect(world.msi(1, 0).kind == .eventUnmapped)
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  #expect(world.translate(1, 0).kind == .itsDisabled)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(world.translate(1, 0).kind == .eventUnmapped, "mappings live on")
  #expect(world.isConserved)
}

@Test func `without CBASER.Valid no command runs`() {
  let world = World()
  world.setUpTables(0)
  world.write(.gits(0), GITS.CBASER.offset, World.queue(0))
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.enqueue([sync])
  world.ring()
  #expect(creadr(world) == 0)
  #expect(world.machine.statistics().commands == [:])
}

@Test func `a CBASER write is ignored while enabled, and resets the pointers while not`() {
  let world = World.booted()
  let old = world.read(.gits(0), GITS.CBASER.offset)
  #expect(creadr(world) == 64)
  world.write(.gits(0), GITS.CBASER.offset, 0)
  #expect(world.read(.gits(0), GITS.CBASER.offset) == old)
  #expect(creadr(world) == 64)
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.write(.gits(0), GITS.CBASER.offset + 4, old >> 32, size: 4)
  #expect(world.read(.gits(0), GITS.CBASER.offset) == old, "a half keeps the other")
  #expect(creadr(world) == 0)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == 0)
}

@Test func `CWRITER keeps its offset bits, by halves too, and drops what is beyond`() {
  let world = World.booted()
  let here = creadr(world)
  world.write(.gits(0), GITS.CWRITER.offset, 0x1_0000)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == here, "16 pages end at 0x10000")
  #expect(creadr(world) == here)
  world.enqueue([sync])
  world.write(.gits(0), GITS.CWRITER.offset + 4, 0xffff_ffff, size: 4)
  #expect(creadr(world) == here, "the upper half has nothing")
  world.write(.gits(0), GITS.CWRITER.offset, here + 32 | 0x1e, size: 4)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == here + 32)
  #expect(creadr(world) == here + 32)
  world.enqueue([sync])
  world.write(.gits(0), GITS.CWRITER.offset, here + 64 | 0xffff_ffff_fff0_0000)
  #expect(world.read(.gits(0), GITS.CWRITER.offset) == here + 64, "bits above 19 are RES0")
  world.write(.gits(0), GITS.CREADR.offset, 0)
  #expect(creadr(world) == here + 64, "CREADR is read-only")
}

@Test func `a CWRITER write beyond the queue does not retry either`() {
  var configuration = World.configuration()
  configuration.profile.commandErrors = .stall
  let world = World.booted(configuration)
  world.command(.int(9, 9))
  let stalled = creadr(world)
  #expect(stalled & 1 == 1)
  world.write(.gits(0), GITS.CWRITER.offset, 0x1_0001)
  #expect(creadr(world) == stalled)
  #expect(world.errors == ["INT_UNMAPPED_DEVICE": 1])
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  #expect(creadr(world) == stalled, "a new enable is no Retry")
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.setUpQueue(0)
  #expect(creadr(world) == 0, "a new queue does not stall")
}

@Test func `an error in the middle of a batch is skipped, and the rest runs`() {
  let world = World.booted()
  let before = creadr(world)
  world.enqueue([
    QueueEntry(world.mapd(1, itt: 1)), QueueEntry(.int(2, 0)), QueueEntry(0x42),
    QueueEntry(.mapti(1, 0, 8192, 0)), QueueEntry(.int(1, 0)), QueueEntry(0),
  ])
  world.ring()
  #expect(creadr(world) == before + 6 * 32)
  #expect(world.errors == ["INT_UNMAPPED_DEVICE": 1, "UNKNOWN_COMMAND": 2])
  #expect(world.translate(1, 0).kind == .merged)
}

/// The GICv4 commands are no commands of a GICv3 ITS.
@Test(
  arguments: [
    0x00, 0x02, 0x06, 0x07, 0x10, 0x21, 0x22, 0x23, 0x25, 0x29, 0x2a, 0x2b, 0x2d, 0x2e, 0xff,
  ] as [UInt64])
func `an unknown opcode is consumed, or holds the queue`(opcode: UInt64) {
  for policy in Profile.ErrorPolicy.allCases {
    var configuration = World.configuration()
    configuration.profile.commandErrors = policy
    let world = World.booted(configuration)
    world.mapLPIs([0xa1])
    let fate = world.translate(1, 0)
    let cwriter = world.enqueue([QueueEntry(0x1_0000_0000 | opcode, 0, 1 << 63, .max)])
    world.ring()
    #expect(creadr(world) == UInt64(policy == .stall ? cwriter - 32 | 1 : cwriter))
    #expect(world.errors == ["UNKNOWN_COMMAND": 1])
    #expect(world.translate(1, 0) == fate)
  }
}

@Test func `a queue outside RAM is read to its end, and nothing runs`() {
  let world = World()
  world.setUpTables(0)
  // The last page of RAM, and one beyond.
  let last = World.ramBase + UInt64(World.ramByteCount) - 4096
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | last | 1)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.write(.gits(0), GITS.CWRITER.offset, 8192 - 32)
  #expect(creadr(world) == 8192 - 32)
  #expect(world.errors == ["UNKNOWN_COMMAND": 128, "UNREACHABLE_SLOT": 127])
}

@Test func `a table entry outside RAM is no architectural error`() {
  for policy in Profile.ErrorPolicy.allCases {
    var configuration = World.configuration()
    configuration.profile.commandErrors = policy
    let world = World.booted(configuration)
    let end = World.ramBase + UInt64(World.ramByteCount)
    // 8 events of the ITT are in RAM.
    world.command(.mapd(1, ITT(base: end - 256, eventIDBits: 8)))
    world.command(.mapti(1, 31, 8192, 0))
    #expect(world.msi(1, 31).kind == .set)
    #expect(world.msi(1, 32).kind == .memoryFault)
    #expect(world.errors == [:])
    let slot = creadr(world)
    world.command(.mapti(1, 32, 8193, 0))
    #expect(world.errors == ["UNREACHABLE_ENTRY": 1])
    #expect(creadr(world) == (policy == .stall ? slot | 1 : slot + 32))
    #expect(world.isConserved)
  }
}

@Test func `two ITSs keep apart`() {
  let world = World.booted(World.configuration(pes: 2, its: 2))
  world.command([world.mapd(1, itt: 1), .mapti(1, 0, 8192, 0)], its: 0)
  world.command([world.mapd(1, itt: 1, its: 1), .mapti(1, 0, 8193, 1)], its: 1)
  #expect(world.msi(1, 0, its: 0).intid == 8192)
  #expect(world.msi(1, 0, its: 1).intid == 8193)
  world.command(.discard(1, 0), its: 0)
  #expect(world.msi(1, 0, its: 0).kind == .eventUnmapped)
  #expect(world.msi(1, 0, its: 1).kind == .merged)
  world.write(.gits(1), GITS.CTLR.offset, 0, size: 4)
  #expect(world.msi(1, 0, its: 1).kind == .itsDisabled)
  #expect(world.msi(1, 0, its: 0).kind == .eventUnmapped)
  let nowhere = world.machine.perform(Access(.msi, source: 1, address: 0, data: 0))
  #expect(MSIOutcome(packed: nowhere.value).kind == .noITS, "address 0 is the only ITS's")
  let wide = world.machine.perform(
    Access(.msi, source: 1, address: world.base(.gits(0)), data: 0x1_0000_0000))
  #expect(MSIOutcome(packed: wide.value).kind == .eventOOR)
  #expect(world.isConserved)
}

/// - Source: Arm IHI 0069, "GITS_TRANSLATER": 16 and 32 bits.
@Test func `the doorbell takes 16 and 32 bits, zero-extended`() {
  let world = World.booted()
  world.mapLPIs([0xa1, 0xa1])
  for (size, data, event) in [(4, 0, 0), (2, 0xffff_0001, 1)] as [(UInt8, UInt64, UInt32)] {
    let response = world.machine.perform(
      Access(.write, size: size, source: 1, address: world.base(.gits(0)) + 0x1_0040, data: data))
    #expect(response.status == .okay)
    #expect(world.translate(1, event).kind == .merged)
  }
  #expect(world.machine.statistics().msis == 2)
  let other = world.machine.perform(
    Access(.write, size: 4, source: 1, address: world.base(.gits(0)) + 0x1_0044, data: 0))
  #expect(other.status == .reserved)
  #expect(world.machine.statistics().msis == 2)
}
