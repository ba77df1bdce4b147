import GICArch
import GICModel
import Testing

// The CPU interface, driven with SGIs, PPIs, SPIs and LPIs of one PE.

/// A world in which SGIs and PPIs of PE 0 are enabled, all of Group 1 but INTIDs 0 through 3.
private func world(priorityBits: Int = 5) -> World {
  var configuration = World.configuration(pes: 3)
  configuration.identity.priorityBits = priorityBits
  configuration.shape.affinities = [0, 0x11, 0x100].map { Affinity(rawValue: $0) }
  let world = World.booted(configuration)
  for pe in 0..<3 {
    world.write(.sgi(pe), 0x80, 0xffff_fff0, size: 4)
    world.write(.sgi(pe), 0x100, 0xffff_ffff, size: 4)
  }
  for word in [0x84, 0x104] { world.write(.gicd, word, 0xffff_ffff, size: 4) }
  return world
}
private func prioritise(_ world: World, _ intid: Int, _ priority: UInt8) {
  world.write(intid < 32 ? .sgi(0) : .gicd, 0x400 + intid, UInt64(priority), size: 1)
}
private func pend(_ world: World, _ intid: Int, _ priority: UInt8) {
  prioritise(world, intid, priority)
  let offset = 0x200 + intid / 32 * 4
  world.write(intid < 32 ? .sgi(0) : .gicd, offset, 1 << UInt64(intid % 32), size: 4)
}

@Test func `the highest priority goes first, and of equals the lowest INTID`() {
  let world = world()
  world.mapLPIs([0x61, 0xa1])
  world.set(.ctlr, 2)
  for (intid, priority) in [(40, 0x80), (20, 0x80), (33, 0x60), (5, 0xa0)] as [(Int, UInt8)] {
    pend(world, intid, priority)
  }
  world.msi(1, 0)
  world.msi(1, 1)
  var order: [UInt64] = []
  for _ in 0..<7 {
    let intid = world.get(.iar1)
    order.append(intid)
    // With EOImode 1 EOIR drops the priority, and the interrupt stays active.
    world.set(.eoir1, intid)
  }
  #expect(order == [33, 8192, 20, 40, 5, 8193, 1023])
  #expect(world.isConserved)
}

/// What runs has 0x80. Group 1's BPR1 is one above BPR0: [7:n] decide.
/// - Source: Arm IHI 0069, "Priority grouping", table of binary points.
private let preemptions:
  [(name: String, bpr1: UInt64, priority: UInt8, pmr: UInt64, preempts: Bool)] = [
    ("higher", 0, 0x78, 0xff, true), ("equal", 0, 0x80, 0xff, false),
    ("lower", 0, 0x88, 0xff, false), ("the least binary point is 3", 1, 0x78, 0xff, true),
    ("same group of [7:5]", 5, 0x80, 0xff, false), ("[7:5] differ", 5, 0x78, 0xff, true),
    ("[7:6] differ", 6, 0x78, 0xff, true), ("[7:7] differ", 7, 0x78, 0xff, true),
    ("masked by PMR", 0, 0x78, 0x78, false), ("just above PMR", 0, 0x70, 0x78, true),
  ]

@Test(arguments: preemptions)
func `preemption follows the binary point and PMR`(
  _: String, bpr1: UInt64, priority: UInt8, pmr: UInt64, preempts: Bool
) {
  let world = world()
  world.set(.bpr1, bpr1)
  pend(world, 20, 0x80)
  #expect(world.get(.iar1) == 20)
  world.set(.pmr, pmr)
  pend(world, 21, priority)
  #expect((world.lines() == .irq) == preempts)
  #expect(world.get(.hppir1) == 21, "HPPIR does not ask")
  #expect(world.get(.iar1) == (preempts ? 21 : 1023))
}

@Test func `the binary point takes away the bits below it`() {
  let world = world()
  world.set(.bpr1, 6)
  pend(world, 20, 0xb8)
  world.get(.iar1)
  #expect(world.get(.rpr) == 0x80)
  #expect(world.get(.ap1r0) == 1 << 16)
  pend(world, 21, 0x80)
  #expect(world.lines() == [], "0x80 and 0xb8 are one group")
  pend(world, 22, 0x78)
  #expect(world.get(.iar1) == 22)
  #expect(world.get(.rpr) == 0x40)
  #expect(world.get(.ap1r0) == 1 << 16 | 1 << 8)
  world.set(.eoir1, 22)
  #expect(world.get(.rpr) == 0x80)
  world.set(.eoir1, 20)
  #expect(world.get(.rpr) == 0xff)
  #expect(world.get(.ap1r0) == 0)
}

@Test func `CBPR makes Group 1 use BPR0`() {
  let world = world()
  world.set(.bpr0, 5)
  world.set(.ctlr, 1)
  #expect(world.get(.bpr1) == 6)
  world.set(.bpr1, 3)
  #expect(world.get(.bpr1) == 6, "writes are ignored")
  pend(world, 20, 0xb8)
  world.get(.iar1)
  #expect(world.get(.rpr) == 0x80)
  world.set(.bpr0, 7)
  #expect(world.get(.bpr1) == 7, "saturated")
  world.set(.ctlr, 0)
  #expect(world.get(.bpr1) == 3, "its own one comes back")
}

/// Reset and limits of the registers for the priority bits implemented.
private let widths: [(bits: Int, bpr0: UInt64, pmr: UInt64, apRegisters: Int)] = [
  (4, 3, 0xf0, 1), (5, 2, 0xf8, 1), (6, 1, 0xfc, 2), (7, 0, 0xfe, 4), (8, 0, 0xff, 4),
]

@Test(arguments: widths)
func `priority bits limit PMR, BPR and the AP registers`(
  bits: Int, bpr0: UInt64, pmr: UInt64, apRegisters: Int
) {
  let world = world(priorityBits: bits)
  for value in [0, 7] as [UInt64] {
    world.set(.bpr0, value)
    world.set(.bpr1, value)
    #expect(world.get(.bpr0) == max(value, bpr0))
    #expect(world.get(.bpr1) == max(value, bpr0 + 1))
  }
  world.set(.bpr1, 0)
  #expect(world.get(.pmr) == pmr)
  #expect(world.get(.ctlr) == 0x8000 | UInt64(bits - 1) << 8 | 1 << 11)
  let names: [SystemRegister] = [.ap1r0, .ap1r1, .ap1r2, .ap1r3]
  for (index, name) in names.enumerated() {
    let status = world.set(name, 0)
    #expect((status == .okay) == (index < apRegisters))
  }
  pend(world, 20, 0xe0)
  world.get(.iar1)
  #expect(world.get(.rpr) == 0xe0)
  let bit = 0xe0 >> (bits == 8 ? 1 : 8 - bits)
  #expect(world.get(names[bit / 32]) == 1 << UInt64(bit % 32))
  world.set(names[0], 1 << 3)
  #expect(world.get(.rpr) == UInt64(3 << (bits == 8 ? 1 : 8 - bits)), "an AP write takes effect")
}

@Test func `EOImode 0 deactivates at EOIR, EOImode 1 at DIR`() {
  let world = world()
  func isActive(_ intid: Int) -> Bool {
    world.read(intid < 32 ? .sgi(0) : .gicd, 0x300 + intid / 32 * 4, size: 4)
      >> UInt64(intid % 32) & 1 == 1
  }
  for intid in [20, 40] {
    world.set(.ctlr, 0)
    pend(world, intid, 0x80)
    #expect(world.get(.iar1) == UInt64(intid))
    #expect(isActive(intid))
    world.set(.dir, UInt64(intid))
    #expect(isActive(intid), "DIR is for EOImode 1")
    world.set(.eoir1, UInt64(intid))
    #expect(!isActive(intid))
    world.set(.ctlr, 2)
    pend(world, intid, 0x80)
    world.get(.iar1)
    world.set(.eoir1, UInt64(intid))
    #expect(isActive(intid))
    #expect(world.get(.rpr) == 0xff)
    pend(world, intid, 0x80)
    #expect(world.lines() == [], "active and pending")
    world.set(.dir, UInt64(intid))
    #expect(world.lines() == .irq)
    world.get(.iar1)
    world.set(.eoir1, 1023)
    world.set(.eoir1, 5000)
    #expect(world.get(.rpr) == 0x80, "neither INTID was acknowledged")
    world.set(.eoir1, UInt64(intid))
    world.set(.dir, UInt64(intid))
  }
}

@Test func `Group 0 is FIQ, with registers of its own`() {
  let world = world()
  pend(world, 1, 0x80)
  #expect(world.lines() == .fiq)
  #expect(world.get(.hppir0) == 1)
  #expect(world.get(.hppir1) == 1023)
  #expect(world.get(.iar1) == 1023)
  #expect(world.get(.iar0) == 1)
  #expect(world.get(.ap0r0) == 1 << 16)
  #expect(world.get(.ap1r0) == 0)
  pend(world, 20, 0x40)
  #expect(world.lines() == .irq)
  #expect(world.get(.iar0) == 1023)
  #expect(world.get(.iar1) == 20)
  #expect(world.get(.rpr) == 0x40)
  world.set(.eoir1, 20)
  world.set(.eoir0, 1)
  #expect(world.get(.rpr) == 0xff)
  #expect(world.machine.statistics().pes[0].spurious == 2)
  #expect(world.machine.statistics().pes[0].acknowledged == 2)
}

@Test func `a group needs both of its enables`() {
  let world = world()
  pend(world, 1, 0x40)
  pend(world, 20, 0x80)
  let rows: [(gicd: UInt64, igrpen0: UInt64, igrpen1: UInt64, lines: LineLevels)] = [
    (3, 1, 1, .fiq), (2, 1, 1, .irq), (1, 1, 1, .fiq), (0, 1, 1, []), (3, 0, 1, .irq),
    (3, 1, 0, .fiq), (3, 0, 0, []), (2, 1, 0, []), (1, 0, 1, []),
  ]
  for row in rows {
    world.write(.gicd, 0, row.gicd, size: 4)
    world.set(.igrpen0, row.igrpen0)
    world.set(.igrpen1, row.igrpen1)
    #expect(world.lines() == row.lines, "\(row)")
  }
}

@Test func `SRE is always on, and what does not exist is an error`() {
  let world = world()
  #expect(world.set(.sre, 0) == .okay)
  #expect(world.get(.sre) == 7)
  for register in SystemRegister.allCases {
    let read = world.machine.perform(
      Access(.systemRegisterRead, source: 0, address: UInt64(register.rawValue)))
    let exists = ![.ap0r1, .ap0r2, .ap0r3, .ap1r1, .ap1r2, .ap1r3].contains(register)
    #expect((read.status == .okay) == (exists && register.access != .writeOnly), "\(register)")
    let write = world.set(register, 0)
    #expect((write == .okay) == (exists && register.access != .readOnly), "\(register)")
  }
  for (source, address) in [(3, 0xc230), (0, 0x1_0000_c230), (0, 0)] as [(UInt32, UInt64)] {
    let access = Access(.systemRegisterRead, source: source, address: address)
    #expect(world.machine.perform(access).status == .decodeError)
  }
}

@Test func `each change of a line is told once, in order`() {
  let world = world()
  _ = world.lineChanges()
  pend(world, 20, 0x80)
  pend(world, 21, 0x80)
  world.set(.pmr, 0)
  world.set(.pmr, 0xff)
  world.write(.sgi(0), 0x80, 0, size: 4)
  let changes = world.lineChanges()
  #expect(changes.map(\.levels) == [.irq, [], .irq, .fiq])
  #expect(changes.map(\.pe) == Array(repeating: PEIndex(0), count: 4))
  let first = changes.first?.sequence ?? 0
  #expect(changes.map(\.sequence) == (0..<4).map { first + $0 })
  world.machine.reset()
  #expect(world.lineChanges().map(\.levels) == [[]])
  #expect(world.lineChanges().isEmpty)
}
