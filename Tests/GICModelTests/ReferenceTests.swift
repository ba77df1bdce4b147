import Foundation
import GICArch
import GICModel
import Testing

extension ReferenceRun {
  /// Everything that can be read, held against the reference. Returns what differs.
  func difference() -> String? {
    for pe in 0..<shape.pes {
      if let text = differenceOfInterface(pe) { return text }
    }
    for n in 0..<shape.its {
      if let text = differenceOfTables(n) { return text }
    }
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
    for device in ProgramWriter.devices.prefix(6) {
      let page =
        its.pages == nil ? World.deviceTable(n) : World.levelTwo(n, page: Int(device / 512))
      let address = page + UInt64(its.pages == nil ? device : device % 512) * 8
      let entry = NativeFormat.decodeDTE(world.load(address)).itt
      let expected = its.devices[device].map { ITT(base: $0.itt, eventIDBits: $0.bits) }
      if entry != expected {
        return "DTE \(device) is \(entry as Any), expected \(expected as Any)"
      }
    }
    for index in 0..<16 {
      let itt = World.itt(n, index)
      for event in 0..<UInt32(32) {
        let entry = NativeFormat.decodeITE(world.load(itt + UInt64(event) * 8)).mapping
          .map {
            ReferenceMachine.Mapping(intid: $0.intid.rawValue, collection: $0.collection.rawValue)
          }
        if entry != reference.itts[itt]?[event] {
          return "ITE \(event) of ITT \(index): \(entry as Any)"
        }
      }
    }
    for collection in [0, 1, 2, 3, 511] as [UInt16] {
      let entry = NativeFormat.decodeCTE(
        world.load(World.collectionTable(n) + UInt64(collection) * 8)
      ).target
      if entry.map({ Int($0.rawValue) }) != its.collections[collection] {
        return "CTE \(collection)"
      }
    }
    let creadr = world.read(.gits(n), GITS.CREADR.offset)
    if (creadr & 1 == 1) != its.queueIsStalled { return "Stalled of ITS \(n) is \(creadr & 1)" }
    let distance = Int(world.read(.gits(n), GITS.CWRITER.offset)) - Int(creadr & ~1)
    let waiting = (distance + 0x1_0000) % 0x1_0000 / 32
    return waiting == its.waiting.count ? nil : "\(waiting) commands wait in ITS \(n)"
  }

  private func differenceOfCounts() -> String? {
    let statistics = world.machine.statistics()
    if !world.isConserved { return "an LPI was lost or made: \(statistics)" }
    if statistics.commandErrors != reference.errors {
      return "errors \(statistics.commandErrors), expected \(reference.errors)"
    }
    for kind in MSIOutcome.Kind.allCases {
      let count = statistics.dropped["\(kind)"] ?? 0
      if count != reference.drops[kind] ?? 0 { return "\(count) MSIs dropped as \(kind)" }
    }
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

  /// The pending tables in RAM after a flush, to the bit; the first KiB is not the redistributor's.
  func differenceOfPendingTables() -> String? {
    _ = take(.flush)
    for pe in 0..<shape.pes {
      var found: Set<UInt32> = []
      for word in 0..<UInt32(1024) {
        var bits = world.load(World.pendingTable(pe) + UInt64(word) * 8)
        while bits != 0 {
          found.insert(word * 64 + UInt32(bits.trailingZeroBitCount))
          bits &= bits - 1
        }
      }
      if found != reference.pes[pe].stored {
        return "pending table of PE \(pe): \(found.sorted()), "
          + "expected \(reference.pes[pe].stored.sorted())"
      }
    }
    return nil
  }
}

/// Runs a program. Returns the number of the step after which the two differ, and how.
private func run(_ program: [Step], _ shape: ProgramShape) -> (step: Int, text: String)? {
  let run = ReferenceRun(shape)
  for (index, step) in program.enumerated() {
    if let text = run.take(step) { return (index, text) }
    if index % 50 == 49, let text = run.difference() { return (index, text) }
  }
  return (run.difference() ?? run.differenceOfPendingTables()).map { (program.count, $0) }
}

/// Leaves out parts of a failing program, halves first, as long as what is left still fails.
private func shrink(_ program: [Step], _ shape: ProgramShape) -> [Step] {
  var program = program
  var length = program.count / 2
  while length > 0 {
    var start = 0
    while start < program.count {
      var shorter = program
      shorter.removeSubrange(start..<min(start + length, program.count))
      if run(shorter, shape) != nil { program = shorter } else { start += length }
    }
    length /= 2
  }
  return program
}

private let environment = ProcessInfo.processInfo.environment
/// One seed by its number, or the first `ITSD_SEEDS`.
private let seeds: [UInt64] =
  environment["ITSD_SEED"].flatMap { UInt64($0) }.map { [$0] }
  ?? Array(1...max(environment["ITSD_SEEDS"].flatMap { UInt64($0) } ?? 50, 1))
private let stepCount = environment["ITSD_STEPS"].flatMap { Int($0) } ?? 1000

@Test(arguments: seeds)
private func `random programs do what the reference says`(seed: UInt64) {
  let shape = ProgramShape(seed: seed)
  var writer = ProgramWriter(shape: shape, seed: seed)
  let program = writer.program(stepCount)
  guard let failure = run(program, shape) else { return }
  let short = shrink(Array(program.prefix(failure.step + 1)), shape)
  let why = run(short, shape)?.text ?? failure.text
  Issue.record(
    """
    step \(failure.step): \(failure.text)
    again: ITSD_SEED=\(seed) ITSD_STEPS=\(stepCount) swift test --filter 'random programs'
    shortest: \(why), after \(short) on \(shape)
    """)
}
