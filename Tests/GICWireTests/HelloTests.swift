// HELLO: what two ends agree on.

import GICWire
import Testing

/// A HELLO frame with these bytes as capabilities.
private func hello(tail: [UInt8]) -> Result<Request, WireError>? {
  var slot = Slot()
  slot.type = MessageType.hello.rawValue
  (slot.a, slot.b) = (WireProtocol.magic, 0x1_0000)
  var bytes: [UInt8] = []
  slot.appendFrame(tail: tail, to: &bytes)
  return decode(bytes)
}

private func capability(_ type: UInt16, _ value: [UInt8], length: UInt32? = nil) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.appendLittleEndian(type)
  bytes.appendLittleEndian(UInt16(0))
  bytes.appendLittleEndian(length ?? UInt32(value.count))
  return bytes + value + [UInt8](repeating: 0, count: -value.count & 7)
}

private let eight: [UInt8] = [0, 0x20, 0, 0, 0, 0, 0, 0]

@Test func `capabilities that nobody knows are skipped`() throws {
  let request = try #require(hello(tail: capability(999, [1, 2, 3]) + capability(1, eight))).get()
  guard case .hello(let hello) = request else {
    Issue.record("not a HELLO")
    return
  }
  #expect(hello.capabilities.frameLimit == 0x2000)
  #expect(hello.capabilities.descriptorLimit == Capabilities().descriptorLimit)
}

private let bad: [(name: String, tail: [UInt8])] = [
  ("a value of the wrong width", capability(1, [1, 2, 3, 4])),
  ("a value longer than the tail", capability(1, eight, length: 9)),
  ("a length of 4 GiB", capability(999, eight, length: .max)),
  ("half a header", [1, 0, 0, 0]),
  ("a name that is no UTF-8", capability(5, [0xff, 0xfe])),
]

@Test(arguments: bad)
func `capabilities that do not fit are refused`(_: String, tail: [UInt8]) {
  guard case .failure(let error)? = hello(tail: tail) else {
    Issue.record("accepted")
    return
  }
  #expect(error.errno == .einval)
}

@Test func `both ends agree on the lesser of everything`() throws {
  let daemon = Hello()
  var client = Hello()
  client.minor = 9
  client.capabilities.frameLimit = 8192
  client.capabilities.descriptorLimit = 100
  client.capabilities.roles = 0b11
  client.capabilities.queueLimit = 4096
  client.capabilities.ringSlots = 16
  client.capabilities.timeModes = 0b1001
  let agreed = try daemon.agreed(with: client)
  #expect(agreed.minor == daemon.minor)
  #expect(agreed.capabilities.frameLimit == 8192)
  #expect(agreed.capabilities.descriptorLimit == WireProtocol.descriptorLimit)
  #expect(agreed.capabilities.roles == 0b11)
  // Never less than a frame.
  #expect(agreed.capabilities.queueLimit == 8192)
  #expect(agreed.capabilities.ringSlots == 16)
  #expect(agreed.capabilities.timeModes == 1)
}

@Test func `another major version is refused, and both are named`() {
  var client = Hello()
  client.major = 7
  client.minor = 3
  let error = #expect(throws: WireError.self) { try Hello().agreed(with: client) }
  #expect(error?.errno == .eprotonosupport)
  #expect(error?.text.contains("7.3") == true)
  #expect(error?.text.contains("1.2") == true)
}

@Test func `another magic number is refused`() {
  var client = Hello()
  client.magic += 1
  #expect(throws: WireError(.eproto, "HELLO does not carry the magic number \"ITSDWIRE\"")) {
    try Hello().agreed(with: client)
  }
}

@Test func `a client that takes too small frames is refused`() {
  var client = Hello()
  client.capabilities.frameLimit = 64
  let error = #expect(throws: WireError.self) { try Hello().agreed(with: client) }
  #expect(error?.errno == .einval)
}

@Test func `the magic number spells its name`() {
  let text = (0..<8).map { UInt8(truncatingIfNeeded: WireProtocol.magic >> (8 * $0)) }
  #expect(String(decoding: text, as: UTF8.self) == "ITSDWIRE")
}
