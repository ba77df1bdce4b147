// A machine that does what a row says: enough to be replayed against, and it keeps a log.

import GICArch
import GICModel

@testable import GICReplay

/// EventID n of any device is LPI 8192 + n of PE n (modulo the PEs), ICID n; commands do nothing.
final class FakeMachine: Machine {
  var configuration = MachineConfiguration()
  private(set) var cycle: UInt64 = 0
  let peCount: Int
  /// Cycles from an MSI to the PE's line, and from a doorbell to GITS_CREADR.
  var msiLatency: UInt64 = 0
  var commandLatency: UInt64 = 0
  /// What registers read, by address; 0 if there is nothing.
  var registers: [UInt64: UInt64] = [:]
  /// What has been done: "CYCLE SOURCE WHAT".
  private(set) var log: [String] = []

  private enum Effect: Equatable {
    case pending(Int, UInt32)
    case progress(UInt64)
  }
  private var coming: [(cycle: UInt64, effect: Effect)] = []
  private var pending: [[UInt32]]
  private var changes: [LineChange] = []
  private var statisticsNow = MachineStatistics(clock: .functional)
  private var ram: GuestRAM?

  init(peCount: Int = 2) {
    self.peCount = peCount
    pending = Array(repeating: [], count: peCount)
    statisticsNow.pes = Array(repeating: .init(), count: peCount)
  }

  func map(_ ram: GuestRAM) throws(MemoryError) { self.ram = ram }
  func unmap(_ address: PhysicalAddress) throws(MemoryError) { ram = nil }
  func flushPendingTables() {}
  func reset() {}
  func statistics() -> MachineStatistics {
    var statistics = statisticsNow
    statistics.pending = statistics.msis - statistics.delivered
    return statistics
  }
  func drainLineChanges(into changes: inout [LineChange]) {
    changes += self.changes
    self.changes = []
  }

  func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    while let next = coming.first, next.cycle <= limit {
      let before = changes.count
      cycle = max(cycle, next.cycle)
      coming.removeFirst()
      take(next.effect)
      if condition == .lineChange, changes.count > before { return cycle }
    }
    if condition != .idle { cycle = max(cycle, limit) }
    return cycle
  }

  private func take(_ effect: Effect) {
    switch effect {
    case .progress(let value): registers[0x808_0090] = value
    case .pending(let pe, let intid):
      pending[pe].append(intid)
      if pending[pe].count == 1 { change(pe, .irq) }
    }
  }

  private func change(_ pe: Int, _ levels: LineLevels) {
    changes.append(LineChange(pe: PEIndex(pe), levels: levels, sequence: 0, cycle: cycle))
  }

  private func after(_ latency: UInt64, _ effect: Effect) {
    guard latency > 0 else { return take(effect) }
    coming.append((cycle + latency, effect))
    coming.sort { $0.cycle < $1.cycle }
  }

  func perform(_ access: Access) -> Response {
    if access.cycle != Access.untimed { _ = advance(to: access.cycle, until: .limit) }
    var value: UInt64 = 0
    switch access.operation {
    case .read: value = registers[access.address] ?? 0
    case .write:
      if access.address == 0x808_0088 { after(commandLatency, .progress(access.data)) }
    case .msi:
      value = outcome(access).packed
      statisticsNow.msis += 1
      after(msiLatency, .pending(Int(access.data) % peCount, 8192 + UInt32(access.data)))
    case .translate: value = outcome(access).packed
    case .systemRegisterRead where access.address == UInt64(SystemRegister.iar1.rawValue):
      value = UInt64(acknowledge(Int(access.source)))
    case .systemRegisterRead: value = registers[access.address] ?? 0
    case .inputLine:
      if access.data == 1 {
        take(.pending(Int(access.source), UInt32(access.address)))
      } else {
        let pe = Int(access.source)
        let wasPending = !pending[pe].isEmpty
        pending[pe].removeAll { $0 == UInt32(access.address) }
        if wasPending, pending[pe].isEmpty { change(pe, []) }
      }
    case .systemRegisterWrite: break
    }
    let register = SystemRegister(rawValue: UInt32(truncatingIfNeeded: access.address))
    let what =
      switch access.operation {
      case .systemRegisterRead: "\(register.shortName ?? "?") -> \(value)"
      case .systemRegisterWrite: "\(register.shortName ?? "?") <- \(access.data)"
      case .read: "read \(hex(access.address)) -> \(value)"
      case .write: "write \(hex(access.address)) <- \(access.data)"
      default: "\(access.operation) \(access.data)"
      }
    log.append("\(cycle) \(access.source) \(what)")
    return Response(value: value, cycle: cycle)
  }

  private func outcome(_ access: Access) -> MSIOutcome {
    MSIOutcome(
      .set, intid: INTID(rawValue: 8192 + UInt32(access.data)),
      collection: ICID(rawValue: UInt16(access.data)), pe: PEIndex(Int(access.data) % peCount))
  }

  private func acknowledge(_ pe: Int) -> UInt32 {
    guard !pending[pe].isEmpty else { return 1023 }
    let intid = pending[pe].removeFirst()
    if pending[pe].isEmpty { change(pe, []) }
    if intid >= 8192 {
      statisticsNow.delivered += 1
      statisticsNow.pes[pe].lpisAcknowledged += 1
    }
    return intid
  }
}

extension InProcessTarget {
  convenience init(_ machine: FakeMachine, _ trace: Trace) throws {
    try self.init(
      machine, ramBase: trace.header.ramBase, ramByteCount: trace.header.ramByteCount)
  }
}
