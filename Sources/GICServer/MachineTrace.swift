// Tracing a machine that runs already: it goes on, to the cycle, as one that tells what it does.

import GICArch
import GICModel
import GICReport
import GICWire

/// A trace that somebody has begun.
struct MachineTrace {
  /// ``Session/number`` of who did.
  var owner: Int
  var buffer: TraceBuffer
  /// Records kept, 12 MiB.
  static var capacity: Int { 1 << 18 }
}

extension MachineHost {
  /// TRACE.
  func trace(
    _ request: TraceRequest, for session: Session, _ reply: inout Reply
  ) throws(WireError) {
    switch request {
    case .begin:
      try beginTrace(for: session)
      reply.tail = Array(shared.configurationText.utf8)
    case .records(let first, let limit):
      guard let trace, trace.owner == session.number else {
        throw WireError(.enoent, "'\(name)' has no trace of this client's: begin one")
      }
      (machine as? TracedMachine)?.flushTrace()
      let room = session.agreedTailLimit / TraceRecord.byteCount
      (reply.value, reply.tail) = trace.buffer.records(from: first, limit: min(limit, room))
    case .end: endTrace(of: session.number)
    }
  }

  private func beginTrace(for session: Session) throws(WireError) {
    if let trace {
      throw WireError(.ebusy, "client \(trace.owner) traces '\(name)': one may at a time")
    }
    guard machine is TimedMachine else {
      throw WireError(.eopnotsupp, "'\(name)' has no time, so its units have nothing to tell")
    }
    let buffer = TraceBuffer(capacity: MachineTrace.capacity)
    try becomes(TracedMachine(configuration, sink: buffer))
    trace = MachineTrace(owner: session.number, buffer: buffer)
  }

  /// The machine tells nothing any more, if it was this client who asked.
  func endTrace(of owner: Int) {
    guard trace?.owner == owner else { return }
    trace = nil
    // If it cannot, it goes on telling, and nobody listens.
    try? becomes(TimedMachine(configuration))
  }

  /// Another machine takes over with the state of this one.
  private func becomes(_ other: some Machine) throws(WireError) {
    publishLines()
    do throws(SnapshotError) {
      let snapshot = try machine.snapshot()
      try hand(to: other)
      try other.restore(snapshot: snapshot)
    } catch {
      throw WireError(.eopnotsupp, "'\(name)' cannot change over: \(error)")
    }
    takeOver(other)
    publishLines()
  }

  /// The RAM that is mapped.
  private func hand(to other: some Machine) throws(SnapshotError) {
    try shared.lock.withLock { () throws(SnapshotError) in
      for range in shared.ram.ranges {
        // SAFETY: `ram` keeps the mapping alive until the machine has unmapped it.
        let memory = unsafe GuestRAM(
          address: range.address, base: range.memory.base, byteCount: range.byteCount)
        // The same ranges fit together in the machine that there is.
        do throws(MemoryError) { try other.map(memory) } catch { throw .field("ram") }
        // What has been written is told by the machine that takes over.
        let pages = machine.writtenPages(
          from: range.address, count: range.byteCount / 4096, taking: false)
        for (number, word) in (pages ?? []).enumerated() {
          for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 {
            other.markWritten(
              range.address + PhysicalAddress((64 * number + bit) * 4096), byteCount: 4096)
          }
        }
      }
    }
  }
}
