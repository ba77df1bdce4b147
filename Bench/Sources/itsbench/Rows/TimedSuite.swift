// Commands on the timed clock: batches of the functional rows, until the last of them is complete.

import GICArch
import GICModel

/// `command.timed.*`: host time a command, with every latency simulated. `timed.command_mixed`:
/// that of the mix of them.
func timedSuite() -> [Benchmark] {
  [
    ("command.timed.int_pending", "int_pending"), ("command.timed.int_set", "int_set"),
    ("command.timed.mapti", "mapti"), ("timed.command_mixed", "mixed"),
  ].compactMap { name, kind in
    commandRows.first { $0.name == "command.\(kind)" }.map { timedCommands(name, $0) }
  }
}

private func timedCommands(_ name: String, _ row: CommandRow) -> Benchmark {
  func make() throws -> () throws -> Sample {
    let machine = TimedMachine(row.layout.configuration(.timed))
    let guest = try Guest(ModelSide(machine, row.layout), row.layout)
    let program = row.program(row.layout)
    guest.issue(program.setUp.map { QueueEntry($0) })
    var random = SplitMix64(state: 2047)
    return {
      let pass = program.next(&random).encoded
      return Sample(operations: pass.timed.count, seconds: try guest.time(pass))
    }
  }
  return Benchmark(
    name: name,
    measure: { plan in
      let pass = try make()
      _ = try pass()
      let times = try (0..<plan.samples).map { _ in
        let samples = try (0..<row.passes * 4).map { _ in try pass() }
        let operations = samples.reduce(0) { $0 + $1.operations }
        return samples.reduce(0) { $0 + $1.seconds } * 1e9 / Double(operations)
      }
      return Measured(ns: median(times))
    },
    loop: {
      let pass = try make()
      return { try pass().operations }
    })
}
