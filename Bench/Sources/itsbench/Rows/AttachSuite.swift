// What attaching costs: a program in C asks a running daemon, by turns with plain C that does no
// more than answer (Clients/c/bench). `.ci/attach-programs` makes the programs.

import Foundation

/// `attach.read_*`: a register read: over a Unix socket with the two ends on processors of their
/// own, on one, through a ring, and by 32 clients at a time. `attach.post_*`: MSIs that nobody
/// answers, over the socket 16 in a frame. `attach.command_ring`: a command and a SYNC for each
/// write of CWRITER. `attach.longest_read`: the longest read beside 32,767 INVALLs of another
/// client; `attach.backlog_read`: what one in a thousand of them takes.
/// `attach.rss_1024_ports`: what a daemon holds with so many rings. `attach.unicorn_read`: a load
/// of a guest on a Unicorn CPU, where that has been built.
func attachSuite() -> [Benchmark] {
  let rows = [
    "read_socket", "read_socket_one_core", "read_ring", "read_32_sockets", "post_socket",
    "post_ring", "command_ring", "longest_read", "backlog_read", "rss_1024_ports",
  ].map { ($0, AttachPrograms.bench) }
  return (rows + [("unicorn_read", AttachPrograms.unicorn)])
    .filter { FileManager.default.isExecutableFile(atPath: $0.1) }
    .map { row, program in
      Benchmark(
        name: "attach.\(row)",
        measure: { plan in try measureAttached(row, program, samples: plan.samples) })
    }
}

/// What the suite runs.
enum AttachPrograms {
  static let itsd = Place.root + "/.build/release/itsd"
  static let bench = Place.root + "/.build/clients/bench"
  static let unicorn = Place.root + "/.build/clients/unicorn-bench"

  /// Why there are no rows, or fewer; nil if there are all.
  static var missing: String? {
    func lacks(_ path: String) -> Bool { !FileManager.default.isExecutableFile(atPath: path) }
    if lacks(bench) || lacks(itsd) {
      return "attach.*: left out: there are no programs for it (.ci/attach-programs)"
    }
    return lacks(unicorn) ? "attach.unicorn_read: left out: `make bench-unicorn` makes it" : nil
  }
}

/// A daemon of its own for each row, so that none holds what another needed.
private func measureAttached(_ row: String, _ program: String, samples: Int) throws -> Measured {
  let folder = FileManager.default.temporaryDirectory.path + "/itsbench-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let address = "unix:\(folder)/s"
  let (daemon, ready) = (Process(), Pipe())
  daemon.executableURL = URL(fileURLWithPath: AttachPrograms.itsd)
  daemon.arguments = ["--config", "gic600", "--log-level", "error", "--listen", address]
  daemon.standardOutput = ready
  try daemon.run()
  defer {
    daemon.terminate()
    daemon.waitUntilExit()
  }
  // The daemon says that it listens, or ends.
  guard !ready.fileHandleForReading.availableData.isEmpty else {
    throw WrongWork(description: "\(AttachPrograms.itsd) did not start")
  }
  let (bench, output) = (Process(), Pipe())
  bench.executableURL = URL(fileURLWithPath: program)
  // The first sample warms up.
  bench.arguments = [address, "\(daemon.processIdentifier)", row, "\(samples + 1)"]
  bench.standardOutput = output
  try bench.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  bench.waitUntilExit()
  let pairs = text.split(separator: "\n").dropFirst().compactMap { line in
    let numbers = line.split(separator: " ").map { Double($0) }
    return numbers.first.flatMap { $0 }.map { (ours: $0, other: numbers.last.flatMap { $0 }) }
  }
  guard bench.terminationStatus == 0, pairs.count == samples else {
    throw WrongWork(description: "\(program) ended with \(bench.terminationStatus)")
  }
  if row.hasPrefix("rss_") { return Measured(bytes: median(pairs.map(\.ours))) }
  return Measured(pairs)
}
