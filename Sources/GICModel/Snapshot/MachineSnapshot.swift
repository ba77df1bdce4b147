// A snapshot of a whole machine: everything but guest RAM, so that a machine of the same
// configuration goes on as if nothing had been.

import GICArch

/// The bytes of a snapshot.
///
///     "ITSDSNAP", version u32, zero u32, fields (see `Archive`), CRC-64 of all before it
public enum MachineSnapshot {
  /// Of the format. It rises with every change of a field.
  public static let version: UInt32 = 1
  private static let magic = Array("ITSDSNAP".utf8)

  static func seal(_ archive: Archive) -> [UInt8] {
    var bytes = magic + littleEndian(UInt64(version))
    bytes += archive.bytes
    return bytes + littleEndian(CRC64.checksum(bytes))
  }

  /// The fields, if these are the bytes of a whole snapshot of this version.
  static func open(_ bytes: [UInt8]) throws(SnapshotError) -> Archive {
    guard bytes.count >= 24, bytes.starts(with: magic) else { throw .notASnapshot }
    let sum = bytes[(bytes.count - 8)...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard CRC64.checksum(Array(bytes.dropLast(8))) == sum else { throw .damaged }
    let version = bytes[8..<16].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard version == UInt64(self.version) else {
      throw .version(UInt32(truncatingIfNeeded: version))
    }
    return Archive(Array(bytes[16..<bytes.count - 8]))
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
  }
}

/// CRC-64 as `.xz` files have it: a burst of up to 64 flipped bits is always found.
/// - Source: ECMA-182, polynomial 0x42f0e1eba9ea3693, reflected.
enum CRC64 {
  private static let table: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { crc, _ in
      crc & 1 != 0 ? crc >> 1 ^ 0xc96c_5795_d787_0f42 : crc >> 1
    }
  }
  static func checksum(_ bytes: [UInt8]) -> UInt64 {
    let table = table
    var crc = UInt64.max
    for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
    return ~crc
  }
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
