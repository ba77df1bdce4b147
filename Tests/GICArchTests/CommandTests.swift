import GICArch
import Testing

/// One row per line of the architecture's command tables. The doublewords are written from the
/// document's figures, not by the encoder; RES0 bits are 0.
private let encodings: [(name: String, entry: QueueEntry, means: ITSCommand)] = [
  (
    "MOVI: DeviceID DW0[63:32], EventID DW1[31:0], ICID DW2[15:0]",
    QueueEntry(0x8765_4321_0000_0001, 0x0000_0000_1122_3344, 0x0000_0000_0000_beef),
    .movi(device(0x8765_4321), event(0x1122_3344), icid(0xbeef))
  ),
  (
    "INT: DeviceID, EventID",
    QueueEntry(0x0000_0007_0000_0003, 0x0000_0000_0000_0005), .int(device(7), event(5))
  ),
  (
    "CLEAR: DeviceID, EventID",
    QueueEntry(0xffff_ffff_0000_0004, 0x0000_0000_ffff_ffff),
    .clear(device(0xffff_ffff), event(0xffff_ffff))
  ),
  (
    "SYNC: RDbase DW2[51:16]",
    QueueEntry(0x0000_0000_0000_0005, 0, 0x0000_0000_0003_0000), .sync(target(3))
  ),
  (
    "SYNC with every RDbase bit",
    QueueEntry(0x0000_0000_0000_0005, 0, 0x000f_ffff_ffff_0000), .sync(target(0xf_ffff_ffff))
  ),
  (
    "MAPD: Size DW1[4:0] is bits less one, ITT_addr DW2[51:8], V DW2[63]",
    QueueEntry(0x0000_2200_0000_0008, 0x0000_0000_0000_0004, 0x8000_0000_4266_1200),
    .mapd(device(0x2200), ITT(base: 0x4266_1200, eventIDBits: 5))
  ),
  (
    "MAPD of the highest ITT and the widest EventID",
    QueueEntry(0x0000_0001_0000_0008, 0x0000_0000_0000_001f, 0x800f_ffff_ffff_ff00),
    .mapd(device(1), ITT(base: 0xf_ffff_ffff_ff00, eventIDBits: 32))
  ),
  ("MAPD with V = 0", QueueEntry(0x0000_0007_0000_0008), .mapd(device(7), nil)),
  (
    "MAPC: ICID DW2[15:0], RDbase DW2[51:16], V DW2[63]",
    QueueEntry(0x0000_0000_0000_0009, 0, 0x8000_0000_0102_0003), .mapc(icid(3), target(0x102))
  ),
  (
    "MAPC with V = 0",
    QueueEntry(0x0000_0000_0000_0009, 0, 0x0000_0000_0000_0003), .mapc(icid(3), nil)
  ),
  (
    "MAPTI: pINTID DW1[63:32]",
    QueueEntry(0x0000_0100_0000_000a, 0x0000_2000_0000_0002, 0x0000_0000_0000_0001),
    .mapti(device(0x100), event(2), INTID(rawValue: 8192), icid(1))
  ),
  (
    "MAPI: DeviceID, EventID, ICID",
    QueueEntry(0x0000_0100_0000_000b, 0x0000_0000_0000_2001, 0x0000_0000_0000_ffff),
    .mapi(device(0x100), event(0x2001), icid(0xffff))
  ),
  (
    "INV: DeviceID, EventID",
    QueueEntry(0x0000_0008_0000_000c, 0x0000_0000_0000_0001), .inv(device(8), event(1))
  ),
  (
    "INVALL: ICID DW2[15:0]",
    QueueEntry(0x0000_0000_0000_000d, 0, 0x0000_0000_0000_0102), .invall(icid(0x102))
  ),
  (
    "MOVALL: RDbase1 DW2[51:16], RDbase2 DW3[51:16]",
    QueueEntry(0x0000_0000_0000_000e, 0, 0x0000_0000_0001_0000, 0x0000_0000_0002_0000),
    .movall(from: target(1), to: target(2))
  ),
  (
    "DISCARD: DeviceID, EventID",
    QueueEntry(0x0000_0008_0000_000f, 0x0000_0000_0000_0003), .discard(device(8), event(3))
  ),
]

@Test(arguments: encodings)
func `commands decode as documented`(_: String, entry: QueueEntry, means: ITSCommand) {
  #expect(ITSCommand(decoding: entry) == means)
}

@Test(arguments: encodings)
func `commands encode as documented`(_: String, entry: QueueEntry, means: ITSCommand) {
  #expect(QueueEntry(means) == entry)
}

/// The bits of each doubleword that a command's table leaves RES0.
private let reservedBits: [(opcode: ITSCommand.Opcode, reserved: QueueEntry)] = [
  (.movi, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_0000, .max)),
  (.int, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, .max, .max)),
  (.clear, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, .max, .max)),
  (.sync, QueueEntry(0xffff_ffff_ffff_ff00, .max, 0xfff0_0000_0000_ffff, .max)),
  (.mapd, QueueEntry(0xffff_ff00, 0xffff_ffff_ffff_ffe0, 0x7ff0_0000_0000_00ff, .max)),
  (.mapc, QueueEntry(0xffff_ffff_ffff_ff00, .max, 0x7ff0_0000_0000_0000, .max)),
  (.mapti, QueueEntry(0xffff_ff00, 0, 0xffff_ffff_ffff_0000, .max)),
  (.mapi, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_0000, .max)),
  (.inv, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, .max, .max)),
  (.invall, QueueEntry(0xffff_ffff_ffff_ff00, .max, 0xffff_ffff_ffff_0000, .max)),
  (
    .movall,
    QueueEntry(0xffff_ffff_ffff_ff00, .max, 0xfff0_0000_0000_ffff, 0xfff0_0000_0000_ffff)
  ),
  (.discard, QueueEntry(0xffff_ff00, 0xffff_ffff_0000_0000, .max, .max)),
]

@Test(arguments: reservedBits)
func `a command's RES0 bits are ignored`(opcode: ITSCommand.Opcode, reserved: QueueEntry) {
  for row in encodings where row.means.opcode == opcode {
    let noisy = QueueEntry(
      row.entry.dw0 | reserved.dw0, row.entry.dw1 | reserved.dw1, row.entry.dw2 | reserved.dw2,
      row.entry.dw3 | reserved.dw3)
    #expect(ITSCommand(decoding: noisy) == row.means, "\(row.name)")
  }
}

@Test func `only twelve of the 256 opcodes mean something`() {
  let known: Set<UInt8> = [1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]
  for opcode in UInt8.min...UInt8.max {
    let decoded = ITSCommand(decoding: QueueEntry(UInt64(opcode), .max, .max, .max))
    #expect((decoded != nil) == known.contains(opcode), "\(opcode)")
    #expect(decoded.map(\.opcode.rawValue) == (known.contains(opcode) ? opcode : nil))
  }
  #expect(reservedBits.map(\.opcode) == ITSCommand.Opcode.allCases)
}

@Test func `decoding what was encoded gives the command back`() throws {
  var random = SplitMix64(seed: 0x0069)
  for round in 0..<2000 {
    let bits = (random.next(), random.next(), random.next(), random.next())
    for opcode in ITSCommand.Opcode.allCases {
      let entry = QueueEntry(
        bits.0 & ~0xff | UInt64(opcode.rawValue), bits.1, bits.2, bits.3)
      let command = ITSCommand(decoding: entry)
      try #require(
        command.map { ITSCommand(decoding: QueueEntry($0)) } == command, "\(round) \(opcode)")
    }
  }
}

@Test func `values wider than a field are cut to it`() {
  let itt = ITT(base: .max, eventIDBits: 33)
  #expect(
    QueueEntry(.mapd(device(0), itt)) == QueueEntry(0x08, 0, 0x800f_ffff_ffff_ff00))
  #expect(QueueEntry(.sync(target(.max))) == QueueEntry(0x05, 0, 0x000f_ffff_ffff_0000))
}

private let opcodeNames: [(ITSCommand.Opcode, String)] = [
  (.movi, "MOVI"), (.int, "INT"), (.clear, "CLEAR"), (.sync, "SYNC"), (.mapd, "MAPD"),
  (.mapc, "MAPC"), (.mapti, "MAPTI"), (.mapi, "MAPI"), (.inv, "INV"), (.invall, "INVALL"),
  (.movall, "MOVALL"), (.discard, "DISCARD"),
]

@Test(arguments: opcodeNames)
func `opcodes are called as in the manual`(opcode: ITSCommand.Opcode, name: String) {
  #expect(opcode.name == name)
}
