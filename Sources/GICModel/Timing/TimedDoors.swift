// What a client does to a timed machine, in the order of time.

import GICArch

/// The rules as a machine's owner sees them, beside the transactions.
protocol MachineRules: TransactionRules, ~Copyable {
  mutating func access(_ access: Access) -> Response
  /// Whether the access, which is an MSI or a store to GITS_TRANSLATER, signals. Where it does not
  /// the rules answer it at once.
  func signals(_ access: Access) -> Bool
  /// The PE's interrupt outputs now; none of a PE that does not exist.
  func lines(of pe: PEIndex) -> LineLevels
  /// Whether a line has changed since the changes were last handed out.
  var hasLineChanges: Bool { get }
}

extension MachineRules where Self: ~Copyable {
  func signals(_ access: Access) -> Bool { true }
}

extension TimedCore where Rules: MachineRules & ~Copyable {
  mutating func perform(_ access: Access) -> Response {
    let untimed = access.cycle == Access.untimed
    if access.operation == .msi, !untimed, access.cycle >= now {
      run(to: access.cycle)
      var response = perform(now: access)
      response.cycle = now
      return response
    }
    if untimed {
      drain()
    } else if access.cycle < now {
      counters.lateAccesses &+= 1
    } else {
      run(to: access.cycle)
    }
    var response = perform(now: access)
    if untimed {
      drain()
      if access.operation != .msi, access.operation != .translate {
        response.lines = rules.lines(of: PEIndex(rawValue: access.source))
      }
    }
    response.cycle = now
    return response
  }

  @inline(__always) private mutating func perform(now access: Access) -> Response {
    if access.operation == .msi || access.operation == .write,
      let (n, offset) = its(of: access)
    {
      if let event = TimedCore.event(of: access, offset: offset), rules.signals(access) {
        submit(DeviceID(rawValue: access.source), event, its: n)
        return access.operation == .msi
          ? Response(value: MSIOutcome(.accepted).packed)
          : Response(lines: rules.lines(of: PEIndex(rawValue: access.source)))
      }
      let response = performByRules(access)
      commandsChanged(n)
      return response
    }
    return performByRules(access)
  }

  private mutating func performByRules(_ access: Access) -> Response {
    // A CPU interface has nothing to do with what lies between it and the ITS.
    if access.operation != .systemRegisterRead, access.operation != .systemRegisterWrite {
      leaveExpress()
    }
    recorder.clear()
    rules.stamp = now
    let response = rules.access(access)
    takeEffects(direct: true)
    return response
  }

  /// The ITS in whose frames the access falls, and where there. An MSI to address 0 means the only
  /// one.
  private func its(of access: Access) -> (ITSIndex, offset: UInt64)? {
    if access.operation == .msi, access.address == 0, itsBases.count == 1 { return (0, 0) }
    for n in 0..<itsBases.count {
      let offset = access.address &- itsBases[n]
      if offset < UInt64(2 &* GITS.frameByteCount) { return (n, offset) }
    }
    return nil
  }

  /// The event of an MSI that enters the ingress; nil for anything else, and for an EventID that no
  /// MSI can carry: the rules have an answer to that.
  private static func event(of access: Access, offset: UInt64) -> EventID? {
    if access.operation == .msi {
      return access.data >> 32 == 0 ? EventID(rawValue: UInt32(access.data)) : nil
    }
    guard offset == UInt64(GITS.TRANSLATER.offsetFromControlFrame) else { return nil }
    switch access.size {
    case 2: return EventID(rawValue: UInt32(access.data & 0xffff))
    case 4: return EventID(rawValue: UInt32(truncatingIfNeeded: access.data))
    default: return nil
    }
  }

  /// Everything under way ends.
  mutating func drain() {
    runAll(through: .max)
    watch(at: .max)
  }

  /// Lets time pass up to `limit`, or until the condition holds, at most until nothing is under way
  /// if `limit` is `.max`.
  mutating func advance(to limit: UInt64, until condition: StopCondition) -> UInt64 {
    while !holds(condition) {
      if runCycle(through: limit) != nil { continue }
      if limit == .max { watch(at: .max) } else { run(to: limit) }
      break
    }
    return now
  }

  func holds(_ condition: StopCondition) -> Bool {
    switch condition {
    case .limit: false
    case .lineRaised(let pe): !rules.lines(of: pe).isDisjoint(with: [.irq, .fiq])
    case .lineChange: rules.hasLineChanges
    case .idle: isIdle
    }
  }
}
