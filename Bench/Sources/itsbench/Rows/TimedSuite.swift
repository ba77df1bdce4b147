// Commands on the timed clock: batches of the functional rows, until the last of them is complete.

import GICArch
import GICModel

/// `command.timed.*`: host time a command, with every latency simulated.
func timedSuite() -> [Benchmark] {
  ["int_pending", "int_set", "mapti", "mixed"].compactMap { kind in
    commandRows.first { $0.name == "command.\(kind)" }.map { row in
      Benchmark(name: "command.timed.\(kind)") {
        let machine = TimedMachine(row.layout.configuration(.timed))
        let guest = try Guest(ModelSide(machine, row.layout), row.layout)
        let program = row.program(row.layout)
        guest.issue(program.setUp.map { QueueEntry($0) })
        var random = SplitMix64(state: 2047)
        return {
          var sample = Sample(operations: 0, seconds: 0)
          for _ in 0..<row.passes * 4 {
            let pass = program.next(&random).encoded
            sample.seconds += try guest.time(pass)
            sample.operations += pass.timed.count
          }
          return sample
        }
      }
    }
  }
}
