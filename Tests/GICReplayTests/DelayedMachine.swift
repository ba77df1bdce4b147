import GICArch
import GICModel

@testable import GICReplay

/// The reference machine, with MSIs and the queue's doorbell taking effect a fixed time later:
/// enough to make guests wait.
final class DelayedMachine: Machine {
  private let inner: ReferenceMachine
  private(set) var cycle: UInt64 = 0
  private let msiLatency: UInt64
  private let commandLatency: UInt64
  /// Under way, earliest first; one latency each, so each is in order by itself.
  private var msis: [(cycle: UInt64, access: Access)] = []
  private var doorbells: [(cycle: UInt64, access: Access)] = []
  private var (firstMSI, firstDoorbell) = (0, 0)
  private var changes: [LineChange] = []

  init(_ configuration: MachineConfiguration, msiLatency: UInt64, commandLatency: UInt64) {
    inner = ReferenceMachine(configuration)
    (self.msiLatency, self.commandLatency) = (msiLatency, commandLatency)
  }

  var configuration: MachineConfiguration { inner.configuration }
  func map(_ ram: GuestRAM) throws(MemoryError) { try inner.map(ram) }
  func unmap(_ address: PhysicalAddress) throws(MemoryError) { try inner.unmap(address) }
  func flushPendingTables() { inner.flushPendingTables() }
  func reset() {}
  func statistics() -> MachineStatistics { inner.statistics() }
  func drainLineChanges(into changes: inout [LineChange]) {
    changes += self.changes
    self.changes.removeAll(keepingCapacity: true)
  }

  private func now(_ access: Access) -> Response {
    let response = inner.perform(access)
    var new: [LineChange] = []
    inner.drainLineChanges(into: &new)
    changes += new.map {
      LineChange(pe: $0.pe, levels: $0.levels, sequence: 0, cycle: cycle)
    }
    return response
  }

  func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    while true {
      let msi = firstMSI < msis.count ? msis[firstMSI].cycle : .max
      let doorbell = firstDoorbell < doorbells.count ? doorbells[firstDoorbell].cycle : .max
      guard min(msi, doorbell) <= limit, min(msi, doorbell) < .max else { break }
      let before = changes.count
      cycle = max(cycle, min(msi, doorbell))
      if msi <= doorbell {
        firstMSI += 1
        _ = now(msis[firstMSI - 1].access)
      } else {
        firstDoorbell += 1
        _ = now(doorbells[firstDoorbell - 1].access)
      }
      if condition == .lineChange, changes.count > before { return cycle }
    }
    if condition != .idle { cycle = max(cycle, limit) }
    return cycle
  }

  func perform(_ access: Access) -> Response {
    _ = advance(to: max(access.cycle, cycle), until: .limit)
    let isDoorbell =
      access.operation == .write && access.address == configuration.shape.itsBases[0] + 0x88
    if access.operation == .msi {
      msis.append((cycle + msiLatency, access))
      return Response(value: MSIOutcome(.accepted).packed, cycle: cycle)
    }
    if isDoorbell {
      doorbells.append((cycle + commandLatency, access))
      return Response(cycle: cycle)
    }
    return now(access)
  }
}
