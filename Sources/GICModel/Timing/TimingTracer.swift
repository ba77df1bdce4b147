// The one hook into the timed units: what each transaction does, and how full each queue is.
// Whoever draws, counts or compares listens here; nobody answers.

import GICArch

/// One thing that the timed units did. Events come in the order in which they were decided, which
/// is that of time but for the ends of stages: a stage is told when its end is known, and may lie
/// ahead.
public enum TimingEvent: Equatable, Sendable {
  /// A transaction begins. `serial` rises by one with each, from 1. `cause` is the serial of the
  /// command that sent it; 0 for what came from outside.
  case began(
    serial: UInt64, TransactionKind, its: Int, device: UInt32, event: UInt32, cause: UInt64,
    cycle: UInt64)
  /// What a command is, told at its grant. nil: its slot held no command.
  case decoded(serial: UInt64, ITSCommand.Opcode?)
  /// Its grant. A message is granted with the command that sends it.
  case granted(serial: UInt64, cycle: UInt64)
  /// Where it goes. `merged`: the LPI was pending already.
  case routed(serial: UInt64, pe: UInt32, intid: UInt32, merged: Bool)
  /// It spends the cycles from `start` to `end` in a stage; a stage of no cycles is not told. The
  /// stages of a transaction follow each other without a gap.
  case spent(serial: UInt64, TimingStage, start: UInt64, end: UInt64)
  case ended(serial: UInt64, TimingEnd, cycle: UInt64)
  /// From this cycle on, until it is told anew. `unit` is an ITS, a bank, an LPI unit or a PE, as
  /// the level says.
  case level(TimingLevel, unit: Int, value: Int, cycle: UInt64)
}

/// A stage of either class.
public enum TimingStage: Equatable, Sendable {
  /// Of an MSI, and of the messages that commands send.
  case msi(MSIStage)
  case command(CommandStage)
}

/// What became of a transaction.
public enum TimingEnd: UInt8, CaseIterable, Sendable {
  /// An LPI shown to its PE.
  case presented
  /// An MSI whose LPI was pending already.
  case merged
  /// An MSI without an interrupt.
  case dropped
  /// An LPI that something else took before it was shown: CLEAR, DISCARD, MOVI, an acknowledge.
  case taken
  /// A message whose effect is acknowledged.
  case acknowledged
  /// A command: CREADR has moved.
  case completed
  /// A command that was thrown away before its grant, or whose queue stands still.
  case abandoned
}

/// Something that fills and empties.
public enum TimingLevel: UInt8, CaseIterable, BitwiseCopyable, Sendable {
  // By ITS.
  /// MSIs outside a full ingress FIFO.
  case outside
  /// MSIs in the ingress FIFO.
  case ingress
  /// Commands being read, and commands read that wait for their grant.
  case fetching
  case fetched
  /// Translation slots that read, and transactions that wait for one.
  case translationSlots
  case translationQueue
  case tableWrites
  /// Messages before the link.
  case linkQueue
  /// Free credits of the link.
  case credits
  /// What the command engine does: 0 idle, 1 decode, 2 reads, 3 operation, 4 writes, 5 SYNC waits,
  /// 6 acknowledge, 7 retire.
  case executing
  // By bank of the LPI units.
  /// Messages that a bank has not taken.
  case bankQueue
  // By LPI unit.
  /// Property reads under way, and LPIs that wait for one.
  case propertySlots
  case propertyQueue
  /// Pending LPIs held.
  case pendingEntries
  /// Reads and writes of pending tables under way.
  case pendingAccesses
  // By PE.
  /// 1 while a choice is read, made, sent and accepted.
  case presenting
}

/// Hears what the timed units do. The core is generic over it, so that the one that hears nothing
/// costs nothing.
protocol TimingTracer {
  /// False: nobody listens to transactions, and the core need not even look.
  static var isOn: Bool { get }
  /// The same of levels; ``isOn`` unless a tracer says otherwise.
  static var hearsLevels: Bool { get }
  mutating func trace(_ event: TimingEvent)
  /// A level was 0, 1 and 0 in one cycle. Only who hears nothing but levels is told so.
  mutating func tracePassing(_ level: TimingLevel, _ unit: Int)
  /// A level was one less from a cycle to another, and `left` at its least. As above.
  mutating func traceLoan(
    _ level: TimingLevel, _ unit: Int, from: UInt64, to: UInt64, left: Int)
}

extension TimingTracer {
  static var hearsLevels: Bool { isOn }
  @inline(__always) mutating func tracePassing(_ level: TimingLevel, _ unit: Int) {}
  @inline(__always) mutating func traceLoan(
    _ level: TimingLevel, _ unit: Int, from: UInt64, to: UInt64, left: Int
  ) {}
}

/// Nobody listens: zero-sized, and all of it disappears.
struct NoTrace: TimingTracer {
  static var isOn: Bool { false }
  @inline(__always) mutating func trace(_ event: TimingEvent) {}
}

extension TimedCore where Rules: ~Copyable {
  /// A level has changed now.
  @inline(__always)
  mutating func trace(_ level: TimingLevel, _ unit: Int, _ value: Int) {
    if Tracer.hearsLevels {
      tracer.trace(.level(level, unit: unit, value: value, cycle: now))
    }
  }

  /// Something comes into a queue that is empty, and goes out of it at once.
  @inline(__always) mutating func tracePassing(_ level: TimingLevel, _ unit: Int) {
    if Tracer.isOn {
      trace(level, unit, 1)
      trace(level, unit, 0)
    } else if Tracer.hearsLevels {
      tracer.tracePassing(level, unit)
    }
  }

  /// Everything since the transaction's last mark was spent in `stage`.
  @inline(__always)
  mutating func spend(_ index: TransactionIndex, _ stage: MSIStage, until cycle: UInt64) {
    traceStage(index, .msi(stage), until: cycle)
    pool[index].spend(stage, until: cycle)
  }
  @inline(__always)
  mutating func spend(_ index: TransactionIndex, _ stage: CommandStage, until cycle: UInt64) {
    traceStage(index, .command(stage), until: cycle)
    pool[index].spend(stage, until: cycle)
  }
  @inline(__always) private mutating func traceStage(
    _ index: TransactionIndex, _ stage: TimingStage, until cycle: UInt64
  ) {
    guard Tracer.isOn, pool[index].mark != cycle else { return }
    tracer.trace(
      .spent(serial: pool[index].serial, stage, start: pool[index].mark, end: cycle))
  }

  /// Makes a transaction. `cause` is the command that sends it, if one does.
  @inline(__always) mutating func begin(
    _ kind: Transaction.Kind, its n: ITSIndex, at cycle: UInt64, cause: TransactionIndex? = nil
  ) -> TransactionIndex {
    let index = pool.allocate(kind, its: n, at: cycle)
    traceBegin(index, device: 0, event: 0, cause)
    return index
  }
  /// Makes the transaction of an MSI.
  @inline(__always) mutating func begin(_ msi: OutsideMSI, its n: ITSIndex) -> TransactionIndex {
    let index = pool.allocate(.msi, its: n, at: msi.cycle)
    (pool[index].device, pool[index].event) = (msi.device, msi.event)
    traceBegin(index, device: msi.device, event: msi.event, nil)
    return index
  }
  @inline(__always) private mutating func traceBegin(
    _ index: TransactionIndex, device: UInt32, event: UInt32, _ cause: TransactionIndex?
  ) {
    guard Tracer.isOn else { return }
    tracer.trace(
      .began(
        serial: pool[index].serial, pool[index].kind, its: Int(pool[index].its), device: device,
        event: event, cause: cause.map { pool[$0].serial } ?? 0, cycle: pool[index].start))
  }

  /// The transaction is granted now.
  @inline(__always) mutating func traceGrant(_ index: TransactionIndex) {
    if Tracer.isOn { tracer.trace(.granted(serial: pool[index].serial, cycle: now)) }
  }
  /// What it is has been read.
  @inline(__always) mutating func traceCommand(_ index: TransactionIndex, _ command: ITSCommand?) {
    guard Tracer.isOn else { return }
    tracer.trace(.decoded(serial: pool[index].serial, command?.opcode))
  }
  /// Its target is known.
  @inline(__always) mutating func traceRoute(_ index: TransactionIndex) {
    guard Tracer.isOn else { return }
    tracer.trace(
      .routed(
        serial: pool[index].serial, pe: pool[index].pe, intid: pool[index].intid,
        merged: pool[index].merged))
  }

  /// The transaction is over.
  @inline(__always) mutating func end(_ index: TransactionIndex, _ how: TimingEnd) {
    if Tracer.isOn { tracer.trace(.ended(serial: pool[index].serial, how, cycle: now)) }
    pool.release(index)
  }
}
