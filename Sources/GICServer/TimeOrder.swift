// Requests of several clients in the order of their times, whatever the order in which the host
// lets them arrive. Each source promises "nothing before t"; what comes is carried out once nobody
// else can ask for anything earlier. So the results do not depend on the host's scheduler.

import GICModel
import GICWire

/// One source of requests in conservative time: a connection, or a ring of one.
final class TimePort {
  /// Decides between equal times: what the client is, which PE or device, and who came first.
  struct Order: Comparable {
    var role: UInt64
    var number: UInt32
    var session: Int

    static func < (one: Order, other: Order) -> Bool {
      (one.role, one.number, one.session) < (other.role, other.number, other.session)
    }
  }
  let order: Order
  /// Nothing before this cycle will be asked for.
  fileprivate(set) var promise: UInt64
  /// The request that waits: its cycle.
  fileprivate(set) var stamp: UInt64?
  /// What may end the wait of a TIME_ADVANCE before its cycle.
  fileprivate(set) var condition: StopCondition?
  /// The cycle in which the condition came true.
  fileprivate(set) var woken: UInt64?
  /// Carries out what waits; called in a later turn of the loop.
  let retry: () -> Void

  init(order: Order, promise: UInt64, retry: @escaping () -> Void) {
    (self.order, self.promise, self.retry) = (order, promise, retry)
  }

  /// Whether a TIME_ADVANCE of this port has begun and not ended.
  var isAdvancing: Bool { condition != nil }

  /// Nothing of this port takes effect before this cycle.
  fileprivate var bound: UInt64 { woken ?? stamp ?? promise }

  fileprivate func precedes(_ other: TimePort) -> Bool {
    bound != other.bound ? bound < other.bound : order < other.order
  }
}

/// All such sources of one machine.
struct TimeOrder {
  private var ports: [TimePort] = []

  var isEmpty: Bool { ports.isEmpty }

  mutating func add(_ port: TimePort) { ports.append(port) }
  mutating func remove(_ port: TimePort) { ports.removeAll { $0 === port } }

  /// What all but `port` have promised: nothing of theirs comes before this cycle.
  func bound(besides port: TimePort?) -> UInt64 {
    ports.reduce(.max) { $1 === port ? $0 : min($0, $1.bound) }
  }

  /// The port asks for something at `cycle`; nothing of it comes before that any more.
  /// - Returns: the cycle that counts: a promise is not taken back.
  func ask(_ port: TimePort, at cycle: UInt64) -> UInt64 {
    port.promise = max(port.promise, cycle)
    return port.promise
  }

  func wait(_ port: TimePort, until stamp: UInt64, or condition: StopCondition?) {
    (port.stamp, port.condition, port.woken) = (stamp, condition, nil)
  }

  /// What waited is carried out.
  func finish(_ port: TimePort, at cycle: UInt64) {
    (port.stamp, port.condition, port.woken) = (nil, nil, nil)
    port.promise = max(port.promise, cycle)
  }

  func isFirst(_ port: TimePort) -> Bool {
    ports.allSatisfy { $0 === port || port.precedes($0) }
  }

  /// The outputs of a PE have changed: those who advance until that happens are woken.
  func linesChanged(of pe: UInt32, to levels: UInt8, at cycle: UInt64) {
    for port in ports where port.woken == nil {
      switch port.condition {
      case .lineRaised(let wanted) where wanted.rawValue == pe && levels & 3 != 0:
        port.woken = cycle
      case .lineChange: port.woken = cycle
      default: break
      }
    }
  }

  /// The first of all, if it waits: it may go on.
  var next: TimePort? {
    guard let first = ports.min(by: { $0.precedes($1) }) else { return nil }
    return first.stamp == nil ? nil : first
  }
}

/// Whether a request in conservative time may be carried out.
enum TimeTurn {
  /// Now, at this cycle.
  case go(UInt64)
  /// Somebody else may still ask for something earlier.
  case wait
}

extension MachineHost {
  /// Brings the machine to the cycle of what `port` asks for, if nobody can ask for anything
  /// earlier. Otherwise the port waits, and is called once it is its turn.
  func turn(of port: TimePort, at asked: UInt64) -> TimeTurn {
    let cycle = order.ask(port, at: asked)
    order.wait(port, until: cycle, or: nil)
    guard settle(port), order.isFirst(port) else { return .wait }
    order.finish(port, at: cycle)
    return .go(cycle)
  }

  /// TIME_ADVANCE of `port`, which has had its turn: up to `limit` or until the condition holds.
  /// - Returns: the cycle reached; nil while it lasts.
  func advance(_ port: TimePort, to limit: UInt64, until condition: StopCondition) -> UInt64? {
    if !port.isAdvancing {
      // What holds already ends it before it has begun.
      if case .lineRaised(let pe) = condition, (interrupts(of: pe.rawValue)?.levels ?? 0) & 3 != 0 {
        return port.promise
      }
      order.wait(port, until: max(limit, port.promise), or: condition)
    }
    guard settle(port), order.isFirst(port), let reached = port.woken ?? port.stamp
    else { return nil }
    order.finish(port, at: reached)
    return reached
  }

  /// Lets the machine's time pass to what `port` waits for, as long as it is the first of all;
  /// where an output wakes somebody, that one may be first. What takes longer than others should
  /// wait goes on in steps.
  /// - Returns: false while that lasts.
  private func settle(_ port: TimePort) -> Bool {
    guard !isSettling else { return false }
    guard !settleSome(port) else { return true }
    isSettling = true
    station.begin(
      Job(on: self) { [self] in
        if let next = order.next, !settleSome(next) { return false }
        isSettling = false
        timeMoved()
        return true
      })
    return false
  }

  private func settleSome(_ port: TimePort) -> Bool {
    while isTimed, let stamp = port.stamp, port.woken == nil, machine.cycle < stamp,
      order.isFirst(port)
    {
      guard machine.advanceSome(to: stamp, until: .lineChange) != nil else {
        publishLines()
        return false
      }
      publishLines()
    }
    return true
  }

  /// So many cycles after `cycle` no output changes unless this port asks for something: the
  /// machine has nothing under way that early, and the others have promised not to.
  func horizon(after cycle: UInt64, for port: TimePort?) -> UInt32 {
    let first = min(machine.horizon, order.bound(besides: port))
    guard first > cycle else { return 0 }
    return UInt32(min(first - cycle, UInt64(Reply.unlimitedHorizon)))
  }

  /// After promises have risen, somebody was woken or is gone: whoever is first now goes on.
  func timeMoved() {
    if !order.isEmpty { order.next?.retry() }
  }
}
