// Rings and records in shared memory: what one end puts the other takes, and nonsense is seen.

import Glibc
import Testing
import UVLoop

private func slot(_ value: UInt64) -> [8 of UInt64] {
  [value, value &+ 1, value &+ 2, value &+ 3, value &+ 4, value &+ 5, value &+ 6, value &+ 7]
}

/// A daemon's end and a client's, on one memory.
private func pair(_ slotCount: UInt32) throws -> (daemon: RingEnd, client: RingEnd) {
  let daemon = try RingEnd.create(slotCount: slotCount)
  let copy = OwnedDescriptor(
    adopting: dup(try #require(daemon.memory.descriptor).number))
  return (daemon, try RingEnd.map(copy, slotCount: slotCount))
}

private func first(_ take: RingTake) -> UInt64? {
  if case .slot(let words) = take { words[0] } else { nil }
}

@Test func `slots come out in order, many times around`() throws {
  let (daemon, client) = try pair(4)
  for round in 0..<100 as Range<UInt64> {
    #expect(client.room == 4)
    for index in 0..<3 as Range<UInt64> { client.put(slot(round * 10 + index)) }
    #expect(!daemon.hasMore)
    #expect(!client.publish())
    for index in 0..<3 as Range<UInt64> {
      #expect(first(daemon.take()) == round * 10 + index)
      daemon.put(slot(round * 100 + index))
    }
    guard case .empty = daemon.take() else {
      Issue.record("more than was put")
      return
    }
    #expect(client.room == 1)
    _ = daemon.publish()
    for index in 0..<3 as Range<UInt64> { #expect(first(client.take()) == round * 100 + index) }
    _ = client.publish()
  }
}

@Test func `a slot that is put back is taken again`() throws {
  let (daemon, client) = try pair(2)
  client.put(slot(7))
  _ = client.publish()
  #expect(first(daemon.take()) == 7)
  daemon.untake()
  #expect(first(daemon.take()) == 7)
}

@Test func `who sleeps wants to be rung`() throws {
  let (daemon, client) = try pair(2)
  daemon.willSleep()
  client.put(slot(1))
  #expect(client.publish())
  daemon.didWake()
  #expect(!client.publish())
}

/// Offsets of the words that a client may write, and what a daemon then thinks.
@Test(arguments: [3, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32])
func `an index that makes no sense is seen`(by: UInt32) throws {
  let (daemon, client) = try pair(2)
  func set(_ offset: Int, _ value: UInt32) {
    // SAFETY: both words lie in the ring's first page.
    unsafe client.memory.base.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
  }
  set(RingLayout.requestHead, by)
  guard case .broken = daemon.take() else {
    Issue.record("\(by) requests believed")
    return
  }
  set(RingLayout.replyTail, 0 &- by)
  #expect(daemon.room == nil)
  set(RingLayout.replyTail, 0)
  #expect(daemon.room == 2)
}

@Test func `nobody makes a ring shorter`() throws {
  let ring = try RingEnd.create(slotCount: 2)
  let number = try #require(ring.memory.descriptor).number
  #expect(ftruncate(number, 0) == -1)
  #expect(ftruncate(number, 1 << 30) == -1)
}

@Test func `records are read as they were written, and by readers only read`() throws {
  let records = try SharedRecords.create(recordCount: 65, name: "test")
  #expect(records.memory.byteCount == 8192)
  records.write([1, 2, 3, 4, 5], at: 64)
  let copy = OwnedDescriptor(adopting: dup(try #require(records.memory.descriptor).number))
  let reader = try SharedRecords.map(copy, recordCount: 65)
  let words = reader.read(at: 64)
  #expect((0..<5).map { words[$0] } == [1, 2, 3, 4, 5])
  #expect(reader.read(at: 0)[0] == 0)
  // SAFETY: a new mapping, or none; it is compared and not used.
  let writable = unsafe mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, copy.number, 0)
  let failed = unsafe writable == MAP_FAILED
  #expect(failed)
}

@Test func `a bell is rung once for many, and never blocks`() throws {
  let loop = try Loop()
  defer { loop.close() }
  var rung = 0
  let bell = try Doorbell(on: loop) { rung += 1 }
  bell.descriptor.ring()
  bell.descriptor.ring()
  loop.run(.once)
  loop.run(.noWait)
  #expect(rung == 1)
  // Filled up, and made blocking behind our back.
  var most = UInt64.max - 1
  // SAFETY: eight bytes, read during the call only.
  #expect(unsafe write(bell.descriptor.number, &most, 8) == 8)
  #expect(fcntl(bell.descriptor.number, F_SETFL, 0) == 0)
  bell.descriptor.ring()
  bell.descriptor.silence()
  bell.descriptor.silence()
  #expect(!bell.descriptor.waitForRing(milliseconds: 0))
  bell.descriptor.ring()
  #expect(bell.descriptor.waitForRing(milliseconds: -1))
}
