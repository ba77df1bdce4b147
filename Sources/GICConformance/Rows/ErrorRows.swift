// Chapter "errors": each command with each number that it can be rejected for. The command has no
// effect, its number is counted, and the command behind it runs. KVM keeps its numbers to itself;
// in its profile too ours are the architecture's.

import GICArch

enum ErrorRows {
  static let all: [ConformanceRow] = (always + ofOneProfile).map(row) + accepted

  /// One command that is wrong in one way. Device 2 has 8 bits of events; event 1 is LPI 8200 of
  /// collection 1, event 5 of collection 9, which is not mapped; collections 0 through 3 are PEs 0
  /// through 3. Device 7 has 16 bits of events, and none mapped.
  private struct Case: Sendable {
    var line: Int
    /// Tells apart cases of one number.
    var detail = ""
    var error: CommandError
    var command: @Sendable (World) -> QueueEntry
    var profiles = ConformanceProfile.allCases
    var machine = ""
  }

  private static func both(
    _ line: Int, _ error: CommandError, _ command: QueueEntry, detail: String = ""
  ) -> Case { Case(line: line, detail: detail, error: error, command: { _ in command }) }

  /// The four ways in which the walk to an event fails, for one command.
  private static func walk(
    _ line: Int, _ errors: (CommandError, CommandError, CommandError, CommandError),
    _ command: (UInt32, UInt32) -> QueueEntry
  ) -> [Case] {
    [
      both(line, errors.0, command(0x1_0002, 1)), both(line, errors.1, command(3, 1)),
      both(line, errors.2, command(2, 256)), both(line, errors.3, command(2, 2)),
    ]
  }

  private static let always: [Case] =
    walk(49, (.moviDeviceOOR, .moviDeviceUnmapped, .moviIDOOR, .moviUnmappedInterrupt)) {
      .movi($0, $1, 2)
    }
    + walk(31, (.intDeviceOOR, .intDeviceUnmapped, .intIDOOR, .intUnmappedInterrupt)) {
      .int($0, $1)
    }
    + walk(52, (.clearDeviceOOR, .clearDeviceUnmapped, .clearIDOOR, .clearUnmappedInterrupt)) {
      .clear($0, $1)
    }
    + walk(53, (.invDeviceOOR, .invDeviceUnmapped, .invIDOOR, .invUnmappedInterrupt)) {
      .inv($0, $1)
    }
    + walk(
      50, (.discardDeviceOOR, .discardDeviceUnmapped, .discardIDOOR, .discardUnmappedInterrupt)
    ) { .discard($0, $1) }
    + [
      both(49, .moviUnmappedCollection, .movi(2, 1, 9), detail: ", the new one"),
      both(49, .moviUnmappedCollection, .movi(2, 5, 2), detail: ", the old one"),
      both(31, .intUnmappedCollection, .int(2, 5)),
      both(50, .discardUnmappedCollection, .discard(2, 5)),
      Case(line: 32, error: .mapdDeviceOOR, command: { .mapd(0x1_0002, $0.layout.itt(1)) }),
      Case(line: 34, error: .mapdITTSizeOOR, command: { .mapd(2, $0.layout.itt(1), bits: 17) }),
      both(38, .mapcTargetOOR, .mapc(1, 4)),
      both(38, .mapcCollectionOOR, .mapc(8192, 1)),
      both(41, .maptiDeviceOOR, .mapti(0x1_0002, 1, 8300, 2)),
      both(41, .maptiDeviceUnmapped, .mapti(3, 1, 8300, 2)),
      both(41, .maptiIDOOR, .mapti(2, 256, 8300, 2)),
      both(42, .maptiPhysicalIDOOR, .mapti(2, 2, 8191, 2)),
      both(43, .mapiDeviceOOR, .mapi(0x1_0002, 8300, 2)),
      both(43, .mapiDeviceUnmapped, .mapi(3, 8300, 2)),
      both(43, .mapiIDOOR, .mapi(2, 8300, 2)),
      both(43, .mapiPhysicalIDOOR, .mapi(2, 2, 2)),
      both(55, .invallUnmappedCollection, .invall(9)),
      both(56, .movallTargetOOR, .movall(1, 4)),
    ]

  private static func narrow(
    _ line: Int, _ error: CommandError, _ command: QueueEntry
  ) -> Case {
    Case(
      line: line, detail: ", 8 bits of collections", error: error, command: { _ in command },
      profiles: [.architecture], machine: "identity: {collection_id_bits: 8}")
  }

  private static let ofOneProfile: [Case] = [
    narrow(49, .moviCollectionOOR, .movi(2, 1, 256)),
    narrow(38, .mapcCollectionOOR, .mapc(256, 2)),
    narrow(41, .maptiCollectionOOR, .mapti(2, 2, 8300, 256)),
    Case(
      line: 41, detail: ", no place in the table", error: .maptiCollectionOOR,
      command: { _ in .mapti(2, 2, 8300, 8192) }, profiles: [.kvm]),
    narrow(43, .mapiCollectionOOR, .mapi(7, 8300, 256)),
    narrow(55, .invallCollectionOOR, .invall(256)),
    Case(
      line: 58, error: .syncTargetOOR, command: { _ in .sync(4) }, profiles: [.architecture]),
    Case(
      line: 52, error: .clearUnmappedCollection, command: { _ in .clear(2, 5) },
      profiles: [.architecture]),
    Case(
      line: 53, error: .invUnmappedCollection, command: { _ in .inv(2, 5) },
      profiles: [.architecture]),
  ]

  private static func prepare(_ w: inout World) throws {
    try w.start()
    try w.mapDevice(2)
    try w.run(
      .mapti(2, 1, 8200, 1), .mapti(2, 5, 8205, 9), .mapd(7, w.layout.itt(2), bits: 16))
  }

  private static func row(_ rejected: Case) -> ConformanceRow {
    let entry = rejected.error.opcode.name
    let make = RowMaker(
      chapter: .errors, source: "IHI 0069, \(entry), command errors; Linux vgic-its.c")
    let number = String(rejected.error.rawValue, radix: 16)
    return make(
      rejected.line, "0x0\(number) \(rejected.error.name)\(rejected.detail)", rejected.profiles,
      machine: rejected.machine
    ) { w in
      try prepare(&w)
      try w.run(rejected.command(w), .int(2, 1))
      try w.expectErrors(rejected.error)
      try w.expectDrained()
      try w.expectTaken(8200, by: 1)
      for pe in 0..<4 { try w.expectNothing(at: pe) }
    }
  }

  private static let make = RowMaker(
    chapter: .errors, source: "Linux vgic-its.c, vgic_its_cmd_handle_clear, _inv")

  private static let accepted: [ConformanceRow] = [
    make(52, "CLEAR does not look at the collection", [.kvm]) { w in
      try prepare(&w)
      try w.run(.clear(2, 5))
      try w.expectErrors()
    },
    make(53, "INV does not look at the collection", [.kvm]) { w in
      try prepare(&w)
      try w.configure(8205, 0xa0)
      try w.run(.inv(2, 5), .mapc(9, 2), .int(2, 5))
      try w.expectErrors()
      try w.expectNothing(at: 2)
    },
  ]
}
