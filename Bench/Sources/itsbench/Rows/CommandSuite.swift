// How the rows of the command queue are measured: the model and the C kernel by turns, each on RAM
// of its own, with the same commands.

import GICArch
import GICModel

/// Two guests that do the same, ours first.
final class CommandBench {
  let row: CommandRow
  private let ours: Guest
  /// Nil where only ours is wanted.
  private let other: Guest?
  private let program: Program
  private var random = SplitMix64(state: 2047)

  init(_ row: CommandRow, against other: (Layout) throws -> (any Side)?) throws {
    self.row = row
    let machine = FunctionalMachine(row.layout.configuration(.functional))
    ours = try Guest(ModelSide(machine, row.layout), row.layout)
    self.other = try other(row.layout).map { try Guest($0, row.layout) }
    program = row.program(row.layout)
    let setUp = program.setUp.map { QueueEntry($0) }
    ours.issue(setUp)
    self.other?.issue(setUp)
  }

  /// What both have done so far must be the same, after one more pass and after its undoing.
  func check(tables: Bool) throws {
    guard let other else { return }
    var pass = program.next(&random).encoded
    let undo = pass.undo
    pass.undo = []
    for part in [pass, EncodedPass(timed: undo, undo: [])] {
      _ = try (ours.time(part), other.time(part))
      try compare(other, tables: tables)
    }
  }

  /// At the row's end: an INT of every event shows what both remember of it.
  func checkEvents(tables: Bool) throws {
    try check(tables: tables)
    guard let other else { return }
    let ints = (0..<row.layout.events).map { QueueEntry(row.layout.int($0)) }
    ours.issue(ints)
    other.issue(ints)
    try compare(other, tables: tables)
  }

  private func compare(_ other: Guest, tables: Bool) throws {
    guard let found = ours.difference(from: other, tables: tables) else { return }
    throw WrongWork(description: "not the same work: \(found)")
  }

  /// Some passes of ours, then the same of the other.
  /// - Returns: nanoseconds a command.
  func sample() throws -> (ours: Double, other: Double?) {
    let passes = (0..<row.passes).map { _ in program.next(&random).encoded }
    let commands = Double(passes.reduce(0) { $0 + $1.timed.count })
    let mine = try passes.reduce(0) { $0 + (try ours.time($1)) }
    guard let other else { return (mine * 1e9 / commands, nil) }
    let its = try passes.reduce(0) { $0 + (try other.time($1)) }
    return (mine * 1e9 / commands, its * 1e9 / commands)
  }

  /// Nanoseconds of a processor that the other's process had for a command.
  var otherProcessorNs: Double? {
    guard let processor = other?.processor, processor.commands > 0 else { return nil }
    return processor.seconds * 1e9 / Double(processor.commands)
  }

  /// One pass of ours for callgrind.
  /// - Returns: the commands in it.
  func pass() throws -> Int {
    let pass = program.next(&random).encoded
    _ = try ours.time(pass)
    return pass.timed.count
  }
}

func commandSuite() -> [Benchmark] {
  commandRows.map { row in
    Benchmark(
      name: row.name,
      measure: { plan in
        let bench = try CommandBench(row) { try CSide($0, shared: false) }
        _ = try (bench.sample(), bench.sample())
        try bench.check(tables: true)
        let pairs = try plan.pairs { try bench.sample() }
        try bench.checkEvents(tables: true)
        return Measured(pairs)
      },
      loop: {
        let bench = try CommandBench(row) { _ in nil }
        return bench.pass
      })
  }
}
