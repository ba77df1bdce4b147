// The functional machine: owns every room and knows the order of the day. Time is laid over it by an
// observer; no rule here reads a cycle.

import GICArch

/// Which ITS of a machine, from 0.
typealias ITSIndex = Int

/// All architectural state of one machine, and the rules that move it.
struct Engine<Observer: EngineObserver>: ~Copyable {
  let configuration: MachineConfiguration
  var observer: Observer

  init(configuration: MachineConfiguration, observer: Observer) {
    self.configuration = configuration
    self.observer = observer
  }
}

// The engine's doors for whoever keeps the time.
extension Engine {
  /// A register read or write, an input line, a system register: takes effect now. With
  /// `Observer.offersAtOnce` a write that gives the ITS work also drains the queue.
  mutating func access(_ access: Access) -> Response { Response() }

  /// Whether the command queue of ITS `n` holds a command that may run now: enabled, not stalled,
  /// not empty behind what already runs.
  func hasCommand(_ n: ITSIndex) -> Bool { false }

  /// Grant of the next command of ITS `n`: fetches, decodes and executes it. CREADR does not move.
  /// - Returns: what it was; nil for a reserved opcode or a slot that could not be read.
  mutating func executeCommand(_ n: ITSIndex) -> ITSCommand? { nil }

  /// The oldest executed command is complete: CREADR moves over it.
  mutating func retireCommand(_ n: ITSIndex) {}

  /// Grant of an MSI: translates and sets pending.
  mutating func signal(_ device: DeviceID, _ event: EventID, its n: ITSIndex) -> MSIOutcome {
    MSIOutcome(.noITS)
  }

  /// A set message has reached the PE's redistributor: from now on `intid` can be selected.
  /// Nothing happens if it is no longer pending there.
  mutating func arrive(_ intid: INTID, at pe: PEIndex) {}

  /// The best LPI that has arrived at the PE's redistributor, pending and enabled.
  func selectedLPI(of pe: PEIndex) -> (intid: INTID, priority: UInt8)? { nil }

  /// Shows the CPU interface an LPI (nil: none), and updates the PE's lines.
  mutating func offer(_ intid: INTID?, to pe: PEIndex) {}

  /// What the CPU interface is being shown now.
  func offeredLPI(of pe: PEIndex) -> INTID? { nil }
}
