// A machine's rates for a terminal: a screen that is drawn anew, or a line for a pipe.

extension LiveRates {
  /// As many lines as fit a window, none wider than it.
  /// - Parameters:
  ///   - title: whose rates these are.
  ///   - width: columns of the window; `height` its rows.
  public func screen(title: String, width: Int, height: Int) -> String {
    let bars = max(width - 50, 0)
    var lines = [title, ""]
    lines.append(
      "MSIs \(Format.scaled(msisPerSecond))/s   delivered \(Format.scaled(deliveredPerSecond))/s"
        + "   commands \(Format.scaled(commandsPerSecond))/s   simulated "
        + "\(Format.scaled(cyclesPerSecond)) cycles/s")
    lines.append(
      "in all: LPIs signalled \(Format.grouped(msis))   pending \(Format.grouped(pending))   "
        + "dropped \(Format.grouped(dropped))   commands rejected \(Format.grouped(commandErrors))")
    for (name, latency) in [("MSI", msi), ("command", command)] {
      guard let latency else { continue }
      lines.append("")
      lines.append(
        "\(name) latency in cycles: mean \(Format.fixed(latency.mean, 1)) of "
          + "\(Format.grouped(latency.count)); since the reset p99 \(Format.grouped(latency.p99)), "
          + "max \(Format.grouped(latency.max))")
      for stage in latency.stages {
        let part = latency.mean > 0 ? stage.mean / latency.mean : 0
        lines.append(
          Self.row(Format.words(stage.name), Format.fixed(stage.mean, 1), "", part, bars))
      }
    }
    lines += loadLines(width)
    if !units.isEmpty { lines += ["", "queues and units: mean, capacity, part of it in use"] }
    for unit in units {
      let capacity = unit.capacity.map { "\($0)" } ?? "-"
      lines.append(
        Self.row(unit.name, Format.fixed(unit.mean, 2), capacity, unit.utilisation, bars))
    }
    return lines.prefix(max(height - 1, 1)).map { String($0.prefix(max(width, 1))) + "\n" }.joined()
  }

  private static func row(
    _ name: String, _ mean: String, _ capacity: String, _ part: Double?, _ bars: Int
  ) -> String {
    func padded(_ text: String, _ width: Int, right: Bool) -> String {
      let blanks = String(repeating: " ", count: max(width - text.count, 0))
      return right ? blanks + text : text + blanks
    }
    var line =
      "  " + padded(name, 24, right: false) + padded(mean, 10, right: true)
      + padded(capacity, 6, right: true)
    if let part {
      line += padded(Format.fixed(part * 100, 0) + "%", 6, right: true) + " "
      line += String(repeating: "█", count: Int((min(max(part, 0), 1) * Double(bars)).rounded()))
    }
    return line
  }

  /// A block a PE, or a group of neighbours, as high as its part of the busiest one's load.
  private func loadLines(_ width: Int) -> [String] {
    let columns = max(width - 2, 1)
    guard perPE.count > 1, perPE.contains(where: { $0 > 0 }) else { return [] }
    let size = (perPE.count + columns - 1) / columns
    let groups = stride(from: 0, to: perPE.count, by: size).map { first in
      perPE[first..<min(first + size, perPE.count)].reduce(0, &+)
    }
    let most = groups.max() ?? 1
    let blocks = Array(" ▁▂▃▄▅▆▇█")
    let bar = groups.map { count -> Character in
      guard count > 0 else { return blocks[0] }
      return blocks[1 + Int(Double(count) / Double(max(most, 1)) * 7)]
    }
    let each = size == 1 ? "a block each" : "a block is \(size)"
    return [
      "", "load by PE, \(each); the busiest took \(Format.grouped(most)) LPIs", "  " + String(bar),
    ]
  }

  /// One line, for a pipe.
  public func line() -> String {
    var parts = [
      "cycle \(cycle)", "MSIs/s \(Format.fixed(msisPerSecond, 1))",
      "delivered/s \(Format.fixed(deliveredPerSecond, 1))",
      "commands/s \(Format.fixed(commandsPerSecond, 1))", "pending \(pending)",
      "dropped \(dropped)", "rejected \(commandErrors)",
    ]
    if let msi { parts.append("MSI mean \(Format.fixed(msi.mean, 1)) p99 \(msi.p99)") }
    if let command {
      parts.append("command mean \(Format.fixed(command.mean, 1)) p99 \(command.p99)")
    }
    if let busiest = units.first, let part = busiest.utilisation {
      parts.append("busiest \(busiest.name) \(Format.fixed(part * 100, 1)) %")
    }
    return parts.joined(separator: "  ") + "\n"
  }
}
