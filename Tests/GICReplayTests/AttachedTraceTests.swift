// Machines that run already are traced: what is told is what happens, and nothing else changes.

import Foundation
import GICArch
import GICClient
import GICConfig
import GICModel
import GICReport
import Testing

@testable import GICReplay

/// Twenty MSIs, each taken before the next comes.
private func work(_ board: Board) throws -> [UInt8] {
  for _ in 0..<20 {
    try board.client.msi(device: 0x10, event: 0)
    try board.client.advance(to: nil, until: .idle)
    _ = try board.client.systemRegisterRead(UInt64(SystemRegister.iar1.rawValue), pe: 1)
    try board.set(.eoir1, 8192, pe: 1)
  }
  return try board.client.statistics()
}

private func errno(_ body: () throws -> Void) -> UInt32 {
  do {
    try body()
    return 0
  } catch let error as ClientError { return error.errno } catch { return .max }
}

@Test func `a traced machine does what it would have done, and tells of all of it`() throws {
  let (plain, traced) = (try Daemon(), try Daemon())
  let other = try Board(plain.address, clock: "timed")
  let expected = try work(other)
  let board = try Board(traced.address, clock: "timed")
  let watcher = try Client(connectingTo: try Endpoint(parsing: traced.address), name: "watcher")
  try watcher.attach(machine: "board", role: .monitor, wantsLines: false)
  #expect(errno { _ = try watcher.trace(.records(from: 0, limit: 1)) } == 2)
  let yaml = String(decoding: try watcher.trace(.begin).tail, as: UTF8.self)
  let shape = TimingShape(try resolve([ConfigurationLayer(name: "TRACE", text: yaml)]).machine)
  #expect(shape.peCount == 2 && shape.itsCount == 1)
  #expect(errno { _ = try board.client.trace(.begin) } == 16)
  #expect(try work(board) == expected)

  let whole = try watcher.trace(.records(from: 0, limit: 100_000))
  let records = try #require(TraceRecord.decode(whole.tail, of: shape))
  #expect(whole.value == 0 && records.count > 100)
  var (began, shown, spent) = (0, 0, UInt64(0))
  for case .event(let event) in records {
    switch event {
    case .began(_, .msi, let its, let device, let event, _, _):
      began += 1
      #expect(its == 0 && device == 0x10 && event == 0)
    case .ended(_, .presented, _): shown += 1
    case .spent(_, .msi, let start, let end): spent += end - start
    default: break
    }
  }
  #expect(began == 20 && shown == 20)
  let document = try StatisticsDocument(json: expected)
  #expect(document.latencyCycles.msi?.total.sum == spent)
  // A part is the same records.
  let part = try watcher.trace(.records(from: 7, limit: 3))
  #expect(part.value == 7 && part.tail == Array(whole.tail[7 * 48..<10 * 48]))
  #expect(try watcher.trace(.records(from: 1 << 40, limit: 3)).value == UInt64(records.count))
  _ = try watcher.trace(.end)
  #expect(errno { _ = try watcher.trace(.records(from: 0, limit: 1)) } == 2)
  // Another may, and its leaving ends it.
  _ = try board.client.trace(.begin)
  #expect(errno { _ = try watcher.trace(.begin) } == 16)
  _ = try board.client.trace(.end)
  _ = try watcher.trace(.begin)
  try watcher.leave()
  _ = try board.client.trace(.begin)
  // After four changes it still is what it would have been.
  #expect(try work(board) == work(other))
}

@Test func `a machine without time has nothing to trace`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "functional")
  #expect(errno { _ = try board.client.trace(.begin) } == 95)
}

@Test func `itsctl traces a machine while it works`() throws {
  let daemon = try Daemon()
  let board = try Board(daemon.address, clock: "timed")
  let scratch = try Scratch()
  let files = ["perfetto", "vcd", "csv"].map { scratch.url.appendingPathComponent($0).path }
  let program = try Program(
    "itsctl",
    [
      "trace", "--attach", daemon.address, "--seconds", "0.5", "--json", "--perfetto", files[0],
      "--vcd", files[1], "--csv", files[2],
    ])
  while program.process.isRunning { _ = try work(board) }
  #expect(program.process.terminationStatus == 0)
  #expect(program.text().hasPrefix("{\"records\":"))
  let rows = try String(contentsOfFile: files[2], encoding: .utf8).split(separator: "\n")
  #expect(rows.count { $0.contains(",presented,") } > 20)
  let dump = try String(contentsOfFile: files[1], encoding: .utf8)
  #expect(dump.contains("$enddefinitions") && dump.contains("\n#"))
  #expect(FileManager.default.contents(atPath: files[0])?.isEmpty == false)
}
