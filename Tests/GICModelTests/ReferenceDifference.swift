import GICArch
import GICModel

extension ReferenceRun {
  /// Everything that can be read, held against the reference. Returns what differs.
  func difference() -> String? {
    for pe in 0..<shape.pes {
      if let text = differenceOfInterface(pe) { return text }
    }
    for n in 0..<shape.its {
      if let text = differenceOfTables(n) { return text }
    }
    if reference.isQEMU, let text = differenceOfPendingTables() { return text }
    return differenceOfCounts()
  }

  private func differenceOfInterface(_ pe: Int) -> String? {
    let state = reference.pes[pe]
    let best = reference.highest(pe)
    func bits(_ value: (ReferenceInterrupt) -> Bool) -> UInt64 {
      (0..<32).reduce(0) { $0 | (value(state.privates[$1]) ? 1 << UInt64($1) : 0) }
    }
    let spis = (0..<32).reduce(UInt64(0)) {
      $0 | (reference.spis[UInt32($1) + 32]!.isPending ? 1 << UInt64($1) : 0)
    }
    var rows: [(String, UInt64, UInt64)] = [
      ("RPR", world.get(.rpr, pe: pe), UInt64(state.runningPriority)),
      (
        "HPPIR0", world.get(.hppir0, pe: pe),
        best.map { $0.isGroup1 ? 1023 : UInt64($0.intid) } ?? 1023
      ),
      (
        "HPPIR1", world.get(.hppir1, pe: pe),
        best.map { $0.isGroup1 ? UInt64($0.intid) : 1023 } ?? 1023
      ),
      (
        "BPR1", world.get(.bpr1, pe: pe),
        UInt64(state.cbpr ? min(state.bpr0 + 1, 7) : state.bpr1)
      ),
      ("ISPENDR0", world.read(.sgi(pe), 0x200, size: 4), bits(\.isPending)),
      ("ISACTIVER0", world.read(.sgi(pe), 0x300, size: 4), bits(\.active)),
      ("ISENABLER0", world.read(.sgi(pe), 0x100, size: 4), bits(\.enabled)),
      ("GICD_ISPENDR1", world.read(.gicd, 0x204, size: 4), spis),
    ]
    rows += (32..<64).map {
      ("GICD_IROUTER\($0)", world.read(.gicd, 0x6000 + 8 * $0), reference.spis[UInt32($0)]!.route)
    }
    for word in 0..<max(1, 8 >> state.bitsPerLevel) {
      let key = UInt32(word)
      let ap0 = SystemRegister(rawValue: SystemRegister.ap0r0.rawValue + key)
      let ap1 = SystemRegister(rawValue: SystemRegister.ap1r0.rawValue + key)
      rows += [
        ("AP0R\(word)", world.get(ap0, pe: pe), state.activePriorities(group1: false, word: word)),
        ("AP1R\(word)", world.get(ap1, pe: pe), state.activePriorities(group1: true, word: word)),
      ]
    }
    guard let row = rows.first(where: { $0.1 != $0.2 }) else { return nil }
    return "\(row.0) of PE \(pe) is \(row.1), expected \(row.2)"
  }

  private func differenceOfTables(_ n: Int) -> String? {
    let its = reference.its[n]
    let ram = reference.ram
    for device in shape.devices.prefix(6) {
      let entry = NativeFormat.decodeDTE(world.load(world.dteAddress(device, its: n, shape))).itt
      let expected = ram.devices[n][device].map { ITT(base: $0.itt, eventIDBits: $0.bits) }
      if entry != expected {
        return "DTE \(device) is \(entry as Any), expected \(expected as Any)"
      }
    }
    for index in 0..<16 {
      let itt = World.itt(n, index)
      for event in 0..<UInt32(32) {
        let entry = NativeFormat.decodeITE(world.load(itt + UInt64(event) * 8)).mapping
          .map {
            ReferenceRAM.Mapping(intid: $0.intid.rawValue, collection: $0.collection.rawValue)
          }
        if entry != ram.itts[itt]?[event] {
          return "ITE \(event) of ITT \(index): \(entry as Any)"
        }
      }
    }
    for collection in shape.collections.prefix(5) {
      let entry = NativeFormat.decodeCTE(
        world.load(World.collectionTable(n) + UInt64(collection) * 8)
      ).target
      if entry?.rawValue != ram.collections[n][collection] {
        return "CTE \(collection)"
      }
    }
    let creadr = world.read(.gits(n), GITS.CREADR.offset)
    if (creadr & 1 == 1) != its.showsStall { return "Stalled of ITS \(n) is \(creadr & 1)" }
    let distance = Int(world.read(.gits(n), GITS.CWRITER.offset)) - Int(creadr & ~1)
    let waiting = (distance + 0x1_0000) % 0x1_0000 / 32
    if waiting != its.waiting.count { return "\(waiting) commands wait in ITS \(n)" }
    return differenceOfRegisters(n)
  }

  private func differenceOfRegisters(_ n: Int) -> String? {
    let its = reference.its[n]
    let isEmpty = its.waiting.isEmpty
    let quiescent: Bool =
      switch shape.base {
      case .architecture: !its.enabled || isEmpty
      case .kvm: isEmpty
      case .qemu: true
      }
    let control = world.read(.gits(n), GITS.CTLR.offset, size: 4) & 0x8000_0001
    // EnableGrp0 and EnableGrp1; KVM has no EnableGrp0.
    let groups = (reference.group0 && !shape.isKVM ? 1 : 0) | (reference.group1 ? 2 : 0)
    var rows: [(String, UInt64, UInt64)] = [
      ("GICD_CTLR", world.read(.gicd, 0, size: 4) & 3, UInt64(groups)),
      ("GITS_CTLR", control, (its.enabled ? 1 : 0) | (quiescent ? 1 << 31 : 0)),
      ("GITS_CBASER", world.read(.gits(n), 0x80), cbaser(n)),
      ("GITS_BASER0", world.read(.gits(n), 0x100), its.basers[0]),
      ("GITS_BASER1", world.read(.gits(n), 0x108), its.basers[1]),
      ("GITS_BASER2", world.read(.gits(n), 0x110), 0),
    ]
    for pe in 0..<shape.pes {
      let state = reference.pes[pe]
      rows += [
        ("PROPBASER of PE \(pe)", world.read(.gicr(pe), 0x70), state.lpiBasers[0]),
        ("PENDBASER of PE \(pe)", world.read(.gicr(pe), 0x78), state.lpiBasers[1]),
        ("GICR_CTLR of PE \(pe)", world.read(.gicr(pe), 0, size: 4) & 0x300_0001, state.control),
        ("GICR_WAKER of PE \(pe)", world.read(.gicr(pe), 0x14, size: 4), state.isAsleep ? 6 : 0),
      ]
    }
    guard let row = rows.first(where: { $0.1 != $0.2 }) else { return nil }
    return "\(row.0) is \(String(row.1, radix: 16)), expected \(String(row.2, radix: 16))"
  }

  /// The queue has 16 pages and no attributes; KVM gives it some.
  private func cbaser(_ n: Int) -> UInt64 {
    let raw = 1 << 63 | World.queue(n) | 15
    return shape.isKVM ? ReferenceRegister.sanitised(raw, inner: 59, outer: 53) : raw
  }

  private func differenceOfCounts() -> String? {
    let statistics = world.machine.statistics()
    if !world.isConserved { return "an LPI was lost or made: \(statistics)" }
    if statistics.commands != reference.completed {
      return "done \(statistics.commands), expected \(reference.completed)"
    }
    let refused = statistics.commandErrors.values.reduce(0, +)
    let errors =
      !shape.isKVM ? statistics.commandErrors : refused > 0 ? ["refused": refused] : [:]
    if errors != reference.errors { return "errors \(errors), expected \(reference.errors)" }
    var drops: [String: UInt64] = [:]
    for kind in MSIOutcome.Kind.allCases {
      guard let count = statistics.dropped["\(kind)"] else { continue }
      drops[ReferenceMachine.name(of: kind, isKVM: shape.isKVM), default: 0] += count
    }
    if drops != reference.drops { return "drops \(drops), expected \(reference.drops)" }
    if statistics.delivered != reference.delivered { return "\(statistics.delivered) delivered" }
    if statistics.merged != reference.merged { return "\(statistics.merged) merged" }
    return differenceOfChanges()
  }

  /// Every change of a PE's lines was told, in order, and the last is what they are.
  private func differenceOfChanges() -> String? {
    for change in world.lineChanges() {
      let pe = change.pe.index
      if change.sequence != sequences[pe] + 1 || change.levels == told[pe] {
        return "line change \(change) after \(sequences[pe]), \(told[pe].rawValue)"
      }
      (sequences[pe], told[pe]) = (change.sequence, change.levels)
    }
    return told == reference.pes.map(\.lines) ? nil : "a line change was not told"
  }

  /// The pending tables in RAM, to the bit; the first KiB is not the redistributor's. They are
  /// exact after a flush, and with QEMU always.
  func differenceOfPendingTables() -> String? {
    if !reference.isQEMU { _ = take(.flush) }
    for pe in 0..<shape.pes {
      for place in 0..<2 {
        var found: Set<UInt32> = []
        for word in 0..<UInt32(1024) {
          var bits = world.load(World.pendingTable(pe + 4 * place) + UInt64(word) * 8)
          while bits != 0 {
            found.insert(word * 64 + UInt32(bits.trailingZeroBitCount))
            bits &= bits - 1
          }
        }
        let expected = reference.ram.pending[pe + shape.pes * place]
        if found != expected {
          return "pending table \(place) of PE \(pe): \(found.sorted()), "
            + "expected \(expected.sorted())"
        }
      }
    }
    return nil
  }
}
