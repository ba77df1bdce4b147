import GICArch

/// What a GITS_BASER register says of its table, worked out once when the register is written, so
/// that no lookup divides.
struct TableShape: BitwiseCopyable {
  let valid: Bool
  let indirect: Bool
  let base: PhysicalAddress
  /// Entries, of a table of two levels those of all its pages.
  let capacity: Int
  /// Entries of a table that is valid and flat; else 0.
  let flatCapacity: Int
  let entryByteCount: Int
  let pageByteCount: Int

  init(_ baser: GITS.BASER) {
    (valid, indirect) = (baser.valid, baser.indirect)
    base = baser.physicalAddress
    (entryByteCount, pageByteCount) = (baser.entryByteCount, baser.pageByteCount)
    capacity = baser.capacity
    flatCapacity = baser.valid && !baser.indirect ? baser.capacity : 0
  }

  /// Where entry `index` of a flat table lies.
  @inline(always) func address(_ index: Int) -> PhysicalAddress {
    base &+ UInt64(truncatingIfNeeded: index &* entryByteCount)
  }

  /// Where the level-1 entry of entry `index` lies.
  func levelOneAddress(_ index: Int) -> PhysicalAddress {
    base &+ UInt64(index / (pageByteCount / entryByteCount) &* LevelOneEntry.byteCount)
  }
}
