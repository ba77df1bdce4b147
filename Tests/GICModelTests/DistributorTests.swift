import GICArch
import GICModel
import Testing

// SGIs, PPIs and SPIs: where they come from, and where they go.

private func world(_ affinities: [UInt32] = [0, 1, 0x11, 0x100]) -> World {
  var configuration = World.configuration(pes: affinities.count)
  configuration.shape.affinities = affinities.map { Affinity(rawValue: $0) }
  let world = World.booted(configuration)
  for pe in affinities.indices {
    world.write(.sgi(pe), 0x80, 0xffff_fff0, size: 4)
    world.write(.sgi(pe), 0x100, 0xffff_ffff, size: 4)
  }
  for word in [0x84, 0x104] { world.write(.gicd, word, 0xffff_ffff, size: 4) }
  return world
}

/// PEs 0.0.0.0, 0.0.0.1, 0.0.0.17 and 0.0.1.0; PE 0 sends. INTIDs 0 through 3 are Group 0.
/// - Source: Arm IHI 0069, "ICC_SGI1R_EL1": TargetList [15:0], Aff1 [23:16], INTID [27:24],
///   Aff2 [39:32], IRM [40], RS [47:44], Aff3 [55:48].
private let sgis: [(name: String, register: SystemRegister, value: UInt64, targets: [Int])] = [
  ("to itself", .sgi1r, 0x0500_0001, [0]), ("to a list", .sgi1r, 0x0500_0003, [0, 1]),
  ("to nobody", .sgi1r, 0x0500_0000, []), ("to one that is not there", .sgi1r, 0x0500_0004, []),
  ("to another cluster", .sgi1r, 0x0501_0001, [3]),
  ("to an Aff2 that is not there", .sgi1r, 0x1_0500_0001, []),
  ("to an Aff3 that is not there", .sgi1r, 0x1_0000_0500_0001, []),
  ("by the range selector", .sgi1r, 0x1000_0500_0002, [2]),
  ("to all others", .sgi1r, 0x100_0500_0000, [1, 2, 3]),
  ("Group 1's register, Group 0's interrupt", .sgi1r, 0x0100_0001, []),
  ("Group 0", .sgi0r, 0x0100_0001, [0]),
  ("Group 0's register, Group 1's interrupt", .sgi0r, 0x0500_0001, []),
  ("the alias is Group 0's", .asgi1r, 0x0100_0002, [1]),
]

@Test(arguments: sgis)
func `an SGI goes where it is sent`(
  _: String, register: SystemRegister, value: UInt64, targets: [Int]
) {
  let world = world()
  world.set(register, value)
  let intid = value >> 24 & 15
  for pe in 0..<4 {
    let isTarget = targets.contains(pe)
    #expect(world.read(.sgi(pe), 0x200, size: 4) == (isTarget ? 1 << intid : 0))
    #expect(world.lines(pe) == (isTarget ? intid < 4 ? .fiq : .irq : []))
  }
}

@Test func `an SGI is edge-triggered, and merges`() {
  let world = world()
  for _ in 0..<3 { world.set(.sgi1r, 0x0500_0001) }
  #expect(world.get(.iar1) == 5)
  #expect(world.lines() == [])
  world.set(.sgi1r, 0x0500_0001)
  #expect(world.lines() == [], "active and pending")
  world.set(.eoir1, 5)
  #expect(world.get(.iar1) == 5)
}

/// PPIs are INTIDs 16 through 31; SPIs 32 up.
@Test(arguments: [27, 50] as [UInt32])
func `a level-sensitive input pends as long as it is high`(intid: UInt32) {
  let world = world()
  world.input(intid, true)
  #expect(world.lines() == .irq)
  world.input(intid, false)
  #expect(world.lines() == [])
  world.input(intid, true)
  #expect(world.get(.iar1) == UInt64(intid))
  #expect(world.lines() == [], "active")
  world.set(.eoir1, UInt64(intid))
  #expect(world.lines() == .irq, "still high")
  let frame: Frame = intid < 32 ? .sgi(0) : .gicd
  let word = Int(intid / 32) * 4
  world.write(frame, 0x280 + word, .max, size: 4)
  #expect(world.lines() == .irq, "a clear does not reach the wire")
  world.write(frame, 0x200 + word, 1 << UInt64(intid % 32), size: 4)
  world.input(intid, false)
  #expect(world.lines() == .irq, "and the latch does not fall with it")
  world.get(.iar1)
  world.set(.eoir1, UInt64(intid))
  #expect(world.lines() == [])
}

@Test(arguments: [27, 50] as [UInt32])
func `an edge-triggered input pends once for each rise`(intid: UInt32) {
  let world = world()
  let frame: Frame = intid < 32 ? .sgi(0) : .gicd
  world.write(frame, 0xc00 + Int(intid / 16) * 4, 0xaaaa_aaaa, size: 4)
  world.input(intid, true)
  world.input(intid, true)
  #expect(world.get(.iar1) == UInt64(intid))
  world.set(.eoir1, UInt64(intid))
  #expect(world.lines() == [], "high, but no new edge")
  world.input(intid, false)
  #expect(world.lines() == [])
  world.input(intid, true)
  world.input(intid, false)
  #expect(world.lines() == .irq, "the edge is remembered")
  world.write(frame, 0x280 + Int(intid / 32) * 4, 1 << UInt64(intid % 32), size: 4)
  #expect(world.lines() == [])
}

@Test func `an SPI goes to the PE that IROUTER names, with its state`() {
  let world = world()
  world.input(40, true)
  #expect(world.lines(0) == .irq)
  world.write(.gicd, 0x6000 + 40 * 8, 0x100)
  #expect((0..<4).map { world.lines($0) } == [[], [], [], .irq])
  world.write(.gicd, 0x6000 + 40 * 8, 0x1_0000_0000)
  #expect((0..<4).allSatisfy { world.lines($0) == [] }, "nobody has Aff3 1")
  world.write(.gicd, 0x6000 + 40 * 8, 0x11)
  #expect(world.get(.iar1, pe: 2) == 40)
  world.write(.gicd, 0x6000 + 40 * 8, 1)
  #expect(world.lines(1) == [], "active")
  // Any PE may deactivate it.
  world.set(.ctlr, 2, pe: 3)
  world.set(.dir, 40, pe: 3)
  #expect(world.lines(1) == .irq)
  #expect(world.get(.rpr, pe: 2) == 0)
}

@Test func `with 1 of N and no choice among PEs an SPI goes to the first`() {
  var configuration = World.configuration()
  configuration.identity.oneOfNSupported = true
  configuration.profile.anyPERouting = .firstPE
  let world = World.booted(configuration)
  for word in [0x84, 0x104] { world.write(.gicd, word, 0xffff_ffff, size: 4) }
  world.write(.gicd, 0x6000 + 40 * 8, 1 << 31 | 1)
  #expect(world.read(.gicd, 0x6000 + 40 * 8) == 1 << 31 | 1)
  world.input(40, true)
  #expect(world.lines(0) == .irq)
  #expect(world.lines(1) == [])
}

@Test func `special INTIDs are no SPIs, and inputs that are not there are errors`() {
  var configuration = World.configuration()
  configuration.identity.itLinesNumber = 31
  let world = World.booted(configuration)
  for offset in [0xfc, 0x17c, 0x27c, 0x37c] { world.write(.gicd, offset, .max, size: 4) }
  #expect(world.read(.gicd, 0xfc, size: 4) == 0x0fff_ffff)
  #expect(world.read(.gicd, 0x17c, size: 4) == 0x0fff_ffff)
  #expect(world.read(.gicd, 0x27c, size: 4) == 0x0fff_ffff)
  world.write(.gicd, 0xcfc, .max, size: 4)
  #expect(world.read(.gicd, 0xcfc, size: 4) == 0x00aa_aaaa)
  world.write(.gicd, 0x3fc, .max, size: 4)
  #expect(world.get(.hppir1) == 992, "the first of the last word")
  for intid in [0, 15, 1020, 1023, 1024, 8192, 0x1_0000_0020] as [UInt64] {
    let access = Access(.inputLine, source: 0, address: intid, data: 1)
    #expect(world.machine.perform(access).status == .decodeError)
  }
  let other = Access(.inputLine, source: 2, address: 27, data: 1)
  #expect(world.machine.perform(other).status == .decodeError)
}
