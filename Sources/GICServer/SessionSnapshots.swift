// A session's snapshots: out of its machine and into it, in pieces that fit a frame.

import GICModel
import GICWire

/// Files on their way between a client and the daemon. Their bytes come out of a budget that all
/// clients share.
final class SnapshotTransfer {
  /// What SNAPSHOT_SAVE took and the client has not read to its end.
  private(set) var saved: [UInt8] = []
  /// What SNAPSHOT_WRITE has brought, and how long all of it is.
  private(set) var written: [UInt8] = []
  private(set) var expectedByteCount: UInt64 = 0
  private let budget: RAMBudget

  init(_ budget: RAMBudget) { self.budget = budget }
  deinit { budget.give(saved.count + written.count) }

  /// - Throws: ENOSPC when so many more bytes of snapshots are too many.
  private func take(_ byteCount: Int) throws(WireError) {
    guard budget.take(byteCount) else {
      throw WireError(
        .enospc,
        "\(byteCount) more bytes of snapshots: the daemon holds \(budget.held), and at most "
          + "\(budget.limit)")
    }
  }

  func save(_ bytes: [UInt8]) throws(WireError) {
    dropSaved()
    try take(bytes.count)
    saved = bytes
  }

  func dropSaved() {
    budget.give(saved.count)
    saved = []
  }

  func begin(_ byteCount: UInt64) {
    budget.give(written.count)
    (written, expectedByteCount) = ([], byteCount)
  }

  func append(_ bytes: [UInt8]) throws(WireError) {
    try take(bytes.count)
    written += bytes
  }

  /// All of what was written, which is nobody's any more.
  func takeWritten() -> [UInt8] {
    defer { begin(0) }
    return written
  }
}

extension Session {
  /// SNAPSHOT_SAVE, SNAPSHOT_READ, SNAPSHOT_WRITE, SNAPSHOT_RESTORE and CHECKPOINT.
  func perform(
    _ request: SnapshotRequest, on host: MachineHost, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .save:
      transfer.dropSaved()
      try host.checkSaving()
      let bytes = try host.snapshotFile().bytes()
      try transfer.save(bytes)
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
    defer { if end == all { transfer.dropSaved() } }
    return Array(transfer.saved[Int(offset)..<end])
  }

  private func write(
    _ offset: UInt64, _ byteCount: UInt64, _ bytes: [UInt8]
  ) throws(WireError) {
    if offset == 0 { transfer.begin(byteCount) }
    guard offset == UInt64(transfer.written.count), byteCount == transfer.expectedByteCount,
      UInt64(bytes.count) <= byteCount - offset
    else {
      throw WireError(
        .einval,
        "SNAPSHOT_WRITE: \(bytes.count) bytes at \(offset) of \(byteCount); written are "
          + "\(transfer.written.count) of \(transfer.expectedByteCount)")
    }
    try transfer.append(bytes)
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
    let file = try SnapshotFile.reading(transfer.takeWritten(), "what was written")
    try host.shared.lock.withLock { () throws(WireError) in
      for other in host.shared.members where other.number != number {
        // Lines are told anew here only: who else is told must be here.
        guard other.role.onlyWatches, !host.shared.hasLanes || other.station == station.number
        else {
          throw WireError(
            .ebusy,
            "client \(other.number) is attached to '\(host.name)' too, as \(other.role)"
              + (other.station == station.number ? "" : ", at another thread"))
        }
      }
      try host.restoreLocked(file)
    }
  }
}

extension MachineHost {
  /// A machine and the requests that its file says were counted belong together.
  /// - Throws: EBUSY while other threads may be at work on it.
  func checkSaving() throws(WireError) {
    guard !isQuiesced, !shared.otherStations(than: station.number).isEmpty else { return }
    throw WireError(
      .ebusy, "several threads serve clients of '\(name)': QUIESCE comes before SNAPSHOT_SAVE")
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
