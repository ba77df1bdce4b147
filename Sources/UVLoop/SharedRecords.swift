// Records of 64 bytes in memory that one process writes and others read: each is five words that
// belong together, and a count that is odd while they change.

import Synchronization

/// Records for others to read. What others write there, if they could, would never be read.
@safe public final class SharedRecords {
  public static let stride = 64
  /// Where the count lies in a record, in bytes.
  public static let countOffset = 32
  /// The words lie before and behind the count.
  private static func offset(_ position: Int) -> Int { position < 4 ? position * 8 : 40 }
  public let memory: SharedMemory
  public let recordCount: Int

  /// Makes memory that only this object may write.
  public static func create(recordCount: Int, name: String) throws(UVError) -> SharedRecords {
    let memory = try SharedMemory.create(
      byteCount: max((recordCount * stride + 4095) & ~4095, 4096), name: name)
    // This mapping is older than the seal and may write; those made later may not.
    try memory.seal(forReading: true)
    return SharedRecords(memory, recordCount)
  }

  /// Maps records that somebody else writes.
  public static func map(
    _ descriptor: OwnedDescriptor, recordCount: Int
  ) throws(UVError) -> SharedRecords {
    let byteCount = max((recordCount * stride + 4095) & ~4095, 4096)
    return SharedRecords(
      try SharedMemory.mapForReading(descriptor, byteCount: byteCount), recordCount)
  }

  private init(_ memory: SharedMemory, _ recordCount: Int) {
    (self.memory, self.recordCount) = (memory, recordCount)
  }

  private func word(_ index: Int, _ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(index >= 0 && index < recordCount)
    // SAFETY: the memory has a record for each index; an Atomic of an integer is its bytes.
    return unsafe (memory.base + index * SharedRecords.stride + offset)
      .assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  public func write(_ words: [5 of UInt64], at index: Int) {
    let count = unsafe word(index, SharedRecords.countOffset)
    let before = unsafe count.pointee.load(ordering: .relaxed)
    unsafe count.pointee.store(before &+ 1, ordering: .relaxed)
    atomicMemoryFence(ordering: .releasing)
    for position in 0..<5 {
      unsafe word(index, SharedRecords.offset(position)).pointee
        .store(words[position].littleEndian, ordering: .relaxed)
    }
    unsafe count.pointee.store(before &+ 2, ordering: .releasing)
  }

  /// Words that belong together; waits while they change.
  public func read(at index: Int) -> [5 of UInt64] {
    let count = unsafe word(index, SharedRecords.countOffset)
    while true {
      let before = unsafe count.pointee.load(ordering: .acquiring)
      var words: [5 of UInt64] = [0, 0, 0, 0, 0]
      for position in 0..<5 {
        words[position] = UInt64(
          littleEndian: unsafe word(index, SharedRecords.offset(position)).pointee.load(
            ordering: .relaxed))
      }
      atomicMemoryFence(ordering: .acquiring)
      let after = unsafe count.pointee.load(ordering: .relaxed)
      if before == after, before & 1 == 0 { return words }
      spinPause()
    }
  }
}
