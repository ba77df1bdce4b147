// A snapshot of a whole machine: everything but guest RAM, so that a machine of the same
// configuration goes on as if nothing had been.

import GICArch

/// The bytes of a snapshot: ``SealedBytes`` that begin with "ITSDSNAP".
public enum MachineSnapshot {
  /// Of the format. It rises with every change of a field.
  public static let version: UInt32 = 1
  private static let format = SealedBytes(magic: Array("ITSDSNAP".utf8), version: version)

  static func seal(_ archive: Archive) -> [UInt8] { format.seal(archive) }
  /// The fields, if these are the bytes of a whole snapshot of this version.
  static func open(_ bytes: [UInt8]) throws(SnapshotError) -> Archive { try format.open(bytes) }
}

extension Machine {
  public func snapshot() throws(SnapshotError) -> [UInt8] { throw .unsupported }
  public func restore(snapshot: [UInt8]) throws(SnapshotError) { throw .unsupported }
}

extension FunctionalMachine {
  public func snapshot() throws(SnapshotError) -> [UInt8] {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    gatherCounts()
    var archive = Archive()
    try engine.archive(&archive)
    return MachineSnapshot.seal(archive)
  }
  public func restore(snapshot: [UInt8]) throws(SnapshotError) {
    var archive = try MachineSnapshot.open(snapshot)
    do throws(SnapshotError) { try restoreAlone(&archive) } catch {
      reset()
      throw error
    }
  }
  private func restoreAlone(_ archive: inout Archive) throws(SnapshotError) {
    engine.enterAlone()
    defer { engine.leaveAlone() }
    gatherCounts()
    try engine.archive(&archive)
    guard archive.isAtEnd else { throw .field("there is more than this machine has") }
  }
}
