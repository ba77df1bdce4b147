// The highest-priority pending LPI of a PE, under load.

import CKernel
import GICArch
import GICModel

/// Of 57,344 LPIs at random ones of 64 priorities some 3,100 are pending. `hppi.find`: the best is
/// found. `hppi.cycle`: another one is set, the best is found, and taken.
func selectionSuite() -> [Benchmark] {
  [row("hppi.find", SelectionBench.find), row("hppi.cycle", SelectionBench.cycle)]
}

private typealias Pair = (ours: Double, other: Double?)

private func row(
  _ name: String, _ round: @escaping (SelectionBench) -> () throws -> (pair: Pair, count: Int)
) -> Benchmark {
  Benchmark(
    name: name,
    measure: { plan in
      let sample = round(try SelectionBench(withC: true))
      _ = try (sample(), sample())
      return Measured(try plan.pairs { try sample().pair })
    },
    loop: {
      let sample = round(try SelectionBench(withC: false))
      return { try sample().count }
    })
}

private final class SelectionBench {
  private let ours: ModelSide<FunctionalMachine>
  private let other: CSide?
  private var random = SplitMix64(state: 4096)

  init(withC: Bool) throws {
    let layout = Layout(devices: 1, pes: 1, property: nil, drawn: [0: 4096])
    ours = try ModelSide(FunctionalMachine(layout.configuration(.functional)), layout)
    other = withC ? try CSide(layout, shared: false) : nil
    ours.enable(layout)
    other?.enable(layout)
  }

  func cycle() throws -> (pair: Pair, count: Int) {
    let intids = (0..<4096).map { _ in UInt32.random(in: 8192..<65536, using: &random) }
    let named = intids.map { INTID(rawValue: $0) }
    return try round(
      intids.count, { $0.machine.cycleLPIs(named, at: PEIndex(0)) }, { $0.cycle(intids) })
  }

  func find() throws -> (pair: Pair, count: Int) {
    let count = 1 << 14
    return try round(
      count, { $0.machine.findLPI(of: PEIndex(0), count: count) }, { $0.find(count) })
  }

  private func round(
    _ count: Int, _ mine: (ModelSide<FunctionalMachine>) -> UInt64, _ its: (CSide) -> UInt64
  ) throws -> (pair: Pair, count: Int) {
    var sum: UInt64 = 0
    let ns = Clock.time { sum = mine(ours) } * 1e9 / Double(count)
    guard let other else { return ((ns, nil), count) }
    var otherSum: UInt64 = 0
    let otherNs = Clock.time { otherSum = its(other) } * 1e9 / Double(count)
    guard sum == otherSum, sum > 0 else {
      throw WrongWork(description: "the model and the C kernel do not find the same LPIs")
    }
    return ((ns, otherNs), count)
  }
}
