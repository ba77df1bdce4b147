// Machines that clients save, restore and go on with; and what the daemon has written into RAM.

import Foundation
import GICClient
import GICModel
import GICServer
import GICWire
import Logging
import Testing
import UVLoop

private let register: UInt64 = 0x0808_0000
private let ram: UInt64 = 0x4000_0000

/// A controller of machine `m` with RAM.
private func controller(_ daemon: Daemon, fresh: Bool = false) throws -> Client {
  let client = try daemon.client()
  try client.attach(machine: "m", fresh: fresh)
  try client.mapRemote(address: ram, byteCount: 8192)
  return client
}

@Test func `a machine goes into bytes and comes back, in pieces that fit a frame`() throws {
  // Tails of 4 KiB, so that there are many pieces.
  let daemon = try Daemon { $0.limits.tailByteCount = 4096 }
  let client = try controller(daemon)
  for index in UInt64(0)..<600 { try client.mmioWrite(register + 8 * index, index + 1) }
  let bytes = try client.snapshot()
  #expect(bytes.count > 2 * 4096)
  let file = try SnapshotFile(bytes: bytes)
  #expect(file.machine == "m" && file.requests == ["control": 600])
  #expect(file.ram == [.init(address: ram, byteCount: 8192)])
  // It has gone on meanwhile, and is put back.
  try client.mmioWrite(register, 77)
  try client.quiesce()
  try client.restore(snapshot: bytes)
  #expect(errno { _ = try client.mmioRead(register) } == 16, "it rests")
  try client.resume()
  #expect(try client.mmioRead(register).value == 1)
  #expect(try client.mmioRead(register + 8 * 599).value == 600)
}

/// What is refused, and with what; each on a machine that is quiesced and has been saved.
private let refused: [(name: String, requests: [GICWire.Request], errno: UInt32)] = [
  ("reading nothing", [.snapshot(.read(offset: 0, byteCount: 0))], 22),
  ("reading past the end", [.snapshot(.read(offset: 1 << 40, byteCount: 1))], 22),
  ("reading over the end", [.snapshot(.read(offset: 1, byteCount: 1 << 19))], 22),
  ("reading too much", [.snapshot(.read(offset: 0, byteCount: 1 << 21))], 7),
  ("writing from the middle", [.snapshot(.write(offset: 4, byteCount: 8, bytes: [1]))], 22),
  ("writing too much", [.snapshot(.write(offset: 0, byteCount: 1, bytes: [1, 2]))], 22),
  (
    "another length on the way",
    [
      .snapshot(.write(offset: 0, byteCount: 9, bytes: [1])),
      .snapshot(.write(offset: 1, byteCount: 8, bytes: [1])),
    ], 22
  ),
  ("restoring nothing", [.snapshot(.restore)], 2),
  (
    "restoring a part",
    [.snapshot(.write(offset: 0, byteCount: 9, bytes: [1])), .snapshot(.restore)], 2
  ),
  (
    "restoring something else",
    [.snapshot(.write(offset: 0, byteCount: 3, bytes: [1, 2, 3])), .snapshot(.restore)], 22
  ),
  ("a checkpoint without a folder", [.snapshot(.checkpoint)], 95),
  ("pages of no RAM", [.memoryDirty(address: 0, byteCount: 4096, peeks: false)], 14),
  ("half a page", [.memoryDirty(address: ram, byteCount: 2048, peeks: false)], 22),
  ("beside a page", [.memoryDirty(address: ram + 8, byteCount: 4096, peeks: false)], 22),
  (
    "more pages than a reply holds",
    [.memoryDirty(address: ram, byteCount: 1 << 52, peeks: false)], 7
  ),
]

@Test(arguments: refused)
func `what makes no sense is refused, and the machine is as it was`(
  _: String, requests: [GICWire.Request], errno number: UInt32
) throws {
  let daemon = try Daemon()
  let client = try controller(daemon)
  try client.mmioWrite(register, 5)
  try client.quiesce()
  _ = try client.call(.snapshot(.save))
  for request in requests.dropLast() { _ = try client.call(request) }
  #expect(errno { _ = try client.call(requests[requests.count - 1]) } == number)
  try client.resume()
  #expect(try client.mmioRead(register).value == 5)
}

@Test func `one that goes on, or has other clients, is not turned back`() throws {
  let daemon = try Daemon()
  let client = try controller(daemon)
  let bytes = try client.snapshot()
  #expect(errno { try client.restore(snapshot: bytes) } == 16)
  try client.quiesce()
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  #expect(errno { try client.restore(snapshot: bytes) } == 16)
  try pe.leave()
  let monitor = try daemon.client()
  try monitor.attach(machine: "m", role: .monitor)
  try client.restore(snapshot: bytes)
  // A monitor may look at all of it, and change nothing.
  #expect(try monitor.snapshot().count > 0)
  #expect(errno { try monitor.restore(snapshot: bytes) } == 1)
  #expect(errno { _ = try monitor.checkpoint() } == 1)
  let memory = try daemon.client()
  try memory.attach(machine: "m", role: .memory)
  #expect(errno { _ = try memory.snapshot() } == 1)
  #expect(errno { _ = try memory.writtenPages(from: ram, byteCount: 8192) } == 0)
}

@Test func `what clients are reading or writing has a limit`() throws {
  let daemon = try Daemon { $0.limits.snapshotByteCount = 4096 }
  let client = try controller(daemon)
  _ = try client.call(.snapshot(.save))
  let other = try daemon.client()
  try other.attach(machine: "m")
  let many = [UInt8](repeating: 0, count: 4000)
  let request = GICWire.Request.snapshot(.write(offset: 0, byteCount: 8000, bytes: many))
  #expect(errno { _ = try other.call(request) } == 28)
  // Read to its end, it is held no more.
  _ = try client.snapshot()
  #expect(errno { _ = try client.call(.snapshot(.read(offset: 0, byteCount: 1))) } == 2)
  _ = try other.call(request)
  #expect(errno { _ = try client.call(.snapshot(.save)) } == 28)
  try other.leave()
  #expect(errno { _ = try client.call(.snapshot(.save)) } == 0)
}

@Test func `a restored machine wants its RAM back before it goes on`() throws {
  let (one, two) = (try Daemon(), try Daemon())
  let source = try controller(one)
  try source.mmioWrite(register, 9)
  let bytes = try source.snapshot()
  let client = try two.client()
  try client.attach(machine: "m")
  try client.quiesce()
  try client.restore(snapshot: bytes)
  #expect(errno { try client.resume() } == 14)
  try client.mapRemote(address: ram, byteCount: 4096)
  #expect(errno { try client.resume() } == 14)
  // Two ranges are as good as one.
  try client.mapRemote(address: ram + 4096, byteCount: 4096)
  try client.resume()
  #expect(try client.mmioRead(register).value == 9)
}

@Test func `lines are told as they are, and their numbers never go back`() throws {
  let daemon = try Daemon()
  let client = try controller(daemon)
  try client.inputLine(27, level: true, pe: 0)
  let bytes = try client.snapshot()
  for level in [false, true, false] { try client.inputLine(27, level: level, pe: 0) }
  try client.inputLine(27, level: true, pe: 1)
  _ = client.takeLineChanges()
  try client.quiesce()
  try client.restore(snapshot: bytes)
  let told = client.takeLineChanges()
  #expect(told.map(\.pe) == [0, 1])
  #expect(told.map(\.interrupts.levels) == [1, 0])
  // They were at 4 and at 1.
  #expect(told.map(\.interrupts.sequence) == [5, 2])
  try client.resume()
  try client.inputLine(27, level: false, pe: 0)
  #expect(client.takeLineChanges().map(\.interrupts.sequence) == [6])
}

@Test func `requests that count are counted by role, as often as they were carried out`() throws {
  let daemon = try Daemon()
  let first = try controller(daemon)
  try first.mmioWrite(register, 1)
  _ = try first.mmioRead(register)
  try first.postMSI(device: 1, event: 0)
  _ = try first.msiBatch([BatchedMSI(device: 1, event: 1), BatchedMSI(device: 1, event: 2)])
  // Refused, and counted all the same; what only looks is not.
  #expect(errno { _ = try first.call(.writeBatch([]), flags: []) } == 0)
  _ = try first.translate(device: 1, event: 0)
  _ = try first.statistics()
  let pe = try daemon.client()
  try pe.attach(machine: "m", role: .pe(1))
  #expect(pe.attachment?.requestCount == 0)
  _ = try pe.mmioRead(register, pe: 1)
  #expect(errno { _ = try pe.mmioRead(register, pe: 0) } == 1)
  first.close()
  while try !String(decoding: pe.list(), as: UTF8.self).contains("\"controlLost\":true") {}
  // At rest nothing is carried out, and nothing counts.
  #expect(errno { _ = try pe.mmioRead(register, pe: 1) } == 16)
  try pe.leave()
  let second = try daemon.client()
  try second.attach(machine: "m")
  #expect(second.attachment?.requestCount == 5)
  #expect(second.attachment?.restored == false)
  let again = try daemon.client()
  try again.attach(machine: "m", role: .pe(1))
  #expect(again.attachment?.requestCount == 2)
}

@Test func `what a client has the daemon write into RAM is told as written`() throws {
  let daemon = try Daemon()
  let client = try controller(daemon)
  try client.write([1, 2], to: ram + 4096)
  #expect(try client.writtenPages(from: ram, byteCount: 8192, taking: false) == [2])
  #expect(try client.writtenPages(from: ram, byteCount: 8192) == [2])
  #expect(try client.writtenPages(from: ram, byteCount: 8192) == [0])
}

/// A folder that goes with the test.
private final class Folder: Sendable {
  let path = "/tmp/gicserver-state-\(UUID().uuidString)"
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

@Test func `a checkpoint is a file, gone with its machine`() throws {
  let folder = try Folder()
  let daemon = try Daemon {
    $0.checkpoints = CheckpointOptions(folder: folder.path, intervalMilliseconds: 0)
  }
  let client = try controller(daemon)
  try client.mmioWrite(register, 3)
  #expect(folder.files == [])
  #expect(try client.checkpoint() == 1)
  #expect(folder.files == ["m.itsd"])
  try client.leave()
  #expect(folder.files == [])
}

@Test func `at an interval a machine that was asked something is written`() throws {
  let folder = try Folder()
  let daemon = try Daemon {
    $0.checkpoints = CheckpointOptions(folder: folder.path, intervalMilliseconds: 5)
  }
  let client = try controller(daemon)
  for value in UInt64(1)...3 {
    try client.mmioWrite(register, value)
    var count: UInt64 = 0
    while count < value {
      _ = try client.list()
      let bytes = FileManager.default.contents(atPath: folder.path + "/m.itsd") ?? Data()
      count = (try? SnapshotFile(bytes: Array(bytes)))?.requests["control"] ?? 0
    }
  }
}

@Test func `a daemon that ends leaves its machines, and the next one goes on`() throws {
  let folder = try Folder()
  let options = CheckpointOptions(folder: folder.path, intervalMilliseconds: 0)
  let first = try Daemon { $0.checkpoints = options }
  let client = try controller(first)
  try client.mmioWrite(register, 3)
  try client.inputLine(27, level: true, pe: 1)
  #expect(first.stop())
  #expect(folder.files == ["m.itsd"])
  let second = try Daemon { $0.checkpoints = options }
  // The folder is this daemon's alone.
  var other = ServerOptions()
  other.checkpoints = options
  #expect(throws: UVError.self) {
    try Server(options: other, factory: fakeFactory(MemoryLog()), log: Logger(label: "test"))
  }
  let next = try second.client()
  #expect(try String(decoding: next.list(), as: UTF8.self).contains("\"restored\":true"))
  try next.attach(machine: "m")
  #expect(next.attachment?.created == false)
  #expect(next.attachment?.restored == true && next.attachment?.quiesced == true)
  #expect(next.attachment?.requestCount == 2)
  #expect(next.takeLineChanges().map(\.interrupts.levels) == [1])
  #expect(errno { try next.resume() } == 14)
  try next.mapRemote(address: ram, byteCount: 8192)
  try next.resume()
  #expect(try next.mmioRead(register).value == 3)
  let third = try second.client()
  try third.attach(machine: "m", role: .monitor)
  #expect(third.attachment?.restored == false)
}
