// What hangs on the values that nobody published: each changed alone, and those that matter in
// pairs.

import GICConfig
import GICModel
import GICReport

/// The sweep over the assumed values of a configuration.
struct AssumptionSweep {
  private let base: ConfigurationLayer
  private let resolved: ResolvedConfiguration
  /// Transactions of each workload.
  private let count: Int
  private let baseline: TimingFigures

  init(_ base: ConfigurationLayer, _ resolved: ResolvedConfiguration, count: Int) {
    (self.base, self.resolved, self.count) = (base, resolved, count)
    baseline = TimingFigures(resolved.machine.timing, count: count)
  }

  /// The machine with some values changed; nil if no machine can have them.
  private func figures(_ changes: [(key: String, value: String)]) -> TimingFigures? {
    let text = changes.map { "\($0.key.dropFirst("timing.".count)): \($0.value)" }
    let layer = ConfigurationLayer(
      name: "sweep", text: "timing: {\(text.joined(separator: ", "))}\n")
    guard let changed = try? resolve([base, layer]) else { return nil }
    return TimingFigures(changed.machine.timing, count: count)
  }

  /// Each assumed whole number halved and doubled, alone.
  func alone() -> [ValidationDocument.Sensitivity] {
    var rows: [ValidationDocument.Sensitivity] = []
    for value in resolved.values
    where value.key.hasPrefix("timing.") && value.provenance == .assumed {
      for text in Self.variants(of: value) where text != value.value {
        guard let figures = figures([(value.key, text)]) else { continue }
        rows.append(
          ValidationDocument.Sensitivity(
            key: value.key, unit: value.unit, value: value.value, changed: text,
            percent: zip(baseline.all, figures.all).map { old, new in
              old.value == 0 ? 0 : (new.value / old.value - 1) * 100
            },
            flips: figures.conclusions.filter { !baseline.conclusions.contains($0) }))
      }
    }
    return rows
  }

  /// Pairs of what moves a figure by 1 % alone, each with the change that moves it most.
  func pairs(_ alone: [ValidationDocument.Sensitivity]) -> Interactions {
    func strength(_ row: ValidationDocument.Sensitivity) -> Double {
      row.percent.map { abs($0) }.max() ?? 0
    }
    var moving: [(key: String, value: String, strength: Double)] = []
    for row in alone where strength(row) >= 1 {
      if let index = moving.firstIndex(where: { $0.key == row.key }) {
        if strength(row) > moving[index].strength {
          moving[index] = (row.key, row.changed, strength(row))
        }
      } else {
        moving.append((row.key, row.changed, strength(row)))
      }
    }
    let singles = moving.map { figures([($0.key, $0.value)])?.all.map(\.value) }
    let base = baseline.all.map(\.value)
    let both = moving.indices.map { row in
      (0..<row).map { column in
        figures([
          (moving[row].key, moving[row].value), (moving[column].key, moving[column].value),
        ])?.all.map(\.value)
          // Where no machine can have both, nothing is said of the pair.
          ?? zip(zip(singles[row] ?? base, singles[column] ?? base), base).map { $0.0 + $0.1 - $1 }
      }
    }
    return Interactions(
      parameters: moving.map(\.key), changed: moving.map(\.value), base: base,
      alone: singles.map { $0 ?? base }, both: both)
  }

  private static func variants(of value: ConfiguredValue) -> [String] {
    switch value.value {
    case "true": return ["false"]
    case "false": return ["true"]
    case "constant": return ["exponential"]
    default:
      guard let number = UInt64(value.value) else { return [] }
      return number == 0 ? ["1", "4"] : ["\(number / 2)", "\(number * 2)"]
    }
  }
}
