// The PEs of a study: each takes an interrupt when its line is high and it handles none, and ends
// it when its handling time is over.

import GICArch
import GICModel

/// All PEs of a machine.
final class PEs {
  private let machine: TimedMachine
  private var handling: PEHandling
  private var isHigh: [Bool]
  private var isBusy: [Bool]
  /// What each handles.
  private var active: [UInt64]
  private var changes: [LineChange] = []
  /// Interrupts ended, by PE.
  private(set) var handled: [UInt64]
  /// Told of each LPI that is ended.
  var onEnd: ((_ intid: UInt32, _ cycle: UInt64, inout Agenda) -> Void)?

  init(_ machine: TimedMachine) {
    self.machine = machine
    handling = PEHandling(machine.configuration.timing)
    let count = machine.configuration.shape.affinities.count
    isHigh = Array(repeating: false, count: count)
    isBusy = Array(repeating: false, count: count)
    active = Array(repeating: 0, count: count)
    handled = Array(repeating: 0, count: count)
  }

  /// What the machine's outputs ask for now: PEs that are free acknowledge.
  func look(at cycle: UInt64, _ agenda: inout Agenda) {
    machine.drainLineChanges(into: &changes)
    while !changes.isEmpty {
      for change in changes { isHigh[change.pe.index] = change.levels.contains(.irq) }
      let seen = changes
      changes.removeAll(keepingCapacity: true)
      for change in seen { take(change.pe.index, at: cycle, &agenda) }
      machine.drainLineChanges(into: &changes)
    }
  }

  private func take(_ pe: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    guard isHigh[pe], !isBusy[pe] else { return }
    let response = machine.perform(
      Access(
        .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue),
        cycle: cycle))
    let intid = UInt32(truncatingIfNeeded: response.value)
    guard !INTID(rawValue: intid).isSpecial else { return }
    (isBusy[pe], active[pe]) = (true, response.value)
    agenda.add(What.peEnd, pe, at: cycle &+ handling.next())
  }

  /// A PE ends what it handles, and takes the next if its line is high.
  func end(_ pe: Int, at cycle: UInt64, _ agenda: inout Agenda) {
    _ = machine.perform(
      Access(
        .systemRegisterWrite, source: UInt32(pe), address: UInt64(SystemRegister.eoir1.rawValue),
        data: active[pe], cycle: cycle))
    isBusy[pe] = false
    handled[pe] += 1
    onEnd?(UInt32(truncatingIfNeeded: active[pe]), cycle, &agenda)
    look(at: cycle, &agenda)
    take(pe, at: cycle, &agenda)
  }
}
