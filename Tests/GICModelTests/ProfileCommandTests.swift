// What the profiles make of commands: one row a choice, one answer a profile. `kvm` and
// `architecture` are the two of the documentation; where they agree no choice is needed, and no
// row.

import GICArch
import Testing

@testable import GICModel

/// A driver's world with the choices of a base, and device 1 with LPIs 8192 on at PE 0, all
/// enabled.
func profiled(
  _ base: Profile.Base, pes: Int = 3, its: Int = 1, mapped: Int = 2,
  _ change: (inout MachineConfiguration) -> Void = { _ in }
) -> World {
  var configuration = World.configuration(pes: pes, its: its)
  configuration.profile = Profile(base: base)
  change(&configuration)
  let world = World.booted(configuration)
  if mapped > 0 { world.mapLPIs(Array(repeating: 0xa1, count: mapped)) }
  return world
}

/// One rule that the profiles answer differently. What is seen is a list of words.
struct ProfileRow: Sendable, CustomTestStringConvertible {
  var name: String
  var kvm: [String]
  var architecture: [String]
  var see: @Sendable (World) -> [String]
  var testDescription: String { name }
}

extension World {
  /// What an MSI of device 1 came to, and where.
  func outcome(_ event: UInt32, device: UInt32 = 1) -> String {
    let outcome = msi(device, event)
    switch outcome.kind {
    case .set, .merged: return "\(outcome.kind) \(outcome.intid) at \(outcome.pe.index)"
    default: return "\(outcome.kind)"
    }
  }
  /// The PEs at which the LPI is acknowledged now, of the first three.
  func takers(_ intid: INTID = 8192) -> String {
    let found = machine.configuration.shape.affinities.indices.filter {
      get(.hppir1, pe: $0) == UInt64(intid.rawValue)
    }
    return "at " + (found.isEmpty ? "none" : found.map(String.init).joined(separator: " "))
  }
}

private let event0: EventID = 0
private let event1: EventID = 1

private let commandRows: [ProfileRow] = [
  ProfileRow(
    name: "36: MAPD V=0 zeroes the DTE; what is pending goes with KVM",
    kvm: ["at none", "deviceUnmapped"], architecture: ["at 0", "deviceUnmapped"]
  ) { world in
    world.msi(1, 0)
    world.command(.mapd(1, nil))
    return [world.takers(), world.outcome(0)]
  },
  ProfileRow(
    name: "35: MAPD again on a live device",
    kvm: ["eventUnmapped"], architecture: ["set 8192 at 0"]
  ) { world in
    world.command(world.mapd(1, itt: 1))
    return [world.outcome(0)]
  },
  ProfileRow(
    name: "38: MAPC to another PE, with an LPI pending",
    kvm: ["at 1", "merged 8192 at 1"], architecture: ["at 0", "set 8192 at 1"]
  ) { world in
    world.msi(1, 0)
    world.command(.mapc(0, 1))
    return [world.takers(), world.outcome(0)]
  },
  ProfileRow(
    name: "40: MAPC V=0 then V=1",
    kvm: ["collectionUnmapped", "collectionUnmapped"],
    architecture: ["collectionUnmapped", "set 8192 at 0"]
  ) { world in
    world.command(.mapc(0, nil))
    let dead = world.outcome(0)
    world.command(.mapc(0, 0))
    return [dead, world.outcome(0)]
  },
  ProfileRow(
    name: "40: an orphan is not mapped, moved or discarded; MAPD V=0 ends it",
    kvm: ["collectionUnmapped", "collectionUnmapped", "set 8200 at 0"],
    architecture: ["set 8200 at 1", "set 8192 at 0", "set 8200 at 0"]
  ) { world in
    world.command([.mapc(0, nil), .mapc(0, 0)])
    world.command([.movi(1, 0, 1), .mapti(1, 0, 8200, 1)])
    let first = world.outcome(0)
    world.command([.discard(1, 0), .mapti(1, 0, 8192, 0)])
    let second = world.outcome(0)
    world.command([.mapd(1, nil), world.mapd(1, itt: 1), .mapti(1, 0, 8200, 0)])
    return [first, second, world.outcome(0)]
  },
  ProfileRow(
    name: "44: MAPTI of a mapped event",
    kvm: ["set 8192 at 0"], architecture: ["set 8300 at 1"]
  ) { world in
    world.command(.mapti(1, 0, 8300, 1))
    return [world.outcome(0)]
  },
  ProfileRow(
    name: "45: MAPTI to an unmapped ICID whose table has no place for it",
    kvm: ["eventUnmapped"], architecture: ["collectionUnmapped"]
  ) { world in
    world.command(.mapti(1, 5, 8300, 9000))
    return [world.outcome(5)]
  },
  ProfileRow(
    name: "47: MAPTI with the pending bit set in the target's table",
    kvm: ["at 0", "RAM false"], architecture: ["at none", "RAM true"]
  ) { world in
    world.configure(8400, 0xa1)
    world.setPendingInRAM(8400, pe: 0)
    world.command(.mapti(1, 6, 8400, 0))
    return [world.takers(8400), "RAM \(world.isPendingInRAM(8400, pe: 0))"]
  },
  ProfileRow(
    name: "50: DISCARD of one of two events of an LPI, which is pending",
    kvm: ["at 0", "at none"], architecture: ["at none", "at none"]
  ) { world in
    world.command(.mapti(1, 4, 8192, 0))
    world.msi(1, 0)
    world.command(.discard(1, 4))
    let first = world.takers()
    world.command(.discard(1, 0))
    return [first, world.takers()]
  },
  ProfileRow(
    name: "49, 52: CLEAR and INV with the collection unmapped",
    kvm: ["[:]", "at none"],
    architecture: ["CLEAR_UNMAPPED_COLLECTION INV_UNMAPPED_COLLECTION", "at 0"]
  ) { world in
    world.msi(1, 0)
    world.command([.mapc(0, nil), .clear(1, 0), .inv(1, 0)])
    let errors = world.errors.keys.sorted()
    return [errors.isEmpty ? "[:]" : errors.joined(separator: " "), world.takers()]
  },
  ProfileRow(
    name: "55: INVALL reads only what is targeted at its PE",
    kvm: ["at 0", "at none"], architecture: ["at 0", "at 1"]
  ) { world in
    world.command(.mapti(1, 3, 8300, 1))
    world.configure(8192, 0xa0)
    world.command(.inv(1, 0))
    _ = (world.msi(1, 0), world.msi(1, 3))
    world.configure(8192, 0xa1)
    world.configure(8300, 0xa1)
    world.command(.invall(0))
    return [world.takers(8192), world.takers(8300)]
  },
  ProfileRow(
    name: "56: MOVALL takes what is at a third PE along",
    kvm: ["at 1", "at 1"], architecture: ["at 1", "at 2"]
  ) { world in
    world.configure(8300, 0xa1)
    world.command(.mapti(1, 3, 8300, 2))
    _ = (world.msi(1, 0), world.msi(1, 3))
    world.command(.movall(from: 0, to: 1))
    let answer = [world.takers(8192)]
    _ = world.get(.iar1, pe: 1)
    return answer + [world.takers(8300)]
  },
  ProfileRow(
    name: "57: after MOVALL an event goes where its LPI is, or where its collection is",
    kvm: ["set 8192 at 1", "set 8500 at 0"], architecture: ["set 8192 at 0", "set 8500 at 0"]
  ) { world in
    world.command([.movall(from: 0, to: 1), .mapti(1, 7, 8500, 0)])
    return [world.outcome(0), world.outcome(7)]
  },
  ProfileRow(
    name: "69: one INTID on two events of two PEs",
    kvm: ["set 8192 at 0", "merged 8192 at 0"], architecture: ["set 8192 at 0", "set 8192 at 1"]
  ) { world in
    world.command(.mapti(1, 4, 8192, 1))
    return [world.outcome(0), world.outcome(4)]
  },
  ProfileRow(
    name: "33: a DTE that guest software wrote itself",
    kvm: ["deviceUnmapped"], architecture: ["eventUnmapped"]
  ) { world in
    world.store(World.deviceTable(0) + 8 * 9, 1 << 63 | World.itt(0, 9) | 4)
    return [world.outcome(0, device: 9)]
  },
  ProfileRow(
    name: "37: an ITT outside RAM: its events only",
    kvm: ["eventUnmapped", "set 8192 at 0"], architecture: ["memoryFault", "set 8192 at 0"]
  ) { world in
    world.command([
      .mapd(8, ITT(base: 0x1_0000_0000, eventIDBits: 4)), .mapti(8, 0, 8300, 0),
    ])
    return [world.outcome(0, device: 8), world.outcome(0)]
  },
]

@Test(arguments: commandRows)
func `a command does what its profile says`(row: ProfileRow) {
  #expect(row.see(profiled(.kvm)) == row.kvm, "kvm")
  #expect(row.see(profiled(.architecture)) == row.architecture, "architecture")
}

/// What a command leaves in RAM: nothing with KVM, but the zeros that a restore must find.
@Test(arguments: [Profile.Base.kvm, .architecture])
func `tables in the ITS are not written by commands`(base: Profile.Base) {
  let world = profiled(base, mapped: 0)
  let queue = World.queue(0)..<World.queue(0) + 0x1_0000
  func written(_ commands: [ITSCommand]) -> [PhysicalAddress] {
    world.changes { world.command(commands) }.keys.filter { !queue.contains($0) }.sorted()
  }
  let (dte, ite) = (World.deviceTable(0) + 8, World.itt(0, 1))
  let map = written([world.mapd(1, itt: 1), .mapti(1, 0, 8192, 0), .mapc(9, 1)])
  #expect(map == (base == .kvm ? [] : [dte, World.collectionTable(0) + 72, ite]))
  // A save writes them; then DISCARD and MAPD with V = 0 must zero them.
  for address in [dte, ite] { world.store(address, 0x1234) }
  #expect(written([.discard(1, 0)]) == [ite])
  #expect(world.load(ite) == 0)
  #expect(written([.mapd(1, nil)]) == [dte])
  #expect(world.load(dte) == 0)
  #expect(world.errors == [:])
}

/// MAPTI with KVM wants both LPI tables; the architecture's reads what it can.
@Test(
  arguments: [Profile.Base.kvm, .architecture], [GICR.PROPBASER.offset, GICR.PENDBASER.offset])
func `MAPTI and unreadable LPI tables`(base: Profile.Base, offset: Int) {
  let world = profiled(base, mapped: 0)
  world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
  world.write(.gicr(1), GICR.CTLR.offset, 0, size: 4)
  world.write(.gicr(2), GICR.CTLR.offset, 0, size: 4)
  world.write(.gicr(0), offset, 0x7_0000_0000 | 15)
  world.command([world.mapd(1, itt: 1), .mapti(1, 0, 8192, 0)])
  let kind = world.translate(1, 0).kind
  #expect(kind == (base == .kvm ? .eventUnmapped : .lpisDisabled))
}

/// PROPBASER.IDbits 13 allows 14-bit INTIDs: up to 16383.
@Test(arguments: [Profile.Base.kvm, .architecture, .qemu])
func `42: MAPTI and PROPBASER's width`(base: Profile.Base) {
  let world = profiled(base, mapped: 0)
  for pe in 0..<3 { world.write(.gicr(pe), GICR.CTLR.offset, 0, size: 4) }
  for pe in 0..<3 {
    world.write(.gicr(pe), GICR.PROPBASER.offset, World.propertyTable(0) | 13)
    world.write(.gicr(pe), GICR.CTLR.offset, 1, size: 4)
  }
  world.command([
    world.mapd(1, itt: 1), .mapti(1, 0, 8191, 0), .mapti(1, 1, 8192, 0), .mapti(1, 2, 16383, 0),
    .mapti(1, 3, 16384, 0),
  ])
  let kinds = (0..<4).map { world.translate(1, UInt32($0)).kind }
  let last: MSIOutcome.Kind = base == .kvm ? .eventUnmapped : .intidOOR
  #expect(kinds == [.eventUnmapped, .set, .set, last])
}

/// What a fault costs: QEMU stalls on an entry outside RAM, and skips everything else.
@Test(arguments: [
  (Profile.ErrorPolicy.skip, Profile.ErrorPolicy.skip, [false, false, false]),
  (.skip, .stall, [false, true, false]), (.stall, .skip, [true, true, false]),
])
func `faults skip or stall`(
  errors: Profile.ErrorPolicy, tables: Profile.ErrorPolicy, stalls: [Bool]
) {
  let faults: [ITSCommand] = [.int(77, 0), .mapti(8, 0, 8300, 0), .sync(0)]
  for (fault, stall) in zip(faults, stalls) {
    let world = profiled(.architecture) {
      ($0.profile.commandErrors, $0.profile.tableFaults) = (errors, tables)
    }
    world.command(.mapd(8, ITT(base: 0x1_0000_0000, eventIDBits: 4)))
    let before = world.read(.gits(0), GITS.CREADR.offset)
    world.command([fault, .sync(0)])
    let after = world.read(.gits(0), GITS.CREADR.offset)
    #expect(after == (stall ? before | 1 : before + 64))
  }
}

@Test(arguments: [Profile.ErrorPolicy.skip, .stall])
func `61: a queue outside RAM`(policy: Profile.ErrorPolicy) {
  let world = profiled(.architecture) { $0.profile.commandFetchFaults = policy }
  world.write(.gits(0), GITS.CTLR.offset, 0, size: 4)
  world.write(.gits(0), GITS.CBASER.offset, 1 << 63 | 0x1_0000_0000 | 15)
  world.write(.gits(0), GITS.CTLR.offset, 1, size: 4)
  world.write(.gits(0), GITS.CWRITER.offset, 96)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == (policy == .stall ? 1 : 96))
}

@Test func `INVALL of an unmapped collection`() {
  for (base, wanted) in [
    (Profile.Base.qemu, "at 0"), (.architecture, "at none"), (.kvm, "at none"),
  ] {
    let world = profiled(base, mapped: 0)
    world.mapLPIs([0xa0])
    world.msi(1, 0)
    world.configure(8192, 0xa1)
    world.command(.invall(40))
    #expect(world.takers() == wanted, "\(base)")
  }
}
