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
    world.setUpQueue(n)
    let plain = Attributes(bits: 0, inHalves: false)
    _ = take(.table(its: n, table: 0, valid: true, plain))
    _ = take(.table(its: n, table: 1, valid: true, plain))
    _ = take(.addPage(its: n, page: 0))
    _ = take(.enableITS(its: n, true))
    let collections = (0..<4).map {
      ITSCommand.mapc(ICID(rawValue: $0), RDbase(rawValue: UInt64(Int($0) % shape.pes)))
    }
    _ = take(.commands(its: n, collections))
  }
  private func bringUp(pe: Int) {
    let plain = Attributes(bits: 0, inHalves: false)
    for intid in ProgramWriter.intids {
      _ = take(.configure(table: shape.properties[pe].table, intid: intid, byte: 0xa1))
    }
    let steps: [Step] = [
      .propbaser(pe: pe, shape.properties[pe], plain),
      .pendbaser(pe: pe, place: 0, tableIsZero: false, plain),
      .enableLPIs(pe: pe, true, deselected0: false, deselected1: false), .sleep(pe: pe, false),
      .control(pe: pe, .pmr, 0xff),
      .control(pe: pe, .igrpen0, 1), .control(pe: pe, .igrpen1, 1),
      .bits(pe: pe, 0x80, 0xffff_fff0), .bits(pe: pe, 0x100, .max),
    ]
    for step in steps { _ = take(step) }
  }

  /// Takes a step on both. Returns what differs, if anything does.
  func take(_ step: Step) -> String? {
    let seen = takeOnMachine(step)
    let expected = takeOnReference(step)
    reference.writeThrough()
    reference.updateLines()
    if seen != expected { return "answer \(seen), expected \(expected)" }
    for pe in 0..<shape.pes where world.lines(pe) != reference.pes[pe].lines {
      return "lines of PE \(pe) \(world.lines(pe).rawValue), "
        + "expected \(reference.pes[pe].lines.rawValue)"
    }
    return nil
  }

  private func takeOnMachine(_ step: Step) -> ReferenceMachine.Answer {
    switch step {
    case .msi(let n, let device, let event):
      let outcome = world.msi(device, event, its: n)
      let kind = ReferenceMachine.name(of: outcome.kind, isKVM: shape.isKVM)
      if outcome.kind.isDrop { return ReferenceMachine.Answer(kind: kind) }
      return ReferenceMachine.Answer(
        kind: kind, intid: outcome.intid.rawValue, pe: outcome.pe.index)
    case .acknowledge(let pe, let group1):
      let intid = world.get(group1 ? .iar1 : .iar0, pe: pe)
      return ReferenceMachine.Answer(kind: "IAR", intid: UInt32(intid))
    case .handle(let pe):
      let group1 = world.lines(pe) != .fiq
      let intid = world.get(group1 ? .iar1 : .iar0, pe: pe)
      world.set(group1 ? .eoir1 : .eoir0, intid, pe: pe)
      world.set(.dir, intid, pe: pe)
      return ReferenceMachine.Answer(kind: "IAR", intid: UInt32(intid))
    case .commands, .retry, .configure, .addPage, .corrupt, .enableITS, .table, .held:
      takeOnITS(step)
    case .propbaser, .pendbaser, .enableLPIs, .sleep, .direct, .ignored:
      takeOnRedistributor(step)
    case .flush: world.machine.flushPendingTables()
    default: takeOnPE(step)
    }
    return ReferenceMachine.Answer(kind: "done")
  }

  private func takeOnITS(_ step: Step) {
    switch step {
    case .commands(let n, let commands):
      // A queue that stands must not be overrun.
      if reference.its[n].waiting.count < 2000 { world.command(commands, its: n) }
    case .retry(let n):
      let creadr = world.read(.gits(n), GITS.CREADR.offset)
      if creadr & 1 == 1, !reference.its[n].waiting.isEmpty {
        world.mend(its: n, slot: creadr - 1)
      }
      world.ring(its: n, retry: true)
    case .configure(let table, let intid, let byte):
      world.configure(INTID(rawValue: intid), byte, table: table)
    case .addPage(let n, let page):
      if shape.isIndirect { world.store(.levelOne(page, .present), its: n, shape) }
    case .corrupt(let n, let corruptions):
      // New tables, though they are the old ones, take away what is remembered of them.
      let enabled = world.read(.gits(n), GITS.CTLR.offset, size: 4) & 1
      if !shape.isKVM { world.write(.gits(n), GITS.CTLR.offset, 0, size: 4) }
      for corruption in corruptions { world.store(corruption, its: n, shape) }
      guard !shape.isKVM else { return }
      for table in 0..<2 {
        let offset = GITS.BASER.offset + 8 * table
        world.write(.gits(n), offset, world.read(.gits(n), offset))
      }
      world.write(.gits(n), GITS.CTLR.offset, enabled, size: 4)
    case .enableITS(let n, let on): world.write(.gits(n), GITS.CTLR.offset, on ? 1 : 0, size: 4)
    case .table(let n, let table, let valid, let attributes):
      let enabled = world.read(.gits(n), GITS.CTLR.offset, size: 4) & 1
      world.write(.gits(n), GITS.CTLR.offset, 0, size: 4)
      let baser = baser(n, table, valid, attributes)
      world.write(.gits(n), GITS.BASER.offset + 8 * table, baser, attributes)
      world.write(.gits(n), GITS.CTLR.offset, enabled, size: 4)
    case .held(let n, let offset, let value):
      if reference.its[n].enabled { world.write(.gits(n), offset, value) }
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }

  /// The device table is flat with two pages, or two levels with one page of level-1 entries.
  private func baser(
    _ n: Int, _ table: Int, _ valid: Bool, _ attributes: Attributes
  ) -> UInt64 {
    let place =
      table == 1
      ? World.collectionTable(n) : World.deviceTable(n) | (shape.isIndirect ? 1 << 62 : 1)
    return place | attributes.bits | (valid ? 1 << 63 : 0)
  }

  private func propbaser(_ base: PropertyBase, _ attributes: Attributes) -> UInt64 {
    let address = base.table < 2 ? World.propertyTable(base.table) : ReferenceRAM.nowhere
    return address | UInt64(base.idBits - 1) | attributes.bits
  }
  private func pendbaser(_ pe: Int, _ place: Int, _ attributes: Attributes) -> UInt64 {
    World.pendingTable(pe + 4 * place) | attributes.bits
  }

  private func takeOnRedistributor(_ step: Step) {
    switch step {
    case .propbaser(let pe, let base, let attributes):
      world.write(.gicr(pe), GICR.PROPBASER.offset, propbaser(base, attributes), attributes)
    case .pendbaser(let pe, let place, let tableIsZero, let attributes):
      let value = pendbaser(pe, place, attributes) | (tableIsZero ? 1 << 62 : 0)
      world.write(.gicr(pe), GICR.PENDBASER.offset, value, attributes)
    case .enableLPIs(let pe, let on, let deselected0, let deselected1):
      let groups: UInt64 = (deselected0 ? 1 << 24 : 0) | (deselected1 ? 1 << 25 : 0)
      world.write(.gicr(pe), GICR.CTLR.offset, groups | (on ? 1 : 0), size: 4)
    case .sleep(let pe, let asleep):
      world.write(.gicr(pe), GICR.WAKER.offset, asleep ? 2 : 0, size: 4)
    case .direct(let pe, let offset, let intid):
      world.write(.gicr(pe), offset, UInt64(intid), size: 8)
    case .ignored(let frame, let offset, let value, let size):
      world.write(frame, offset, value, size: size)
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }

  private func takeOnPE(_ step: Step) {
    switch step {
    case .groups(let group0, let group1):
      world.write(.gicd, GICD.CTLR.offset, (group0 ? 1 : 0) | (group1 ? 2 : 0), size: 4)
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
    case .route(let spi, let value): world.write(.gicd, 0x6000 + 8 * spi, value)
    case .input(let pe, let intid, let high): world.input(intid, high, pe: pe)
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }
}

// The reference's side.
extension ReferenceRun {
  private func takeOnReference(_ step: Step) -> ReferenceMachine.Answer {
    switch step {
    case .msi(let n, let device, let event): return reference.msi(n, device, event)
    case .acknowledge(let pe, let group1):
      let intid = reference.acknowledge(pe, group1: group1)
      return ReferenceMachine.Answer(kind: "IAR", intid: UInt32(intid))
    case .handle(let pe):
      let group1 = reference.pes[pe].lines != .fiq
      let intid = UInt32(reference.acknowledge(pe, group1: group1))
      reference.endOfInterrupt(intid, pe, group1: group1)
      if reference.pes[pe].eoiMode { reference.deactivate(intid, pe) }
      return ReferenceMachine.Answer(kind: "IAR", intid: intid)
    case .commands(let n, let commands):
      if reference.its[n].waiting.count < 2000 { reference.command(n, commands) }
    case .retry(let n):
      if reference.its[n].showsStall, !reference.its[n].waiting.isEmpty {
        reference.its[n].waiting[0] = .sync(0)
      }
      reference.ring(n, retry: true)
    case .configure(let table, let intid, let byte): reference.ram.bytes[table][intid] = byte
    case .addPage(let n, let page):
      if shape.isIndirect { reference.ram.store(.levelOne(page, .present), its: n) }
    case .corrupt(let n, let corruptions):
      let wasEnabled = reference.its[n].enabled
      if !shape.isKVM { reference.enable(n, false) }
      for corruption in corruptions { reference.ram.store(corruption, its: n) }
      if !shape.isKVM { reference.enable(n, wasEnabled) }
    case .enableITS(let n, let on): reference.enable(n, on)
    case .table(let n, let table, let valid, let attributes):
      let wasEnabled = reference.its[n].enabled
      reference.enable(n, false)
      reference.setTable(n, table, baser(n, table, valid, attributes))
      reference.enable(n, wasEnabled)
    case .flush:
      if shape.isKVM { reference.savePendingTables() }
      for pe in 0..<shape.pes where !shape.isKVM { reference.flush(pe) }
    case .held, .ignored: break
    case .propbaser, .pendbaser, .enableLPIs, .sleep, .direct:
      takeOnReferenceRedistributor(step)
    default: takeOnReferencePE(step)
    }
    return ReferenceMachine.Answer(kind: "done")
  }

  private func takeOnReferenceRedistributor(_ step: Step) {
    switch step {
    case .propbaser(let pe, let base, let attributes):
      // KVM has one register for all, which any PE without LPIs may write.
      guard !reference.pes[pe].lpisEnabled else { return }
      let raw = propbaser(base, attributes)
      for index in reference.pes.indices where index == pe || shape.isKVM {
        reference.pes[index].properties = base
        reference.pes[index].lpiBasers[0] = ReferenceRegister.lpiBaser(raw, isKVM: shape.isKVM)
      }
    case .pendbaser(let pe, let place, let tableIsZero, let attributes):
      guard !reference.pes[pe].lpisEnabled else { return }
      (reference.pes[pe].pendingTable, reference.pes[pe].tableIsZero) =
        (pe + shape.pes * place, tableIsZero)
      let kept = pendbaser(pe, place, attributes) | (tableIsZero && reference.isQEMU ? 1 << 62 : 0)
      reference.pes[pe].lpiBasers[1] = ReferenceRegister.lpiBaser(kept, isKVM: shape.isKVM)
    case .enableLPIs(let pe, let on, let deselected0, let deselected1):
      reference.controlRedistributor(pe, lpis: on, deselected0, deselected1)
    case .sleep(let pe, let asleep): reference.sleep(pe, asleep)
    case .direct(let pe, let offset, let intid): reference.direct(pe, offset, intid)
    default: preconditionFailure("\(step) is taken elsewhere")
    }
  }

  private func takeOnReferencePE(_ step: Step) {
    switch step {
    case .groups(let group0, let group1):
      // KVM has one enable, which EnableGrp1 writes.
      (reference.group0, reference.group1) = (shape.isKVM ? group1 : group0, group1)
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
  }
}

extension World {
  /// A store by guest software into an ITS table. What is not valid is not zero either.
  func store(_ corruption: Corruption, its n: Int, _ shape: ProgramShape) {
    switch corruption {
    case .levelOne(let page, let entry):
      let target = entry == .outside ? ReferenceRAM.nowhere : World.levelTwo(n, page: Int(page))
      store(World.deviceTable(n) + UInt64(page) * 8, target | (entry == .hole ? 0 : 1 << 63))
    case .device(let id, let device):
      let entry = DTE(itt: device.map { ITT(base: $0.itt, eventIDBits: $0.bits) })
      let raw = device == nil ? World.itt(n, 0) | 4 : NativeFormat.encode(entry)
      store(dteAddress(id, its: n, shape), raw)
    case .event(let itt, let event, let mapping):
      let entry = ITE(
        mapping: mapping.map {
          ITE.Mapping(
            intid: INTID(rawValue: $0.intid), collection: ICID(rawValue: $0.collection))
        })
      store(itt + UInt64(event) * 8, mapping == nil ? 8192 : NativeFormat.encode(entry))
    case .collection(let id, let target):
      let entry = CTE(target: target.map { RDbase(rawValue: $0) })
      let raw = target == nil ? 1 << 16 : NativeFormat.encode(entry)
      store(World.collectionTable(n) + UInt64(id) * 8, raw)
    }
  }
  func dteAddress(_ id: UInt32, its n: Int, _ shape: ProgramShape) -> PhysicalAddress {
    let perPage = ReferenceMachine.perPage(isKVM: shape.isKVM)
    guard shape.isIndirect else { return World.deviceTable(n) + UInt64(id) * 8 }
    return World.levelTwo(n, page: Int(id / perPage)) + UInt64(id % perPage) * 8
  }
  /// A 64-bit register, whole or by its halves, the upper first.
  func write(_ frame: Frame, _ offset: Int, _ value: UInt64, _ attributes: Attributes) {
    guard attributes.inHalves else {
      write(frame, offset, value)
      return
    }
    write(frame, offset + 4, value >> 32, size: 4)
    write(frame, offset, value & 0xffff_ffff, size: 4)
  }
}
