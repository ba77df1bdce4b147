// The requests that come by the million, without a detour: no message is made of the slot, and no
// reply with a tail. What is not plain in any respect takes the long way, and comes to the same.

import GICModel
import GICWire

/// What a client is to its machine, for as long as it is attached.
final class Attached {
  let host: MachineHost
  let role: Role
  let timeMode: TimeMode
  /// Of the role's requests.
  let counter: RequestCounter

  init(_ host: MachineHost, _ role: Role, _ timeMode: TimeMode) {
    (self.host, self.role, self.timeMode) = (host, role, timeMode)
    let shared = host.shared
    counter = shared.lock.withLock { shared.continuation.counter(role) }
  }

  /// Counts a request of a kind that counts and took the long way.
  func countSlow(_ slot: Slot) {
    let isHeld = host.isQuiesced && MessageType(rawValue: slot.type)?.isHeldByQuiesce == true
    if !isHeld { counter.add() }
  }

  /// How far a plain access has got.
  enum Begun {
    /// This is the reply.
    case done(Slot)
    case working(MachineHost.BegunAccess, isPE: Bool)
  }

  /// Begins an access that may be carried out at once, and whose answer is a slot.
  /// - Returns: nil when the request must go the long way.
  @inline(__always) func begin(_ slot: Slot) -> Begun? {
    guard !host.isQuiesced, !host.isOccupied, timeMode != .conservative,
      slot.size == Slot.byteCount, slot.descriptorCount == 0,
      slot.flags.isSubset(of: [.noReply, .timed]), slot.attributes.padding == 0,
      let (access, isPE) = plainAccess(slot)
    else { return nil }
    var cycle = slot.flags.contains(.timed) ? host.clock.cycle(atPicosecond: slot.time) : nil
    if timeMode == .paced { cycle = cycle ?? host.cycle }
    counter.add()
    switch host.begin(access, at: cycle) {
    case .done(let outcome): return .done(answer(slot, outcome, isPE: isPE))
    case .working(let begun): return .working(begun, isPE: isPE)
    }
  }

  /// The reply to a plain access; only its type matters where none is sent.
  @inline(__always)
  func answer(_ slot: Slot, _ outcome: MachineHost.Outcome, isPE: Bool) -> Slot {
    if isPE, host.isTimed { host.showOnPage(slot.source, cycle: outcome.cycle) }
    guard !slot.flags.contains(.noReply) else { return slot }

    var reply = Slot()
    reply.type = slot.type
    reply.flags = .reply
    reply.id = slot.id
    if outcome.cycle != 0 { reply.time = host.clock.picosecond(ofCycle: outcome.cycle) }
    reply.attributes.busStatus = outcome.response.status.rawValue
    (reply.a, reply.b, reply.d) = (outcome.response.value, outcome.latency, outcome.cycle)
    if timeMode != .free { reply.c = UInt64(host.horizon(after: outcome.cycle, for: nil)) << 8 }
    if isPE, let interrupts = host.interrupts(of: slot.source) {
      reply.flags.insert(.interruptsValid)
      reply.c |= interrupts.packed
    }
    return reply
  }

  /// The access that a slot is, if this client may do it, and whether a PE does it.
  @inline(__always) private func plainAccess(_ slot: Slot) -> (Access, isPE: Bool)? {
    let size = UInt8(slot.attributes.accessSize)
    switch slot.type {
    case MessageType.mmioRead.rawValue
    where mayAct(for: slot.source) && !slot.flags.contains(.noReply):
      return (Access(.read, size: size, source: slot.source, address: slot.a), true)
    case MessageType.mmioWrite.rawValue where mayAct(for: slot.source):
      return (Access(.write, size: size, source: slot.source, address: slot.a, data: slot.b), true)
    case MessageType.systemRegisterRead.rawValue
    where mayAct(for: slot.source) && !slot.flags.contains(.noReply):
      return (Access(.systemRegisterRead, size: 8, source: slot.source, address: slot.a), true)
    case MessageType.systemRegisterWrite.rawValue where mayAct(for: slot.source):
      let access = Access(
        .systemRegisterWrite, size: 8, source: slot.source, address: slot.a, data: slot.b)
      return (access, true)
    case MessageType.msi.rawValue where isControl && slot.b >> 32 == 0:
      return (Access(.msi, source: slot.source, address: slot.a, data: slot.b), false)
    default: return nil
    }
  }

  @inline(__always) private var isControl: Bool { if case .control = role { true } else { false } }

  @inline(__always) private func mayAct(for pe: UInt32) -> Bool {
    switch role {
    case .control: true
    case .pe(let own): own == pe
    default: false
    }
  }
}
