// The same batches on the model and on QEMU's ITS, by turns.

import ArgumentParser
import GICArch
import GICModel

/// One line of the comparison.
struct PeerRow: Codable {
  var name: String
  var nsPerOp: Double?
  /// Nil where QEMU has no such thing, or cannot be driven to it from outside.
  var qemuNsPerOp: Double?
  /// How long its main thread had a processor for an op: what a busy machine does not change.
  var qemuProcessorNsPerOp: Double?
  /// QEMU's processor time to our time.
  var speedup: Double?

  enum CodingKeys: String, CodingKey {
    case name
    case nsPerOp = "ns_per_op"
    case qemuNsPerOp = "qemu_ns_per_op"
    case qemuProcessorNsPerOp = "qemu_cpu_ns_per_op"
    case speedup
  }

  init(_ name: String, _ measured: Measured, processorNs: Double? = nil) {
    self.name = name
    qemuProcessorNsPerOp = processorNs
    nsPerOp = measured.ns
    qemuNsPerOp = measured.otherNs
    if let processorNs, let ns = measured.ns { speedup = processorNs / ns }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(nsPerOp, forKey: .nsPerOp)
    try container.encode(qemuNsPerOp, forKey: .qemuNsPerOp)
    try container.encode(qemuProcessorNsPerOp, forKey: .qemuProcessorNsPerOp)
    try container.encode(speedup, forKey: .speedup)
  }

  static let columns = Columns(
    titles: ["row", "ns/op", "QEMU ns", "its CPU ns", "CPU / ours", "QEMU, quiet"],
    widths: [32, 12, 12, 12, 12, 12])
  var cells: [String] {
    [
      name, short(nsPerOp), short(qemuNsPerOp), short(qemuProcessorNsPerOp), short(speedup),
      short(Goal[name]?.qemu),
    ]
  }
}

extension PeerRow {
  /// Rows whose machine QEMU's `virt` cannot be: more CPUs than it has.
  private static let maximalCPUs = 123

  static func command(_ row: CommandRow, _ plan: Plan) throws -> PeerRow {
    guard row.layout.pes <= maximalCPUs else { return try alone(row, plan) }
    let qemu = try QEMUSide(row.layout)
    defer { qemu.end() }
    let bench = try CommandBench(row) { _ in qemu }
    // Passes of what is slow take a second each.
    let first = try bench.sample()
    try bench.check(tables: false)
    let isSlow = (first.other ?? 0) > 1000
    let pairs = try (0..<(isSlow ? 3 : plan.samples * 4)).map { _ in try bench.sample() }
    try bench.checkEvents(tables: false)
    if let failure = qemu.failure { throw failure }
    return PeerRow(row.name, Measured(pairs), processorNs: bench.otherProcessorNs)
  }

  private static func alone(_ row: CommandRow, _ plan: Plan) throws -> PeerRow {
    let bench = try CommandBench(row) { _ in nil }
    _ = try bench.sample()
    return PeerRow(row.name, Measured(try (0..<plan.samples).map { _ in try bench.sample() }))
  }

  /// MSIs of one device, 64 on the socket at a time.
  static func messages(_ plan: Plan) throws -> PeerRow {
    let layout = Layout(devices: 1)
    let qemu = try QEMUSide(layout)
    defer { qemu.end() }
    let ours = try Guest(
      ModelSide(FunctionalMachine(layout.configuration(.functional)), layout), layout)
    let other = try Guest(qemu, layout)
    let ints = (0..<layout.events).map { QueueEntry(layout.int($0)) }
    ours.issue(ints)
    other.issue(ints)
    let messages = (0..<16384).map { layout.message($0 % layout.events) }
    ours.side.take(messages)
    qemu.take(messages)
    func time(_ side: any Side) -> Double {
      side.timeSignal() * 1e9 / Double(messages.count)
    }
    _ = (time(ours.side), time(qemu))
    let before = qemu.processorSeconds
    let pairs = (0..<plan.samples * 2).map { _ in (time(ours.side), Optional(time(qemu))) }
    let after = qemu.processorSeconds
    if let failure = qemu.failure { throw failure }
    let seconds = before.flatMap { before in after.map { $0 - before } }
    return PeerRow(
      "msi.translate_set.1thread", Measured(pairs),
      processorNs: seconds.map { $0 * 1e9 / Double(pairs.count * messages.count) })
  }
}

struct Peer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the same batches on the model and on QEMU's ITS, side by side.",
    discussion: """
      QEMU is driven over qtest with its RAM shared; a row's time is from the write of CWRITER to
      its answer, for all commands in the queue. Both must leave the same pending tables.

      EXAMPLE
        itsbench peer --filter command.inv --json peer.json
      """)

  @Option(help: "Also write the rows as a JSON list.", completion: .file())
  var json: String?

  @Option(help: "Measure only what has this in its name.")
  var filter: String?

  @Option(help: "Samples that a median is taken of; short rows take 4 times as many.")
  var samples = 5

  func validate() throws {
    if samples < 1 { throw ValidationError("--samples must be at least 1") }
  }

  func run() throws {
    guard QTest.isInstalled else {
      throw ValidationError("\(QTest.program) is not there: apt-get install qemu-system-arm")
    }
    let plan = Plan(samples: samples)
    let measures =
      commandRows.map { row in (row.name, { try PeerRow.command(row, plan) }) }
      + [("msi.translate_set.1thread", { try PeerRow.messages(plan) })]
    let chosen = measures.filter { filter.map($0.0.contains) ?? true }
    guard !chosen.isEmpty else {
      throw ValidationError("no row that QEMU is measured by has \(filter ?? "") in its name")
    }
    print(Host.line)
    print(try QTest.versionLine())
    print(PeerRow.columns.header)
    var rows: [PeerRow] = []
    for (_, measure) in chosen {
      let row = try measure()
      show(PeerRow.columns.line(row.cells))
      rows.append(row)
    }
    if let json { try RowFile.write(rows, to: json) }
  }
}
