// A session's snapshots: out of its machine and into it, in pieces that fit a frame.

import GICModel
import GICWire

/// Files on their way between a client and the daemon.
struct SnapshotTransfer {
  /// What SNAPSHOT_SAVE took and the client has not read to its end.
  var saved: [UInt8] = []
  /// What SNAPSHOT_WRITE has brought, and how long all of it is.
  var written: [UInt8] = []
  var expectedByteCount: UInt64 = 0

  var byteCount: Int { saved.count + written.count }
}

extension Session {
  /// SNAPSHOT_SAVE, SNAPSHOT_READ, SNAPSHOT_WRITE, SNAPSHOT_RESTORE and CHECKPOINT.
  func perform(
    _ request: SnapshotRequest, on host: MachineHost, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .save:
      transfer.saved = []
      let bytes = try host.snapshotFile().bytes()
      try server.checkSnapshotRoom(for: bytes.count)
      transfer.saved = bytes
      reply.value = UInt64(bytes.count)
    case .read(let offset, let byteCount):
      reply.tail = try read(offset, byteCount)
      reply.value = UInt64(byteCount)
    case .write(let offset, let byteCount, let bytes):
      try write(offset, byteCount, bytes)
      reply.value = UInt64(transfer.written.count)
    case .restore:
      try restore(host)
    case .checkpoint:
      guard let checkpoints = server.checkpoints else {
        throw WireError(
          .eopnotsupp, "the daemon has no folder for checkpoints: start it with --state-dir")
      }
      try checkpoints.save(host)
      reply.value = attached?.counter.count ?? 0
    }
  }

  private func read(_ offset: UInt64, _ byteCount: Int) throws(WireError) -> [UInt8] {
    guard !transfer.saved.isEmpty else {
      throw WireError(.enoent, "SNAPSHOT_READ: SNAPSHOT_SAVE comes first")
    }
    guard byteCount <= agreedTailLimit else {
      throw WireError(
        .e2big, "\(byteCount) bytes at once; HELLO agreed on at most \(agreedTailLimit)")
    }
    let all = transfer.saved.count
    guard byteCount > 0, offset <= UInt64(all), byteCount <= all - Int(offset) else {
      throw WireError(
        .einval, "SNAPSHOT_READ: \(byteCount) bytes at \(offset); there are \(all)")
    }
    let end = Int(offset) + byteCount
    defer { if end == all { transfer.saved = [] } }
    return Array(transfer.saved[Int(offset)..<end])
  }

  private func write(
    _ offset: UInt64, _ byteCount: UInt64, _ bytes: [UInt8]
  ) throws(WireError) {
    if offset == 0 { (transfer.written, transfer.expectedByteCount) = ([], byteCount) }
    guard offset == UInt64(transfer.written.count), byteCount == transfer.expectedByteCount,
      UInt64(bytes.count) <= byteCount - offset
    else {
      throw WireError(
        .einval,
        "SNAPSHOT_WRITE: \(bytes.count) bytes at \(offset) of \(byteCount); written are "
          + "\(transfer.written.count) of \(transfer.expectedByteCount)")
    }
    try server.checkSnapshotRoom(for: bytes.count)
    transfer.written += bytes
  }

  private func restore(_ host: MachineHost) throws(WireError) {
    guard !transfer.written.isEmpty,
      UInt64(transfer.written.count) == transfer.expectedByteCount
    else {
      throw WireError(
        .enoent,
        "SNAPSHOT_RESTORE: \(transfer.written.count) of \(transfer.expectedByteCount) bytes were "
          + "written")
    }
    guard timeMode != .conservative else {
      throw WireError(.einval, "SNAPSHOT_RESTORE turns time back: not in conservative time")
    }
    guard host.isQuiesced else {
      throw WireError(.ebusy, "'\(host.name)' goes on: QUIESCE comes before SNAPSHOT_RESTORE")
    }
    for other in host.sessions where other !== self && other.role?.onlyWatches != true {
      throw WireError(
        .ebusy,
        "client \(other.number) is attached to '\(host.name)' too, as "
          + "\(other.role.map(\.description) ?? "nothing")")
    }
    let bytes = transfer.written
    transfer.written = []
    try host.restore(SnapshotFile.reading(bytes, "what was written"))
  }
}

extension Role {
  /// It has no time and asks for nothing that changes the machine.
  fileprivate var onlyWatches: Bool {
    switch self {
    case .monitor, .memory: true
    case .control, .pe, .device: false
    }
  }
}
