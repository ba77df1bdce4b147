// Daemons that are killed, and what is left of their machines.

import Foundation
import GICArch
import GICClient
import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

private let configs =
  TraceFiles.tests.deletingLastPathComponent().appendingPathComponent("Configs").path

@Test(arguments: MachineStatistics.Clock.allCases)
func `a boot whose daemon is killed three times is the same boot`(
  clock: MachineStatistics.Clock
) throws {
  guard let path = TraceFiles.path("linux-smp1") else {
    try Test.cancel("linux-smp1.trace.xz is neither in Tests/Traces nor in ../shared/traces")
  }
  var options = ReplayOptions()
  options.clock = clock
  let run = try ReplayRun(
    try Trace(contentsOf: path), options, base: try Presets.load("qemu-virt", among: [configs]))
  let plain = try run.run(on: makeMachine)
  // Two crashes with one checkpoint before them, and one soon after it.
  let target = try CrashingTarget(
    run, checkpoints: [2000, 9000], crashes: [3000, 4500, 9001])
  let document = try run.run(on: target)
  #expect(target.failures.isEmpty, "\(target.failures.prefix(3))")
  #expect(target.asked > 10_000)
  #expect(target.replayed == 1000 + 2500 + 1)
  #expect(try comparable(document) == comparable(plain))
  #expect(document.passed && document.statistics.conservation.holds)
}

/// Requests whose effect does not depend on RAM: SPIs, PPIs, SGIs, and what PEs take of them.
private func script(_ attachment: GICClient.Attachment) -> [GICClient.Request] {
  var dice = Dice(state: 9)
  let gicd = attachment.gicdBase
  var requests: [GICClient.Request] = [
    .mmioWrite(address: gicd, size: 4, data: 0x12, pe: 0),
    .mmioWrite(address: gicd + 0x84, size: 4, data: 0xffff_ffff, pe: 0),
    .mmioWrite(address: gicd + 0x104, size: 4, data: 0xffff_ffff, pe: 0),
    .systemRegisterWrite(key: UInt64(SystemRegister.pmr.rawValue), data: 0xff, pe: 0),
    .systemRegisterWrite(key: UInt64(SystemRegister.igrpen1.rawValue), data: 1, pe: 0),
  ]
  for _ in 0..<400 {
    let intid = UInt32(32 + dice.roll(32))
    switch dice.roll(5) {
    case 0, 1: requests.append(.inputLine(intid: intid, level: dice.roll(2) == 1, pe: 0))
    case 2:
      requests.append(
        .mmioWrite(
          address: gicd + 0x400 + UInt64(intid), size: 1, data: UInt64(dice.roll(32) * 8), pe: 0))
    case 3:
      requests.append(.systemRegisterRead(key: UInt64(SystemRegister.iar1.rawValue), pe: 0))
    default:
      requests.append(
        .systemRegisterWrite(
          key: UInt64(SystemRegister.eoir1.rawValue), data: UInt64(intid), pe: 0))
    }
  }
  return requests
}

@Test func `killed between checkpoints of its own, it says from where to go on`() throws {
  let scratch = try Scratch()
  let arguments = ["--state-dir", scratch.url.path, "--checkpoint-interval", "0.02"]
  let plain = try Daemon()
  let reference = try Client(connectingTo: Endpoint(parsing: plain.address))
  let requests = script(try reference.attach(machine: "m"))
  for request in requests { _ = try reference.call(request) }

  var daemon = try Daemon(arguments, in: scratch)
  var client = try Client(connectingTo: Endpoint(parsing: daemon.address))
  try client.attach(machine: "m")
  for request in requests[..<100] { _ = try client.call(request) }
  while !FileManager.default.fileExists(atPath: scratch.url.path + "/m.itsd") {}
  for request in requests[100..<300] { _ = try client.call(request) }
  kill(daemon.program.process.processIdentifier, SIGKILL)
  daemon.program.process.waitUntilExit()
  client.close()
  daemon = try Daemon(arguments, in: scratch)
  client = try Client(connectingTo: Endpoint(parsing: daemon.address))
  let attachment = try client.attach(machine: "m")
  #expect(attachment.restored)
  let known = Int(attachment.requestCount)
  #expect((1...300).contains(known))
  try client.resume()
  for request in requests[known...] { _ = try client.call(request) }
  #expect(try client.registers(pe: 0).tail == reference.registers(pe: 0).tail)
  #expect(try client.statistics() == reference.statistics())
}

// MARK: The tool

/// - Returns: what it printed, and its exit status.
private func itsctl(_ arguments: String...) throws -> (text: String, status: Int32) {
  let program = try Program("itsctl", arguments)
  let text = program.text()
  program.process.waitUntilExit()
  return (text, program.process.terminationStatus)
}

@Test func `a machine goes to a file, and from it into a new daemon or a running one`() throws {
  let scratch = try Scratch()
  let path = scratch.url.path + "/board.itsd"
  let source = try Daemon()
  let client = try Client(connectingTo: Endpoint(parsing: source.address))
  let requests = script(try client.attach(machine: "board"))
  for request in requests { _ = try client.call(request) }
  let registers = try client.registers(pe: 0).tail
  let saved = try itsctl("save", "--attach", source.address, path, "--json")
  #expect(saved.status == 0 && saved.text.contains("\"machine\":\"board\""))
  // It goes on where it was saved.
  #expect(try client.registers(pe: 0).tail == registers)

  let begun = try Daemon(["--restore", path])
  let running = try Daemon()
  let restored = try itsctl(
    "restore", "--attach", running.address, path, "--machine", "other")
  #expect(restored.status == 0 && restored.text.contains("machine other"))
  for (daemon, name) in [(begun, "board"), (running, "other")] {
    let next = try Client(connectingTo: Endpoint(parsing: daemon.address))
    let attachment = try next.attach(machine: name)
    #expect(attachment.restored && !attachment.created)
    #expect(attachment.requestCount == UInt64(requests.count))
    try next.resume()
    #expect(try next.registers(pe: 0).tail == registers)
    #expect(try next.statistics() == client.statistics())
  }
}

@Test func `what is no file of a machine is refused, and the daemon says why`() throws {
  let scratch = try Scratch()
  let source = try Daemon()
  let client = try Client(connectingTo: Endpoint(parsing: source.address))
  try client.attach(machine: "board")
  var bytes = try client.snapshot()
  bytes[bytes.count / 2] ^= 4
  let damaged = try scratch.file("damaged", Data(bytes))
  let text = try scratch.file("text", Data("clock: timed\n".utf8))
  for (path, daemon) in [(damaged, source), (text, source), ("/nowhere", source)] {
    #expect(try itsctl("restore", "--attach", daemon.address, path).status == 1)
  }
  for path in [damaged, text, "/nowhere"] {
    let program = try Program(
      "itsd", ["--listen", "unix:\(scratch.url.path)/x", "--restore", path])
    program.process.waitUntilExit()
    #expect(program.process.terminationStatus == 1)
  }
  // Nowhere to write it to: nothing of it is left.
  #expect(
    try itsctl("save", "--attach", source.address, scratch.url.path + "/none/x").status == 1)
  #expect(try itsctl("save", "--attach", source.address, "--machine", "none", "x").status == 1)
  // Another configuration in a machine that is there.
  let good = scratch.url.path + "/good"
  #expect(try itsctl("save", "--attach", source.address, good).status == 0)
  let other = try Client(connectingTo: Endpoint(parsing: source.address))
  try other.attach(machine: "wide", configuration: "machine:\n  pes: 3\n")
  #expect(
    try itsctl("restore", "--attach", source.address, good, "--machine", "wide").status == 1)
}
