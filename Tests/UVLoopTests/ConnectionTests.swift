// Streams: bytes, descriptors, and peers that do not behave.

import Foundation
import Testing
import UVLoop

@Test(arguments: ["unix", "tcp"])
func `bytes come back as they were sent`(kind: String) throws {
  let directory = try Directory()
  let pair = try Pair(
    at: kind == "unix" ? directory.socket() : .tcp(host: "127.0.0.1", port: 0))
  pair.server.echoes = true
  let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  send(bytes, from: pair.client)
  #expect(pair.run { pair.client.received.count >= bytes.count })
  #expect(pair.client.received == bytes)
}

@Test func `what is not consumed is shown again`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  pair.server.granule = 8
  send([1, 2, 3, 4, 5], from: pair.client)
  for _ in 0..<20 { pair.loop.run(.noWait) }
  #expect(pair.server.received == [])
  send([6, 7, 8, 9], from: pair.client)
  #expect(pair.run { !pair.server.received.isEmpty })
  #expect(pair.server.received == [1, 2, 3, 4, 5, 6, 7, 8])
}

@Test func `a memfd passes, and both ends see the same memory`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  let memory = try SharedMemory.create(byteCount: 8192)
  memory.write([42], at: 4096)
  send([0], from: pair.client, with: memory.descriptor)
  #expect(pair.run { pair.server.connection.descriptorCount == 1 })
  let descriptor = try #require(pair.server.connection.takeDescriptor())
  #expect(pair.server.connection.takeDescriptor() == nil)
  let seen = try SharedMemory.map(descriptor, offset: 4096, byteCount: 4096)
  #expect(seen.read(at: 0, count: 1) == [42])
  seen.write([43], at: 1)
  #expect(memory.read(at: 4097, count: 1) == [43])
}

@Test func `descriptors come in the order they were sent, among other bytes`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  for value: UInt8 in 1...5 {
    let memory = try SharedMemory.create(byteCount: 4096)
    memory.write([value], at: 0)
    send([value, value], from: pair.client)
    send([value], from: pair.client, with: memory.descriptor)
  }
  #expect(pair.run { pair.server.received.count == 15 })
  #expect(pair.server.received == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5])
  for value: UInt8 in 1...5 {
    let descriptor = try #require(pair.server.connection.takeDescriptor())
    let memory = try SharedMemory.map(descriptor, offset: 0, byteCount: 4096)
    #expect(memory.read(at: 0, count: 1) == [value])
  }
}

@Test func `a descriptor waits for the bytes before it`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  // Far more than the kernel takes at once; some of it corked when the descriptor follows.
  send([UInt8](repeating: 1, count: 4 << 20), from: pair.client)
  pair.client.connection.write { $0 += [2, 2] }
  send([3], from: pair.client, with: try SharedMemory.create(byteCount: 4096).descriptor)
  #expect(pair.run { pair.server.connection.descriptorCount == 1 })
  #expect(pair.server.received.count >= (4 << 20) + 2)
  #expect(pair.run { pair.server.received.count == (4 << 20) + 3 })
  #expect(pair.server.received.suffix(3) == [2, 2, 3])
}

@Test func `descriptors that nobody takes end the connection`() throws {
  let directory = try Directory()
  var limits = Connection.Limits()
  limits.descriptorCount = 2
  let pair = try Pair(at: directory.socket(), serverLimits: limits)
  let memory = try SharedMemory.create(byteCount: 4096)
  for _ in 0..<3 { send([0], from: pair.client, with: memory.descriptor) }
  #expect(pair.run { pair.server.reason != nil })
  #expect((pair.server.reason ?? nil)?.errno == EMFILE)
}

@Test func `a peer that does not read is cut, with a reason`() throws {
  let directory = try Directory()
  var limits = Connection.Limits()
  limits.sendByteCount = 1 << 20
  let pair = try Pair(at: directory.socket(), serverLimits: limits, reads: false)
  let piece = [UInt8](repeating: 1, count: 64 << 10)
  var sent = 0
  while pair.server.reason == nil, sent < 1000 {
    send(piece, from: pair.server)
    sent += 1
    pair.loop.run(.noWait)
  }
  #expect((pair.server.reason ?? nil)?.errno == ENOBUFS)
  // The kernel's buffer and the queue, and no more than that.
  #expect(sent < 100)
}

@Test func `a piece larger than the buffer ends the connection`() throws {
  let directory = try Directory()
  var limits = Connection.Limits()
  limits.receiveByteCount = 4096
  let pair = try Pair(at: directory.socket(), serverLimits: limits)
  pair.server.granule = 5000
  send([UInt8](repeating: 0, count: 6000), from: pair.client)
  #expect(pair.run { pair.server.reason != nil })
  #expect((pair.server.reason ?? nil)?.errno == EMSGSIZE)
}

@Test func `a pause keeps bytes, and resuming shows them`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  pair.server.connection.pause()
  send([1, 2], from: pair.client)
  for _ in 0..<20 { pair.loop.run(.noWait) }
  #expect(pair.server.received == [])
  pair.server.connection.resume()
  #expect(pair.run { pair.server.received == [1, 2] })
}

@Test func `closing when drained loses nothing, and the peer sees the end`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket())
  let bytes = [UInt8](repeating: 7, count: 3 << 20)
  pair.server.connection.write { $0 += bytes }
  pair.server.connection.closeWhenDrained()
  #expect(pair.run { pair.client.reason != nil })
  #expect(pair.client.received.count == bytes.count)
  #expect(pair.client.reason == .some(nil))
}

@Test func `sending to a peer that is gone is an error and not a signal`() throws {
  let directory = try Directory()
  let pair = try Pair(at: directory.socket(), reads: false)
  pair.client.connection.close()
  #expect(pair.run { pair.client.reason != nil })
  for _ in 0..<4 { send([UInt8](repeating: 0, count: 1 << 20), from: pair.server) }
  #expect(pair.run { pair.server.reason != nil })
  #expect((pair.server.reason ?? nil)?.errno == EPIPE)
}
