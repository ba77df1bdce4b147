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
  // Two commands that read a whole table are a step at most; the first were executed at once.
  #expect(board.daemon.steps.value ?? 0 >= UInt64((backlog - 1) / 2))
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

/// Each may cost as much as many other requests, and 256 of those are a turn.
@Test func `writes of CWRITER through a ring leave the sockets their turn`() throws {
  let board = try GuestBoard(threads: 1)
  let other = try board.join(.pe(1))
  let port = try board.control.openPort(0)
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  var end: UInt64 = 0
  for _ in 0..<200 {
    end = board.enqueue([.invall(ICID(rawValue: 0))])
    try port.submit(.mmioWrite(address: place, size: 8, data: end, pe: 0), flags: .noReply)
  }
  port.flush()
  #expect(try board.creadr(other, pe: 1) != end)
  // What was put is carried out.
  try port.close()
  #expect(try board.creadr(other, pe: 1) == end)
}

// MARK: The timed clock

/// Another machine's registers are read while the backlog of one on the timed clock is worked off;
/// that one's other clients are answered after it.
@Test(arguments: [1, 2])
func `beside a backlog on the timed clock other machines go on`(threads: Int) throws {
  let board = try GuestBoard(threads: threads, "timed\n")
  let (neighbour, stranger) = (try board.join(.pe(1)), try board.daemon.client())
  try stranger.attach(machine: "n", configuration: "pes 1\ntimed\n")
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: backlog))
  try board.control.submit(
    .mmioWrite(address: GuestBoard.its + UInt64(GITS.CWRITER.offset), size: 8, data: end, pe: 0))
  var replies = try board.control.poll()
  let read = GICWire.Request.mmioRead(
    address: GuestBoard.its + UInt64(GITS.CREADR.offset), size: 8, pe: 1)
  var answers = 0
  if threads == 1 {
    // It has come after the write, and waits; meanwhile the stranger is answered.
    try neighbour.submit(read)
    _ = try neighbour.poll()
    while replies.isEmpty {
      #expect(try stranger.mmioRead(0x0808_0000).errno == 0)
      answers += 1
      replies += try board.control.poll()
    }
    #expect(answers > 10)
    #expect(try neighbour.drain().map(\.value) == [end])
  }
  #expect(try board.creadr(neighbour, pe: 1) == end)
  #expect(try stranger.mmioRead(0x0808_0000).errno == 0)
}

/// Two clients whose commands take long do not keep a third from its turn.
@Test func `whoever waits for a timed machine has a turn between two backlogs`() throws {
  let board = try GuestBoard(threads: 1, "timed\n")
  let other = try board.join(.pe(1))
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  var ends: [UInt64] = []
  for _ in 0..<8 {
    ends.append(board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: 400)))
    try board.control.submit(.mmioWrite(address: place, size: 8, data: ends.last ?? 0, pe: 0))
  }
  var replies = try board.control.poll()
  // Asked after all of these had been sent, answered after the one that was being executed.
  let seen = try board.creadr(other, pe: 1)
  #expect(ends.dropLast().contains(seen))
  replies += try board.control.drain()
  #expect(replies.map(\.errno) == Array(repeating: 0, count: 8))
  #expect(try board.creadr(other, pe: 1) == ends.last)
}

/// TIME_ADVANCE of one machine, too, is carried out in steps, and ends in the same cycle.
@Test func `time that passes on one machine keeps no other waiting`() throws {
  let board = try GuestBoard(threads: 1, "timed\n")
  let stranger = try board.daemon.client()
  try stranger.attach(machine: "n", configuration: "pes 1\ntimed\n")
  let end = board.enqueue(Array(repeating: .invall(ICID(rawValue: 0)), count: backlog))
  let place = GuestBoard.its + UInt64(GITS.CWRITER.offset)
  let start = try board.control.mmioRead(GuestBoard.its).cycle
  try board.control.submit(.mmioWrite(address: place, size: 8, data: end, pe: 0), at: start)
  try board.control.submit(.timeAdvance(limit: WireProtocol.unlimited, until: .idle))
  var (answers, replies) = (0, try board.control.poll().count)
  while replies < 2 {
    #expect(try stranger.mmioRead(0x0808_0000).errno == 0)
    answers += 1
    replies += try board.control.poll().count
  }
  #expect(answers > 10)
  #expect(try board.creadr(board.control) == end)
}
