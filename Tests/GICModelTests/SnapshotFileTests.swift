// Machines in files: what is in them, and what is refused.

import GICArch
import Testing

@testable import GICModel

private func file() throws -> SnapshotFile {
  let world = World(World.configuration(pes: 1))
  var file = SnapshotFile(
    tool: "itsd", machine: "board", configuration: "clock: functional\n", cycle: 77,
    snapshot: try world.machine.snapshot())
  file.keep = true
  file.ram = [.init(address: 0x4000_0000, byteCount: 1 << 24), .init(address: 0, byteCount: 4096)]
  file.requests = ["control": 12, "pe 3": 0, "device 8": .max]
  file.offline = [3: 2, 0: 6]
  return file
}

@Test func `a file holds all of it, and names every field`() throws {
  let file = try file()
  let bytes = file.bytes()
  #expect(try SnapshotFile(bytes: bytes) == file)
  #expect(file.bytes() == bytes, "the same machine is the same bytes")
  let text = String(decoding: bytes, as: UTF8.self)
  for name in [
    "ITSDFILE", "machine", "configuration", "clock: functional", "cycle", "ram", "roles",
    "device 8\npe 3", "requests", "offline", "snapshot", "ITSDSNAP", "propbaser",
  ] { #expect(text.contains(name), "\(name)") }
}

@Test func `the least file is a file`() throws {
  let file = SnapshotFile(tool: "", machine: "", configuration: "", cycle: 0, snapshot: [])
  #expect(try SnapshotFile(bytes: file.bytes()) == file)
}

@Test func `a file of which any bit has flipped is refused, and any cut`() throws {
  let bytes = try file().bytes()
  var dice = Dice(seed: 5)
  // The head and the end bit by bit, and some of the rest.
  let bits =
    Array(0..<1024) + Array((bytes.count - 24) * 8..<bytes.count * 8)
    + (0..<500).map { _ in dice.roll(bytes.count * 8) }
  for bit in bits {
    var bad = bytes
    bad[bit / 8] ^= 1 << UInt8(bit % 8)
    #expect(throws: SnapshotError.self, "bit \(bit)") { try SnapshotFile(bytes: bad) }
  }
  for count in Array(0...40) + [bytes.count / 2, bytes.count - 1] {
    #expect(throws: SnapshotError.self) { try SnapshotFile(bytes: Array(bytes.prefix(count))) }
  }
  #expect(throws: SnapshotError.self) { try SnapshotFile(bytes: bytes + [0]) }
}

/// The bytes with another version, and a checksum that is right.
private func versioned(_ bytes: [UInt8], _ version: UInt8) -> [UInt8] {
  var other = Array(bytes.dropLast(8))
  other[8] = version
  other.appendLittleEndian(CRC64.checksum(other))
  return other
}

@Test func `an older or newer version is refused by its number, and a file of something else`()
  throws
{
  let bytes = try file().bytes()
  for (version, word) in [(UInt8(0), "older"), (2, "newer"), (255, "newer")] {
    let error = try #require(throws: SnapshotError.self) {
      try SnapshotFile(bytes: versioned(bytes, version))
    }
    #expect(error == .version(UInt32(version), known: 1))
    #expect("\(error)".contains("version \(version)") && "\(error)".contains(word))
    #expect("\(error)".contains("version 1"))
  }
  let world = World(World.configuration(pes: 1))
  let snapshot = try world.machine.snapshot()
  #expect(throws: SnapshotError.notASnapshot) { try SnapshotFile(bytes: snapshot) }
  #expect(throws: SnapshotError.notASnapshot) { try world.machine.restore(snapshot: bytes) }
  #expect(throws: SnapshotError.version(9, known: 1)) {
    try world.machine.restore(snapshot: versioned(snapshot, 9))
  }
}

/// Fields that have a right checksum and make no sense.
private let senseless: [(name: String, change: @Sendable (inout SnapshotFile) -> Void)] = [
  ("a role twice", { $0.requests = ["a\na": 1] }),
  ("more roles than numbers", { $0.requests = ["a\nb": 1] }),
  ("a role without a name", { $0.requests = ["": 1] }),
]
@Test(arguments: senseless)
func `fields that no file has are refused, whatever the checksum`(
  _: String, change: @Sendable (inout SnapshotFile) -> Void
) throws {
  var file = try file()
  change(&file)
  let bytes = file.bytes()
  #expect(throws: SnapshotError.self) { try SnapshotFile(bytes: bytes) }
}

@Test func `bytes that claim more than there is cost no memory`() throws {
  for (zeros, words) in [(UInt64(1) << 40, UInt64(0)), (1 << 26, 0), (0, 1 << 40), (0, 5)] {
    var archive = Archive()
    try archive.section("file")
    for name in ["tool", "machine", "configuration"] {
      var text = ""
      try archive.field(name, &text)
    }
    var cycle: UInt64 = 0
    try archive.field("cycle", &cycle)
    var keep = false
    try archive.field("keep", &keep)
    var bytes = archive.bytes + [3] + Array("ram".utf8) + [2]
    for word in [zeros + words, zeros, words] { bytes.appendLittleEndian(word) }
    var sealed = Array("ITSDFILE".utf8)
    sealed.appendLittleEndian(1)
    sealed += bytes
    sealed.appendLittleEndian(CRC64.checksum(sealed))
    #expect(throws: SnapshotError.damaged) { try SnapshotFile(bytes: sealed) }
  }
}
