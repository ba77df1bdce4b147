// `itsctl conformance` as a program: what it prints, and its exit status.

import Foundation
import GICModel
import Testing

private func itsctl(_ arguments: String...) throws -> (status: Int32, text: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("itsctl")
  process.arguments = ["conformance"] + arguments
  let (output, errors) = (Pipe(), Pipe())
  (process.standardOutput, process.standardError) = (output, errors)
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, text)
}

@Test func `rows that pass end with status 0 and the numbers of rows`() throws {
  let daemon = try TestDaemon()
  let result = try itsctl("--attach", daemon.address, "--filter", "4")
  #expect(result.status == 0)
  #expect(result.text.hasPrefix("conformance: 4 rows, kvm 2, architecture 2: all pass"))
}

@Test func `a daemon whose ITS is another fails, with number, source, expected and got`() throws {
  let daemon = try TestDaemon { configuration in
    var other = configuration
    other.identity.iidr = 0x77
    return makeMachine(other)
  }
  let result = try itsctl("--attach", daemon.address, "--filter", "4", "--profile", "kvm")
  #expect(result.status == 1)
  let line = try #require(result.text.split(separator: "\n").first)
  for part in ["row 4 (kvm)", "expected 0x4b00043b", "got 0x77", "vgic-its.c"] {
    #expect(line.contains(part), "\(part)")
  }
  let json = try itsctl("--attach", daemon.address, "--filter", "4", "--profile", "kvm", "--json")
  #expect(json.status == 1)
  #expect(json.text.contains("\"got\": \"0x77\""))
}

@Test func `a filter that no row matches, a profile that is none, a daemon that is not there`()
  throws
{
  #expect(try itsctl("--filter", "no row says this").status == 64)
  #expect(try itsctl("--profile", "riscv").status == 64)
  #expect(try itsctl("--attach", "unix:/nonexistent/s", "--filter", "5").status == 1)
}

@Test func `the list has every row, and the reason of what has none`() throws {
  let result = try itsctl("--list", "--profile", "kvm")
  #expect(result.status == 0)
  #expect(result.text.contains("29\tregisters\tkvm\ta PE's store to TRANSLATER is ignored\t"))
  #expect(!result.text.contains("\tarchitecture\t"))
  #expect(result.text.contains("INT_ITE_INVALID"))
  #expect(result.text.contains("lines 116-116"))
}
