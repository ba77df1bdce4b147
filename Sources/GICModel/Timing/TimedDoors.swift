// What a client does to a timed machine, in the order of time.

import GICArch

/// The rules as a machine's owner sees them, beside the transactions.
protocol MachineRules: TransactionRules, ~Copyable {
  mutating func access(_ access: Access) -> Response
  /// The PE's interrupt outputs now; none of a PE that does not exist.
  func lines(of pe: PEIndex) -> LineLevels
  /// Whether a line has changed since the changes were last handed out.
  var hasLineChanges: Bool { get }
}

extension TimedCore where Rules: MachineRules & ~Copyable {
  /// Which ITS a write of an MSI reaches, and which one a register access may give work.
  /// - Parameter bases: control frames of the ITSs; each is followed by its translation frame.
  static func its(at address: PhysicalAddress, bases: [PhysicalAddress]) -> ITSIndex? {
    bases.firstIndex { address &- $0 < 0x2_0000 }
  }

  mutating func perform(_ access: Access, itsBases: [PhysicalAddress]) -> Response {
    let untimed = access.cycle == Access.untimed
    if untimed {
      drain()
    } else if access.cycle < now {
      counters.lateAccesses &+= 1
    } else {
      run(to: access.cycle)
    }
    var response =
      access.operation == .msi
      ? accept(access, itsBases: itsBases) : perform(now: access, itsBases: itsBases)
    if untimed {
      drain()
      if access.operation != .msi, access.operation != .translate {
        response.lines = rules.lines(of: PEIndex(rawValue: access.source))
      }
    }
    response.cycle = now
    return response
  }

  /// An MSI of a client. The answer says only that it was taken in.
  private mutating func accept(_ access: Access, itsBases: [PhysicalAddress]) -> Response {
    let only = access.address == 0 && itsBases.count == 1 ? 0 : nil
    guard let n = only ?? TimedCore.its(at: access.address, bases: itsBases) else {
      return Response(status: .decodeError, value: MSIOutcome(.noITS).packed)
    }
    submit(
      DeviceID(rawValue: access.source),
      EventID(rawValue: UInt32(truncatingIfNeeded: access.data)), its: n)
    return Response(value: MSIOutcome(.accepted).packed)
  }

  private mutating func perform(now access: Access, itsBases: [PhysicalAddress]) -> Response {
    recorder.clear()
    rules.stamp = now
    let response = rules.access(access)
    takeEffects()
    if access.operation == .write, let n = TimedCore.its(at: access.address, bases: itsBases) {
      commandsChanged(n)
    }
    return response
  }

  /// Everything under way ends.
  mutating func drain() { while runCycle(through: .max) != nil {} }

  /// Lets time pass up to `limit`, or until the condition holds, at most until nothing is under way if
  /// `limit` is `.max`.
  mutating func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    while !holds(condition) {
      if runCycle(through: limit) != nil { continue }
      if limit != .max { run(to: limit) }
      break
    }
    return now
  }

  private func holds(_ condition: StopCondition) -> Bool {
    switch condition {
    case .limit: false
    case .lineRaised(let pe): !rules.lines(of: pe).isDisjoint(with: [.irq, .fiq])
    case .lineChange: rules.hasLineChanges
    case .idle: isIdle
    }
  }
}
