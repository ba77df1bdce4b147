// Peers that do not keep to the protocol: each gets an errno or is closed, and nobody else notices.

import CUV
import Foundation
import GICClient
import GICServer
import GICWire
import Testing
import UVLoop

private func frame(_ request: Request, change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
  var bytes: [UInt8] = []
  request.append(to: &bytes, id: 9)
  change(&bytes)
  return bytes
}

private let map = Request.memoryMap(
  address: 0x4000_0000, byteCount: 8192, offset: 0, isShared: true)

/// After HELLO. nil: the connection ends.
private let wrong: [(name: String, bytes: [UInt8], errno: UInt32?)] = [
  ("work before ATTACH", frame(.reset), 71),
  ("HELLO a second time", frame(.hello(Hello())), 71),
  ("an unknown type", frame(.reset) { $0[5] = 0x7f }, 38),
  ("a descriptor announced and not sent", frame(map), 9),
  (
    "a name that is none", frame(.attach(Attach(machine: "m", role: .control))) { $0[64] = 0x20 },
    22
  ),
  ("a size that is no multiple of 8", frame(.reset) { $0[0] = 65 }, nil),
  ("a frame of 4 GiB", frame(.reset) { $0[0...3] = [0xf8, 0xff, 0xff, 0xff] }, nil),
  ("zeros", [UInt8](repeating: 0, count: 64), nil),
]

@Test(arguments: wrong)
func `a peer that is wrong is told so or closed`(
  _: String, bytes: [UInt8], errno number: UInt32?
) throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  let peer = try RawPeer(daemon.endpoint)
  peer.send(raw: bytes)
  if let number {
    let reply = try peer.reply()
    #expect(reply.errno == number)
    #expect(reply.id == 9)
    #expect(!reply.errorText.isEmpty)
    // Framing holds: it may go on.
    peer.send(.list)
    #expect(try peer.reply().errno == 0)
  } else {
    #expect(try peer.isCut())
  }
  #expect(try bystander.mmioRead(0x0808_0000).value == 0)
}

@Test func `a frame that is too large is answered before the connection ends`() throws {
  let daemon = try Daemon { $0.limits.tailByteCount = 8192 }
  let peer = try RawPeer(daemon.endpoint)
  peer.send(
    raw: Array(
      frame(.memoryWrite(address: 0, bytes: [UInt8](repeating: 0, count: 8200))).prefix(64)))
  #expect(try peer.reply().errno == 90)
  #expect(try peer.isCut())
}

@Test func `whoever does not begin with HELLO is told so, and closed`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.endpoint, greets: false)
  peer.send(.reset)
  #expect(try peer.reply().errno == 71)
  #expect(try peer.isCut())
}

@Test func `another major version is answered with both versions`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.endpoint, greets: false)
  var hello = Hello()
  hello.major = 2
  peer.send(.hello(hello))
  let reply = try peer.reply()
  #expect(reply.errno == 93)
  #expect(try reply.hello().major == WireProtocol.major)
  #expect(reply.errorText.contains("2.2") && reply.errorText.contains("1.2"))
  #expect(try peer.isCut())
}

@Test func `garbage never brings the daemon down`() throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  var random = SystemRandomNumberGenerator()
  for round in 0..<60 {
    let peer = try RawPeer(daemon.endpoint, greets: round % 2 == 0)
    var bytes = (0..<Int.random(in: 64...2048, using: &random)).map { _ in UInt8.random(in: 0...255)
    }
    // Half of it looks like a frame, so that it comes further.
    if round % 4 < 2 { bytes[0...7] = [64, 0, 0, 0, UInt8(round), 0, 0, 0] }
    peer.send(raw: bytes)
    peer.loop.run(.noWait)
  }
  #expect(try bystander.mmioRead(0x0808_0000).value == 0)
}

@Test func `a descriptor that no frame names ends the connection`() throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  let peer = try RawPeer(daemon.endpoint)
  peer.send(.list, with: try SharedMemory.create(byteCount: 4096).descriptor)
  #expect(try peer.closing()?.errno == 71)
  #expect(try bystander.mmioRead(0x0808_0000).value == 0)
}

@Test func `a descriptor with a message that takes none is refused`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.endpoint)
  peer.send(
    raw: frame(.list) { $0[7] = 1 }, with: try SharedMemory.create(byteCount: 4096).descriptor)
  #expect(try peer.reply().errno == 22)
  peer.send(.list)
  #expect(try peer.reply().errno == 0)
}

@Test func `a descriptor over TCP is refused with the other way`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.tcp)
  peer.send(.attach(Attach(machine: "m", role: .control)))
  _ = try peer.reply()
  peer.send(map)
  let reply = try peer.reply()
  #expect(reply.errno == 9)
  #expect(reply.errorText.contains("TCP"))
}

@Test func `a memfd shorter than claimed is refused with both sizes`() throws {
  let daemon = try Daemon()
  let peer = try RawPeer(daemon.endpoint)
  peer.send(.attach(Attach(machine: "m", role: .control)))
  _ = try peer.reply()
  peer.send(map, with: try SharedMemory.create(byteCount: 4096).descriptor)
  let reply = try peer.reply()
  #expect(reply.errno == 22)
  #expect(reply.errorText.contains("8192") && reply.errorText.contains("4096"))
  // SAFETY: the name is read during the call only.
  let plain = OwnedDescriptor(adopting: unsafe memfd_create("plain", UInt32(MFD_CLOEXEC)))
  try #require(ftruncate(plain.number, 8192) == 0)
  peer.send(map, with: plain)
  #expect(try peer.reply().errno == 1)
  #expect(daemon.memory.all.isEmpty)
}

@Test func `a client that is gone in the middle of a frame disturbs nobody`() throws {
  let daemon = try Daemon()
  let bystander = try daemon.controller()
  for cut in [1, 63, 64, 100] {
    let peer = try RawPeer(daemon.endpoint)
    peer.send(.attach(Attach(machine: "m", role: .control)))
    _ = try peer.reply()
    peer.send(
      raw: Array(
        frame(.memoryWrite(address: 0, bytes: [UInt8](repeating: 1, count: 64))).prefix(cut)))
    peer.loop.close()
  }
  // A peer that only stops sending is gone as well.
  let half = try RawPeer(daemon.endpoint)
  half.send(raw: [1])
  half.connection.endSending()
  #expect(try half.isCut())
  while try JSONSerialization.clientCount(bystander.list()) != 1 {}
  #expect(try bystander.mmioRead(0x0808_0000).value == 0)
}

extension JSONSerialization {
  fileprivate static func clientCount(_ listing: [UInt8]) throws -> Int? {
    let json = try jsonObject(with: Data(listing)) as? [String: Any]
    return (json?["clients"] as? [Any])?.count
  }
}
