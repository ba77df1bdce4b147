import GICArch

// The PE as load. The machine does not use it: whoever plays the PEs does.

/// How long PEs handle interrupts, from acknowledge to end: one time after the other, the same from
/// the same seed on every host.
public struct PEHandling: Sendable {
  private let mean: UInt64
  private let distribution: TimingParameters.Distribution
  private var random: SeededGenerator

  public init(_ timing: TimingParameters) {
    mean = timing.peHandlingCycles
    distribution = timing.peHandlingDistribution
    random = SeededGenerator(seed: timing.peHandlingSeed)
  }

  /// Cycles of the next one.
  public mutating func next() -> UInt64 {
    switch distribution {
    case .constant: mean
    case .uniform: UInt64.random(in: 0...(2 &* mean), using: &random)
    case .exponential: random.exponential(mean: mean)
    }
  }
}

/// Numbers that look random: SplitMix64.
/// - Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed &>> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed &>> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed &>> 31
  }

  /// An exponential number. By comparisons alone, so that every host draws the same: a falling run
  /// of random numbers has an odd length as often as the first of them is what is left of an
  /// exponential number.
  /// - Parameter mean: at most 2^31.
  /// - Source: J. von Neumann, "Various techniques used in connection with random digits", 1951.
  public mutating func exponential(mean: UInt64) -> UInt64 {
    var whole: UInt64 = 0
    while true {
      let first = UInt32(truncatingIfNeeded: next())
      var (last, isOdd) = (first, true)
      while case let following = UInt32(truncatingIfNeeded: next()), following < last {
        last = following
        isOdd.toggle()
      }
      if isOdd { return whole &* mean &+ (UInt64(first) &* mean) &>> 32 }
      whole &+= 1
    }
  }
}

/// The PEs of a machine on the timed clock: each takes an interrupt as soon as its line is high and
/// it handles no other, and ends it when its handling time is over. One of its own time draws from
/// `handling`.
public final class PELoad {
  private let machine: any Machine
  private var handling: PEHandling
  private var pes: [PE]
  private var changes: [LineChange] = []
  /// Interrupts acknowledged and ended, by PE.
  public var handled: [UInt64] { pes.map(\.handled) }

  private struct PE {
    var levels: LineLevels = []
    /// What it handles, and until when.
    var active: (intid: UInt64, end: UInt64)?
    var handled: UInt64 = 0
  }

  /// - Parameter machine: nobody else may take its line changes.
  public init(_ machine: any Machine) {
    self.machine = machine
    handling = PEHandling(machine.configuration.timing)
    pes = Array(repeating: PE(), count: machine.configuration.shape.affinities.count)
  }

  /// Lets time pass to `cycle`, or, if that is `.max`, until nothing is under way and every
  /// interrupt that can be taken is ended.
  /// - Returns: the cycle reached.
  @discardableResult
  public func advance(to cycle: UInt64) -> UInt64 {
    while true {
      let nextEnd = pes.lazy.compactMap(\.active?.end).min() ?? .max
      let limit = min(cycle, nextEnd)
      let reached = machine.advance(to: limit, until: .lineChange)
      endInterrupts(at: reached)
      let moved = takeLineChanges(at: reached)
      if !moved, reached >= cycle || (limit == .max && pes.allSatisfy { $0.active == nil }) {
        return reached
      }
    }
  }

  private func endInterrupts(at cycle: UInt64) {
    for pe in pes.indices {
      guard let active = pes[pe].active, active.end <= cycle else { continue }
      _ = machine.perform(
        Access(
          .systemRegisterWrite, source: UInt32(pe), address: UInt64(SystemRegister.eoir1.rawValue),
          data: active.intid, cycle: cycle))
      pes[pe].active = nil
      pes[pe].handled += 1
    }
  }

  /// - Returns: whether a line had changed or an interrupt was taken.
  private func takeLineChanges(at cycle: UInt64) -> Bool {
    machine.drainLineChanges(into: &changes)
    var moved = !changes.isEmpty
    for change in changes { pes[change.pe.index].levels = change.levels }
    changes.removeAll(keepingCapacity: true)
    for pe in pes.indices where pes[pe].active == nil && pes[pe].levels.contains(.irq) {
      let response = machine.perform(
        Access(
          .systemRegisterRead, source: UInt32(pe), address: UInt64(SystemRegister.iar1.rawValue),
          cycle: cycle))
      let intid = INTID(rawValue: UInt32(truncatingIfNeeded: response.value))
      guard !intid.isSpecial else { continue }
      pes[pe].active = (response.value, cycle &+ handling.next())
      moved = true
    }
    return moved
  }
}
