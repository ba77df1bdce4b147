// Snapshots on the wire: a machine in a file, in pieces that fit a frame.

/// SNAPSHOT_SAVE, SNAPSHOT_READ, SNAPSHOT_WRITE, SNAPSHOT_RESTORE and CHECKPOINT. The bytes are
/// those of a file: what a client reads it may keep, and write into another daemon.
public enum SnapshotRequest: Hashable, Sendable {
  /// The machine as it is now, to be read by this connection.
  case save
  /// `byteCount` bytes of it from `offset` on. The daemon forgets it with its last byte.
  case read(offset: UInt64, byteCount: Int)
  /// Bytes of a file of `byteCount` bytes; `offset` is what was written before, and 0 begins anew.
  case write(offset: UInt64, byteCount: UInt64, bytes: [UInt8])
  /// The machine becomes what was written.
  case restore
  /// The machine goes to the daemon's folder now.
  case checkpoint

  public var type: MessageType {
    switch self {
    case .save: .snapshotSave
    case .read: .snapshotRead
    case .write: .snapshotWrite
    case .restore: .snapshotRestore
    case .checkpoint: .checkpoint
    }
  }

  /// Sets this request's own fields of the slot, and returns its tail.
  func fill(_ slot: inout Slot) -> [UInt8] {
    switch self {
    case .read(let offset, let byteCount):
      (slot.a, slot.b) = (offset, UInt64(clamping: byteCount))
    case .write(let offset, let byteCount, let bytes):
      (slot.a, slot.b) = (offset, byteCount)
      return bytes
    case .save, .restore, .checkpoint: break
    }
    return []
  }
}
