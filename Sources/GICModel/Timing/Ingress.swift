import GICArch

// Unit 1: the MSI ingress of an ITS. An MSI enters the FIFO at the cycle at which it is written, if
// fewer than `msiFIFODepth` stand there; otherwise it waits outside, in order, for the cycle at
// which a place is free. A place is freed by the grant. `msiAcceptCycles` after it entered it may
// be granted. Any number may enter in one cycle. Nothing is ever dropped here.
extension TimedCore where Rules: ~Copyable {
  /// An MSI is written now.
  @inline(__always) mutating func submit(_ device: DeviceID, _ event: EventID, its n: ITSIndex) {
    let msi = OutsideMSI(device: device.rawValue, event: event.rawValue, cycle: now)
    if its[n].fifo.count < max(1, timing.msiFIFODepth) {
      admit(msi, its: n)
    } else {
      counters.waitedOutside &+= 1
      its[n].outside.append(msi)
      trace(.outside, n, its[n].outside.count)
    }
  }

  /// MSIs of an ITS that the rules have not seen yet.
  func ungranted(its n: ITSIndex) -> Int { its[n].fifo.count + its[n].outside.count }

  private mutating func admit(_ msi: OutsideMSI, its n: ITSIndex) {
    let index = begin(msi, its: n)
    let unit = its.element(n)
    spend(index, MSIStage.ingressWait, until: now)
    spend(index, MSIStage.accept, until: now &+ timing.msiAcceptCycles)
    unit.value.fifo.append(index, in: pool)
    trace(.ingress, n, unit.value.fifo.count)
    if unit.value.fifo.count == 1 { wakeArbiter(n, at: now &+ timing.msiAcceptCycles) }
  }

  /// Takes the oldest MSI out for its grant, and lets the next one in.
  @inline(__always) mutating func popIngress(_ n: ITSIndex) -> TransactionIndex? {
    let unit = its.element(n)
    guard let index = unit.value.fifo.popFirst(in: pool) else { return nil }
    trace(.ingress, n, unit.value.fifo.count)
    if let msi = unit.value.outside.popFirst() {
      trace(.outside, n, unit.value.outside.count)
      admit(msi, its: n)
    }
    return index
  }
}
