// `itsctl config` as a program: what it prints, and its exit status.

import Foundation
import GICReport
import Testing

@testable import GICReplay

private let configs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("../../Configs").standardizedFileURL.path

private func itsctl(_ arguments: String...) throws -> (
  status: Int32, output: [UInt8], errors: String
) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("itsctl")
  process.arguments = ["config"] + arguments
  process.environment = ["ITSD_CONFIGS": configs, "SWIFT_BACKTRACE": "enable=no"]
  let (output, errors) = (Pipe(), Pipe())
  (process.standardOutput, process.standardError) = (output, errors)
  try process.run()
  let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
  let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, bytes, text)
}

/// A file that lives as long as the closure.
private func withFile<Result>(
  _ text: String, _ body: (String) throws -> Result
) throws -> Result {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("itsd-config-\(UUID().uuidString).yaml").path
  try text.write(toFile: path, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

@Test func `config check ends with 1 and a line a mistake`() throws {
  try withFile("timing:\n  link_credit: 4\n  translation_slots: 0\n") { path in
    let result = try itsctl("check", path)
    #expect(result.status == 1)
    #expect(
      String(decoding: result.output, as: UTF8.self) == """
        \(path):2:3: unknown key timing.link_credit; nearest: timing.link_credits, an integer \
        from 1 through 4096
        \(path):3:22: timing.translation_slots: expected an integer from 1 through 4096
        2 mistakes

        """)
    let json = try ConfigurationCheck(json: try itsctl("check", path, "--json").output)
    #expect(json.mistakes.map(\.line) == [2, 3] && json.hash == nil)
    #expect(json.mistakes[0].nearest == "timing.link_credits")
    #expect(json.mistakes[1].range == "an integer from 1 through 4096")
  }
}

@Test func `config check of a good file tells its hash and what it leaves open`() throws {
  let path = configs + "/gic600.yaml"
  let result = try itsctl("check", path)
  let hash = try ConfigurationDocument(json: try itsctl("show", "gic600", "--json").output).hash
  #expect(result.status == 0)
  #expect(
    String(decoding: result.output, as: UTF8.self).hasPrefix(
      "\(path): makes a machine, gic600, hash \(hash); "))
  #expect(try itsctl("check", "/nowhere/x.yaml").status == 1)
}

@Test func `config show has every value with its unit, provenance, source and range`() throws {
  let text = String(decoding: try itsctl("show", "n1sdp-like").output, as: UTF8.self)
  #expect(text.hasPrefix("n1sdp-like, hash "))
  let line = try #require(text.split(separator: "\n").first { $0.contains("memory_latency") })
  let cells = line.split(separator: " ", maxSplits: 4).map(String.init)
  #expect(cells[..<4] == ["memory_latency_cycles", "68", "cycles", "assumed"])
  #expect(cells[4].contains("gic600: 85 ns for Graviton2"))
  let document = try ConfigurationDocument(json: try itsctl("show", "gic600", "--json").output)
  let value = try #require(document.values.first { $0.key == "timing.link_credits" })
  #expect(value.value == "4" && value.unit == "credits" && value.provenance == "assumed")
  #expect(value.range == "an integer from 1 through 4096")
  #expect(document.values.allSatisfy { $0.range != nil && !$0.source.isEmpty })
}

@Test func `config show lays files over each other`() throws {
  try withFile("timing: {memory_latency_cycles: 40}") { path in
    let document = try ConfigurationDocument(
      json: try itsctl("show", "gic600", path, "--json").output)
    #expect(document.values.first { $0.key == "timing.memory_latency_cycles" }?.value == "40")
    #expect(document.name == "gic600")
  }
}

@Test func `config diff shows what differs, and ends as diff does`() throws {
  let same = try itsctl("diff", "gic600", "gic600")
  #expect(same.status == 0)
  #expect(String(decoding: same.output, as: UTF8.self).hasSuffix("no value differs\n"))
  let other = try itsctl("diff", "gic600", "gic600-agilex5")
  #expect(other.status == 1)
  let text = String(decoding: other.output, as: UTF8.self)
  #expect(text.contains("\ntiming.link_credits"))
  #expect(text.contains("a assumed, b documented"))
  let json = try ConfigurationDifference(
    json: try itsctl("diff", "gic600", "gic600-max", "--json").output)
  #expect(json.a.name == "gic600" && json.b.name == "gic600-max" && json.a.hash != json.b.hash)
  #expect(
    json.differences.first { $0.key == "timing.lpi_cache_entries" }.map {
      [$0.a.value, $0.b.value]
    }
      == ["256", "1024"])
}

@Test func `config list has all presets and counts their provenance`() throws {
  let document = try PresetsDocument(json: try itsctl("list", "--json").output)
  #expect(document.presets.count == 9)
  let max = try #require(document.presets.first { $0.name == "gic600-max" })
  let usual = try #require(document.presets.first { $0.name == "gic600" })
  #expect(max.documented > usual.documented && max.assumed < usual.assumed)
  let sum = { (preset: PresetsDocument.Preset) in
    preset.documented + preset.measured + preset.assumed
  }
  #expect(Set(document.presets.map(sum)).count == 1)
}

@Test func `a configuration that cannot be is said on the error output`() throws {
  let result = try itsctl("show", "gic700")
  #expect(result.status == 1 && result.output.isEmpty)
  #expect(result.errors.contains("gic700: no such preset; presets: architecture, gic600"))
}
