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

extension MachineWithTime {
  public func events(from sequence: UInt64, limit: Int) -> EventBatch {
    core.events(from: sequence, limit: limit)
  }
  public func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? { core.explain(device, event, at: address) }
  public func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? { core.tables(at: address, device: device, limit: limit) }
  public func registers(of pe: PEIndex) -> [RegisterValue]? { core.registers(of: pe) }
}

extension TimedCore where Rules == Engine<Recorder> {
  func events(from sequence: UInt64, limit: Int) -> EventBatch {
    rules.log[0].batch(from: sequence, limit: limit)
  }
  mutating func explain(
    _ device: DeviceID, _ event: EventID, at address: PhysicalAddress
  ) -> Explanation? {
    var story = rules.explain(device, event, its: rules.itsIndex(of: address))
    story.cycle = now
    return story
  }
  mutating func tables(
    at address: PhysicalAddress, device: DeviceID?, limit: Int
  ) -> TableDump? {
    let n = rules.itsIndex(of: address)
    return n < 0 ? nil : rules.tables(n, device: device, limit: limit)
  }
  mutating func registers(of pe: PEIndex) -> [RegisterValue]? {
    rules.has(pe) ? rules.registers(of: pe) : nil
  }
}

extension Engine {
  func has(_ pe: PEIndex) -> Bool { pe.index < pes.count }
}
