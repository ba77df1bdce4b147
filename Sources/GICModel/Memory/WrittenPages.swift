// Which pages of guest RAM a machine has written, for whoever moves RAM while the guest runs.

import GICArch

extension FunctionalMachine {
  public func writtenPages(
    from address: PhysicalAddress, count: Int, taking: Bool
  ) -> [UInt64]? {
    // Alone, so that all that a lane has written is there to be copied.
    engine.enterAlone()
    defer { engine.leaveAlone() }
    return engine.memory.writtenPages(address, pageCount: count, taking: taking)
  }
  public func markWritten(_ address: PhysicalAddress, byteCount: Int) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    engine.memory.markWritten(address, byteCount: byteCount)
  }
}

extension MachineWithTime {
  public func writtenPages(
    from address: PhysicalAddress, count: Int, taking: Bool
  ) -> [UInt64]? {
    core.rules.memory.writtenPages(address, pageCount: count, taking: taking)
  }
  public func markWritten(_ address: PhysicalAddress, byteCount: Int) {
    core.rules.memory.markWritten(address, byteCount: byteCount)
  }
}
