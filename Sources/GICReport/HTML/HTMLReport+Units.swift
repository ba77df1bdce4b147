// How busy the units were, what crossed the memory ports, and who sent the MSIs.

extension HTMLReport {
  /// More rows than this are folded away.
  private static var openRows: Int { 12 }

  /// Queues, slots, credits and units, and the memory ports.
  var units: String {
    let statistics = document.statistics
    let used = statistics.queues.filter { $0.max > 0 }
    guard !used.isEmpty else { return "" }
    var table = HTMLTable(
      ["queue or unit", "capacity", "mean", "max", "utilisation", ""], numbers: [1, 2, 3, 4])
    // The busiest first: that is what a reader looks for.
    let order = used.enumerated().sorted {
      ($1.element.utilisation ?? 0, $0.offset) < ($0.element.utilisation ?? 0, $1.offset)
    }
    for (_, queue) in order {
      table.add([
        .code(queue.name), .number(queue.capacity.map { Format.grouped($0) } ?? "-"),
        .number(Format.fixed(queue.mean, 6)), .number(Format.grouped(queue.max)),
        .number(queue.utilisation.map { Format.fixed($0 * 100, 4) + " %" } ?? "-"),
        .markup(queue.utilisation.map(Self.bar) ?? ""),
      ])
    }
    let idle = statistics.queues.count - used.count
    let lead =
      "Entries, the mean over all cycles, and how much of the capacity that is; the busiest first. "
      + (idle > 0 ? "\(idle) that were never used are left out." : "")
    return section("Queues and units", lead, folded(table, "queues and units") + traffic)
  }

  private var traffic: String {
    let statistics = document.statistics
    let used = statistics.traffic.filter { $0.requests > 0 }
    guard !used.isEmpty else { return "" }
    var table = HTMLTable(
      ["memory ports", "requests", "bytes", "bytes/cycle", "MB/s"], numbers: [1, 2, 3, 4],
      isSlim: true)
    for row in used {
      let rate = document.configuration.clockHertz.map { row.bytesPerCycle * $0 / 1e6 }
      table.add([
        .text(Format.words(row.name)), .number(Format.grouped(row.requests)),
        .number(Format.grouped(row.bytes)), .number(Format.fixed(row.bytesPerCycle, 6)),
        .number(rate.map { Format.fixed($0, 3) } ?? "-"),
      ])
    }
    return table.markup
  }

  /// Who sent the MSIs, the busiest first.
  var devices: String {
    let devices = document.statistics.perDevice.sorted {
      ($1.msis, $0.device) < ($0.msis, $1.device)
    }
    guard let most = devices.first?.msis, most > 0 else { return "" }
    var table = HTMLTable(
      ["DeviceID", "MSIs", "mean latency", "max latency", ""], numbers: [1, 2, 3])
    for device in devices {
      table.add([
        .code("0x" + String(device.device, radix: 16)), .number(Format.grouped(device.msis)),
        .number(Format.fixed(device.latencyMean, 1)), .number(Format.grouped(device.latencyMax)),
        .markup(Self.bar(Double(device.msis) / Double(most))),
      ])
    }
    return section(
      "MSIs by device", "Latencies are cycles, from arrival to acceptance or merge.",
      folded(table, "devices"))
  }

  /// A bar as long as a part, 0 through 1, of its cell.
  private static func bar(_ part: Double) -> String {
    let width = Format.fixed(min(max(part, 0), 1) * 120, 1)
    return "<svg class=\"bar\" viewBox=\"0 0 120 10\" aria-hidden=\"true\">"
      + "<rect class=\"empty\" width=\"120\" height=\"10\"/>"
      + "<rect class=\"s0\" width=\"\(width)\" height=\"10\"/></svg>"
  }

  private func folded(_ table: HTMLTable, _ what: String) -> String {
    guard table.rows.count > Self.openRows else { return table.markup }
    var head = table
    head.rows = Array(table.rows.prefix(Self.openRows))
    var rest = table
    rest.rows = Array(table.rows.dropFirst(Self.openRows))
    return head.markup
      + "<details><summary>\(rest.rows.count) more \(what)</summary>\n\(rest.markup)</details>\n"
  }
}
