import GICArch
import GICModel
import Testing

/// What an MSI does after a command.
private struct Fate: Equatable, Sendable {
  var device: UInt32
  var event: UInt32
  var kind: MSIOutcome.Kind
  var intid: UInt32
  var pe: UInt32
  init(
    _ device: UInt32, _ event: UInt32, _ kind: MSIOutcome.Kind, _ intid: UInt32 = 0,
    pe: UInt32 = 0
  ) {
    (self.device, self.event, self.kind, self.intid, self.pe) = (device, event, kind, intid, pe)
  }
}

private struct Rule: Sendable, CustomTestStringConvertible {
  var name: String
  var before: [ITSCommand]
  var command: ITSCommand
  var error: String?
  var after: [Fate]
  init(
    _ name: String, _ before: [ITSCommand] = [], _ command: ITSCommand, _ error: String? = nil,
    _ after: [Fate] = []
  ) {
    (self.name, self.before, self.command) = (name, before, command)
    (self.error, self.after) = (error, after)
  }
  var testDescription: String { name }
}

private func itt(_ index: Int, _ bits: Int = 5) -> ITT {
  ITT(base: World.itt(0, index), eventIDBits: bits)
}
private let device1 = ITSCommand.mapd(1, itt(1))
private let event5 = [device1, ITSCommand.mapti(1, 5, 8200, 0)]

/// The world: DeviceIDs of 16 bits, 1024 in the table; ICIDs of 12 bits, 512 in the table; EventIDs
/// of 16 bits; 2 PEs; collections 0 and 1 at PE 0 and 1.
/// - Source: Arm IHI 0069, "ITS commands", the errors listed with each.
private let rules: [Rule] = [
  Rule("MAPD binds a device", [device1], .mapti(1, 5, 8200, 0), nil, [Fate(1, 5, .set, 8200)]),
  Rule(
    "MAPD beyond the ID's width", [], .mapd(0x1_0001, itt(1)), "MAPD_DEVICE_OOR",
    [Fate(1, 0, .deviceUnmapped), Fate(0x1_0001, 0, .deviceOOR)]),
  Rule(
    "MAPD beyond the table", [], .mapd(1024, itt(1)), "MAPD_DEVICE_OOR", [Fate(1024, 0, .deviceOOR)]
  ),
  Rule("MAPD at the table's end", [], .mapd(1023, itt(1)), nil, [Fate(1023, 0, .eventUnmapped)]),
  Rule("MAPD of 16 bits of EventID", [], .mapd(1, itt(1, 16)), nil, [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPD of 17 bits", [], .mapd(1, itt(1, 17)), "MAPD_ITTSIZE_OOR", [Fate(1, 0, .deviceUnmapped)]),
  Rule(
    "MAPD of 17 bits leaves the old mapping", event5, .mapd(1, itt(2, 17)), "MAPD_ITTSIZE_OOR",
    [Fate(1, 5, .set, 8200)]),
  Rule("MAPD with V = 0 unbinds", event5, .mapd(1, nil), nil, [Fate(1, 5, .deviceUnmapped)]),
  Rule(
    "MAPD with V = 0 of an unmapped device is no error", [], .mapd(1, nil), nil,
    [Fate(1, 5, .deviceUnmapped)]),
  Rule("MAPD with V = 0 beyond the table", [], .mapd(1024, nil), "MAPD_DEVICE_OOR"),
  Rule(
    "MAPD with another ITT forgets the events", event5, .mapd(1, itt(2)), nil,
    [Fate(1, 5, .eventUnmapped)]),
  Rule(
    "MAPD with the same ITT finds them again", event5 + [.mapd(1, nil)], .mapd(1, itt(1)), nil,
    [Fate(1, 5, .set, 8200)]),
  Rule(
    "MAPD narrows a device", event5, .mapd(1, itt(1, 2)), nil,
    [Fate(1, 5, .eventOOR), Fate(1, 3, .eventUnmapped)]),
  Rule("MAPC moves a collection", event5, .mapc(0, 1), nil, [Fate(1, 5, .set, 8200, pe: 1)]),
  Rule("MAPC to no PE", event5, .mapc(0, 2), "MAPC_PROCNUM_OOR", [Fate(1, 5, .set, 8200)]),
  Rule(
    "MAPC to 65536 is not PE 0", [device1, .mapti(1, 5, 8200, 7)], .mapc(7, 0x1_0000),
    "MAPC_PROCNUM_OOR", [Fate(1, 5, .collectionUnmapped)]),
  Rule("MAPC with V = 0 unmaps", event5, .mapc(0, nil), nil, [Fate(1, 5, .collectionUnmapped)]),
  Rule(
    "MAPC again revives the events", event5 + [.mapc(0, nil)], .mapc(0, 1), nil,
    [Fate(1, 5, .set, 8200, pe: 1)]),
  Rule("MAPC beyond the ICID's width", [], .mapc(4096, 0), "MAPC_COLLECTION_OOR"),
  Rule("MAPC beyond the table", [], .mapc(512, 0), "MAPC_COLLECTION_OOR"),
  Rule(
    "MAPC at the table's end", [device1, .mapti(1, 5, 8200, 511)], .mapc(511, 1), nil,
    [Fate(1, 5, .set, 8200, pe: 1)]),
  Rule("MAPTI: the lowest LPI", [device1], .mapti(1, 0, 8192, 0), nil, [Fate(1, 0, .set, 8192)]),
  Rule(
    "MAPTI: the highest LPI", [device1], .mapti(1, 31, 65535, 1), nil,
    [Fate(1, 31, .set, 65535, pe: 1)]),
  Rule(
    "MAPTI: 8191 is no LPI", [device1], .mapti(1, 0, 8191, 0), "MAPTI_PHYSICALID_OOR",
    [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI: 65536 is too wide", [device1], .mapti(1, 0, 65536, 0), "MAPTI_PHYSICALID_OOR",
    [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI: 32 bits of INTID do not alias", [device1], .mapti(1, 0, 0x0100_2000, 0),
    "MAPTI_PHYSICALID_OOR", [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI of an unmapped device", [], .mapti(1, 0, 8192, 0), "MAPTI_UNMAPPED_DEVICE",
    [Fate(1, 0, .deviceUnmapped)]),
  Rule(
    "MAPTI of a device beyond", [device1], .mapti(0x1_0001, 0, 8192, 0), "MAPTI_DEVICE_OOR",
    [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI of an event beyond the ITT", [device1], .mapti(1, 32, 8192, 0), "MAPTI_ID_OOR",
    [Fate(1, 32, .eventOOR), Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI to a collection beyond", [device1], .mapti(1, 0, 8192, 4096), "MAPTI_COLLECTION_OOR",
    [Fate(1, 0, .eventUnmapped)]),
  Rule(
    "MAPTI before MAPC", [device1, .mapti(1, 5, 8200, 7)], .mapc(7, 1), nil,
    [Fate(1, 5, .set, 8200, pe: 1)]),
  Rule(
    "MAPTI to an unmapped collection", [device1], .mapti(1, 5, 8200, 7), nil,
    [Fate(1, 5, .collectionUnmapped)]),
  Rule(
    "MAPTI again overwrites", event5, .mapti(1, 5, 8300, 1), nil, [Fate(1, 5, .set, 8300, pe: 1)]),
  Rule(
    "MAPI: the INTID is the EventID", [.mapd(1, itt(1, 16))], .mapi(1, 8200, 1), nil,
    [Fate(1, 8200, .set, 8200, pe: 1)]),
  Rule(
    "MAPI of an event below 8192", [.mapd(1, itt(1, 16))], .mapi(1, 8191, 1), "MAPI_PHYSICALID_OOR",
    [Fate(1, 8191, .eventUnmapped)]),
  Rule("MAPI of an unmapped device", [], .mapi(1, 8200, 1), "MAPI_UNMAPPED_DEVICE"),
  Rule("MAPI of a device beyond", [], .mapi(1024, 8200, 1), "MAPI_DEVICE_OOR"),
  Rule("MAPI of an event beyond the ITT", [device1], .mapi(1, 8200, 1), "MAPI_ID_OOR"),
  Rule(
    "MAPI to a collection beyond", [.mapd(1, itt(1, 16))], .mapi(1, 8200, 4096),
    "MAPI_COLLECTION_OOR"),
  Rule(
    "MOVI gives an event another collection", event5, .movi(1, 5, 1), nil,
    [Fate(1, 5, .set, 8200, pe: 1)]),
  Rule("MOVI of an unmapped device", [], .movi(1, 5, 1), "MOVI_UNMAPPED_DEVICE"),
  Rule(
    "MOVI of a device beyond", event5, .movi(0x1_0001, 5, 1), "MOVI_DEVICE_OOR",
    [Fate(1, 5, .set, 8200)]),
  Rule(
    "MOVI of an event beyond the ITT", event5, .movi(1, 37, 1), "MOVI_ID_OOR",
    [Fate(1, 5, .set, 8200)]),
  Rule("MOVI of an unmapped event", event5, .movi(1, 6, 1), "MOVI_UNMAPPED_INTERRUPT"),
  Rule(
    "MOVI to an unmapped collection", event5, .movi(1, 5, 9), "MOVI_UNMAPPED_COLLECTION",
    [Fate(1, 5, .set, 8200)]),
  Rule(
    "MOVI from an unmapped collection", event5 + [.mapc(0, nil)], .movi(1, 5, 1),
    "MOVI_UNMAPPED_COLLECTION", [Fate(1, 5, .collectionUnmapped)]),
  Rule(
    "MOVI to a collection beyond", event5, .movi(1, 5, 4096), "MOVI_COLLECTION_OOR",
    [Fate(1, 5, .set, 8200)]),
  Rule("DISCARD unbinds an event", event5, .discard(1, 5), nil, [Fate(1, 5, .eventUnmapped)]),
  Rule(
    "DISCARD leaves the device's other events", event5 + [.mapti(1, 6, 8201, 1)], .discard(1, 5),
    nil, [Fate(1, 6, .set, 8201, pe: 1)]),
  Rule("DISCARD twice", event5 + [.discard(1, 5)], .discard(1, 5), "DISCARD_UNMAPPED_INTERRUPT"),
  Rule(
    "DISCARD, then MAPTI", event5 + [.discard(1, 5)], .mapti(1, 5, 8300, 1), nil,
    [Fate(1, 5, .set, 8300, pe: 1)]),
  Rule("DISCARD of an unmapped device", [], .discard(1, 5), "DISCARD_UNMAPPED_DEVICE"),
  Rule("DISCARD of a device beyond", [], .discard(1024, 5), "DISCARD_DEVICE_OOR"),
  Rule(
    "DISCARD of an event beyond the ITT", event5, .discard(1, 37), "DISCARD_ID_OOR",
    [Fate(1, 5, .set, 8200)]),
  Rule(
    "DISCARD in an unmapped collection", event5 + [.mapc(0, nil)], .discard(1, 5),
    "DISCARD_UNMAPPED_COLLECTION", [Fate(1, 5, .collectionUnmapped)]),
  Rule("INT makes pending", event5, .int(1, 5), nil, [Fate(1, 5, .merged, 8200)]),
  Rule("INT of an unmapped device", [], .int(1, 5), "INT_UNMAPPED_DEVICE"),
  Rule("INT of a device beyond", [], .int(0xffff_ffff, 5), "INT_DEVICE_OOR"),
  Rule("INT of an event beyond the ITT", event5, .int(1, 0xffff_ffff), "INT_ID_OOR"),
  Rule("INT of an unmapped event", event5, .int(1, 6), "INT_UNMAPPED_INTERRUPT"),
  Rule(
    "INT in an unmapped collection", event5 + [.mapc(0, nil)], .int(1, 5), "INT_UNMAPPED_COLLECTION"
  ),
  Rule(
    "CLEAR takes the pending state", event5 + [.int(1, 5)], .clear(1, 5), nil,
    [Fate(1, 5, .set, 8200)]),
  Rule("CLEAR of what is not pending", event5, .clear(1, 5), nil, [Fate(1, 5, .set, 8200)]),
  Rule("CLEAR of an unmapped device", [], .clear(1, 5), "CLEAR_UNMAPPED_DEVICE"),
  Rule("CLEAR of a device beyond", [], .clear(1024, 5), "CLEAR_DEVICE_OOR"),
  Rule("CLEAR of an event beyond the ITT", event5, .clear(1, 32), "CLEAR_ID_OOR"),
  Rule("CLEAR of an unmapped event", event5, .clear(1, 6), "CLEAR_UNMAPPED_INTERRUPT"),
  Rule(
    "CLEAR in an unmapped collection", event5 + [.int(1, 5), .mapc(0, nil)], .clear(1, 5),
    "CLEAR_UNMAPPED_COLLECTION"),
  Rule("INV of an unmapped device", [], .inv(1, 5), "INV_UNMAPPED_DEVICE"),
  Rule("INV of a device beyond", [], .inv(1024, 5), "INV_DEVICE_OOR"),
  Rule("INV of an event beyond the ITT", event5, .inv(1, 32), "INV_ID_OOR"),
  Rule("INV of an unmapped event", event5, .inv(1, 6), "INV_UNMAPPED_INTERRUPT"),
  Rule(
    "INV in an unmapped collection", event5 + [.mapc(0, nil)], .inv(1, 5), "INV_UNMAPPED_COLLECTION"
  ),
  Rule("INV of a mapped event", event5, .inv(1, 5), nil, [Fate(1, 5, .set, 8200)]),
  Rule("INVALL of a mapped collection", [], .invall(1)),
  Rule("INVALL of an unmapped collection", [], .invall(9), "INVALL_UNMAPPED_COLLECTION"),
  Rule("INVALL of a collection beyond", [], .invall(4096), "INVALL_COLLECTION_OOR"),
  Rule(
    "MOVALL moves what is pending", event5 + [.int(1, 5)], .movall(from: 0, to: 1), nil,
    [Fate(1, 5, .set, 8200)]),
  Rule(
    "MOVALL to itself", event5 + [.int(1, 5)], .movall(from: 0, to: 0), nil,
    [Fate(1, 5, .merged, 8200)]),
  Rule(
    "MOVALL from no PE", event5 + [.int(1, 5)], .movall(from: 2, to: 1), "MOVALL_PROCNUM_OOR",
    [Fate(1, 5, .merged, 8200)]),
  Rule(
    "MOVALL to no PE", event5 + [.int(1, 5)], .movall(from: 0, to: 2), "MOVALL_PROCNUM_OOR",
    [Fate(1, 5, .merged, 8200)]),
  Rule("SYNC of a PE", [], .sync(1)),
  Rule("SYNC of no PE", [], .sync(2), "SYNC_PROCNUM_OOR"),
]

private func world(_ policy: Profile.ErrorPolicy = .skip) -> World {
  var configuration = World.configuration()
  configuration.identity.collectionIDBits = 12
  configuration.profile.commandErrors = policy
  return World.booted(configuration)
}

@Test(arguments: rules)
private func `a command does what is written, or counts its error`(rule: Rule) {
  let world = world()
  world.command(rule.before)
  #expect(world.errors == [:], "what comes before is right")
  world.enqueue([QueueEntry(rule.command)])
  let changes = world.changes { world.ring() }
  #expect(world.errors == (rule.error.map { [$0: 1] } ?? [:]))
  #expect(rule.error == nil || changes == [:], "a rejected command writes nothing")
  for fate in rule.after {
    let outcome = world.translate(fate.device, fate.event)
    #expect(
      Fate(
        fate.device, fate.event, outcome.kind, outcome.intid.rawValue, pe: outcome.pe.rawValue)
        == fate)
    #expect(world.translate(fate.device, fate.event) == outcome, "asking changes nothing")
  }
  #expect(world.read(.gits(0), GITS.CREADR.offset) == world.read(.gits(0), GITS.CWRITER.offset))
  #expect(world.isConserved)
}

@Test(arguments: rules.filter { $0.error != nil })
private func `with the stall policy a rejected command holds the queue`(rule: Rule) {
  let world = world(.stall)
  world.command(rule.before)
  let slot = world.read(.gits(0), GITS.CREADR.offset)
  world.command([rule.command, .mapd(77, itt(9))])
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot | 1)
  #expect(world.read(.gits(0), GITS.CTLR.offset, size: 4) == 1, "enabled, not quiescent")
  #expect(world.translate(77, 0).kind == .deviceUnmapped)
  world.ring()
  #expect(world.read(.gits(0), GITS.CREADR.offset) == slot | 1, "without Retry it stays")
  world.ring(retry: true)
  #expect(world.errors == [rule.error!: 2], "Retry runs the same command")
  world.mend(slot: slot)
  world.ring(retry: true)
  #expect(world.read(.gits(0), GITS.CREADR.offset) == world.read(.gits(0), GITS.CWRITER.offset))
  #expect(world.translate(77, 0).kind == .eventUnmapped)
  #expect(world.isConserved)
}

@Test func `every command error has a rule, but for those that no rule produces`() {
  let produced = Set(rules.compactMap(\.error))
  let unproduced = Set(CommandError.allCases.map(\.name)).subtracting(produced)
  // A native entry is valid or not; which of the two names that has is the other one.
  #expect(
    unproduced == [
      "INT_ITE_INVALID", "CLEAR_ITE_INVALID", "INV_ITE_INVALID", "DISCARD_ITE_INVALID",
    ])
}
