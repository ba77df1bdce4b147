// Work that takes long holds nobody up.

import Foundation
import GICArch
import GICClient
import GICModel
import GICWire
import Testing

/// Commands of a long queue: `ITSD_BACKLOG`, at most 32,767.
private let backlog = Int(ProcessInfo.processInfo.environment["ITSD_BACKLOG"] ?? "") ?? 1500

@Test func `beside a backlog of INVALL a register is read after a few steps`() throws {
  let board = try GuestBoard(threads: 1)
  let other = try board.join(.pe(1))
  let start = try board.creadr(other, pe: 1)
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: backlog))
  try board.control.submit(
    .mmioWrite(address: GuestBoard.its + UInt64(GITS.CWRITER.offset), size: 8, data: end, pe: 0))
  _ = try board.control.poll()
  var (seen, longest): (Set<UInt64>, Duration) = ([], .zero)
  var creadr = start
  while creadr != end {
    let before = ContinuousClock.now
    creadr = try board.creadr(other, pe: 1)
    longest = max(longest, ContinuousClock.now - before)
    seen.insert(creadr)
  }
  #expect(try board.control.drain().map(\.errno) == [0])
  // It was answered while most of the commands were still to be executed, and more than once.
  #expect(seen.count > 10)
  #expect(board.daemon.stop())
  // Two commands that read a whole table are a step; the first two were executed at once.
  #expect(board.daemon.steps.value == UInt64((backlog - 1) / 2))
  print("longest read of a register beside \(backlog) INVALL: \(longest / .microseconds(1)) us")
}

@Test func `a client waits for its own commands, and its requests keep their order`() throws {
  let board = try GuestBoard(threads: 1)
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: 64))
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  try board.control.submit(.mmioWrite(address: place, size: 8, data: end, pe: 0))
  let read = GICWire.Request.mmioRead(
    address: GuestBoard.its + UInt64(GITS.CREADR.offset), size: 8, pe: 0)
  try board.control.submit(read)
  try board.control.submit(
    .writeBatch([BatchedWrite(address: place, data: end, size: 8, source: 0)]))
  try board.control.submit(read)
  #expect(try board.control.drain().map(\.value) == [0, end, 1, end])
}

/// The ways by which commands come: each is answered when they are done.
@Test(arguments: ["a batch", "a posted write", "a ring"])
func `commands are done when what comes after them is answered`(way: String) throws {
  let board = try GuestBoard(threads: 1)
  let other = try board.join(.pe(1))
  let port = try board.control.openPort(0)
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: 200))
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  let write = GICWire.Request.mmioWrite(address: place, size: 8, data: end, pe: 0)
  switch way {
  case "a batch":
    let writes = [
      BatchedWrite(address: place, data: end, size: 8, source: 0),
      BatchedWrite(address: 0x10, data: 0, size: 4, source: 0),
      BatchedWrite(address: place, data: end, size: 8, source: 0),
    ]
    #expect(try board.control.writeBatch(writes).value == 1)
  case "a posted write": try board.control.submit(write, flags: .noReply)
  default:
    try port.submit(write)
    port.flush()
    // The socket waits for the ring.
    try port.fenceRing()
    #expect(try port.nextReply().errno == 0)
  }
  #expect(try board.creadr(board.control) == end)
  #expect(try board.creadr(other, pe: 1) == end)
  try port.close()
}

/// Whoever begins to wait for what others have begun is answered when that has ended, and nobody
/// before is held up.
@Test(arguments: ["fence", "QUIESCE", "SAVE_TABLES"], [1, 3])
func `a fence waits for another client's commands`(what: String, threads: Int) throws {
  let board = try GuestBoard(threads: threads)
  let other = try board.join(.pe(1))
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: 400))
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  let start = try board.creadr(board.control)
  try other.submit(.mmioWrite(address: place, size: 8, data: end, pe: 1))
  _ = try other.poll()
  // It has begun when its first commands are done.
  while try board.creadr(board.control) == start {}
  let read = GICWire.Request.mmioRead(
    address: GuestBoard.its + UInt64(GITS.CREADR.offset), size: 8, pe: 0)
  switch what {
  case "fence": try board.control.submit(read, flags: .fence)
  case "QUIESCE": try board.control.quiesce()
  default: _ = try? board.control.setAttribute(DeviceAttribute(.saveTables), of: .its(0), to: nil)
  }
  if what == "QUIESCE" {
    #expect(errno { _ = try other.mmioRead(0x0808_0000, pe: 1) } == 16)
    try board.control.resume()
  }
  if what == "fence" {
    #expect(try board.control.drain().map(\.value) == [end])
  } else {
    #expect(try board.creadr(board.control) == end)
  }
}

@Test func `a client that goes while its commands are executed leaves them to their end`() throws {
  let board = try GuestBoard(threads: 1)
  let other = try board.join(.pe(1))
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: 300))
  try other.submit(
    .mmioWrite(address: GuestBoard.its + UInt64(GITS.CWRITER.offset), size: 8, data: end, pe: 1))
  _ = try other.poll()
  other.close()
  while try board.creadr(board.control) != end {}
  #expect(try board.join(.pe(1)).mmioRead(0x0808_0000, pe: 1).errno == 0)
}
