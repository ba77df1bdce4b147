import GICArch
import GICModel

/// A machine that moves house: before certain accesses its monitor saves it, makes another one over
/// the same RAM, restores that, and goes on with it. Whoever uses it must not see that.
final class MovingMachine: Machine {
  private var inner: any Machine
  /// Before which accesses it moves, from the first on, which is 0.
  private let points: Set<Int>
  private let move: (any Machine, (any Machine) throws -> Void) throws -> any Machine
  private var count = 0
  private(set) var moves = 0
  /// What went wrong in a move.
  private(set) var failure: String?
  private var ram: [GuestRAM] = []
  /// What the machines before this one counted.
  private var past: [MachineStatistics] = []
  private var lines: [LineLevels]
  private var sequences: [UInt32]

  /// - Parameter move: from the old machine to a new one; it is given what maps the RAM.
  init(
    _ configuration: MachineConfiguration, before points: Set<Int>,
    move: @escaping (any Machine, (any Machine) throws -> Void) throws -> any Machine
  ) {
    inner = makeMachine(configuration)
    (self.points, self.move) = (points, move)
    lines = configuration.shape.affinities.map { _ in [] }
    sequences = configuration.shape.affinities.map { _ in 0 }
  }

  /// As KVM's documentation says.
  static func byAttributes(
    _ old: any Machine, _ mapRAM: (any Machine) throws -> Void
  ) throws -> any Machine {
    let image = try old.saveAttributes()
    let new = makeMachine(old.configuration)
    try mapRAM(new)
    try new.restore(image)
    return new
  }

  private func moveNow() {
    var changes: [LineChange] = []
    inner.drainLineChanges(into: &changes)
    changes.forEach { lines[$0.pe.index] = $0.levels }
    do {
      let new = try move(inner) { machine in for range in ram { try machine.map(range) } }
      past.append(inner.statistics())
      inner = new
      moves += 1
    } catch { failure = failure ?? "access \(count): \(error)" }
    // The new machine raises the lines that were high, and no others.
    var now = lines.map { _ in LineLevels() }
    changes.removeAll()
    inner.drainLineChanges(into: &changes)
    changes.forEach { now[$0.pe.index] = $0.levels }
    for (pe, levels) in now.enumerated() where levels != lines[pe] {
      failure = failure ?? "access \(count): the lines of PE \(pe) were \(lines[pe]), are \(levels)"
    }
  }

  var configuration: MachineConfiguration { inner.configuration }
  var cycle: UInt64 { inner.cycle }
  func map(_ ram: GuestRAM) throws(MemoryError) {
    try inner.map(ram)
    self.ram.append(ram)
  }
  func unmap(_ address: PhysicalAddress) throws(MemoryError) {
    try inner.unmap(address)
    ram.removeAll { $0.address == address }
  }
  func perform(_ access: Access) -> Response {
    if points.contains(count) { moveNow() }
    count += 1
    return inner.perform(access)
  }
  func advance(to cycle: UInt64, until condition: StopCondition) -> UInt64 {
    inner.advance(to: cycle, until: condition)
  }
  func drainLineChanges(into changes: inout [LineChange]) {
    let first = changes.count
    inner.drainLineChanges(into: &changes)
    for index in first..<changes.count {
      let pe = changes[index].pe.index
      lines[pe] = changes[index].levels
      sequences[pe] += 1
      changes[index].sequence = sequences[pe]
    }
  }
  func flushPendingTables() { inner.flushPendingTables() }
  func reset() { inner.reset() }

  /// Of all machines together; what one had pending the next one got.
  func statistics() -> MachineStatistics {
    var sum = inner.statistics()
    for old in past {
      sum.msis += old.msis
      sum.intCommands += old.intCommands
      sum.restored &+= old.restored
      sum.delivered += old.delivered
      sum.merged += old.merged
      // It was counted as restored once more.
      sum.restored &-= old.pending
      sum.dropped.merge(old.dropped, uniquingKeysWith: +)
      sum.commands.merge(old.commands, uniquingKeysWith: +)
      sum.commandErrors.merge(old.commandErrors, uniquingKeysWith: +)
      for (pe, counts) in old.pes.enumerated() {
        sum.pes[pe].lpisSet += counts.lpisSet
        sum.pes[pe].acknowledged += counts.acknowledged
        sum.pes[pe].lpisAcknowledged += counts.lpisAcknowledged
        sum.pes[pe].spurious += counts.spurious
      }
    }
    return sum
  }
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
