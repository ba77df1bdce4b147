// The door for device attributes, of both clocks.

import GICArch

extension Machine {
  public func hasAttribute(_ attribute: DeviceAttribute, of device: DeviceName)
    throws(DeviceError)
  {
    throw DeviceError(.enodev, "this machine has no device attributes")
  }
  public func attribute(_ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?)
    throws(DeviceError) -> UInt64
  {
    throw DeviceError(.enodev, "this machine has no device attributes")
  }
  public func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    throw DeviceError(.enodev, "this machine has no device attributes")
  }
  public func setVCPUsRun(_ run: Bool) throws(DeviceError) {}
}

extension Machine {
  /// What an attribute holds.
  public func attribute(
    _ attribute: DeviceAttribute, of device: DeviceName
  ) throws(DeviceError) -> UInt64 {
    try self.attribute(attribute, of: device, value: 0)
  }
}

extension FunctionalMachine {
  public func hasAttribute(_ attribute: DeviceAttribute, of device: DeviceName)
    throws(DeviceError)
  {
    try engine.hasAttribute(attribute, of: device)
  }
  public func attribute(_ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?)
    throws(DeviceError) -> UInt64
  {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return try engine.attribute(attribute, of: device, value: value)
  }
  public func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    try setAlone(attribute, of: device, to: value)
    guard let n = engine.takeWoken() else { return }
    // It gave an ITS work, which is done as if CWRITER had been written.
    let (base, cwriter) = (engine.places[n].base, engine.its[n].cwriter)
    _ = perform(
      Access(
        .write, size: 8, source: 0, address: base &+ UInt64(GITS.CWRITER.offset),
        data: UInt64(cwriter)))
  }
  private func setAlone(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    try engine.setAttribute(attribute, of: device, to: value)
  }
  public func setVCPUsRun(_ run: Bool) throws(DeviceError) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    try engine.setVCPUsRun(run)
  }
}

/// On the timed clock an attribute is answered, like an untimed access, after everything that was
/// under way has ended; what it causes has ended too when it returns.
extension MachineWithTime {
  public func hasAttribute(_ attribute: DeviceAttribute, of device: DeviceName)
    throws(DeviceError)
  {
    try core.rules.hasAttribute(attribute, of: device)
  }
  public func attribute(_ attribute: DeviceAttribute, of device: DeviceName, value: UInt64?)
    throws(DeviceError) -> UInt64
  {
    try core.attribute(attribute, of: device, value: value)
  }
  public func setAttribute(
    _ attribute: DeviceAttribute, of device: DeviceName, to value: UInt64?
  ) throws(DeviceError) {
    try core.setAttribute(attribute, of: device, to: value)
  }
  public func setVCPUsRun(_ run: Bool) throws(DeviceError) { try core.setVCPUsRun(run) }
}
