// A machine as the bytes of a file, and the pages of guest RAM that the daemon has written.

import GICWire

extension Client {
  /// The whole machine but guest RAM, as the bytes of a file.
  public func snapshot() throws(ClientError) -> [UInt8] {
    let count = Int(clamping: try call(.snapshot(.save)).value)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece = min(count - bytes.count, tailLimit)
      let reply = try call(.snapshot(.read(offset: UInt64(bytes.count), byteCount: piece)))
      guard reply.tail.count == piece else {
        throw ClientError(
          errno: 71, text: "asked for \(piece) bytes and got \(reply.tail.count)")
      }
      bytes += reply.tail
    }
    return bytes
  }

  /// The machine, which is quiesced, becomes the one in a file. Then its RAM must be mapped as it
  /// was, and the machine resumed.
  public func restore(snapshot bytes: [UInt8]) throws(ClientError) {
    var done = 0
    repeat {
      let piece = min(bytes.count - done, tailLimit)
      _ = try call(
        .snapshot(
          .write(
            offset: UInt64(done), byteCount: UInt64(bytes.count),
            bytes: Array(bytes[done..<done + piece]))))
      done += piece
    } while done < bytes.count
    _ = try call(.snapshot(.restore))
  }

  /// The machine goes to the daemon's folder now.
  /// - Returns: requests of this client's role, of those that count, that it has carried out.
  public func checkpoint() throws(ClientError) -> UInt64 {
    try call(.snapshot(.checkpoint)).value
  }

  /// Which pages of 4 KiB the daemon has written since they were last taken: a bit each, the first
  /// in bit 0 of the first word.
  /// - Parameters:
  ///   - address: a multiple of 4 KiB, as `byteCount` is; all of it must be RAM.
  ///   - taking: what is told is not told again.
  public func writtenPages(
    from address: UInt64, byteCount: UInt64, taking: Bool = true
  ) throws(ClientError) -> [UInt64] {
    let reply = try call(
      .memoryDirty(address: address, byteCount: byteCount, peeks: !taking))
    var cursor = ByteCursor(reply.tail)
    return (0..<reply.tail.count / 8).map { _ in cursor.read() }
  }
}
