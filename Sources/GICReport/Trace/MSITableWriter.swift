import GICModel

/// Writes a line for each MSI, and for each LPI that an INT command sets, when it has ended: where
/// it came from, where it went, what became of it, and its cycles by stage. The stages of what was
/// presented or merged add up to the whole.
struct MSITableWriter {
  private var output: TraceOutput

  init(_ output: TraceOutput) {
    self.output = output
    let columns =
      [
        "transaction", "kind", "its", "device", "event", "intid", "pe", "result", "start",
        "granted",
        "end", "latency",
      ] + MSIStage.allCases.map(\.name)
    self.output.append(contentsOf: columns.joined(separator: ",").utf8)
    self.output.append(UInt8(ascii: "\n"))
  }

  /// - Parameter result: nil for one that had not ended when the trace did.
  mutating func row(
    _ transaction: borrowing LiveTransaction, _ result: TimingEnd?, at cycle: UInt64
  ) {
    let isMSI = transaction.kind == .msi
    number(transaction.serial)
    output.append(contentsOf: isMSI ? "msi,".utf8 : "int,".utf8)
    number(UInt64(transaction.its))
    // An INT names them in the queue; its message knows its target only.
    number(UInt64(transaction.device), isKnown: isMSI)
    number(UInt64(transaction.event), isKnown: isMSI)
    number(UInt64(transaction.intid), isKnown: transaction.intid != 0)
    number(UInt64(transaction.pe), isKnown: transaction.intid != 0)
    output.append(contentsOf: (result?.text ?? "under_way").utf8)
    output.append(UInt8(ascii: ","))
    number(transaction.start)
    number(transaction.granted, isKnown: transaction.granted != .max)
    number(cycle, isKnown: result != nil)
    number(cycle &- transaction.start, isKnown: result != nil)
    for stage in MSIStage.allCases {
      output.append(decimal: transaction.stages[stage.rawValue])
      let isLast = stage == MSIStage.allCases.last
      output.append(isLast ? UInt8(ascii: "\n") : UInt8(ascii: ","))
    }
  }

  private mutating func number(_ value: UInt64, isKnown: Bool = true) {
    if isKnown { output.append(decimal: value) }
    output.append(UInt8(ascii: ","))
  }

  mutating func finish() throws { try output.finish() }
}
