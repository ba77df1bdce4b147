// Guest RAM: shared, held by the daemon, claimed wrongly, and gone with its client.

import CUV
import Foundation
import GICArch
import GICClient
import GICServer
import GICWire
import Synchronization
import Testing
import UVLoop

@Test func `shared RAM is the same memory on both sides`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  let memory = try SharedMemory.create(byteCount: 1 << 20)
  try client.map(memory, at: 0x4000_0000)
  memory.write([1, 2, 3], at: 0x100)
  #expect(try client.read(address: 0x4000_0100, count: 3) == [1, 2, 3])
  try client.write([9], to: 0x4000_0000 + (1 << 20) - 1)
  #expect(memory.read(at: (1 << 20) - 1, count: 1) == [9])
  try client.unmap(address: 0x4000_0000)
  #expect(errno { _ = try client.read(address: 0x4000_0100, count: 3) } == 14)
  #expect(daemon.memory.all == ["map 1073741824", "unmap 1073741824"])
}

@Test func `the daemon holds RAM for who cannot share it, in pieces larger than a frame`() throws {
  let daemon = try Daemon()
  let client = try Client(connectingTo: daemon.tcp)
  try client.attach(machine: "m")
  try client.mapRemote(address: 0, byteCount: 4 << 20)
  let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  try client.write(bytes, to: 77)
  #expect(try client.read(address: 77, count: bytes.count) == bytes)
}

@Test func `an access may reach over neighbouring ranges, and writes all or nothing`() throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  try client.mapRemote(address: 0x2000, byteCount: 4096)
  try client.mapRemote(address: 0x1000, byteCount: 4096)
  try client.write([1, 2, 3, 4], to: 0x1ffe)
  #expect(try client.read(address: 0x1ffd, count: 6) == [0, 1, 2, 3, 4, 0])
  #expect(errno { try client.write([7, 7], to: 0x2fff) } == 14)
  #expect(try client.read(address: 0x2fff, count: 1) == [0])
  #expect(errno { try client.write([7], to: .max) } == 14)
}

private let claims: [(name: String, address: UInt64, byteCount: UInt64, errno: UInt32)] = [
  ("beside it", 0x1_1000, 0x1000, 0),
  ("the same again", 0x1_0000, 0x1000, 17),
  ("over its end", 0x1_0000 - 0x1000, 0x2000, 17),
  ("past the end of addresses", .max - 0xfff, 0x2000, 22),
  ("the last page", .max - 0xfff, 0x1000, 0),
  ("nothing", 0x2_0000, 0, 22),
  ("half a page", 0x2_0000, 0x800, 22),
  ("an odd address", 0x2_0008, 0x1000, 22),
  ("more than the daemon holds", 0x2_0000, 5 << 30, 28),
  ("all there is", 0, .max, 28),
]

@Test(arguments: claims)
func `RAM beside a page at 0x10000`(
  _: String, address: UInt64, byteCount: UInt64, errno number: UInt32
) throws {
  let daemon = try Daemon()
  let client = try daemon.controller()
  try client.mapRemote(address: 0x1_0000, byteCount: 0x1000)
  #expect(errno { try client.mapRemote(address: address, byteCount: byteCount) } == number)
  #expect(try client.read(address: 0x1_0000, count: 1) == [0])
}

@Test func `RAM is unmapped with the client that mapped it, and nobody else's is`() throws {
  let daemon = try Daemon()
  let controller = try daemon.controller()
  try controller.mapRemote(address: 0x1000, byteCount: 0x1000)
  do {
    let other = try daemon.client()
    try other.attach(machine: "m", role: .memory)
    try other.map(try SharedMemory.create(byteCount: 8192), at: 0x10_0000)
    #expect(try controller.read(address: 0x10_0000, count: 1) == [0])
    #expect(errno { try other.unmap(address: 0x1000) } == 1)
    // No goodbye: as if it had been killed.
    other.close()
  }
  while try String(decoding: controller.list(), as: UTF8.self).contains("0x100000") {}
  #expect(errno { _ = try controller.read(address: 0x10_0000, count: 1) } == 14)
  #expect(try controller.read(address: 0x1000, count: 1) == [0])
  #expect(daemon.memory.all == ["map 4096", "map 1048576", "unmap 1048576"])
}

@Test func `so many ranges and no more`() throws {
  let daemon = try Daemon { $0.limits.ramRangesPerMachine = 4 }
  let client = try daemon.controller()
  for index in 0..<4 { try client.mapRemote(address: UInt64(index) << 20, byteCount: 4096) }
  #expect(errno { try client.mapRemote(address: 1 << 30, byteCount: 4096) } == 28)
  try client.unmap(address: 0)
  try client.mapRemote(address: 1 << 30, byteCount: 4096)
  #expect(errno { try client.unmap(address: 0) } == 2)
}

/// Memory that its maker may still cut short.
private func unsealed(_ byteCount: Int) throws -> OwnedDescriptor {
  // SAFETY: the name is read during the call only.
  let number = unsafe memfd_create("cut", UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING))
  try #require(number >= 0 && ftruncate(number, off_t(byteCount)) == 0)
  return OwnedDescriptor(adopting: number)
}

/// A client cuts its RAM short, over and over, while the daemon is asked to map it, and while the
/// ITS runs commands from it and writes what is pending to it. RAM is refused, or stays.
@Test func `RAM that is cut short under the daemon does not kill it`() throws {
  let board = try GuestBoard(threads: 1)
  let byteCount = 1 << 16
  var kept = 0
  for _ in 0..<40 {
    let cut = try unsealed(byteCount)
    let number = cut.number
    let (ended, over) = (DispatchSemaphore(value: 0), Flag())
    Thread {
      while !over.isSet.load(ordering: .relaxed) {
        _ = ftruncate(number, 0)
        _ = ftruncate(number, off_t(byteCount))
      }
      ended.signal()
    }.start()
    let peer = try RawPeer(board.daemon.endpoint)
    peer.send(.attach(Attach(machine: "m", role: .memory)))
    #expect(try peer.reply().errno == 0)
    let place: UInt64 = 0x8000_0000
    peer.send(
      .memoryMap(address: place, byteCount: UInt64(byteCount), offset: 0, isShared: true),
      with: cut)
    let mapped = try peer.reply().errno
    // Too short just then, or sealed and whole for ever.
    #expect(mapped == 0 || mapped == 22)
    if mapped == 0 {
      kept += 1
      #expect(ftruncate(number, 0) == -1)
      try board.useQueue(at: place, byteCount: byteCount)
    }
    over.isSet.store(true, ordering: .relaxed)
    ended.wait()
    peer.send(.memoryRead(address: place, byteCount: byteCount))
    #expect(try peer.reply().errno == (mapped == 0 ? 0 : 14))
    peer.send(.bye)
    #expect(try peer.reply().errno == 0)
  }
  #expect(kept > 0)
  #expect(try board.control.mmioRead(0x0808_0000).errno == 0)
}

private final class Flag: Sendable { let isSet = Atomic<Bool>(false) }

@Test func `RAM in huge pages is refused`() throws {
  // SAFETY: as above.
  let number = unsafe memfd_create("huge", UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB))
  guard number >= 0 else { try Test.cancel("this kernel has no huge pages: errno \(errno)") }
  let (descriptor, daemon) = (OwnedDescriptor(adopting: number), try Daemon())
  let peer = try RawPeer(daemon.endpoint)
  peer.send(.attach(Attach(machine: "m", role: .control)))
  _ = try peer.reply()
  peer.send(
    .memoryMap(address: 0, byteCount: 2 << 20, offset: 0, isShared: true), with: descriptor)
  let reply = try peer.reply()
  #expect(reply.errno == 22)
  #expect(reply.errorText.contains("huge pages"))
}
