import GICArch

/// How far a command queue has come, counted on over its wraps, so that "at least as far" is a
/// comparison. Reads must be less than one round of the queue apart.
struct QueueProgress {
  private var byteCount: UInt64 = 4096
  private var round: UInt64 = 0
  /// Bytes since the first queue, with each new GITS_CBASER far above the one before.
  private(set) var position: UInt64 = 0

  /// The guest writes GITS_CBASER, which zeroes GITS_CREADR.
  mutating func restart(_ cbaser: UInt64) {
    byteCount = (cbaser[7, 0] + 1) << 12
    round += 1
    position = round << 40
  }

  /// GITS_CREADR was read.
  mutating func read(_ creadr: UInt64) -> UInt64 {
    let offset = creadr & .ones(19, 5) % byteCount
    let last = position[39, 0] % byteCount
    position += (offset + byteCount - last) % byteCount
    return position
  }
}
