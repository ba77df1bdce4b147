import GICArch
import GICModel

/// The machine and the reference side by side: takes steps on both, and says where they part.
final class ReferenceRun {
  let shape: ProgramShape
  let world: World
  var reference: ReferenceMachine
  /// What line changes have told so far.
  var told: [LineLevels]
  var sequences: [UInt32]

  init(_ shape: ProgramShape) {
    self.shape = shape
    world = World(shape.configuration)
    reference = ReferenceMachine(shape.configuration)
    told = Array(repeating: [], count: shape.pes)
    sequences = Array(repeating: 0, count: shape.pes)
    for n in 0..<shape.its { bringUp(its: n) }
    for pe in 0..<shape.pes { bringUp(pe: pe) }
    _ = take(.groups(true, true))
  }

  private func bringUp(its n: Int) {
    world.setUpTables(n, deviceBASER: deviceBASER(n))
    world.setUpQueue(n)
    (reference.its[n].hasDevices, reference.its[n].hasCollections) = (true, true)
    reference.its[n].pages = shape.isIndirect ? [] : nil
    _ = take(.addPage(its: n, page: 0))
    _ = take(.enableITS(its: n, true))
    let collections = (0..<4).map {
      ITSCommand.mapc(ICID(rawValue: $0), RDbase(rawValue: UInt64(Int($0) % shape.pes)))
    }
    _ = take(.commands(its: n, collections))
  }
  private func bringUp(pe: Int) {
    let (table, idBits) = (shape.tables[pe], shape.idBits[pe])
    world.write(.gicr(pe), GICR.PROPBASER.offset, World.propertyTable(table) | UInt64(idBits - 1))
    (reference.pes[pe].table, reference.pes[pe].idBits) = (table, idBits)
    for intid in ProgramWriter.intids {
      _ = take(.configure(table: table, intid: intid, byte: 0xa1))
    }
    let steps: [Step] = [
      .enableLPIs(pe: pe, true, tableIsZero: false), .control(pe: pe, .pmr, 0xff),
      .control(pe: pe, .igrpen0, 1), .control(pe: pe, .igrpen1, 1),
      .bits(pe: pe, 0x80, 0xffff_fff0), .bits(pe: pe, 0x100, .max),
    ]
    for step in steps { _ = take(step) }
  }

  private func deviceBASER(_ n: Int) -> UInt64 {
    1 << 63 | World.deviceTable(n) | (shape.isIndirect ? 1 << 62 : 1)
  }

  /// Takes a step on both. Returns what differs, if anything does.
  func take(_ step: Step) -> String? {
    let seen = takeOnMachine(step)
    let expected = takeOnReference(step)
    reference.updateLines()
    if seen != expected { return "answer \(seen), expected \(expected)" }
    for pe in 0..<shape.pes where world.lines(pe) != reference.pes[pe].lines {
      return "lines of PE \(pe) \(world.lines(pe).rawValue), "
        + "expected \(reference.pes[pe].lines.rawValue)"
    }
    return nil
  }

  private func takeOnMachine(_ step: Step) -> UInt64 {
    switch step {
    case .msi(let n, let device, let event):
      return UInt64(world.msi(device, event, its: n).kind.rawValue)
    case .commands(let n, let commands):
      // A queue that stands must not be overrun.
      if reference.its[n].waiting.count < 2000 { world.command(commands, its: n) }
    case .retry(let n):
      let creadr = world.read(.gits(n), GITS.CREADR.offset)
      if creadr & 1 == 1 { world.mend(its: n, slot: creadr - 1) }
      world.ring(its: n, retry: true)
    case .configure(let table, let intid, let byte):
      world.configure(INTID(rawValue: intid), byte, table: table)
    case .addPage(let n, let page):
      if shape.isIndirect {
        world.store(
          World.deviceTable(n) + UInt64(page) * 8, 1 << 63 | World.levelTwo(n, page: Int(page)))
      }
    case .enableITS(let n, let on): world.write(.gits(n), GITS.CTLR.offset, on ? 1 : 0, size: 4)
    case .validateTable(let n, let table, let on):
      let enabled = world.read(.gits(n), GITS.CTLR.offset, size: 4) & 1
      let baser = table == 0 ? deviceBASER(n) : 1 << 63 | World.collectionTable(n)
      world.write(.gits(n), GITS.CTLR.offset, 0, size: 4)
      world.write(.gits(n), GITS.BASER.offset + 8 * table, on ? baser : baser & ~(1 << 63))
      world.write(.gits(n), GITS.CTLR.offset, enabled, size: 4)
    case .flush: world.machine.flushPendingTables()
    default: return takeOnPEs(step)
    }
    return 0
  }

  private func takeOnPEs(_ step: Step) -> UInt64 {
    switch step {
    case .enableLPIs(let pe, let on, let tableIsZero):
      let pendbaser = World.pendingTable(pe) | (tableIsZero ? 1 << 62 : 0)
      if on { world.write(.gicr(pe), GICR.PENDBASER.offset, pendbaser) }
      world.write(.gicr(pe), GICR.CTLR.offset, on ? 1 : 0, size: 4)
    case .groups(let group0, let group1):
      world.write(.gicd, GICD.CTLR.offset, (group0 ? 1 : 0) | (group1 ? 2 : 0), size: 4)
    case .acknowledge(let pe, let group1): return world.get(group1 ? .iar1 : .iar0, pe: pe)
    case .endOfInterrupt(let pe, let intid, let group1):
      world.set(group1 ? .eoir1 : .eoir0, UInt64(intid & 0xff_ffff), pe: pe)
    case .deactivate(let pe, let intid): world.set(.dir, UInt64(intid & 0xff_ffff), pe: pe)
    case .control(let pe, let register, let value): world.set(register, value, pe: pe)
    case .sgi(let pe, let value, let group1): world.set(group1 ? .sgi1r : .sgi0r, value, pe: pe)
    case .bits(let pe, let offset, let bits):
      if let pe {
        world.write(.sgi(pe), offset, UInt64(bits), size: 4)
      } else {
        world.write(.gicd, offset + 4, UInt64(bits), size: 4)
      }
    case .priority(let pe, let intid, let byte):
      world.write(
        pe.map { .sgi($0) } ?? .gicd, 0x400 + (pe == nil ? 32 : 0) + intid, UInt64(byte), size: 1)
    case .edges(let pe, let bits):
      func spread(_ half: UInt32) -> UInt64 {
        (0..<16).reduce(0) { $0 | UInt64(half >> UInt32($1) & 1) << UInt64(2 * $1 + 1) }
      }
      let frame: Frame = pe.map { .sgi($0) } ?? .gicd
      if pe == nil { world.write(frame, 0xc08, spread(bits & 0xffff), size: 4) }
      world.write(frame, pe == nil ? 0xc0c : 0xc04, spread(bits >> 16), size: 4)
    case .route(let spi, let pe):
      world.write(.gicd, 0x6000 + 8 * spi, reference.pes[pe].affinity.mpidr)
    case .input(let pe, let intid, let high): world.input(intid, high, pe: pe)
    default: preconditionFailure("\(step) is taken elsewhere")
    }
    return 0
  }

  private func takeOnReference(_ step: Step) -> UInt64 {
    switch step {
    case .msi(let n, let device, let event):
      return UInt64(reference.msi(n, device, event).rawValue)
    case .commands(let n, let commands):
      if reference.its[n].waiting.count < 2000 { reference.command(n, commands) }
    case .retry(let n):
      if reference.its[n].queueIsStalled { reference.its[n].waiting[0] = .sync(0) }
      reference.its[n].queueIsStalled = false
      reference.drain(n)
    case .configure(let table, let intid, let byte): reference.bytes[table][intid] = byte
    case .addPage(let n, let page): reference.its[n].pages?.insert(page)
    case .enableITS(let n, let on):
      reference.its[n].enabled = on
      reference.drain(n)
    case .validateTable(let n, let table, let on):
      if table == 0 {
        reference.its[n].hasDevices = on
      } else {
        reference.its[n].hasCollections = on
      }
      reference.drain(n)
    case .flush:
      for pe in 0..<shape.pes { reference.flush(pe) }
    case .enableLPIs(let pe, let on, let tableIsZero):
      if on {
        reference.enableLPIs(pe, tableIsZero: tableIsZero)
      } else {
        reference.disableLPIs(pe)
      }
    case .groups(let group0, let group1): (reference.group0, reference.group1) = (group0, group1)
    case .acknowledge(let pe, let group1): return reference.acknowledge(pe, group1: group1)
    case .endOfInterrupt(let pe, let intid, let group1):
      reference.endOfInterrupt(intid & 0xff_ffff, pe, group1: group1)
    case .deactivate(let pe, let intid):
      if reference.pes[pe].eoiMode { reference.deactivate(intid & 0xff_ffff, pe) }
    case .control(let pe, let register, let value): reference.control(pe, register, value)
    case .sgi(let pe, let value, let group1):
      let first = UInt8(value >> 44 & 15) * 16
      let list = (0..<UInt8(16)).filter { value >> UInt64($0) & 1 == 1 }.map { first + $0 }
      let aff3 = UInt32(value >> 48 & 255)
      let aff2 = UInt32(value >> 32 & 255)
      let cluster = aff3 << 16 | aff2 << 8 | UInt32(value >> 16 & 255)
      reference.sendSGI(
        Int(value >> 24 & 15), from: pe, group1: group1, cluster: cluster,
        list: value >> 40 & 1 == 1 ? nil : list)
    default: reference.interrupts(step)
    }
    return 0
  }
}

extension ReferenceMachine {
  mutating func control(_ pe: Int, _ register: SystemRegister, _ value: UInt64) {
    let least = max(7 - pes[pe].priorityBits, 0)
    switch register {
    case .pmr: pes[pe].pmr = UInt8(value) & ~UInt8((1 << (8 - pes[pe].priorityBits)) - 1)
    case .bpr0: pes[pe].bpr0 = max(Int(value), least)
    case .bpr1: if !pes[pe].cbpr { pes[pe].bpr1 = max(Int(value), least + 1) }
    case .ctlr:
      pes[pe].cbpr = value & 1 == 1
      pes[pe].eoiMode = value & 2 == 2
    case .igrpen0: pes[pe].igrpen0 = value == 1
    default: pes[pe].igrpen1 = value == 1
    }
  }

  private mutating func change(
    _ pe: Int?, _ index: Int, _ body: (inout ReferenceInterrupt) -> Void
  ) {
    if let pe { body(&pes[pe].privates[index]) } else { body(&spis[UInt32(index + 32)]!) }
  }

  mutating func interrupts(_ step: Step) {
    switch step {
    case .bits(let pe, let offset, let bits):
      for index in 0..<32 {
        let isOne = bits >> UInt32(index) & 1 == 1
        change(pe, index) { it in
          switch offset {
          case 0x80: it.isGroup1 = isOne
          case 0x100: it.enabled = it.enabled || isOne
          case 0x180: it.enabled = it.enabled && !isOne
          case 0x200: it.latched = it.latched || isOne
          case 0x280: it.latched = it.latched && !isOne
          case 0x300: it.active = it.active || isOne
          default: it.active = it.active && !isOne
          }
        }
      }
    case .priority(let pe, let index, let byte):
      let mask = ~UInt8((1 << (8 - configuration.identity.priorityBits)) - 1)
      change(pe, index) { $0.priority = byte & mask }
    case .edges(let pe, let bits):
      for index in (pe == nil ? 0 : 16)..<32 {
        change(pe, index) { $0.isEdge = bits >> UInt32(index) & 1 == 1 }
      }
    case .route(let spi, let pe): spis[UInt32(spi)]?.affinity = pes[pe].affinity.mpidr
    case .input(let pe, let intid, let high):
      if intid < 32 { pes[pe].privates[Int(intid)].drive(high) } else { spis[intid]?.drive(high) }
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }
}
