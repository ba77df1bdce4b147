// Machines that rest, PEs that come and go, and clients that are lost and come back.

import GICClient
import GICServer
import GICWire
import Testing
import UVLoop

private let held: [(name: String, request: GICWire.Request, errno: UInt32)] = [
  ("MMIO_READ", .mmioRead(address: 0x0808_0000, size: 4, pe: 0), 16),
  ("MMIO_WRITE", .mmioWrite(address: 0x0808_0000, size: 4, data: 1, pe: 0), 16),
  ("WRITE_BATCH", .writeBatch([]), 16),
  ("SYSREG_READ", .systemRegisterRead(key: 0xc665, pe: 0), 16),
  ("SYSREG_WRITE", .systemRegisterWrite(key: 0xc665, data: 1, pe: 0), 16),
  ("MSI", .msi(device: 1, event: 0, address: 0), 16),
  ("MSI_BATCH", .msiBatch([]), 16),
  ("INPUT_LINE", .inputLine(intid: 40, level: true, pe: 0), 16),
  ("TIME_ADVANCE", .timeAdvance(limit: 5, until: .limit), 16),
  ("RESET", .reset, 16),
  ("TRANSLATE", .translate(device: 1, event: 0, address: 0), 0),
  ("MEM_MAP", .memoryMap(address: 0, byteCount: 4096, offset: 0, isShared: false), 0),
  ("FLUSH", .flush, 0),
  ("STATS", .statistics, 0),
  ("QUIESCE", .quiesce, 0),
  ("LIST", .list, 0),
]

@Test(arguments: held)
func `a quiesced machine lets itself be looked at, and not be changed`(
  _: String, request: GICWire.Request, errno number: UInt32
) throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  try client.quiesce()
  #expect(errno { _ = try client.call(request) } == number)
  try client.resume()
  #expect(errno { _ = try client.call(.reset) } == 0)
}

@Test func `quiescing lets everything end and makes the tables exact; control alone may`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller("timed")
  try client.quiesce()
  #expect(daemon.memory.all == ["idle", "flush"])
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(0))
  #expect(pe.attachment?.quiesced == true)
  #expect(errno { try pe.resume() } == 1)
  #expect(errno { try pe.quiesce() } == 1)
  try client.resume()
  _ = try pe.mmioRead(0x0808_0000)
}

/// Waits until the daemon has noticed that a client is gone.
private func wait(_ client: Client, until listing: String) throws {
  while try !String(decoding: client.list(), as: UTF8.self).contains(listing) {}
}

@Test func `a machine that loses its control rests, and goes on with the next`() throws {
  let daemon = try Daemon()
  let watcher = try daemon.client()
  let first = try daemon.controller()
  try first.mmioWrite(0x0808_0000, 5)
  let memory = try SharedMemory.create(byteCount: 8192)
  try first.map(memory, at: 0x4000_0000)
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  // No goodbye: as if it had been killed.
  first.close()
  try wait(watcher, until: "\"controlLost\":true")
  #expect(errno { _ = try pe.mmioRead(0x0808_0000, pe: 1) } == 16)
  try pe.leave()
  let second = try daemon.controller()
  #expect(second.attachment?.created == false)
  #expect(second.attachment?.quiesced == true)
  try second.resume()
  #expect(try second.mmioRead(0x0808_0000).value == 5)
  // Its RAM is there, and is the second's now.
  memory.write([7], at: 1)
  #expect(try second.read(address: 0x4000_0001, count: 1) == [7])
  try second.leave()
  // It was quiesced as QUIESCE does it: everything came to its end, and the tables are exact.
  #expect(daemon.memory.all == ["map 1073741824", "idle", "flush", "unmap 1073741824"])
}

@Test func `while another control is there, losing one changes nothing`() throws {
  let daemon = try Daemon()
  let (one, two) = (try daemon.controller(), try daemon.controller())
  one.close()
  try wait(two, until: "\"clients\":[2]")
  try two.mmioWrite(0x0808_0000, 5)
  try two.leave()
  #expect(try daemon.controller().attachment?.created == true)
}

@Test func `who wants a fresh machine gets one, unless others are in it`() throws {
  let daemon = try Daemon()
  let watcher = try daemon.client()
  let first = try daemon.controller()
  try first.mmioWrite(0x0808_0000, 5)
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  let early = try daemon.client()
  // With its control there the machine is not replaced.
  #expect(try !early.attach(machine: "m", fresh: true).created)
  try early.leave()
  first.close()
  try wait(watcher, until: "\"controlLost\":true")
  let second = try daemon.client()
  #expect(errno { try second.attach(machine: "m", fresh: true) } == 16)
  try pe.leave()
  #expect(try second.attach(machine: "m", fresh: true).created)
  #expect(try second.mmioRead(0x0808_0000).value == 0)
}

@Test func `of machines without control the oldest makes room`() throws {
  let daemon = try Daemon { $0.limits.machines = 2 }
  let watcher = try daemon.client()
  for name in ["a", "b"] {
    let client = try daemon.client()
    try client.attach(machine: name)
    client.close()
    while try String(decoding: watcher.list(), as: UTF8.self).contains("\"machine\":") {}
  }
  let client = try daemon.client()
  #expect(try client.attach(machine: "c").created)
  #expect(try !daemon.client().attach(machine: "b").created)
  #expect(errno { try daemon.client().attach(machine: "a", role: .monitor) } == 2)
}

@Test func `a PE is one client's, and sleeps while there is none`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  // GICR_WAKER of PE 1.
  let waker = try #require(controller.attachment.map { $0.gicrBase + $0.gicrStride + 0x14 })
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  #expect(errno { try daemon.client().attach(machine: "m", role: .pe(1)) } == 16)
  #expect(errno { try daemon.client().attach(machine: "m", role: .pe(0)) } == 0)
  #expect(try controller.mmioRead(waker, pe: 1).value == 0)
  pe.close()
  try wait(controller, until: "\"offline\":[0,1]")
  #expect(try controller.mmioRead(waker, pe: 1).value == 2)
  let again = try daemon.client()
  try again.attach(machine: "m", role: .pe(1))
  #expect(try again.mmioRead(waker, pe: 1).value == 0)
}

@Test func `without a memfd, RAM is reached over a connection of its own`() throws {
  let daemon = try Daemon()
  let control = try Client(connectingTo: daemon.tcp)
  try control.attach(machine: "m")
  let memory = try Client(connectingTo: daemon.tcp)
  try memory.attach(machine: "m", role: .memory)
  try memory.mapRemote(address: 0x4000_0000, byteCount: 1 << 20)
  try memory.write([1, 2, 3], to: 0x4000_0ffe)
  #expect(try control.read(address: 0x4000_0fff, count: 2) == [2, 3])
  #expect(errno { _ = try memory.mmioRead(0x0808_0000) } == 1)
}

@Test func `RAM of machines without control makes room for others'`() throws {
  let daemon = try Daemon { $0.limits.privateRAMByteCount = 3 << 20 }
  let watcher = try daemon.client()
  for name in ["a", "b"] {
    let client = try daemon.client()
    try client.attach(machine: name)
    try client.mapRemote(address: 0, byteCount: 1 << 20)
    client.close()
    while try String(decoding: watcher.list(), as: UTF8.self).contains("\"machine\":") {}
  }
  let client = try daemon.controller()
  // More than there is ends nobody.
  #expect(errno { try client.mapRemote(address: 0, byteCount: 4 << 20) } == 28)
  #expect(try String(decoding: client.list(), as: UTF8.self).contains("\"name\":\"a\""))
  try client.mapRemote(address: 0, byteCount: 2 << 20)
  let listing = try String(decoding: client.list(), as: UTF8.self)
  #expect(!listing.contains("\"name\":\"a\""))
  #expect(listing.contains("\"name\":\"b\""))
}
