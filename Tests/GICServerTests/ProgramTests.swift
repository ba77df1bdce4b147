// The program itself: how it starts, what it leaves, how it ends.

import Foundation
import GICClient
import Testing

/// A running itsd.
private final class Program {
  let process = Process()
  let output = Pipe()
  let errors = Pipe()
  let directory = "/tmp/itsd-test-\(UUID().uuidString)"

  init(_ arguments: [String]) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent("itsd")
    process.arguments = arguments.map { $0.replacing("DIR", with: directory) }
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit {
    if process.isRunning { process.terminate() }
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The addresses it says it listens on, waited for.
  func endpoints(_ count: Int) throws -> [Endpoint] {
    var text = ""
    while text.filter({ $0 == "\n" }).count < count {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty)
      text += String(decoding: data, as: UTF8.self)
    }
    return try text.split(separator: "\n").map {
      try #require($0.hasPrefix("listening on "))
      return try Endpoint(parsing: String($0.dropFirst(13)))
    }
  }

  func status() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }

  var errorText: String {
    String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
  var descriptorCount: Int {
    let path = "/proc/\(process.processIdentifier)/fd"
    return (try? FileManager.default.contentsOfDirectory(atPath: path).count) ?? 0
  }
}

@Test(arguments: [SIGTERM, SIGINT])
func `a signal ends the daemon with status 0, and its socket is gone`(signal: Int32) throws {
  let program = try Program(["--listen", "unix:DIR/s", "--listen", "tcp:127.0.0.1:0"])
  let endpoints = try program.endpoints(2)
  let client = try Client(connectingTo: endpoints[0])
  _ = try Client(connectingTo: endpoints[1]).list()
  kill(program.process.processIdentifier, signal)
  #expect(program.status() == 0)
  #expect(!FileManager.default.fileExists(atPath: program.directory + "/s"))
  #expect(errno { _ = try client.list() } == 104)
}

@Test func `ten thousand clients leave no descriptor behind`() throws {
  let program = try Program(["--listen", "unix:DIR/s"])
  let endpoint = try program.endpoints(1)[0]
  _ = try Client(connectingTo: endpoint).list()
  let watcher = try Client(connectingTo: endpoint)
  let before = program.descriptorCount
  for _ in 0..<10_000 { try Client(connectingTo: endpoint).close() }
  // The daemon hears of the last of them in its own time.
  while try String(decoding: watcher.list(), as: UTF8.self).split(separator: "\"number\"").count > 2
  {}
  #expect(before > 3)
  #expect(program.descriptorCount == before)
}

@Test func `a second daemon on the same socket is refused, and the first goes on`() throws {
  let first = try Program(["--listen", "unix:DIR/s"])
  let endpoint = try first.endpoints(1)[0]
  let second = try Program(["--listen", "\(endpoint)"])
  #expect(second.status() == 1)
  let text = second.errorText
  #expect(text.contains("somebody answers") && text.contains("end that daemon"))
  _ = try Client(connectingTo: endpoint).list()
}

@Test func `a killed daemon's socket is taken over`() throws {
  let first = try Program(["--listen", "unix:DIR/s"])
  let endpoint = try first.endpoints(1)[0]
  kill(first.process.processIdentifier, SIGKILL)
  #expect(first.status() == -1)
  let second = try Program(["--listen", "\(endpoint)"])
  #expect(try second.endpoints(1) == [endpoint])
  _ = try Client(connectingTo: endpoint).list()
}

private let refusals: [(name: String, arguments: [String], status: Int32, says: String)] = [
  ("an address without a kind", ["--listen", "/tmp/s"], 64, "unix:PATH or tcp:HOST:PORT"),
  ("an option that is none", ["--wibble"], 64, "--wibble"),
  ("a clock that is none", ["--clock", "sand"], 64, "'functional' and 'timed'"),
  ("all the world", ["--listen", "tcp:0.0.0.0:0"], 1, "127.0.0.1"),
  ("pages for it", ["--listen", "unix:DIR/s", "--http", "0.0.0.0:0"], 1, "127.0.0.1"),
  ("all the world, the mend", ["--listen", "tcp:0.0.0.0:0"], 1, "--allow-remote"),
  ("pages at no port", ["--http", "127.0.0.1"], 64, "the port is missing"),
  ("pages, the mend", ["--http", "7601"], 64, "write HOST:PORT"),
  ("a port beyond all", ["--listen", "tcp:127.0.0.1:70000"], 64, "a port is 0 to 65535"),
  ("a socket in no folder", ["--listen", "unix:DIR/none/s"], 1, "make the folder"),
  ("a socket that is a folder", ["--listen", "unix:DIR"], 1, "is not a socket"),
  (
    "state in no folder", ["--listen", "unix:DIR/s", "--state-dir", "DIR/none"], 1,
    "No such file or directory; make it first"
  ),
  ("an interval of nothing", ["--checkpoint-interval", "5"], 64, "goes with --state-dir"),
  ("a preset that is none", ["--config", "gic60"], 1, "gic600"),
  ("a folder as configuration", ["--config", "DIR/"], 1, "is a folder"),
  (
    "a machine's file that is none", ["--restore", "/bin/sh", "--listen", "unix:DIR/s"], 1,
    "/bin/sh: this is no snapshot"
  ),
  (
    "a configuration that is not there", ["--config", "DIR/none.yaml", "--listen", "unix:DIR/s"], 1,
    "none.yaml"
  ),
]

@Test(arguments: refusals)
func `a wrong command line says what and the mend`(
  _: String, arguments: [String], status: Int32, says: String
) throws {
  let program = try Program(arguments)
  #expect(program.status() == status)
  #expect(program.errorText.contains(says))
}

@Test func `a file in the folder that is no machine's is named, and what to do`() throws {
  let folder = "/tmp/itsd-state-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try Data("garbage".utf8).write(to: URL(fileURLWithPath: folder + "/m.itsd"))
  let program = try Program(["--listen", "unix:DIR/s", "--state-dir", folder])
  #expect(program.status() == 1)
  let text = program.errorText
  #expect(text.contains("\(folder)/m.itsd: this is no snapshot of a machine"))
  #expect(text.contains("move it out of the folder"))
}

@Test func `the program serves machines of its configuration, and a client's over it`() throws {
  let program = try Program(["--listen", "unix:DIR/s"])
  let endpoint = try program.endpoints(1)[0]
  let client = try Client(connectingTo: endpoint)
  let attachment = try client.attach(machine: "real", configuration: "clock: functional\n")
  #expect(attachment.created)
  #expect(attachment.configurationHash.count == 16)
  let its = try #require(attachment.itsBases.first)
  // GITS_TYPER: bit 0 says that physical LPIs exist, so it is never 0.
  #expect(try client.mmioRead(its + 8, size: 8).value & 1 == 1)
  #expect(try client.mmioRead(0x10).busStatus == 2)
  let bad = #expect(throws: ClientError.self) {
    try Client(connectingTo: endpoint).attach(machine: "bad", configuration: "clok: timed\n")
  }
  #expect(bad?.errno == 22)
  #expect(bad?.text.contains("ATTACH:1") == true)
  #expect(bad?.text.contains("clock") == true)
  #expect(String(decoding: try client.statistics(), as: UTF8.self).hasPrefix("{"))
}
