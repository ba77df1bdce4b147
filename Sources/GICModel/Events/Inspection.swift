// Looking into a machine from outside. Nothing here changes what a guest can see.

import GICArch

extension Machine {
  // A stand-in for a machine (a test's, or one behind a socket) need not show its inside.
  public func events(from sequence: UInt64, limit: Int) -> EventBatch { EventBatch() }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? { nil }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? { nil }
  public func registers(of pe: PEIndex) -> [RegisterValue]? { nil }
}

extension TimedMachine {
  public func events(from sequence: UInt64, limit: Int) -> EventBatch {
    core.rules.log[0].batch(from: sequence, limit: limit)
  }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? {
    var story = core.rules.explain(device, event, its: core.rules.itsIndex(of: address))
    story.cycle = core.now
    return story
  }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? {
    let n = core.rules.itsIndex(of: address)
    return n < 0 ? nil : core.rules.tables(n, device: device, limit: limit)
  }
  public func registers(of pe: PEIndex) -> [RegisterValue]? {
    core.rules.has(pe) ? core.rules.registers(of: pe) : nil
  }
}

extension Engine {
  func has(_ pe: PEIndex) -> Bool { pe.index < pes.count }
}
