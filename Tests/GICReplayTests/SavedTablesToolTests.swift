// `itsctl decode-tables` and `verify-tables` as programs: what they print, and their exit status.

import Foundation
import GICReport
import Testing

@testable import GICReplay

/// 2 MiB of RAM at 0x40000000: devices at its start, collections 64 KiB above, an ITT at 1 MiB.
private let base: UInt64 = 0x4000_0000
private let (devices, collections, itt) = (base, base + 0x1_0000, base + 0x10_0000)

/// Collection 1 at PE 1, device 2 with 8 bits of events at the ITT, its event 3 is LPI 8192.
private let good: [UInt64: UInt64] = [
  collections: 0x8000_0000_0001_0001, devices + 16: 0x8000_0000_0802_0007,
  itt + 24: 0x0000_0000_2000_0001,
]

/// Runs a command over an image. - Returns: what it printed, and its exit status.
private func run(
  _ command: String, _ words: [UInt64: UInt64], _ more: String...
) throws -> (text: String, status: Int32) {
  let scratch = try Scratch()
  var bytes = [UInt8](repeating: 0, count: 2 << 20)
  for (address, word) in words {
    for byte in 0..<8 {
      bytes[Int(address - base) + byte] = UInt8(truncatingIfNeeded: word >> UInt64(byte * 8))
    }
  }
  let path = try scratch.file("ram", Data(bytes))
  let program = try Program(
    "itsctl",
    [
      command, "--ram", path, "--ram-base", "0x40000000", "--baser0", "0x8007000040000200",
      "--baser1", "0x8007000040010200",
    ] + more)
  let text = program.text()
  program.process.waitUntilExit()
  #expect(FileManager.default.contents(atPath: path) == Data(bytes), "the file does not change")
  return (text, program.process.terminationStatus)
}

@Test func `decode-tables prints devices, events and collections`() throws {
  let result = try run("decode-tables", good)
  #expect(result.status == 0)
  for line in [
    "1 devices, 1 events, 1 collections",
    "collection 1 -> PE 0x1   CTE at 0x40010000 = 0x8000000000010001",
    "DeviceID 0x2: ITT at 0x40100000, EventIDs of 8 bits   DTE at 0x40000010 = 0x8000000008020007",
    "EventID 0x3 -> LPI 8192, collection 1   ITE at 0x40100018 = 0x20000001",
  ] { #expect(result.text.contains(line), "\(line) in \(result.text)") }
  let document = try SavedTablesDocument(
    json: Array(try run("decode-tables", good, "--json").text.utf8))
  #expect(document.devices.map(\.device) == [2] && document.devices[0].events[0].intid == 8192)
  #expect(document.complete && document.problems.isEmpty)
}

/// What is put over the good image, and the errno that a restore has for it.
private let bad: [(name: String, words: [UInt64: UInt64], errno: String)] = [
  ("INTID 8191", [itt + 24: 0x1fff_0001], "EINVAL"),
  ("a collection twice", [collections + 8: 0x8000_0000_0000_0001], "EEXIST"),
  ("a collection that is not saved", [itt + 24: 0x2000_0005], "EINVAL"),
  ("an ITT outside RAM", [devices + 16: 0x8000_0000_0804_0007], "EFAULT"),
  ("next beyond the events", [itt + 24: 0x00ff_0000_2000_0001], "EINVAL"),
]

@Test(arguments: bad.indices)
func `what a restore would refuse is said before it is tried`(row: Int) throws {
  let (_, words, errno) = bad[row]
  let image = good.merging(words) { $1 }
  let decoded = try run("decode-tables", image)
  #expect(decoded.status == 1 && decoded.text.contains("not right: "))
  let verified = try run("verify-tables", image, "--pes", "2")
  #expect(verified.status == 1)
  #expect(verified.text.contains("does not restore (profile kvm): \(errno): "), "\(verified.text)")
  let verdict = try RestoreVerdict(
    json: Array(try run("verify-tables", image, "--pes", "2", "--json").text.utf8))
  #expect(!verdict.restores && verdict.errno == errno && !verdict.problems.isEmpty)
}

@Test func `verify-tables knows the machine: its PEs, its profile, its LPI tables`() throws {
  let restores = "restores (profile kvm): 1 devices, 1 events, 1 collections\n"
  #expect(try run("verify-tables", good, "--pes", "2") == (restores, 0))
  // PE 1 is not there; the tables alone do not say that.
  let one = try run("verify-tables", good)
  #expect(one.status == 1 && one.text.contains("EINVAL"))
  #expect(try run("decode-tables", good).status == 0)
  // KVM takes a Size that the architecture refuses.
  let wide = good.merging([devices + 16: 0x8000_0000_0802_0011]) { $1 }
  #expect(try run("verify-tables", wide, "--pes", "2").status == 0)
  let refused = try run("verify-tables", wide, "--pes", "2", "--architecture")
  #expect(refused.status == 1 && refused.text.contains("profile architecture"))
  // A property table outside RAM matters once it is named.
  let outside = try run("verify-tables", good, "--pes", "2", "--propbaser", "0x5000000f")
  #expect(outside.status == 1 && outside.text.contains("EFAULT"), "\(outside.text)")
}

@Test func `what is no image is refused with its path`() throws {
  for arguments in [
    ["decode-tables", "--ram", "/nowhere", "--baser0", "0", "--baser1", "0"],
    ["verify-tables", "--ram", "/dev/null", "--baser0", "0", "--baser1", "0"],
  ] {
    let program = try Program("itsctl", arguments)
    program.process.waitUntilExit()
    #expect(program.process.terminationStatus == 1)
  }
  let usage = try Program("itsctl", ["decode-tables", "--ram", "x", "--baser0", "zero"])
  usage.process.waitUntilExit()
  #expect(usage.process.terminationStatus == 64)
}
