// SPIs for any PE (1 of N): which PE they go to.

import GICArch

extension MachineConfiguration {
  /// Whether an SPI may go to any of several PEs.
  var choosesAmongPEs: Bool { identity.oneOfNSupported && profile.anyPERouting == .participating }
}

extension Engine {
  var choosesAmongPEs: Bool { configuration.choosesAmongPEs }

  /// Something changed that decides who participates.
  mutating func participationChanged() {
    guard choosesAmongPEs else { return }
    let old = distributor.anyPETargets
    let new = (group0: nextParticipant(group0: true), group1: nextParticipant(group0: false))
    guard new != old else { return }
    distributor.anyPETargets = new
    distributorChanged()
  }

  /// The PE has taken an SPI: if it was for any, the others come before it the next time.
  mutating func turnEnded(_ intid: INTID, at pe: PEIndex) {
    guard choosesAmongPEs,
      GICD.IROUTER(raw: distributor.router[Int(intid.rawValue)]).anyPE
    else { return }
    distributor.turn = (pe.index + 1) % pes.count
    participationChanged()
  }

  private func nextParticipant(group0: Bool) -> PEIndex? {
    for step in 0..<pes.count {
      let pe = PEIndex((distributor.turn + step) % pes.count)
      if participates(pe, group0: group0) { return pe }
    }
    return nil
  }

  private func participates(_ pe: PEIndex, group0: Bool) -> Bool {
    let isAwake =
      profile.waker == .absent || !GICR.WAKER(raw: pes[pe.index].waker).processorSleep
    guard isAwake else { return false }
    return group0
      ? pes[pe.index].igrpen0 && !pes[pe.index].isDeselected.group0
      : pes[pe.index].igrpen1 && !pes[pe.index].isDeselected.group1
  }
}
