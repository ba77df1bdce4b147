// itsctl's questions about what went wrong, asked of a running itsd.

import Foundation
import GICArch
import GICClient
import GICReport
import Testing

@testable import GICReplay

/// A guest at the other end of the socket: two PEs, one ITS, device 0x10 with 8 events.
final class Board {
  static let queue: UInt64 = 0x4000_0000
  static let devices: UInt64 = 0x4010_0000
  static let collections: UInt64 = 0x4020_0000
  static let itt: UInt64 = 0x4040_0000
  static let properties: UInt64 = 0x40c0_0000
  static let pending: UInt64 = 0x40d0_0000

  let client: Client
  private let its: UInt64 = 0x808_0000
  private let redistributors: UInt64 = 0x80a_0000
  private var cwriter: UInt64 = 0

  init(_ address: String, clock: String, profile: String = "architecture") throws {
    client = try Client(connectingTo: try Endpoint(parsing: address), name: "board")
    let configuration = "clock: \(clock)\nprofile: {base: \(profile)}\nmachine:\n  pes: 2\n"
    try client.attach(machine: "board", configuration: configuration)
    try client.mapRemote(address: 0x4000_0000, byteCount: 16 << 20)
    try client.mmioWrite(0x800_0000, 2)
    for pe: UInt64 in 0..<2 {
      try client.mmioWrite(redistributors + pe * 0x2_0000 + 0x70, Board.properties | 15, size: 8)
      let table = Board.pending + pe * 0x1_0000
      try client.mmioWrite(redistributors + pe * 0x2_0000 + 0x78, table | 1 << 62, size: 8)
      try enableLPIs(true, pe: pe)
      try set(.pmr, 0xf0, pe: UInt32(pe))
      try set(.igrpen1, 1, pe: UInt32(pe))
    }
    try client.mmioWrite(its + 0x100, 1 << 63 | Board.devices | 2 << 8, size: 8)
    try client.mmioWrite(its + 0x108, 1 << 63 | Board.collections | 2 << 8, size: 8)
    try client.mmioWrite(its + 0x80, 1 << 63 | Board.queue | 15, size: 8)
    try client.mmioWrite(its, 1)
    try property(of: 8192, 0xa1)
    let device = DeviceID(rawValue: 0x10)
    try issue([
      .mapc(ICID(rawValue: 1), RDbase(rawValue: 1)),
      .mapd(device, ITT(base: Board.itt, eventIDBits: 3)),
      .mapti(device, EventID(rawValue: 0), INTID(rawValue: 8192), ICID(rawValue: 1)),
      .mapti(device, EventID(rawValue: 1), INTID(rawValue: 8193), ICID(rawValue: 4)),
      .inv(device, EventID(rawValue: 0)),
    ])
  }

  func issue(_ commands: [ITSCommand]) throws {
    for command in commands {
      let entry = QueueEntry(command)
      var bytes: [UInt8] = []
      for word in [entry.dw0, entry.dw1, entry.dw2, entry.dw3] {
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
      }
      try client.write(bytes, to: Board.queue + cwriter)
      cwriter += UInt64(QueueEntry.byteCount)
    }
    try client.mmioWrite(its + 0x88, cwriter, size: 8)
  }
  func property(of intid: UInt64, _ byte: UInt8) throws {
    try client.write([byte], to: Board.properties + intid - 8192)
  }
  func set(_ register: SystemRegister, _ value: UInt64, pe: UInt32) throws {
    try client.systemRegisterWrite(UInt64(register.rawValue), value, pe: pe)
  }
  func enableLPIs(_ enabled: Bool, pe: UInt64) throws {
    try client.mmioWrite(redistributors + pe * 0x2_0000, enabled ? 1 : 0)
  }
}

/// itsctl's answer and exit status.
private func ask(_ arguments: [String], _ daemon: Daemon) throws -> (text: String, status: Int32) {
  let program = try Program("itsctl", arguments + ["--attach", daemon.address])
  let text = program.text()
  program.process.waitUntilExit()
  return (text, program.process.terminationStatus)
}

private struct Situation: Sendable, CustomStringConvertible {
  var description: String
  var device = "0x10"
  var event = "0"
  var change: @Sendable (Board) throws -> Void = { _ in }
  /// The line of the step at which it ends, and of its entry.
  var step: String
  var entry: String?
}

private let situations: [Situation] = [
  Situation(
    description: "unmapped device", device: "0x11",
    step: "ENDS   device entry    DeviceID 0x11 is not mapped",
    entry: "device at 0x40100088 = 0x0 (V 0x0)"),
  Situation(
    description: "event beyond the ITT", event: "8",
    step: "ENDS   EventID         EventID 0x8 is beyond the ITT",
    entry: "device at 0x40100080 = 0x8000000040400002, remembered (V 0x1, ITT 0x40400000, "
      + "EventID bits 0x3)"),
  Situation(
    description: "unmapped collection", event: "1",
    step: "ENDS   collection entry  collection 0x4 is not mapped",
    entry: "CTE at 0x40200020 = 0x0 (V 0x0)"),
  Situation(
    description: "disabled LPI",
    change: {
      try $0.property(of: 8192, 0xa0)
      try $0.issue([.inv(DeviceID(rawValue: 0x10), EventID(rawValue: 0))])
    },
    step: "WAITS  property          LPI 8192 is disabled",
    entry: "property at 0x40c00000 = 0xa0, remembered (enable 0x0, priority 0xa0)"),
  Situation(
    description: "LPIs off on the target", change: { try $0.enableLPIs(false, pe: 1) },
    step: "ENDS   redistributor     PE 1 takes no LPIs"),
  Situation(
    description: "masked PMR", change: { try $0.set(.pmr, 0x80, pe: 1) },
    step: "WAITS  priority          priority 0xa0, ICC_PMR_EL1 0x80"),
]

@Test(arguments: situations, ["functional", "timed"])
private func `itsctl explain names the step and the entry`(
  situation: Situation, clock: String
) throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: clock)
  try situation.change(board)
  let words = ["explain", "msi", situation.device, situation.event]
  let (text, status) = try ask(words, daemon)
  let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
  let place = try #require(
    lines.firstIndex {
      $0.split(separator: " ").joined(separator: " ")
        .hasPrefix(situation.step.split(separator: " ").joined(separator: " "))
    }, "\(text)")
  if let entry = situation.entry { #expect(lines[place + 1] == entry) }
  #expect(status == 1)
  let json = try ask(words + ["--json"], daemon)
  let document = try ExplanationDocument(json: Array(json.text.utf8))
  #expect(document.stage != nil)
  #expect(document.text(colored: false) == text)
  // And nothing has changed: no MSI was sent, no interrupt is there.
  let counted = try StatisticsDocument(json: try board.client.statistics())
  #expect(counted.conservation.msis == 0)
}

@Test func `an MSI that arrives is explained with status 0`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "functional")
  #expect(try ask(["explain", "msi", "16", "0x0"], daemon).text.contains("clear: nothing is pend"))
  try board.client.msi(device: 0x10, event: 0)
  let (text, status) = try ask(["explain", "msi", "16", "0"], daemon)
  #expect(text.contains("delivered: IRQ of PE 1 is high for LPI 8192"))
  #expect(status == 0)
}

@Test func `itsctl events shows what was rejected and dropped, and follows`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "timed")
  #expect(try ask(["events"], daemon).text == "no events\n")
  let follower = try Program(
    "itsctl", ["events", "--follow", "--json", "--attach", daemon.address])
  try board.issue([.inv(DeviceID(rawValue: 0x11), EventID(rawValue: 0))])
  try board.client.msi(device: 0x10, event: 5)
  try board.client.advance(to: nil, until: .idle)
  let text = try ask(["events"], daemon).text
  #expect(text.contains("ITS 0 slot 0xa0 INV_UNMAPPED_DEVICE (0x010c04)"))
  #expect(text.contains("INV DeviceID 0x11, EventID 0x0"))
  #expect(text.contains("device at 0x40100088 = 0x0 (V 0x0)"))
  #expect(text.contains("MSI dropped: eventUnmapped"))
  #expect(text.contains("ITE at 0x40400028 = 0x0 (V 0x0)"))
  var said = ""
  while said.filter({ $0 == "\n" }).count < 2 {
    let data = follower.output.fileHandleForReading.availableData
    try #require(!data.isEmpty)
    said += String(decoding: data, as: UTF8.self)
  }
  let followed = try said.split(separator: "\n").map {
    try EventsDocument.Event(json: Array($0.utf8))
  }
  let all = try EventsDocument(json: Array(ask(["events", "--json"], daemon).text.utf8))
  #expect(followed == all.events)
  #expect(all.events.map(\.kind) == ["rejected", "dropped"])
  #expect(all.events[0].command?.packet.first == "0x000000110000000c")
}

@Test func `more events than fit a reply come in order, to the last`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "functional")
  for number: UInt32 in 0..<3000 { try board.client.postMSI(device: 0x11, event: number) }
  // An answer: everything posted before it has taken effect.
  _ = try board.client.list()
  let all = try EventsDocument(json: Array(ask(["events", "--json"], daemon).text.utf8))
  #expect(all.events.count == 3000)
  #expect(zip(all.events, UInt64(0)...).allSatisfy { $0.sequence == $1 })
  #expect(all.next == 3000)
}

@Test func `an ITS that holds its tables itself is asked for them, and it is said`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "functional", profile: "kvm")
  let text = try ask(["tables"], daemon).text
  #expect(text.contains("the ITS holds these mappings itself; guest RAM has them after a save"))
  #expect(text.contains("collection 1 -> PE 1   CTE held by the ITS"))
  #expect(text.contains("EventID 0x0 -> LPI 8192, collection 1, delivered 0   ITE held by the ITS"))
  let json = try ask(["tables", "--json"], daemon).text
  #expect(try TablesDocument(json: Array(json.utf8)).source == "ITS")
  let (story, status) = try ask(["explain", "msi", "0x10", "0"], daemon)
  #expect(story.contains("the ITS holds its tables itself; guest RAM has them after a save only"))
  #expect(!story.contains("RAM differs"))
  #expect(status == 0)
  let lost = try ask(["explain", "msi", "0x10", "1"], daemon)
  #expect(lost.text.contains("collection 0x4 is not mapped: the ITS, which holds its tables"))
  #expect(lost.status == 1)
  withExtendedLifetime(board) {}
}

@Test func `itsctl tables and registers show the machine`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "functional")
  let text = try ask(["tables"], daemon).text
  #expect(text.contains("device table: flat at 0x40100000, 1 x 64 KiB, 8192 entries of 8 bytes"))
  #expect(text.contains("collection 1 -> PE 1   CTE at 0x40200008 = 0x8000000000010000"))
  #expect(text.contains("EventID 0x1 -> LPI 8193, collection 4, delivered 0   ITE at 0x40400008"))
  #expect(try ask(["tables", "--device", "0x11"], daemon).text.contains("no device is mapped"))
  let absent = try ask(["tables", "--its", "1"], daemon)
  #expect(absent.status == 1)
  let registers = try ask(["registers", "--pe", "1"], daemon).text
  let rows = registers.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  #expect(rows.contains(["ICC_PMR_EL1", "0xc230", "RW", "0xf0"]))
  #expect(rows.contains(["ICC_IAR1_EL1", "0xc660", "RO", "not", "read"]))
  #expect(rows.contains(["GITS_CWRITER", "of", "ITS", "0", "0x8080088", "RW", "0xa0"]))
  let refused = #expect(throws: ClientError.self) { try board.client.registers(pe: 2) }
  #expect(refused?.errno == 6)
  let nowhere = #expect(throws: ClientError.self) { try board.client.tables(address: 0x9000_0000) }
  #expect(nowhere?.text.contains("0x8080000") == true)
}

private let decoded: [(words: [String], says: String, status: Int32)] = [
  (
    ["0x100000000a", "0x200000000003", "0x1"], "MAPTI DeviceID 0x10, EventID 0x3, pINTID 0x2000", 0
  ),
  (["8", "4", "0x8000000040100000", "0"], "Size 0x4, ITT_addr 0x40100000, V 0x1", 0),
  (["0x9", "0", "0x8000000000030007"], "MAPC ICID 0x7, RDbase 0x3, V 0x1", 0),
  (["0xe", "0", "0x10000", "0x20000"], "MOVALL RDbase1 0x1, RDbase2 0x2", 0),
  (["5", "0", "0", "0x7"], "ignored, not of this command: DW3 0x0000000000000007", 0),
  (["0x7f"], "no GICv3 command (opcode 0x7f)", 1),
  (["zz"], "", 64),
  (["0x10000000000000000"], "", 64),
  (["1", "2", "3", "4", "5"], "", 64),
]

@Test(arguments: decoded)
private func `itsctl decode needs no daemon`(
  words: [String], says: String, status: Int32
) throws {
  let program = try Program("itsctl", ["decode"] + words)
  let text = program.text()
  program.process.waitUntilExit()
  #expect(says.isEmpty ? text.isEmpty : text.contains(says), "\(text)")
  #expect(program.process.terminationStatus == status)
}

@Test func `watch writes a line a look, and JSON if asked`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "timed")
  let arguments = ["watch", "--machine", "board", "--interval", "0.05s", "--count", "3"]
  let plain = try ask(arguments, daemon)
  #expect(plain.status == 0)
  let lines = plain.text.split(separator: "\n")
  #expect(
    lines.count == 3 && lines.allSatisfy { $0.contains("  MSIs/s ") && !$0.contains("\u{1b}") })
  let json = try ask(arguments + ["--json"], daemon)
  for line in json.text.split(separator: "\n") {
    #expect(try LiveRates(json: Array(line.utf8)).commandErrors == 0)
  }
  #expect(json.text.split(separator: "\n").count == 3)
  #expect(try ask(["watch", "--interval", "never"], daemon).status == 64)
  _ = try board.client.list()
}
