import GICArch
import GICModel
import Testing

// What redistributors do with LPIs: configuration bytes, pending tables, moves.

private func enable(_ world: World, _ pe: Int, _ on: Bool) {
  world.write(.gicr(pe), GICR.CTLR.offset, on ? 1 : 0, size: 4)
}

@Test func `a configuration byte counts when it is read again, not before`() {
  let world = World.booted()
  world.mapLPIs([0xa0, 0xa1])
  #expect(world.msi(1, 0).kind == .set)
  #expect(world.lines() == [], "pending, and disabled")
  world.configure(8192, 0x41)
  #expect(world.lines() == [])
  world.command(.inv(1, 0))
  #expect(world.lines() == .irq)
  #expect(world.get(.hppir1) == 8192)
  world.configure(8192, 0x40)
  #expect(world.lines() == .irq)
  world.command(.inv(1, 1))
  #expect(world.lines() == .irq, "another event's INV")
  world.command(.inv(1, 0))
  #expect(world.lines() == [])
  #expect(world.get(.iar1) == 1023)
  world.configure(8192, 0x41)
  world.command(.invall(1))
  #expect(world.lines() == .irq, "PE 1 shares the table")
  #expect(world.get(.iar1) == 8192)
  #expect(world.lines() == [])
  #expect(world.isConserved)
}

/// - Source: Arm IHI 0069, "LPI Configuration tables": Priority [7:2], Enable [0].
@Test func `the priority comes from bits 7 to 2`() {
  let world = World.booted()
  world.mapLPIs([0xa3, 0x9f, 0x9d])
  for event in [0, 2, 1] as [UInt32] { world.msi(1, event) }
  #expect(world.get(.hppir1) == 8193, "0x9c, and the lower INTID")
  #expect((0..<3).map { _ in world.get(.iar1) } == [8193, 1023, 1023])
  #expect(world.get(.rpr) == 0x98)
}

@Test func `MAPTI reads the byte again, and looks at what is pending`() {
  let world = World.booted()
  world.mapLPIs([0xa0])
  world.msi(1, 0)
  world.configure(8192, 0xa1)
  world.command(.mapti(1, 0, 8192, 0))
  #expect(world.lines() == .irq)
  world.configure(8192, 0xa0)
  world.command(.mapti(1, 1, 8192, 1))
  #expect(world.lines() == [], "read for PE 1, which shares the table")
}

@Test func `INV reaches a pending LPI that its collection has left`() {
  let world = World.booted()
  world.mapLPIs([0xa0])
  world.msi(1, 0)
  world.command(.mapc(0, 1))
  world.configure(8192, 0xa1)
  world.command(.inv(1, 0))
  #expect(world.lines(0) == .irq, "it is pending at PE 0 still")
  #expect(world.msi(1, 0).kind == .set)
  #expect(world.lines(1) == .irq, "and now at PE 1: each has a pending table")
}

@Test func `tables of another address or length are not shared`() {
  for (address, idBits) in [(World.propertyTable(1), 15), (World.propertyTable(0), 13)] {
    let world = World.booted(lpis: false)
    enable(world, 0, true)
    world.write(.gicr(1), GICR.PROPBASER.offset, address | UInt64(idBits))
    enable(world, 1, true)
    world.mapLPIs([0xa0])
    world.command(.mapti(1, 1, 8192, 1))
    world.msi(1, 0)
    world.msi(1, 1)
    world.configure(8192, 0xa1, table: address == World.propertyTable(1) ? 1 : 0)
    world.command(.inv(1, 1))
    #expect(world.lines(1) == .irq)
    #expect(world.lines(0) == [])
  }
}

@Test func `LPIs beyond PROPBASER.IDbits have no pending bit`() {
  let world = World.booted(lpis: false)
  world.write(.gicr(0), GICR.PROPBASER.offset, World.propertyTable(0) | 13)
  enable(world, 0, true)
  enable(world, 1, true)
  world.mapLPIs([0xa1, 0xa1], pe: 0, from: 16383)
  #expect(world.msi(1, 0).kind == .set)
  #expect(world.translate(1, 1).kind == .intidOOR)
  #expect(world.msi(1, 1).kind == .intidOOR)
  world.command([.movi(1, 1, 1), .inv(1, 1), .int(1, 1)])
  #expect(world.translate(1, 1).kind == .merged)
  world.command([.movi(1, 1, 0), .movall(from: 1, to: 0)])
  #expect(world.lines(1) == .irq, "PE 0 cannot take it, so it stays")
  #expect(world.isConserved)
}

@Test func `the pending table is read and written at EnableLPIs`() {
  let world = World.booted(lpis: false)
  world.mapLPIs([0xa1, 0xa1, 0xa0])
  // The first KiB is not the redistributor's.
  world.store(World.pendingTable(0) + 1016, .max)
  world.setPendingInRAM(8193, pe: 0)
  world.setPendingInRAM(65535, pe: 0)
  enable(world, 0, true)
  #expect(world.machine.statistics().restored == 2)
  #expect(world.get(.iar1) == 8193)
  world.set(.eoir1, 8193)
  world.msi(1, 0)
  world.msi(1, 2)
  #expect(world.isPendingInRAM(8193, pe: 0), "RAM is exact after a flush")
  let changes = world.changes { world.machine.flushPendingTables() }
  #expect(changes == [World.pendingTable(0) + 1024: 0b101])
  #expect(world.isPendingInRAM(65535, pe: 0))
  world.command(.clear(1, 2))
  enable(world, 0, false)
  #expect(world.lines() == [])
  #expect(world.msi(1, 0).kind == .lpisDisabled)
  #expect(world.load(World.pendingTable(0) + 1024) == 1)
  #expect(world.load(World.pendingTable(0) + 1016) == .max)
  #expect(world.machine.statistics().pending == 2, "they wait in RAM")
  #expect(world.isConserved)
  enable(world, 0, true)
  #expect(world.get(.iar1) == 8192)
  #expect(world.isConserved)
}

/// - Source: Arm IHI 0069, "GICR_PENDBASER.PTZ".
@Test func `PTZ holds for one enable, whichever half it comes in`() {
  let world = World.booted(lpis: false)
  world.mapLPIs([0xa1])
  world.setPendingInRAM(8192, pe: 0)
  world.write(.gicr(0), GICR.PENDBASER.offset + 4, 1 << 30, size: 4)
  world.write(.gicr(0), GICR.PENDBASER.offset, World.pendingTable(0), size: 4)
  #expect(world.read(.gicr(0), GICR.PENDBASER.offset) == World.pendingTable(0))
  enable(world, 0, true)
  #expect(world.lines() == [], "the table was said to be zero")
  world.msi(1, 0)
  enable(world, 0, false)
  enable(world, 0, true)
  #expect(world.lines() == .irq, "what the clear wrote is read again")
  #expect(world.isConserved)
}

@Test func `tables do not move while LPIs are enabled`() {
  let world = World.booted()
  for offset in [GICR.PROPBASER.offset, GICR.PENDBASER.offset] {
    let old = world.read(.gicr(0), offset)
    world.write(.gicr(0), offset, 0x4567_0000)
    world.write(.gicr(0), offset, 0x4567_0000, size: 4)
    #expect(world.read(.gicr(0), offset) == old)
  }
  enable(world, 0, false)
  world.write(.gicr(0), GICR.PENDBASER.offset, 0x4567_0000)
  #expect(world.read(.gicr(0), GICR.PENDBASER.offset) == 0x4567_0000)
}

@Test func `LPI tables outside RAM read as zero`() {
  let world = World.booted(lpis: false)
  let end = World.ramBase + UInt64(World.ramByteCount)
  world.write(.gicr(0), GICR.PROPBASER.offset, (end - 4096) | 15)
  world.write(.gicr(0), GICR.PENDBASER.offset, end)
  world.store(end - 4096, 0xa1a1)
  enable(world, 0, true)
  world.mapLPIs([0, 0])
  world.command(.mapti(1, 2, 12288, 0))
  for event in 0..<3 as Range<UInt32> { #expect(world.msi(1, event).kind == .set) }
  #expect(world.get(.iar1) == 8192)
  #expect(world.get(.hppir1) == 8193)
  world.get(.iar1)
  world.command([.inv(1, 2), .invall(0)])
  enable(world, 0, false)
  #expect(world.errors == [:])
  #expect(world.isConserved)
}

@Test func `MOVI takes the pending state along, if the target takes LPIs`() {
  let world = World.booted()
  world.mapLPIs([0xa1])
  world.msi(1, 0)
  world.command(.movi(1, 0, 1))
  #expect(world.lines(0) == [])
  #expect(world.lines(1) == .irq)
  enable(world, 0, false)
  world.command(.movi(1, 0, 0))
  #expect(world.lines(1) == .irq, "PE 0 takes none: it stays")
  #expect(world.msi(1, 0).kind == .lpisDisabled)
  #expect(world.get(.iar1, pe: 1) == 8192)
  #expect(world.isConserved)
}

@Test func `MOVALL merges with what is pending there, and keeps the collections`() {
  let world = World.booted(World.configuration(pes: 3))
  world.mapLPIs([0xa1, 0xa1, 0xa0])
  world.command([.mapti(1, 3, 8193, 1), .mapti(1, 4, 8200, 2)])
  for event in 0..<5 as Range<UInt32> { world.msi(1, event) }
  world.command(.movall(from: 0, to: 1))
  #expect(world.lines(0) == [])
  let statistics = world.machine.statistics()
  #expect(statistics.merged == 1)
  #expect(statistics.pending == 4)
  #expect(world.msi(1, 0).pe == PEIndex(0))
  #expect(world.get(.iar1, pe: 1) == 8192)
  world.set(.eoir1, 8192, pe: 1)
  #expect(world.get(.iar1, pe: 1) == 8193)
  world.command(.clear(1, 4))
  #expect(world.machine.statistics().dropped == ["cleared": 1])
  #expect(world.isConserved)
}

@Test func `an unmapped event's LPI stays pending, but DISCARD takes it`() {
  let world = World.booted()
  world.mapLPIs([0xa1, 0xa1, 0xa1])
  for event in 0..<3 as Range<UInt32> { world.msi(1, event) }
  #expect(world.msi(1, 0).kind == .merged)
  world.command(.discard(1, 0))
  #expect(world.get(.hppir1) == 8193)
  world.command(.mapti(1, 1, 8300, 0))
  #expect(world.get(.hppir1) == 8193, "mapped over")
  world.command(.mapd(1, nil))
  #expect(world.get(.iar1) == 8193)
  world.set(.eoir1, 8193)
  #expect(world.get(.iar1) == 8194)
  #expect(world.isConserved)
}

/// - Source: Arm IHI 0069, "GICR_SETLPIR", "GICR_CLRLPIR", "GICR_INVLPIR", "GICR_INVALLR".
@Test(arguments: [4, 8] as [UInt8])
func `with DirectLPI the redistributor takes LPIs itself`(size: UInt8) {
  var configuration = World.configuration()
  configuration.identity.directLPI = true
  let world = World.booted(configuration)
  #expect(world.read(.gicr(0), GICR.TYPER.offset)[3, 3] == 1)
  #expect(world.read(.gicr(0), 0, size: 4) == 7, "EnableLPIs, CES, IR")
  world.configure(8200, 0xa1)
  world.write(.gicr(0), GICR.SETLPIR.offset, 8200, size: size)
  #expect(world.lines() == [])
  world.write(.gicr(0), GICR.INVLPIR.offset, 8200, size: size)
  #expect(world.lines() == .irq)
  world.write(.gicr(0), GICR.CLRLPIR.offset, 8200, size: size)
  #expect(world.lines() == [])
  world.write(.gicr(0), GICR.SETLPIR.offset, 8191, size: size)
  world.write(.gicr(0), GICR.SETLPIR.offset + 4, 8200, size: 4)
  world.write(.gicr(0), GICR.SETLPIR.offset, 8200, size: size)
  world.configure(8200, 0xa0)
  world.write(.gicr(0), GICR.INVALLR.offset + 4, 0, size: 4)
  #expect(world.lines() == .irq, "the upper half does nothing")
  world.write(.gicr(0), GICR.INVALLR.offset, 0, size: size)
  #expect(world.lines() == [])
  #expect(world.access(.gicr(0), GICR.SYNCR.offset, size: 4).status == .okay)
  let statistics = world.machine.statistics()
  #expect(statistics.msis == 2)
  #expect(statistics.dropped == ["cleared": 1])
  #expect(world.isConserved)
}

@Test func `selection alone sets, finds and takes, and everything counts`() {
  let world = World.booted()
  world.mapLPIs([0xa1, 0x41, 0xa1, 0x40])
  world.msi(1, 0)
  let pe = PEIndex(0)
  // 8193 goes before 8192, which goes before 8194. Nothing is an LPI here but these.
  #expect(world.machine.cycleLPIs([8193, 8194, 8191, 0x1_0000], at: pe) == 8193 + 8192)
  #expect(world.machine.findLPI(of: pe, count: 2) == 2 * 8194)
  #expect(world.get(.hppir1) == 8194)
  #expect(world.isConserved)
  #expect(world.machine.cycleLPIs([8195], at: pe) == 8194, "8195 is disabled")
  #expect(world.lines() == [])
  #expect(world.machine.findLPI(of: pe, count: 1) == 0)
  #expect(world.machine.cycleLPIs([8192], at: PEIndex(2)) == 0, "no such PE")
  #expect(world.isConserved)
}
