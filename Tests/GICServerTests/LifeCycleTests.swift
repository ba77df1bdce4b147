// Machines and those who attach to them.

import Foundation
import GICClient
import GICServer
import GICWire
import Testing

@Test(arguments: ["unix", "tcp"])
func `a client creates a machine, works and leaves`(kind: String) throws {
  let daemon = try Daemon()
  let client = try Client(connectingTo: kind == "unix" ? daemon.endpoint : daemon.tcp)
  let attachment = try client.attach(machine: "m")
  #expect(attachment.created)
  #expect(client.hello.capabilities.descriptorLimit == (kind == "unix" ? 8 : 0))
  #expect(attachment.peCount == 2)
  #expect(attachment.affinities == [0, 1])
  #expect(attachment.clockHertz == 3_000_000_000)
  #expect(attachment.itsBases == [0x0808_0000])
  #expect(attachment.configurationHash == "plain")
  try client.mmioWrite(0x0808_0000, 0x1234, size: 8, pe: 1)
  #expect(try client.mmioRead(0x0808_0000, size: 8, pe: 1).value == 0x1234)
  try client.systemRegisterWrite(0xc665, 7, pe: 1)
  #expect(try client.systemRegisterRead(0xc665, pe: 1).value == 7)
  try client.reset()
  #expect(try client.mmioRead(0x0808_0000).value == 0)
  try client.leave()
  #expect(daemon.stop())
}

@Test func `two clients share a machine, and it ends with the last of them`() throws {
  let daemon = try Daemon()
  let (one, two) = (try daemon.controller(), try daemon.client())
  #expect(try !two.attach(machine: "m", role: .pe(1)).created)
  try one.mmioWrite(0x0808_0000, 5)
  #expect(try two.mmioRead(0x0808_0000, pe: 1).value == 5)
  try one.leave()
  #expect(try two.mmioRead(0x0808_0000, pe: 1).value == 5)
  try two.leave()
  let three = try daemon.client()
  #expect(try three.attach(machine: "m").created)
  #expect(try three.mmioRead(0x0808_0000).value == 0)
}

@Test func `a machine that is kept waits for the next client`() throws {
  let daemon = try Daemon()
  let one = try daemon.client()
  try one.attach(machine: "m", keep: true)
  try one.mmioWrite(0x0808_0000, 5)
  try one.leave()
  let two = try daemon.client()
  #expect(try !two.attach(machine: "m").created)
  #expect(try two.mmioRead(0x0808_0000).value == 5)
}

@Test func `machines of different names are apart`() throws {
  let daemon = try Daemon()
  let (one, two) = (try daemon.controller(), try daemon.client())
  try two.attach(machine: "n")
  try one.mmioWrite(0x0808_0000, 5)
  #expect(try two.mmioRead(0x0808_0000).value == 0)
}

@Test func `who may not attach is told why`() throws {
  let daemon = try Daemon()
  #expect(errno { try daemon.client().attach(machine: "none", role: .monitor) } == 2)
  #expect(errno { try daemon.client().attach(machine: "a/b") } == 22)
  let bad = #expect(throws: ClientError.self) { try daemon.controller("bad") }
  #expect(bad?.text.contains("line 1: bad") == true)
  let controller = try daemon.controller()
  #expect(errno { try daemon.client().attach(machine: "m", role: .pe(2)) } == 6)
  #expect(errno { try daemon.client().attach(machine: "m", configuration: "timed") } == 17)
  #expect(errno { try daemon.client().attach(machine: "m", configuration: "x") } == 0)
  #expect(errno { try controller.attach(machine: "m") } == 71)
}

private let roles: [(role: Role, request: Request, errno: UInt32)] = [
  (.pe(1), .mmioRead(address: 0x0808_0000, size: 4, pe: 1), 0),
  (.pe(1), .mmioRead(address: 0x0808_0000, size: 4, pe: 0), 1),
  (.pe(1), .writeBatch([BatchedWrite(address: 0x0808_0000, data: 0, size: 4, source: 0)]), 1),
  (.pe(1), .msi(device: 1, event: 0, address: 0), 1),
  (.pe(1), .reset, 1),
  (.device(first: 8, count: 2), .msi(device: 9, event: 0, address: 0), 0),
  (.device(first: 8, count: 2), .msi(device: 10, event: 0, address: 0), 1),
  (.device(first: 8, count: 2), .msi(device: 7, event: 0, address: 0), 1),
  (.device(first: 8, count: 0), .msi(device: .max, event: 0, address: 0), 0),
  (.device(first: .max, count: 9), .msi(device: .max, event: 0, address: 0), 0),
  (
    .device(first: 8, count: 2),
    .msiBatch([BatchedMSI(device: 8, event: 0), BatchedMSI(device: 1, event: 0)]), 1
  ),
  (.device(first: 8, count: 2), .inputLine(intid: 40, level: true, pe: 0), 0),
  (.device(first: 8, count: 2), .inputLine(intid: 27, level: true, pe: 0), 1),
  (.memory, .memoryMap(address: 0x4000_0000, byteCount: 4096, offset: 0, isShared: false), 0),
  (.memory, .mmioRead(address: 0x0808_0000, size: 4, pe: 0), 1),
  (.monitor, .statistics, 0),
  (.monitor, .translate(device: 1, event: 0, address: 0), 0),
  (.monitor, .mmioRead(address: 0x0808_0000, size: 4, pe: 0), 1),
  (.monitor, .timeAdvance(limit: 1, until: .limit), 1),
]

@Test(arguments: roles)
func `a role may do this much`(
  role: GICWire.Role, request: GICWire.Request, errno number: UInt32
) throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  let client = try daemon.client()
  try client.attach(machine: "m", role: role)
  #expect(errno { _ = try client.call(request) } == number)
  try controller.flushPendingTables()
}

@Test func `the listing names machines, clients and RAM`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  try client.mapRemote(address: 0x4000_0000, byteCount: 8192)
  let json = try JSONSerialization.jsonObject(with: Data(try client.list())) as? [String: Any]
  let machine = try #require((json?["machines"] as? [[String: Any]])?.first)
  #expect(machine["name"] as? String == "m")
  #expect(machine["pes"] as? Int == 2)
  let ram = try #require((machine["ram"] as? [[String: Any]])?.first)
  #expect(ram["bytes"] as? Int == 8192)
  #expect(ram["shared"] as? Bool == false)
  let listed = try #require((json?["clients"] as? [[String: Any]])?.first)
  #expect(listed["name"] as? String == "test")
  #expect(listed["role"] as? String == "control")
}

@Test func `machines and clients are limited`() throws {
  let daemon = try Daemon {
    $0.limits.machines = 1
    $0.limits.sessions = 2
  }
  let (one, two) = (try daemon.controller(), try daemon.client())
  #expect(errno { try two.attach(machine: "n") } == 28)
  #expect(errno { _ = try daemon.client() } == 28)
  try two.leave()
  try one.leave()
  let three = try daemon.client()
  try three.attach(machine: "n")
}

@Test func `a daemon that is not there is an error with its mend`() {
  let error = #expect(throws: ClientError.self) {
    try Client(connectingTo: .unix(path: "/tmp/no-such-itsd.sock"))
  }
  #expect(error?.errno == 2)
  #expect(error?.advice.contains("itsd --listen unix:/tmp/no-such-itsd.sock") == true)
}

@Test func `stopping the daemon tells its clients`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  #expect(daemon.stop())
  #expect(errno { try client.reset() } == 104)
}
