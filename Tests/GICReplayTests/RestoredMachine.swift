import GICArch
import GICModel

/// A machine that is taken apart and put together: before certain calls it goes into the bytes of a
/// file, and another one, made of those and nothing else, goes on. It keeps a log of all that it
/// answers. With time, it is interrupted in the middle of an advance, too.
final class RestoredMachine: Machine {
  private var inner: any Machine
  /// Before which calls, the first of which is 0.
  private let points: Set<Int>
  private var dice: Dice
  private(set) var calls = 0
  private(set) var restores = 0
  /// Of those, how many found something under way.
  private(set) var busyRestores = 0
  /// What went wrong.
  private(set) var failure: String?
  private var ram: [GuestRAM] = []
  /// Answers and line changes, word by word.
  private(set) var log: [UInt64] = []

  init(_ configuration: MachineConfiguration, before points: Set<Int>) {
    inner = makeMachine(configuration)
    self.points = points
    dice = Dice(state: 3)
  }

  private func restoreNow() {
    do {
      var file = SnapshotFile(
        tool: "test", machine: "m", configuration: "", cycle: inner.cycle,
        snapshot: try inner.snapshot())
      file = try SnapshotFile(bytes: file.bytes())
      let new = makeMachine(inner.configuration)
      for range in ram { try new.map(range) }
      try new.restore(snapshot: file.snapshot)
      if inner.horizon != .max { busyRestores += 1 }
      guard try new.snapshot() == file.snapshot, new.cycle == file.cycle,
        new.horizon == inner.horizon
      else {
        failure = failure ?? "call \(calls): it is not the same machine"
        return
      }
      inner = new
      restores += 1
    } catch { failure = failure ?? "call \(calls): \(error)" }
  }
  private func interrupt() -> Bool {
    defer { calls += 1 }
    return points.contains(calls)
  }

  var configuration: MachineConfiguration { inner.configuration }
  var cycle: UInt64 { inner.cycle }
  var horizon: UInt64 { inner.horizon }

  func map(_ ram: GuestRAM) throws(MemoryError) {
    try inner.map(ram)
    self.ram.append(ram)
  }
  func unmap(_ address: PhysicalAddress) throws(MemoryError) { try inner.unmap(address) }

  func perform(_ access: Access) -> Response {
    if interrupt() { restoreNow() }
    let response = inner.perform(access)
    log += [
      response.value, response.cycle, UInt64(response.status.rawValue),
      UInt64(response.lines.rawValue),
    ]
    return response
  }

  func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    if interrupt() {
      let now = inner.cycle
      if cycle > now, condition != .idle {
        let middle = now + UInt64(dice.roll(Int(min(cycle - now, 400)))) + 1
        let reached = inner.advance(to: middle, until: condition)
        guard reached == middle, middle < cycle else {
          log.append(reached)
          return reached
        }
      }
      restoreNow()
    }
    let reached = inner.advance(to: cycle, until: condition)
    log.append(reached)
    return reached
  }

  func drainLineChanges(into changes: inout [LineChange]) {
    let first = changes.count
    inner.drainLineChanges(into: &changes)
    for change in changes[first...] {
      log += [
        UInt64(change.pe.rawValue), UInt64(change.levels.rawValue), UInt64(change.sequence),
        change.cycle,
      ]
    }
  }
  func flushPendingTables() { inner.flushPendingTables() }
  func reset() { inner.reset() }
  func statistics() -> MachineStatistics { inner.statistics() }
  func events(from sequence: UInt64, limit: Int) -> EventBatch {
    inner.events(from: sequence, limit: limit)
  }
  func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? { inner.explain(device, event, at: address) }
  func tables(at address: PhysicalAddress, device: DeviceID?, limit: Int) -> TableDump? {
    inner.tables(at: address, device: device, limit: limit)
  }
  func registers(of pe: PEIndex) -> [RegisterValue]? { inner.registers(of: pe) }
}
