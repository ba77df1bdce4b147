// Requests that may take long, and are carried out in steps: what writes a CWRITER brings up to
// 32,767 commands, and a batch has thousands of records.

import GICModel
import GICWire

extension Session {
  // MARK: Steps

  /// Carries out the rest of a plain access.
  func work(_ begun: MachineHost.BegunAccess, _ slot: Slot, isPE: Bool) {
    guard let attached else { return }
    var begun = begun
    work(on: attached.host) { [self] in
      guard let outcome = attached.host.resume(&begun) else { return false }
      if case .attached = state { finish(attached.answer(slot, outcome, isPE: isPE), slot) }
      return true
    }
  }

  func work(_ steps: @escaping () -> Reply?, _ slot: Slot) {
    guard let host else { return }
    work(on: host) { [self] in
      guard let reply = steps() else { return false }
      if case .attached = state { finish(reply, slot) }
      return true
    }
  }

  /// No other frame is looked at until the last step is done, even if the client is gone by then.
  private func work(on host: MachineHost, _ step: @escaping () -> Bool) {
    isWorking = true
    station.begin(
      Job(on: host) { [self] in
        guard step() else { return false }
        isWorking = false
        if case .attached = state {
          station.flush(after: self)
          station.resumeLater(self)
        }
        return true
      })
  }

  // MARK: What has steps

  /// An access that is answered with a frame of its own.
  func performAccess(
    _ request: Request, on host: MachineHost, at cycle: UInt64?, _ reply: Reply
  ) -> Performed {
    let (access, pe) = Session.access(request)
    let finish = { [self] (outcome: MachineHost.Outcome) -> Reply in
      var reply = reply
      fill(&reply, outcome, host)
      reply.interrupts = pe.flatMap(host.interrupts(of:))
      if let pe, host.isTimed { host.showOnPage(pe, cycle: reply.cycle) }
      return reply
    }
    switch host.begin(access, at: cycle) {
    case .done(let outcome): return .reply(finish(outcome))
    case .working(let begun):
      var begun = begun
      return .steps { host.resume(&begun).map(finish) }
    }
  }

  func performBatch(
    _ writes: [BatchedWrite], on host: MachineHost, at cycle: UInt64?, _ reply: Reply
  ) -> Performed {
    var reply = reply
    stamp(&reply, host)
    var firstBad: Int?
    let batch = BatchSteps(
      count: writes.count, on: host,
      access: { index in
        let write = writes[index]
        let access = Access(
          .write, size: UInt8(write.size), source: write.source, address: write.address,
          data: write.data)
        return (access, cycle)
      },
      finish: { [self] index, outcome in
        let status = firstBad == nil ? outcome.response.status.rawValue : reply.busStatus
        fill(&reply, outcome, host)
        reply.busStatus = status
        if status != 0, firstBad == nil { firstBad = index }
      })
    return Session.perform(batch) {
      reply.value = UInt64(firstBad ?? writes.count)
      reply.interrupts = writes.last.flatMap { host.interrupts(of: $0.source) }
      return reply
    }
  }

  func performBatch(
    _ msis: [BatchedMSI], on host: MachineHost, at cycle: UInt64?, _ reply: Reply
  ) -> Performed {
    var reply = reply
    stamp(&reply, host)
    var outcomes: [UInt8] = []
    outcomes.reserveCapacity(msis.count * 8)
    let batch = BatchSteps(
      count: msis.count, on: host,
      access: { index in
        let msi = msis[index]
        let access = Access(
          .msi, source: msi.device, address: msi.address, data: UInt64(msi.event))
        let isUntimed = msi.time == WireProtocol.unlimited
        return (access, isUntimed ? cycle : host.clock.cycle(atPicosecond: msi.time))
      },
      finish: { [self] _, outcome in
        fill(&reply, outcome, host)
        outcomes.appendLittleEndian(outcome.response.value)
      })
    return Session.perform(batch) {
      reply.value = UInt64(msis.count)
      reply.busStatus = 0
      reply.tail = outcomes
      return reply
    }
  }

  /// The first step at once; most batches need no other.
  private static func perform(_ batch: BatchSteps, reply: @escaping () -> Reply) -> Performed {
    if batch.step() { return .reply(reply()) }
    return .steps { batch.step() ? reply() : nil }
  }
}

/// Accesses one after the other, a few hundred in a step.
private final class BatchSteps {
  private let count: Int
  private let host: MachineHost
  private let access: (Int) -> (Access, cycle: UInt64?)
  private let finish: (Int, MachineHost.Outcome) -> Void
  private var next = 0
  /// The one before `next` is not done.
  private var begun: MachineHost.BegunAccess?
  private static let accessesPerStep = 256
  /// A write of CWRITER may cost as much as so many others.
  private static let queueWriteWeight = 64

  init(
    count: Int, on host: MachineHost, access: @escaping (Int) -> (Access, cycle: UInt64?),
    finish: @escaping (Int, MachineHost.Outcome) -> Void
  ) {
    (self.count, self.host, self.access, self.finish) = (count, host, access, finish)
  }

  /// - Returns: whether all are done.
  func step() -> Bool {
    if var begun {
      guard let outcome = host.resume(&begun) else {
        self.begun = begun
        return false
      }
      self.begun = nil
      finish(next - 1, outcome)
    }
    var rest = BatchSteps.accessesPerStep
    while next < count {
      guard rest > 0 else { return false }
      let (one, cycle) = access(next)
      let before = host.queueWrites
      next += 1
      switch host.begin(one, at: cycle) {
      case .done(let outcome): finish(next - 1, outcome)
      case .working(let begun):
        self.begun = begun
        return false
      }
      rest -= host.queueWrites == before ? 1 : BatchSteps.queueWriteWeight
    }
    return true
  }
}
