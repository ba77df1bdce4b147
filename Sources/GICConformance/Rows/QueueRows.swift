// Chapter "commands": SYNC, unknown commands, and the queue's way through errors.

import GICArch

enum QueueRows {
  static let all: [ConformanceRow] = synchronization + skipping + backlog + stalls

  private static let sync = RowMaker(
    chapter: .commands, source: "IHI 0069, SYNC; Linux vgic-its.c, vgic_its_handle_command")

  /// GICv4 commands, INVDB, VSGI and numbers that nothing has.
  private static let unknown: [UInt64] = [
    0x00, 0x02, 0x06, 0x07, 0x10, 0x20, 0x21, 0x22, 0x23, 0x25, 0x29, 0x2a, 0x2b, 0x2d, 0x2e, 0xff,
  ]

  private static let synchronization: [ConformanceRow] = [
    sync(58, "SYNC to each PE is consumed") { w in
      try w.start()
      try w.run(.sync(0), .sync(3))
      try w.expectErrors()
      try w.expect(.its(GITS.CREADR.self), 0x40)
    },
    sync(58, "SYNC to any target is a success", [.kvm]) { w in
      try w.start()
      try w.run(.sync(77))
      try w.expectErrors()
      try w.expectDrained()
    },
    sync(58, "SYNC to a PE that is not there is an error, and consumed", [.architecture]) { w in
      try w.start()
      try w.run(.sync(4))
      try w.expectErrors(.syncTargetOOR)
      try w.expectDrained()
    },
    sync(59, "unknown commands and GICv4's are consumed and change nothing") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.run(unknown.map { QueueEntry($0 | 2 << 32, 1, 1 << 63, .max) })
      try w.expectErrors(["UNKNOWN_COMMAND": UInt64(unknown.count)])
      try w.expectDrained()
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
  ]

  private static let skip = RowMaker(
    chapter: .commands,
    source: "IHI 0069, Command errors; Linux vgic-its.c, vgic_its_process_commands")

  private static let skipping: [ConformanceRow] = [
    skip(60, "an error in the middle: the rest runs, CREADR reaches CWRITER") { w in
      try w.start()
      try w.run(
        .mapd(2, w.layout.itt(0)), .mapc(1, 4), .mapc(1, 1), .mapti(9, 1, 8200, 1),
        .mapti(2, 1, 8200, 1), .discard(2, 2))
      try w.expectErrors(.mapcTargetOOR, .maptiDeviceUnmapped, .discardUnmappedInterrupt)
      try w.expect(.its(GITS.CREADR.self), 0xc0)
      try w.expectDelivery(2, 1, 8200, at: 1)
    },
    skip(61, "a queue outside RAM: commands are skipped, CREADR goes on") { w in
      try w.start()
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.end, pages: 16))
      try w.write(.its(GITS.CTLR.self), 1)
      try w.write(.its(GITS.CWRITER.self), 0x80)
      try w.expect(.its(GITS.CREADR.self), 0x80)
      try w.expectErrors(["UNREACHABLE_SLOT": 4])
    },
    skip(61, "a queue that leaves RAM: what lies inside runs") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1))
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(
        .its(GITS.CBASER.self), World.cbaser(w.layout.end - 0x1_0000, pages: 32))
      try w.write(.its(GITS.CTLR.self), 1)
      // The last command inside is INT of device 2, event 1; all before it are zero.
      try w.store(2 << 32 | 0x03, at: w.layout.end - 32)
      try w.store(1, at: w.layout.end - 24)
      try w.write(.its(GITS.CWRITER.self), 0x1_0040)
      try w.expect(.its(GITS.CREADR.self), 0x1_0040)
      try w.expectTaken(8200, by: 1)
    },
  ]

  private static let backlog: [ConformanceRow] = [
    skip(62, "2048 commands at one CWRITER write") { w in
      try w.start(queuePages: 32)
      try w.mapDevice(2, bits: 16)
      try w.run((0..<2048).map { .mapti(2, $0, 8192 + $0, UInt16($0 % 4)) })
      try w.expectDrained()
      try w.expectErrors()
      try w.expectDelivery(2, 0, 8192, at: 0)
      try w.expectDelivery(2, 2047, 8192 + 2047, at: 3)
    },
    skip(63, "disabled with commands waiting: they wait, and run once when enabled") { w in
      try w.start()
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.expectTaken(8200, by: 1)
      let position = try w.read(.its(GITS.CREADR.self))
      try w.write(.its(GITS.CTLR.self), 0)
      try w.run(.mapti(2, 2, 8201, 2), .int(2, 2))
      try w.expect(.its(GITS.CREADR.self), position)
      try w.expectNothing(at: 2)
      try w.write(.its(GITS.CTLR.self), 1)
      try w.expectDrained()
      try w.expectTaken(8201, by: 2)
      try w.expectNothing(at: 1)
      try w.expect("INT commands done", try w.target.statistics().commands["INT"], is: 2)
    },
  ]

  private static let stall = RowMaker(
    chapter: .commands,
    source: "IHI 0069, GITS_CREADR.Stalled, GITS_CWRITER.Retry; Arm 101206, Command errors")
  private static let stalling = "profile: {command_errors: stall}"

  /// A queue that stands at MAPTI of device 2, which is not mapped; an INT waits behind it.
  private static func stallAtMAPTI(_ w: inout World) throws {
    try w.start()
    try w.run(.mapc(1, 1), .mapti(2, 1, 8200, 1), .int(2, 1), .sync(0))
  }

  /// A queue of which the first 64 KiB are the last of RAM; CWRITER is two slots beyond.
  private static func runOutOfRAM(
    _ w: inout World, after store: (inout World) throws -> Void = { _ in }
  ) throws {
    try w.start()
    try store(&w)
    try w.write(.its(GITS.CTLR.self), 0)
    try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.end - 0x1_0000, pages: 32))
    try w.write(.its(GITS.CTLR.self), 1)
    try w.write(.its(GITS.CWRITER.self), 0x1_0040)
  }

  /// Each unknown command stalls; a SYNC in its place and Retry let the INT behind it run, once.
  private static func mendUnknown(_ w: inout World) throws {
    try w.start()
    try w.mapDevice(2)
    try w.run(.mapti(2, 1, 8200, 1))
    for (index, opcode) in unknown.enumerated() {
      let slot = w.tails[0]
      try w.run([QueueEntry(opcode | 2 << 32, 1, 1 << 63, .max), .int(2, 1)])
      try w.expect(.its(GITS.CREADR.self), UInt64(slot) | 1)
      try w.expect(.its(GITS.CTLR.self), 1)
      try w.expectErrors(["UNKNOWN_COMMAND": UInt64(index + 1)])
      try w.expectNothing(at: 1)
      let tail = w.tails[0]
      w.tails[0] = slot
      try w.queue([.sync(1)])
      w.tails[0] = tail
      try w.write(.its(GITS.CWRITER.self), UInt64(tail) | 1)
      try w.expectDrained()
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
      try w.expectTaken(8200, by: 1)
      try w.expectNothing(at: 1)
    }
    try w.expect(
      "INT commands done", try w.target.statistics().commands["INT"], is: UInt64(unknown.count))
  }

  private static let stalls: [ConformanceRow] = [
    stall(60, "stall: CREADR stands at the slot with Stalled", [.architecture], machine: stalling) {
      w in
      try stallAtMAPTI(&w)
      try w.expect(.its(GITS.CREADR.self), 0x21)
      try w.expectErrors(.maptiDeviceUnmapped)
    },
    stall(60, "stall: the ITS is not quiescent", [.architecture], machine: stalling) { w in
      try stallAtMAPTI(&w)
      try w.expect(.its(GITS.CTLR.self), 1)
    },
    stall(60, "stall: MSIs go on", [.architecture], machine: stalling) { w in
      try w.start()
      try w.mapDevice(7)
      try w.run(.mapti(7, 1, 8210, 1), .discard(9, 9))
      try w.expectDelivery(7, 1, 8210, at: 1)
    },
    stall(
      60, "stall: CWRITER without Retry leaves it standing", [.architecture], machine: stalling
    ) { w in
      try stallAtMAPTI(&w)
      try w.run(.sync(1))
      try w.expect(.its(GITS.CREADR.self), 0x21)
    },
    stall(
      60, "stall: Retry of what is still wrong stalls again", [.architecture], machine: stalling
    ) { w in
      try stallAtMAPTI(&w)
      try w.write(.its(GITS.CWRITER.self), 0x81)
      try w.expect(.its(GITS.CREADR.self), 0x21)
      try w.expectErrors(.maptiDeviceUnmapped, .maptiDeviceUnmapped)
    },
    stall(
      60, "stall: after a fix Retry goes on, and the rest runs once", [.architecture],
      machine: stalling
    ) { w in
      try stallAtMAPTI(&w)
      // The command itself is made right in the queue: MAPD where MAPTI was, then MAPTI.
      w.tails[0] = 0x20
      try w.queue([.mapd(2, w.layout.itt(0)), .mapti(2, 1, 8200, 1), .int(2, 1)])
      try w.write(.its(GITS.CWRITER.self), 0x81)
      try w.expect(.its(GITS.CREADR.self), 0x80)
      try w.expect(.its(GITS.CTLR.self), 0x8000_0001)
      try w.expectTaken(8200, by: 1)
      try w.expectNothing(at: 1)
      try w.expect("INT commands done", try w.target.statistics().commands["INT"], is: 1)
      try w.expectErrors(.maptiDeviceUnmapped)
    },
    stall(
      61, "stall: a slot that cannot be read holds the queue", [.architecture],
      machine: "profile: {command_fetch_faults: stall}"
    ) { w in
      try runOutOfRAM(&w)
      try w.expect(.its(GITS.CREADR.self), 0x1_0001)
      // What lies inside is no command, and this choice does not stall for that.
      try w.expectErrors(["UNKNOWN_COMMAND": 2048, "UNREACHABLE_SLOT": 1])
    },
    stall(
      61, "stall: a slot that cannot be read is an error too; Retry stalls there again",
      [.architecture], machine: stalling
    ) { w in
      try runOutOfRAM(&w) { w in
        for slot in 0..<2048 {
          try w.store(0x05, at: w.layout.end - 0x1_0000 + UInt64(slot * 32))
        }
      }
      try w.expect(.its(GITS.CREADR.self), 0x1_0001)
      try w.expect(.its(GITS.CTLR.self), 1)
      try w.write(.its(GITS.CWRITER.self), 0x1_0041)
      try w.expect(.its(GITS.CREADR.self), 0x1_0001)
      try w.expectErrors(["UNREACHABLE_SLOT": 2])
      // A queue in RAM is the mend.
      try w.write(.its(GITS.CTLR.self), 0)
      try w.write(.its(GITS.CBASER.self), World.cbaser(w.layout.queue(0), pages: 16))
      w.tails[0] = 0
      try w.write(.its(GITS.CTLR.self), 1)
      try w.mapDevice(2)
      try w.run(.mapti(2, 1, 8200, 1), .int(2, 1))
      try w.expectDrained()
      try w.expectTaken(8200, by: 1)
    },
    stall(
      59, "stall: every unknown command holds the queue until it is mended", [.architecture],
      machine: stalling
    ) { w in try mendUnknown(&w) },
    stall(
      59, "stall: an unknown command holds the queue with time too", [.architecture],
      machine: "clock: timed\n" + stalling
    ) { w in try mendUnknown(&w) },
    stall(
      61, "stall: a table entry that cannot be reached holds the queue", [.architecture],
      machine: "profile: {table_faults: stall}"
    ) { w in
      try w.start()
      try w.run(.mapd(2, w.layout.end - 0x100), .mapc(1, 1), .mapti(2, 32, 8200, 1), .sync(0))
      try w.expect(.its(GITS.CREADR.self), 0x41)
    },
  ]
}
