// A guest whose machine is real: RAM, tables and queue at the other end of a socket.

import GICArch
import GICClient
import GICModel
import GICServer
import GICWire
import Testing
import UVLoop

/// Two PEs or as many as asked for, LPIs 8192 + e for the events e of device 1, which are enabled;
/// collection c goes to PE c, and event e to collection e modulo the number of PEs.
final class GuestBoard {
  static let ram: UInt64 = 0x4000_0000
  static let its: UInt64 = 0x0808_0000
  static let queueByteCount = 1 << 20
  private static let properties: UInt64 = 0x10_0000
  private static let devices: UInt64 = 0x20_0000
  private static let collections: UInt64 = 0x28_0000
  private static let queue: UInt64 = 0x30_0000
  private static let itt: UInt64 = 0x80_0000
  static let eventIDBits = 8

  let daemon: Daemon
  let control: Client
  let peCount: Int
  private let memory: SharedMemory
  private var cwriter = 0

  /// - Parameter words: `timed`, `serial`.
  init(threads: Int, pes: Int = 2, _ words: String = "") throws {
    daemon = try Daemon(machines: realFactory()) { $0.threads = threads }
    peCount = pes
    control = try daemon.client()
    try control.attach(machine: "m", configuration: "pes \(pes)\n" + words)
    memory = try SharedMemory.create(byteCount: 16 << 20)
    try control.map(memory, at: GuestBoard.ram)
    try control.mmioWrite(0x0800_0000, 2)
    for pe in 0..<UInt64(pes) { try bringUp(pe) }
    try setITS(GITS.BASER.offset, 1 << 63 | (GuestBoard.ram + GuestBoard.devices) | 1)
    try setITS(GITS.BASER.offset + 8, 1 << 63 | (GuestBoard.ram + GuestBoard.collections))
    try setITS(GITS.CBASER.offset, 1 << 63 | (GuestBoard.ram + GuestBoard.queue) | 255)
    try control.mmioWrite(GuestBoard.its, 1)
    memory.write(Array(repeating: 0xa1, count: 1 << 16), at: Int(GuestBoard.properties))
    var commands = (0..<pes).map {
      ITSCommand.mapc(ICID(rawValue: UInt16($0)), RDbase(rawValue: UInt64($0)))
    }
    commands.append(mapd(1))
    for event in 0..<UInt32(1 << GuestBoard.eventIDBits) {
      commands.append(mapti(1, event))
    }
    try issue(commands)
  }

  func mapd(_ device: UInt32) -> ITSCommand {
    let table = ITT(
      base: GuestBoard.ram + GuestBoard.itt + UInt64(device) * 0x1000,
      eventIDBits: GuestBoard.eventIDBits)
    return .mapd(DeviceID(rawValue: device), table)
  }

  func mapti(_ device: UInt32, _ event: UInt32) -> ITSCommand {
    .mapti(
      DeviceID(rawValue: device), EventID(rawValue: event),
      INTID(rawValue: 8192 + event + (device - 1) << UInt32(GuestBoard.eventIDBits)),
      ICID(rawValue: UInt16(Int(event) % peCount)))
  }

  private func bringUp(_ pe: UInt64) throws {
    let frame = 0x080a_0000 + pe * 0x2_0000
    try control.mmioWrite(frame + 0x70, (GuestBoard.ram + GuestBoard.properties) | 15, size: 8)
    try control.mmioWrite(frame + 0x78, GuestBoard.ram + pe * 0x1_0000 | 1 << 62, size: 8)
    try control.mmioWrite(frame, 1)
    try control.systemRegisterWrite(key(.pmr), 0xff, pe: UInt32(pe))
    try control.systemRegisterWrite(key(.igrpen1), 1, pe: UInt32(pe))
  }

  private func setITS(_ offset: Int, _ value: UInt64) throws {
    try control.mmioWrite(GuestBoard.its + UInt64(offset), value, size: 8)
  }

  /// Puts commands into the queue, and tells nobody.
  /// - Returns: what CWRITER should be.
  @discardableResult
  func enqueue(_ commands: [ITSCommand]) -> UInt64 {
    for command in commands {
      let entry = QueueEntry(command)
      let bytes = [entry.dw0, entry.dw1, entry.dw2, entry.dw3].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
      }
      memory.write(bytes, at: Int(GuestBoard.queue) + cwriter)
      cwriter = (cwriter + 32) % GuestBoard.queueByteCount
    }
    return UInt64(cwriter)
  }

  func issue(_ commands: [ITSCommand]) throws {
    try setITS(GITS.CWRITER.offset, enqueue(commands))
    #expect(try creadr(control) == UInt64(cwriter))
  }

  /// Has the queue somewhere else for a while, and runs what lies there, whatever it is.
  func useQueue(at address: UInt64, byteCount: Int) throws {
    let queue = try control.mmioRead(GuestBoard.its + UInt64(GITS.CBASER.offset), size: 8).value
    try control.mmioWrite(GuestBoard.its, 0)
    try setITS(GITS.CBASER.offset, 1 << 63 | address | UInt64(byteCount >> 12 - 1))
    try control.mmioWrite(GuestBoard.its, 1)
    try setITS(GITS.CWRITER.offset, UInt64(byteCount - 32))
    try control.mmioWrite(GuestBoard.its, 0)
    try setITS(GITS.CBASER.offset, queue)
    cwriter = 0
    try control.mmioWrite(GuestBoard.its, 1)
  }

  func creadr(_ client: Client, pe: UInt32 = 0) throws -> UInt64 {
    try client.mmioRead(GuestBoard.its + UInt64(GITS.CREADR.offset), size: 8, pe: pe).value
  }

  func join(_ role: Role) throws -> Client {
    let client = try daemon.client()
    try client.attach(machine: "m", role: role)
    return client
  }

  /// Which thread serves each client, in the order of the clients.
  func threads() throws -> [Int] {
    String(decoding: try control.list(), as: UTF8.self).split(separator: "\"thread\":").dropFirst()
      .compactMap { Int($0.prefix { $0.isNumber }) }
  }

  /// Signalled, delivered, merged, pending, dropped.
  func counts() throws -> [Int] {
    String(decoding: try control.statistics(), as: UTF8.self).split(separator: " ")
      .compactMap { Int($0) }
  }

  func isConserved() throws -> Bool {
    let counts = try counts()
    return counts[0] == counts[1] + counts[2] + counts[3] + counts[4]
  }
}

/// Machines of the model. Understands `pes N`, `timed` and `serial`, each on a line.
func realFactory() -> MachineFactory {
  MachineFactory(
    resolve: { yaml in
      var configuration = MachineConfiguration()
      for line in yaml.split(separator: "\n") {
        if line == "timed" { configuration.clock = .timed }
        if line == "serial" { configuration.queueWriters = .serial }
        if line.hasPrefix("pes "), let count = UInt32(line.dropFirst(4)) {
          configuration.shape.affinities = (0..<count).map(Affinity.init(rawValue:))
        }
      }
      return MachineFactory.Resolved(configuration: configuration, hash: yaml)
    },
    make: { makeMachine($0) },
    report: { statistics in
      let numbers = [
        statistics.msis + statistics.intCommands + statistics.restored, statistics.delivered,
        statistics.merged, statistics.pending, statistics.dropped.values.reduce(0, +),
      ]
      return Array(numbers.map(String.init).joined(separator: " ").utf8)
    })
}

/// A register as the protocol names it.
func key(_ register: SystemRegister) -> UInt64 { UInt64(register.rawValue) }
