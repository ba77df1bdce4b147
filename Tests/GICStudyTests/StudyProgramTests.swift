// `itsctl study` as somebody types it: what it says, and how it ends.

import Foundation
import Testing

private let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  .deletingLastPathComponent().appendingPathComponent("itsctl").path
private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path

/// Runs a shell command, in which `itsctl` is the program of this build.
private func shell(_ command: String) throws -> (status: Int32, text: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/bin/bash")
  process.arguments = ["-c", command.replacingOccurrences(of: "itsctl", with: program)]
  process.currentDirectoryURL = URL(fileURLWithPath: root)
  let pipe = Pipe()
  (process.standardOutput, process.standardError) = (pipe, pipe)
  try process.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, text)
}

private let commands: [(name: String, command: String, status: Int32, says: [String])] = [
  ("a list", "itsctl study list", 0, ["vcpu-contention", "host-queue", "(host time)"]),
  (
    "one study", "itsctl study list fan-in", 0,
    ["--banks", "a power of two", "with --quick 1,4,16"]
  ),
  ("no such study", "itsctl study fan-inn --out /x", 64, ["nearest: fan-in"]),
  ("no such flag", "itsctl study fan-in --hop 3 --out /x", 64, ["nearest: --hops"]),
  ("no value", "itsctl study fan-in --out /x --banks", 64, ["--NAME VALUE"]),
  ("what cannot be", "itsctl study fan-in --banks=3 --out /x", 64, ["power of two"]),
  ("no such shard", "itsctl study fan-in --shard 3/2 --out /x", 64, ["I from 1 through N"]),
  ("no folder", "itsctl study fan-in", 64, ["--out"]),
  ("a file", "itsctl study fan-in --out Makefile", 1, ["Makefile"]),
  ("nothing to merge", "itsctl study merge Sources --out /x", 1, ["holds no study"]),
  ("no such preset", "itsctl study fan-in --config gic6000 --out /x", 1, ["no such preset"]),
]
@Test(arguments: commands)
func `itsctl study answers`(_: String, command: String, status: Int32, says: [String]) throws {
  let answer = try shell(command)
  #expect(answer.status == status, "\(answer.text)")
  for words in says { #expect(answer.text.contains(words), "\(answer.text)") }
}

@Test func `a run that is killed leaves nothing that looks whole, and can go on`() throws {
  let scratch = try Scratch()
  let study =
    "itsctl study topology --quick --hops 0,4 --credits 4 --msis 500 --no-picture --jobs 1 "
    + "--out \(scratch.path)/out"
  // No file may be longer than 16 KiB: points fit, and data.json ends the program with a signal.
  let killed = try shell("ulimit -f 16; \(study)")
  #expect(killed.status != 0)
  #expect(scratch.file("out/report.html") == nil && scratch.file("out/data.json") == nil)
  #expect(scratch.names("out/points").count > 0)
  let whole = try shell(study)
  #expect(whole.status == 0, "\(whole.text)")
  #expect(whole.text.contains("points were there already"))
  #expect(scratch.file("out/report.html") != nil)
  // A pipe shows no progress.
  #expect(!whole.text.contains("\u{1b}"))
}
