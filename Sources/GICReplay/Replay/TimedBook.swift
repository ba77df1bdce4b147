// What both loops of the timed clock share.

import GICArch
import GICModel
import GICReport

/// How long a guest of the trace waits. Cycles of the GIC clock.
struct ReplayPatience {
  /// Between two polls of GITS_CREADR: Linux waits 1 us.
  var pollCycles: UInt64
  /// After which a poll gives up: Linux waits 1 s.
  var pollLimitCycles: UInt64
  /// How long an acknowledge waits for an interrupt once all that stands before it has happened.
  var acknowledgeCycles: UInt64
  /// The end of the run waits at most this long for the machine to be idle.
  var drainCycles: UInt64

  init(_ clock: ReplayClock) {
    pollCycles = max(clock.cycles(ns: 1_000), 1)
    pollLimitCycles = clock.cycles(ns: 1_000_000_000)
    acknowledgeCycles = clock.cycles(ns: 10_000)
    drainCycles = clock.cycles(ns: 1_000_000_000)
  }
}

extension TraceEvent {
  /// Whether a register's value is the guest's own or the machine's nature, not a matter of time.
  var readsWhatTimeLeavesAlone: Bool {
    let offset = Int(a)
    switch operation {
    case .itsRead:
      return isBad || ![GITS.CTLR.offset, GITS.CREADR.offset].contains(offset & ~7)
    case .distributorRead: return isBad || !TraceEvent.isState(offset)
    case .redistributorRead:
      return isBad || offset < 0x1_0000 || !TraceEvent.isState(offset - 0x1_0000)
    case .systemRegisterRead:
      return [.pmr, .ctlr, .bpr0, .bpr1, .igrpen0, .igrpen1, .sre]
        .contains(SystemRegister(rawValue: UInt32(a)))
    default: return false
    }
  }

  /// ISPENDR, ICPENDR, ISACTIVER and ICACTIVER.
  private static func isState(_ offset: Int) -> Bool { (0x200..<0x400).contains(offset) }
}
