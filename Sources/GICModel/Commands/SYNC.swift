import GICArch

extension Engine {
  /// SYNC: everything before it is visible at the redistributor once it completes. Without time it
  /// is so already.
  /// Work: a round trip to the target.
  /// - Source: Arm IHI 0069, "SYNC".
  mutating func sync(_ target: RDbase) throws(CommandFault) {
    guard let pe = pe(at: target) else {
      if profile.syncTarget == .ignored { return }
      throw CommandFault(.sync, .targetOOR)
    }
    observer.observe(.synchronize(pe))
  }
}

extension Engine where Observer == NoTiming {
  /// SYNC of a target that is a redistributor.
  @inline(always) func syncRecalled(_ target: RDbase) -> Bool {
    targetsAreIndices && target.rawValue < UInt64(pes.count)
  }
}
