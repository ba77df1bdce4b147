// KVM's LPIs, one for the machine, at their edges; and what its commands leave in RAM there. The
// architecture's answer stands beside it.

import GICArch
import GICModel
import Testing

private let rows: [ProfileRow] = [
  ProfileRow(
    name: "69: an LPI whose first event has no collection waits for its target",
    kvm: ["set 8300 at 0", "merged 8300 at 0", "at none", "at 2"],
    architecture: ["set 8300 at 0", "merged 8300 at 0", "at 0", "at 0"]
  ) { world in
    world.configure(8300, 0xa1)
    world.command([.mapti(1, 4, 8300, 9), .mapti(1, 5, 8300, 0)])
    let sent = [world.outcome(5), world.outcome(5), world.takers(8300)]
    world.command(.mapc(9, 2))
    return sent + [world.takers(8300)]
  },
  ProfileRow(
    name: "52: CLEAR of an LPI that waits for its target",
    kvm: ["set 8300 at 0", "at none", "set 8300 at 2"],
    architecture: ["set 8300 at 0", "at none", "set 8300 at 0"]
  ) { world in
    world.configure(8300, 0xa1)
    world.command([.mapti(1, 4, 8300, 9), .mapti(1, 5, 8300, 0)])
    let sent = world.outcome(5)
    world.command([.clear(1, 5), .mapc(9, 2)])
    return [sent, world.takers(8300), world.outcome(5)]
  },
  ProfileRow(
    name: "50: DISCARD of the events of an LPI that waits for its target",
    kvm: ["set 8300 at 0", "at none", "at none"],
    architecture: ["set 8300 at 0", "at none", "at none"]
  ) { world in
    world.configure(8300, 0xa1)
    world.command([.mapti(1, 4, 8300, 9), .mapti(1, 5, 8300, 0)])
    let sent = world.outcome(5)
    world.command([.discard(1, 5), world.mapd(1, itt: 1)])
    let gone = world.takers(8300)
    world.command([.mapti(1, 4, 8300, 1)])
    return [sent, gone, world.takers(8300)]
  },
  ProfileRow(
    name: "56: MOVALL gives a target to LPIs that have none",
    kvm: ["at 1", "RAM true"], architecture: ["at 0", "RAM false"]
  ) { world in
    world.configure(8300, 0xa1)
    world.command([.mapti(1, 4, 8300, 9), .mapti(1, 5, 8300, 0)])
    world.command(.movall(from: 0, to: 1))
    world.msi(1, 5)
    world.machine.flushPendingTables()
    return [world.takers(8300), "RAM \(world.isPendingInRAM(8300, pe: 1))"]
  },
  ProfileRow(
    name: "53: INV of an LPI that PROPBASER has no place for any more",
    kvm: ["at 0"], architecture: ["at none"]
  ) { world in
    world.configure(40000, 0xa0)
    world.command(.mapti(1, 4, 40000, 0))
    world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
    world.write(.gicr(0), GICR.PROPBASER.offset, World.propertyTable(0) | 13)
    world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
    world.configure(40000, 0xa1)
    world.msi(1, 4)
    world.command(.inv(1, 4))
    return [world.takers(40000)]
  },
  ProfileRow(
    name: "53: INV with the configuration table outside RAM",
    kvm: ["at 0"], architecture: ["at none"]
  ) { world in
    world.write(.gicr(0), GICR.CTLR.offset, 0, size: 4)
    world.write(.gicr(0), GICR.PROPBASER.offset, 0x1_0000_0000 | 15)
    world.write(.gicr(0), GICR.CTLR.offset, 1, size: 4)
    world.msi(1, 0)
    world.command(.inv(1, 0))
    return [world.takers()]
  },
  ProfileRow(
    name: "39: MAPC V=0 of a collection that the table has no place for",
    kvm: ["no error"], architecture: ["MAPC_COLLECTION_OOR"]
  ) { world in
    world.command(.mapc(9000, nil))
    let errors = world.errors.keys.sorted()
    return [errors.isEmpty ? "no error" : errors.joined(separator: " ")]
  },
  ProfileRow(
    name: "36, 108: MAPD V=0 of a device that is not mapped zeroes its DTE",
    kvm: ["0"], architecture: ["0"]
  ) { world in
    world.store(World.deviceTable(0) + 8 * 9, 0x1234)
    world.command(.mapd(9, nil))
    return ["\(world.load(World.deviceTable(0) + 8 * 9))"]
  },
  ProfileRow(
    name: "48: MOVI leaves the ITE in RAM as it is with KVM",
    kvm: ["4660", "set 8192 at 1"], architecture: ["9223372041149751296", "set 8192 at 1"]
  ) { world in
    world.store(World.itt(0, 1), 0x1234)
    world.command(.movi(1, 0, 1))
    return ["\(world.load(World.itt(0, 1)))", world.outcome(0)]
  },
]

@Test(arguments: rows)
func `shared LPIs at their edges`(row: ProfileRow) {
  for (base, expected) in [(Profile.Base.kvm, row.kvm), (.architecture, row.architecture)] {
    let world = profiled(base)
    #expect(row.see(world) == expected, "\(base)")
    #expect(world.isConserved, "\(base)")
  }
}
