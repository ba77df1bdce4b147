// What both formats of files have in common: a name, a version, fields and a checksum.

/// Fields between a head and a checksum.
///
///     magic, 8 bytes; version u32; zero u32; fields (see `Archive`); CRC-64 of all before it, u64
///
/// The first 16 bytes and the last 8 are so in every version, so that any version can be told.
struct SealedBytes {
  /// Eight bytes that such files begin with.
  var magic: [UInt8]
  var version: UInt32

  func seal(_ archive: Archive) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(archive.bytes.count + 24)
    bytes += magic
    bytes.appendLittleEndian(UInt64(version))
    bytes += archive.bytes
    bytes.appendLittleEndian(CRC64.checksum(bytes))
    return bytes
  }

  /// The fields, if these are all the bytes of this version.
  func open(_ bytes: [UInt8]) throws(SnapshotError) -> Archive {
    guard bytes.count >= 24, bytes.starts(with: magic) else { throw .notASnapshot }
    guard CRC64.checksum(bytes, count: bytes.count - 8) == bytes.littleEndian(at: bytes.count - 8)
    else { throw .damaged }
    let version = bytes.littleEndian(at: 8)
    guard version == UInt64(self.version) else {
      throw .version(UInt32(truncatingIfNeeded: version), known: self.version)
    }
    return Archive(Array(bytes[16..<bytes.count - 8]))
  }
}

extension [UInt8] {
  mutating func appendLittleEndian(_ value: UInt64) {
    // SAFETY: the eight bytes of an integer, read inside the closure only.
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// The eight bytes from `offset` on; they must be there.
  func littleEndian(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= count - 8)
    // SAFETY: the range was checked, and any eight bytes are an integer.
    return UInt64(
      littleEndian: unsafe span.bytes.unsafeLoadUnaligned(
        fromByteOffset: offset, as: UInt64.self))
  }
}

/// CRC-64 as `.xz` files have it: a burst of up to 64 flipped bits is always found.
/// - Source: ECMA-182, polynomial 0x42f0e1eba9ea3693, reflected.
enum CRC64 {
  /// Eight tables of 256: what a byte does to the sum so many bytes later.
  private static let tables: [UInt64] = {
    var tables: [UInt64] = []
    for byte in UInt64(0)..<256 {
      var crc = byte
      for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xc96c_5795_d787_0f42 : crc >> 1 }
      tables.append(crc)
    }
    for place in 256..<8 * 256 {
      let crc = tables[place - 256]
      tables.append(crc >> 8 ^ tables[Int(crc & 0xff)])
    }
    return tables
  }()

  /// - Parameter count: of the first so many bytes; nil is all.
  static func checksum(_ bytes: [UInt8], count: Int? = nil) -> UInt64 {
    let count = count ?? bytes.count
    let tables = tables.span
    var crc = UInt64.max
    var offset = 0
    while count - offset >= 8 {
      let word = crc ^ bytes.littleEndian(at: offset)
      crc = 0
      for place in 0..<8 {
        let byte = Int(truncatingIfNeeded: word &>> UInt64(place * 8) & 0xff)
        crc ^= tables[(7 - place) * 256 + byte]
      }
      offset += 8
    }
    while offset < count {
      let byte = UInt8(truncatingIfNeeded: crc) ^ bytes[offset]
      crc = crc >> 8 ^ tables[Int(byte)]
      offset += 1
    }
    return ~crc
  }
}
